// The adaptive mode through the whole flow: who switches it, what a driver's commands make of it, and what resets do.
using System;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Firmware.Interrupt;
using SmartNicFw.Firmware.Management;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;
using static SmartNicFw.Tests.Fakes.DataPathUnderTest;

namespace SmartNicFw.Tests.Flow;

public sealed class AdaptiveModerationTests
{
    private static readonly byte[] Ok = [VirtioNetControl.Ok];

    [Test]
    public void The_mode_is_off_at_first_is_a_functions_own_and_is_refused_for_none()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Vf0);
        nic.Bring(Vf1);
        InterruptPolicy policy = nic.Firmware.DataPath.Interrupts;
        Assert.That(policy.SetAdaptive(-1, true), Is.EqualTo("a function is 0 to 8, not -1"));
        Assert.That(policy.SetAdaptive(9, true), Is.EqualTo("a function is 0 to 8, not 9"));
        Assert.That((policy.IsAdaptive(Vf0), policy.Level(Vf0, 0)), Is.EqualTo((false, -1)));
        Assert.That(policy.SetAdaptive(Vf0, true), Is.Null);
        Assert.That((policy.IsAdaptive(Vf0), policy.IsAdaptive(Vf1), policy.Level(Vf0, 0), policy.Level(Vf1, 0)), Is.EqualTo((true, false, 0, -1)));
        Assert.That((policy.Level(Vf0, -1), policy.Level(Vf0, 99)), Is.EqualTo((-1, -1)));
    }

    [Test]
    public void Bulk_climbs_and_waits_while_a_control_queue_and_a_neighbour_never_do()
    {
        DataPathUnderTest nic = Climbed();
        int control = nic.State.ControlQueue(Vf0);
        Assert.That(Enumerable.Range(0, control + 1).Select(queue => Level(nic, queue)), Is.EqualTo(new[] { 4, 0, 0, 0, -1 }));
        nic.Ports.Messages.Clear();
        Use(nic, Vf0, control);
        Use(nic, Vf1, 0);
        Assert.That(nic.Ports.Messages, Has.Count.EqualTo(2));
        Use(nic, Vf0, 0);
        Assert.That(nic.Ports.Messages, Has.Count.EqualTo(2));
        nic.Clock.Advance(AdaptiveLevels.Usecs(0, AdaptiveLevels.Highest));
        nic.Step();
        Assert.That(nic.Ports.Messages, Has.Count.EqualTo(3));
    }

    [Test]
    public void A_command_for_a_queue_takes_the_mode_from_it_and_its_reset_gives_it_back()
    {
        DataPathUnderTest nic = Climbed();
        Use(nic, Vf0, 0);
        nic.Ports.Messages.Clear();
        Assert.That(nic.Command(Vf0, Set(0, 0, 0)), Is.EqualTo(Ok));
        Assert.That(nic.Ports.Messages.Count(m => m.Data == 1), Is.EqualTo(1), "what waited by its level waits no longer");
        Assert.That((Level(nic, 0), Level(nic, 1), Level(nic, 2)), Is.EqualTo((-1, 0, 0)));
        Restart(nic, 0);
        Assert.That(Level(nic, 0), Is.Zero);
    }

    [Test]
    public void A_command_for_all_of_a_direction_takes_the_mode_from_them_until_the_device_is_reset()
    {
        DataPathUnderTest nic = Climbed();
        Assert.That(nic.Command(Vf0, [6, 1, .. BitConverter.GetBytes(20u), .. BitConverter.GetBytes(30u)]), Is.EqualTo(Ok));
        Assert.That(Enumerable.Range(0, 4).Select(queue => Level(nic, queue)), Is.EqualTo(new[] { -1, 0, -1, 0 }));
        Restart(nic, 0);
        Assert.That((Level(nic, 0), Get(nic, 0)), Is.EqualTo((-1, (20, 30))), "it has the parameters of its direction");
        Assert.That(nic.Firmware.DataPath.Interrupts.SetAdaptive(Vf0, false), Is.Null);
        Assert.That(nic.Firmware.DataPath.Interrupts.SetAdaptive(Vf0, true), Is.Null);
        Assert.That((Level(nic, 0), Level(nic, 1), Get(nic, 0)), Is.EqualTo((-1, 0, (20, 30))), "the operator does not go before the driver");
        nic.Bring(Vf0);
        Assert.That(Enumerable.Range(0, 4).Select(queue => Level(nic, queue)), Is.All.Zero, "the mode survives, its level does not");
    }

    [Test]
    public void A_driver_reads_what_it_has_set_whatever_the_level()
    {
        DataPathUnderTest nic = Climbed();
        Assert.That(Get(nic, 0), Is.EqualTo((0, 0)));
        Assert.That(Level(nic, 0), Is.EqualTo(AdaptiveLevels.Highest));
    }

    [Test]
    public void An_FLR_keeps_the_mode_and_begins_anew()
    {
        DataPathUnderTest nic = Climbed();
        nic.InitiateFlr(Vf0);
        nic.Clock.Advance(200_000);
        nic.Settle();
        nic.ConfigWrite(Vf0, PciConfigHeader.CommandOffset, PciConfigHeader.CommandBusMasterEnableMask, 2);
        nic.MessageControl(Vf0, MsixCapability.MessageControlEnableMask);
        nic.Bring(Vf0);
        Assert.That(nic.Firmware.DataPath.Interrupts.IsAdaptive(Vf0), Is.True);
        Assert.That(Level(nic, 0), Is.Zero);
    }

    [Test]
    public void Switched_off_what_waits_leaves_at_once_and_its_timer_is_gone()
    {
        DataPathUnderTest nic = Climbed();
        Use(nic, Vf0, 0);
        Assert.That(nic.Engine.Held, Has.Count.EqualTo(1));
        nic.Ports.Messages.Clear();
        Assert.That(nic.Firmware.DataPath.Interrupts.SetAdaptive(Vf0, false), Is.Null);
        Assert.That(nic.Ports.Messages, Has.Count.EqualTo(1));
        Assert.That(nic.Firmware.NextTimerUs, Is.EqualTo(long.MaxValue));
        Assert.That(nic.Engine.Held, Is.Empty);
        Use(nic, Vf0, 0);
        Assert.That(nic.Ports.Messages, Has.Count.EqualTo(2));
    }

    [Test]
    public void Under_a_ceiling_nothing_waits_for_a_level_as_well()
    {
        DataPathUnderTest nic = Brought();
        Assert.That(nic.Firmware.DataPath.Interrupts.SetCeiling(Vf0, 1000), Is.Null);
        for (int report = 0; report < 20_000; report++)
        {
            Use(nic, Vf0, 0);
            nic.Clock.Advance(5);
        }

        Assert.That(Level(nic, 0), Is.Zero);
    }

    private static DataPathUnderTest Brought()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Vf0);
        nic.Bring(Vf1);
        Assert.That(nic.Firmware.DataPath.Interrupts.SetAdaptive(Vf0, true), Is.Null);
        return nic;
    }

    private static DataPathUnderTest Climbed()
    {
        DataPathUnderTest nic = Brought();
        for (int report = 0; report < 4000 && Level(nic, 0) < AdaptiveLevels.Highest; report++)
        {
            Use(nic, Vf0, 0);
            nic.Clock.Advance(2);
        }

        nic.Clock.Advance(AdaptiveLevels.Usecs(0, AdaptiveLevels.Highest));
        nic.Step();
        Assert.That(Level(nic, 0), Is.EqualTo(AdaptiveLevels.Highest));
        return nic;
    }

    private static int Level(DataPathUnderTest nic, int queue) => nic.Firmware.DataPath.Interrupts.Level(Vf0, queue);

    private static void Use(DataPathUnderTest nic, int function, int queue)
    {
        nic.Engine.Report(QueueEventKind.Used, function, queue);
        nic.Step();
    }

    private static void Restart(DataPathUnderTest nic, int queue)
    {
        nic.Select(Vf0, queue);
        nic.Common(Vf0, VirtioCommonConfig.QueueResetOffset, 2, 1);
        nic.SetUpQueue(Vf0, queue);
    }

    private static byte[] Set(int queue, uint packets, uint usecs) =>
        [6, 2, (byte)queue, 0, 0, 0, .. BitConverter.GetBytes(packets), .. BitConverter.GetBytes(usecs)];

    private static (int Packets, int Usecs) Get(DataPathUnderTest nic, int queue)
    {
        byte[] reply = nic.Command(Vf0, [6, 3, (byte)queue, 0, 0, 0]);
        return (BitConverter.ToInt32(reply, 1), BitConverter.ToInt32(reply, 5));
    }
}
