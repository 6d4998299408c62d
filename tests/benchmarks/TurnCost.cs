// What a turn costs the arbiter against the number of queues that it knows, few of them active or all.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Timing;
using SmartNicFw.Firmware;
using SmartNicFw.Firmware.Arbitration;
using SmartNicFw.Firmware.Config;
using SmartNicFw.Firmware.Management;
using SmartNicFw.Firmware.Timing;
using SmartNicFw.Firmware.Virtio;

namespace SmartNicFw.Benchmarks;

/// <summary>
/// A turn here is all that arbitration does for it: taking the queue whose turn it is, charging what it sent, putting it back. Engine and rings
/// are left out, so that they do not hide it. Weights are 1, 3 and 500 by function, so that lists of several strata are chosen from.
/// </summary>
internal static class TurnCost
{
    private const double FlatWithin = 1.5;
    private const int TurnsPerRound = 16 * 1024;
    private const int FewQueues = 8;
    private const int FrameBytes = 1514;
    private const int FramesPerTurn = 16;

    private static readonly int[] Weights = [1, 3, 500];

    /// <summary>Times and ratios against eight queues.</summary>
    public static IEnumerable<Result> Measure()
    {
        Known few = new(physicalFunctions: 1, vfs: 4, pairs: 2);
        few.Wake(few.TransmitQueues);
        var results = new List<Result>();
        foreach ((int physicalFunctions, int vfs, int pairs) in new[] { (1, 512, 8), (4, 256, 64) })
        {
            foreach (bool isAll in new[] { false, true })
            {
                var many = new Known(physicalFunctions, vfs, pairs);
                many.Wake(isAll ? many.TransmitQueues : FewQueues);
                Comparison comparison = AlternatingRounds.Measure(few.NanosecondsPerTurn, many.NanosecondsPerTurn);
                string which = isAll ? "all" : "few";
                int known = physicalFunctions * vfs * pairs;
                if (results.Count == 0)
                {
                    results.Add(new Result("turn_8", "turn, 8 queues", comparison.FirstNs, "ns"));
                }

                results.Add(new Result($"turn_{known}_{which}", $"turn, {known:N0} queues, {which} active", comparison.SecondNs, "ns"));
                results.Add(new Result(
                    $"turn_{known}_{which}_ratio", $"turn, {known:N0} queues, {which} active, against 8", comparison.Ratio, "x", FlatWithin));
            }
        }

        return results;
    }

    /// <summary>An arbiter and its queues.</summary>
    private sealed class Known
    {
        private readonly QueueNumbering _queues;
        private readonly TransmitScheduler _transmit;

        public Known(int physicalFunctions, int vfs, int pairs)
        {
            var configuration = new EndpointConfiguration
            {
                PhysicalFunctions = physicalFunctions,
                TotalVFs = vfs,
                PfQueuePairs = 1,
                VfQueuePairs = pairs,
            };
            var numbering = new FunctionNumbering(physicalFunctions, vfs);
            _queues = new QueueNumbering(configuration, numbering);
            int groups = configuration.RateGroups + 1;
            var wheel = new TimingWheel(TransmitScheduler.Timers(numbering.Count, groups));
            _transmit = new TransmitScheduler(_queues, numbering.Count, groups, 1, new VirtualClock(), wheel);
            var policy = new ArbitrationPolicy(new PolicyControl(configuration, numbering, new PolicyTable(configuration, numbering), null), _transmit);
            for (int function = 0; function < numbering.Count; function++)
            {
                policy.SetWeight(function, Weights[function % Weights.Length]);
            }
        }

        public int TransmitQueues => _queues.Count / 2;

        // From the last function on: VFs, not the PF's one.
        public void Wake(int count)
        {
            for (int queue = _queues.Count - 1; queue >= 0 && count > 0; queue--)
            {
                if ((_queues.QueueOf(queue) & 1) != 0)
                {
                    _transmit.Wake(queue);
                    count--;
                }
            }
        }

        public double NanosecondsPerTurn()
        {
            long start = Stopwatch.GetTimestamp();
            int cost = EthernetLine.Bytes(FramesPerTurn, FramesPerTurn * FrameBytes);
            for (int turn = 0; turn < TurnsPerRound; turn++)
            {
                int queue = _transmit.TryTake(out _, out _);
                if (queue >= 0)
                {
                    _transmit.Begin(queue);
                    _transmit.EndTurn(queue, FramesPerTurn, cost, cost, AfterTurn.More);
                }
            }

            return Stopwatch.GetElapsedTime(start).TotalNanoseconds / TurnsPerRound;
        }
    }
}
