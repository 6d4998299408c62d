// Frames between drivers, through real firmware, rings and switch: byte for byte, whatever was negotiated.
using System;
using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Host;
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

    [TestCase(true)]
    [TestCase(false)]
    public void A_large_segment_passes_untouched_to_who_takes_it_and_in_pieces_to_who_does_not(bool isTakenWhole)
    {
        using var lab = new NetLab(2);
        lab.Start(0, new NetDriverOptions { TransmitFrameBytes = 65_549, QueueSize = 32 });
        ulong offloads = NetFeatures.Of(
            VirtioNetFeature.GuestTso4, VirtioNetFeature.GuestTso6, VirtioNetFeature.GuestUso4, VirtioNetFeature.GuestUso6,
            VirtioNetFeature.GuestEcn, VirtioNetFeature.GuestCsum);
        lab.Start(1, new NetDriverOptions
        {
            WantedFeatures = NetFeatures.Supported & ~(isTakenWhole ? 0 : offloads),
            QueueSize = 256,
        });
        byte[] frame = TcpFrame(lab, payload: 60_000);
        var offload = new FrameOffload
        {
            Flags = VirtioNetHeader.NeedsCsum,
            GsoType = VirtioNetHeader.GsoTcpV4,
            HdrLen = 54,
            GsoSize = 1460,
            CsumStart = 34,
            CsumOffset = 16,
        };
        Assert.That(lab.Drivers[0].TrySend(frame, offload), Is.True);
        lab.Drivers[0].Flush();
        lab.Settle();

        List<Received> received = lab.Inbox[1];
        if (isTakenWhole)
        {
            Assert.That(received, Has.Count.EqualTo(1));
            Assert.That(received[0].Payload, Is.EqualTo(frame));
            Assert.That(received[0].Offload, Is.EqualTo(offload));
            return;
        }

        Assert.That(received, Has.Count.EqualTo((60_000 + 1459) / 1460));
        Assert.That(received.SelectMany(segment => segment.Payload.Skip(54)), Is.EqualTo(frame.Skip(54)));
        foreach (Received segment in received)
        {
            Assert.That(segment.Offload, Is.EqualTo(default(FrameOffload)));
            Assert.That(TcpSum(segment.Payload), Is.EqualTo(0xFFFF), "checksum of a segment");
        }
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

    [Test]
    public void Hostile_11_a_broken_ring_costs_its_own_function_a_reset_and_its_neighbours_nothing()
    {
        using var lab = new NetLab(3);
        for (int vf = 0; vf < 3; vf++)
        {
            lab.Start(vf, new NetDriverOptions { QueueSize = 16, WantedFeatures = NetFeatures.Supported & ~(1UL << VirtioFeature.RingPacked) });
        }

        long configurations = lab.Drivers[2].ConfigurationChanges;
        BreakTransmitRing(lab, vf: 2);
        lab.Settle();
        Assert.That(lab.Drivers[2].NeedsReset, Is.True);
        Assert.That(lab.Drivers[2].ConfigurationChanges, Is.GreaterThan(configurations));

        Exchange(lab, 0, 1, 50);
        Assert.That(lab.Drivers[0].NeedsReset || lab.Drivers[1].NeedsReset, Is.False);

        lab.Drivers[2].Remove();
        lab.Start(2, new NetDriverOptions { QueueSize = 16 });
        Exchange(lab, 0, 2, 10);
    }

    [Test]
    public void Hostile_38_FLR_of_many_VFs_in_the_middle_of_traffic_leaves_a_neighbour_and_comes_back()
    {
        using var lab = new NetLab(8);
        for (int vf = 0; vf < 8; vf++)
        {
            lab.Start(vf, new NetDriverOptions { QueueSize = 64 });
        }

        for (int vf = 2; vf < 8; vf++)
        {
            for (int count = 0; count < 20; count++)
            {
                lab.Drivers[vf].TrySend(lab.Frame(vf, 0, 200, count));
            }

            lab.Drivers[vf].Flush();
        }

        var reset = new FunctionReset(lab.Host);
        for (int vf = 2; vf < 8; vf++)
        {
            reset.FunctionLevel(lab.VFs[vf]);
            NetDriver gone = lab.Drivers[vf];
            lab.Drivers[vf] = null!;
            Assert.That(gone.Transport.Status, Is.Zero, "a reset function has no status");
        }

        lab.Inbox[0].Clear();
        Exchange(lab, 0, 1, 50);
        for (int vf = 2; vf < 8; vf++)
        {
            lab.Start(vf, new NetDriverOptions { QueueSize = 64 });
            Exchange(lab, vf, 0, 5);
        }
    }

    [Test]
    public void Nothing_is_written_to_a_function_that_was_reset_6_6_2()
    {
        using var lab = new NetLab(2);
        lab.Start(0, new NetDriverOptions());
        lab.Start(1, new NetDriverOptions { QueueSize = 8 });
        byte[] frame = lab.Frame(0, 1, 100);
        new FunctionReset(lab.Host).FunctionLevel(lab.VFs[1]);
        byte[] before = lab.Memory.At(HostMemory.BaseAddress, 1 << 20).ToArray();
        NetDriver gone = lab.Drivers[1];
        lab.Drivers[1] = null!;
        Assert.That(lab.Drivers[0].TrySend(frame), Is.True);
        lab.Drivers[0].Flush();
        lab.Settle();

        Assert.That(gone.Receivers[0].Frames, Is.Zero);
        Assert.That(lab.Board.Switch.Read(lab.Index(1), Counter.ReceivedFrames), Is.Zero);
        Assert.That(before, Is.Not.Empty);
    }

    [Test]
    public void A_driver_with_two_pairs_gets_every_flow_whole_and_uses_both()
    {
        using var lab = new NetLab(2);
        lab.Start(0, new NetDriverOptions());
        lab.Start(1, new NetDriverOptions { QueuePairs = 2 });
        for (int flow = 0; flow < 32; flow++)
        {
            byte[] frame = TcpFrame(lab, payload: 100, port: 1000 + flow);
            for (int count = 0; count < 3; count++)
            {
                Assert.That(lab.Drivers[0].TrySend(frame), Is.True);
            }
        }

        lab.Drivers[0].Flush();
        lab.Settle();
        Assert.That(lab.Inbox[1], Has.Count.EqualTo(96));
        Assert.That(lab.Inbox[1].Select(received => received.Pair).Distinct(), Is.EquivalentTo(new[] { 0, 1 }));
        Assert.That(
            lab.Inbox[1].GroupBy(received => (received.Payload[34] << 8) | received.Payload[35])
                .All(flow => flow.Select(received => received.Pair).Distinct().Count() == 1),
            Is.True, "a flow stays on one pair");
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
    public void Hostile_11_a_broken_receive_ring_is_reported_too()
    {
        using var lab = new NetLab(3);
        for (int vf = 0; vf < 3; vf++)
        {
            lab.Start(vf, new NetDriverOptions { QueueSize = 16, WantedFeatures = NetFeatures.Supported & ~(1UL << VirtioFeature.RingPacked) });
        }

        VirtioPciTransport transport = lab.Drivers[2].Transport;
        transport.WriteCommon(VirtioCommonConfig.QueueSelectOffset, 2, 0);
        ulong descriptors = transport.ReadCommon(VirtioCommonConfig.QueueDescOffset, 4)
            | ((ulong)transport.ReadCommon(VirtioCommonConfig.QueueDescOffset + 4, 4) << 32);
        lab.Memory.At(descriptors, 16 * SplitDescriptor.Bytes).Fill(0xEE);
        Assert.That(lab.Drivers[0].TrySend(lab.Frame(0, 2, 100)), Is.True);
        lab.Drivers[0].Flush();
        lab.Settle();

        Assert.That(lab.Drivers[2].NeedsReset, Is.True);
        Exchange(lab, 0, 1, 10);
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
    public void RSS_spreads_flows_by_the_drivers_table_and_reports_the_hash_5_1_6_5_7()
    {
        using var lab = new NetLab(2);
        lab.Start(0, new NetDriverOptions());
        lab.Start(1, new NetDriverOptions { QueuePairs = 2 });
        ushort[] table = [.. Enumerable.Range(0, 128).Select(entry => (ushort)(entry & 1))];
        byte[] key = [.. Enumerable.Range(1, VirtioNetHash.KeyBytes).Select(octet => (byte)(octet * 37))];
        Assert.That(
            lab.Drivers[1].Control!.SetRss(VirtioNetHash.TypeTcpV4 | VirtioNetHash.TypeIpV4, 0, table, 2, key), Is.True);
        for (int flow = 0; flow < 64; flow++)
        {
            Assert.That(lab.Drivers[0].TrySend(TcpFrame(lab, payload: 10, port: 2000 + flow)), Is.True);
        }

        lab.Drivers[0].Flush();
        lab.Settle();
        Assert.That(lab.Inbox[1], Has.Count.EqualTo(64));
        Assert.That(lab.Inbox[1].Select(received => received.Pair).Distinct(), Is.EquivalentTo(new[] { 0, 1 }));

        // All entries to pair 1: the table decides, not chance.
        Assert.That(lab.Drivers[1].Control!.SetRss(
            VirtioNetHash.TypeTcpV4, 0, [.. Enumerable.Repeat((ushort)1, 128)], 2, key), Is.True);
        lab.Inbox[1].Clear();
        for (int flow = 0; flow < 64; flow++)
        {
            Assert.That(lab.Drivers[0].TrySend(TcpFrame(lab, payload: 10, port: 2000 + flow)), Is.True);
        }

        lab.Drivers[0].Flush();
        lab.Settle();
        Assert.That(lab.Inbox[1].Select(received => received.Pair), Has.All.EqualTo(1));
    }

    [Test]
    public void Hostile_03_VF_Enable_toggled_under_traffic_writes_nothing_to_VFs_that_are_gone()
    {
        using var lab = new NetLab(3);
        HostFunction pf = lab.Pf;
        int control = pf.Find(PciExtendedCapability.IdSriov, isExtended: true) + SriovCapability.ControlOffset;
        uint on = lab.Host.Read(pf.Address, control, 2);
        lab.Start(0, new NetDriverOptions());
        lab.Start(1, new NetDriverOptions());
        Assert.That(lab.Drivers[0].TrySend(lab.Frame(0, 1, 100)), Is.True);
        lab.Drivers[0].Flush();
        lab.Host.Write(pf.Address, control, 2, on & ~(uint)SriovCapability.ControlVfEnableMask);
        byte[] before = lab.Memory.At(HostMemory.BaseAddress, 8 << 20).ToArray();
        (lab.Drivers[0], lab.Drivers[1]) = (null!, null!);
        for (int round = 0; round < 1000; round++)
        {
            lab.Host.Write(pf.Address, control, 2, round % 2 == 0 ? on : on & ~(uint)SriovCapability.ControlVfEnableMask);
            lab.Board.Step();
        }

        Assert.That(lab.Memory.At(HostMemory.BaseAddress, 8 << 20).SequenceEqual(before), Is.True, "stale DMA");
        lab.Host.Write(pf.Address, control, 2, on);
        lab.Host.Wait(SriovCapability.VfEnableWaitUs);
        lab.Start(0, new NetDriverOptions());
        lab.Start(1, new NetDriverOptions());
        Exchange(lab, 0, 1, 10);
    }

    [Test]
    public void Registers_and_frames_work_through_the_configuration_access_capability_4_1_4_9()
    {
        using var lab = new NetLab(2);
        lab.Start(0, new NetDriverOptions { UsesConfigWindow = true });
        lab.Start(1, new NetDriverOptions());
        Exchange(lab, 0, 1, 20);
        Exchange(lab, 1, 0, 20);
    }

    [Test]
    public void A_queue_reset_in_the_middle_of_traffic_loses_nothing_sent_afterwards_2_6_1()
    {
        using var lab = new NetLab(2);
        lab.Start(0, new NetDriverOptions());
        lab.Start(1, new NetDriverOptions());
        for (int round = 0; round < 5; round++)
        {
            Exchange(lab, 0, 1, 20);
            lab.Drivers[0].RestartQueue(1);
            lab.Drivers[1].RestartQueue(0);
        }
    }

    private static void Exchange(NetLab lab, int from, int to, int count)
    {
        int before = lab.Inbox[to].Count;
        var expected = new List<byte[]>();
        for (int index = 0; index < count; index++)
        {
            byte[] frame = lab.Frame(from, to, 60 + (index * 11), index);
            expected.Add(frame);
            Assert.That(lab.Drivers[from].TrySend(frame), Is.True);
            lab.Drivers[from].Flush();
            lab.Settle();
        }

        Assert.That(lab.Inbox[to].Skip(before).Select(received => received.Payload), Is.EqualTo(expected));
    }

    // Features whose requirement was left out of this row.
    private static ulong Unmet(ulong features) =>
        NetFeatures.Has(features, VirtioNetFeature.GuestCsum) ? 0 : 1UL << VirtioNetFeature.GuestTso4;

    // A descriptor that points to itself: a loop. The driver's ring is found through the registers that it wrote.
    private static void BreakTransmitRing(NetLab lab, int vf)
    {
        VirtioPciTransport transport = lab.Drivers[vf].Transport;
        transport.WriteCommon(VirtioCommonConfig.QueueSelectOffset, 2, 1);
        ulong descriptors = transport.ReadCommon(VirtioCommonConfig.QueueDescOffset, 4)
            | ((ulong)transport.ReadCommon(VirtioCommonConfig.QueueDescOffset + 4, 4) << 32);
        ulong avail = transport.ReadCommon(VirtioCommonConfig.QueueDriverOffset, 4)
            | ((ulong)transport.ReadCommon(VirtioCommonConfig.QueueDriverOffset + 4, 4) << 32);
        Span<byte> first = lab.Memory.At(descriptors, SplitDescriptor.Bytes);
        first.Clear();
        BitConverter.TryWriteBytes(first, descriptors);
        first[SplitDescriptor.LengthOffset] = 16;
        first[SplitDescriptor.FlagsOffset] = DescriptorFlags.Next;
        Span<byte> ring = lab.Memory.At(avail, AvailRing.RingOffset + AvailRing.EntryBytes);
        ring[AvailRing.RingOffset] = 0;
        ring[AvailRing.IdxOffset]++;
        lab.Board.Bars.Ring(new Emulator.Board.DecodedAddress(0, vf, Hal.Regs.BarMap.NotifyBar, Hal.Regs.BarMap.NotifyOffMultiplier));
    }

    private static byte[] TcpFrame(NetLab lab, int payload, int port = 1000)
    {
        byte[] frame = lab.Frame(0, 1, 54 + payload);
        byte[] ip =
        [
            0x08, 0x00, 0x45, 0x00, (byte)((40 + payload) >> 8), (byte)(40 + payload), 0x00, 0x01, 0x00, 0x00, 64, 6, 0, 0,
            10, 0, 0, 1, 10, 0, 0, 2,
            (byte)(port >> 8), (byte)port, 0x00, 0x50, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10, 0x10, 0x00, 0, 0, 0, 0,
        ];
        ip.CopyTo(frame, 12);
        int pseudo = Add(frame, 26, 8) + 6 + 20 + payload;
        pseudo = (pseudo & 0xFFFF) + (pseudo >> 16);
        frame[50] = (byte)(pseudo >> 8);
        frame[51] = (byte)pseudo;
        return frame;
    }

    private static int TcpSum(byte[] frame)
    {
        int sum = Add(frame, 26, 8) + 6 + (frame.Length - 34) + Add(frame, 34, frame.Length - 34);
        while (sum > 0xFFFF)
        {
            sum = (sum & 0xFFFF) + (sum >> 16);
        }

        return sum;
    }

    private static int Add(byte[] bytes, int offset, int count)
    {
        int sum = 0;
        for (int index = 0; index < count; index++)
        {
            sum += index % 2 == 0 ? bytes[offset + index] << 8 : bytes[offset + index];
        }

        while (sum > 0xFFFF)
        {
            sum = (sum & 0xFFFF) + (sum >> 16);
        }

        return sum;
    }

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
