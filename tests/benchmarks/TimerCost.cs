// What a timer costs on the wheel against the number of timers that are armed.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using SmartNicFw.Firmware.Timing;

namespace SmartNicFw.Benchmarks;

/// <summary>
/// All timers of a wheel are armed, each due at random within a second. A round takes those that are due next, one after the other, and
/// arms each again; or arms some anew before they are due; or cancels some and arms them again. The timers of the last two are drawn by lot.
/// </summary>
internal static class TimerCost
{
    private const double FlatWithin = 1.5;
    private const int Few = 8;
    private const int OperationsPerRound = 8 * 1024;
    private const int SecondUs = 1_000_000;

    /// <summary>Times and ratios against eight timers.</summary>
    public static IEnumerable<Result> Measure()
    {
        var results = new List<Result>();
        foreach ((string key, string title, Func<Armed, double> operation) in new (string, string, Func<Armed, double>)[]
        {
            ("fire", "arm and fire", armed => armed.Fire()),
            ("rearm", "arm anew", armed => armed.ArmAnew()),
            ("cancel", "cancel and arm", armed => armed.Cancel()),
        })
        {
            foreach (int timers in new[] { 4096, 65_536 })
            {
                var few = new Armed(Few);
                var many = new Armed(timers);
                Comparison comparison = AlternatingRounds.Measure(() => operation(few), () => operation(many));
                if (timers == 4096)
                {
                    results.Add(new Result($"timer_{key}_{Few}", $"timer, {title}, {Few} armed", comparison.FirstNs, "ns"));
                }

                results.Add(new Result($"timer_{key}_{timers}", $"timer, {title}, {timers:N0} armed", comparison.SecondNs, "ns"));
                results.Add(new Result(
                    $"timer_{key}_{timers}_ratio", $"timer, {title}, {timers:N0} armed, against {Few}", comparison.Ratio, "x", FlatWithin));
            }
        }

        return results;
    }

    /// <summary>A wheel with all its timers armed.</summary>
    private sealed class Armed
    {
        private readonly TimingWheel _wheel;
        private readonly int _timers;

        // Drawn beforehand: microseconds, and timers.
        private readonly int[] _after = new int[OperationsPerRound];
        private readonly int[] _which = new int[OperationsPerRound];
        private long _nowUs;

        public Armed(int timers)
        {
            var random = new Random(timers);
            _timers = timers;
            _wheel = new TimingWheel(timers);
            for (int timer = 0; timer < timers; timer++)
            {
                _wheel.Arm(timer, random.Next(1, SecondUs + 1));
            }

            for (int index = 0; index < OperationsPerRound; index++)
            {
                _after[index] = random.Next(1, SecondUs + 1);
                _which[index] = random.Next(timers);
            }
        }

        public double Fire()
        {
            long start = Stopwatch.GetTimestamp();
            for (int index = 0; index < OperationsPerRound; index++)
            {
                int timer;
                do
                {
                    _nowUs = Math.Max(_nowUs, _wheel.NextUs);
                    timer = _wheel.TryTake(_nowUs);
                }
                while (timer < 0);
                _wheel.Arm(timer, _nowUs + _after[index]);
            }

            return Each(start);
        }

        public double ArmAnew()
        {
            long start = Stopwatch.GetTimestamp();
            for (int index = 0; index < OperationsPerRound; index++)
            {
                _wheel.Arm(_which[index], _nowUs + _after[index]);
            }

            return Each(start);
        }

        public double Cancel()
        {
            long start = Stopwatch.GetTimestamp();
            for (int index = 0; index < OperationsPerRound; index++)
            {
                int timer = _which[index];
                _wheel.Cancel(timer);
                _wheel.Arm(timer, _nowUs + _after[index]);
            }

            return Each(start);
        }

        private double Each(long start)
        {
            double ns = Stopwatch.GetElapsedTime(start).TotalNanoseconds / OperationsPerRound;
            for (int timer = 0; timer < _timers; timer += Math.Max(1, _timers / Few))
            {
                if (!_wheel.IsArmed(timer))
                {
                    throw new InvalidOperationException("a timer is lost");
                }
            }

            return ns;
        }
    }
}
