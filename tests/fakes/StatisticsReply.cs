// Statistics as a driver asks for them and reads the answer: entries of queues, and replies one behind the other.
using System;
using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Hal;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Tests.Fakes;

/// <summary>One reply: type, queue, and its counters in the order of their fields.</summary>
internal sealed record StatisticsReply(int Type, int Queue, ulong[] Values)
{
    /// <summary>The type of statistics that every queue of such a number has.</summary>
    public static int TypeOf(int queue, int controlQueue) => queue == controlQueue
        ? VirtioNetStatisticsType.Cvq
        : (queue & 1) == 0 ? VirtioNetStatisticsType.RxBasic : VirtioNetStatisticsType.TxBasic;

    /// <summary>Size of the reply of a type.</summary>
    public static int BytesOf(int type) =>
        type == VirtioNetStatisticsType.Cvq ? VirtioNetStatsCvq.Bytes : VirtioNetStatsRxBasic.Bytes;

    /// <summary>An entry of virtio_net_ctrl_queue_stats.</summary>
    public static byte[] Entry(int queue, ulong types)
    {
        byte[] entry = new byte[VirtioNetQueueStats.Bytes];
        LittleEndian.WriteU16(entry, VirtioNetQueueStats.VqIndexOffset, (ushort)queue);
        LittleEndian.WriteU64(entry, VirtioNetQueueStats.TypesBitmapOffset, types);
        return entry;
    }

    /// <summary>What a Linux driver asks at once: each queue in use, then the control queue, each for its type.</summary>
    public static byte[] EntriesOfAll(int pairs, int controlQueue) =>
        [.. Enumerable.Range(0, 2 * pairs).Append(controlQueue)
            .SelectMany(queue => Entry(queue, 1UL << TypeOf(queue, controlQueue)))];

    /// <summary>Walks a result by the sizes that it names, as a driver does; a size that leads astray fails the test.</summary>
    public static List<StatisticsReply> Parse(byte[] result)
    {
        var replies = new List<StatisticsReply>();
        for (int at = 0; at < result.Length;)
        {
            int size = LittleEndian.ReadU16(result, at + VirtioNetStatsReply.SizeOffset);
            int type = result[at];
            Assert.That(size, Is.EqualTo(BytesOf(type)));
            Assert.That(at + size, Is.LessThanOrEqualTo(result.Length));
            Assert.That(result[at + VirtioNetStatsReply.ReservedOffset], Is.Zero);
            Assert.That(LittleEndian.ReadU16(result, at + VirtioNetStatsReply.Reserved1Offset), Is.Zero);
            int first = at + VirtioNetStatsReply.Bytes;
            replies.Add(new StatisticsReply(
                type, LittleEndian.ReadU16(result, at + VirtioNetStatsReply.VqIndexOffset),
                [.. Enumerable.Range(0, (size - VirtioNetStatsReply.Bytes) / 8).Select(field => LittleEndian.ReadU64(result, first + (field * 8)))]));
            at += size;
        }

        return replies;
    }
}
