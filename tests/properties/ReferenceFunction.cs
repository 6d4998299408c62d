// A second opinion on a function's registers: byte by byte, written from the specification's tables, not from the templates.
using SmartNicFw.Firmware.Config;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Tests.Properties;

/// <summary>
/// 4,096 bytes, each with masks of what software may write (RW), clear (RW1C), and what resets keep. Which registers
/// those are stands here as the specification has it for a PF and for a VF; their reset values are read from the device.
/// </summary>
internal sealed class ReferenceFunction
{
    private readonly byte[] _reset = new byte[PciExtendedCapability.RegionEnd];
    private readonly byte[] _writable = new byte[PciExtendedCapability.RegionEnd];
    private readonly byte[] _clearable = new byte[PciExtendedCapability.RegionEnd];
    private readonly byte[] _sticky = new byte[PciExtendedCapability.RegionEnd];
    private readonly byte[] _keptByFlr = new byte[PciExtendedCapability.RegionEnd];

    public byte[] Bytes { get; } = new byte[PciExtendedCapability.RegionEnd];

    public static ReferenceFunction Physical(CapabilityOffsets at, uint barMask0, uint barMask2, uint barMask4, uint vfMask2)
    {
        var function = new ReferenceFunction();
        function.Writable(PciConfigHeader.CommandOffset, 2, 0x0146);
        function.Clearable(PciConfigHeader.StatusOffset, 2, 0xF900);
        function.Writable(PciConfigHeader.CacheLineSizeOffset, 1, 0xFF);
        function.Writable(PciConfigHeader.InterruptLineOffset, 1, 0xFF);
        function.Bars(PciConfigHeader.Bar0Offset, barMask0, barMask2, barMask4);
        function.Writable(at.PowerManagement + PowerManagementCapability.ControlStatusOffset, 2, 0x0003);
        function.Writable(at.Msix + MsixCapability.MessageControlOffset, 2, 0xC000);
        int express = at.PciExpress;
        function.Writable(express + PciExpressCapability.DeviceControlOffset, 2, 0x791F | 0x00E0);
        function.KeptByFlr(express + PciExpressCapability.DeviceControlOffset, 2, 0x00E0);
        function.Clearable(express + PciExpressCapability.DeviceStatusOffset, 2, 0x000F);
        function.Writable(express + PciExpressCapability.LinkControlOffset, 2, 0x00CB);
        function.KeptByFlr(express + PciExpressCapability.LinkControlOffset, 2, 0x00CB);
        function.Writable(express + PciExpressCapability.DeviceControl2Offset, 2, 0x141F);
        function.Writable(express + PciExpressCapability.LinkControl2Offset, 2, 0xFF9F);
        function.Sticky(express + PciExpressCapability.LinkControl2Offset, 2, 0xFF9F);
        function.VirtioWindow(at.VirtioPciCfg);
        const uint Uncorrectable = 0x0057F010 & ~0x00200000u;
        function.Clearable(at.Aer + AerCapability.UncorrectableStatusOffset, 4, Uncorrectable);
        function.Writable(at.Aer + AerCapability.UncorrectableMaskOffset, 4, Uncorrectable);
        function.Writable(at.Aer + AerCapability.UncorrectableSeverityOffset, 4, Uncorrectable);
        function.Clearable(at.Aer + AerCapability.CorrectableStatusOffset, 4, 0x31C1);
        function.Writable(at.Aer + AerCapability.CorrectableMaskOffset, 4, 0x31C1);
        function.Sticky(at.Aer + 4, AerCapability.Bytes - 4);
        int sriov = at.Sriov;
        function.Writable(sriov + SriovCapability.ControlOffset, 2, 0x0039);
        function.KeptByFlr(sriov + SriovCapability.ControlOffset, 2, 0x0010);
        function.Writable(sriov + SriovCapability.NumVFsOffset, 2, 0xFFFF);
        function.Writable(sriov + SriovCapability.SystemPageSizeOffset, 4, 0x0553);
        function.Bars(sriov + SriovCapability.VfBar0Offset, barMask0, vfMask2, barMask4);
        function.Writable(at.TphRequester + TphRequesterCapability.ControlOffset, 4, 0x0307);
        function.Writable(at.Ltr + LtrCapability.MaxSnoopOffset, 2, 0x1FFF);
        function.Writable(at.Ltr + LtrCapability.MaxNoSnoopOffset, 2, 0x1FFF);
        function.Clearable(at.SecondaryPciExpress + SecondaryPciExpressCapability.LaneErrorStatusOffset, 4, 0x00FF);
        function.Sticky(at.SecondaryPciExpress + SecondaryPciExpressCapability.LaneErrorStatusOffset, 4);
        return function;
    }

    public static ReferenceFunction Virtual(CapabilityOffsets at)
    {
        var function = new ReferenceFunction();
        function.Writable(PciConfigHeader.CommandOffset, 2, 0x0004);
        function.Clearable(PciConfigHeader.StatusOffset, 2, 0xF900);
        function.Writable(at.Msix + MsixCapability.MessageControlOffset, 2, 0xC000);
        function.Clearable(at.PciExpress + PciExpressCapability.DeviceStatusOffset, 2, 0x000F);
        function.VirtioWindow(at.VirtioPciCfg);
        function.Clearable(at.Aer + AerCapability.UncorrectableStatusOffset, 4, 0x0011D000);
        function.Clearable(at.Aer + AerCapability.CorrectableStatusOffset, 4, 0x2000);
        function.Sticky(at.Aer + 4, AerCapability.Bytes - 4);
        return function;
    }

    /// <summary>Takes the device's values as the reset values.</summary>
    public void Capture(System.Func<int, uint> read)
    {
        for (int offset = 0; offset < Bytes.Length; offset += 4)
        {
            Hal.LittleEndian.WriteU32(_reset, offset, read(offset));
        }

        _reset.CopyTo(Bytes, 0);
    }

    /// <summary>Writes one byte as software.</summary>
    public void WriteByte(int offset, byte value)
    {
        byte writable = _writable[offset];
        Bytes[offset] = (byte)(((Bytes[offset] & ~writable) | (value & writable)) & ~(_clearable[offset] & value));
    }

    /// <summary>Sets bits as the device.</summary>
    public void Set(int offset, uint value) => Hal.LittleEndian.WriteU32(Bytes, offset, value);

    public uint Word(int offset) => Hal.LittleEndian.ReadU32(Bytes, offset & ~3);

    public int Half(int offset) => Hal.LittleEndian.ReadU16(Bytes, offset);

    public void Reset(ResetKind kind)
    {
        for (int offset = 0; offset < Bytes.Length; offset++)
        {
            int kept = kind == ResetKind.Fundamental ? 0 : _sticky[offset] | (kind == ResetKind.FunctionLevel ? _keptByFlr[offset] : 0);
            Bytes[offset] = (byte)((Bytes[offset] & kept) | (_reset[offset] & ~kept));
        }
    }

    private static void Mark(byte[] masks, int offset, int bytes, uint mask)
    {
        for (int index = 0; index < bytes; index++)
        {
            masks[offset + index] |= index < 4 ? (byte)(mask >> (index * 8)) : (byte)0xFF;
        }
    }

    private void Writable(int offset, int bytes, uint mask) => Mark(_writable, offset, bytes, mask);

    private void Clearable(int offset, int bytes, uint mask) => Mark(_clearable, offset, bytes, mask);

    private void Sticky(int offset, int bytes, uint mask = 0xFFFFFFFF) => Mark(_sticky, offset, bytes, mask);

    private void KeptByFlr(int offset, int bytes, uint mask) => Mark(_keptByFlr, offset, bytes, mask);

    private void Bars(int offset, uint mask0, uint mask2, uint mask4)
    {
        uint[] masks = [mask0, mask2, mask4];
        for (int region = 0; region < masks.Length; region++)
        {
            Writable(offset + (region * 8), 4, masks[region]);
            Writable(offset + (region * 8) + 4, 4, 0xFFFFFFFF);
        }
    }

    private void VirtioWindow(int at)
    {
        Writable(at + VirtioPciCapability.BarOffset, 1, 0xFF);
        Writable(at + VirtioPciCapability.OffsetOffset, 4, 0xFFFFFFFF);
        Writable(at + VirtioPciCapability.LengthOffset, 4, 0xFFFFFFFF);
    }
}
