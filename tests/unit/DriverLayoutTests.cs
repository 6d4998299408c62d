// How the driver's buffers lie: cut, chained, in tables, merged, skipped; seen from the device's side, split and packed.
using System;
using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Unit;

public sealed class DriverLayoutTests
{
    private const int Packed = VirtioFeature.RingPacked;
    private const int InOrder = VirtioFeature.InOrder;
    private const int Indirect = VirtioFeature.IndirectDesc;
    private const int Mrg = VirtioNetFeature.MrgRxbuf;

    // A feature that changes nothing for a ring, where a case needs none.
    private const int NoFeature = VirtioNetFeature.Mac;

    [Test]
    public void With_IN_ORDER_buffers_skipped_in_a_batch_count_as_written_completely([Values(NoFeature, Packed)] int ring)
    {
        using var host = new FakeVirtioHost();
        NetDriver driver = host.Start(new NetDriverOptions
        {
            WantedFeatures = FakeVirtioHost.Features(ring, InOrder, Mrg), ReceiveBufferBytes = 112,
        });
        byte[] frame = FakeVirtioHost.Frame(3, 100 + 112 + 112 + 5);
        FakeRing receive = host.Device.Ring(0);
        FakeChain[] chains = [.. Enumerable.Range(0, 4).Select(_ => receive.Take()!)];
        byte[] all = FakeVirtioHost.WithHeader(frame, buffers: 4);
        int written = 0;
        foreach (FakeChain chain in chains)
        {
            written += receive.Write(chain, all.AsSpan(written));
        }

        receive.Use(chains, 5);
        driver.Poll();
        Assert.That(host.Received, Has.Count.EqualTo(1));
        Assert.That(host.Received[0], Is.EqualTo(frame));
    }

    [Test]
    public void A_frame_over_several_merged_buffers_is_put_together([Values(NoFeature, Packed)] int ring, [Values(NoFeature, InOrder)] int order)
    {
        using var host = new FakeVirtioHost();
        NetDriver driver = host.Start(new NetDriverOptions
        {
            WantedFeatures = FakeVirtioHost.Features(ring, order, Mrg), ReceiveBufferBytes = 256, QueueSize = 64,
        });
        var sent = new List<byte[]>();
        for (int number = 0; number < 500; number++)
        {
            sent.Add(FakeVirtioHost.Frame(number, 60 + (number * 37 % 9000)));
            int buffers = (sent[^1].Length + VirtioNetHeader.Bytes + 255) / 256;
            host.Deliver(0, FakeVirtioHost.WithHeader(sent[^1], buffers: buffers), buffers);
            driver.Poll();
        }

        Assert.That(host.Received, Is.EqualTo(sent));
        Assert.That(driver.Receivers[0].Errors, Is.Zero);
    }

    [Test]
    public void With_large_receive_and_no_merging_a_buffer_holds_65589_bytes([Values(NoFeature, Packed)] int ring)
    {
        using var host = new FakeVirtioHost();
        NetDriver driver = host.Start(new NetDriverOptions
        {
            WantedFeatures = FakeVirtioHost.Features(ring, VirtioNetFeature.GuestCsum, VirtioNetFeature.GuestTso6), QueueSize = 16,
        });
        byte[] frame = FakeVirtioHost.Frame(4, 65589);
        host.Deliver(0, FakeVirtioHost.WithHeader(frame));
        driver.Poll();
        Assert.That(host.Received[0], Is.EqualTo(frame));
    }

    [TestCase(0, 1, 1)]
    [TestCase(1, 1, 2)]
    [TestCase(12, 1, 13)]
    [TestCase(0, 5, 5)]
    [TestCase(3, 4, 7)]
    public void A_frame_is_cut_as_the_layout_says(int header, int pieces, int expected)
    {
        foreach (int ring in new[] { NoFeature, Packed })
        {
            foreach (bool isIndirect in new[] { false, true })
            {
                using var host = new FakeVirtioHost();
                NetDriver driver = host.Start(new NetDriverOptions
                {
                    WantedFeatures = FakeVirtioHost.Features(ring, Indirect), QueueSize = 16,
                    TransmitLayout = new TransmitLayout(header, pieces, isIndirect),
                });
                FakeRing transmit = host.Device.Ring(1);
                for (int number = 0; number < 100; number++)
                {
                    byte[] frame = FakeVirtioHost.Frame(number, 60 + number);
                    Assert.That(driver.TrySend(frame), Is.True);
                    driver.Flush();
                    FakeChain chain = transmit.Take()!;
                    Assert.That(
                        (chain.Elements.Count, chain.Descriptors, chain.IsIndirect), Is.EqualTo((expected, isIndirect ? 1 : expected, isIndirect)));
                    Assert.That(transmit.Readable(chain)[VirtioNetHeader.Bytes..], Is.EqualTo(frame));
                    transmit.Use(chain, 0);
                }
            }
        }
    }

    [Test]
    public void Receive_buffers_of_several_elements_are_chains_or_tables([Values(NoFeature, Packed)] int ring, [Values(NoFeature, Indirect)] int indirect)
    {
        using var host = new FakeVirtioHost();
        NetDriver driver = host.Start(new NetDriverOptions
        {
            WantedFeatures = FakeVirtioHost.Features(ring, indirect), QueueSize = 16, ReceiveElements = 4,
        });
        Assert.That(driver.Receivers[0].Buffers, Is.EqualTo(indirect == Indirect ? 16 : 4));
        for (int number = 0; number < 100; number++)
        {
            byte[] frame = FakeVirtioHost.Frame(number, 1000 + number);
            host.Deliver(0, FakeVirtioHost.WithHeader(frame));
            driver.Poll();
            Assert.That(host.Received[number], Is.EqualTo(frame));
        }
    }

    [Test]
    public void A_frame_in_host_memory_is_sent_from_where_it_lies([Values(NoFeature, Packed)] int ring)
    {
        using var host = new FakeVirtioHost();
        NetDriver driver = host.Start(new NetDriverOptions { WantedFeatures = FakeVirtioHost.Features(ring) });
        Emulator.Host.HostBuffer buffer = host.Memory.Allocate(9000);
        FakeVirtioHost.Frame(5, 9000).CopyTo(buffer.Span);

        Assert.That(driver.Transmitters[0].TrySendFrom(buffer.Address, 9000), Is.True);
        driver.Flush();
        FakeChain chain = host.Device.Ring(1).Take()!;
        Assert.That(chain.Elements.Select(element => element.Length), Is.EqualTo(new[] { VirtioNetHeader.Bytes, 9000 }));
        Assert.That(chain.Elements[1].Address, Is.EqualTo(buffer.Address));
    }
}
