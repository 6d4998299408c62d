// The timing wheel against a sorted set: random timers, random due times, and a clock that runs, jumps, stands still and goes back.
using System;
using System.Collections.Generic;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using SmartNicFw.Firmware.Timing;

namespace SmartNicFw.Tests.Properties;

public sealed class TimingWheelProperties
{
    private const int Cases = 10_000;
    private const int Timers = 12;

    [Test]
    public void The_wheel_takes_what_a_sorted_set_takes_in_the_same_order_at_the_same_time()
    {
        Prop.ForAll(Arb.From(Actions(), Shorter), actions =>
        {
            var wheel = new TimingWheel(Timers);
            var reference = new Reference();
            long nowUs = 0;
            return actions.All(action => Agree(wheel, reference, action, ref nowUs))
                && Agree(wheel, reference, new WheelAction(ActionKind.Drain, 0, 1L << 50), ref nowUs);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Cases).WithStartSize(1).WithEndSize(60));
    }

    private static bool Agree(TimingWheel wheel, Reference reference, WheelAction action, ref long nowUs)
    {
        switch (action.Kind)
        {
            case ActionKind.Arm:
                wheel.Arm(action.Timer, nowUs + action.Us);
                reference.Arm(action.Timer, nowUs + action.Us);
                break;
            case ActionKind.Cancel:
                wheel.Cancel(action.Timer);
                reference.Cancel(action.Timer);
                break;
            case ActionKind.TakeOne:
                nowUs += action.Us;
                if (wheel.TryTake(nowUs) != reference.TryTake(nowUs))
                {
                    return false;
                }

                break;
            default:
                nowUs += action.Us;
                int taken;
                do
                {
                    taken = wheel.TryTake(nowUs);
                    if (taken != reference.TryTake(nowUs))
                    {
                        return false;
                    }
                }
                while (taken >= 0);

                // Nothing is left that is due, so whoever sleeps until the next does sleep.
                if (wheel.NextUs <= nowUs)
                {
                    return false;
                }

                break;
        }

        return Enumerable.Range(0, Timers).All(timer => wheel.IsArmed(timer) == reference.IsArmed(timer))
            && wheel.NextUs <= reference.NextUs && (wheel.NextUs == long.MaxValue) == (reference.NextUs == long.MaxValue);
    }

    private static Gen<WheelAction[]> Actions()
    {
        // All magnitudes alike, and often the same few: timers that meet in a slot, steps that end on one's due time.
        Gen<long> forward =
            from bits in Gen.Choose(0, 40)
            from mantissa in Gen.Choose(0, int.MaxValue)
            select bits == 0 ? 0 : (1L << bits) + (mantissa % (1L << Math.Min(bits, 30))) - 1;
        Gen<long> round = Gen.Elements(0L, 1, 63, 64, 65, 4095, 4096, 1L << 18, 1L << 36, (1L << 36) - 1);
        Gen<long> back = Gen.Choose(-5000, 0).Select(us => (long)us);
        Gen<long> distance = Gen.Frequency((6, forward), (4, round), (1, back));
        Gen<WheelAction> action =
            from kind in Gen.Frequency(
                (5, Gen.Constant(ActionKind.Arm)), (1, Gen.Constant(ActionKind.Cancel)), (2, Gen.Constant(ActionKind.TakeOne)),
                (2, Gen.Constant(ActionKind.Drain)))
            from timer in Gen.Choose(0, Timers - 1)
            from us in distance
            select new WheelAction(kind, timer, us);
        return action.ArrayOf();
    }

    private static IEnumerable<WheelAction[]> Shorter(WheelAction[] sequence) =>
        Enumerable.Range(0, sequence.Length).Select(left => sequence.Where((_, index) => index != left).ToArray());

    private enum ActionKind
    {
        Arm,
        Cancel,
        TakeOne,
        Drain,
    }

    private sealed record WheelAction(ActionKind Kind, int Timer, long Us);

    // What the wheel promises, and nothing of how: by due time, then by the order of arming; the past is now.
    private sealed class Reference
    {
        private readonly SortedSet<(long DueUs, long Order, int Timer)> _armed = [];
        private readonly (long DueUs, long Order)?[] _of = new (long, long)?[Timers];
        private long _reachedUs;
        private long _order;

        public long NextUs => _armed.Count == 0 ? long.MaxValue : _armed.Min.DueUs;

        public bool IsArmed(int timer) => _of[timer] is not null;

        public void Arm(int timer, long dueUs)
        {
            Cancel(timer);
            (long, long) place = (Math.Max(dueUs, _reachedUs), _order++);
            _of[timer] = place;
            _armed.Add((place.Item1, place.Item2, timer));
        }

        public void Cancel(int timer)
        {
            if (_of[timer] is { } place)
            {
                _armed.Remove((place.DueUs, place.Order, timer));
                _of[timer] = null;
            }
        }

        public int TryTake(long nowUs)
        {
            if (_armed.Count > 0 && _armed.Min.DueUs <= nowUs)
            {
                (_reachedUs, _, int timer) = _armed.Min;
                Cancel(timer);
                return timer;
            }

            _reachedUs = Math.Max(_reachedUs, nowUs);
            return -1;
        }
    }
}
