// Who is told, and when: doorbells, interrupts, and what stops them; and queues that are reset one at a time.
using System;
using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Unit;

public sealed class DriverNotificationTests
{
    private const int Packed = VirtioFeature.RingPacked;
    private const int EventIdx = VirtioFeature.EventIdx;
    private const int NoFeature = VirtioNetFeature.Mac;
    private static readonly byte[] Short = FakeVirtioHost.Frame(1, 60);

    [Test]
    public void A_doorbell_rings_once_for_each_time_the_device_asks(
        [Values(NoFeature, Packed)] int ring, [Values(NoFeature, EventIdx)] int eventIdx, [Values(4, 16)] int size)
    {
        using var host = new FakeVirtioHost();
        NetDriver driver = host.Start(new NetDriverOptions { WantedFeatures = FakeVirtioHost.Features(ring, eventIdx), QueueSize = size });
        FakeRing transmit = host.Device.Ring(1);
        host.Device.Doorbells.Clear();
        int asked = 0;
        for (int turn = 0; turn < 50_000; turn++)
        {
            // Asked at every third turn for one doorbell, else for none.
            bool isAsked = turn % 3 == 0;
            transmit.WantDoorbell(isAsked);
            asked += isAsked ? 1 : 0;
            Send(driver, 1 + (turn % 3));
            if (host.Device.Doorbells.Count != asked)
            {
                Assert.Fail($"turn {turn}: {host.Device.Doorbells.Count} doorbells, {asked} asked for");
            }

            while (transmit.Take() is { } chain)
            {
                transmit.Use(chain, 0);
            }
        }

        DriverVirtqueue queue = driver.Transmitters[0].Queue;
        Assert.That((queue.Doorbells, queue.DoorbellsSaved), Is.EqualTo(((long)asked, 50_000L - asked)));
        Assert.That(host.Device.Doorbells.All(bell => bell is { Queue: 1, Bytes: 2, Value: 1 }), Is.True);
    }

    [Test]
    public void With_EVENT_IDX_an_event_inside_a_batch_rings_and_one_before_it_does_not([Values(NoFeature, Packed)] int ring)
    {
        using var host = new FakeVirtioHost();
        NetDriver driver = host.Start(new NetDriverOptions { WantedFeatures = FakeVirtioHost.Features(ring, EventIdx), QueueSize = 16 });
        FakeRing transmit = host.Device.Ring(1);
        for (int turn = 0; turn < 1000; turn++)
        {
            transmit.WantDoorbell(true);
            host.Device.Doorbells.Clear();
            Send(driver, 3);
            Assert.That(host.Device.Doorbells, Has.Count.EqualTo(1));
            Send(driver, 2);
            Assert.That(host.Device.Doorbells, Has.Count.EqualTo(1), "the event was before the second batch");
            while (transmit.Take() is { } chain)
            {
                transmit.Use(chain, 0);
            }
        }
    }

    [Test]
    public void With_NOTIFICATION_DATA_a_doorbell_says_where_the_next_buffer_goes([Values(NoFeature, Packed)] int ring)
    {
        using var host = new FakeVirtioHost();
        NetDriver driver = host.Start(new NetDriverOptions
        {
            WantedFeatures = FakeVirtioHost.Features(ring, VirtioFeature.NotificationData), QueueSize = 4,
        });
        host.Device.Doorbells.Clear();
        FakeRing transmit = host.Device.Ring(1);
        var expected = new List<uint>();
        for (int sent = 1; sent <= 70_000; sent++)
        {
            Send(driver, 1);
            int offset = ring == Packed ? (sent % 4) | (sent / 4 % 2 == 0 ? 0x8000 : 0) : sent & 0xFFFF;
            expected.Add(1u | ((uint)offset << 16));
            transmit.Use(transmit.Take()!, 0);
        }

        Assert.That(host.Device.Doorbells.Select(bell => bell.Value), Is.EqualTo(expected));
        Assert.That(host.Device.Doorbells.All(bell => bell.Bytes == 4), Is.True);
    }

    [Test]
    public void An_interrupt_comes_after_the_number_of_frames_asked_for([Values(NoFeature, Packed)] int ring, [Values(1, 5)] int after)
    {
        using var host = new FakeVirtioHost();
        NetDriver driver = host.Start(new NetDriverOptions
        {
            WantedFeatures = FakeVirtioHost.Features(ring, EventIdx), QueueSize = 16, InterruptAfter = after,
        });
        for (int frame = 1; frame <= 1000; frame++)
        {
            Receive(host, frame);
            driver.PollInterrupted();
            Assert.That(host.Received, Has.Count.EqualTo(frame / after * after), $"frame {frame}");
        }

        Assert.That(driver.Interrupts, Is.EqualTo(1000 / after));
    }

    [Test]
    public void No_interrupt_comes_when_none_is_asked_for([Values(NoFeature, Packed)] int ring, [Values(NoFeature, EventIdx)] int eventIdx)
    {
        using var host = new FakeVirtioHost();
        NetDriver driver = host.Start(new NetDriverOptions
        {
            WantedFeatures = FakeVirtioHost.Features(ring, eventIdx), QueueSize = 16, InterruptAfter = 0,
        });
        for (int frame = 1; frame <= 1000; frame++)
        {
            Receive(host, frame);
            driver.Poll();
        }

        Assert.That((driver.Interrupts, host.Received.Count), Is.EqualTo((0L, 1000)));
    }

    [Test]
    public void A_budget_leaves_the_rest_for_the_next_poll([Values(NoFeature, Packed)] int ring)
    {
        using var host = new FakeVirtioHost();
        NetDriver driver = host.Start(new NetDriverOptions { WantedFeatures = FakeVirtioHost.Features(ring, EventIdx), QueueSize = 16 });
        for (int frame = 0; frame < 10; frame++)
        {
            Receive(host, frame);
        }

        Assert.That((driver.PollInterrupted(4), driver.PollInterrupted(4), driver.PollInterrupted(4)), Is.EqualTo((4, 4, 2)));
        Assert.That(driver.PollInterrupted(4), Is.Zero);
    }

    [Test]
    public void A_device_that_asks_for_a_reset_is_heard_at_the_next_poll()
    {
        using var host = new FakeVirtioHost();
        NetDriver driver = host.Start();
        host.Device.AskForReset();
        Assert.That(driver.NeedsReset, Is.False);
        driver.Poll();
        Assert.That((driver.NeedsReset, driver.ConfigurationChanges), Is.EqualTo((true, 1L)));
    }

    [Test]
    public void A_queue_reset_alone_starts_anew_and_the_other_goes_on([Values(NoFeature, Packed)] int ring)
    {
        using var host = new FakeVirtioHost();
        NetDriver driver = host.Start(new NetDriverOptions
        {
            WantedFeatures = FakeVirtioHost.Features(ring, VirtioFeature.RingReset), QueueSize = 16,
        });
        for (int turn = 1; turn <= 20; turn++)
        {
            driver.RestartQueue(1);
            Send(driver, 3);
            Receive(host, turn);
            driver.Poll();
            driver.RestartQueue(0);
            driver.RestartQueue(1);
            Assert.That(host.Device.Ring(1).Take(), Is.Null, "frames of before the reset are gone");
            Receive(host, 100 + turn);
            driver.Poll();
            Assert.That(host.Received, Has.Count.EqualTo(2 * turn));
            Send(driver, 16);
            Assert.That(host.Device.Ring(1).Take()!.Elements[0].Length, Is.EqualTo(VirtioNetHeader.Bytes + 60));
        }
    }

    [Test]
    public void Once_running_nothing_is_allocated_for_frames_sent_and_received(
        [Values(NoFeature, Packed)] int ring, [Values(NoFeature, VirtioFeature.InOrder)] int order)
    {
        using var host = new FakeVirtioHost();
        NetDriver driver = host.Start(new NetDriverOptions { WantedFeatures = FakeVirtioHost.Features(ring, order, EventIdx), QueueSize = 64 });
        long bytes = 0;
        driver.FrameHandler = (in ReceivedFrame frame) => bytes += frame.Payload.Length;
        byte[] sent = FakeVirtioHost.Frame(1, 60);
        for (int turn = 0; turn < 3; turn++)
        {
            // The fake allocates, the driver must not: only the driver's calls are measured.
            for (int number = 0; number < 32; number++)
            {
                Receive(host, number);
            }

            long before = GC.GetAllocatedBytesForCurrentThread();
            driver.Poll();
            for (int count = 0; count < 32; count++)
            {
                driver.TrySend(sent);
            }

            driver.Transmitters[0].Flush();
            driver.Transmitters[0].Reap();
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.That(turn < 2 || allocated < 256, Is.True, $"{allocated} bytes for 64 frames");
            while (host.Device.Ring(1).Take() is { } chain)
            {
                host.Device.Ring(1).Use(chain, 0);
            }
        }

        Assert.That(bytes, Is.EqualTo(3 * 32 * 60));
    }

    private static void Send(NetDriver driver, int frames)
    {
        for (int count = 0; count < frames; count++)
        {
            if (!driver.TrySend(Short))
            {
                Assert.Fail("the queue is full");
            }
        }

        driver.Flush();
    }

    private static void Receive(FakeVirtioHost host, int number)
    {
        FakeRing ring = host.Device.Ring(0);
        FakeChain chain = ring.Take()!;
        if (ring.Use(chain, ring.Write(chain, FakeVirtioHost.WithHeader(FakeVirtioHost.Frame(number, 60)))))
        {
            host.Device.Interrupt(0);
        }
    }
}
