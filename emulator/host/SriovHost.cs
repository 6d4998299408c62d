// SR-IOV as a kernel does it: find out, enable, disable, in the kernel's order.
using System;
using System.Collections.Generic;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Host;

/// <summary>The host could not do what was asked; the message says why, in one line.</summary>
public sealed class HostException(string message) : Exception(message);

/// <summary>
/// The PF driver's half of SR-IOV, by configuration accesses alone, in the order of Linux drivers/pci/iov.c
/// (sriov_init, sriov_enable, sriov_disable).
/// </summary>
public sealed class SriovHost(RootComplex host)
{
    private const int PageBytes = 4096;

    /// <summary>Looks at the SR-IOV capability of a PF that has no VF enabled yet, and sizes its VF BARs.</summary>
    /// <param name="isAriEnabled">Whether the port above forwards to all functions.</param>
    public HostSriov Discover(PciAddress address, int capability, bool isAriEnabled)
    {
        int control = capability + SriovCapability.ControlOffset;
        if ((host.Read(address, control, 2) & SriovCapability.ControlVfEnableMask) != 0)
        {
            host.Write(address, control, 2, 0);
            host.Wait(SriovCapability.VfDisableWaitUs);
        }

        // Only the first PF holds the bit; it reads back zero in the others.
        host.Write(address, control, 2, isAriEnabled ? SriovCapability.ControlAriCapableHierarchyMask : 0u);
        int totalVFs = (int)host.Read(address, capability + SriovCapability.TotalVFsOffset, 2);
        uint supported = host.Read(address, capability + SriovCapability.SupportedPageSizesOffset, 4);
        uint usable = supported & ~((uint)(PageBytes >> SriovCapability.PageSizeShift) - 1);
        uint pageSize = usable & (~usable + 1);
        host.Write(address, capability + SriovCapability.SystemPageSizeOffset, 4, pageSize);
        IReadOnlyList<HostBar> bars = ConfigProbe.SizeBars(host, address, capability + SriovCapability.VfBar0Offset);
        int vfDeviceId = (int)host.Read(address, capability + SriovCapability.VfDeviceIdOffset, 2);
        return new HostSriov
        {
            TotalVFs = totalVFs,
            VfDeviceId = vfDeviceId,
            PageBytes = (ulong)pageSize << SriovCapability.PageSizeShift,
            VfBars = bars,
            MaxVfBus = MaxVfBus(address, capability, totalVFs),
        };
    }

    /// <summary>Enables VFs and looks at each: what <c>echo N > sriov_numvfs</c> does.</summary>
    /// <param name="count">Number of VFs, 1 to TotalVFs.</param>
    /// <exception cref="HostException">The number is not possible now; nothing was changed.</exception>
    public void Enable(HostFunction physicalFunction, int count)
    {
        ArgumentNullException.ThrowIfNull(physicalFunction);
        HostSriov sriov = physicalFunction.Sriov
            ?? throw new HostException($"{physicalFunction.Name} has no SR-IOV capability; it needs TotalVFs of 1 or more");
        if (count < 1 || count > sriov.TotalVFs)
        {
            throw new HostException($"{count} VFs asked of {physicalFunction.Name}; allowed: 1 to {sriov.TotalVFs}");
        }

        if (sriov.VFs.Count > 0)
        {
            throw new HostException($"{physicalFunction.Name} has {sriov.VFs.Count} VFs enabled; disable them first");
        }

        PciAddress address = physicalFunction.Address;
        int capability = physicalFunction.Find(PciExtendedCapability.IdSriov, isExtended: true);
        int initialVFs = (int)host.Read(address, capability + SriovCapability.InitialVFsOffset, 2);
        if (initialVFs != sriov.TotalVFs)
        {
            throw new HostException($"{physicalFunction.Name}: InitialVFs is {initialVFs}, not TotalVFs ({sriov.TotalVFs})");
        }

        SetNumVFs(physicalFunction, capability, count);
        PciAddress last = VfAddress(physicalFunction, count - 1);
        if (last.Bus > host.Port.SubordinateBus)
        {
            throw new HostException($"{count} VFs of {physicalFunction.Name} end at {last}, beyond bus {host.Port.SubordinateBus:x2}");
        }

        int control = capability + SriovCapability.ControlOffset;
        uint value = host.Read(address, control, 2);
        host.Write(
            address, control, 2, value | SriovCapability.ControlVfEnableMask | SriovCapability.ControlVfMseMask);
        host.Wait(SriovCapability.VfEnableWaitUs);
        for (int vf = 0; vf < count; vf++)
        {
            sriov.VFs.Add(Probe(physicalFunction, vf));
        }
    }

    /// <summary>Disables all VFs of a PF: what <c>echo 0 > sriov_numvfs</c> does.</summary>
    public void Disable(HostFunction physicalFunction)
    {
        ArgumentNullException.ThrowIfNull(physicalFunction);
        if (physicalFunction.Sriov is not { VFs.Count: > 0 } sriov)
        {
            return;
        }

        sriov.VFs.Clear();
        int capability = physicalFunction.Find(PciExtendedCapability.IdSriov, isExtended: true);
        int control = capability + SriovCapability.ControlOffset;
        uint value = host.Read(physicalFunction.Address, control, 2);
        host.Write(
            physicalFunction.Address, control, 2,
            value & ~(uint)(SriovCapability.ControlVfEnableMask | SriovCapability.ControlVfMseMask));
        host.Wait(SriovCapability.VfDisableWaitUs);
        SetNumVFs(physicalFunction, capability, 0);
    }

    private static PciAddress VfAddress(HostFunction physicalFunction, int vf) =>
        new(physicalFunction.Address.Value + physicalFunction.Sriov!.FirstVfOffset + (vf * physicalFunction.Sriov.VfStride));

    private void SetNumVFs(HostFunction physicalFunction, int capability, int count)
    {
        PciAddress address = physicalFunction.Address;
        host.Write(address, capability + SriovCapability.NumVFsOffset, 2, (uint)count);
        physicalFunction.Sriov!.FirstVfOffset = (int)host.Read(address, capability + SriovCapability.FirstVfOffsetOffset, 2);
        physicalFunction.Sriov.VfStride = (int)host.Read(address, capability + SriovCapability.VfStrideOffset, 2);
    }

    // Offset and stride may depend on NumVFs, so the kernel tries every number (compute_max_vf_buses).
    private int MaxVfBus(PciAddress address, int capability, int totalVFs)
    {
        int max = address.Bus;
        for (int count = totalVFs; count >= 0; count--)
        {
            host.Write(address, capability + SriovCapability.NumVFsOffset, 2, (uint)count);
            int offset = (int)host.Read(address, capability + SriovCapability.FirstVfOffsetOffset, 2);
            int stride = (int)host.Read(address, capability + SriovCapability.VfStrideOffset, 2);
            if (count == 0)
            {
                break;
            }

            if (offset == 0 || (count > 1 && stride == 0))
            {
                throw new HostException($"{address}: First VF Offset {offset} and VF Stride {stride} with NumVFs {count}");
            }

            max = Math.Max(max, new PciAddress(address.Value + offset + ((count - 1) * stride)).Bus);
        }

        return max;
    }

    private HostFunction Probe(HostFunction physicalFunction, int vf)
    {
        PciAddress address = VfAddress(physicalFunction, vf);
        HostSriov sriov = physicalFunction.Sriov!;

        // A VF's own IDs read FFFFh, so its class tells whether it is there (9.3.4.1).
        uint classAndRevision = host.Read(address, PciConfigHeader.RevisionIdOffset, 4);
        if (classAndRevision == 0xFFFFFFFF)
        {
            throw new HostException($"VF {vf} of {physicalFunction.Name} does not answer at {address}");
        }

        var bars = new List<HostBar>();
        foreach (HostBar bar in sriov.VfBars)
        {
            bars.Add(bar with { Address = bar.Address + ((ulong)vf * bar.Bytes) });
        }

        return new HostFunction
        {
            Address = address,
            VendorId = physicalFunction.VendorId,
            DeviceId = sriov.VfDeviceId,
            ClassCode = (int)(classAndRevision >> 8),
            Revision = (int)(classAndRevision & 0xFF),
            Capabilities = ConfigProbe.Capabilities(host, address),
            Bars = bars,
            PhysicalFunction = physicalFunction,
            Number = vf,
        };
    }
}
