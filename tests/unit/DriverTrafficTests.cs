// Frames through the driver's rings, split and packed: byte for byte, round the rings, with every way to lay a buffer out.
using System;
using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Unit;

public sealed class DriverTrafficTests
{
    private const int Packed = VirtioFeature.RingPacked;
    private const int InOrder = VirtioFeature.InOrder;
    private const int EventIdx = VirtioFeature.EventIdx;

    // A feature that changes nothing for a ring, where a case needs none.
    private const int NoFeature = VirtioNetFeature.Mac;

    [Test]
    public void A_frame_sent_arrives_byte_for_byte_with_its_header(
        [Values(NoFeature, Packed)] int ring, [Values(NoFeature, InOrder)] int order, [Values(NoFeature, VirtioNetFeature.HashReport)] int hash)
    {
        using var host = new FakeVirtioHost();
        NetDriver driver = host.Start(new NetDriverOptions { WantedFeatures = FakeVirtioHost.Features(ring, order, hash) });
        byte[] frame = FakeVirtioHost.Frame(1, 777);
        var offload = new FrameOffload { Flags = 1, GsoType = 4, HdrLen = 0x1122, GsoSize = 0x3344, CsumStart = 0x5566, CsumOffset = 0x7788 };

        Assert.That(driver.TrySend(frame, offload), Is.True);
        driver.Flush();

        FakeChain chain = host.Device.Ring(1).Take()!;
        byte[] seen = host.Device.Ring(1).Readable(chain);
        byte[] header = [1, 4, 0x22, 0x11, 0x44, 0x33, 0x66, 0x55, 0x88, 0x77, 0, 0];
        byte[] tail = hash == NoFeature ? [] : new byte[8];
        Assert.That(seen, Is.EqualTo((byte[])[.. header, .. tail, .. frame]));
        host.Device.Ring(1).Use(chain, 0);
        driver.Poll();
        Assert.That(driver.Transmitters[0].Completed, Is.EqualTo(1));
    }

    [Test]
    public void A_frame_written_by_the_device_arrives_at_the_handler_with_its_header(
        [Values(NoFeature, Packed)] int ring, [Values(NoFeature, VirtioNetFeature.HashReport)] int hash)
    {
        using var host = new FakeVirtioHost();
        NetDriver driver = host.Start(new NetDriverOptions { WantedFeatures = FakeVirtioHost.Features(ring, hash) });
        (FrameOffload Offload, ushort Buffers, uint Hash, ushort Report) seen = default;
        byte[] payload = [];
        driver.FrameHandler = (in ReceivedFrame frame) =>
        {
            seen = (frame.Offload, frame.NumBuffers, frame.HashValue, frame.HashReport);
            payload = frame.Payload.ToArray();
        };
        byte[] header = [2, 1, 0x22, 0x11, 0x44, 0x33, 0x66, 0x55, 0x88, 0x77, 1, 0];
        byte[] tail = hash == NoFeature ? [] : [0x78, 0x56, 0x34, 0x12, 2, 0, 0, 0];
        byte[] frame = FakeVirtioHost.Frame(2, 1514);

        host.Deliver(0, [.. header, .. tail, .. frame]);

        Assert.That(driver.Poll(), Is.EqualTo(1));
        Assert.That(payload, Is.EqualTo(frame));
        var offload = new FrameOffload { Flags = 2, GsoType = 1, HdrLen = 0x1122, GsoSize = 0x3344, CsumStart = 0x5566, CsumOffset = 0x7788 };
        Assert.That(seen, Is.EqualTo((offload, (ushort)1, hash == NoFeature ? 0u : 0x12345678u, (ushort)(hash == NoFeature ? 0 : 2))));
        Assert.That((driver.Receivers[0].Frames, driver.Receivers[0].Bytes), Is.EqualTo((1L, 1514L)));
    }

    [Test]
    public void Rings_go_round_beyond_65536_buffers_and_lose_none(
        [Values(NoFeature, Packed)] int ring, [Values(4, 256)] int size, [Values(NoFeature, InOrder)] int order,
        [Values(NoFeature, EventIdx)] int eventIdx)
    {
        const int Frames = 70_000;
        using var host = new FakeVirtioHost();
        NetDriver driver = host.Start(new NetDriverOptions
        {
            WantedFeatures = FakeVirtioHost.Features(ring, order, eventIdx), QueueSize = size, TransmitInterruptAfter = 1,
        });
        long next = 0;
        driver.FrameHandler = (in ReceivedFrame frame) =>
        {
            if (BitConverter.ToInt64(frame.Payload) != next++)
            {
                Assert.Fail($"frame {next} is another one");
            }
        };
        var random = new Random(size);
        long sent = 0;
        for (int turn = 0; sent < Frames; turn++)
        {
            for (int left = random.Next(1, size + 1); left > 0 && driver.TrySend(BitConverter.GetBytes(sent)); left--)
            {
                sent++;
            }

            driver.Flush();
            FakeRing transmit = host.Device.Ring(1);
            while (transmit.Take() is { } chain)
            {
                byte[] frame = transmit.Readable(chain)[VirtioNetHeader.Bytes..];
                transmit.Use(chain, 0);
                host.Deliver(0, FakeVirtioHost.WithHeader(frame));
            }

            driver.Poll();
        }

        Assert.That((next, driver.Transmitters[0].Frames, driver.Receivers[0].Frames), Is.EqualTo((sent, sent, sent)));
        Assert.That((driver.Receivers[0].Errors, driver.Receivers[0].Queue.Ring.IsBroken), Is.EqualTo((0L, false)));
    }

    [Test]
    public void Without_IN_ORDER_buffers_may_be_used_in_any_order([Values(NoFeature, Packed)] int ring, [Values(1, 3)] int elements)
    {
        using var host = new FakeVirtioHost();
        NetDriver driver = host.Start(new NetDriverOptions
        {
            WantedFeatures = FakeVirtioHost.Features(ring), QueueSize = 16, TransmitLayout = new TransmitLayout(elements - 1, 1, false),
        });
        var random = new Random(elements);
        FakeRing transmit = host.Device.Ring(1);
        var held = new List<FakeChain>();
        for (int number = 0; number < 5000; number++)
        {
            byte[] frame = FakeVirtioHost.Frame(number, 60 + (number % 100));
            if (driver.TrySend(frame))
            {
                driver.Flush();
                FakeChain chain = transmit.Take()!;
                Assert.That(chain.Descriptors, Is.EqualTo(elements));
                Assert.That(transmit.Readable(chain)[VirtioNetHeader.Bytes..], Is.EqualTo(frame));
                held.Add(chain);
            }

            if (held.Count > 0 && random.Next(3) > 0)
            {
                int pick = random.Next(held.Count);
                transmit.Use(held[pick], 0);
                held.RemoveAt(pick);
            }
        }

        held.ForEach(chain => transmit.Use(chain, 0));
        driver.Poll();
        DriverRing used = driver.Transmitters[0].Queue.Ring;
        Assert.That((used.Free, used.Outstanding, used.IsBroken), Is.EqualTo((16, 0, false)));
        Assert.That(driver.Transmitters[0].Refused, Is.GreaterThan(0));
    }

    [Test]
    public void With_IN_ORDER_one_used_element_completes_a_batch([Values(NoFeature, Packed)] int ring, [Values(1, 2)] int elements)
    {
        using var host = new FakeVirtioHost();
        NetDriver driver = host.Start(new NetDriverOptions
        {
            WantedFeatures = FakeVirtioHost.Features(ring, InOrder), QueueSize = 16, TransmitLayout = new TransmitLayout(elements - 1, 1, false),
        });
        FakeRing transmit = host.Device.Ring(1);
        int sent = 0;
        foreach (int batch in Enumerable.Range(0, 200).Select(number => 1 + (number % (16 / elements))))
        {
            for (int count = 0; count < batch; count++)
            {
                Assert.That(driver.TrySend(FakeVirtioHost.Frame(sent++, 64)), Is.True);
            }

            driver.Flush();
            FakeChain[] chains = [.. Enumerable.Range(0, batch).Select(_ => transmit.Take()!)];
            transmit.Use(chains, 0);
            driver.Poll();
            Assert.That(driver.Transmitters[0].Completed, Is.EqualTo(sent));
        }

        Assert.That(driver.Transmitters[0].Queue.Ring.Free, Is.EqualTo(16));
    }

    [Test]
    public void A_used_element_that_names_no_buffer_breaks_the_queue_and_throws_nothing([Values(NoFeature, Packed)] int ring)
    {
        using var host = new FakeVirtioHost();
        NetDriver driver = host.Start(new NetDriverOptions { WantedFeatures = FakeVirtioHost.Features(ring), QueueSize = 16 });
        FakeRing receive = host.Device.Ring(0);
        FakeChain chain = receive.Take()!;
        chain.Id = 999;
        receive.Use(chain, 100);

        Assert.That(driver.Poll(), Is.Zero);
        Assert.That(driver.Receivers[0].Queue.Ring.IsBroken, Is.True);
        Assert.That(driver.TrySend(FakeVirtioHost.Frame(1, 60)), Is.True, "the other queue goes on");
    }

    [TestCase(5)]
    [TestCase(100_000)]
    public void A_length_that_lies_is_counted_and_the_buffer_given_back(int length)
    {
        using var host = new FakeVirtioHost();
        NetDriver driver = host.Start(new NetDriverOptions { WantedFeatures = FakeVirtioHost.Features(), QueueSize = 16 });
        host.Device.Ring(0).Use(host.Device.Ring(0).Take()!, length);
        driver.Poll();
        Assert.That((driver.Receivers[0].Errors, host.Received.Count), Is.EqualTo((1L, 0)));
        Assert.That(driver.Receivers[0].Queue.Ring.Outstanding, Is.EqualTo(16));
    }
}
