// The event loop: who is called, in which order, and that it sleeps when nothing is to do.
using System;
using System.Collections.Generic;
using System.Threading;
using NUnit.Framework;
using SmartNicFw.Emulator.Loop;

namespace SmartNicFw.Tests.VfioUser;

public sealed unsafe class ControllerLoopTests
{
    [Test]
    public void While_the_board_has_work_it_is_stepped_and_sources_are_polled_between_steps()
    {
        int steps = 0;
        using var source = new Knocker();
        using var loop = new ControllerLoop(() => ++steps < 1000);
        source.Watch(loop, _ =>
        {
            Assert.That(steps, Is.LessThan(100), "heard within a few steps");
            source.Silence();
        });
        source.Knock();
        var timer = new LoopTimer(loop, loop.Stop);
        timer.Arm(TimeSpan.FromMilliseconds(50));
        loop.Run();
        Assert.That(source.Calls, Is.EqualTo(1));
        Assert.That(steps, Is.InRange(1000, 1002), "then it sleeps, and each waking is followed by a step");
        Assert.That(loop.Sleeps, Is.InRange(1, 3));
    }

    [Test]
    public void It_sleeps_until_it_is_stopped_from_another_thread()
    {
        using var loop = new ControllerLoop(() => false);
        var thread = new Thread(loop.Run);
        thread.Start();
        Thread.Sleep(50);
        Assert.That(thread.IsAlive, Is.True);
        loop.Stop();
        Assert.That(thread.Join(TimeSpan.FromSeconds(10)), Is.True);
        Assert.That(loop.IsStopped, Is.True);
        Assert.That(loop.Sleeps, Is.EqualTo(1));
        loop.Run();
    }

    [Test]
    public void Timers_fire_once_in_their_time_and_not_when_disarmed_or_moved()
    {
        using var loop = new ControllerLoop(() => false);
        var fired = new List<string>();
        LoopTimer? again = null;
        int rounds = 0;
        var late = new LoopTimer(loop, () => fired.Add("late"));
        var early = new LoopTimer(loop, () => fired.Add("early"));
        var never = new LoopTimer(loop, () => fired.Add("never"));
        var moved = new LoopTimer(loop, () => fired.Add("moved"));
        var end = new LoopTimer(loop, loop.Stop);
        again = new LoopTimer(loop, () =>
        {
            if (++rounds < 100)
                again!.Arm(TimeSpan.FromMicroseconds(100));
        });
        late.Arm(TimeSpan.FromMilliseconds(60));
        never.Arm(TimeSpan.FromMilliseconds(1));
        moved.Arm(TimeSpan.FromMilliseconds(1));
        early.Arm(TimeSpan.FromMilliseconds(20));
        end.Arm(TimeSpan.FromMilliseconds(150));
        again.Arm(TimeSpan.FromTicks(1));
        never.Disarm();
        moved.Arm(TimeSpan.FromMilliseconds(100));
        loop.Run();
        Assert.That(fired, Is.EqualTo(new[] { "early", "late", "moved" }));
        Assert.That(rounds, Is.EqualTo(100));
        Assert.That(again.IsArmed || early.IsArmed || never.IsArmed || end.IsArmed, Is.False);
    }

    [Test]
    public void A_source_that_another_removed_in_the_same_poll_is_not_called_nor_is_who_took_its_place()
    {
        using var loop = new ControllerLoop(() => false);
        using var first = new Knocker();
        using var second = new Knocker();
        using var third = new Knocker();
        void RemoveOther(Knocker other)
        {
            other.Registration!.Remove();
            third.Watch(loop, _ => { });
        }

        first.Watch(loop, _ => RemoveOther(second));
        second.Watch(loop, _ => RemoveOther(first));
        first.Knock();
        second.Knock();
        loop.Poll(wait: true);
        Assert.That(first.Calls + second.Calls, Is.EqualTo(1));
        Assert.That(third.Calls, Is.Zero);
        Assert.That(loop.SourceCount, Is.EqualTo(2));
    }

    [Test]
    public void A_source_that_asks_to_be_called_again_is_called_before_the_loop_sleeps()
    {
        using var loop = new ControllerLoop(() => false);
        using var source = new Knocker();
        var events = new List<LoopEvents>();
        source.Watch(loop, seen =>
        {
            events.Add(seen);
            source.Silence();
            if (events.Count < 3)
            {
                source.Registration!.CallAgain();
                source.Registration.CallAgain();
            }
        });
        source.Knock();
        for (int poll = 0; poll < 2; poll++)
            loop.Poll(wait: true);
        Assert.That(events, Is.EqualTo(new[] { LoopEvents.Readable, LoopEvents.None, LoopEvents.None }));
        loop.Poll(wait: false);
        Assert.That(source.Calls, Is.EqualTo(3));
    }

    [Test]
    public void What_a_source_waits_for_can_be_changed()
    {
        using var loop = new ControllerLoop(() => false);
        using var source = new Knocker();
        source.Watch(loop, _ => { });
        source.Knock();
        source.Registration!.Await(LoopEvents.None);
        loop.Poll(wait: false);
        Assert.That(source.Calls, Is.Zero);
        source.Registration.Await(LoopEvents.Writable);
        loop.Poll(wait: true);
        Assert.That(source.Last, Is.EqualTo(LoopEvents.Writable));
        source.Registration.Await(LoopEvents.Readable | LoopEvents.Writable);
        loop.Poll(wait: true);
        Assert.That(source.Last, Is.EqualTo(LoopEvents.Readable | LoopEvents.Writable));
    }

    private sealed class Knocker : ILoopSource, IDisposable
    {
        private readonly int _eventfd = RawSystem.Eventfd();
        private Action<LoopEvents>? _action;

        public LoopRegistration? Registration { get; private set; }

        public int Calls { get; private set; }

        public LoopEvents Last { get; private set; }

        public void Watch(ControllerLoop loop, Action<LoopEvents> action)
        {
            _action = action;
            Registration = loop.Add(_eventfd, this, LoopEvents.Readable);
        }

        public void Knock()
        {
            ulong one = 1;
            _ = RawSystem.Write(_eventfd, &one, 8);
        }

        public void Silence() => RawSystem.ReadEventfd(_eventfd);

        public void Ready(LoopEvents events)
        {
            Calls++;
            Last = events;
            _action!(events);
        }

        public void Dispose() => _ = RawSystem.Close(_eventfd);
    }
}
