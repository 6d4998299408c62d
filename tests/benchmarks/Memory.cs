// Counts, exact on any machine: bytes that a VF costs, and bytes that an access allocates.
using System;
using System.Collections.Generic;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Timing;
using SmartNicFw.Firmware;
using SmartNicFw.Firmware.Config;
using SmartNicFw.Firmware.Management;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Benchmarks;

/// <summary>Counts with the allocation counter of this thread: no garbage collection and no sampling is involved.</summary>
internal static class Memory
{
    private const double ConfigurationStateAim = 160;
    private const double AllocationAim = 0;
    private const int CommandLowByte = 0x1;

    // A multiple of a full step; each function is accessed about 250 times in each direction.
    private const int Accesses = 1024 * 1024;

    /// <summary>State of a VF, and allocation of an access once the firmware runs.</summary>
    public static IEnumerable<Result> Measure() =>
    [
        new Result(
            "config_state_per_vf", "configuration state of a VF", ConfigurationStatePerVf(), "B", ConfigurationStateAim),
        new Result("state_per_vf", "all firmware state of a VF, without MSI-X entries", StatePerVf(), "B"),
        new Result(
            "allocated_per_access", "allocated by a configuration access after start", PerAccess(), "B", AllocationAim),
    ];

    // All that is allocated, kept or not, with VFs less without. Each count is made twice: what a type allocates once is
    // in the first.
    private static double ConfigurationStatePerVf() => PerVf(AllocatedByConfiguration);

    // MSI-X entries are as many as the endpoint's board decides, and their size is the specification's.
    private static double StatePerVf() =>
        PerVf(AllocatedByStart) - (new EndpointConfiguration().VfMsixVectors * MsixTableEntry.Bytes);

    private static double PerVf(Func<int, long> allocatedBy)
    {
        int vfs = EndpointConfiguration.MaxTotalVFs;
        allocatedBy(vfs);
        return (double)(allocatedBy(vfs) - allocatedBy(0)) / vfs;
    }

    // The rooms that hold configuration registers, resets under way, SR-IOV and routing, as the firmware builds them.
    private static long AllocatedByConfiguration(int totalVFs)
    {
        var configuration = new EndpointConfiguration { TotalVFs = totalVFs };
        var clock = new VirtualClock();
        var events = new EventRing(clock);
        long before = GC.GetAllocatedBytesForCurrentThread();
        var numbering = new FunctionNumbering(configuration.PhysicalFunctions, configuration.TotalVFs);
        var space = new FunctionConfigSpace(configuration, numbering);
        var resets = new ResetControl(numbering, space, clock);
        var sriov = new SriovControl(numbering, space, resets, events);
        var router = new FunctionRouter(numbering, sriov);
        resets.ResetEndpoint(ResetKind.Fundamental);
        router.Forget();
        sriov.RefreshAll();
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        GC.KeepAlive(router);
        return allocated;
    }

    private static long AllocatedByStart(int totalVFs)
    {
        var configuration = new EndpointConfiguration { TotalVFs = totalVFs };
        var source = new RequestSource();
        var comparators = new AddressComparators();
        var clock = new VirtualClock();
        BoardContracts board = InertDataPath.Complete(new BoardContracts
        {
            ConfigPort = source,
            LinkPort = source,
            AddressDecode = comparators,
            Clock = clock,
        });
        long before = GC.GetAllocatedBytesForCurrentThread();
        var firmware = new FirmwareRuntime(configuration, board);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        GC.KeepAlive(firmware);
        return allocated;
    }

    // Command is a register that every function stores and whose write sets something off.
    private static double PerAccess()
    {
        Endpoint endpoint = RoutedAccess.WithAllFunctions();
        ConfigTarget[] targets = endpoint.EveryFunction(PciConfigHeader.CommandOffset);
        long before = GC.GetAllocatedBytesForCurrentThread();
        endpoint.Source.Read(targets);
        endpoint.Access(Accesses, Endpoint.FullStep);
        endpoint.Source.Write(targets, CommandLowByte, data: 0, dataStep: 1);
        endpoint.Access(Accesses, Endpoint.FullStep);
        return (double)(GC.GetAllocatedBytesForCurrentThread() - before) / (2 * Accesses);
    }
}
