// Queues of a function: their registers, and how doorbells become turns and messages.
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Firmware;
using SmartNicFw.Firmware.Arbitration;
using SmartNicFw.Firmware.Virtio;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;
using static SmartNicFw.Tests.Fakes.DataPathUnderTest;

namespace SmartNicFw.Tests.Flow;

public sealed class VirtioQueueTests
{
    [Test]
    public void A_doorbell_becomes_a_turn_and_used_buffers_become_the_queue_s_message()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Pf);
        nic.Notify(Pf, 1);
        nic.Step();
        Assert.That(nic.Engine.Turns, Is.EqualTo(new[] { (Pf, 1, TransmitScheduler.FramesPerTurn, TransmitScheduler.BytesPerTurn) }));

        nic.Engine.Report(QueueEventKind.Used, Pf, 1);
        nic.Engine.EndTurns();
        nic.Step();
        Assert.That(nic.Ports.Messages, Is.EqualTo(new[] { (Pf, Address(Pf), 2u) }));
        nic.Step();
        Assert.That(nic.Engine.Turns, Is.Empty, "the queue was found empty");
    }

    [Test]
    public void A_queue_with_more_stands_behind_the_others_and_a_doorbell_during_its_turn_is_not_lost()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Vf0);
        nic.Bring(Vf1);
        nic.Notify(Vf0, 1);
        nic.Step();
        nic.Notify(Vf0, 1);
        nic.Notify(Vf1, 1);
        nic.Engine.EndTurns();
        nic.Step();
        nic.Step();
        Assert.That(
            nic.Engine.Turns.Select(turn => turn.Function), Is.EqualTo(new[] { Vf1, Vf0 }),
            "the second doorbell came during the turn and leads to one more");
    }

    [Test]
    public void An_engine_without_room_keeps_the_queue_waiting()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Pf);
        nic.Engine.TurnStatus = HalStatus.Busy;
        nic.Notify(Pf, 1);
        nic.Step();
        Assert.That(nic.Engine.Turns, Is.Empty);
        nic.Engine.TurnStatus = HalStatus.Ok;
        nic.Step();
        Assert.That(nic.Engine.Turns, Has.Count.EqualTo(1));
    }

    [Test]
    public void The_wire_gets_one_turn_a_step_while_frames_wait()
    {
        var nic = new DataPathUnderTest();
        nic.Step();
        Assert.That(nic.Ports.PortTurns, Is.Zero);
        nic.Ports.HasReceived = true;
        nic.Step();
        nic.Step();
        Assert.That(nic.Ports.PortTurns, Is.EqualTo(1));
    }

    [Test]
    public void Hostile_08_a_flood_of_doorbells_is_one_turn_and_one_for_a_queue_not_there_is_counted()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Vf0);
        nic.Bring(Vf1);
        for (int ring = 0; ring < 1000; ring++)
        {
            nic.Notify(Vf0, 1);
        }

        nic.Ports.Ring(0, 0, 5);
        nic.Ports.Ring(0, 0, 1023);
        nic.Ports.Ring(0, 7, 0);
        nic.Ports.Ring(3, -1, 0);
        nic.Ports.Ring(-1, -5, -1);
        nic.Notify(Vf1, 1);
        long before = nic.Firmware.DataPath.Counters.StrayNotifications;
        for (int step = 0; step < 20; step++)
        {
            nic.Step();
        }

        Assert.That(nic.Engine.Turns.Select(turn => (turn.Function, turn.Queue)), Is.EqualTo(new[] { (Vf0, 1), (Vf1, 1) }));
        Assert.That(nic.Firmware.DataPath.Counters.StrayNotifications - before, Is.EqualTo(5));
    }

    [Test]
    public void Hostile_06_a_queue_that_is_not_there_reads_0_everywhere_and_takes_no_write()
    {
        var nic = new DataPathUnderTest();
        nic.Negotiate(Vf0, AllOffered);
        foreach (int queue in new[] { 0xFFFF, 5, 0x8000 })
        {
            nic.SetUpQueue(Vf0, queue);
            for (int offset = VirtioCommonConfig.QueueSizeOffset; offset < VirtioCommonConfig.QueueDescOffset; offset += 2)
            {
                Assert.That(nic.Common(Vf0, offset, 2), Is.Zero, $"queue {queue:x}, {offset:x2}");
            }

            for (int offset = VirtioCommonConfig.QueueDescOffset; offset < VirtioCommonConfig.QueueNotifConfigDataOffset; offset += 4)
            {
                Assert.That(nic.Common(Vf0, offset, 4), Is.Zero, $"queue {queue:x}, {offset:x2}");
            }

            nic.Common(Vf0, VirtioCommonConfig.QueueResetOffset, 2, 1);
            Assert.That(nic.Common(Vf0, VirtioCommonConfig.QueueResetOffset, 2), Is.Zero);
        }

        Assert.That(nic.Common(Vf0, VirtioCommonConfig.QueueSelectOffset, 2), Is.EqualTo(0x8000));
    }

    [Test]
    public void Hostile_09_a_queue_of_a_size_that_cannot_be_or_without_addresses_is_not_enabled(
        [Values(0, 3, 96, 512, 65535)] int size)
    {
        var nic = new DataPathUnderTest();
        nic.Negotiate(Pf, FeatureOffer.Version1);
        nic.SetUpQueue(Pf, 0, size);
        Assert.That(nic.Common(Pf, VirtioCommonConfig.QueueEnableOffset, 2), Is.Zero);
        Assert.That(nic.Common(Pf, VirtioCommonConfig.QueueSizeOffset, 2), Is.EqualTo(new EndpointConfiguration().MaxQueueSize), "0 or a power of two");
        nic.Select(Pf, 1);
        nic.Common(Pf, VirtioCommonConfig.QueueEnableOffset, 2, 1);
        Assert.That(nic.Common(Pf, VirtioCommonConfig.QueueEnableOffset, 2), Is.Zero, "before its addresses");
        nic.SetUpQueue(Pf, 0, 64);
        Assert.That(nic.Common(Pf, VirtioCommonConfig.QueueEnableOffset, 2), Is.EqualTo(1), "mended");
    }

    [Test]
    public void A_packed_queue_may_have_any_size_2_8_10_1()
    {
        var nic = new DataPathUnderTest();
        nic.Negotiate(Pf, FeatureOffer.Version1 | FeatureOffer.RingPacked);
        nic.SetUpQueue(Pf, 0, 96);
        Assert.That(nic.Common(Pf, VirtioCommonConfig.QueueEnableOffset, 2), Is.EqualTo(1));
        Assert.That(nic.Common(Pf, VirtioCommonConfig.QueueSizeOffset, 2), Is.EqualTo(96));
    }

    [Test]
    public void Registers_of_an_enabled_queue_stay_as_they_are()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Pf);
        nic.Select(Pf, 1);
        nic.Common(Pf, VirtioCommonConfig.QueueSizeOffset, 2, 8);
        nic.Common(Pf, VirtioCommonConfig.QueueDescOffset, 8, 0);
        nic.Common(Pf, VirtioCommonConfig.QueueEnableOffset, 2, 0);
        Assert.That(nic.Common(Pf, VirtioCommonConfig.QueueSizeOffset, 2), Is.EqualTo(256));
        Assert.That(nic.Common(Pf, VirtioCommonConfig.QueueDescOffset, 8), Is.EqualTo(Area(Pf, 1)));
        Assert.That(nic.Common(Pf, VirtioCommonConfig.QueueDescOffset + 4, 4), Is.EqualTo(Area(Pf, 1) >> 32));
        Assert.That(nic.Common(Pf, VirtioCommonConfig.QueueEnableOffset, 2), Is.EqualTo(1));
    }

    [Test]
    public void Queue_reset_stops_one_queue_and_it_can_be_enabled_anew_2_6_1()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Pf);
        nic.Notify(Pf, 1);
        nic.Step();
        nic.Select(Pf, 1);
        nic.Common(Pf, VirtioCommonConfig.QueueResetOffset, 2, 1);
        Assert.That(nic.Common(Pf, VirtioCommonConfig.QueueResetOffset, 2), Is.Zero);
        Assert.That(nic.Common(Pf, VirtioCommonConfig.QueueEnableOffset, 2), Is.Zero);
        Assert.That(nic.Engine.Running.Keys, Has.No.Member((Pf, 1)));
        Assert.That(nic.Engine.Running, Has.Count.EqualTo(8));

        nic.Engine.StartStatus = HalStatus.BadArgument;
        nic.SetUpQueue(Pf, 1, 32);
        Assert.That(nic.Common(Pf, VirtioCommonConfig.QueueEnableOffset, 2), Is.Zero, "the engine refused");
        nic.Engine.StartStatus = HalStatus.Ok;
        nic.SetUpQueue(Pf, 1, 32);
        Assert.That(nic.Engine.Running[(Pf, 1)].Size, Is.EqualTo(32));
        Assert.That(nic.Status(Pf), Is.EqualTo(0x0F));
    }
}
