// A second opinion on an endpoint with one PF: which writes SR-IOV and power management ignore, and what resets reach.
using System;
using SmartNicFw.Firmware.Config;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Tests.Properties;

/// <summary>
/// One PF and its first VF, by the rules of PCI Express Base Specification 5.0, 7.5.2.2 and 9.3.3. What a rule forbids is
/// put back after the write, where the firmware decides before it: two ways to the same registers.
/// </summary>
internal sealed class ReferenceEndpoint(ReferenceFunction pf, ReferenceFunction vf, CapabilityOffsets at, CapabilityOffsets vfAt, int totalVFs)
{
    private readonly int _control = at.Sriov + SriovCapability.ControlOffset;
    private readonly int _numVFs = at.Sriov + SriovCapability.NumVFsOffset;
    private readonly int _pageSize = at.Sriov + SriovCapability.SystemPageSizeOffset;
    private readonly int _power = at.PowerManagement + PowerManagementCapability.ControlStatusOffset;

    public ReferenceFunction Pf => pf;

    public ReferenceFunction Vf => vf;

    public bool IsVfThere => IsEnabled && pf.Half(_numVFs) > 0;

    private bool IsEnabled => (pf.Half(_control) & SriovCapability.ControlVfEnableMask) != 0;

    /// <summary>A write of the enabled bytes, all at once.</summary>
    public void WritePf(int offset, uint data, int byteEnables)
    {
        bool wasEnabled = IsEnabled;
        byte[] before = pf.Bytes[offset..(offset + 4)];
        WriteBytes(pf, offset, data, byteEnables);
        PutBackWhatIsNotAllowed(offset, before, wasEnabled);
        CutVfBars();
        int deviceControl = at.PciExpress + PciExpressCapability.DeviceControlOffset;
        if (offset == deviceControl && IsFlr(data, byteEnables))
        {
            pf.Reset(ResetKind.FunctionLevel);
        }

        if (!wasEnabled && IsVfThere)
        {
            vf.Reset(ResetKind.Fundamental);
        }

        // VF Stride is the number of PFs, 1; so is the offset, unless without ARI the VFs go beyond function 7.
        bool isAri = (pf.Half(_control) & SriovCapability.ControlAriCapableHierarchyMask) != 0;
        int firstVf = isAri || pf.Half(_numVFs) <= 7 ? 1 : 256;
        pf.Set(at.Sriov + SriovCapability.FirstVfOffsetOffset, (uint)firstVf | (1u << 16));
    }

    /// <summary>A write of the enabled bytes of the VF.</summary>
    public void WriteVf(int offset, uint data, int byteEnables)
    {
        WriteBytes(vf, offset, data, byteEnables);
        if (offset == vfAt.PciExpress + PciExpressCapability.DeviceControlOffset && IsFlr(data, byteEnables))
        {
            vf.Reset(ResetKind.FunctionLevel);
        }
    }

    public void HotReset()
    {
        pf.Reset(ResetKind.Hot);
    }

    private static bool IsFlr(uint data, int byteEnables) =>
        (byteEnables & 2) != 0 && (data & PciExpressCapability.DeviceControlInitiateFlrMask) != 0;

    private static void WriteBytes(ReferenceFunction function, int offset, uint data, int byteEnables)
    {
        for (int lane = 0; lane < 4; lane++)
        {
            if ((byteEnables & (1 << lane)) != 0)
            {
                function.WriteByte(offset + lane, (byte)(data >> (lane * 8)));
            }
        }
    }

    private void PutBackWhatIsNotAllowed(int offset, byte[] before, bool wasEnabled)
    {
        if (offset == _power && (pf.Bytes[_power] & 3) is 1 or 2)
        {
            pf.Bytes[_power] = (byte)((pf.Bytes[_power] & ~3) | (before[0] & 3));
        }

        if (offset == _numVFs && (wasEnabled || pf.Half(_numVFs) > totalVFs))
        {
            before.AsSpan(0, 2).CopyTo(pf.Bytes.AsSpan(_numVFs));
        }

        if (offset == _pageSize && (wasEnabled || !uint.IsPow2(pf.Word(_pageSize))))
        {
            before.CopyTo(pf.Bytes.AsSpan(_pageSize));
        }

        if (offset == _control && wasEnabled)
        {
            pf.Bytes[_control] = (byte)((pf.Bytes[_control] & ~0x10) | (before[0] & 0x10));
        }
    }

    private void CutVfBars()
    {
        uint page = pf.Word(_pageSize) << SriovCapability.PageSizeShift;
        for (int region = 0; region < 3; region++)
        {
            int bar = at.Sriov + SriovCapability.VfBar0Offset + (region * 8);
            pf.Set(bar, pf.Word(bar) & (~(page - 1) | 0xF));
        }
    }
}
