using System;
using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Unit;

/// <summary>What a switch does with frames by its table and by what they are.</summary>
public sealed class NetSwitchTests : NetSwitchFixture
{
    private const int TagVlan5 = unchecked((int)0x8100_0005);

    [TestCase(0, "own1", new uint[0], "1", TestName = "Unicast_to_a_function_stays_inside")]
    [TestCase(0, Unknown, new uint[0], "P", TestName = "Unknown_unicast_of_a_function_goes_to_the_port_only")]
    [TestCase(P, Unknown, new uint[0], "DropNoDestination", TestName = "Unknown_unicast_from_the_port_goes_nowhere")]
    [TestCase(P, "own2", new uint[0], "2", TestName = "Unicast_from_the_port_reaches_its_function")]
    [TestCase(0, "own0", new uint[0], "DropNoDestination", TestName = "A_frame_to_its_own_sender_goes_nowhere")]
    [TestCase(P, "own7", new uint[0], "DropNoDestination", TestName = "A_disabled_function_receives_nothing")]
    [TestCase(7, "own1", new uint[0], "DropNoDestination", TestName = "A_disabled_function_sends_nothing")]
    [TestCase(0, Broadcast, new uint[0], "1 2 3 P", TestName = "Untagged_broadcast_goes_to_functions_without_port_VLAN_and_the_port")]
    [TestCase(P, Broadcast, new uint[0], "0 1 2 3", TestName = "Broadcast_from_the_port_never_returns_to_it")]
    [TestCase(0, Group, new uint[0], "P", TestName = "Multicast_that_nobody_asked_for_goes_to_the_port")]
    [TestCase(P, Group, new uint[0], "DropNoDestination", TestName = "Multicast_that_nobody_asked_for_ends_at_the_port")]
    [TestCase(4, Broadcast, new uint[0], "0+ 1+ 2+ 3+ 5 P+", TestName = "Broadcast_of_a_port_VLAN_reaches_members_untagged_and_others_tagged")]
    [TestCase(4, "own5", new uint[0], "5", TestName = "Members_of_a_port_VLAN_reach_each_other_untagged")]
    [TestCase(4, "own6", new uint[0], "P+", TestName = "A_function_of_another_port_VLAN_is_unknown")]
    [TestCase(4, "own1", new uint[0], "1+", TestName = "A_function_without_port_VLAN_sees_the_tag")]
    [TestCase(0, "own4", new uint[0], "P", TestName = "Untagged_frames_do_not_enter_a_port_VLAN")]
    [TestCase(0, "own4", new uint[] { 0x8100_E064 }, "4-", TestName = "A_tag_of_the_port_VLAN_is_stripped_at_delivery")]
    [TestCase(P, "own4", new uint[] { 0x8100_0064 }, "4-", TestName = "A_tag_of_the_port_VLAN_from_the_wire_is_stripped")]
    [TestCase(P, "own4", new uint[] { 0x8100_00C8 }, "DropNoDestination", TestName = "A_tag_of_another_VLAN_does_not_reach_a_port_VLAN")]
    [TestCase(P, Broadcast, new uint[] { 0x8100_0064 }, "0 1 2 3 4- 5-", TestName = "Tagged_broadcast_reaches_members_stripped")]
    [TestCase(4, "own5", new uint[] { 0x8100_0064 }, "DropVlan", TestName = "Hostile_35_a_tagged_frame_of_a_function_with_a_port_VLAN_is_dropped")]
    [TestCase(4, "own5", new uint[] { 0x8100_0000 }, "DropVlan", TestName = "Hostile_35_a_priority_tag_of_a_function_with_a_port_VLAN_is_dropped")]
    [TestCase(6, "own5", new uint[] { 0x8100_0064 }, "DropVlan", TestName = "Hostile_35_a_function_cannot_tag_itself_into_another_port_VLAN")]
    [TestCase(P, "own4", new uint[] { 0x88A8_0064 }, "DropNoDestination", TestName = "A_service_tag_of_the_same_number_is_another_VLAN")]
    [TestCase(P, "own4", new uint[] { 0x8100_0064, 0x8100_00C8 }, "DropNoDestination", TestName = "Hostile_36_a_second_tag_does_not_enter_a_port_VLAN")]
    [TestCase(0, "own1", new uint[] { 0x88A8_0001, 0x8100_0002 }, "1", TestName = "Two_tags_pass_between_functions_without_port_VLAN")]
    [TestCase(0, "own1", new uint[] { 0x8100_0001, 0x8100_0002, 0x8100_0003 }, "DropVlan", TestName = "Hostile_36_three_tags_are_dropped")]
    public void Forwarding(int source, string destination, uint[] tags, string expected) =>
        Assert.That(Send(source, destination, tags), Is.EqualTo(expected));

    [TestCase(ReceiveMode.Promiscuous, "1 2", "2", "2", "0 1 2 3")]
    [TestCase(ReceiveMode.AllUnicast, "1 2", "2", "DropNoDestination", "0 1 2 3")]
    [TestCase(ReceiveMode.AllMulticast, "1", "DropNoDestination", "2", "0 1 2 3")]
    [TestCase(ReceiveMode.NoBroadcast, "1", "DropNoDestination", "DropNoDestination", "0 1 3")]
    [TestCase(ReceiveMode.NoBroadcast | ReceiveMode.AllMulticast, "1", "DropNoDestination", "2", "0 1 3")]
    [TestCase(ReceiveMode.AllMulticast | ReceiveMode.NoMulticast, "1", "DropNoDestination", "DropNoDestination", "0 1 2 3")]
    [TestCase(ReceiveMode.AllUnicast | ReceiveMode.NoUnicast, "1", "DropNoDestination", "DropNoDestination", "0 1 2 3")]
    [TestCase(0x3F, "1 2", "2", "2", "0 1 2 3")]
    public void A_receive_mode_decides_by_kind_of_frame(int mode, string toOther, string toUnknown, string toGroup, string toAll)
    {
        Switch.SetReceiveMode(2, mode);
        Assert.That(Send(P, Own(1)), Is.EqualTo(toOther));
        Assert.That(Send(P, Unknown), Is.EqualTo(toUnknown));
        Assert.That(Send(P, Group), Is.EqualTo(toGroup));
        Assert.That(Send(P, Broadcast), Is.EqualTo(toAll));
    }

    [Test]
    public void No_unicast_refuses_even_the_own_address_and_the_frame_stays_inside()
    {
        Switch.SetReceiveMode(2, ReceiveMode.NoUnicast);
        Assert.That(Send(0, Own(2)), Is.EqualTo("DropNoDestination"));
        Switch.SetReceiveMode(2, 0);
        Assert.That(Send(0, Own(2)), Is.EqualTo("2"));
    }

    [Test]
    public void Promiscuous_listens_in_on_its_VLAN_only()
    {
        Switch.SetReceiveMode(6, ReceiveMode.Promiscuous);
        Switch.SetReceiveMode(5, ReceiveMode.Promiscuous);
        Assert.That(Send(0, Own(1)), Is.EqualTo("1"));
        Assert.That(Send(4, Unknown), Is.EqualTo("5 P+"));
        Assert.That(Send(4, Own(5)), Is.EqualTo("5"), "an owner that is promiscuous receives once");
    }

    [Test]
    public void A_filter_receives_what_it_lists_and_replaces_the_one_before()
    {
        byte[] first = [.. NetFrames.Mac(Unknown), .. NetFrames.Mac(Group)];
        Switch.SetFilter(1, first, 1, 1);
        Assert.That(Send(P, Unknown), Is.EqualTo("1"));
        Assert.That(Send(0, Unknown), Is.EqualTo("1"), "known inside now");
        Assert.That(Send(P, Group), Is.EqualTo("1"));
        Assert.That(Send(0, Group), Is.EqualTo("1 P"), "a group has members outside too");
        Switch.SetFilter(2, first, 1, 1);
        Assert.That(Send(P, Unknown), Is.EqualTo("1 2"), "several owners");
        Switch.SetReceiveMode(2, ReceiveMode.NoMulticast);
        Assert.That(Send(P, Group), Is.EqualTo("1"));
        Switch.SetFilter(1, [], 0, 0);
        Assert.That(Send(P, Unknown), Is.EqualTo("2"));
        Assert.That(Send(P, Own(1)), Is.EqualTo("1"), "the own address is no part of the filter");
    }

    [Test]
    public void A_filter_beyond_its_limit_turns_on_all_multicast_and_leaves_out_unicast()
    {
        int count = PacketSwitch.MaxFilterEntries + 1;
        IEnumerable<byte> unicast = Enumerable.Range(0, count).SelectMany(index => NetFrames.Mac($"02:AA:00:00:00:{index:X2}"));
        IEnumerable<byte> multicast = Enumerable.Range(0, count).SelectMany(index => NetFrames.Mac($"33:33:AA:00:00:{index:X2}"));
        Switch.SetFilter(1, [.. unicast, .. multicast], count, count);
        Assert.That(Send(P, "02:AA:00:00:00:3F"), Is.EqualTo("1"));
        Assert.That(Send(P, "02:AA:00:00:00:40"), Is.EqualTo("DropNoDestination"));
        Assert.That(Send(P, "33:33:AA:00:00:3F"), Is.EqualTo("1"));
        Assert.That(Send(P, "33:33:AA:00:00:40"), Is.EqualTo("1"));
    }

    [Test]
    public void VLAN_filtering_drops_tagged_frames_of_VLANs_that_were_not_added()
    {
        uint tag = unchecked((uint)TagVlan5);
        Assert.That(Send(0, Own(1), tag), Is.EqualTo("1"));
        Switch.SetVlanFiltering(1, true);
        Assert.That(Send(0, Own(1), tag), Is.EqualTo("DropNoDestination"));
        Assert.That(Send(0, Own(1)), Is.EqualTo("1"), "the filter is for tagged frames only");
        Assert.That(Send(0, Own(1), 0x8100_E000u), Is.EqualTo("1"), "a priority tag names no VLAN");
        Assert.That(Send(0, Own(1), 0x88A8_0005u), Is.EqualTo("1"), "drivers tell VLANs of customers: the filter knows no service tags");
        Switch.SetVlan(1, 5, true);
        Assert.That(Send(0, Own(1), tag), Is.EqualTo("1"));
        Assert.That(Send(0, Own(1), 0x8100_0045u), Is.EqualTo("DropNoDestination"), "69 is 5 + 64");
        Assert.That(Send(4, Own(1)), Is.EqualTo("DropNoDestination"), "an inserted tag is filtered as one that was sent");
        Switch.SetVlan(1, 5, false);
        Assert.That(Send(0, Own(1), tag), Is.EqualTo("DropNoDestination"));
    }

    [Test]
    public void An_inserted_tag_has_the_VLAN_and_the_priority()
    {
        Send(4, Unknown);
        Assert.That(Result.Tag, Is.EqualTo(0x8100_A064));
        byte[] frame = NetFrames.Ethernet(Unknown, Own(4), 0x0800, [1, 2, 3]);
        var tagged = new byte[frame.Length + 4];
        Assert.That(VlanTag.Copy(frame, VlanEdit.Insert, Result.Tag, tagged), Is.EqualTo(tagged.Length));
        Assert.That(tagged, Is.EqualTo(NetFrames.Ethernet(Unknown, Own(4), 0x0800, [1, 2, 3], 0x8100_A064)));
        var stripped = new byte[frame.Length];
        Assert.That(VlanTag.Copy(tagged, VlanEdit.Strip, 0, stripped), Is.EqualTo(frame.Length));
        Assert.That(stripped, Is.EqualTo(frame));
    }

    [Test]
    public void Hostile_35_a_spoofed_source_is_dropped_and_counted_and_a_neighbour_is_not_touched()
    {
        byte[] spoofed = NetFrames.Ethernet(Own(1), Own(2), 0x0800, new byte[46]);
        Assert.That(Classify(0, spoofed), Is.EqualTo("DropSpoofed"));
        Assert.That(Switch.Read(0, Counter.DroppedSpoofed), Is.EqualTo(1));
        Assert.That(Switch.Read(0, Counter.TransmittedFrames), Is.Zero);
        Assert.That(Enumerable.Range(0, Counter.Count).Select(counter => Switch.Read(2, counter)), Is.All.Zero);
        Assert.That(Classify(2, spoofed), Is.EqualTo("1"));
        Switch.SetSpoofCheck(0, false);
        Assert.That(Classify(0, spoofed), Is.EqualTo("1"));
    }

    [TestCase("01:80:C2:00:00:01", 0x8808, TestName = "Hostile_35_pause_is_dropped")]
    [TestCase("01:80:C2:00:00:0E", 0x88CC, TestName = "Hostile_35_LLDP_is_dropped")]
    [TestCase("01:80:C2:00:00:00", 0x0026, TestName = "Hostile_35_spanning_tree_is_dropped")]
    [TestCase("01:80:C2:00:00:02", 0x8809, TestName = "Hostile_35_LACP_is_dropped")]
    [TestCase("01:80:C2:00:00:0F", 0x0800, TestName = "Hostile_35_the_last_reserved_address_is_dropped")]
    [TestCase("02:00:00:00:00:01", 0x8808, TestName = "Hostile_35_MAC_control_to_a_neighbour_is_dropped")]
    [TestCase(Unknown, 0x88CC, TestName = "Hostile_35_LLDP_to_a_single_address_is_dropped")]
    public void Control_frames_of_the_link(string destination, int type)
    {
        Switch.SetReceiveMode(1, ReceiveMode.Promiscuous);
        Assert.That(Classify(0, NetFrames.Ethernet(destination, Own(0), type, new byte[46])), Is.EqualTo("DropControlFrame"));
        Assert.That(Classify(0, NetFrames.Ethernet(destination, Own(0), type, new byte[46], 0x8100_0001)), Is.EqualTo("DropControlFrame"));
        Assert.That(Switch.Read(0, Counter.DroppedControlFrame), Is.EqualTo(2));
    }

    [Test]
    public void From_the_wire_pause_ends_at_the_port_and_LLDP_reaches_who_asked()
    {
        Switch.SetReceiveMode(1, ReceiveMode.Promiscuous);
        Assert.That(Classify(P, NetFrames.Ethernet("01:80:C2:00:00:01", Unknown, 0x8808, new byte[46])), Is.EqualTo("DropControlFrame"));
        Assert.That(Classify(P, NetFrames.Ethernet("01:80:C2:00:00:0E", Unknown, 0x88CC, new byte[46])), Is.EqualTo("1"));
        Assert.That(Classify(0, NetFrames.Ethernet("01:80:C2:00:00:10", Own(0), 0x0800, new byte[46])), Is.EqualTo("1 P"));
    }

    [Test]
    public void Hostile_36_runts_giants_and_sources_that_cannot_be_are_dropped_as_malformed()
    {
        byte[] frame = NetFrames.Ethernet(Own(1), Own(0), 0x0800, new byte[50]);
        for (int length = 0; length < 14; length++)
            Assert.That(Classify(0, frame[..length]), Is.EqualTo("DropMalformed"));
        Assert.That(Classify(0, frame[..14]), Is.EqualTo("1"));

        byte[] tagged = NetFrames.Ethernet(Own(1), Own(0), 0x0800, [], 0x8100_0001);
        Assert.That(Classify(0, tagged[..17]), Is.EqualTo("DropMalformed"));
        Assert.That(Switch.Classify(0, frame, PacketSwitch.MaxFrameBytes, Result), Is.EqualTo(SwitchVerdict.Forward));
        foreach (int giant in new[] { PacketSwitch.MaxFrameBytes + 1, int.MaxValue, -1, int.MinValue })
            Assert.That(Switch.Classify(0, frame, giant, Result), Is.EqualTo(SwitchVerdict.DropMalformed));

        Switch.SetSpoofCheck(0, false);
        Assert.That(Classify(0, NetFrames.Ethernet(Own(1), Group, 0x0800, new byte[46])), Is.EqualTo("DropMalformed"));
        Assert.That(Classify(0, NetFrames.Ethernet(Own(1), "00:00:00:00:00:00", 0x0800, new byte[46])), Is.EqualTo("DropMalformed"));
        Assert.That(Switch.Read(0, Counter.DroppedMalformed), Is.EqualTo(14 + 1 + 4 + 2));
    }

    [Test]
    public void Hostile_36_a_storm_that_comes_back_on_the_wire_is_replicated_once_a_frame_and_allocates_nothing()
    {
        byte[] frame = NetFrames.Ethernet(Broadcast, Own(0), 0x0806, new byte[46]);
        Send(0, Broadcast);
        int delivered = 0;
        long allocated = Allocations.Of(() =>
        {
            for (int round = 0; round < 10_000; round++)
            {
                Switch.Classify(0, frame, frame.Length, Result);
                delivered += Result.Count;
                // The port loops it back.
                Switch.Classify(P, frame, frame.Length, Result);
                delivered += Result.Count;
                if (Result.ToPort)
                    Assert.Fail("a frame from the port went to the port");
            }
        });
        Assert.That(allocated, Is.Zero);
        Assert.That(delivered, Is.EqualTo(100_000 * (3 + 4)));
    }

    [Test]
    public void Counters_tell_what_was_sent_what_was_received_and_why_not()
    {
        Send(0, Own(1));
        Send(0, Own(0));
        Send(P, Own(1));
        Switch.CountReceived(1, 2, 120);
        Switch.CountDropped(1, Counter.DroppedNoBuffer);
        Assert.That(Switch.Read(0, Counter.TransmittedFrames), Is.EqualTo(1));
        Assert.That(Switch.Read(0, Counter.TransmittedBytes), Is.EqualTo(60));
        Assert.That(Switch.Read(0, Counter.DroppedNoDestination), Is.EqualTo(1));
        Assert.That(Switch.Read(P, Counter.TransmittedFrames), Is.EqualTo(1));
        Assert.That(Switch.Read(1, Counter.ReceivedFrames), Is.EqualTo(2));
        Assert.That(Switch.Read(1, Counter.ReceivedBytes), Is.EqualTo(120));
        Assert.That(Switch.Read(1, Counter.DroppedNoBuffer), Is.EqualTo(1));
        Switch.SetEnabled(0, false);
        Assert.That(Switch.Read(0, Counter.TransmittedFrames), Is.EqualTo(1), "counters only grow");
    }

    [Test]
    public void Disabling_forgets_every_setting()
    {
        Switch.SetReceiveMode(2, ReceiveMode.Promiscuous);
        Switch.SetFilter(2, NetFrames.Mac(Unknown), 1, 0);
        Switch.SetVlanFiltering(2, true);
        Switch.SetVlan(2, 5, true);
        Switch.SetPortVlan(2, 100, 1, Ethernet.TypeVlan);
        Switch.SetSteering(new SteeringSetup { Function = 2, Pairs = 4 });
        Switch.SetEnabled(2, false);
        Switch.SetEnabled(2, true);
        Assert.That(Send(P, Own(2)), Is.EqualTo("DropNoDestination"));
        Assert.That(Send(P, Unknown), Is.EqualTo("DropNoDestination"));
        Switch.SetMac(2, NetFrames.MacValue(Own(2)));
        Assert.That(Send(P, Own(2), unchecked((uint)TagVlan5)), Is.EqualTo("2"));
        Assert.That(Switch.IsSteered(2), Is.False);
    }

    [Test]
    public void A_million_lookups_amid_changes_agree_with_a_list_of_owners()
    {
        const int Functions = 40;
        var subject = new PacketSwitch(Functions);
        var result = new Destinations(Functions);
        var owned = new ulong[Functions][];
        var vlan = new int[Functions];
        var random = new Random(35);
        for (int function = 0; function < Functions; function++)
        {
            subject.SetEnabled(function, true);
            owned[function] = [];
        }

        byte[] frame = NetFrames.Ethernet(Broadcast, Unknown, 0x0800, new byte[46], 0x8100_0000);
        for (int round = 0; round < 1_000_000; round++)
        {
            if (round % 50 == 0)
            {
                int function = random.Next(Functions);
                owned[function] = [.. Enumerable.Range(0, random.Next(20)).Select(_ => Address(random))];
                subject.SetFilter(function, [.. owned[function].SelectMany(mac => BitConverter.GetBytes(mac).Take(6))], owned[function].Length, 0);
                vlan[function] = random.Next(3);
                subject.SetPortVlan(function, vlan[function], 0, Ethernet.TypeVlan);
            }

            ulong wanted = Address(random);
            int tag = random.Next(3);
            BitConverter.GetBytes(wanted).AsSpan(0, 6).CopyTo(frame);
            frame[15] = (byte)tag;
            subject.Classify(P, frame, frame.Length, result);
            int expected = 0;
            for (int function = 0; function < Functions; function++)
                expected += (vlan[function] == 0 || vlan[function] == tag) && Array.IndexOf(owned[function], wanted) >= 0 ? 1 : 0;
            if (result.Count != expected || result.Functions.AsSpan(0, result.Count).IndexOfAnyExceptInRange(0, Functions - 1) >= 0)
                Assert.Fail($"round {round}: {result.Count} instead of {expected}");
        }

        Assert.That(subject.Read(P, Counter.TransmittedFrames), Is.GreaterThan(100_000));

        static ulong Address(Random random) => 2 | ((ulong)random.Next(500) << 32);
    }
}
