// Policy by the management protocol: who may change what, whose a transaction is, when it ends, and what is refused.
using System;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Firmware;
using SmartNicFw.Firmware.Management;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Tests.Fakes;
using static SmartNicFw.Tests.Management.ManagementLab;

namespace SmartNicFw.Tests.Management;

public sealed class PolicyRequestTests
{
    private static readonly EndpointConfiguration TwoPFs = new() { PhysicalFunctions = 2, TotalVFs = 4 };

    [TestCase(Port)]
    [TestCase(0)]
    public void Each_attribute_is_set_and_read_back(int way)
    {
        var lab = new ManagementLab(new EndpointConfiguration { TotalVFs = 4 });
        Assert.That(AddGroup(lab, way, 3).Status, Is.Zero);
        (int Attribute, ulong Value)[] all =
        [
            (ManagementAttributeKind.Mac, 0x0605_0403_0212), (ManagementAttributeKind.Vlan, 0x8100_2005), (ManagementAttributeKind.MaxTxRate, 900),
            (ManagementAttributeKind.MinTxRate, 100), (ManagementAttributeKind.SpoofCheck, 0), (ManagementAttributeKind.Weight, 9),
            (ManagementAttributeKind.RateGroup, 3), (ManagementAttributeKind.InterruptCeiling, 5000), (ManagementAttributeKind.Adaptive, 1),
        ];
        foreach ((int attribute, ulong value) in all)
        {
            Answer set = lab.Ask(way, ManagementOpcode.SetAttribute, 2, attribute, 0u, value);
            Assert.That((set.Status, set.Payload.Length), Is.EqualTo((0, 0)), $"attribute {attribute}: {set.Text}");
            Assert.That(lab.Ask(way, ManagementOpcode.GetAttribute, 2, attribute).Payload, Is.EqualTo(Fields(2, attribute, 0u, value)));
            Assert.That(lab.Ask(way, ManagementOpcode.GetAttribute, 1, attribute).U64(8), Is.Not.EqualTo(value), "a neighbour's");
        }
    }

    [Test]
    public void Every_attribute_can_be_read_of_every_function()
    {
        var lab = new ManagementLab(TwoPFs);
        for (int function = 0; function < 10; function++)
        {
            for (int attribute = 1; attribute <= ManagementAttributeKind.Last; attribute++)
            {
                Answer value = lab.Ask(Port, ManagementOpcode.GetAttribute, function, attribute);
                Assert.That((value.Status, value.U16(0), value.U16(2), value.U32(4)), Is.EqualTo((0, function, attribute, 0u)));
            }
        }
    }

    [TestCase(ManagementOpcode.GetAttribute, 5, 1, 0u, ManagementReason.NoSuchFunction)]
    [TestCase(ManagementOpcode.GetAttribute, 0, 0, 0u, ManagementReason.NoSuchAttribute)]
    [TestCase(ManagementOpcode.GetAttribute, 0, ManagementAttributeKind.Last + 1, 0u, ManagementReason.NoSuchAttribute)]
    [TestCase(ManagementOpcode.GetAttribute, 0, 0xFFFF, 0u, ManagementReason.NoSuchAttribute)]
    [TestCase(ManagementOpcode.SetAttribute, 5, 8, 0u, ManagementReason.NoSuchFunction)]
    [TestCase(ManagementOpcode.SetAttribute, 0, 0, 0u, ManagementReason.NoSuchAttribute)]
    [TestCase(ManagementOpcode.SetAttribute, 0, 0xFFFF, 0u, ManagementReason.NoSuchAttribute)]
    [TestCase(ManagementOpcode.SetAttribute, 0, 8, 1u, ManagementReason.ReservedNotZero)]
    [TestCase(ManagementOpcode.SetAttribute, 0, 8, 0x10000u, ManagementReason.ReservedNotZero)]
    public void What_is_no_attribute_is_refused_with_its_reason(int opcode, int function, int attribute, uint reserved, int reason)
    {
        foreach (int way in new[] { Port, 0 })
        {
            var lab = new ManagementLab(new EndpointConfiguration { TotalVFs = 4 });
            Answer refusal = opcode == ManagementOpcode.GetAttribute
                ? lab.Ask(way, opcode, function, attribute)
                : lab.Ask(way, opcode, function, attribute, reserved, 1UL);
            Assert.That((refusal.Status, refusal.Reason), Is.EqualTo((ManagementStatus.BadArgument, reason)));
            Assert.That(lab.Ask(way, ManagementOpcode.Events, 0u, 0, 0).U16(12), Is.Zero, "nothing happened");
        }
    }

    [Test]
    public void A_value_that_cannot_be_is_refused_with_reason_and_text_and_changes_nothing()
    {
        var lab = new ManagementLab(TwoPFs);
        Answer refusal = Set(lab, Port, 3, ManagementAttributeKind.Weight, 1001);
        Assert.That((refusal.Status, refusal.Reason), Is.EqualTo((ManagementStatus.BadArgument, ManagementReason.OutOfRange)));
        Assert.That(refusal.Text, Does.Contain("1001"));
        Assert.That(Get(lab, 3, ManagementAttributeKind.Weight), Is.EqualTo(1));
    }

    [Test]
    public void A_window_changes_its_own_PF_and_VFs_and_no_other_s_and_what_is_denied_is_recorded()
    {
        var lab = new ManagementLab(TwoPFs);
        lab.Endpoint.EnableVFs(4);
        lab.Endpoint.EnableVFs(4, pf: 1);
        lab.Endpoint.Settle();
        for (int window = 0; window < 2; window++)
        {
            for (int function = 0; function < 10; function++)
            {
                bool isOwn = (function < 2 ? function : (function - 2) / 4) == window;
                ulong weight = (ulong)(2 + function + (100 * window));
                ulong before = Get(lab, function, ManagementAttributeKind.Weight);
                uint next = lab.Ask(Port, ManagementOpcode.Events, 0u, 0, 0).U32(4);
                Answer set = Set(lab, window, function, ManagementAttributeKind.Weight, weight);
                Assert.That(set.Status, Is.EqualTo(isOwn ? ManagementStatus.Ok : ManagementStatus.Denied), $"{window} {function}");
                Assert.That(Get(lab, function, ManagementAttributeKind.Weight), Is.EqualTo(isOwn ? weight : before));
                Answer events = lab.Ask(Port, ManagementOpcode.Events, next, 0, 0);
                Assert.That(
                    (events.U16(16 + 8), events.U16(16 + 10), events.U32(16 + 12)),
                    Is.EqualTo(isOwn
                        ? (function, ManagementEventKind.PolicyChanged, (uint)ManagementAttributeKind.Weight)
                        : (window, ManagementEventKind.RequestDenied, (uint)ManagementOpcode.SetAttribute)));
                Assert.That(lab.Ask(window, ManagementOpcode.GetAttribute, function, ManagementAttributeKind.Weight).Status, Is.Zero, "reading is free");
                if (function >= 2)
                {
                    Answer reset = lab.Ask(window, ManagementOpcode.ResetVf, function, 0);
                    Assert.That(reset.Status, Is.EqualTo(isOwn ? ManagementStatus.Ok : ManagementStatus.Denied));
                    lab.Endpoint.Settle();
                }
            }
        }
    }

    [TestCase(ManagementOpcode.AddRateGroup)]
    [TestCase(ManagementOpcode.SetRateGroup)]
    [TestCase(ManagementOpcode.DeleteRateGroup)]
    [TestCase(ManagementOpcode.BeginTransaction)]
    public void Rate_groups_and_transactions_are_for_the_port_and_the_window_of_PF_0(int opcode)
    {
        var lab = new ManagementLab(TwoPFs);
        Answer denied = lab.Ask(1, opcode, new byte[ManagementOpcode.RequestBytes(opcode)]);
        Assert.That((denied.Status, denied.Reason), Is.EqualTo((ManagementStatus.Denied, ManagementReason.None)));
        Answer events = lab.Ask(Port, ManagementOpcode.Events, 0u, 0, 0);
        Assert.That((events.U16(16 + 8), events.U16(16 + 10), events.U32(16 + 12)), Is.EqualTo((1, ManagementEventKind.RequestDenied, (uint)opcode)));
        Assert.That(lab.Ask(0, opcode, new byte[ManagementOpcode.RequestBytes(opcode)]).Status, Is.Not.EqualTo(ManagementStatus.Denied));
        Assert.That(lab.Ask(1, ManagementOpcode.GetRateGroups, 0, 0).Status, Is.Zero, "reading is free");
    }

    [Test]
    public void Rate_groups_are_added_set_listed_and_deleted()
    {
        var lab = new ManagementLab(new EndpointConfiguration { TotalVFs = 4, RateGroups = 60 });
        for (int group = 60; group >= 31; group--)
        {
            Assert.That(AddGroup(lab, Port, group).Status, Is.Zero);
        }

        Answer set = lab.Ask(
            Port, ManagementOpcode.SetRateGroup, 40, 0x3F, 50, 7, 900u, 100u, (byte)3, new byte[3], Name("gold"));
        Assert.That(set.Status, Is.Zero, set.Text);
        Answer first = lab.Ask(0, ManagementOpcode.GetRateGroups, 0, 0);
        Assert.That((first.U16(0), first.U16(2), first.U16(4), first.U16(6)), Is.EqualTo((0, 27, 31, 36)));
        Assert.That(Groups(first), Is.EqualTo(Enumerable.Range(31, 26).Prepend(0)), "the port first");
        Answer rest = lab.Ask(0, ManagementOpcode.GetRateGroups, 57, 0);
        Assert.That((rest.U16(2), rest.U16(4)), Is.EqualTo((4, 31)));
        Assert.That(Groups(rest), Is.EqualTo(new[] { 57, 58, 59, 60 }));
        Answer one = lab.Ask(0, ManagementOpcode.GetRateGroups, 40, 1);
        Assert.That(one.Payload[8..], Is.EqualTo(Fields(40, 0x3F, 50, 7, 900u, 100u, (byte)3, new byte[3], Name("gold"))));
        foreach (int beyond in new[] { 61, 255, 0xFFFF })
        {
            Answer none = lab.Ask(Port, ManagementOpcode.GetRateGroups, beyond, 0);
            Assert.That((none.Status, none.U16(2), none.U16(4), none.Payload.Length), Is.EqualTo((0, 0, 31, 8)));
        }

        Assert.That(lab.Ask(Port, ManagementOpcode.DeleteRateGroup, 50, 0).Reason, Is.EqualTo(ManagementReason.GroupNotEmpty));
        Assert.That(lab.Ask(Port, ManagementOpcode.DeleteRateGroup, 40, 1).Reason, Is.EqualTo(ManagementReason.ReservedNotZero));
        Assert.That(lab.Ask(Port, ManagementOpcode.DeleteRateGroup, 40, 0).Status, Is.Zero);
        Assert.That(lab.Ask(Port, ManagementOpcode.DeleteRateGroup, 40, 0).Reason, Is.EqualTo(ManagementReason.NoSuchGroup));
        Assert.That(AddGroup(lab, Port, 41).Reason, Is.EqualTo(ManagementReason.GroupExists));
    }

    [Test]
    public void The_longest_list_of_groups_leaves_the_buffers_of_other_windows_alone()
    {
        var lab = new ManagementLab(new EndpointConfiguration { PhysicalFunctions = 2, TotalVFs = 4, RateGroups = 60 });
        for (int group = 1; group <= 60; group++)
        {
            Assert.That(AddGroup(lab, Port, group).Status, Is.Zero);
        }

        lab.Put(1, [.. Enumerable.Repeat((byte)0xA5, 1024)]);
        Assert.That(lab.Ask(0, ManagementOpcode.GetRateGroups, 0, 0).Payload, Has.Length.EqualTo(8 + (27 * 36)));
        Assert.That(
            Enumerable.Range(0, 128).Select(word => lab.Read(1, ManagementWindow.BufferOffset + (8 * word), 8)), Is.All.EqualTo(0xA5A5_A5A5_A5A5_A5A5));
    }

    [TestCase(Port)]
    [TestCase(0)]
    public void A_transaction_is_made_whole_when_it_is_committed_and_recorded_once(int way)
    {
        var lab = new ManagementLab(new EndpointConfiguration { TotalVFs = 4 });
        uint transaction = Begin(lab, way);
        Assert.That(transaction, Is.Not.Zero);
        Assert.That(Set(lab, way, 0, ManagementAttributeKind.MinTxRate, 800).Status, Is.Zero);
        Assert.That(Set(lab, way, 0, ManagementAttributeKind.MaxTxRate, 900).Status, Is.Zero);
        Assert.That(Get(lab, 0, ManagementAttributeKind.MaxTxRate), Is.Zero, "what is in force");
        Assert.That(lab.Ask(Port, ManagementOpcode.Events, 0u, 0, 0).U16(12), Is.Zero);
        Answer check = lab.Ask(way, ManagementOpcode.CommitTransaction, transaction, 2u, 0u);
        Assert.That((check.Status, check.Payload.Length), Is.EqualTo((0, 0)));
        Assert.That((Get(lab, 0, ManagementAttributeKind.MinTxRate), Get(lab, 0, ManagementAttributeKind.MaxTxRate)), Is.EqualTo((800UL, 900UL)));
        Answer events = lab.Ask(Port, ManagementOpcode.Events, 0u, 0, 0);
        Assert.That(
            (events.U16(12), events.U16(16 + 8), events.U16(16 + 10), events.U32(16 + 12)), Is.EqualTo((1, 0xFFFF, ManagementEventKind.PolicyChanged, 2u)));
        Assert.That(
            lab.Ask(way, ManagementOpcode.CommitTransaction, transaction, 2u, 0u).Reason, Is.EqualTo(ManagementReason.NoSuchTransaction), "it is over");
    }

    [Test]
    public void A_dry_run_an_abort_a_wrong_count_and_unnamed_bits_change_nothing()
    {
        var lab = new ManagementLab(TwoPFs);
        foreach ((int opcode, uint changes, uint flags, int status, int reason) in new[]
        {
            (ManagementOpcode.CommitTransaction, 1u, 1u, ManagementStatus.Ok, -1),
            (ManagementOpcode.CommitTransaction, 2u, 0u, ManagementStatus.BadArgument, ManagementReason.ChangesMissing),
            (ManagementOpcode.CommitTransaction, 1u, 2u, ManagementStatus.BadArgument, ManagementReason.ReservedNotZero),
            (ManagementOpcode.AbortTransaction, 0u, 0u, ManagementStatus.Ok, -1),
        })
        {
            uint transaction = Begin(lab, Port);
            Set(lab, Port, 1, ManagementAttributeKind.Weight, 77);
            Answer end = opcode == ManagementOpcode.AbortTransaction
                ? lab.Ask(Port, opcode, transaction)
                : lab.Ask(Port, opcode, transaction, changes, flags);
            Assert.That((end.Status, end.Reason), Is.EqualTo((status, reason)));
            Assert.That(Get(lab, 1, ManagementAttributeKind.Weight), Is.EqualTo(1));
            lab.Ask(Port, ManagementOpcode.AbortTransaction, transaction);
        }

        Assert.That(lab.Ask(Port, ManagementOpcode.Events, 0u, 0, 0).U16(12), Is.Zero);
    }

    [Test]
    public void A_commit_that_is_refused_names_the_change_and_changes_nothing()
    {
        var lab = new ManagementLab(TwoPFs);
        uint transaction = Begin(lab, Port);
        Set(lab, Port, 2, ManagementAttributeKind.Weight, 5);
        Set(lab, Port, 3, ManagementAttributeKind.MinTxRate, 200);
        Set(lab, Port, 3, ManagementAttributeKind.MaxTxRate, 100);
        Answer refusal = lab.Ask(Port, ManagementOpcode.CommitTransaction, transaction, 3u, 0u);
        Assert.That((refusal.Status, refusal.Reason), Is.EqualTo((ManagementStatus.BadArgument, ManagementReason.GuaranteeTooLarge)));
        Assert.That(refusal.U32(4), Is.AnyOf(1u, 2u));
        Assert.That((Get(lab, 2, ManagementAttributeKind.Weight), Get(lab, 3, ManagementAttributeKind.MinTxRate)), Is.EqualTo((1UL, 0UL)));
    }

    [Test]
    public void Item_31_while_a_transaction_is_open_changes_of_everybody_else_are_busy_and_only_its_owner_ends_it()
    {
        var lab = new ManagementLab(TwoPFs);
        int other = lab.Open();
        uint transaction = Begin(lab, 0);
        Set(lab, 0, 2, ManagementAttributeKind.Weight, 5);
        Func<int, object[], Answer>[] others =
        [
            (opcode, fields) => lab.Ask(Port, opcode, fields), (opcode, fields) => lab.AskOf(other, opcode, fields),
        ];
        foreach (Func<int, object[], Answer> ask in others)
        {
            Assert.That(ask(ManagementOpcode.SetAttribute, [2, ManagementAttributeKind.Weight, 0u, 6UL]).Status, Is.EqualTo(ManagementStatus.Busy));
            Assert.That(ask(ManagementOpcode.AddRateGroup, [new byte[36]]).Status, Is.EqualTo(ManagementStatus.Busy));
            Assert.That(ask(ManagementOpcode.SetRateGroup, [new byte[36]]).Status, Is.EqualTo(ManagementStatus.Busy));
            Assert.That(ask(ManagementOpcode.DeleteRateGroup, [1, 0]).Status, Is.EqualTo(ManagementStatus.Busy));
            Assert.That(ask(ManagementOpcode.BeginTransaction, []).Status, Is.EqualTo(ManagementStatus.Busy));
            Answer commit = ask(ManagementOpcode.CommitTransaction, [transaction, 1u, 0u]);
            Assert.That((commit.Status, commit.Reason), Is.EqualTo((ManagementStatus.WrongState, ManagementReason.NoSuchTransaction)));
            Assert.That(ask(ManagementOpcode.AbortTransaction, [transaction]).Status, Is.EqualTo(ManagementStatus.WrongState));
            Assert.That(ask(ManagementOpcode.EndpointInfo, []).Status, Is.Zero, "reading is free");
        }

        Assert.That(Set(lab, 1, 1, ManagementAttributeKind.Weight, 5).Status, Is.EqualTo(ManagementStatus.Busy));
        Assert.That(lab.Ask(0, ManagementOpcode.BeginTransaction).Status, Is.EqualTo(ManagementStatus.Busy), "its own second");
        Assert.That(lab.Ask(0, ManagementOpcode.CommitTransaction, transaction, 1u, 0u).Status, Is.Zero);
        Assert.That(Get(lab, 2, ManagementAttributeKind.Weight), Is.EqualTo(5));
        Assert.That(Set(lab, Port, 2, ManagementAttributeKind.Weight, 6).Status, Is.Zero);
    }

    [Test]
    public void Item_32_a_client_that_is_gone_in_the_middle_of_a_transaction_leaves_nothing_of_it()
    {
        var lab = new ManagementLab(TwoPFs);
        int client = lab.Open();
        Assert.That(lab.AskOf(client, ManagementOpcode.BeginTransaction).Status, Is.Zero);
        Assert.That(lab.AskOf(client, ManagementOpcode.SetAttribute, 2, ManagementAttributeKind.Weight, 0u, 9UL).Status, Is.Zero);
        lab.Link.Close(client);
        Assert.That(Set(lab, Port, 3, ManagementAttributeKind.Weight, 7).Status, Is.Zero, "nobody waits for it");
        Assert.That((Get(lab, 2, ManagementAttributeKind.Weight), Get(lab, 3, ManagementAttributeKind.Weight)), Is.EqualTo((1UL, 7UL)));
    }

    [Test]
    public void A_client_that_comes_to_the_place_of_one_that_is_gone_is_another()
    {
        var lab = new ManagementLab(TwoPFs);
        int client = lab.Open();
        uint transaction = lab.AskOf(client, ManagementOpcode.BeginTransaction).U32(0);
        lab.Link.Close(client);
        lab.Step();
        Assert.That(lab.Open(), Is.EqualTo(client));
        Assert.That(lab.AskOf(client, ManagementOpcode.CommitTransaction, transaction, 0u, 0u).Status, Is.EqualTo(ManagementStatus.WrongState));
    }

    [Test]
    public void A_reset_of_PF_0_forgets_the_transaction_of_its_window_and_of_nobody_else()
    {
        var lab = new ManagementLab(TwoPFs);
        uint transaction = Begin(lab, 0);
        Set(lab, 0, 2, ManagementAttributeKind.Weight, 9);
        lab.Endpoint.InitiateFlr(EndpointUnderTest.PfId(1), lab.Endpoint.Pf(1));
        lab.Endpoint.Settle();
        Assert.That(Begin(lab, Port, ManagementStatus.Busy), Is.Zero, "another PF's reset is nothing to it");
        lab.Endpoint.InitiateFlr(EndpointUnderTest.PfId(), lab.Endpoint.Pf());
        lab.Endpoint.Settle();
        Assert.That(lab.Ask(0, ManagementOpcode.CommitTransaction, transaction, 1u, 0u).Status, Is.EqualTo(ManagementStatus.WrongState));
        Assert.That(Get(lab, 2, ManagementAttributeKind.Weight), Is.EqualTo(1));
        uint ofPort = Begin(lab, Port);
        lab.Endpoint.Board.Reset(LinkEvent.HotReset);
        lab.Endpoint.Settle();
        Assert.That(lab.Ask(Port, ManagementOpcode.CommitTransaction, ofPort, 0u, 0u).Status, Is.Zero, "hosts reset, operators stay");
    }

    [Test]
    public void A_transaction_that_nobody_goes_on_with_is_forgotten_after_two_seconds_and_the_board_wakes_for_it()
    {
        var lab = new ManagementLab(TwoPFs);
        uint transaction = Begin(lab, Port);
        lab.Clock.Advance(1_900_000);
        Assert.That(Set(lab, Port, 2, ManagementAttributeKind.Weight, 9).Status, Is.Zero);
        lab.Step();
        Assert.That(lab.Firmware.NextTimerUs, Is.EqualTo(lab.Clock.NowUs + PolicyControl.IdleUs));
        Assert.That(lab.Firmware.HasWork, Is.False);
        lab.Clock.Advance(PolicyControl.IdleUs - 1);
        Assert.That(lab.AskOf(lab.Open(), ManagementOpcode.BeginTransaction).Status, Is.EqualTo(ManagementStatus.Busy));
        lab.Clock.Advance(1);
        Assert.That(lab.Firmware.HasWork, Is.True);
        Assert.That(lab.Ask(Port, ManagementOpcode.CommitTransaction, transaction, 1u, 0u).Status, Is.EqualTo(ManagementStatus.WrongState));
        Assert.That(Get(lab, 2, ManagementAttributeKind.Weight), Is.EqualTo(1));
    }

    private static byte[] Name(string name) => [.. name.Select(letter => (byte)letter), .. new byte[16 - name.Length]];

    private static int[] Groups(Answer list) => [.. Enumerable.Range(0, list.U16(2)).Select(entry => list.U16(8 + (36 * entry)))];

    private static Answer AddGroup(ManagementLab lab, int way, int group) => lab.Ask(way, ManagementOpcode.AddRateGroup, group, new byte[34]);

    private static uint Begin(ManagementLab lab, int way, int status = ManagementStatus.Ok)
    {
        Answer begin = lab.Ask(way, ManagementOpcode.BeginTransaction);
        Assert.That(begin.Status, Is.EqualTo(status));
        return status == ManagementStatus.Ok ? begin.U32(0) : 0;
    }

    private static Answer Set(ManagementLab lab, int way, int function, int attribute, ulong value) =>
        lab.Ask(way, ManagementOpcode.SetAttribute, function, attribute, 0u, value);

    private static ulong Get(ManagementLab lab, int function, int attribute) => lab.Ask(Port, ManagementOpcode.GetAttribute, function, attribute).U64(8);
}
