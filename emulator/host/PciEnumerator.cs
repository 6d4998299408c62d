// Enumeration as a kernel does it: find the functions behind the root port, give them buses and addresses.
using System;
using System.Collections.Generic;
using System.Linq;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Host;

/// <summary>
/// Brings up everything behind a root port by configuration accesses alone, in the order of the Linux PCI core: scan,
/// ARI, SR-IOV discovery, bus numbers, BARs, windows, enable.
/// </summary>
/// <param name="windowBase">Where BARs are laid out: a multiple of 1 MB above RAM.</param>
public sealed class PciEnumerator(RootComplex host, ulong windowBase = PciEnumerator.WindowBase)
{
    // A 64-bit prefetchable window well above RAM; BARs are laid out in it from the largest to the smallest.
    private const ulong WindowBase = 0x40_0000_0000;
    private const int FirstBus = 1;
    private const uint NothingThere = 0xFFFFFFFF;
    private const uint RetryVendorId = 0x0001;

    private readonly SriovHost _sriov = new(host);
    private readonly ulong _windowBase = windowBase;

    /// <summary>The PFs that were found, in order of function number.</summary>
    public List<HostFunction> PhysicalFunctions { get; } = [];

    /// <summary>All functions that are there now: each PF, then its VFs.</summary>
    public IEnumerable<HostFunction> Functions =>
        PhysicalFunctions.SelectMany(pf => pf.Sriov is null ? [pf] : pf.Sriov.VFs.Prepend(pf));

    /// <summary>First address behind the root port.</summary>
    public static ulong FirstAddress => WindowBase;

    /// <summary>Address behind the last one that was assigned.</summary>
    public ulong EndAddress { get; private set; } = windowBase;

    /// <summary>Enumerates, with no VF enabled.</summary>
    /// <exception cref="HostException">The endpoint is not there or not sound.</exception>
    public void Enumerate()
    {
        PciAddress port = RootComplex.RootPortAddress;
        IReadOnlyList<HostCapability> capabilities = ConfigProbe.Capabilities(host, port);
        int express = capabilities.First(capability => capability is { Id: PciCapability.IdPciExpress, IsExtended: false }).Offset;
        host.Write(
            port, express + PciExpressCapability.RootControlOffset, 2, PciExpressCapability.RootControlCrsSoftwareVisibilityMask);
        host.Write(port, PciBridgeHeader.PrimaryBusOffset, 1, 0);
        host.Write(port, PciBridgeHeader.SecondaryBusOffset, 1, FirstBus);
        host.Write(port, PciBridgeHeader.SubordinateBusOffset, 1, 0xFF);
        bool isAri = Scan(port, express);
        int lastBus = DiscoverSriov(isAri);
        host.Write(port, PciBridgeHeader.SubordinateBusOffset, 1, (uint)lastBus);
        AssignAddresses();
        OpenWindow(port);
        foreach (HostFunction pf in PhysicalFunctions)
        {
            host.Write(
                pf.Address, PciConfigHeader.CommandOffset, 2,
                PciConfigHeader.CommandMemorySpaceEnableMask | PciConfigHeader.CommandBusMasterEnableMask);
        }
    }

    /// <summary>Enables VFs of a PF.</summary>
    /// <exception cref="HostException">The number is not possible now; nothing was changed.</exception>
    public void EnableVFs(HostFunction physicalFunction, int count) => _sriov.Enable(physicalFunction, count);

    /// <summary>Changes how many VFs of a PF are enabled; those that stay notice nothing.</summary>
    /// <exception cref="HostException">The number is not possible now; nothing was changed.</exception>
    public void ResizeVFs(HostFunction physicalFunction, int count) => _sriov.Resize(physicalFunction, count);

    /// <summary>Disables all VFs of a PF.</summary>
    public void DisableVFs(HostFunction physicalFunction) => _sriov.Disable(physicalFunction);

    private bool Scan(PciAddress port, int portExpress)
    {
        var first = new PciAddress(FirstBus, 0);
        PhysicalFunctions.Clear();
        PhysicalFunctions.Add(Probe(first) ?? throw new HostException("no endpoint answers behind the root port"));
        bool isAri = EnableAri(port, portExpress);
        bool isMultiFunction = (host.Read(first, PciConfigHeader.HeaderTypeOffset, 1)
            & PciConfigHeader.HeaderTypeMultiFunctionMask) != 0;
        for (int devfn = NextFunction(first, isAri, isMultiFunction); devfn != 0;)
        {
            var address = new PciAddress(FirstBus, devfn);
            if (Probe(address) is { } found)
            {
                PhysicalFunctions.Add(found);
            }

            devfn = NextFunction(address, isAri, isMultiFunction);
        }

        return isAri;
    }

    // Behind a port that can forward them, an ARI device links its functions by number; else all eight are tried.
    private int NextFunction(PciAddress address, bool isAri, bool isMultiFunction)
    {
        if (!isAri)
        {
            return isMultiFunction ? (address.Devfn + 1) % RoutingId.FunctionsPerDevice : 0;
        }

        int capability = PhysicalFunctions[^1].Find(PciExtendedCapability.IdAri, isExtended: true);
        uint value = host.Read(address, capability + AriCapability.CapabilityOffset, 2);
        int next = (int)(value & AriCapability.CapabilityNextFunctionMask) >> AriCapability.NextFunctionShift;

        // A chain that does not rise would go round for ever.
        return next > address.Devfn ? next : 0;
    }

    private bool EnableAri(PciAddress port, int portExpress)
    {
        uint portCapabilities = host.Read(port, portExpress + PciExpressCapability.DeviceCapabilities2Offset, 4);
        if ((portCapabilities & PciExpressCapability.DeviceCapabilities2AriForwardingMask) == 0
            || PhysicalFunctions[0].Find(PciExtendedCapability.IdAri, isExtended: true) == 0)
        {
            return false;
        }

        int control = portExpress + PciExpressCapability.DeviceControl2Offset;
        uint value = host.Read(port, control, 2);
        host.Write(port, control, 2, value | PciExpressCapability.DeviceControl2AriForwardingMask);
        return true;
    }

    private HostFunction? Probe(PciAddress address)
    {
        uint ids = ReadIds(address);
        if (ids == NothingThere)
        {
            return null;
        }

        // BARs move while they are sized: nothing may be decoded meanwhile.
        host.Write(address, PciConfigHeader.CommandOffset, 2, 0);
        uint classAndRevision = host.Read(address, PciConfigHeader.RevisionIdOffset, 4);
        return new HostFunction
        {
            Address = address,
            VendorId = (int)(ids & 0xFFFF),
            DeviceId = (int)(ids >> 16),
            ClassCode = (int)(classAndRevision >> 8),
            Revision = (int)(classAndRevision & 0xFF),
            Capabilities = ConfigProbe.Capabilities(host, address),
            Bars = ConfigProbe.SizeBars(host, address, PciConfigHeader.Bar0Offset),
            Number = PhysicalFunctions.Count,
        };
    }

    // While a function asks for retries its vendor ID reads 0001h; the kernel waits 1 ms, 2 ms, 4 ms, ... (pci_bus_wait_rrs).
    private uint ReadIds(PciAddress address)
    {
        for (long delayUs = 1000; ; delayUs *= 2)
        {
            uint ids = host.Read(address, PciConfigHeader.VendorIdOffset, 4);
            if ((ids & 0xFFFF) != RetryVendorId)
            {
                return ids;
            }

            if (delayUs > PciExpressCapability.ReadyDeadlineUs)
            {
                throw new HostException($"{address} is not ready after {delayUs / 1000} ms");
            }

            host.Wait(delayUs);
        }
    }

    private int DiscoverSriov(bool isAri)
    {
        int lastBus = FirstBus;
        foreach (HostFunction pf in PhysicalFunctions)
        {
            int capability = pf.Find(PciExtendedCapability.IdSriov, isExtended: true);
            if (capability != 0)
            {
                pf.Sriov = _sriov.Discover(pf.Address, capability, setsAri: isAri && pf.Number == 0);
                lastBus = Math.Max(lastBus, pf.Sriov?.MaxVfBus ?? lastBus);
            }
        }

        return lastBus;
    }

    private void AssignAddresses()
    {
        var wanted = PhysicalFunctions
            .SelectMany(pf => pf.Bars.Select(bar => (pf.Address, Bar0: PciConfigHeader.Bar0Offset, Bar: bar, Total: bar.Bytes))
                .Concat((pf.Sriov?.VfBars ?? []).Select(bar => (
                    pf.Address,
                    Bar0: pf.Find(PciExtendedCapability.IdSriov, isExtended: true) + SriovCapability.VfBar0Offset,
                    Bar: bar,
                    Total: bar.Bytes * (ulong)pf.Sriov!.TotalVFs))))
            .OrderByDescending(entry => entry.Bar.Bytes)
            .ToList();
        ulong next = _windowBase;
        foreach ((PciAddress address, int bar0, HostBar bar, ulong total) in wanted)
        {
            next = (next + bar.Bytes - 1) & ~(bar.Bytes - 1);
            bar.Address = next;
            next += total;
            ConfigProbe.WriteBar(host, address, bar0, bar);
        }

        EndAddress = next;
    }

    private void OpenWindow(PciAddress port)
    {
        ulong limit = EndAddress - 1;
        host.Write(port, PciBridgeHeader.PrefetchableBaseOffset, 2, (uint)(_windowBase >> 16) & PciBridgeHeader.WindowAddressMask);
        host.Write(port, PciBridgeHeader.PrefetchableLimitOffset, 2, (uint)(limit >> 16) & PciBridgeHeader.WindowAddressMask);
        host.Write(port, PciBridgeHeader.PrefetchableBaseUpperOffset, 4, (uint)(_windowBase >> 32));
        host.Write(port, PciBridgeHeader.PrefetchableLimitUpperOffset, 4, (uint)(limit >> 32));
        host.Write(
            port, PciConfigHeader.CommandOffset, 2,
            PciConfigHeader.CommandMemorySpaceEnableMask | PciConfigHeader.CommandBusMasterEnableMask);
    }
}
