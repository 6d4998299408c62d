// The switch by what an operator decides: VLANs of service tags, links that are down, trust.
using NUnit.Framework;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Tests.Unit;

/// <summary>What policy lets pass, and whom it reaches.</summary>
public sealed class NetSwitchPolicyTests : NetSwitchFixture
{
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
        Switch.SetPortVlan(5, 100, 1, Ethernet.TypeServiceVlan);
        Switch.SetPortVlan(6, 100, 3, Ethernet.TypeServiceVlan);
        Assert.That(Send(source, destination, tags), Is.EqualTo(expected));
        if (expected.EndsWith('+'))
        {
            Assert.That(Result.Tag, Is.EqualTo(source == 6 ? 0x88A8_6064 : 0x8100_A064));
        }
    }

    [Test]
    public void Nothing_passes_from_or_to_a_function_whose_link_is_down_and_others_are_as_before()
    {
        Switch.SetFilter(1, [.. NetFrames.Mac(Group)], 0, 1);
        Switch.SetLinkUp(1, false);
        Assert.That(Send(1, Own(2)), Is.EqualTo("DropLinkDown"));
        Assert.That(Switch.Read(1, Counter.DroppedLinkDown), Is.EqualTo(1UL));
        Assert.That(Send(0, Own(1)), Is.EqualTo("DropNoDestination"), "it stays inside");
        Assert.That(Send(0, Broadcast), Is.EqualTo("2 3 P"));
        Assert.That(Send(P, Group), Is.EqualTo("DropNoDestination"));
        Assert.That(Switch.Read(1, Counter.DroppedLinkDown), Is.EqualTo(4UL), "what was for it is counted for it");
        Assert.That(Send(0, Own(2)), Is.EqualTo("2"));
        Assert.That(Switch.FindPlain(0, PlainHeader(0, 1)), Is.EqualTo(PacketSwitch.NotPlain));
        Assert.That(Switch.FindPlain(1, PlainHeader(1, 2)), Is.EqualTo(PacketSwitch.NotPlain));
        Switch.SetLinkUp(1, true);
        Assert.That(Send(0, Own(1)), Is.EqualTo("1"));
        Assert.That(Switch.FindPlain(1, PlainHeader(1, 2)), Is.EqualTo(2));
        Switch.SetLinkUp(1, false);
        Switch.SetEnabled(1, false);
        Switch.SetEnabled(1, true);
        Switch.SetMac(1, NetFrames.MacValue(Own(1)));
        Assert.That(Send(0, Own(1)), Is.EqualTo("1"), "enabled anew its link is up");
    }

    [Test]
    public void An_address_of_another_function_in_a_filter_is_received_by_who_is_trusted_only()
    {
        byte[] others = [.. NetFrames.Mac(Own(2)), .. NetFrames.Mac(Own(4)), .. NetFrames.Mac(Unknown)];
        Switch.SetFilter(1, others, 3, 0);
        Assert.That(Send(0, Own(2)), Is.EqualTo("2"));
        Assert.That(Send(P, Own(4), 0x8100_0064u), Is.EqualTo("4-"), "in another's VLAN neither");
        Assert.That(Send(0, Unknown), Is.EqualTo("1"), "nobody's own");
        Switch.SetTrusted(1, true);
        Assert.That(Send(0, Own(2)), Is.EqualTo("1 2"));
        Switch.SetTrusted(1, false);
        Switch.SetMac(3, NetFrames.MacValue(Unknown));
        Assert.That(Send(0, Unknown), Is.EqualTo("3"), "listed before it was somebody's");
    }
}
