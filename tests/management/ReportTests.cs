// What was counted and what happened, by the management protocol: statistics, events, health; over port and window.
using System;
using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Firmware;
using SmartNicFw.Firmware.Management;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;
using static SmartNicFw.Tests.Fakes.DataPathUnderTest;
using static SmartNicFw.Tests.Management.ManagementLab;

namespace SmartNicFw.Tests.Management;

[TestFixture(Port)]
[TestFixture(0)]
public sealed class ReportTests(int way)
{
    [Test]
    public void Counters_of_a_function_stand_in_their_places()
    {
        var nic = new DataPathUnderTest();
        var lab = new ManagementLab(nic);
        nic.Ports.Counter = (function, counter) => 0x1_0000_0000UL + (ulong)((100 * function) + counter);
        Counters counters = nic.Firmware.DataPath.Counters;
        uint[][] own =
        [
            counters.Turns, counters.Interrupts, counters.DeferredInterrupts, counters.LimitedInterrupts, counters.UnwantedInterrupts,
            counters.Notifications, counters.Broken, counters.DmaFaults, counters.DeniedCommands,
        ];
        for (uint counter = 0; counter < own.Length; counter++)
        {
            own[counter][2] = 0xFFFF_FFF0 + counter;
        }

        Answer statistics = lab.Ask(way, ManagementOpcode.FunctionStatistics, 2, 0);

        Assert.That(statistics.Payload, Is.EqualTo(Fields(
            2, 0, 0u, Enumerable.Range(0, 12).SelectMany(counter => BitConverter.GetBytes(0x1_0000_00C8UL + (ulong)counter)).ToArray(),
            Enumerable.Range(0, 9).SelectMany(counter => BitConverter.GetBytes(0xFFFF_FFF0UL + (ulong)counter)).ToArray())));
    }

    [Test]
    public void Counters_of_a_queue_stand_in_their_places_with_what_the_queue_is()
    {
        var nic = new DataPathUnderTest();
        var lab = new ManagementLab(nic);
        nic.Bring(Vf0);
        int control = nic.State.ControlQueue(Vf0);
        foreach ((int queue, int flags) in new[] { (0, 1), (1, 3), (3, 3), (control, 5) })
        {
            nic.State.Notifications[nic.State.IndexOf(Vf0, queue)] = 0x1_0000_0000;
            nic.State.Interrupts[nic.State.IndexOf(Vf0, queue)] = 0x2_0000_0000;
            for (int counter = 0; counter < QueueCounter.Count; counter++)
            {
                nic.Engine.Counters[(Vf0, queue, counter)] = 0x5_0000_0000UL + (ulong)((10 * queue) + counter);
            }

            Answer statistics = lab.Ask(way, ManagementOpcode.QueueStatistics, Vf0, queue);
            Assert.That(statistics.Payload, Is.EqualTo(Fields(
                Vf0, queue, flags, 0xFFFF, 0x1_0000_0000UL, Count(QueueCounter.Frames), Count(QueueCounter.Bytes), 0x2_0000_0000UL,
                Count(QueueCounter.Dropped), Count(QueueCounter.DroppedNoBuffer), Count(QueueCounter.DroppedMalformed))), $"queue {queue}");

            ulong Count(int counter) => nic.Engine.ReadQueue(Vf0, queue, counter);
        }

        Assert.That(lab.Ask(way, ManagementOpcode.SetAttribute, Pf, ManagementAttributeKind.Adaptive, 0u, 1UL).Status, Is.Zero);
        Answer idle = lab.Ask(way, ManagementOpcode.QueueStatistics, Pf, 8);
        Assert.That((idle.Status, idle.U16(4)), Is.EqualTo((0, 0)), "of a function without a driver all queues are there, and none runs");
    }

    [Test]
    public void Where_adaptive_moderation_stands_with_a_queue_is_told()
    {
        var nic = new DataPathUnderTest();
        var lab = new ManagementLab(nic);
        nic.Bring(Vf0);
        Assert.That(lab.Ask(Port, ManagementOpcode.SetAttribute, Vf0, ManagementAttributeKind.Adaptive, 0u, 1UL).Status, Is.Zero);
        Assert.That(
            lab.Ask(way, ManagementOpcode.QueueStatistics, Vf0, 0).U16(6), Is.EqualTo(nic.Firmware.DataPath.Interrupts.Level(Vf0, 0)));
    }

    [TestCase(ManagementOpcode.FunctionStatistics, 9, 0, ManagementReason.NoSuchFunction)]
    [TestCase(ManagementOpcode.FunctionStatistics, 0xFFFF, 0, ManagementReason.NoSuchFunction)]
    [TestCase(ManagementOpcode.FunctionStatistics, 0, 1, ManagementReason.ReservedNotZero)]
    [TestCase(ManagementOpcode.QueueStatistics, 9, 0, ManagementReason.NoSuchFunction)]
    [TestCase(ManagementOpcode.QueueStatistics, 0xFFFF, 0, ManagementReason.NoSuchFunction)]
    [TestCase(ManagementOpcode.QueueStatistics, 1, 5, ManagementReason.NoSuchQueue)]
    [TestCase(ManagementOpcode.QueueStatistics, 0, 9, ManagementReason.NoSuchQueue)]
    [TestCase(ManagementOpcode.QueueStatistics, 0, 0xFFFF, ManagementReason.NoSuchQueue)]
    [TestCase(ManagementOpcode.Health, 9, 0, ManagementReason.NoSuchFunction)]
    [TestCase(ManagementOpcode.Health, 0xFFFE, 0, ManagementReason.NoSuchFunction)]
    [TestCase(ManagementOpcode.Health, 0xFFFF, 1, ManagementReason.ReservedNotZero)]
    [TestCase(ManagementOpcode.Health, 1, 0x100, ManagementReason.ReservedNotZero)]
    public void What_is_not_there_is_refused_with_its_reason(int opcode, int function, int second, int reason)
    {
        var lab = new ManagementLab(new DataPathUnderTest());
        Answer refusal = lab.Ask(way, opcode, function, second);
        Assert.That((refusal.Status, refusal.Reason), Is.EqualTo((ManagementStatus.BadArgument, reason)));
    }

    [Test]
    public void Events_are_read_from_any_number_on_with_what_they_say()
    {
        var nic = new DataPathUnderTest();
        var lab = new ManagementLab(nic);
        nic.Clock.Advance(1000);
        nic.Firmware.DataPath.Events.Add(3, 77, 0xABCD);
        nic.Clock.Advance(5);
        nic.Firmware.DataPath.Events.Add(4, 78, 9);
        nic.Clock.Advance(5);
        nic.Firmware.DataPath.Events.Add(3, 77, 0xBCDE);

        Answer events = lab.Ask(way, ManagementOpcode.Events, 1u, 0, 0);

        Assert.That(events.Payload, Is.EqualTo(Fields(
            1u, 3u, 0u, 2, 32, (ulong)(nic.Clock.NowUs - 10), 3, 77, 0xBCDEu, (ulong)nic.Clock.NowUs, 2u, 0u,
            (ulong)(nic.Clock.NowUs - 5), 4, 78, 9u, (ulong)(nic.Clock.NowUs - 5), 1u, 0u)));
        Assert.That(First(lab.Ask(way, ManagementOpcode.Events, 3u, 0, 0)), Is.EqualTo((3u, 3u, 0u, 0)), "none is missing");
        Assert.That(First(lab.Ask(way, ManagementOpcode.Events, 0u, 1, 0)), Is.EqualTo((0u, 3u, 0u, 1)));
        Assert.That(First(lab.Ask(way, ManagementOpcode.Events, 4u, 0, 0)), Is.EqualTo((0u, 3u, 0u, 3)), "started anew since");
        Assert.That(First(lab.Ask(way, ManagementOpcode.Events, 0xFFFF_FFFFu, 0, 0)), Is.EqualTo((0u, 3u, 0u, 3)));
        Answer refusal = lab.Ask(way, ManagementOpcode.Events, 0u, 0, 1);
        Assert.That((refusal.Status, refusal.Reason), Is.EqualTo((ManagementStatus.BadArgument, ManagementReason.ReservedNotZero)));
    }

    [Test]
    public void Of_many_events_the_oldest_are_lost_and_the_numbers_say_so()
    {
        var nic = new DataPathUnderTest(vfs: 0);
        var lab = new ManagementLab(nic);
        for (int happened = 0; happened < 100; happened++)
        {
            nic.Firmware.DataPath.Events.Add(happened % 9, 100 + (happened / 9), (uint)happened);
        }

        Answer first = lab.Ask(way, ManagementOpcode.Events, 0u, 0, 0);
        Assert.That(First(first), Is.EqualTo((36u, 100u, 36u, 30)), "more than was asked for");
        Answer second = lab.Ask(way, ManagementOpcode.Events, 66u, 0, 0);
        Answer third = lab.Ask(way, ManagementOpcode.Events, 96u, 0, 0);
        Assert.That((First(second), First(third)), Is.EqualTo(((66u, 100u, 36u, 30), (96u, 100u, 36u, 4))));
        uint[] details = [.. new[] { first, second, third }.SelectMany(Details)];
        Assert.That(details, Is.EqualTo(Enumerable.Range(36, 64).Select(number => (uint)number)));
    }

    [Test]
    public void What_happens_again_counts_up_until_it_is_read_and_no_function_takes_more_places_than_kinds()
    {
        var nic = new DataPathUnderTest(vfs: 0);
        var lab = new ManagementLab(nic);
        EventRing ring = nic.Firmware.DataPath.Events;
        ring.Add(5, 50, 0);
        for (int happened = 0; happened < 1000; happened++)
        {
            ring.Add(1, 1 + (happened % 7), (uint)happened);
        }

        Assert.That((ring.Count, ring.Lost), Is.EqualTo((8, 0u)));
        Answer events = lab.Ask(way, ManagementOpcode.Events, 0u, 3, 0);
        Assert.That(Times(events), Is.EqualTo(new uint[] { 1, 143, 143 }));
        ring.Add(1, 1, 0);
        ring.Add(1, 4, 0);
        Answer again = lab.Ask(way, ManagementOpcode.Events, 0u, 0, 0);
        Assert.That(Times(again), Is.EqualTo(new uint[] { 1, 143, 143, 143, 144, 143, 143, 142, 1 }), "what was read is another event");
        ring.Add(1, 4, 0);
        Assert.That(Times(lab.Ask(way, ManagementOpcode.Events, 9u, 0, 0)), Is.EqualTo(new uint[] { 1 }));
    }

    [Test]
    public void What_a_window_of_another_PF_reads_counts_as_unread()
    {
        var lab = new ManagementLab(new EndpointConfiguration { PhysicalFunctions = 2, TotalVFs = 4 });
        EventRing ring = lab.Firmware.DataPath.Events;
        ring.Add(1, 50, 0);
        lab.Ask(1, ManagementOpcode.Events, 0u, 0, 0);
        ring.Add(1, 50, 0);
        Assert.That(ring.Count, Is.EqualTo(1));
        lab.Ask(way, ManagementOpcode.Events, 0u, 0, 0);
        ring.Add(1, 50, 0);
        Assert.That(ring.Count, Is.EqualTo(2));
    }

    [Test]
    public void Numbers_of_events_wrap()
    {
        var ring = new EventRing(new Emulator.Timing.VirtualClock());
        Assert.That(Enumerable.Range(0, 5).Select(number => ring.Position((uint)number)), Is.All.Zero, "there is none");
        for (int happened = 0; happened < 70; happened++)
        {
            ring.Add(happened, 1, 0);
        }

        Assert.That((ring.Position(5), ring.Position(6), ring.Position(7), ring.Position(70), ring.Position(71)), Is.EqualTo((0, 0, 1, 64, 0)));
        Assert.That((ring.Function(0), ring.Function(63)), Is.EqualTo((6, 69)));
    }

    [Test]
    public void What_happens_is_recorded_once_each_with_function_and_time()
    {
        var nic = new DataPathUnderTest();
        var lab = new ManagementLab(nic);
        nic.Bring(Vf0);
        EventRing ring = nic.Firmware.DataPath.Events;
        ring.MarkRead(ring.Next);
        uint next = ring.Next;
        nic.Clock.Advance(10);
        nic.Engine.Report(QueueEventKind.Broken, Vf0, 1);
        nic.Step();
        nic.InitiateFlr(Vf0);
        nic.Settle();
        nic.Ports.IsLinkUp = false;
        nic.Step();
        nic.Ports.IsLinkUp = true;
        nic.Step();
        nic.ConfigWrite(Pf, nic.Offsets(Pf).Sriov + SriovCapability.ControlOffset, 0, 2);
        lab.Ask(way, ManagementOpcode.SetAttribute, Vf1, ManagementAttributeKind.Weight, 0u, 7UL);
        lab.Ask(way, ManagementOpcode.SetNumVFs, 0, 3);

        Answer events = lab.Ask(way, ManagementOpcode.Events, next, 0, 0);

        (int, int, uint)[] expected =
        [
            (Vf0, ManagementEventKind.DeviceBroken, 0), (Vf0, ManagementEventKind.FunctionReset, 0), (0xFFFF, ManagementEventKind.LinkDown, 0),
            (0xFFFF, ManagementEventKind.LinkUp, 0), (Pf, ManagementEventKind.VFsChanged, 0),
            (Vf1, ManagementEventKind.PolicyChanged, ManagementAttributeKind.Weight),
            (way == Port ? 0xFFFF : 0, ManagementEventKind.RequestDenied, ManagementOpcode.SetNumVFs),
        ];
        Assert.That(
            Enumerable.Range(0, events.U16(12)).Select(entry => 16 + (32 * entry)).Select(at => (events.U16(at + 8), events.U16(at + 10), events.U32(at + 12))),
            Is.EqualTo(expected));
    }

    [Test]
    public void Item_20_a_command_of_a_driver_that_policy_forbids_is_denied_counted_and_recorded_and_no_other_is()
    {
        var nic = new DataPathUnderTest();
        var lab = new ManagementLab(nic);
        nic.Bring(Vf0);
        uint next = lab.Ask(way, ManagementOpcode.Events, 0u, 0, 0).U32(4);
        Assert.That(nic.Command(Vf0, [0, 0, 1]), Is.EqualTo(new byte[] { 1 }), "VIRTIO_NET_CTRL_RX_PROMISC, of one that is not trusted");
        Assert.That(nic.Command(Vf0, [0, 99, 1]), Is.EqualTo(new byte[] { 1 }), "no command at all");
        Answer events = lab.Ask(way, ManagementOpcode.Events, next, 0, 0);
        Assert.That(
            (events.U16(12), events.U16(16 + 8), events.U16(16 + 10), events.U32(16 + 12), events.U32(16 + 0x18)),
            Is.EqualTo((1, Vf0, ManagementEventKind.RequestDenied, 0x10000u, 1u)));
        Assert.That(lab.Ask(way, ManagementOpcode.FunctionStatistics, Vf0, 0).U64(0xA8), Is.EqualTo(1));
    }

    [Test]
    public void A_function_that_its_driver_breaks_is_ill_until_its_reset_and_the_endpoint_with_it()
    {
        var nic = new DataPathUnderTest();
        var lab = new ManagementLab(nic);
        nic.Bring(Vf0);
        nic.Bring(Vf1);
        Assert.That((Health(lab, Vf0), Health(lab, 0xFFFF)), Is.EqualTo(((0, 0u, 0L), (0, 0u, 0L))));
        nic.Clock.Advance(500);
        long brokenUs = nic.Clock.NowUs;
        nic.Engine.Report(QueueEventKind.Broken, Vf0, 1);
        nic.Step();
        nic.Clock.Advance(500);
        Assert.That(Health(lab, Vf0), Is.EqualTo((ManagementHealth.Failed, ManagementHealth.ReasonsNeedsResetMask, brokenUs)));
        Assert.That(Health(lab, 0xFFFF), Is.EqualTo((ManagementHealth.Degraded, ManagementHealth.ReasonsFunctionMask, brokenUs)));
        Assert.That(Health(lab, Vf1), Is.EqualTo((0, 0u, 0L)));
        nic.Status(Vf0, 0);
        Assert.That(Health(lab, Vf0), Is.EqualTo((0, 0u, nic.Clock.NowUs)));
        Assert.That(Health(lab, 0xFFFF), Is.EqualTo((0, 0u, nic.Clock.NowUs)));
    }

    [Test]
    public void Faults_of_DMA_stay_a_reason_until_the_function_is_reset_by_PCI()
    {
        var nic = new DataPathUnderTest();
        var lab = new ManagementLab(nic);
        nic.Bring(Vf0);
        nic.Notify(Vf0, 1);
        nic.Step();
        nic.Engine.Fault(Vf0, 1, DmaFault.PoisonedCompletion);
        nic.Step();
        Assert.That(Health(lab, Vf0).Reasons, Is.EqualTo(ManagementHealth.ReasonsNeedsResetMask | ManagementHealth.ReasonsDmaFaultMask));
        nic.Bring(Vf0);
        Assert.That(
            (Health(lab, Vf0).State, Health(lab, Vf0).Reasons),
            Is.EqualTo((ManagementHealth.Degraded, ManagementHealth.ReasonsDmaFaultMask)), "it works again, and was reset by nobody but its driver");
        nic.InitiateFlr(Vf0);
        nic.Settle();
        Assert.That(Health(lab, Vf0).Reasons, Is.Zero);
    }

    [Test]
    public void A_drain_that_was_cut_short_is_a_reason_until_the_next_reset()
    {
        var nic = new DataPathUnderTest();
        var lab = new ManagementLab(nic);
        nic.Bring(Vf0);
        nic.Notify(Vf0, 1);
        nic.Step();
        nic.InitiateFlr(Vf0);
        nic.Clock.Advance(20_000);
        nic.Settle();
        Assert.That((Health(lab, Vf0).State, Health(lab, Vf0).Reasons), Is.EqualTo((ManagementHealth.Degraded, ManagementHealth.ReasonsDrainCutShortMask)));
        Assert.That(Health(lab, 0xFFFF).Reasons, Is.EqualTo(ManagementHealth.ReasonsFunctionMask));
        nic.InitiateFlr(Vf0);
        nic.Settle();
        Assert.That((Health(lab, Vf0).Reasons, Health(lab, 0xFFFF).Reasons), Is.EqualTo((0u, 0u)));
    }

    [Test]
    public void A_link_that_is_down_is_the_endpoint_s_and_no_function_s()
    {
        var nic = new DataPathUnderTest();
        var lab = new ManagementLab(nic);
        nic.Ports.IsLinkUp = false;
        nic.Step();
        Assert.That(Health(lab, 0xFFFF), Is.EqualTo((ManagementHealth.Degraded, ManagementHealth.ReasonsLinkDownMask, nic.Clock.NowUs)));
        Assert.That(Health(lab, Vf0).State, Is.Zero);
        nic.Ports.IsLinkUp = true;
        nic.Step();
        Assert.That(Health(lab, 0xFFFF).State, Is.Zero);
    }

    [Test]
    public void VFs_that_are_disabled_are_ill_no_more()
    {
        var nic = new DataPathUnderTest();
        var lab = new ManagementLab(nic);
        nic.Bring(Vf0);
        nic.Bring(Vf1);
        nic.Engine.Report(QueueEventKind.Broken, Vf0, 1);
        nic.Engine.Report(QueueEventKind.Broken, Vf1, 1);
        nic.Step();
        Assert.That(Health(lab, 0xFFFF).State, Is.EqualTo(ManagementHealth.Degraded));
        nic.ConfigWrite(Pf, nic.Offsets(Pf).Sriov + SriovCapability.ControlOffset, 0, 2);
        Assert.That((Health(lab, Vf0).State, Health(lab, Vf1).State, Health(lab, 0xFFFF).State), Is.EqualTo((0, 0, 0)));
    }

    private static (uint First, uint Next, uint Lost, int Count) First(Answer events) =>
        (events.U32(0), events.U32(4), events.U32(8), events.U16(12));

    private static IEnumerable<uint> Details(Answer events) => Enumerable.Range(0, events.U16(12)).Select(entry => events.U32(16 + (32 * entry) + 12));

    private static uint[] Times(Answer events) => [.. Enumerable.Range(0, events.U16(12)).Select(entry => events.U32(16 + (32 * entry) + 0x18))];

    private (int State, uint Reasons, long SinceUs) Health(ManagementLab lab, int function)
    {
        Answer health = lab.Ask(way, ManagementOpcode.Health, function, 0);
        Assert.That((health.Status, health.U16(0)), Is.EqualTo((0, function)));
        return (health.U16(2), health.U32(4), (long)health.U64(8));
    }
}
