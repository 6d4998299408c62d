// A host with RAM and interrupts, the real configuration space of a network function, and fake BARs behind it.
using System;
using System.Collections.Generic;
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Firmware;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Tests.Fakes;

/// <summary>Everything that a driver needs, and the other side of its rings.</summary>
internal sealed class FakeVirtioHost : IDisposable
{
    public FakeVirtioHost(long memoryBytes = 64 << 20)
    {
        Memory = new HostMemory(memoryBytes);
        Device = new FakeVirtioDevice(Memory, Interrupts);
        Root = new RootComplex(new EmulatedBoard(new EndpointConfiguration { TotalVFs = 4 }), memory: Device);
        var enumerator = new PciEnumerator(Root);
        enumerator.Enumerate();
        Function = enumerator.PhysicalFunctions[0];
    }

    public HostMemory Memory { get; }

    public InterruptController Interrupts { get; } = new();

    public FakeVirtioDevice Device { get; }

    public RootComplex Root { get; }

    public HostFunction Function { get; }

    /// <summary>Payloads that arrived at the driver's handler.</summary>
    public List<byte[]> Received { get; } = [];

    public NetDriver Make(NetDriverOptions? options = null)
    {
        var driver = new NetDriver(Root, Function, Memory, Interrupts, options);
        driver.FrameHandler = (in ReceivedFrame frame) => Received.Add(frame.Payload.ToArray());
        return driver;
    }

    public NetDriver Start(NetDriverOptions? options = null)
    {
        NetDriver driver = Make(options);
        driver.Start();
        return driver;
    }

    /// <summary>The basic set, and the features named.</summary>
    public static ulong Features(params int[] bits) => NetFeatures.Of([VirtioFeature.Version1, VirtioNetFeature.Mac, .. bits]);

    /// <summary>A frame whose bytes follow from its number.</summary>
    public static byte[] Frame(int number, int bytes)
    {
        var frame = new byte[bytes];
        new Random(number).NextBytes(frame);
        return frame;
    }

    /// <summary>A plain header and a frame, as a device writes them.</summary>
    public static byte[] WithHeader(byte[] frame, int headerBytes = VirtioNetHeader.Bytes, int buffers = 1)
    {
        byte[] all = [.. new byte[headerBytes], .. frame];
        all[VirtioNetHeader.NumBuffersOffset] = (byte)buffers;
        return all;
    }

    /// <summary>Writes a header and a frame into the next receive buffers, and interrupts when the driver wants it.</summary>
    public void Deliver(int queue, byte[] bytes, int buffers = 1)
    {
        FakeRing ring = Device.Ring(queue);
        var parts = new List<(FakeChain Chain, int Bytes)>();
        int written = 0;
        for (int count = 0; count < buffers; count++)
        {
            FakeChain chain = ring.Take() ?? throw new AssertionException("no receive buffer");
            int part = ring.Write(chain, bytes.AsSpan(written));
            written += part;
            parts.Add((chain, part));
        }

        if (written != bytes.Length)
        {
            Assert.Fail("the buffers are too small");
        }

        bool wantsInterrupt = false;
        parts.ForEach(part => wantsInterrupt |= ring.Use(part.Chain, part.Bytes));
        if (wantsInterrupt)
        {
            Device.Interrupt(queue);
        }
    }

    public void Dispose() => Memory.Dispose();
}
