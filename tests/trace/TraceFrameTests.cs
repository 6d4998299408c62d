// Frames of a trace against what host and wire saw, byte for byte; and that who is traced is served as who is not.
using System;
using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Emulator.Trace;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;
using SmartNicFw.Tests.Unit;

namespace SmartNicFw.Tests.Trace;

public sealed class TraceFrameTests
{
    private const int Inbound = 1;
    private const int Outbound = 2;
    private static readonly byte[] Far = [2, 0xFA, 0, 0, 0, 1];

    [Test]
    public void Every_frame_is_in_the_trace_of_who_sent_and_who_got_it_byte_for_byte_and_in_order()
    {
        using var lab = new TraceLab(3);
        for (int vf = 0; vf < 3; vf++)
        {
            lab.Start(vf);
        }

        var sent = new List<byte[]>();
        for (int round = 0; round < 8; round++)
        {
            byte[][] frames =
            [
                lab.Frame(lab.Drivers[1].MacAddress, 0, 60 + round, round), lab.Frame(lab.Drivers[2].MacAddress, 0, 1514, round),
                lab.Frame(Far, 0, 200 + round, round), lab.Frame([255, 255, 255, 255, 255, 255], 0, 99, round),
            ];
            sent.AddRange(frames);
            lab.Send(0, frames);
            lab.Wire.Put(Reversed(lab.Frame(Far, 1, 300 + round, round)));
            lab.Settle();
        }

        PcapngFile file = PcapngFile.Read(lab.Finish());
        Assert.That(Of(file, "vf0", Outbound), Is.EqualTo(sent));
        Assert.That(Of(file, "vf0", Inbound), Is.EqualTo(lab.Inbox[0]));
        Assert.That(Of(file, "vf1", Inbound), Is.EqualTo(lab.Inbox[1]).And.Count.EqualTo(24), "unicast, broadcast, and from the wire");
        Assert.That(Of(file, "vf2", Inbound), Is.EqualTo(lab.Inbox[2]).And.Count.EqualTo(16));
        Assert.That(Of(file, "wire", Outbound), Is.EqualTo(lab.Wire.Sent).And.Count.EqualTo(16));
        Assert.That(Of(file, "wire", Inbound).Count, Is.EqualTo(8));
        Assert.That(file.Frames.Select(frame => frame.Comment), Is.All.Null);
        Assert.That(file.Interfaces.Select(one => (one.LinkType, one.Name)), Is.EquivalentTo(
            new[] { (147, "endpoint"), (1, "vf0"), (1, "vf1"), (1, "vf2"), (1, "wire") }));
    }

    [Test]
    public void A_frame_that_is_dropped_says_why_on_the_interface_of_who_lost_it()
    {
        using var lab = new TraceLab(2);
        lab.Start(0);
        lab.Start(1, new NetDriverOptions { QueueSize = 4, InterruptAfter = 0 });
        byte[] forged = lab.Frame(lab.Drivers[1].MacAddress, 0, 80);
        forged[7] ^= 0x40;
        byte[] lldp = lab.Frame(lab.Drivers[1].MacAddress, 0, 81);
        lldp[12] = 0x88;
        lldp[13] = 0xCC;
        byte[] runt = new byte[10];
        lab.Send(0, forged, lldp, runt);

        // Four buffers, 64 frames that wait, and the rest has no room.
        byte[][] many = [.. Enumerable.Range(0, 75).Select(index => lab.Frame(lab.Drivers[1].MacAddress, 0, 100 + index, index))];
        foreach (byte[][] some in many.Chunk(25))
        {
            foreach (byte[] frame in some)
            {
                Assert.That(lab.Drivers[0].TrySend(frame), Is.True);
            }

            lab.Drivers[0].Flush();
            for (int step = 0; step < 4; step++)
            {
                lab.Board.Step();
                lab.Drivers[0].Poll();
            }
        }

        ulong lost = lab.Board.Switch.Read(lab.Index(1), Counter.DroppedNoBuffer);
        PcapngFile file = PcapngFile.Read(lab.Finish());
        Assert.That(lost, Is.EqualTo(75UL - 64 - 4));
        Assert.That(
            file.Frames.Where(frame => frame.Comment is not null && frame.Interface.Name == "vf0").Select(frame => (frame.Data, frame.Comment)),
            Is.EqualTo(new (byte[], string)[]
            {
                (forged, "dropped: the source address is not the function's"), (lldp, "dropped: a control frame of the link"),
                (runt, "dropped: a header or a length that cannot be"),
            }));
        Assert.That(
            file.Frames.Where(frame => frame.Comment is not null && frame.Interface.Name == "vf1").Select(frame => frame.Data),
            Is.EqualTo(many[68..]));
        Assert.That(file.Frames.Where(frame => frame.Interface.Name == "vf1").Select(frame => frame.Comment).Distinct(),
            Is.EquivalentTo(new[] { null, "dropped: no receive buffer" }));
    }

    [Test]
    public void A_port_VLAN_is_inserted_on_the_wire_and_stripped_at_the_receiver_and_a_segment_is_a_frame_of_its_own()
    {
        using var lab = new TraceLab(2);
        lab.Board.Firmware.DataPath.Policy.SetPortVlan(lab.Index(0), 100, 3);
        lab.Board.Firmware.DataPath.Policy.SetPortVlan(lab.Index(1), 100, 0);
        ulong unsegmented = NetFeatures.Supported & ~((1UL << VirtioNetFeature.GuestTso4) | (1UL << VirtioNetFeature.GuestTso6));
        lab.Start(0, new NetDriverOptions { QueueSize = 64, TransmitFrameBytes = 9000 });
        lab.Start(1, new NetDriverOptions { QueueSize = 64, WantedFeatures = unsegmented });
        byte[] plain = lab.Frame(lab.Drivers[1].MacAddress, 0, 100);
        lab.Send(0, plain, lab.Frame(Far, 0, 101));
        byte[] tcp = NetFrames.Ethernet("02:00:00:00:00:00", "02:00:00:00:00:00", 0x0800,
            NetFrames.IpV4("10.0.0.1", "10.0.0.2", 6, NetFrames.Tcp(1, 2, new byte[3000])));
        lab.Drivers[1].MacAddress.CopyTo(tcp);
        lab.Drivers[0].MacAddress.CopyTo(tcp.AsSpan(6));
        Assert.That(lab.Drivers[0].TrySend(tcp, new FrameOffload
        {
            Flags = VirtioNetHeader.NeedsCsum, GsoType = VirtioNetHeader.GsoTcpV4, GsoSize = 1000, HdrLen = 54, CsumStart = 34, CsumOffset = 16,
        }), Is.True);
        lab.Drivers[0].Flush();
        lab.Settle();

        PcapngFile file = PcapngFile.Read(lab.Finish());
        Assert.That(Of(file, "wire", Outbound), Is.EqualTo(lab.Wire.Sent).And.Count.EqualTo(1));
        Assert.That(Of(file, "wire", Outbound)[0][12..16], Is.EqualTo(new byte[] { 0x81, 0x00, 0x60, 100 }));
        Assert.That(Of(file, "vf1", Inbound), Is.EqualTo(lab.Inbox[1]).And.Count.EqualTo(4), "the plain frame, and three segments");
        Assert.That(Of(file, "vf0", Outbound)[^1], Is.EqualTo(tcp));
        Assert.That(file.Frames.Last(frame => frame.Interface.Name == "vf0").Comment, Does.StartWith("offload: "));
    }

    [TestCase(false)]
    [TestCase(true)]
    public void Drivers_get_and_counters_count_the_same_whether_a_trace_is_open_or_not(bool isPacked)
    {
        (string Deliveries, string Counters) Run(bool isTraced)
        {
            using var lab = new TraceLab(3, isTraced);
            ulong features = NetFeatures.Supported & ~(isPacked ? 0 : 1UL << VirtioFeature.RingPacked);
            for (int vf = 0; vf < 3; vf++)
            {
                lab.Start(vf, new NetDriverOptions { QueueSize = 32, WantedFeatures = features });
            }

            var random = new Random(7);
            for (int round = 0; round < 200; round++)
            {
                int from = random.Next(3);
                var frames = new byte[random.Next(1, 9)][];
                for (int index = 0; index < frames.Length; index++)
                {
                    ReadOnlySpan<byte> to = random.Next(8) switch
                    {
                        0 => Far,
                        1 => [255, 255, 255, 255, 255, 255],
                        _ => lab.Drivers[random.Next(3)].MacAddress,
                    };
                    frames[index] = lab.Frame(to, from, random.Next(14, 1514), round);
                    frames[index][6] ^= (byte)(random.Next(10) == 0 ? 0x20 : 0);
                }

                lab.Send(from, frames);
                if (random.Next(4) == 0)
                {
                    lab.Wire.Put(Reversed(lab.Frame(Far, from, random.Next(60, 1514))));
                    lab.Settle();
                }
            }

            IEnumerable<string> inboxes = lab.Inbox.Append(lab.Wire.Sent)
                .Select(frames => string.Join('\n', frames.Select(Convert.ToHexString)));
            IEnumerable<ulong> counters = Enumerable.Range(-1, 5).SelectMany(
                function => Enumerable.Range(0, Counter.Count).Select(counter => lab.Board.Switch.Read(function, counter)));
            return (string.Join("\n\n", inboxes), string.Join(' ', counters));
        }

        (string Deliveries, string Counters) traced = Run(isTraced: true);
        (string Deliveries, string Counters) untraced = Run(isTraced: false);
        Assert.That(traced.Deliveries, Is.EqualTo(untraced.Deliveries).And.Length.GreaterThan(100_000));
        Assert.That(traced.Counters, Is.EqualTo(untraced.Counters));
    }

    // To whom it came from: a frame of the far station.
    private static byte[] Reversed(byte[] frame) => [.. frame[6..12], .. frame[..6], .. frame[12..]];

    private static List<byte[]> Of(PcapngFile file, string name, int direction) =>
        [.. file.Frames.Where(frame => frame.Interface.Name == name && frame.Direction == direction).Select(frame => frame.Data)];
}
