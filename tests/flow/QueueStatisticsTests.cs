// Device statistics of receive and transmit queues, asked as a Linux driver asks: what they count, how replies lie, what is refused.
using System;
using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Firmware;
using SmartNicFw.Hal;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;
using static SmartNicFw.Tests.Fakes.DataPathUnderTest;
using static SmartNicFw.Tests.Fakes.StatisticsReply;

namespace SmartNicFw.Tests.Flow;

public sealed class QueueStatisticsTests
{
    // Places of the fields in virtio_net_stats_rx_basic and virtio_net_stats_tx_basic.
    private const int Notifications = 0;
    private const int Packets = 1;
    private const int Bytes = 2;
    private const int Interrupts = 3;
    private const int Drops = 4;
    private const int DropReason = 5;

    private static readonly int[] PfQueues = [.. Enumerable.Range(0, 9)];

    [TestCase(true)]
    [TestCase(false)]
    public void Queues_count_their_own_frames_bytes_notifications_and_interrupts_5_1_6_5_10(bool isPacked)
    {
        using var lab = new NetLab(2);
        ulong features = NetFeatures.Supported & ~(isPacked ? 0 : 1UL << VirtioFeature.RingPacked);
        lab.Start(0, new NetDriverOptions { WantedFeatures = features, QueuePairs = 2, TransmitInterruptAfter = 1 });
        lab.Start(1, new NetDriverOptions { WantedFeatures = features, QueuePairs = 2 });
        lab.Settle();
        for (int index = 0; index < 30; index++)
        {
            int pair = index % 3 == 0 ? 1 : 0;
            Assert.That(lab.Drivers[0].TrySend(lab.Frame(0, 1, 100 + index), pair: pair), Is.True);
            lab.Drivers[0].Flush();
            lab.Settle();
        }

        List<StatisticsReply> sender = Ask(lab, 0, 2);
        Assert.That(sender[1].Values[Packets], Is.EqualTo(20));
        Assert.That(sender[3].Values[Packets], Is.EqualTo(10));
        Assert.That(sender[3].Values[Bytes], Is.EqualTo(Enumerable.Range(0, 10).Sum(index => 100 + (3 * index))));
        Assert.That(sender[1].Values[Bytes] + sender[3].Values[Bytes], Is.EqualTo(Enumerable.Range(100, 30).Sum()));
        Assert.That(sender[1].Values[Interrupts], Is.EqualTo(20), "it wants one for each frame");
        Assert.That(new[] { sender[0].Values[Packets], sender[2].Values[Packets] }, Is.All.Zero);

        List<StatisticsReply> receiver = Ask(lab, 1, 2);
        Assert.That(receiver[0].Values[Packets] + receiver[2].Values[Packets], Is.EqualTo(30));
        Assert.That(receiver[0].Values[Bytes] + receiver[2].Values[Bytes], Is.EqualTo(Enumerable.Range(100, 30).Sum()));
        Assert.That(new[] { receiver[1].Values[Packets], receiver[3].Values[Packets] }, Is.All.Zero);
        foreach (StatisticsReply reply in sender.Concat(receiver).Where(reply => reply.Type != VirtioNetStatisticsType.Cvq))
        {
            Assert.That(reply.Values[Drops] + reply.Values[DropReason], Is.Zero);
        }

        // Nothing is counted twice and nothing is missing: the functions' own sums, and what the drivers rang.
        Firmware.Management.Counters counters = lab.Board.Firmware.DataPath.Counters;
        int control = 2 * lab.Drivers[0].MaxPairs;
        foreach (int vf in new[] { 0, 1 })
        {
            List<StatisticsReply> all = vf == 0 ? sender : receiver;
            NetDriver driver = lab.Drivers[vf];
            Assert.That(
                all.Where(reply => reply.Queue != control).Sum(reply => (long)reply.Values[Interrupts]),
                Is.EqualTo(counters.Interrupts[lab.Index(vf)]));
            for (int pair = 0; pair < 2; pair++)
            {
                Assert.That(all[2 * pair].Values[Notifications], Is.EqualTo(driver.Receivers[pair].Queue.Doorbells));
                Assert.That(all[(2 * pair) + 1].Values[Notifications], Is.EqualTo(driver.Transmitters[pair].Queue.Doorbells));
            }
        }

        Assert.That(sender[1].Values[Notifications], Is.EqualTo(20));
    }

    [Test]
    public void Frames_that_were_dropped_are_drops_of_the_queue_that_sent_them_malformed_ones_by_name()
    {
        using var lab = new NetLab(2);
        lab.Start(0, new NetDriverOptions { QueuePairs = 2 });
        lab.Start(1, new NetDriverOptions());
        byte[] spoofed = lab.Frame(0, 1, 64);
        lab.Drivers[1].MacAddress.CopyTo(spoofed.AsSpan(6));
        byte[] pause = lab.Frame(0, 1, 64);
        Convert.FromHexString("0180C2000001").CopyTo(pause, 0);
        Assert.That(lab.Drivers[0].TrySend(spoofed, pair: 1), Is.True);
        Assert.That(lab.Drivers[0].TrySend(pause, pair: 1), Is.True);
        Assert.That(lab.Drivers[0].TrySend(lab.Frame(0, 1, 64), new FrameOffload { GsoType = 0x77 }, pair: 1), Is.True);
        Assert.That(lab.Drivers[0].TrySend(lab.Frame(0, 1, 64), pair: 1), Is.True);
        lab.Drivers[0].Flush();
        lab.Settle();

        List<StatisticsReply> replies = Ask(lab, 0, 2);
        Assert.That(replies[3].Values[Packets..(Bytes + 1)], Is.EqualTo(new ulong[] { 1, 64 }));
        Assert.That(replies[3].Values[Drops..], Is.EqualTo(new ulong[] { 3, 1 }));
        Assert.That(replies[1].Values[Packets..], Is.All.Zero, "the other pair");
        Assert.That(Ask(lab, 1, 1)[0].Values[Packets], Is.EqualTo(1));
    }

    [Test]
    public void Frames_beyond_buffers_and_backlog_are_overruns_of_the_receive_queue()
    {
        using var lab = new NetLab(2);
        lab.Start(0, new NetDriverOptions { QueueSize = 256 });
        NetDriver slow = lab.Start(1, new NetDriverOptions { QueueSize = 4 });
        byte[] frame = lab.Frame(0, 1, 64);
        lab.Drivers[1] = null!;
        for (int index = 0; index < 100; index++)
        {
            Assert.That(lab.Drivers[0].TrySend(frame), Is.True);
        }

        lab.Drivers[0].Flush();
        lab.Settle();
        lab.Drivers[1] = slow;
        StatisticsReply reply = Ask(lab, 1, 1)[0];
        Assert.That(reply.Values[Packets], Is.EqualTo(4));
        Assert.That(reply.Values[Drops..], Is.EqualTo(new ulong[] { 32, 32 }));
        Assert.That(lab.Board.Switch.Read(lab.Index(1), Counter.DroppedNoBuffer), Is.EqualTo(32));
        lab.Settle();
        Assert.That(Ask(lab, 1, 1)[0].Values[Packets], Is.EqualTo(68), "what had waited was passed on, and counted then");
    }

    [Test]
    public void A_queue_counts_from_zero_again_after_its_reset_and_after_the_device_s()
    {
        using var lab = new NetLab(2);
        lab.Start(0, new NetDriverOptions());
        lab.Start(1, new NetDriverOptions());
        Exchange(lab, 5);
        Assert.That(Ask(lab, 0, 1)[1].Values[Packets], Is.EqualTo(5));
        lab.Drivers[0].RestartQueue(1);
        Assert.That(Ask(lab, 0, 1)[1].Values, Is.All.Zero);
        Exchange(lab, 3);
        Assert.That(Ask(lab, 0, 1)[1].Values[Packets], Is.EqualTo(3));
        Assert.That(Ask(lab, 1, 1)[0].Values[Packets], Is.EqualTo(8), "the neighbour's go on");
        lab.Drivers[0].Remove();
        lab.Start(0, new NetDriverOptions());
        lab.Settle();
        Assert.That(Ask(lab, 0, 1)[1].Values[Packets..], Is.All.Zero);
    }

    [Test]
    public void All_queues_of_a_function_fit_one_command_whatever_their_number_and_replies_follow_in_its_order()
    {
        var nic = new DataPathUnderTest(new EndpointConfiguration { TotalVFs = 8, PfQueuePairs = 64, PfMsixVectors = 256 });
        nic.Bring(Pf);
        ulong value = ulong.MaxValue;
        for (int queue = 0; queue < 128; queue++)
        {
            for (int counter = 0; counter < QueueCounter.Count; counter++)
            {
                nic.Engine.Counters[(Pf, queue, counter)] = value--;
            }
        }

        byte[] reply = nic.Command(Pf, [8, 1, .. EntriesOfAll(64, 128)]);
        Assert.That(reply[0], Is.EqualTo(VirtioNetControl.Ok));
        List<StatisticsReply> replies = Parse(reply[1..]);
        Assert.That(replies.Select(one => one.Queue), Is.EqualTo(Enumerable.Range(0, 129)));
        Assert.That(replies.Select(one => one.Type), Is.EqualTo(Enumerable.Range(0, 129).Select(queue => TypeOf(queue, 128))));
        value = ulong.MaxValue;
        for (int queue = 0; queue < 128; queue++)
        {
            ulong[] values = replies[queue].Values;
            Assert.That(values[Packets], Is.EqualTo(value));
            Assert.That(values[Bytes], Is.EqualTo(value - 1));
            Assert.That(values[Drops], Is.EqualTo(value - 2));
            Assert.That(values[DropReason], Is.EqualTo((queue & 1) == 0 ? value - 3 : value - 4));
            value -= QueueCounter.Count;
        }

        // Backwards, twice the same, and a queue that is asked for nothing.
        byte[] again = nic.Command(Pf, [8, 1, .. Entry(7, 1 << 16), .. Entry(0, 1), .. Entry(3, 0), .. Entry(0, 1)]);
        Assert.That(Parse(again[1..]).Select(one => one.Queue), Is.EqualTo(new[] { 7, 0, 0 }));
    }

    [Test]
    public void Notifications_and_interrupts_are_firmware_s_to_count_each_for_the_queue_that_caused_it()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Vf0);
        nic.Notify(Vf0, 1);
        nic.Notify(Vf0, 1);
        nic.Notify(Vf0, 2);
        nic.Engine.Report(QueueEventKind.Used, Vf0, 2);
        nic.Step();
        nic.SetUpVector(Vf0, 4, isMasked: true);
        nic.Engine.Report(QueueEventKind.Used, Vf0, 3);
        nic.Engine.Report(QueueEventKind.Used, Vf0, 3);
        nic.Step();
        List<StatisticsReply> replies = Parse(nic.Command(Vf0, [8, 1, .. EntriesOfAll(2, 4)])[1..]);
        Assert.That(replies.Take(4).Select(reply => reply.Values[Notifications]), Is.EqualTo(new ulong[] { 0, 2, 1, 0 }));
        Assert.That(
            replies.Take(4).Select(reply => reply.Values[Interrupts]), Is.EqualTo(new ulong[] { 0, 0, 1, 1 }), "one is pending, not two");
        nic.Common(Vf0, VirtioCommonConfig.QueueSelectOffset, 2, 1);
        nic.Common(Vf0, VirtioCommonConfig.QueueResetOffset, 2, 1);
        Assert.That(Parse(nic.Command(Vf0, [8, 1, .. Entry(1, 1 << 16)])[1..])[0].Values, Is.All.Zero);
    }

    [Test]
    public void Without_MQ_there_are_three_queues_and_no_more_can_be_asked()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Vf0, AllOffered & ~((1UL << VirtioNetFeature.Mq) | (1UL << VirtioNetFeature.Rss)));
        Assert.That(Parse(nic.Command(Vf0, [8, 1, .. EntriesOfAll(1, 2)])[1..]), Has.Count.EqualTo(3));
        Assert.That(nic.Command(Vf0, [8, 1, .. Entry(3, 1 << 16)]), Is.EqualTo(new byte[] { VirtioNetControl.Error }));
        Assert.That(nic.Command(Vf0, [8, 1, .. Entry(2, 1)]), Is.EqualTo(new byte[] { VirtioNetControl.Error }));
    }

    [Test]
    public void Hostile_19_a_reply_buffer_of_any_size_is_filled_up_to_its_end_and_never_beyond()
    {
        using var lab = new NetLab(1);
        NetControl control = lab.Start(0, new NetDriverOptions { QueuePairs = 2 }).Control!;
        byte[] entries = EntriesOfAll(2, 4);
        int all = (4 * VirtioNetStatsRxBasic.Bytes) + VirtioNetStatsCvq.Bytes;
        foreach (int room in Enumerable.Range(0, all + 1).Append(all + 8).Append(4096))
        {
            byte[] result = new byte[room];
            Assert.That(control.Send(VirtioNetControl.ClassStats, VirtioNetControl.StatsGet, entries, result, out int length), Is.True);
            Assert.That(length, Is.EqualTo(Math.Min(room, all)));
        }

        Assert.That(Ask(lab, 0, 2)[^1].Values[0], Is.EqualTo(all + 6), "each was a command, beside pairs, query and this one");
    }

    [Test]
    public void Hostile_19_queues_that_are_not_there_and_thousands_of_entries_are_VIRTIO_NET_ERR_and_tell_nothing()
    {
        using var lab = new NetLab(2);
        NetControl control = lab.Start(0, new NetDriverOptions()).Control!;
        lab.Start(1, new NetDriverOptions());
        byte[] result = new byte[4096];
        byte[][] lies =
        [
            Entry(0xFFFF, 1), Entry(5, 1 << 16), [.. Entry(0, 1), .. Entry(1, 1)],
            [.. Enumerable.Repeat(Entry(0, 1), 512).SelectMany(entry => entry)], new byte[8192], new byte[15],
        ];
        foreach (byte[] lie in lies)
        {
            Assert.That(control.Send(VirtioNetControl.ClassStats, VirtioNetControl.StatsGet, lie, result, out int length), Is.False);
            Assert.That(control.LastAck, Is.EqualTo(VirtioNetControl.Error));
            Assert.That(length, Is.Zero);
        }

        Assert.That(result, Is.All.Zero);
        Exchange(lab, 4);
        Assert.That(Ask(lab, 0, 1)[1].Values[Packets], Is.EqualTo(4));
    }

    [Test]
    public void Hostile_19_every_type_is_answered_for_the_queues_that_have_it_and_refused_for_all_others()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Pf);
        foreach (int queue in PfQueues)
        {
            for (int type = 0; type < 64; type++)
            {
                byte[] reply = nic.Command(Pf, [8, 1, .. Entry(queue, 1UL << type)]);
                bool isRight = type == TypeOf(queue, controlQueue: 8);
                Assert.That(reply[0], Is.EqualTo(isRight ? VirtioNetControl.Ok : VirtioNetControl.Error), $"queue {queue}, type {type}");
                Assert.That(reply, Has.Length.EqualTo(isRight ? 1 + BytesOf(type) : 1));
            }
        }
    }

    private static void Exchange(NetLab lab, int frames)
    {
        for (int index = 0; index < frames; index++)
        {
            Assert.That(lab.Drivers[0].TrySend(lab.Frame(0, 1, 64)), Is.True);
        }

        lab.Drivers[0].Flush();
        lab.Settle();
    }

    private static List<StatisticsReply> Ask(NetLab lab, int vf, int pairs)
    {
        NetDriver driver = lab.Drivers[vf];
        Assert.That(driver.Control!.QueryStatistics(out ulong types), Is.True);
        Assert.That(types, Is.EqualTo(0x1_0001_0001));
        byte[] result = new byte[(2 * pairs * VirtioNetStatsRxBasic.Bytes) + VirtioNetStatsCvq.Bytes];
        Assert.That(
            driver.Control.Send(
                VirtioNetControl.ClassStats, VirtioNetControl.StatsGet, EntriesOfAll(pairs, 2 * driver.MaxPairs), result,
                out int length),
            Is.True);
        Assert.That(length, Is.EqualTo(result.Length));
        return Parse(result);
    }
}
