// Two counts, exact on any machine: bytes that a VF costs, and bytes that an access allocates.
using System;
using System.Collections.Generic;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Firmware;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Benchmarks;

/// <summary>Counts with the allocation counter of this thread: no garbage collection and no sampling is involved.</summary>
internal static class Memory
{
    private const double StateAim = 160;
    private const double AllocationAim = 0;
    private const int CommandLowByte = 0x1;

    // A multiple of a full step; each function is accessed about 250 times in each direction.
    private const int Accesses = 1024 * 1024;

    /// <summary>State of a VF, and allocation of an access once the firmware runs.</summary>
    public static IEnumerable<Result> Measure() =>
    [
        new Result("state_per_vf", "firmware state of a VF, without MSI-X entries", StatePerVf(), "B", StateAim),
        new Result(
            "allocated_per_access", "allocated by a configuration access after start", PerAccess(), "B", AllocationAim),
    ];

    // All that starting the firmware allocates, kept or not, with VFs less without. There are no MSI-X entries to
    // subtract as yet; once there are, both sides get the fewest vectors and the rest is subtracted here.
    private static double StatePerVf()
    {
        int vfs = EndpointConfiguration.MaxTotalVFs;
        AllocatedByStart(vfs);
        return (double)(AllocatedByStart(vfs) - AllocatedByStart(0)) / vfs;
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
