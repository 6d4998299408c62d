// Notification coalescing: its commands and their lies, and interrupts by count, by time, and by neither.
using System;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Firmware.Virtio;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;
using static SmartNicFw.Tests.Fakes.DataPathUnderTest;

namespace SmartNicFw.Tests.Flow;

public sealed class CoalescingTests
{
    private static readonly byte[] Ok = [VirtioNetControl.Ok];
    private static readonly byte[] Error = [VirtioNetControl.Error];

    [Test]
    public void The_last_command_for_a_queue_decides_5_1_6_5_9()
    {
        DataPathUnderTest nic = Brought();
        Assert.That(nic.Command(Vf0, SetAll(1, 15, 10)), Is.EqualTo(Ok));
        Assert.That(nic.Command(Vf0, Set(0, 7, 3)), Is.EqualTo(Ok));
        Assert.That(Get(nic, 0), Is.EqualTo((7, 3)));
        Assert.That(Get(nic, 2), Is.EqualTo((15, 10)));
        Assert.That(Get(nic, 1), Is.EqualTo((0, 0)));
        Assert.That(nic.Command(Vf0, Set(1, 4, 5)), Is.EqualTo(Ok));
        Assert.That(nic.Command(Vf0, SetAll(0, 8, 9)), Is.EqualTo(Ok));
        Assert.That(Get(nic, 1), Is.EqualTo((8, 9)));
        Assert.That(Get(nic, 3), Is.EqualTo((8, 9)));
    }

    [Test]
    public void A_queue_that_is_enabled_again_has_the_parameters_of_its_direction_and_a_reset_device_has_none()
    {
        DataPathUnderTest nic = Brought();
        nic.Command(Vf0, SetAll(1, 15, 10));
        nic.Command(Vf0, Set(0, 7, 3));
        nic.Select(Vf0, 0);
        nic.Common(Vf0, VirtioCommonConfig.QueueResetOffset, 2, 1);
        Assert.That(nic.Command(Vf0, [6, 3, 0, 0, 0, 0]), Is.EqualTo(Error), "it is not enabled");
        nic.SetUpQueue(Vf0, 0);
        Assert.That(Get(nic, 0), Is.EqualTo((15, 10)));
        nic.Bring(Vf0);
        Assert.That(Get(nic, 0), Is.EqualTo((0, 0)));
    }

    [Test]
    public void Commands_that_lie_are_refused_and_change_nothing()
    {
        DataPathUnderTest nic = Brought();
        nic.Command(Vf0, SetAll(1, 15, 10));
        byte[][] lies =
        [
            [6], [6, 0], [6, 4, .. new byte[8]], SetAll(1, 1, 1)[..9], [.. SetAll(1, 1, 1), 0], Set(0, 1, 1)[..13], [.. Set(0, 1, 1), 0],
            Set(4, 1, 1), Set(5, 1, 1), Set(0xFFFF, 1, 1), [6, 3, 0, 0, 0], [6, 3, 4, 0, 0, 0], [6, 3, 0, 0, 0, 0, 0],
        ];
        Assert.That(lies.Select(lie => nic.Command(Vf0, lie)), Is.All.EqualTo(Error));
        Assert.That(Get(nic, 0), Is.EqualTo((15, 10)));
        nic.Bring(Vf0, AllOffered & ~(FeatureOffer.NotfCoal | FeatureOffer.VqNotfCoal));
        Assert.That(nic.Command(Vf0, SetAll(1, 1, 1)), Is.EqualTo(Error));
        Assert.That(nic.Command(Vf0, Set(0, 1, 1)), Is.EqualTo(Error));
    }

    [Test]
    public void By_count_one_interrupt_comes_with_the_last_frame_and_its_timer_is_gone()
    {
        DataPathUnderTest nic = Brought();
        nic.Command(Vf0, SetAll(1, 15, 1000));
        nic.Ports.Messages.Clear();
        Use(nic, 0, 7);
        Use(nic, 0, 7);
        Assert.That(nic.Ports.Messages, Is.Empty);
        Assert.That(nic.Firmware.NextTimerUs, Is.LessThan(long.MaxValue));
        Use(nic, 0, 1);
        Assert.That(nic.Ports.Messages, Has.Count.EqualTo(1));
        Assert.That(nic.Firmware.NextTimerUs, Is.EqualTo(long.MaxValue));
        Assert.That(nic.Engine.Held, Is.Empty);
    }

    [Test]
    public void By_time_one_interrupt_comes_after_max_usecs_of_the_first_frame_and_not_before()
    {
        DataPathUnderTest nic = Brought();
        nic.Command(Vf0, SetAll(1, 1000, 50));
        nic.Ports.Messages.Clear();
        Use(nic, 0, 1);
        nic.Clock.Advance(49);
        Use(nic, 0, 1);
        Assert.That(nic.Ports.Messages, Is.Empty);
        Assert.That(nic.Firmware.HasWork, Is.False);
        nic.Clock.Advance(1);
        Assert.That(nic.Firmware.HasWork, Is.True, "a timer that is due is work");
        nic.Step();
        Assert.That(nic.Ports.Messages, Has.Count.EqualTo(1));
    }

    [Test]
    public void New_parameters_are_applied_to_what_waits()
    {
        DataPathUnderTest nic = Brought();
        nic.Command(Vf0, SetAll(0, 15, 1000));
        Use(nic, 1, 10);
        nic.Ports.Messages.Clear();
        nic.Command(Vf0, SetAll(0, 8, 1000));
        Assert.That(nic.Ports.Messages, Has.Count.EqualTo(1));
    }

    [Test]
    public void A_notification_that_is_no_longer_wanted_or_whose_function_is_reset_is_not_sent()
    {
        DataPathUnderTest nic = Brought();
        nic.Command(Vf0, SetAll(1, 1000, 50));
        nic.Ports.Messages.Clear();
        Use(nic, 0, 1);
        nic.Engine.Unwanting.Add((Vf0, 0));
        nic.Clock.Advance(50);
        nic.Step();
        nic.Engine.Unwanting.Clear();
        Assert.That(nic.Firmware.DataPath.Counters.UnwantedInterrupts[Vf0], Is.EqualTo(1));
        Use(nic, 0, 1);
        nic.Status(Vf0, 0);
        Assert.That(nic.Firmware.NextTimerUs, Is.EqualTo(long.MaxValue));
        nic.Clock.Advance(1000);
        nic.Step();
        Assert.That(nic.Ports.Messages, Is.Empty);
    }

    [TestCase(0u, 50u)]
    [TestCase(15u, 0u)]
    [TestCase(1u, 50u)]
    public void With_either_parameter_0_or_one_frame_nothing_waits(uint packets, uint usecs)
    {
        DataPathUnderTest nic = Brought();
        nic.Command(Vf0, SetAll(1, packets, usecs));
        nic.Ports.Messages.Clear();
        Use(nic, 0, 1);
        Assert.That(nic.Ports.Messages, Has.Count.EqualTo(1));
    }

    private static DataPathUnderTest Brought()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Vf0);
        return nic;
    }

    private static void Use(DataPathUnderTest nic, int queue, int frames)
    {
        nic.Engine.Report(QueueEventKind.Used, Vf0, queue, frames: frames);
        nic.Step();
    }

    private static byte[] SetAll(byte command, uint packets, uint usecs) =>
        [6, command, .. BitConverter.GetBytes(packets), .. BitConverter.GetBytes(usecs)];

    private static byte[] Set(int queue, uint packets, uint usecs) =>
        [6, 2, (byte)queue, (byte)(queue >> 8), 0xAB, 0xCD, .. BitConverter.GetBytes(packets), .. BitConverter.GetBytes(usecs)];

    private static (int Packets, int Usecs) Get(DataPathUnderTest nic, int queue)
    {
        byte[] reply = nic.Command(Vf0, [6, 3, (byte)queue, 0, 0, 0]);
        Assert.That(reply, Has.Length.EqualTo(9));
        return (BitConverter.ToInt32(reply, 1), BitConverter.ToInt32(reply, 5));
    }
}
