// What it costs that a board can be traced while nobody does, and what it costs while somebody does.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using SmartNicFw.Emulator.Trace;

namespace SmartNicFw.Benchmarks;

/// <summary>Two pairs of VFs on this thread, by turns: one of a board with decorators around its contracts, one without.</summary>
internal static class TraceCost
{
    private const double LeastShare = 0.99;
    private const int ShortFrame = 64;
    private const int LongFrame = 1500;
    private const int BatchesPerRound = 16;

    /// <summary>Both frame sizes while no trace is open; short frames while one is and its reader keeps up.</summary>
    public static IEnumerable<Result> Measure() =>
        [.. Off(ShortFrame, isPacked: false), .. Off(LongFrame, isPacked: true), .. On()];

    private static Result[] Off(int frameBytes, bool isPacked)
    {
        using var without = new VfPair(frameBytes, isPacked);
        using var traceable = new VfPair(frameBytes, isPacked, new BoardTrace());
        Comparison comparison = AlternatingRounds.Measure(() => NanosecondsPerFrame(traceable, null), () => NanosecondsPerFrame(without, null));
        return
        [
            new Result(
                $"trace_off_{frameBytes}", $"frame of {frameBytes:N0} B, {(isPacked ? "packed" : "split")} rings: share of a board that cannot be traced",
                comparison.Ratio, "x", LeastShare, AimIsLeast: true),
        ];
    }

    private static Result[] On()
    {
        var trace = new BoardTrace();
        using var without = new VfPair(ShortFrame, isPacked: false);
        using var traced = new VfPair(ShortFrame, isPacked: false, trace);
        RunningTrace running = trace.TryOpen()!;
        Comparison comparison = AlternatingRounds.Measure(() => NanosecondsPerFrame(traced, running), () => NanosecondsPerFrame(without, null));
        return
        [
            new Result("trace_on_full", $"frame of {ShortFrame} B while it is traced, sent and received", comparison.FirstNs, "ns"),
            new Result("trace_on_share", "... share of a board that is not", comparison.Ratio, "x"),
        ];
    }

    private static double NanosecondsPerFrame(VfPair pair, RunningTrace? running)
    {
        long ticks = 0;
        for (int batch = 0; batch < BatchesPerRound; batch++)
        {
            pair.Fill();
            long start = Stopwatch.GetTimestamp();
            do
            {
                pair.Board.Step();
            }
            while (!pair.Board.Firmware.DataPath.Pending.IsEmpty);
            ticks += Stopwatch.GetTimestamp() - start;
            pair.Collect();
            while (running is { IsEmpty: false })
            {
                running.Remove(running.Oldest.Length);
            }
        }

        return Stopwatch.GetElapsedTime(0, ticks).TotalNanoseconds / (BatchesPerRound * VfPair.Batch);
    }
}
