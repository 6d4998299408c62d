// Frames that take the short way beside frames that cannot: one order for every receiver, whatever its buffers, and queues whose
// memory comes and goes.
using System;
using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Emulator.Memory;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;
using SmartNicFw.Tests.Unit;

namespace SmartNicFw.Tests.Flow;

public sealed class PlainFramesTests
{
    private const int VFs = 5;
    private const int Rounds = 40;

    [Test]
    public void Every_receiver_gets_its_frames_in_the_order_of_their_sender_whatever_kind_they_are(
        [Range(1, 24)] int seed, [Values] bool isRemote)
    {
        var random = new Random(seed);
        using var lab = new NetLab(VFs, remoteSeed: isRemote ? seed : null);
        for (int vf = 0; vf < VFs; vf++)
        {
            lab.Start(vf, Options(random));
        }

        // The last two are in a VLAN: to the others, who filter none, their frames bear its tag; nothing untagged comes back.
        foreach (int vf in (int[])[VFs - 2, VFs - 1])
        {
            lab.Board.Firmware.DataPath.Policy.SetPortVlan(lab.Index(vf), 7, 3);
        }

        List<byte[]>[,] expected = new List<byte[]>[VFs, VFs];
        foreach ((int from, int to) in Pairs())
        {
            expected[from, to] = [];
        }

        for (int round = 0; round < Rounds; round++)
        {
            int from = random.Next(VFs);
            for (int count = random.Next(1, 24); count > 0; count--)
            {
                Send(lab, random, from, expected);
            }

            lab.Drivers[from].Flush();
            lab.Settle();
        }

        foreach ((int from, int to) in Pairs())
        {
            byte[] address = lab.Drivers[from].MacAddress.ToArray();
            byte[][] received =
                [.. lab.Inbox[to].Select(frame => frame.Payload).Where(payload => payload.AsSpan(6, 6).SequenceEqual(address))];
            Assert.That(received, Has.Length.EqualTo(expected[from, to].Count), $"from {from} to {to}, seed {seed}");
            for (int index = 0; index < received.Length; index++)
            {
                Assert.That(received[index].SequenceEqual(expected[from, to][index]), $"{index} from {from} to {to}, seed {seed}");
            }
        }

        Assert.That(lab.Remote is null || (lab.Remote.Busy > 50 && lab.Remote.Writes > 50), Is.True, "memory was asked for");
        for (int vf = 0; vf < VFs; vf++)
        {
            int to = vf;
            Assert.That(
                lab.Board.Switch.Read(lab.Index(vf), Counter.ReceivedFrames),
                Is.EqualTo((ulong)Enumerable.Range(0, VFs).Where(from => from != to).Sum(from => expected[from, to].Count)));
        }
    }

    [Test]
    public void A_ring_that_is_unmapped_rests_and_goes_on_when_it_is_mapped_again([Values] bool isPacked, [Values] bool isRemote)
    {
        using var lab = new NetLab(3, remoteSeed: isRemote ? 5 : null);
        var options = new NetDriverOptions
        {
            WantedFeatures = NetFeatures.Supported & ~(isPacked ? 0 : 1UL << VirtioFeature.RingPacked)

                // Without it, the wish not to be kicked is written into the word of the used index.
                & ~(isRemote ? 1UL << VirtioFeature.EventIdx : 0),
            QueueSize = 32,
        };
        for (int vf = 0; vf < 3; vf++)
        {
            lab.Start(vf, options);
        }

        if (lab.Remote is { } watched && !isPacked)
        {
            watched.WatchedIova = lab.Drivers[0].Transmitters[0].Queue.Ring.DeviceArea + UsedRing.IdxOffset;
        }

        var expected = new List<byte[]>();
        for (int round = 0; round < 3; round++)
        {
            // All of the host's memory is gone for a while, as when its firmware lays it out anew.
            Assert.That(lab.Board.Memory.Unmap(HostMemory.BaseAddress, (ulong)lab.Memory.Bytes), Is.True);
            for (int count = 0; count < 10; count++)
            {
                expected.Add(lab.Frame(0, 1, 200, expected.Count));
                Assert.That(lab.Drivers[0].TrySend(expected[^1]), Is.True);
            }

            lab.Drivers[0].Flush();
            lab.Settle();
            Assert.That(lab.Inbox[1], Has.Count.EqualTo(round * 10), "nothing moves without memory");
            Map(lab);
            lab.Settle();
            Assert.That(lab.Inbox[1].Select(frame => frame.Payload), Is.EqualTo(expected));
        }

        Assert.That(lab.Board.Firmware.DataPath.Counters.Broken, Is.All.Zero);
        if (lab.Remote is { } remote && !isPacked)
        {
            Assert.That(remote.Watched, Is.Not.Empty);
            Assert.That(remote.Watched, Is.Ordered, "the used index never goes back");
        }
    }

    [Test]
    public void A_turn_ends_when_what_was_made_of_its_frames_fills_its_budget()
    {
        const int Receivers = 40;
        using var lab = new NetLab(Receivers + 1);
        for (int vf = 0; vf <= Receivers; vf++)
        {
            lab.Start(vf, new NetDriverOptions { QueueSize = 64, TransmitFrameBytes = 1514 });
        }

        byte[] frame = lab.Frame(0, 1, 1514);
        frame.AsSpan(0, 6).Fill(0xFF);
        for (int count = 0; count < 12; count++)
        {
            Assert.That(lab.Drivers[0].TrySend(frame), Is.True);
        }

        lab.Drivers[0].Flush();
        long turns = lab.Board.Engine.Turns;
        lab.Settle();

        // 40 copies of 1,514 bytes: four frames fill a turn of 192 KB.
        Assert.That(lab.Board.Engine.Turns - turns, Is.GreaterThanOrEqualTo(3));
        for (int vf = 1; vf <= Receivers; vf++)
        {
            Assert.That(lab.Inbox[vf], Has.Count.EqualTo(12));
        }
    }

    [Test]
    public void Frames_that_wait_when_their_queue_stops_are_counted_as_dropped()
    {
        using var lab = new NetLab(2);
        lab.Start(0, new NetDriverOptions { QueueSize = 64 });
        lab.Start(1, new NetDriverOptions { QueueSize = 4, WantedFeatures = NetFeatures.Supported & ~(1UL << VirtioNetFeature.Mq) });
        for (int count = 0; count < 20; count++)
        {
            Assert.That(lab.Drivers[0].TrySend(lab.Frame(0, 1, 100, count)), Is.True);
        }

        lab.Drivers[0].Flush();
        for (int step = 0; step < 20; step++)
        {
            lab.Board.Step();
        }

        lab.Drivers[1].Remove();
        lab.Settle();
        int function = lab.Index(1);
        Assert.That(
            lab.Board.Switch.Read(function, Counter.ReceivedFrames) + lab.Board.Switch.Read(function, Counter.DroppedNoBuffer),
            Is.EqualTo(20UL));
        Assert.That(lab.Board.Switch.Read(function, Counter.ReceivedFrames), Is.EqualTo(4UL), "one buffer a frame");
    }

    [Test]
    public void A_frame_larger_than_all_buffers_of_a_queue_together_is_dropped_and_holds_up_none([Values] bool isPacked, [Values(1, 3)] int elements)
    {
        using var lab = new NetLab(2);
        lab.Start(0, new NetDriverOptions { QueueSize = 64, TransmitFrameBytes = 9014 });
        ulong left = (isPacked ? 0 : 1UL << VirtioFeature.RingPacked) | (1UL << VirtioFeature.IndirectDesc);
        lab.Start(1, new NetDriverOptions
        {
            QueueSize = 8, ReceiveBufferBytes = 1024, ReceiveElements = elements, WantedFeatures = NetFeatures.Supported & ~left,
        });
        byte[] small = lab.Frame(0, 1, 200);
        foreach (byte[] frame in new[] { small, lab.Frame(0, 1, 9000), small })
        {
            Assert.That(lab.Drivers[0].TrySend(frame), Is.True);
            lab.Drivers[0].Flush();
            lab.Settle();
        }

        Assert.That(lab.Inbox[1].Select(frame => frame.Payload), Is.EqualTo(new[] { small, small }));
        Assert.That(lab.Board.Switch.Read(lab.Index(1), Counter.DroppedTooLarge), Is.EqualTo(1UL));
        Assert.That(lab.Drivers[1].Receivers[0].Errors, Is.Zero);
    }

    [Test]
    public void A_tag_alone_makes_a_frame_longer_than_the_MTU_allows_5_1_4_1([Values] bool isWhole)
    {
        // 9,000 bytes behind an Ethernet header of 14 bytes, or of 18 with a tag. Two pieces keep a frame off the short way.
        using var lab = new NetLab(2);
        var options = new NetDriverOptions
        {
            QueueSize = 64, TransmitFrameBytes = 9100, TransmitLayout = new TransmitLayout(0, isWhole ? 1 : 2, false),
            WantedFeatures = NetFeatures.Supported & ~(1UL << VirtioNetFeature.CtrlVlan),
        };
        lab.Start(0, options);
        lab.Start(1, options);
        byte[] whole = lab.Frame(0, 1, 9014);
        byte[] tagged = [.. whole[..12], 0x81, 0, 0, 5, .. whole[12..]];
        foreach (byte[] frame in new[] { whole, lab.Frame(0, 1, 9015), lab.Frame(0, 1, 9022), tagged, [.. tagged, 0] })
        {
            Assert.That(lab.Drivers[0].TrySend(frame), Is.True);
        }

        lab.Drivers[0].Flush();
        lab.Settle();
        Assert.That(lab.Inbox[1].Select(frame => frame.Payload.Length), Is.EqualTo(new[] { 9014, 9018 }));
        Assert.That(lab.Board.Switch.Read(lab.Index(1), Counter.DroppedTooLarge), Is.EqualTo(3UL));
    }

    [TestCase(8)]
    [TestCase(1000)]
    public void Hostile_36_segments_for_a_function_without_room_are_counted_but_not_cut(int gsoSize)
    {
        // 8,125 segments of 8 bytes for each of those who do not take large frames: cut one by one they would hold up everybody.
        const int Receivers = 8;
        const int Frames = 12;
        const int PayloadBytes = 65_000;
        using var lab = new NetLab(Receivers + 1);

        // No wire, for which they would be cut: functions whose link does not hang on it.
        lab.Board.Engine.Port = null;
        for (int vf = 0; vf <= Receivers; vf++)
        {
            Assert.That(lab.Board.Firmware.DataPath.Policy.SetLinkState(lab.Index(vf), ManagementLinkState.Enable), Is.Null);
        }

        lab.Start(0, new NetDriverOptions { QueueSize = 64, TransmitFrameBytes = 65_589 });
        ulong left = NetFeatures.LargeReceive | (1UL << VirtioNetFeature.Mq);
        for (int vf = 1; vf <= Receivers; vf++)
        {
            lab.Start(vf, new NetDriverOptions { QueueSize = 8, WantedFeatures = NetFeatures.Supported & ~left });
        }

        byte[] frame = NetFrames.Ethernet(
            "FF:FF:FF:FF:FF:FF", "02:00:00:00:00:0A", 0x0800,
            NetFrames.IpV4("10.0.0.1", "10.0.0.2", 6, NetFrames.Tcp(1, 2, new byte[PayloadBytes])));
        lab.Drivers[0].MacAddress.CopyTo(frame.AsSpan(6));
        var offload = new FrameOffload
        {
            Flags = VirtioNetHeader.NeedsCsum, GsoType = VirtioNetHeader.GsoTcpV4, GsoSize = (ushort)gsoSize, CsumStart = 34, CsumOffset = 16,
        };
        for (int count = 0; count < Frames; count++)
        {
            Assert.That(lab.Drivers[0].TrySend(frame, offload), Is.True);
        }

        lab.Drivers[0].Flush();
        long turns = lab.Board.Engine.Turns;
        for (int step = 0; step < 10; step++)
        {
            lab.Board.Step();
        }

        // A turn ends after 192 KB that were made. Of these frames next to nothing is, so it takes many.
        Assert.That(lab.Board.Engine.Turns - turns, Is.LessThan(Frames));
        for (int vf = 1; vf <= Receivers; vf++)
        {
            ulong received = lab.Board.Switch.Read(lab.Index(vf), Counter.ReceivedFrames);
            Assert.That(received, Is.EqualTo(8UL), "its buffers");
            Assert.That(
                received + lab.Board.Switch.Read(lab.Index(vf), Counter.DroppedNoBuffer) + 64UL,
                Is.EqualTo((ulong)(Frames * (PayloadBytes / gsoSize))), "64 of them wait");
        }
    }

    // Features, ring size and buffers by chance: merged buffers of 128 bytes upwards, or one large one for every frame.
    private static NetDriverOptions Options(Random random)
    {
        int[] varied =
        [
            VirtioFeature.RingPacked, VirtioFeature.EventIdx, VirtioFeature.InOrder, VirtioFeature.IndirectDesc,
            VirtioNetFeature.MrgRxbuf, VirtioNetFeature.HashReport, VirtioNetFeature.Mq,
        ];
        ulong wanted = NetFeatures.Supported & ~(1UL << VirtioNetFeature.CtrlVlan);
        foreach (int feature in varied)
        {
            wanted &= ~(random.Next(2) == 0 ? 1UL << feature : 0);
        }

        bool isMerged = (wanted & (1UL << VirtioNetFeature.MrgRxbuf)) != 0;
        return new NetDriverOptions
        {
            WantedFeatures = wanted,
            QueueSize = 32 << random.Next(3),
            ReceiveBufferBytes = isMerged && random.Next(2) == 0 ? 128 << random.Next(4) : 2100,
            TransmitFrameBytes = 2048,
            TransmitLayout = new TransmitLayout(random.Next(3) == 0 ? 1 : 0, random.Next(1, 3), false),
        };
    }

    private static void Send(NetLab lab, Random random, int from, List<byte[]>[,] expected)
    {
        int to = (from + random.Next(1, VFs)) % VFs;
        byte[] frame = lab.Frame(from, to, random.Next(60, 1515), random.Next(256));
        bool isInVlan = from >= VFs - 2;
        switch (random.Next(8))
        {
            case 0:
                frame.AsSpan(0, 6).Fill(0xFF);
                to = -1;
                break;
            case 1 when !isInVlan:
                // A customer tag of VLAN 5: to a function without a port VLAN it goes as it is.
                frame[12] = 0x81;
                frame[13] = 0x00;
                frame[14] = 0x60;
                frame[15] = 5;
                break;
            default:
                break;
        }

        if (!lab.Drivers[from].TrySend(frame))
        {
            lab.Drivers[from].Flush();
            lab.Settle();
            Assert.That(lab.Drivers[from].TrySend(frame), Is.True);
        }

        for (int receiver = 0; receiver < VFs; receiver++)
        {
            if (receiver != from && (to < 0 || to == receiver) && (isInVlan || receiver < VFs - 2))
            {
                expected[from, receiver].Add(isInVlan && receiver < VFs - 2 ? [.. frame[..12], 0x81, 0, 0x60, 7, .. frame[12..]] : frame);
            }
        }
    }

    private static IEnumerable<(int From, int To)> Pairs() =>
        from source in Enumerable.Range(0, VFs)
        from destination in Enumerable.Range(0, VFs)
        where source != destination
        select (source, destination);

    private static unsafe void Map(NetLab lab) => Assert.That(
        lab.Remote is { } remote
            ? lab.Board.Memory.MapRemote(HostMemory.BaseAddress, (ulong)lab.Memory.Bytes, remote, MemoryAccess.ReadWrite)
            : lab.Board.Memory.Map(HostMemory.BaseAddress, lab.Memory.Start, (ulong)lab.Memory.Bytes),
        Is.True);
}
