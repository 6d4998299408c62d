// TCP between drivers: segments in one piece or cut, flows kept together over several queues.
using System;
using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Flow;

public sealed class TcpFlowTests
{
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
}
