// The timing wheel at every edge of its slots, levels and range; that it takes in order, never early, and allocates nothing.
using System;
using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Firmware.Timing;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Unit;

public sealed class TimingWheelTests
{
    private const int Levels = 6;
    private const long RangeUs = 1L << 36;

    // Around every power of 64, and beyond the range of the wheel.
    private static readonly long[] Edges =
    [
        0, 1, 2, .. Enumerable.Range(1, Levels + 1).SelectMany(level => new[] { -1L, 0, 1 }.Select(off => (1L << (6 * level)) + off)),
        (3 * RangeUs) - 1, 3 * RangeUs, 1L << 50,
    ];

    [Test]
    public void A_timer_is_taken_at_its_microsecond_and_not_before_from_and_to_every_edge([ValueSource(nameof(Edges))] long startUs)
    {
        foreach (long afterUs in Edges)
        {
            TimingWheel wheel = At(startUs);
            long dueUs = startUs + afterUs;
            wheel.Arm(0, dueUs);

            Assert.That(wheel.IsArmed(0), Is.True);
            Assert.That(wheel.NextUs, Is.InRange(startUs, dueUs), $"{startUs} + {afterUs}");
            if (afterUs > 0)
            {
                Assert.That(wheel.TryTake(dueUs - 1), Is.EqualTo(-1), $"{startUs} + {afterUs}");
                Assert.That(wheel.NextUs, Is.EqualTo(dueUs), "one that is due in the next microsecond is on the lowest level");
            }

            Assert.That(wheel.TryTake(dueUs), Is.Zero, $"{startUs} + {afterUs}");
            Assert.That(wheel.IsArmed(0), Is.False);
            Assert.That(wheel.TryTake(dueUs), Is.EqualTo(-1));
            Assert.That(wheel.NextUs, Is.EqualTo(long.MaxValue));
        }
    }

    [Test]
    public void A_sleeper_that_wakes_when_it_is_told_takes_the_timer_in_time_and_wakes_once_a_level_at_the_most(
        [ValueSource(nameof(Edges))] long startUs)
    {
        foreach (long afterUs in Edges)
        {
            TimingWheel wheel = At(startUs);
            long dueUs = startUs + afterUs;
            wheel.Arm(0, dueUs);
            int wakes = 0;
            long nowUs = startUs;
            while (wheel.TryTake(nowUs) != 0)
            {
                wakes++;
                Assert.That(wheel.NextUs, Is.GreaterThan(nowUs), "or it would not sleep");
                nowUs = wheel.NextUs;
            }

            Assert.That(nowUs, Is.EqualTo(dueUs));
            Assert.That(wakes, Is.LessThanOrEqualTo(Levels + (afterUs / RangeUs) + 1));
        }
    }

    [Test]
    public void One_jump_of_the_clock_takes_all_that_is_due_in_order_whatever_the_distance()
    {
        TimingWheel wheel = At(0, timers: Edges.Length);
        int[] shuffled = [.. Enumerable.Range(0, Edges.Length)];
        new Random(1).Shuffle(shuffled);
        foreach (int timer in shuffled)
        {
            wheel.Arm(timer, Edges[timer]);
        }

        Assert.That(Drain(wheel, 1L << 51), Is.EqualTo(Enumerable.Range(0, Edges.Length).OrderBy(timer => Edges[timer])));
        Assert.That(wheel.NextUs, Is.EqualTo(long.MaxValue));
    }

    [Test]
    public void Timers_of_one_microsecond_are_taken_in_the_order_in_which_they_were_armed_whenever_that_was()
    {
        TimingWheel wheel = At(0, timers: 4);
        const long DueUs = RangeUs + 70_000;
        wheel.Arm(2, DueUs);
        wheel.TryTake(RangeUs - 10);
        wheel.Arm(0, DueUs);
        wheel.TryTake(RangeUs + 69_000);
        wheel.Arm(3, DueUs);
        wheel.TryTake(DueUs - 1);
        wheel.Arm(1, DueUs);

        Assert.That(Drain(wheel, DueUs), Is.EqualTo(new[] { 2, 0, 3, 1 }));
    }

    [TestCase(0)]
    [TestCase(-1)]
    [TestCase(-1000)]
    [TestCase(long.MinValue)]
    public void What_is_past_is_taken_at_once_behind_what_is_due_now(long dueUs)
    {
        TimingWheel wheel = At(5000);
        wheel.Arm(1, 5000);
        wheel.Arm(0, dueUs);

        Assert.That(wheel.NextUs, Is.EqualTo(5000));
        Assert.That(Drain(wheel, 5000), Is.EqualTo(new[] { 1, 0 }));
    }

    [Test]
    public void A_clock_that_stands_still_or_goes_back_takes_nothing_early_and_loses_nothing()
    {
        TimingWheel wheel = At(5000);
        wheel.Arm(0, 5001);
        for (int count = 0; count < 1000; count++)
        {
            Assert.That(wheel.TryTake(5000), Is.EqualTo(-1));
            Assert.That(wheel.TryTake(5000 - count), Is.EqualTo(-1));
        }

        Assert.That(wheel.TryTake(long.MinValue), Is.EqualTo(-1));
        Assert.That(wheel.TryTake(5001), Is.Zero);
    }

    [Test]
    public void The_last_microsecond_of_the_clock_can_be_waited_for()
    {
        TimingWheel wheel = At(0);
        wheel.Arm(0, long.MaxValue);
        wheel.Arm(1, long.MaxValue - RangeUs);

        Assert.That(wheel.TryTake(long.MaxValue - 1), Is.EqualTo(1));
        Assert.That(wheel.TryTake(long.MaxValue - 1), Is.EqualTo(-1));
        Assert.That(wheel.NextUs, Is.EqualTo(long.MaxValue));
        Assert.That(wheel.IsArmed(0), Is.True);
        Assert.That(wheel.TryTake(long.MaxValue), Is.Zero);
    }

    [Test]
    public void Every_one_of_a_slot_can_be_cancelled_and_the_others_stay_in_order([Range(0, 4)] int cancelled)
    {
        foreach (long dueUs in Edges)
        {
            TimingWheel wheel = At(0, timers: 5);
            for (int timer = 0; timer < 5; timer++)
            {
                wheel.Arm(timer, dueUs);
            }

            wheel.Cancel(cancelled);
            wheel.Cancel(cancelled);
            Assert.That(wheel.IsArmed(cancelled), Is.False);
            Assert.That(Drain(wheel, dueUs), Is.EqualTo(Enumerable.Range(0, 5).Where(timer => timer != cancelled)));
        }
    }

    [Test]
    public void A_timer_that_is_cancelled_leaves_nothing_to_wait_for([ValueSource(nameof(Edges))] long dueUs)
    {
        TimingWheel wheel = At(0);
        wheel.Arm(0, dueUs);
        wheel.Cancel(0);

        Assert.That(wheel.NextUs, Is.EqualTo(long.MaxValue));
        Assert.That(wheel.TryTake(1L << 60), Is.EqualTo(-1));
    }

    [Test]
    public void A_timer_armed_anew_is_due_once_at_its_new_time()
    {
        TimingWheel wheel = At(0);
        wheel.Arm(0, 100);
        wheel.Arm(0, 100_000);
        Assert.That(wheel.TryTake(99_999), Is.EqualTo(-1));
        wheel.Arm(0, 200_000);
        wheel.Arm(0, 150_000);

        Assert.That(Drain(wheel, 149_999), Is.Empty);
        Assert.That(Drain(wheel, 1L << 40), Is.EqualTo(new[] { 0 }));
    }

    [Test]
    public void Every_due_time_of_five_thousand_in_a_row_is_kept_to_the_microsecond()
    {
        const int Count = 5000;
        TimingWheel wheel = At(4096 - 100, timers: Count);
        for (int timer = 0; timer < Count; timer++)
        {
            wheel.Arm(timer, 4096 - 100 + (timer * 7919 % Count));
        }

        for (int us = 0; us < Count; us++)
        {
            int timer = wheel.TryTake(4096 - 100 + us);
            Assert.That(timer * 7919 % Count, Is.EqualTo(us));
            Assert.That(wheel.TryTake(4096 - 100 + us), Is.EqualTo(-1));
        }
    }

    [Test]
    public void Nothing_is_allocated_after_construction()
    {
        TimingWheel wheel = At(0, timers: 1000);
        int taken = 0;
        int times = 0;
        long allocated = Allocations.Of(() => taken += Exercise(wheel, (long)times++ << 45));

        Assert.That(allocated, Is.Zero);
        Assert.That(taken, Is.EqualTo(times * 1000));
    }

    private static int Exercise(TimingWheel wheel, long startUs)
    {
        for (int timer = 0; timer < 1000; timer++)
        {
            wheel.Arm(timer, startUs + (1L << (timer % 42)));
        }

        int taken = 0;
        for (int bit = 0; bit < 42; bit++)
        {
            while (wheel.TryTake(startUs + (1L << bit)) >= 0)
            {
                taken++;
            }
        }

        return taken;
    }

    private static TimingWheel At(long startUs, int timers = 2)
    {
        var wheel = new TimingWheel(timers);
        Assert.That(wheel.TryTake(startUs), Is.EqualTo(-1));
        return wheel;
    }

    private static List<int> Drain(TimingWheel wheel, long nowUs)
    {
        var taken = new List<int>();
        for (int timer = wheel.TryTake(nowUs); timer >= 0; timer = wheel.TryTake(nowUs))
        {
            taken.Add(timer);
        }

        return taken;
    }
}
