// What a frame from VF to VF costs on the whole data path, against a bare copy from ring to ring; and what it allocates.
using System;
using System.Collections.Generic;
using System.Diagnostics;

namespace SmartNicFw.Benchmarks;

/// <summary>
/// The whole path: doorbell, arbitration, turns, rings, look-up by address and VLAN, spoof check, counters, receive header
/// with num_buffers. Both sides run on this thread, by turns, each on a pair of VFs of its own. Timed is only the device's
/// half, a ring's worth of frames at a time: the drivers fill the rings before and empty them after, alike on both sides.
/// </summary>
internal static class FrameRate
{
    private const double ShareOfShort = 0.7;
    private const double ShareOfLong = 0.9;
    private const double AllocationAim = 0;
    private const int ShortFrame = 64;
    private const int LongFrame = 1500;
    private const int BatchesPerRound = 16;
    private const int BatchesCounted = 1024;

    /// <summary>Both frame sizes on split rings, short frames on packed rings, and the allocations of all.</summary>
    public static IEnumerable<Result> Measure()
    {
        long allocated = 0;
        List<Result> results =
        [
            .. Compare(ShortFrame, isPacked: false, ShareOfShort, ref allocated),
            .. Compare(LongFrame, isPacked: false, ShareOfLong, ref allocated),
            .. Compare(ShortFrame, isPacked: true, ShareOfShort, ref allocated),
            .. Compare(LongFrame, isPacked: true, ShareOfLong, ref allocated),
        ];
        results.Add(new Result(
            "allocated_per_frame", "allocated by a frame from VF to VF after start",
            (double)allocated / (4 * BatchesCounted * VfPair.Batch), "B", AllocationAim));
        return results;
    }

    private static Result[] Compare(int frameBytes, bool isPacked, double share, ref long allocated)
    {
        using var forFull = new VfPair(frameBytes, isPacked);
        using var forBare = new VfPair(frameBytes, isPacked);
        var bare = new BareLoop(forBare);
        void MoveFull() => StepUntilIdle(forFull);
        Comparison comparison = AlternatingRounds.Measure(
            () => NanosecondsPerFrame(forFull, MoveFull), () => NanosecondsPerFrame(forBare, bare.Move));
        allocated += Allocated(forFull, MoveFull);
        string ring = isPacked ? "packed" : "split";
        string name = $"frame_{frameBytes}_{ring}";
        string title = $"frame of {frameBytes:N0} B, {ring} rings";
        return
        [
            new Result($"{name}_bare", $"{title}, bare copy loop", comparison.SecondNs, "ns"),
            new Result($"{name}_full", $"{title}, VF to VF", comparison.FirstNs, "ns"),
            new Result($"{name}_share", $"{title}, share of the bare loop", comparison.Ratio, "x", share, AimIsLeast: true),
        ];
    }

    private static double NanosecondsPerFrame(VfPair pair, Action move)
    {
        long ticks = 0;
        for (int batch = 0; batch < BatchesPerRound; batch++)
        {
            pair.Fill();
            long start = Stopwatch.GetTimestamp();
            move();
            ticks += Stopwatch.GetTimestamp() - start;
            pair.Collect();
        }

        return Stopwatch.GetElapsedTime(0, ticks).TotalNanoseconds / (BatchesPerRound * VfPair.Batch);
    }

    private static long Allocated(VfPair pair, Action move)
    {
        long allocated = 0;
        for (int batch = 0; batch < BatchesCounted; batch++)
        {
            pair.Fill();
            long before = GC.GetAllocatedBytesForCurrentThread();
            move();
            allocated += GC.GetAllocatedBytesForCurrentThread() - before;
            pair.Collect();
        }

        return allocated;
    }

    // The first step takes the doorbell; the queue is pending until a turn has found it empty and armed its kick.
    private static void StepUntilIdle(VfPair pair)
    {
        do
        {
            pair.Board.Step();
        }
        while (!pair.Board.Firmware.DataPath.Pending.IsEmpty);
    }
}
