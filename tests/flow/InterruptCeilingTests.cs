// The ceiling of interrupts a second: its bound, what waits and is not lost, and who is not touched by it.
using System;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Firmware.Interrupt;
using SmartNicFw.Firmware.Management;
using SmartNicFw.Firmware.Virtio;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;
using static SmartNicFw.Tests.Fakes.DataPathUnderTest;

namespace SmartNicFw.Tests.Flow;

public sealed class InterruptCeilingTests
{
    private const int PerSecond = 1000;

    // Microseconds between two interrupts at the ceiling.
    private const int ApartUs = 1_000_000 / PerSecond;

    [Test]
    public void A_ceiling_that_cannot_be_is_refused_with_the_reason()
    {
        InterruptPolicy policy = new DataPathUnderTest().Firmware.DataPath.Interrupts;
        Assert.That(policy.SetCeiling(-1, 1), Does.Contain("function"));
        Assert.That(policy.SetCeiling(9, 1), Does.Contain("function"));
        Assert.That(policy.SetCeiling(Vf0, -1), Does.Contain("ceiling"));
        Assert.That(policy.SetCeiling(Vf0, InterruptCeilings.MaxPerSecond + 1), Does.Contain("ceiling"));
        Assert.That(policy.Ceiling(Vf0), Is.Zero);
        Assert.That(policy.SetCeiling(Vf0, InterruptCeilings.MaxPerSecond), Is.Null);
        Assert.That(policy.Ceiling(Vf0), Is.EqualTo(InterruptCeilings.MaxPerSecond));
    }

    [Test]
    public void A_VF_that_causes_interrupts_without_end_has_rate_by_time_and_burst_and_its_neighbour_has_all()
    {
        DataPathUnderTest nic = Brought(Vf0, Vf1);
        nic.Clock.Advance(1_000_000);
        long start = nic.Clock.NowUs;
        for (int step = 0; step < 20_000; step++)
        {
            Use(nic, Vf0, step % 4);
            int before = Sent(nic, Vf1);
            Use(nic, Vf1, 0);
            Assert.That(Sent(nic, Vf1), Is.EqualTo(before + 1), "at once");
            nic.Clock.Advance(50);
        }

        long most = ((nic.Clock.NowUs - start) / ApartUs) + InterruptCeilings.Burst(PerSecond);
        Assert.That(Sent(nic, Vf0), Is.LessThanOrEqualTo(most).And.GreaterThanOrEqualTo(most - 1), "and no less than it may");
        int[] byQueue = [.. Enumerable.Range(0, 4).Select(queue => nic.Ports.Messages.Count(m => m.Function == Vf0 && m.Data == queue + 1))];
        Assert.That(byQueue.Max() - byQueue.Min(), Is.LessThanOrEqualTo(InterruptCeilings.MinBurst), "queues have their turns");
        Assert.That(nic.Firmware.DataPath.Counters.LimitedInterrupts[Vf0], Is.Positive);
        Assert.That(nic.Firmware.DataPath.Counters.LimitedInterrupts[Vf1], Is.Zero);
    }

    [Test]
    public void What_is_over_the_ceiling_comes_when_there_is_room_and_configuration_does_not_wait()
    {
        DataPathUnderTest nic = Empty();
        for (int queue = 0; queue < 4; queue++)
        {
            Use(nic, Vf0, queue);
            Use(nic, Vf0, queue);
        }

        Assert.That(Sent(nic, Vf0), Is.Zero);
        Assert.That(nic.Engine.Held, Has.Count.EqualTo(4));
        Assert.That(nic.Firmware.DataPath.Policy.SetMac(Vf0, 0x77_00_00_00_00_02), Is.EqualTo(HalStatus.Ok));
        nic.Step();
        int configuration = Sent(nic, Vf0);
        Assert.That(configuration, Is.EqualTo(1));
        for (int queue = 0; queue < 4; queue++)
        {
            nic.Clock.Advance(ApartUs - 1);
            nic.Step();
            Assert.That(Sent(nic, Vf0), Is.EqualTo(configuration + queue), "not before");
            nic.Clock.Advance(1);
            nic.Step();
            Assert.That(nic.Ports.Messages.Last().Data, Is.EqualTo(queue + 1), "in the order in which they came");
        }

        Assert.That(nic.Engine.Held, Is.Empty);
        Assert.That(nic.Firmware.NextTimerUs, Is.EqualTo(long.MaxValue));
    }

    [Test]
    public void Without_the_ceiling_all_that_waits_leaves_at_once()
    {
        DataPathUnderTest nic = Empty();
        Use(nic, Vf0, 0);
        Use(nic, Vf0, 3);
        Assert.That(nic.Firmware.DataPath.Interrupts.SetCeiling(Vf0, 0), Is.Null);
        Assert.That(Sent(nic, Vf0), Is.EqualTo(2));
        Assert.That(nic.Firmware.NextTimerUs, Is.EqualTo(long.MaxValue));
    }

    [Test]
    public void What_is_no_longer_wanted_costs_nothing_and_the_next_leaves_instead()
    {
        DataPathUnderTest nic = Empty();
        Use(nic, Vf0, 0);
        Use(nic, Vf0, 1);
        nic.Engine.Unwanting.Add((Vf0, 0));
        nic.Clock.Advance(ApartUs);
        nic.Step();
        Assert.That(nic.Ports.Messages.Select(m => m.Data), Is.EqualTo(new[] { 2 }));
        Assert.That(nic.Firmware.DataPath.Counters.UnwantedInterrupts[Vf0], Is.EqualTo(1));
    }

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(3)]
    public void A_queue_that_is_reset_waits_no_longer_and_the_others_do(int reset)
    {
        DataPathUnderTest nic = Empty();
        for (int queue = 0; queue < 4; queue++)
        {
            Use(nic, Vf0, queue);
        }

        nic.Select(Vf0, reset);
        nic.Common(Vf0, VirtioCommonConfig.QueueResetOffset, 2, 1);
        nic.Clock.Advance(ApartUs * 10);
        nic.Step();
        Assert.That(nic.Ports.Messages.Select(m => (int)m.Data - 1), Is.EqualTo(Enumerable.Range(0, 4).Where(queue => queue != reset)));
    }

    [Test]
    public void A_reset_gains_nothing_and_leaves_no_timer()
    {
        DataPathUnderTest nic = Empty();
        Use(nic, Vf0, 0);
        nic.Status(Vf0, 0);
        Assert.That(nic.Firmware.NextTimerUs, Is.EqualTo(long.MaxValue));
        nic.Bring(Vf0);
        Use(nic, Vf0, 0);
        Assert.That(Sent(nic, Vf0), Is.Zero);
    }

    [TestCase(true)]
    [TestCase(false)]
    public void Obstacles_at_the_time_of_firing_keep_it_pending_and_the_vector_is_that_of_then(bool isCoalesced)
    {
        DataPathUnderTest nic = isCoalesced ? Brought(Vf0) : Empty();
        nic.Command(Vf0, [6, 1, 100, 0, 0, 0, isCoalesced ? (byte)50 : (byte)0, 0, 0, 0]);
        nic.Ports.Messages.Clear();
        Use(nic, Vf0, 0);
        nic.Select(Vf0, 0);
        nic.Common(Vf0, VirtioCommonConfig.QueueMsixVectorOffset, 2, 4);
        nic.SetUpVector(Vf0, 4, isMasked: true);
        nic.ConfigWrite(Vf0, PciConfigHeader.CommandOffset, 0, 2);
        nic.Clock.Advance(2 * ApartUs);
        nic.Step();
        Assert.That(nic.Ports.Messages, Is.Empty);
        Assert.That(nic.Firmware.DataPath.Msix.IsPending(Vf0, 4), Is.True);
        nic.SetUpVector(Vf0, 4);
        Assert.That(nic.Ports.Messages, Is.Empty, "no bus master");
        nic.ConfigWrite(Vf0, PciConfigHeader.CommandOffset, PciConfigHeader.CommandBusMasterEnableMask, 2);
        nic.Step();
        Assert.That(nic.Ports.Messages.Count(m => m.Data == 4), Is.EqualTo(1));
    }

    [Test]
    public void Without_MSI_X_the_ISR_says_it_at_once()
    {
        DataPathUnderTest nic = Empty();
        nic.MessageControl(Vf0, 0);
        Use(nic, Vf0, 0);
        Assert.That(nic.State.Isr[Vf0] & VirtioIsr.Queue, Is.Not.Zero);
        Assert.That(nic.Firmware.NextTimerUs, Is.EqualTo(long.MaxValue));
    }

    [Test]
    public void A_clock_that_stands_still_lets_a_burst_pass_and_one_that_jumps_no_more()
    {
        DataPathUnderTest nic = Brought(Vf0);
        for (int round = 1; round <= 3; round++)
        {
            // One that waits is the first of the next burst.
            nic.Ports.Messages.Clear();
            nic.Clock.Advance(1L << 50);
            nic.Step();
            for (int use = 0; use < 1000; use++)
            {
                Use(nic, Vf0, 0);
            }

            Assert.That(Sent(nic, Vf0), Is.EqualTo(InterruptCeilings.Burst(PerSecond)));
        }
    }

    [Test]
    public void Ten_thousand_changes_of_parameters_and_ceilings_lose_nothing_and_gain_nothing()
    {
        DataPathUnderTest nic = Empty();
        Use(nic, Vf0, 0);
        for (int change = 0; change < 10_000; change++)
        {
            Assert.That(nic.Firmware.DataPath.Interrupts.SetCeiling(Vf0, 1 + (change % 2)), Is.Null);
            nic.Command(Vf0, [6, 1, (byte)(2 + change), 0, 0, 0, 200, 0, 0, 0]);
        }

        Assert.That(nic.Ports.Messages.Count(m => m.Data == 1), Is.Zero);
        nic.Clock.Advance(1_000_000);
        nic.Step();
        nic.Step();
        Assert.That(nic.Ports.Messages.Any(m => m.Data == 1), Is.True);
    }

    [Test]
    public void No_wanted_notification_is_lost_and_none_is_early_for_any_traffic_and_parameters()
    {
        Gen<(int What, int Queue, int Amount)> acts = Gen.Choose(0, 99).SelectMany(what => Gen.Choose(0, 3)
            .SelectMany(queue => Gen.Choose(1, 40).Select(amount => (what, queue, amount))));
        Prop.ForAll(acts.ArrayOf().ToArbitrary(), Holds).Check(Config.QuickThrowOnFailure.WithMaxTest(10_000).WithEndSize(40));
    }

    // Receive and transmit queues of one VF, with count and time of their own, under a ceiling, some no longer wanted when they are due,
    // against a plain account of each queue and of the ceiling.
    private static bool Holds((int What, int Queue, int Amount)[] acts)
    {
        NicForProperties.Value!.Reset();
        return NicForProperties.Value!.Run(acts);
    }

    private static readonly System.Threading.ThreadLocal<Account> NicForProperties = new(() => new Account());

    private sealed class Account
    {
        private readonly DataPathUnderTest _nic = Brought(Vf0);
        private readonly long[] _since = new long[4];
        private readonly int[] _frames = new int[4];
        private readonly int[] _packets = new int[4];
        private readonly int[] _usecs = new int[4];
        private readonly bool[] _wasDue = new bool[4];
        private readonly bool[] _wasHeld = new bool[4];

        // The ceiling, and millionths of interrupts that it lets pass.
        private int _ceiling;
        private long _room;
        private long _atUs;

        public void Reset()
        {
            _nic.Engine.Unwanting.Clear();
            _nic.Bring(Vf0);
            _ceiling = 0;
            Array.Clear(_frames);
            Array.Clear(_packets);
            Array.Clear(_usecs);
            Array.Clear(_wasDue);
            Array.Clear(_wasHeld);
            _nic.Firmware.DataPath.Interrupts.SetCeiling(Vf0, 0);
        }

        public bool Run((int What, int Queue, int Amount)[] acts)
        {
            foreach ((int what, int queue, int amount) in acts)
            {
                _nic.Ports.Messages.Clear();
                switch (what % 10)
                {
                    case 0:
                        // The last command decides; it judges what waits.
                        (_packets[queue], _usecs[queue]) = (amount / 4, amount * 20);
                        _nic.Command(Vf0, [6, 2, (byte)queue, 0, 0, 0, .. BitConverter.GetBytes(amount / 4), .. BitConverter.GetBytes(amount * 20)]);
                        break;
                    case 1:
                        // Too little traffic for any level: the adaptive mode changes nothing, least of all what the driver has set.
                        SetCeiling(amount < 20 ? 0 : amount * 100);
                        _nic.Firmware.DataPath.Interrupts.SetAdaptive(Vf0, amount % 2 == 0);
                        break;
                    case 2 or 3:
                        _nic.Clock.Advance(amount * 10);
                        _nic.Step();
                        break;
                    case 4:
                        // A microsecond before the next is due by time.
                        long nowUs = _nic.Clock.NowUs;
                        _nic.Clock.Advance(Enumerable.Range(0, 4).Where(each => _frames[each] > 0)
                            .Select(each => _since[each] + _usecs[each] - 1 - nowUs).Where(us => us > 0).DefaultIfEmpty(0).Min());
                        _nic.Step();
                        break;
                    case 5:
                        _ = amount % 3 == 0 ? _nic.Engine.Unwanting.Add((Vf0, queue)) : _nic.Engine.Unwanting.Remove((Vf0, queue));
                        break;
                    default:
                        int frames = 1 + (amount / 8);
                        _since[queue] = _frames[queue] == 0 ? _nic.Clock.NowUs : _since[queue];
                        _frames[queue] += frames;
                        _nic.Engine.Report(QueueEventKind.Used, Vf0, queue, frames: frames);
                        _nic.Step();
                        break;
                }

                if (!Judge())
                {
                    return false;
                }
            }

            // Whatever waits leaves in time: 800 us by time and four turns at the lowest ceiling, 2,000 a second.
            bool isRight = true;
            for (int step = 0; step < 8; step++)
            {
                _nic.Ports.Messages.Clear();
                _nic.Clock.Advance(800);
                _nic.Step();
                isRight &= Judge();
            }

            return isRight && _frames.All(frames => frames == 0) && _nic.Firmware.NextTimerUs == long.MaxValue;
        }

        private void SetCeiling(int perSecond)
        {
            Fill();
            _room = _ceiling == 0 ? 0 : _room;
            _ceiling = perSecond;
            Fill();
            _nic.Firmware.DataPath.Interrupts.SetCeiling(Vf0, perSecond);
        }

        private void Fill()
        {
            _room = Math.Min(_room + ((_nic.Clock.NowUs - _atUs) * _ceiling), InterruptCeilings.Burst(_ceiling) * 1_000_000L);
            _atUs = _nic.Clock.NowUs;
        }

        private bool Judge()
        {
            Fill();
            bool isRight = Enumerable.Range(0, 4).All(Judge);
            return isRight && (_ceiling == 0 || _room >= 0);
        }

        private bool Judge(int queue)
        {
            bool isHeld = _nic.Engine.Held.Contains((Vf0, queue));
            int sent = _nic.Ports.Messages.Count(m => m.Function == Vf0 && m.Data == queue + 1);
            bool isDue = _packets[queue] == 0 || _usecs[queue] == 0 || _frames[queue] >= _packets[queue]
                || _nic.Clock.NowUs - _since[queue] >= _usecs[queue];
            _room -= sent * 1_000_000L;
            if (sent == 0 && _frames[queue] > 0 && !isHeld)
            {
                _wasHeld[queue] = false;

                // It waits no longer: it was due, and not wanted.
                bool wasRight = (isDue || _wasDue[queue]) && _nic.Engine.Unwanting.Contains((Vf0, queue));
                _frames[queue] = 0;
                _wasDue[queue] = false;
                return wasRight;
            }

            if (sent == 0)
            {
                _wasHeld[queue] = isHeld;
                _wasDue[queue] |= _frames[queue] > 0 && isDue;

                // Without a ceiling nothing that is due waits.
                return _frames[queue] == 0 || !isDue || _nic.Firmware.DataPath.Interrupts.Ceiling(Vf0) != 0;
            }

            // One that waited for the ceiling since its count or time was met may have had its parameters changed meanwhile; one that
            // waited for any of them was still wanted.
            bool isWanted = !_wasHeld[queue] || !_nic.Engine.Unwanting.Contains((Vf0, queue));
            _wasHeld[queue] = isHeld;
            bool isRight = sent == 1 && _frames[queue] > 0 && !isHeld && isWanted && (isDue || _wasDue[queue]);
            _frames[queue] = 0;
            _wasDue[queue] = false;
            return isRight;
        }
    }

    private static DataPathUnderTest Brought(params int[] functions)
    {
        var nic = new DataPathUnderTest();
        foreach (int function in functions)
        {
            nic.Bring(function);
        }

        Assert.That(nic.Firmware.DataPath.Interrupts.SetCeiling(Vf0, PerSecond), Is.Null);
        nic.Clock.Advance(1_000_000);
        nic.Ports.Messages.Clear();
        return nic;
    }

    // VF 0 has had its burst.
    private static DataPathUnderTest Empty()
    {
        DataPathUnderTest nic = Brought(Vf0);
        for (int use = 0; use < InterruptCeilings.Burst(PerSecond); use++)
        {
            Use(nic, Vf0, 0);
        }

        Assert.That(Sent(nic, Vf0), Is.EqualTo(InterruptCeilings.Burst(PerSecond)));
        nic.Ports.Messages.Clear();
        return nic;
    }

    private static int Sent(DataPathUnderTest nic, int function) => nic.Ports.Messages.Count(m => m.Function == function);

    private static void Use(DataPathUnderTest nic, int function, int queue)
    {
        nic.Engine.Report(QueueEventKind.Used, function, queue);
        nic.Step();
    }
}
