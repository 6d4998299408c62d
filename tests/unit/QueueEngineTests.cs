// The engine by itself: what it reports of queues that break, stop, and start again.
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;
using SmartNicFw.Emulator.Engine;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Tests.Unit;

public sealed class QueueEngineTests
{
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
