// How a function stops: broken, reset in any way, without power or bus mastering. Its neighbours go on.
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;
using static SmartNicFw.Tests.Fakes.DataPathUnderTest;

namespace SmartNicFw.Tests.Flow;

public sealed class VirtioResetTests
{
    [Test]
    public void Hostile_11_a_broken_ring_needs_a_reset_and_no_neighbour_notices()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Vf0);
        nic.Bring(Vf1);
        nic.Notify(Vf0, 1);
        nic.Notify(Vf1, 1);
        nic.Step();
        nic.Engine.Report(QueueEventKind.Broken, Vf0, 1);
        nic.Step();

        Assert.That(nic.Status(Vf0), Is.EqualTo(0x0F | VirtioDeviceStatus.DeviceNeedsReset));
        Assert.That(nic.Ports.Messages, Is.EqualTo(new[] { (Vf0, Address(Vf0), 0u) }), "the configuration interrupt");
        Assert.That(nic.Engine.Running.Keys.Select(key => key.Function), Is.All.EqualTo(Vf1));
        Assert.That(nic.Switch.Enabled, Is.EquivalentTo(new[] { Vf1 }));
        Assert.That(nic.Status(Vf1), Is.EqualTo(0x0F));

        nic.Engine.Report(QueueEventKind.Broken, Vf0, 0);
        nic.Step();
        Assert.That(nic.Ports.Messages, Has.Count.EqualTo(1), "once");
        nic.Bring(Vf0);
        Assert.That(nic.Status(Vf0), Is.EqualTo(0x0F));
        Assert.That(nic.Engine.Running, Has.Count.EqualTo(10));
    }

    [Test]
    public void A_queue_that_the_engine_refuses_at_DRIVER_OK_breaks_the_function()
    {
        var nic = new DataPathUnderTest();
        nic.Engine.StartStatus = HalStatus.BadArgument;
        nic.Bring(Vf0);
        Assert.That(nic.Status(Vf0) & VirtioDeviceStatus.DeviceNeedsReset, Is.Not.Zero);
        Assert.That(nic.Switch.Enabled, Is.Empty);
    }

    [Test]
    public void Hostile_38_resets_of_every_kind_in_the_middle_of_a_turn_leave_nothing_running()
    {
        foreach (string kind in new[] { "device", "flr", "vfs", "hot" })
        {
            var nic = new DataPathUnderTest();
            nic.Bring(Vf0);
            nic.Bring(Pf);
            nic.Notify(Vf0, 1);
            nic.Notify(Vf0, 3);
            nic.Step();
            Assert.That(nic.Engine.Turns, Has.Count.EqualTo(2));
            switch (kind)
            {
                case "device":
                    nic.Status(Vf0, 0);
                    break;
                case "flr":
                    nic.InitiateFlr(Vf0);
                    break;
                case "vfs":
                    nic.ConfigWrite(Pf, nic.Offsets(Pf).Sriov + SriovCapability.ControlOffset, 0, 2);
                    break;
                default:
                    nic.Signal(LinkEvent.HotReset);
                    nic.Step();
                    break;
            }

            if (kind == "flr")
            {
                // What is under way may end by itself, and until then the function answers nobody.
                Assert.That(nic.Engine.Running.Keys.Any(key => key.Function == Vf0), Is.True);
                nic.Engine.EndTurns(hasMore: true);
                nic.Step();
            }

            Assert.That(nic.Engine.Running.Keys.Any(key => key.Function == Vf0), Is.False, kind);
            Assert.That(nic.Switch.Enabled.Contains(Vf0), Is.False, kind);
            Assert.That(nic.Switch.Enabled.Contains(Pf), Is.EqualTo(kind != "hot"), kind);
            nic.Engine.Report(QueueEventKind.Used, Vf0, 1);
            nic.Engine.EndTurns(hasMore: true);
            nic.Ports.IsLinkUp = false;
            nic.Settle();
            nic.Step();
            Assert.That(nic.Engine.Turns, Is.Empty, kind);
            Assert.That(nic.Ports.Messages.Any(message => message.Function == Vf0), Is.False, kind);
            Assert.That(nic.State.Status[Vf0], Is.Zero, kind);
            if (kind is "device" or "flr")
            {
                Assert.That(nic.Status(Vf0), Is.Zero, kind);
            }
        }
    }

    [Test]
    public void A_function_in_D3hot_or_without_bus_mastering_starts_nothing_and_goes_on_afterwards()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Vf0);
        int power = nic.Offsets(Pf).PowerManagement + PowerManagementCapability.ControlStatusOffset;
        nic.ConfigWrite(Pf, power, PowerManagementCapability.PowerStateD3Hot, 2);
        Assert.That(nic.Common(Vf0, VirtioCommonConfig.DeviceStatusOffset, 1), Is.Zero, "reads zero");
        nic.Status(Vf0, 0);
        nic.Notify(Vf0, 1);
        nic.Step();
        Assert.That(nic.Engine.Turns, Is.Empty);
        nic.ConfigWrite(Pf, power, 0, 2);
        Assert.That(nic.Status(Vf0), Is.EqualTo(0x0F), "the write was ignored");
        nic.Quiet();

        nic.ConfigWrite(Vf0, PciConfigHeader.CommandOffset, 0, 2);
        nic.Notify(Vf0, 1);
        nic.Engine.Report(QueueEventKind.Used, Vf0, 1);
        nic.Step();
        Assert.That(nic.Engine.Turns, Is.Empty);
        Assert.That(nic.Ports.Messages, Is.Empty);
        nic.ConfigWrite(Vf0, PciConfigHeader.CommandOffset, PciConfigHeader.CommandBusMasterEnableMask, 2);
        nic.Step();
        Assert.That(nic.Engine.Turns.Select(turn => turn.Queue), Has.Member(1));
        Assert.That(nic.Ports.Messages, Is.EqualTo(new[] { (Vf0, Address(Vf0), 2u) }));
    }
}
