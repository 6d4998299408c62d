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

    /// <summary>Looks at the SR-IOV capability of a PF, disables VFs left over from before, and sizes its VF BARs.</summary>
    /// <param name="setsAri">True for the first PF behind a port that forwards to all functions: it holds the bit for all PFs.</param>
    /// <returns>Null when the PF can have no VF.</returns>
    public HostSriov? Discover(PciAddress address, int capability, bool setsAri)
    {
        int control = capability + SriovCapability.ControlOffset;
        if ((host.Read(address, control, 2) & SriovCapability.ControlVfEnableMask) != 0)
        {
            host.Write(address, control, 2, 0);
            host.Wait(SriovCapability.VfDisableWaitUs);
        }

        uint ari = setsAri ? SriovCapability.ControlAriCapableHierarchyMask : 0u;
        host.Write(address, control, 2, ari);
        int totalVFs = (int)host.Read(address, capability + SriovCapability.TotalVFsOffset, 2);
        if (totalVFs == 0)
        {
            return null;
        }

        uint supported = host.Read(address, capability + SriovCapability.SupportedPageSizesOffset, 4);
        uint usable = supported & ~((uint)(PageBytes >> SriovCapability.PageSizeShift) - 1);
        uint pageSize = usable & (~usable + 1);
        if (pageSize == 0)
        {
            throw new HostException($"{address}: Supported Page Sizes {supported:x} has none of 4 KB or more");
        }

        host.Write(address, capability + SriovCapability.SystemPageSizeOffset, 4, pageSize);
        IReadOnlyList<HostBar> bars = ConfigProbe.SizeBars(host, address, capability + SriovCapability.VfBar0Offset);
        int vfDeviceId = (int)host.Read(address, capability + SriovCapability.VfDeviceIdOffset, 2);
        (int maxBus, int offset, int stride) = MaxVfBus(address, capability, totalVFs);
        return new HostSriov
        {
            TotalVFs = totalVFs,
            VfDeviceId = vfDeviceId,
            FunctionDependency = (int)host.Read(address, capability + SriovCapability.FunctionDependencyLinkOffset, 1),
            Control = ari,
            PageBytes = (ulong)pageSize << SriovCapability.PageSizeShift,
            VfBars = bars,
            MaxVfBus = maxBus,
            FirstVfOffset = offset,
            VfStride = stride,
        };
    }

    /// <summary>
    /// Enables VFs: what <c>echo N > sriov_numvfs</c> does. Beyond what the kernel does, every VF is asked for its class and
    /// capabilities, so that one that does not answer is found here.
    /// </summary>
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

        PciAddress last = VfAddress(physicalFunction, count - 1);
        if (last.Bus > host.Port.SubordinateBus)
        {
            throw new HostException($"{count} VFs of {physicalFunction.Name} end at {last}, beyond bus {host.Port.SubordinateBus:x2}");
        }

        if (sriov.FunctionDependency != address.Devfn)
        {
            throw new HostException($"{physicalFunction.Name} depends on function {sriov.FunctionDependency}, which has no VFs");
        }

        SetNumVFs(physicalFunction, capability, count);
        sriov.Control |= SriovCapability.ControlVfEnableMask | SriovCapability.ControlVfMseMask;
        host.Write(address, capability + SriovCapability.ControlOffset, 2, sriov.Control);
        host.Wait(SriovCapability.VfEnableWaitUs);
        for (int vf = 0; vf < count; vf++)
        {
            sriov.VFs.Add(Probe(physicalFunction, vf));
        }
    }

    /// <summary>Changes how many VFs are enabled; those that stay notice nothing. Those that go are in nobody's hands any more.</summary>
    /// <param name="count">Number of VFs, 1 to TotalVFs; some are enabled.</param>
    /// <exception cref="HostException">The number is not possible now; nothing was changed.</exception>
    public void Resize(HostFunction physicalFunction, int count)
    {
        ArgumentNullException.ThrowIfNull(physicalFunction);
        HostSriov sriov = physicalFunction.Sriov!;
        if (!host.TryResizeVFs(physicalFunction.Number, count))
        {
            throw new HostException(
                $"{count} VFs asked of {physicalFunction.Name}, which has {sriov.VFs.Count} enabled; allowed: 0 to {sriov.TotalVFs}");
        }

        host.Wait(SriovCapability.VfEnableWaitUs);
        for (int vf = sriov.VFs.Count; vf < count; vf++)
        {
            sriov.VFs.Add(Probe(physicalFunction, vf));
        }

        if (count < sriov.VFs.Count)
        {
            sriov.VFs.RemoveRange(count, sriov.VFs.Count - count);
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
        sriov.Control &= ~(uint)(SriovCapability.ControlVfEnableMask | SriovCapability.ControlVfMseMask);
        host.Write(physicalFunction.Address, capability + SriovCapability.ControlOffset, 2, sriov.Control);
        host.Wait(SriovCapability.VfDisableWaitUs);
        SetNumVFs(physicalFunction, capability, 0);
    }

    /// <summary>
    /// Gives a PF its SR-IOV registers back after a reset, VF Enable included: what the kernel's sriov_restore_state does.
    /// </summary>
    public void Restore(HostFunction physicalFunction)
    {
        ArgumentNullException.ThrowIfNull(physicalFunction);
        PciAddress address = physicalFunction.Address;
        int capability = physicalFunction.Find(PciExtendedCapability.IdSriov, isExtended: true);
        int control = capability + SriovCapability.ControlOffset;
        if (physicalFunction.Sriov is not { } sriov
            || (host.Read(address, control, 2) & SriovCapability.ControlVfEnableMask) != 0)
        {
            return;
        }

        // The hierarchy first: the place of the VFs follows from it.
        host.Write(address, control, 2, sriov.Control & SriovCapability.ControlAriCapableHierarchyMask);
        foreach (HostBar bar in sriov.VfBars)
        {
            ConfigProbe.WriteBar(host, address, capability + SriovCapability.VfBar0Offset, bar);
        }

        host.Write(
            address, capability + SriovCapability.SystemPageSizeOffset, 4, (uint)(sriov.PageBytes >> SriovCapability.PageSizeShift));
        SetNumVFs(physicalFunction, capability, sriov.VFs.Count);
        host.Write(address, control, 2, sriov.Control);
        if (sriov.VFs.Count > 0)
        {
            host.Wait(SriovCapability.VfEnableWaitUs);
        }
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

    // Offset and stride may depend on NumVFs, so the kernel tries every number and ends with none (compute_max_vf_buses).
    private (int MaxBus, int FirstVfOffset, int VfStride) MaxVfBus(PciAddress address, int capability, int totalVFs)
    {
        int max = address.Bus;
        for (int count = totalVFs; ; count--)
        {
            host.Write(address, capability + SriovCapability.NumVFsOffset, 2, (uint)count);
            int offset = (int)host.Read(address, capability + SriovCapability.FirstVfOffsetOffset, 2);
            int stride = (int)host.Read(address, capability + SriovCapability.VfStrideOffset, 2);
            if (count == 0)
            {
                return (max, offset, stride);
            }

            if (offset == 0 || (count > 1 && stride == 0))
            {
                throw new HostException($"{address}: First VF Offset {offset} and VF Stride {stride} with NumVFs {count}");
            }

            max = Math.Max(max, new PciAddress(address.Value + offset + ((count - 1) * stride)).Bus);
        }
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
