using System;
using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Unit;

/// <summary>
/// Functions 0 to 3 are ordinary, with spoof check; 4 and 5 have port VLAN 100 (priority 5), 6 has port VLAN 200; 7 is disabled.
/// Expected destinations are written as "1 4- 0+ P+": function or port, with + for an inserted and - for a stripped tag.
/// </summary>
public sealed class NetSwitchTests
{
    private const int P = PacketSwitch.Port;
    private const string Broadcast = "FF:FF:FF:FF:FF:FF";
    private const string Unknown = "02:00:00:00:00:EE";
    private const string Group = "33:33:00:00:00:01";
    private const int TagVlan5 = unchecked((int)0x8100_0005);

    private PacketSwitch _switch = null!;
    private Destinations _result = null!;

    [SetUp]
    public void Make()
    {
        _switch = new PacketSwitch(8);
        _result = new Destinations(8);
        for (int function = 0; function < 7; function++)
        {
            _switch.SetEnabled(function, true);
            _switch.SetMac(function, NetFrames.MacValue(Own(function)));
            _switch.SetSpoofCheck(function, true);
        }

        _switch.SetMac(7, NetFrames.MacValue(Own(7)));
        _switch.SetPortVlan(4, 100, 5, Ethernet.TypeVlan);
        _switch.SetPortVlan(5, 100, 5, Ethernet.TypeVlan);
        _switch.SetPortVlan(6, 200, 0, Ethernet.TypeVlan);
    }

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
        _switch.SetReceiveMode(2, mode);
        Assert.That(Send(P, Own(1)), Is.EqualTo(toOther));
        Assert.That(Send(P, Unknown), Is.EqualTo(toUnknown));
        Assert.That(Send(P, Group), Is.EqualTo(toGroup));
        Assert.That(Send(P, Broadcast), Is.EqualTo(toAll));
    }

    [Test]
    public void No_unicast_refuses_even_the_own_address_and_the_frame_stays_inside()
    {
        _switch.SetReceiveMode(2, ReceiveMode.NoUnicast);
        Assert.That(Send(0, Own(2)), Is.EqualTo("DropNoDestination"));
        _switch.SetReceiveMode(2, 0);
        Assert.That(Send(0, Own(2)), Is.EqualTo("2"));
    }

    [Test]
    public void Promiscuous_listens_in_on_its_VLAN_only()
    {
        _switch.SetReceiveMode(6, ReceiveMode.Promiscuous);
        _switch.SetReceiveMode(5, ReceiveMode.Promiscuous);
        Assert.That(Send(0, Own(1)), Is.EqualTo("1"));
        Assert.That(Send(4, Unknown), Is.EqualTo("5 P+"));
        Assert.That(Send(4, Own(5)), Is.EqualTo("5"), "an owner that is promiscuous receives once");
    }

    [Test]
    public void A_filter_receives_what_it_lists_and_replaces_the_one_before()
    {
        byte[] first = [.. NetFrames.Mac(Unknown), .. NetFrames.Mac(Group)];
        _switch.SetFilter(1, first, 1, 1);
        Assert.That(Send(P, Unknown), Is.EqualTo("1"));
        Assert.That(Send(0, Unknown), Is.EqualTo("1"), "known inside now");
        Assert.That(Send(P, Group), Is.EqualTo("1"));
        Assert.That(Send(0, Group), Is.EqualTo("1 P"), "a group has members outside too");
        _switch.SetFilter(2, first, 1, 1);
        Assert.That(Send(P, Unknown), Is.EqualTo("1 2"), "several owners");
        _switch.SetReceiveMode(2, ReceiveMode.NoMulticast);
        Assert.That(Send(P, Group), Is.EqualTo("1"));
        _switch.SetFilter(1, [], 0, 0);
        Assert.That(Send(P, Unknown), Is.EqualTo("2"));
        Assert.That(Send(P, Own(1)), Is.EqualTo("1"), "the own address is no part of the filter");
    }

    [Test]
    public void A_filter_beyond_its_limit_turns_on_all_multicast_and_leaves_out_unicast()
    {
        int count = PacketSwitch.MaxFilterEntries + 1;
        IEnumerable<byte> unicast = Enumerable.Range(0, count).SelectMany(index => NetFrames.Mac($"02:AA:00:00:00:{index:X2}"));
        IEnumerable<byte> multicast = Enumerable.Range(0, count).SelectMany(index => NetFrames.Mac($"33:33:AA:00:00:{index:X2}"));
        _switch.SetFilter(1, [.. unicast, .. multicast], count, count);
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
        _switch.SetVlanFiltering(1, true);
        Assert.That(Send(0, Own(1), tag), Is.EqualTo("DropNoDestination"));
        Assert.That(Send(0, Own(1)), Is.EqualTo("1"), "the filter is for tagged frames only");
        Assert.That(Send(0, Own(1), 0x8100_E000u), Is.EqualTo("1"), "a priority tag names no VLAN");
        _switch.SetVlan(1, 5, true);
        Assert.That(Send(0, Own(1), tag), Is.EqualTo("1"));
        Assert.That(Send(0, Own(1), 0x8100_0045u), Is.EqualTo("DropNoDestination"), "69 is 5 + 64");
        Assert.That(Send(4, Own(1)), Is.EqualTo("DropNoDestination"), "an inserted tag is filtered as one that was sent");
        _switch.SetVlan(1, 5, false);
        Assert.That(Send(0, Own(1), tag), Is.EqualTo("DropNoDestination"));
    }

    [TestCase(6, "own5", new uint[0], "5", TestName = "Members_of_a_service_VLAN_reach_each_other_untagged")]
    [TestCase(6, "own5", new uint[] { 0x8100_0007 }, "5", TestName = "A_customer_tag_within_a_service_VLAN_stays")]
    [TestCase(6, "own1", new uint[] { 0x8100_0007 }, "1+", TestName = "A_function_without_port_VLAN_sees_the_service_tag")]
    [TestCase(6, Unknown, new uint[] { 0x8100_0007 }, "P+", TestName = "A_customer_tag_leaves_within_a_service_tag")]
    [TestCase(6, "own5", new uint[] { 0x88A8_0007 }, "DropVlan", TestName = "Hostile_35_a_service_tag_of_a_function_with_a_service_VLAN_is_dropped")]
    [TestCase(6, "own5", new uint[] { 0x8100_0007, 0x8100_0008 }, "DropVlan", TestName = "Hostile_35_two_customer_tags_within_a_service_VLAN_are_dropped")]
    [TestCase(6, "own4", new uint[0], "P+", TestName = "A_customer_VLAN_of_the_same_number_is_another")]
    [TestCase(P, "own5", new uint[] { 0x88A8_0064 }, "5-", TestName = "A_service_tag_from_the_wire_is_stripped")]
    [TestCase(P, "own5", new uint[] { 0x88A8_0064, 0x8100_0007 }, "5-", TestName = "A_customer_tag_behind_a_service_tag_is_handed_over")]
    [TestCase(P, "own5", new uint[] { 0x8100_0064 }, "DropNoDestination", TestName = "A_customer_tag_of_the_same_number_is_no_service_VLAN")]
    [TestCase(P, "own4", new uint[] { 0x88A8_0064, 0x8100_0007 }, "DropNoDestination", TestName = "A_service_tag_enters_no_customer_VLAN")]
    [TestCase(4, Unknown, new uint[0], "P+", TestName = "A_customer_VLAN_beside_a_service_VLAN_is_as_before")]
    public void Service_VLANs(int source, string destination, uint[] tags, string expected)
    {
        _switch.SetPortVlan(5, 100, 1, Ethernet.TypeServiceVlan);
        _switch.SetPortVlan(6, 100, 3, Ethernet.TypeServiceVlan);
        Assert.That(Send(source, destination, tags), Is.EqualTo(expected));
        if (expected.EndsWith('+'))
        {
            Assert.That(_result.Tag, Is.EqualTo(source == 6 ? 0x88A8_6064 : 0x8100_A064));
        }
    }

    [Test]
    public void Nothing_passes_from_or_to_a_function_whose_link_is_down_and_others_are_as_before()
    {
        _switch.SetFilter(1, [.. NetFrames.Mac(Group)], 0, 1);
        _switch.SetLinkUp(1, false);
        Assert.That(Send(1, Own(2)), Is.EqualTo("DropLinkDown"));
        Assert.That(_switch.Read(1, Counter.DroppedLinkDown), Is.EqualTo(1UL));
        Assert.That(Send(0, Own(1)), Is.EqualTo("DropNoDestination"), "it stays inside");
        Assert.That(Send(0, Broadcast), Is.EqualTo("2 3 P"));
        Assert.That(Send(P, Group), Is.EqualTo("DropNoDestination"));
        Assert.That(_switch.Read(1, Counter.DroppedLinkDown), Is.EqualTo(4UL), "what was for it is counted for it");
        Assert.That(Send(0, Own(2)), Is.EqualTo("2"));
        Assert.That(_switch.FindPlain(0, PlainHeader(0, 1)), Is.EqualTo(PacketSwitch.NotPlain));
        Assert.That(_switch.FindPlain(1, PlainHeader(1, 2)), Is.EqualTo(PacketSwitch.NotPlain));
        _switch.SetLinkUp(1, true);
        Assert.That(Send(0, Own(1)), Is.EqualTo("1"));
        Assert.That(_switch.FindPlain(1, PlainHeader(1, 2)), Is.EqualTo(2));
        _switch.SetLinkUp(1, false);
        _switch.SetEnabled(1, false);
        _switch.SetEnabled(1, true);
        _switch.SetMac(1, NetFrames.MacValue(Own(1)));
        Assert.That(Send(0, Own(1)), Is.EqualTo("1"), "enabled anew its link is up");
    }

    [Test]
    public void An_address_of_another_function_in_a_filter_is_received_by_who_is_trusted_only()
    {
        byte[] others = [.. NetFrames.Mac(Own(2)), .. NetFrames.Mac(Own(4)), .. NetFrames.Mac(Unknown)];
        _switch.SetFilter(1, others, 3, 0);
        Assert.That(Send(0, Own(2)), Is.EqualTo("2"));
        Assert.That(Send(P, Own(4), 0x8100_0064u), Is.EqualTo("4-"), "in another's VLAN neither");
        Assert.That(Send(0, Unknown), Is.EqualTo("1"), "nobody's own");
        _switch.SetTrusted(1, true);
        Assert.That(Send(0, Own(2)), Is.EqualTo("1 2"));
        _switch.SetTrusted(1, false);
        _switch.SetMac(3, NetFrames.MacValue(Unknown));
        Assert.That(Send(0, Unknown), Is.EqualTo("3"), "listed before it was somebody's");
    }

    [Test]
    public void An_inserted_tag_has_the_VLAN_and_the_priority()
    {
        Send(4, Unknown);
        Assert.That(_result.Tag, Is.EqualTo(0x8100_A064));
        byte[] frame = NetFrames.Ethernet(Unknown, Own(4), 0x0800, [1, 2, 3]);
        var tagged = new byte[frame.Length + 4];
        Assert.That(VlanTag.Copy(frame, VlanEdit.Insert, _result.Tag, tagged), Is.EqualTo(tagged.Length));
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
        Assert.That(_switch.Read(0, Counter.DroppedSpoofed), Is.EqualTo(1));
        Assert.That(_switch.Read(0, Counter.TransmittedFrames), Is.Zero);
        Assert.That(Enumerable.Range(0, Counter.Count).Select(counter => _switch.Read(2, counter)), Is.All.Zero);
        Assert.That(Classify(2, spoofed), Is.EqualTo("1"));
        _switch.SetSpoofCheck(0, false);
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
        _switch.SetReceiveMode(1, ReceiveMode.Promiscuous);
        Assert.That(Classify(0, NetFrames.Ethernet(destination, Own(0), type, new byte[46])), Is.EqualTo("DropControlFrame"));
        Assert.That(Classify(0, NetFrames.Ethernet(destination, Own(0), type, new byte[46], 0x8100_0001)), Is.EqualTo("DropControlFrame"));
        Assert.That(_switch.Read(0, Counter.DroppedControlFrame), Is.EqualTo(2));
    }

    [Test]
    public void From_the_wire_pause_ends_at_the_port_and_LLDP_reaches_who_asked()
    {
        _switch.SetReceiveMode(1, ReceiveMode.Promiscuous);
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
        Assert.That(_switch.Classify(0, frame, PacketSwitch.MaxFrameBytes, _result), Is.EqualTo(SwitchVerdict.Forward));
        foreach (int giant in new[] { PacketSwitch.MaxFrameBytes + 1, int.MaxValue, -1, int.MinValue })
            Assert.That(_switch.Classify(0, frame, giant, _result), Is.EqualTo(SwitchVerdict.DropMalformed));

        _switch.SetSpoofCheck(0, false);
        Assert.That(Classify(0, NetFrames.Ethernet(Own(1), Group, 0x0800, new byte[46])), Is.EqualTo("DropMalformed"));
        Assert.That(Classify(0, NetFrames.Ethernet(Own(1), "00:00:00:00:00:00", 0x0800, new byte[46])), Is.EqualTo("DropMalformed"));
        Assert.That(_switch.Read(0, Counter.DroppedMalformed), Is.EqualTo(14 + 1 + 4 + 2));
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
                _switch.Classify(0, frame, frame.Length, _result);
                delivered += _result.Count;
                // The port loops it back.
                _switch.Classify(P, frame, frame.Length, _result);
                delivered += _result.Count;
                if (_result.ToPort)
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
        _switch.CountReceived(1, 2, 120);
        _switch.CountDropped(1, Counter.DroppedNoBuffer);
        Assert.That(_switch.Read(0, Counter.TransmittedFrames), Is.EqualTo(1));
        Assert.That(_switch.Read(0, Counter.TransmittedBytes), Is.EqualTo(60));
        Assert.That(_switch.Read(0, Counter.DroppedNoDestination), Is.EqualTo(1));
        Assert.That(_switch.Read(P, Counter.TransmittedFrames), Is.EqualTo(1));
        Assert.That(_switch.Read(1, Counter.ReceivedFrames), Is.EqualTo(2));
        Assert.That(_switch.Read(1, Counter.ReceivedBytes), Is.EqualTo(120));
        Assert.That(_switch.Read(1, Counter.DroppedNoBuffer), Is.EqualTo(1));
        _switch.SetEnabled(0, false);
        Assert.That(_switch.Read(0, Counter.TransmittedFrames), Is.EqualTo(1), "counters only grow");
    }

    [Test]
    public void Disabling_forgets_every_setting()
    {
        _switch.SetReceiveMode(2, ReceiveMode.Promiscuous);
        _switch.SetFilter(2, NetFrames.Mac(Unknown), 1, 0);
        _switch.SetVlanFiltering(2, true);
        _switch.SetVlan(2, 5, true);
        _switch.SetPortVlan(2, 100, 1, Ethernet.TypeVlan);
        _switch.SetSteering(new SteeringSetup { Function = 2, Pairs = 4 });
        _switch.SetEnabled(2, false);
        _switch.SetEnabled(2, true);
        Assert.That(Send(P, Own(2)), Is.EqualTo("DropNoDestination"));
        Assert.That(Send(P, Unknown), Is.EqualTo("DropNoDestination"));
        _switch.SetMac(2, NetFrames.MacValue(Own(2)));
        Assert.That(Send(P, Own(2), unchecked((uint)TagVlan5)), Is.EqualTo("2"));
        Assert.That(_switch.IsSteered(2), Is.False);
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

    private static System.Runtime.Intrinsics.Vector128<byte> PlainHeader(int from, int to) => PacketSwitch.HeaderOf(
        System.Runtime.Intrinsics.Vector128.Create(NetFrames.Ethernet(Own(to), Own(from), 0x0800, new byte[46]).AsSpan(0, 16)));

    private static string Own(int function) => $"02:00:00:00:00:{function:X2}";

    private string Send(int source, string destination, params uint[] tags)
    {
        string to = destination.StartsWith("own", StringComparison.Ordinal) ? Own(destination[3] - '0') : destination;
        string from = source == P ? "02:00:00:00:00:DD" : Own(source);
        return Classify(source, NetFrames.Ethernet(to, from, 0x0800, new byte[46], tags));
    }

    private string Classify(int source, byte[] frame)
    {
        SwitchVerdict verdict = _switch.Classify(source, frame, frame.Length, _result);
        if (verdict != SwitchVerdict.Forward)
        {
            Assert.That(_result.Count, Is.Zero);
            Assert.That(_result.ToPort, Is.False);
            return verdict.ToString();
        }

        IEnumerable<string> functions = Enumerable.Range(0, _result.Count).OrderBy(place => _result.Functions[place])
            .Select(place => _result.Functions[place] + Sign(_result.Edits[place]));
        return string.Join(' ', functions.Concat(_result.ToPort ? ["P" + Sign(_result.PortEdit)] : []));
    }

    private static string Sign(VlanEdit edit) => edit switch { VlanEdit.Insert => "+", VlanEdit.Strip => "-", _ => "" };
}
