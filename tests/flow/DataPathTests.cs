// Frames between drivers, through real firmware, rings and switch: byte for byte, whatever was negotiated.
using System;
using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Flow;

public sealed class DataPathTests
{
    // Features that change how frames travel; every pair of them is tried on and off, and with each value of the other.
    private static readonly int[] Varied =
    [
        VirtioFeature.RingPacked, VirtioFeature.EventIdx, VirtioFeature.IndirectDesc, VirtioFeature.InOrder,
        VirtioFeature.NotificationData, VirtioNetFeature.MrgRxbuf, VirtioNetFeature.HashReport, VirtioNetFeature.GuestTso4,
        VirtioNetFeature.Csum, VirtioNetFeature.Mq,
    ];

    private static readonly int[] Sizes = [60, 61, 64, 127, 128, 255, 256, 590, 1023, 1514, 4096, 8999, 9014];

    private static IEnumerable<TestCaseData> Masks => Pairwise(Varied.Length).Select(row => new TestCaseData(row)
        .SetArgDisplayNames(string.Concat(row.Select(isOn => isOn ? '1' : '0'))));

    [TestCaseSource(nameof(Masks))]
    public void Frames_of_every_size_arrive_byte_for_byte_with_every_pair_of_features(bool[] row)
    {
        ulong without = 0;
        for (int index = 0; index < row.Length; index++)
        {
            without |= row[index] ? 0 : 1UL << Varied[index];
        }

        using var lab = new NetLab(3);
        var options = new NetDriverOptions
        {
            WantedFeatures = NetFeatures.Supported & ~without,
            QueueSize = 32,
            ReceiveBufferBytes = row[5] ? 0 : 9100,
            TransmitFrameBytes = 9100,
            TransmitLayout = new TransmitLayout(row[2] ? 1 : 0, 2, row[2]),
        };
        for (int vf = 0; vf < 3; vf++)
        {
            lab.Start(vf, options);
        }

        ulong with = row.Select((isOn, index) => isOn ? 1UL << Varied[index] : 0).Aggregate(0UL, (all, bit) => all | bit);
        Assert.That(lab.Drivers[0].Features & without, Is.Zero);
        Assert.That(lab.Drivers[0].Features & with & ~Unmet(lab.Drivers[0].Features), Is.EqualTo(with & ~Unmet(lab.Drivers[0].Features)), "offered and accepted");
        var expected = new List<byte[]>();
        for (int round = 0; round < 12; round++)
        {
            foreach (int size in Sizes)
            {
                byte[] frame = lab.Frame(0, 1, size, round);
                expected.Add(frame);
                Assert.That(lab.Drivers[0].TrySend(frame), Is.True, "the queue is full");
            }

            lab.Drivers[0].Flush();
            lab.Settle();
        }

        Assert.That(lab.Inbox[1].Select(received => received.Payload), Is.EqualTo(expected));
        Assert.That(lab.Inbox[0], Is.Empty);
        Assert.That(lab.Inbox[2], Is.Empty);
        Assert.That(lab.Board.Switch.Read(lab.Index(1), Counter.ReceivedFrames), Is.EqualTo((ulong)expected.Count));
        Assert.That(lab.Board.Switch.Read(lab.Index(0), Counter.TransmittedFrames), Is.EqualTo((ulong)expected.Count));
    }

    [Test]
    public void Frames_without_buffers_wait_in_a_bounded_backlog_in_order_and_hold_up_nobody_else()
    {
        using var lab = new NetLab(3);
        lab.Start(0, new NetDriverOptions { QueueSize = 256 });
        lab.Start(1, new NetDriverOptions { QueueSize = 4, InterruptAfter = 0 });
        lab.Start(2, new NetDriverOptions { QueueSize = 256 });

        // VF 1 is not polled: four buffers, then the backlog, then drops.
        NetDriver slow = lab.Drivers[1];
        lab.Drivers[1] = null!;
        byte[] toSlow = [.. slow.MacAddress, .. lab.Drivers[0].MacAddress, 0x88, 0xB5, .. new byte[46]];
        for (int index = 0; index < 100; index++)
        {
            toSlow[14] = (byte)index;
            Assert.That(lab.Drivers[0].TrySend(toSlow), Is.True);
            Assert.That(lab.Drivers[0].TrySend(lab.Frame(0, 2, 64, index)), Is.True);
        }

        lab.Drivers[0].Flush();
        lab.Settle();
        Assert.That(lab.Inbox[2], Has.Count.EqualTo(100), "the neighbour gets all");
        ulong dropped = lab.Board.Switch.Read(lab.Index(1), Counter.DroppedNoBuffer);
        Assert.That(dropped, Is.EqualTo(100 - 4 - 64), "four buffers and a backlog of 64");

        lab.Drivers[1] = slow;
        lab.Settle();
        Assert.That(lab.Inbox[1].Select(received => (int)received.Payload[14]), Is.EqualTo(Enumerable.Range(0, 68)));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void Group_frames_reach_who_asked_for_them_and_VLANs_keep_apart(bool isPacked)
    {
        using var lab = new NetLab(6);
        var options = new NetDriverOptions
        {
            WantedFeatures = NetFeatures.Supported & ~(isPacked ? 0 : 1UL << VirtioFeature.RingPacked),
        };
        for (int vf = 0; vf < 6; vf++)
        {
            lab.Board.Firmware.DataPath.Policy.SetPortVlan(lab.Index(vf), vf is 3 or 4 ? 30 : 0, 0);
            lab.Start(vf, options);
        }

        byte[] group = [0x33, 0x33, 0, 0, 0, 1];
        Assert.That(lab.Drivers[1].Control!.SetMacTable([], group), Is.True);
        foreach (int vf in new[] { 2, 5 })
        {
            Assert.That(lab.Board.Firmware.DataPath.Policy.SetTrust(lab.Index(vf), true), Is.Null);
        }

        Assert.That(lab.Drivers[2].Control!.SetReceiveMode(VirtioNetControl.RxAllMulticast, isOn: true), Is.True);
        Assert.That(lab.Drivers[5].Control!.SetReceiveMode(VirtioNetControl.RxPromiscuous, isOn: true), Is.True);

        byte[] multicast = lab.Frame(0, 1, 200);
        group.CopyTo(multicast, 0);
        byte[] broadcast = lab.Frame(0, 1, 9000);
        broadcast.AsSpan(0, 6).Fill(0xFF);
        byte[] inVlan = lab.Frame(3, 4, 1514);
        foreach ((int from, byte[] frame) in new[] { (0, multicast), (0, broadcast), (3, inVlan) })
        {
            Assert.That(frame.Length > 1522 || lab.Drivers[from].TrySend(frame), Is.True);
            lab.Drivers[from].Flush();
            lab.Settle();
        }

        Assert.That(lab.Inbox[1].Select(received => received.Payload), Is.EqualTo(new[] { multicast }), "by its filter");
        Assert.That(lab.Inbox[2].Select(received => received.Payload), Is.EqualTo(new[] { multicast }), "all multicast");
        Assert.That(lab.Inbox[4].Select(received => received.Payload), Is.EqualTo(new[] { inVlan }), "the tag was put in and taken out");
        Assert.That(lab.Inbox[0].Concat(lab.Inbox[3]), Is.Empty);
        Assert.That(lab.Inbox[5].Select(received => received.Payload), Does.Contain(multicast), "promiscuous");
    }

    [Test]
    public void Hostile_36_the_longest_frames_in_a_port_VLAN_go_to_the_wire_or_are_dropped_and_nothing_throws(
        [Range(65_590, 65_600)] int bytes)
    {
        using var lab = new NetLab(2);
        lab.Board.Engine.Port = new Emulator.Net.LoopbackPort(4);
        lab.Board.Firmware.DataPath.Policy.SetPortVlan(lab.Index(0), 30, 0);
        lab.Start(0, new NetDriverOptions { TransmitFrameBytes = 65_700, QueueSize = 8 });
        lab.Start(1, new NetDriverOptions { QueueSize = 8 });
        byte[] frame = lab.Frame(0, 1, bytes);
        frame[0] = 0x06;
        Assert.That(lab.Drivers[0].TrySend(frame), Is.True);
        lab.Drivers[0].Flush();
        lab.Settle();

        ulong sent = lab.Board.Switch.Read(lab.Index(0), Counter.TransmittedFrames);
        ulong dropped = lab.Board.Switch.Read(lab.Index(0), Counter.DroppedMalformed);
        Assert.That((sent, dropped), Is.EqualTo(bytes <= Emulator.Net.PacketSwitch.MaxFrameBytes ? (1UL, 0UL) : (0UL, 1UL)));
    }

    [Test]
    public void A_frame_beyond_the_MTU_reaches_only_who_did_not_negotiate_one_5_1_4_1()
    {
        using var lab = new NetLab(3);
        lab.Start(0, new NetDriverOptions { TransmitFrameBytes = 20_000 });
        lab.Start(1, new NetDriverOptions());
        lab.Start(2, new NetDriverOptions { WantedFeatures = NetFeatures.Supported & ~(1UL << VirtioNetFeature.Mtu) });
        foreach (int to in new[] { 1, 2 })
        {
            Assert.That(lab.Drivers[0].TrySend(lab.Frame(0, to, 12_000)), Is.True);
        }

        lab.Drivers[0].Flush();
        lab.Settle();
        Assert.That(lab.Inbox[1], Is.Empty);
        Assert.That(lab.Board.Switch.Read(lab.Index(1), Counter.DroppedTooLarge), Is.EqualTo(1));
        Assert.That(lab.Inbox[2], Has.Count.EqualTo(1));
    }

    [Test]
    public void The_PF_is_a_network_function_like_any_other()
    {
        using var lab = new NetLab(2);
        lab.Start(0, new NetDriverOptions());
        lab.Host.Write(
            lab.Pf.Address, PciConfigHeader.CommandOffset, 2,
            PciConfigHeader.CommandBusMasterEnableMask | PciConfigHeader.CommandMemorySpaceEnableMask);
        var inbox = new List<byte[]>();
        using var pf = new NetDriver(lab.Host, lab.Pf, lab.Memory, lab.Interrupts)
        {
            FrameHandler = (in ReceivedFrame frame) => inbox.Add(frame.Payload.ToArray()),
        };
        pf.Start();
        Assert.That(NetFeatures.Has(pf.Features, VirtioFeature.Sriov), Is.True);
        Assert.That(NetFeatures.Has(lab.Drivers[0].OfferedFeatures, VirtioFeature.Sriov), Is.False);

        byte[] toPf = [.. pf.MacAddress, .. lab.Drivers[0].MacAddress, 0x88, 0xB5, .. new byte[100]];
        byte[] fromPf = [.. lab.Drivers[0].MacAddress, .. pf.MacAddress, 0x88, 0xB5, .. new byte[200]];
        Assert.That(lab.Drivers[0].TrySend(toPf) && pf.TrySend(fromPf), Is.True);
        lab.Drivers[0].Flush();
        pf.Flush();
        lab.Settle();
        pf.Poll();
        Assert.That(inbox, Is.EqualTo(new[] { toPf }));
        Assert.That(lab.Inbox[0].Select(received => received.Payload), Is.EqualTo(new[] { fromPf }));
    }

    [Test]
    public void Registers_and_frames_work_through_the_configuration_access_capability_4_1_4_9()
    {
        using var lab = new NetLab(2);
        lab.Start(0, new NetDriverOptions { UsesConfigWindow = true });
        lab.Start(1, new NetDriverOptions());
        lab.Exchange(0, 1, 20);
        lab.Exchange(1, 0, 20);
    }

    // Features whose requirement was left out of this row.
    private static ulong Unmet(ulong features) =>
        NetFeatures.Has(features, VirtioNetFeature.GuestCsum) ? 0 : 1UL << VirtioNetFeature.GuestTso4;

    // Rows of on and off in which every pair of columns has all four combinations: rows are added, each the one of 64
    // random ones that covers most of what is still open.
    private static List<bool[]> Pairwise(int columns)
    {
        var open = new HashSet<(int, int, bool, bool)>();
        for (int a = 0; a < columns; a++)
        {
            for (int b = a + 1; b < columns; b++)
            {
                open.UnionWith([(a, b, false, false), (a, b, false, true), (a, b, true, false), (a, b, true, true)]);
            }
        }

        var random = new Random(1);
        var rows = new List<bool[]>();
        while (open.Count > 0)
        {
            bool[] best = [.. Enumerable.Range(0, 64).Select(_ => Enumerable.Range(0, columns).Select(_ => random.Next(2) == 1).ToArray())
                .MaxBy(row => open.Count(pair => row[pair.Item1] == pair.Item3 && row[pair.Item2] == pair.Item4))!];
            open.RemoveWhere(pair => best[pair.Item1] == pair.Item3 && best[pair.Item2] == pair.Item4);
            rows.Add(best);
        }

        return rows;
    }
}
