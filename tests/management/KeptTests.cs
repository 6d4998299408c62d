// Changes that are kept for the next start: when they are answered, what waits meanwhile, and what goes wrong on the way.
using NUnit.Framework;
using SmartNicFw.Firmware;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Tests.Fakes;
using static SmartNicFw.Tests.Management.ManagementLab;

namespace SmartNicFw.Tests.Management;

public sealed class KeptTests
{
    private const int Weight = ManagementAttributeKind.Weight;
    private const int MaxSteps = 10_000;

    // So many that keeping all takes many steps.
    private static readonly EndpointConfiguration Large = new() { TotalVFs = 256 };

    [Test]
    public void A_change_is_answered_when_it_is_kept_and_what_others_ask_meanwhile_waits_until_then()
    {
        var store = new FailingStore();
        var nic = new DataPathUnderTest(Large, vfs: 0, store);
        var lab = new ManagementLab(nic);
        int first = lab.Open();
        int second = lab.Open();
        lab.Send(first, Frame(ManagementOpcode.SetAttribute, Fields(7, Weight, 0u, 77UL)));
        nic.Step();
        lab.Send(second, Frame(ManagementOpcode.EndpointInfo, []));
        int steps = 1;
        byte[]? answer;
        while (!lab.TryTakeAnswer(first, out answer))
        {
            Assert.That(lab.TryTakeAnswer(second, out _), Is.False);
            Assert.That(nic.Firmware.HasWork, Is.True, "the board does not fall asleep over it");
            Assert.That(++steps, Is.LessThan(MaxSteps));
            nic.Step();
        }

        Assert.That((Parse(answer!).Status, steps > 5), Is.EqualTo((0, true)));
        Assert.That(nic.Firmware.DataPath.Control.IsSaving, Is.False);
        Assert.That(Get(new ManagementLab(new DataPathUnderTest(Large, vfs: 0, store)), 7), Is.EqualTo(77), "after a restart");
        nic.Step();
        Assert.That(lab.TryTakeAnswer(second, out answer), Is.True);
        Assert.That(Parse(answer!).Payload, Has.Length.EqualTo(ManagementEndpoint.Bytes));
    }

    [TestCase(Port)]
    [TestCase(0)]
    public void A_change_that_cannot_be_kept_is_in_force_and_answered_with_StoreFault_until_one_can_be(int way)
    {
        var store = new FailingStore { IsBroken = true };
        var lab = new ManagementLab(new DataPathUnderTest(store: store));
        Answer fault = lab.Ask(way, ManagementOpcode.SetAttribute, 1, Weight, 0u, 5UL);
        Assert.That((fault.Status, fault.Reason), Is.EqualTo((ManagementStatus.StoreFault, ManagementReason.None)));
        Assert.That(fault.Text, Does.Contain("in force"));
        Assert.That(Get(lab, 1), Is.EqualTo(5));
        Answer health = lab.Ask(way, ManagementOpcode.Health, 0xFFFF, 0);
        Assert.That((health.U16(2), health.U32(4)), Is.EqualTo((ManagementHealth.Degraded, ManagementHealth.ReasonsStoreFaultMask)));
        Assert.That(lab.Ask(way, ManagementOpcode.EndpointInfo).Status, Is.Zero);
        store.IsBroken = false;
        Assert.That(lab.Ask(way, ManagementOpcode.SetAttribute, 1, Weight, 0u, 6UL).Status, Is.Zero);
        Assert.That(lab.Ask(way, ManagementOpcode.Health, 0xFFFF, 0).U16(2), Is.EqualTo(ManagementHealth.Well));
    }

    [Test]
    public void What_is_only_read_is_answered_as_ever_whoever_s_change_is_being_kept_and_cannot_be()
    {
        var store = new FailingStore();
        var nic = new DataPathUnderTest(Large, vfs: 0, store);
        var lab = new ManagementLab(nic);
        Assert.That(nic.Firmware.DataPath.Control.SetAttribute(3, Weight, 9), Is.Zero);
        Assert.That(nic.Firmware.DataPath.Control.IsSaving, Is.True, "as a line of the emulator's standard input sets it");
        store.IsBroken = true;
        Answer info = lab.Ask(Port, ManagementOpcode.EndpointInfo);
        Assert.That((info.Status, info.Payload.Length), Is.EqualTo((0, ManagementEndpoint.Bytes)));
    }

    [Test]
    public void A_reset_of_the_PF_while_its_change_is_being_kept_leaves_its_window_idle_and_the_change_made()
    {
        var store = new FailingStore();
        var nic = new DataPathUnderTest(Large, vfs: 0, store);
        var lab = new ManagementLab(nic);
        byte[] request = Frame(ManagementOpcode.SetAttribute, Fields(7, Weight, 0u, 77UL));
        lab.Put(0, request);
        lab.Ring(0, (uint)request.Length);
        Assert.That(nic.Firmware.DataPath.Control.IsSaving, Is.True);
        nic.InitiateFlr(0);
        nic.Settle();
        Assert.That(nic.Firmware.DataPath.Control.IsSaving, Is.True, "in the middle of it");
        for (int step = 0; step < MaxSteps && nic.Firmware.HasWork; step++)
        {
            nic.Step();
        }

        Assert.That(lab.State(0), Is.EqualTo(ManagementWindow.StateIdle));
        Assert.That(lab.Read(0, ManagementWindow.BufferOffset), Is.Zero, "nobody hears of it");
        Assert.That(Get(lab, 7), Is.EqualTo(77));
        Assert.That(lab.Ask(0, ManagementOpcode.EndpointInfo).Status, Is.Zero);
    }

    [Test]
    public void A_request_that_comes_after_a_reset_is_not_given_the_answer_of_the_one_before_it()
    {
        var nic = new DataPathUnderTest(Large, vfs: 0, new FailingStore());
        var lab = new ManagementLab(nic);
        byte[] request = Frame(ManagementOpcode.SetAttribute, Fields(7, Weight, 0u, 77UL));
        lab.Put(0, request);
        lab.Ring(0, (uint)request.Length);
        nic.InitiateFlr(0);
        nic.Settle();
        byte[] next = Frame(ManagementOpcode.FunctionInfo, Fields(3, 1), sequence: 99);
        lab.Put(0, next);
        lab.Ring(0, (uint)next.Length);
        Assert.That(nic.Firmware.DataPath.Control.IsSaving, Is.True);
        for (int step = 0; step < MaxSteps && nic.Firmware.HasWork; step++)
        {
            nic.Step();
        }

        Answer answer = Parse(lab.Response(0));
        Assert.That((answer.Opcode, answer.Sequence, answer.Status), Is.EqualTo((ManagementOpcode.FunctionInfo, 99u, 0)));
    }

    [Test]
    public void A_client_that_is_gone_while_its_change_is_being_kept_is_in_nobody_s_way()
    {
        var nic = new DataPathUnderTest(Large, vfs: 0, new FailingStore());
        var lab = new ManagementLab(nic);
        int gone = lab.Open();
        lab.Send(gone, Frame(ManagementOpcode.SetAttribute, Fields(7, Weight, 0u, 77UL)));
        nic.Step();
        Assert.That(nic.Firmware.DataPath.Control.IsSaving, Is.True);
        lab.Link.Close(gone);
        Assert.That(Get(lab, 7), Is.EqualTo(77));
        Assert.That(lab.TryTakeAnswer(gone, out _), Is.False);
        nic.Step();
        Assert.That(lab.Open(), Is.EqualTo(gone), "its place is free again");
    }

    private static ulong Get(ManagementLab lab, int function) => lab.Ask(Port, ManagementOpcode.GetAttribute, function, Weight).U64(8);
}
