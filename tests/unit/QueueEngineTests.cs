// The engine by itself: what it reports of queues that break, stop, and start again, and of turns of short frames.
using System;
using System.Linq;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;
using SmartNicFw.Emulator.Engine;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Tests.Unit;

public sealed class QueueEngineTests
{
    private const int Header = 12;
    private const ulong Sender = 0x0100_0000_0002;
    private const ulong Receiver = 0x0200_0000_0002;
    private const ulong Nobody = 0x0300_0000_0002;
    private const ulong Everybody = 0xFFFF_FFFF_FFFF;
    private static readonly int[] Lengths = [13, 14, 15, 16, 40, 59, 60, 61, 1514];

    [Test]
    public void A_queue_that_broke_and_was_stopped_is_reported_no_more([Values] bool isPacked, [Values] bool isStartedAgain)
    {
        using var guest = new VirtqueueGuest(4, isPacked);
        var engine = new QueueEngine(new PacketSwitch(2), 3, 1500, guest.Map, NullLogger.Instance);
        engine.SetBusMaster(1, true);
        QueueSetup setup = guest.Setup;
        (setup.Function, setup.Queue, setup.Role) = (1, 1, QueueRole.Transmit);
        for (int round = 0; round < 3; round++)
        {
            Assert.That(engine.Start(setup), Is.EqualTo(HalStatus.Ok));
            Break(guest, isPacked);
            Assert.That(engine.SubmitTurn(1, 1, 64, 100_000), Is.EqualTo(HalStatus.Ok));
            Assert.That(engine.SubmitTurn(1, 1, 64, 100_000), Is.EqualTo(HalStatus.BadArgument), "it is broken");
            engine.Stop(1, 1);
        }

        Mend(guest);
        if (isStartedAgain)
        {
            Assert.That(engine.Start(setup), Is.EqualTo(HalStatus.Ok));
        }

        Assert.That(engine.TryTake(new QueueEvent()), Is.False);
    }

    // IEEE 802.3, 3.2.8. With a header of 13 bytes the first frame is malformed.
    [TestCase(Nobody, 1, false)]
    [TestCase(Nobody, 1, true)]
    [TestCase(Receiver, 1, false)]
    [TestCase(Receiver, 1, true)]
    [TestCase(Everybody, 2, false)]
    public void A_turn_counts_every_frame_and_every_copy_for_60_bytes_at_the_least_and_statistics_count_what_is_there(
        ulong destination, int copies, bool isPacked)
    {
        using var sender = new VirtqueueGuest(16, isPacked);
        using var receiver = new VirtqueueGuest(16, isPacked);
        var packetSwitch = new PacketSwitch(3);
        var engine = new QueueEngine(packetSwitch, 3, 1500, receiver.Map, NullLogger.Instance);
        engine.SetMemory(1, sender.Map);
        for (int function = 0; function < 3; function++)
        {
            packetSwitch.SetEnabled(function, true);
            engine.SetBusMaster(function, true);
            QueueSetup setup = function == 1 ? sender.Setup : receiver.Setup;
            (setup.Function, setup.Queue) = (function, function % 2);
            setup.Role = function == 1 ? QueueRole.Transmit : QueueRole.Receive;
            Assert.That(engine.Start(setup), Is.EqualTo(HalStatus.Ok));
        }

        packetSwitch.SetMac(0, Receiver);
        packetSwitch.SetMac(1, Sender);
        for (int index = 0; index < Lengths.Length; index++)
        {
            Offer(sender, isPacked, index, Lengths[index], destination);
        }

        QueueEvent report = Turn(engine, 121);
        int first = copies == 1 ? 3 : 2;
        Assert.That(
            (report.Frames, report.Bytes, report.CopiedBytes, report.HasMore),
            Is.EqualTo((first, (first - 1) * 60, 60 + ((first - 1) * copies * 60), true)), "the malformed frame and two copies are 180 bytes, more than 121: no further frame is begun");

        report = Turn(engine, 100_000);
        int padded = Lengths[first..].Sum(length => Math.Max(length, 60));
        Assert.That((report.Frames, report.Bytes, report.CopiedBytes), Is.EqualTo((Lengths.Length - first, padded, padded * copies)));

        ulong bytes = (ulong)Lengths[1..].Sum();
        Assert.That(packetSwitch.Read(1, Counter.TransmittedBytes), Is.EqualTo(bytes));
        Assert.That(engine.ReadQueue(1, 1, QueueCounter.Bytes), Is.EqualTo(bytes));
        Assert.That(engine.ReadQueue(1, 1, QueueCounter.DroppedMalformed), Is.EqualTo(1));
    }

    private static QueueEvent Turn(QueueEngine engine, int bytes)
    {
        var report = new QueueEvent();
        Assert.That(engine.SubmitTurn(1, 1, 64, bytes), Is.EqualTo(HalStatus.Ok));
        while (engine.TryTake(report) && report.Kind != QueueEventKind.TurnOver)
        {
        }

        Assert.That(report.Kind, Is.EqualTo(QueueEventKind.TurnOver));
        return report;
    }

    private static unsafe void Offer(VirtqueueGuest guest, bool isPacked, int index, int length, ulong destination)
    {
        ulong iova = VirtqueueGuest.BufferArea + ((ulong)index * 2048);
        *(ulong*)guest.At(iova + Header) = destination;
        *(ulong*)guest.At(iova + Header + 6) = Sender;
        if (isPacked)
        {
            VirtqueueGuest.DescribePacked(guest.Descriptors, index, iova, (uint)(Header + length), index, 0x80);
        }
        else
        {
            VirtqueueGuest.Describe(guest.Descriptors, index, iova, (uint)(Header + length), 0, 0);
            guest.Offer(index);
        }
    }

    // An address that is not mapped.
    private static unsafe void Break(VirtqueueGuest guest, bool isPacked)
    {
        Mend(guest);
        if (isPacked)
        {
            VirtqueueGuest.DescribePacked(guest.Descriptors, 0, 0xDEAD_0000, 64, 0, 0x80);
        }
        else
        {
            VirtqueueGuest.Describe(guest.Descriptors, 0, 0xDEAD_0000, 64, 0, 0);
            guest.Offer(0);
        }
    }

    private static unsafe void Mend(VirtqueueGuest guest) => new System.Span<byte>(guest.Memory, (int)VirtqueueGuest.Bytes).Clear();
}
