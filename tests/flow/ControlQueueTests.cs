// Commands of control queues: what they do to the switch, and every length and count that lies.
using System;
using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Firmware.Virtio;
using SmartNicFw.Hal;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;
using static SmartNicFw.Tests.Fakes.DataPathUnderTest;
using static SmartNicFw.Tests.Fakes.StatisticsReply;

namespace SmartNicFw.Tests.Flow;

public sealed class ControlQueueTests
{
    private static readonly byte[] Ok = [VirtioNetControl.Ok];
    private static readonly byte[] Error = [VirtioNetControl.Error];
    private static readonly byte[] Mac = [0x02, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE];
    private static readonly byte[] Group = [0x33, 0x33, 0, 0, 0, 1];

    [Test]
    public void Receive_modes_are_switched_one_by_one()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Vf0);
        Assert.That(nic.Firmware.DataPath.Policy.SetTrust(Vf0, true), Is.Null);
        Assert.That(nic.Switch.Mode[Vf0], Is.Zero);
        Assert.That(nic.Command(Vf0, [0, 0, 1]), Is.EqualTo(Ok));
        Assert.That(nic.Command(Vf0, [0, 1, 1]), Is.EqualTo(Ok));
        Assert.That(nic.Switch.Mode[Vf0], Is.EqualTo(ReceiveMode.Promiscuous | ReceiveMode.AllMulticast));
        Assert.That(nic.Command(Vf0, [0, 0, 0]), Is.EqualTo(Ok));
        Assert.That(nic.Switch.Mode[Vf0], Is.EqualTo(ReceiveMode.AllMulticast));
    }

    [Test]
    public void A_filter_reaches_the_switch_and_one_that_is_too_long_becomes_the_mode_that_covers_it()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Vf0);
        Assert.That(nic.Firmware.DataPath.Policy.SetTrust(Vf0, true), Is.Null);
        Assert.That(nic.Command(Vf0, Filter(Mac, 2, Group, 1)), Is.EqualTo(Ok));
        Assert.That(nic.Switch.Filter[Vf0], Is.EqualTo((Convert.ToHexString([.. Mac, .. Mac, .. Group]), 2, 1)));
        Assert.That(nic.Command(Vf0, Filter(Mac, 64, Group, 65)), Is.EqualTo(Ok));
        Assert.That(nic.Switch.Filter[Vf0].Unicast, Is.EqualTo(64));
        Assert.That(nic.Switch.Mode[Vf0], Is.EqualTo(ReceiveMode.AllMulticast));
        foreach (int many in new[] { 65, 200 })
        {
            Assert.That(nic.Command(Vf0, Filter(Mac, many, Group, 1)), Is.EqualTo(Ok));
            Assert.That(nic.Switch.Mode[Vf0], Is.EqualTo(ReceiveMode.Promiscuous));
        }

        Assert.That(nic.Command(Vf0, Filter(Mac, 0, Group, 0)), Is.EqualTo(Ok));
        Assert.That(nic.Switch.Mode[Vf0], Is.Zero);
    }

    [Test]
    public void An_address_changes_switch_and_configuration_until_the_reset_and_never_a_neighbour_s()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Vf0);
        ulong own = nic.Firmware.DataPath.Policy.Mac(Vf0);
        Assert.That(nic.Command(Vf0, [1, 1, .. Mac]), Is.EqualTo(Ok));
        Assert.That(nic.Switch.Mac[Vf0], Is.EqualTo(0xEEDD_CCBB_AA02UL));
        Assert.That(nic.Read(Vf0, BarMap.ControlBar, BarMap.DeviceConfigOffset, 4), Is.EqualTo(0xCCBB_AA02));
        Assert.That(nic.Command(Vf0, [1, 1, 2, 0, 0, 0, 0, 3]), Is.EqualTo(Error), "the neighbour's");
        Assert.That(nic.Command(Vf0, [1, 1, .. Group]), Is.EqualTo(Error));
        Assert.That(nic.Command(Vf0, [1, 1, 0, 0, 0, 0, 0, 0]), Is.EqualTo(Error));
        Assert.That(nic.Switch.Mac[Vf0], Is.EqualTo(0xEEDD_CCBB_AA02UL));
        nic.Bring(Vf0);
        Assert.That(nic.Switch.Mac[Vf0], Is.EqualTo(own));
    }

    [Test]
    public void VLANs_join_and_leave()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Vf0);
        Assert.That(nic.Command(Vf0, [2, 0, 0x0A, 0]), Is.EqualTo(Ok));
        Assert.That(nic.Command(Vf0, [2, 0, 0xFF, 0x0F]), Is.EqualTo(Ok));
        Assert.That(nic.Command(Vf0, [2, 1, 0x0A, 0]), Is.EqualTo(Ok));
        Assert.That(nic.Switch.Vlans, Is.EquivalentTo(new[] { (Vf0, 4095) }));
    }

    [Test]
    public void Pairs_hash_and_RSS_reach_the_switch_and_the_last_command_decides()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Pf);
        string noKey = new('0', 80);
        Assert.That(nic.Switch.Steering[Pf], Is.EqualTo($"auto pairs 1 types 0 else 0 table 0 key {noKey}"));
        Assert.That(nic.Command(Pf, [4, 0, 4, 0]), Is.EqualTo(Ok));
        Assert.That(nic.Switch.Steering[Pf], Is.EqualTo($"auto pairs 4 types 0 else 0 table 0 key {noKey}"));
        byte[] key = [.. Enumerable.Range(1, 40).Select(value => (byte)value)];
        Assert.That(nic.Command(Pf, Rss(0x3F, [3, 2, 1, 0], 1, 3, key)), Is.EqualTo(Ok));
        Assert.That(
            nic.Switch.Steering[Pf], Is.EqualTo($"rss pairs 3 types 3f else 1 table 3,2,1,0 key {Convert.ToHexString(key)}"));
        Assert.That(nic.Command(Pf, [4, 0, 2, 0]), Is.EqualTo(Ok));
        Assert.That(nic.Switch.Steering[Pf], Does.StartWith("auto pairs 2 types 3f"), "the hash stays for reports");
        Assert.That(nic.Command(Pf, [4, 2, 3, 0, 0, 0, .. new byte[8], 40, .. key.Reverse()]), Is.EqualTo(Ok));
        Assert.That(nic.Switch.Steering[Pf], Does.StartWith("auto pairs 2 types 3 ").And.EndsWith(Convert.ToHexString([.. key.Reverse()])));
    }

    [Test]
    public void Statistics_of_the_control_queue_count_its_commands_5_1_6_5_10()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Vf0);
        nic.Command(Vf0, [9, 9]);
        byte[] types = nic.Command(Vf0, [8, 0]);
        Assert.That(types, Is.EqualTo(new byte[] { 0, 1, 0, 1, 0, 1, 0, 0, 0 }), "RX_BASIC, TX_BASIC and CVQ");
        byte[] reply = nic.Command(Vf0, [8, 1, .. Entry(4, 1UL << 32)]);
        Assert.That(reply, Has.Length.EqualTo(25));
        Assert.That(reply[..9], Is.EqualTo(new byte[] { 0, 32, 0, 4, 0, 0, 0, 24, 0 }));
        Assert.That(LittleEndian.ReadU64(reply, 9), Is.EqualTo(3));
        Assert.That(LittleEndian.ReadU64(reply, 17), Is.EqualTo(2));
        Assert.That(nic.Command(Vf0, [8, 1, .. Entry(4, 1UL << 32), .. Entry(4, 1UL << 32)]), Has.Length.EqualTo(49));
    }

    private static IEnumerable<TestCaseData> Lies()
    {
        byte[] key = new byte[40];
        (string Name, byte[] Command)[] lies =
        [
            ("nothing", []),
            ("a_class_alone", [0]),
            ("a_class_that_is_not_there", [3, 0]),
            ("a_command_of_RX_EXTRA", [0, 2, 1]),
            ("a_mode_without_its_byte", [0, 0]),
            ("a_mode_that_is_neither_on_nor_off", [0, 0, 2]),
            ("a_mode_with_more_bytes", [0, 0, 1, 0]),
            ("a_filter_without_counts", [1, 0, 0, 0, 0, 0]),
            ("a_unicast_count_beyond_the_command", Filter(Mac, 2, Group, 1, unicastLie: 4)),
            ("a_unicast_count_of_2_32_less_1", Filter(Mac, 2, Group, 1, unicastLie: 0xFFFFFFFF)),
            ("a_unicast_count_that_wraps_times_6", Filter(Mac, 2, Group, 1, unicastLie: 0x2AAAAAAB)),
            ("a_multicast_count_beyond_the_command", Filter(Mac, 2, Group, 1, multicastLie: 2)),
            ("a_multicast_count_of_2_31", Filter(Mac, 2, Group, 1, multicastLie: 0x80000000)),
            ("a_multicast_count_too_small", Filter(Mac, 2, Group, 2, multicastLie: 1)),
            ("a_group_address_among_the_unicast", Filter(Group, 1, Group, 1)),
            ("a_unicast_address_among_the_multicast", Filter(Mac, 1, Mac, 1)),
            ("an_address_cut_short", [1, 1, 2, 0, 0, 0, 0]),
            ("a_VLAN_of_4096", [2, 0, 0, 0x10]),
            ("a_VLAN_cut_short", [2, 0, 1]),
            ("a_VLAN_command_that_is_not_there", [2, 2, 1, 0]),
            ("pairs_0", [4, 0, 0, 0]),
            ("pairs_beyond_the_device", [4, 0, 5, 0]),
            ("pairs_0x8000", [4, 0, 0, 0x80]),
            ("pairs_cut_short", [4, 0, 1]),
            ("an_RSS_table_that_is_no_power_of_two", Rss(1, [0, 1, 2], 0, 1, key)),
            ("an_RSS_table_of_256", Rss(1, new int[256], 0, 1, key)),
            ("an_RSS_table_mask_of_FFFF", Rss(1, [0], 0, 1, key, maskLie: 0xFFFF)),
            ("an_RSS_table_longer_than_the_command", Rss(1, [0, 1], 0, 1, key, maskLie: 127)),
            ("an_RSS_entry_beyond_the_device", Rss(1, [0, 4], 0, 1, key)),
            ("an_RSS_entry_with_its_reserved_bit", Rss(1, [0, 0x8000], 0, 1, key)),
            ("an_RSS_unclassified_queue_beyond_the_device", Rss(1, [0, 1], 9, 1, key)),
            ("RSS_transmit_queues_0", Rss(1, [0, 1], 0, 0, key)),
            ("RSS_hash_types_that_are_not_supported", Rss(0x40, [0, 1], 0, 1, key)),
            ("RSS_hash_types_without_a_key", Rss(1, [0, 1], 0, 1, [])),
            ("an_RSS_key_of_41", Rss(1, [0, 1], 0, 1, new byte[41])),
            ("an_RSS_key_length_that_lies", Rss(1, [0, 1], 0, 1, key, keyLie: 36)),
            ("an_RSS_key_shorter_than_its_length", Rss(1, [0, 1], 0, 1, new byte[39], keyLie: 40)),
            ("RSS_cut_short", [4, 1, 1, 0]),
            ("a_hash_key_length_that_lies", [4, 2, 1, 0, 0, 0, .. new byte[8], 40, 1, 2]),
            ("a_hash_cut_short", [4, 2, 1]),
            ("statistics_of_a_queue_beyond_the_device", [8, 1, .. Entry(9, 1UL << 32)]),
            ("statistics_of_another_queue_s_type", [8, 1, .. Entry(0, 1UL << 32)]),
            ("statistics_of_a_type_not_supported", [8, 1, .. Entry(8, 1)]),
            ("statistics_of_which_the_last_is_wrong", [8, 1, .. Entry(8, 1UL << 32), .. Entry(9, 0)]),
            ("statistics_of_which_the_first_is_wrong", [8, 1, .. Entry(1, 1), .. Entry(0, 1)]),
            ("statistics_of_all_types_of_a_queue", [8, 1, .. Entry(0, ulong.MaxValue)]),
            ("statistics_of_a_type_that_nobody_knows", [8, 1, .. Entry(0, 1UL << 63)]),
            ("receive_statistics_of_a_checksum_type", [8, 1, .. Entry(0, 3)]),
            ("receive_statistics_of_a_transmit_queue", [8, 1, .. Entry(1, 1)]),
            ("transmit_statistics_of_a_receive_queue", [8, 1, .. Entry(0, 1 << 16)]),
            ("basic_statistics_of_the_control_queue", [8, 1, .. Entry(8, 1 << 16)]),
            ("statistics_of_queue_FFFF", [8, 1, .. Entry(0xFFFF, 1)]),
            ("statistics_of_thousands_of_entries", [8, 1, .. Enumerable.Repeat(Entry(0, 1), 4000).SelectMany(entry => entry)]),
            ("statistics_of_one_entry_more_than_is_looked_at", [8, 1, .. Enumerable.Repeat(Entry(0, 1), 64).SelectMany(entry => entry)]),
            ("a_statistics_command_that_is_not_there", [8, 2]),
            ("statistics_cut_short", [8, 1, 8, 0]),
            ("a_statistics_query_with_data", [8, 0, 0]),
        ];
        return lies.Select(lie => new TestCaseData(lie.Command).SetName($"Hostile_19_{lie.Name}_is_VIRTIO_NET_ERR"));
    }

    [TestCaseSource(nameof(Lies))]
    public void Hostile_19(byte[] command)
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Pf);
        nic.Bring(Vf0);
        string before = Said(nic);
        Assert.That(nic.Command(Pf, command), Is.EqualTo(Error));
        Assert.That(Said(nic), Is.EqualTo(before), "nothing was programmed");
        Assert.That(nic.Status(Pf), Is.EqualTo(0x0F));
    }

    [Test]
    public void RSS_with_the_padding_that_Linux_sends_behind_the_key_is_what_it_says()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Pf);
        byte[] key = [.. Enumerable.Range(1, 40).Select(value => (byte)value)];
        Assert.That(nic.Command(Pf, [.. Rss(0x3F, [3, 2, 1, 0], 1, 3, key), 0x99]), Is.EqualTo(Ok));
        Assert.That(
            nic.Switch.Steering[Pf], Is.EqualTo($"rss pairs 3 types 3f else 1 table 3,2,1,0 key {Convert.ToHexString(key)}"));
    }

    [Test]
    public void Hostile_19_a_length_beyond_what_is_looked_at_is_VIRTIO_NET_ERR()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Vf0);
        foreach (int length in new[] { 5000, 1 << 20, int.MaxValue })
        {
            Assert.That(nic.Command(Vf0, Filter(Mac, 2, Group, 1), length), Is.EqualTo(Error));
            Assert.That(nic.Command(Vf0, [8, 1, .. Entry(4, 1UL << 32)], length), Is.EqualTo(Error));
            Assert.That(nic.Command(Vf0, Rss(1, [0], 0, 1, new byte[40]), length), Is.EqualTo(Error));
        }
    }

    [Test]
    public void Hostile_19_pairs_whose_queues_are_not_enabled_are_VIRTIO_NET_ERR()
    {
        var nic = new DataPathUnderTest();
        nic.Negotiate(Vf0, AllOffered);
        nic.SetUpQueue(Vf0, 0);
        nic.SetUpQueue(Vf0, 1);
        nic.SetUpQueue(Vf0, 4);
        nic.Status(Vf0, 0x0F);
        Assert.That(nic.Command(Vf0, [4, 0, 2, 0]), Is.EqualTo(Error));
        Assert.That(nic.Command(Vf0, Rss(1, [0, 1], 0, 1, new byte[40])), Is.EqualTo(Error));
        Assert.That(nic.Command(Vf0, [4, 0, 1, 0]), Is.EqualTo(Ok));
    }

    [Test]
    public void Commands_of_features_that_were_not_negotiated_are_VIRTIO_NET_ERR()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Vf0, FeatureOffer.Version1 | FeatureOffer.CtrlVq);
        Assert.That(nic.Switch.Mode[Vf0], Is.EqualTo(ReceiveMode.AllMulticast), "nobody can ask for it");
        byte[][] commands =
        [
            [0, 0, 1], Filter(Mac, 1, Group, 1), [1, 1, .. Mac], [2, 0, 1, 0], [4, 0, 1, 0], Rss(1, [0], 0, 1, new byte[40]),
            [4, 2, 0, 0, 0, 0, .. new byte[8], 0], [8, 0],
        ];
        foreach (byte[] command in commands)
        {
            Assert.That(nic.Command(Vf0, command), Is.EqualTo(Error), Convert.ToHexString(command));
        }
    }

    [Test]
    public void A_flood_of_commands_gets_one_a_round_and_a_neighbour_s_turns_go_on()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Vf0);
        nic.Bring(Vf1);
        for (int command = 0; command < 1000; command++)
        {
            nic.Engine.Command(Vf0, 4, [0, 0, 1]);
        }

        nic.Notify(Vf0, 4);
        nic.Notify(Vf1, 1);
        nic.Step();
        Assert.That(nic.Engine.Turns.Select(turn => turn.Function), Is.EqualTo(new[] { Vf1 }));
        Assert.That(nic.Engine.Replies, Has.Count.LessThan(20));
    }

    [Test]
    public void Policy_takes_effect_at_once_binds_the_driver_and_survives_FLR()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Vf0);
        Firmware.Management.VfPolicy policy = nic.Firmware.DataPath.Policy;
        Assert.That(policy.SetMac(Vf0, 0xEEDD_CCBB_AA02UL), Is.EqualTo(HalStatus.Ok));
        Assert.That(policy.SetMac(Vf1, 0xEEDD_CCBB_AA02UL), Is.EqualTo(HalStatus.BadArgument), "taken");
        Assert.That(policy.SetPortVlan(Vf0, 100, 5), Is.EqualTo(HalStatus.Ok));
        Assert.That(policy.SetPortVlan(Vf0, 4095, 0), Is.EqualTo(HalStatus.BadArgument));
        policy.SetSpoofCheck(Vf0, false);
        Assert.That(nic.Switch.Mac[Vf0], Is.EqualTo(0xEEDD_CCBB_AA02UL));
        Assert.That(nic.Switch.PortVlan[Vf0], Is.EqualTo((100, 5)));
        Assert.That(nic.Switch.SpoofCheck[Vf0], Is.False);
        Assert.That(nic.Ports.Messages, Is.EqualTo(new[] { (Vf0, Address(Vf0), 0u) }), "the driver is told");
        Assert.That(nic.Command(Vf0, [1, 1, 2, 9, 9, 9, 9, 9]), Is.EqualTo(Error), "the operator's stays");
        nic.Switch.PortVlan.Clear();
        nic.InitiateFlr(Vf0);
        nic.Settle();
        nic.Bring(Vf0);
        Assert.That(nic.Switch.Mac[Vf0], Is.EqualTo(0xEEDD_CCBB_AA02UL));
        Assert.That(nic.Switch.PortVlan[Vf0], Is.EqualTo((100, 5)));
        Assert.That(nic.Switch.SpoofCheck[Vf0], Is.False);
    }

    private static string Said(DataPathUnderTest nic) => string.Join(
        ';', string.Join(',', nic.Switch.Mac), string.Join(',', nic.Switch.Mode), string.Join(',', nic.Switch.Filter),
        string.Join(',', nic.Switch.Vlans), string.Join(',', nic.Switch.Steering));

    private static byte[] Filter(byte[] unicast, int unicasts, byte[] multicast, int multicasts, uint? unicastLie = null, uint? multicastLie = null) =>
    [
        1, 0, .. BitConverter.GetBytes(unicastLie ?? (uint)unicasts), .. Enumerable.Repeat(unicast, unicasts).SelectMany(mac => mac),
        .. BitConverter.GetBytes(multicastLie ?? (uint)multicasts), .. Enumerable.Repeat(multicast, multicasts).SelectMany(mac => mac),
    ];

    private static byte[] Rss(uint types, int[] table, int unclassified, int pairs, byte[] key, int? maskLie = null, int? keyLie = null) =>
    [
        4, 1, .. BitConverter.GetBytes(types), .. BitConverter.GetBytes((ushort)(maskLie ?? (table.Length - 1))),
        .. BitConverter.GetBytes((ushort)unclassified), .. table.SelectMany(pair => BitConverter.GetBytes((ushort)pair)),
        .. BitConverter.GetBytes((ushort)pairs), (byte)(keyLie ?? key.Length), .. key,
    ];
}
