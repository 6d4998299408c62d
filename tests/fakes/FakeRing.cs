// A device's half of a virtqueue, written from the specification for the tests of the driver: slow, plain, and strict.
using System;
using System.Collections.Generic;
using NUnit.Framework;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Tests.Fakes;

/// <summary>A buffer as the device found it.</summary>
internal sealed class FakeChain
{
    public int Id { get; set; }

    /// <summary>Descriptors of the ring that it takes.</summary>
    public int Descriptors { get; set; }

    public bool IsIndirect { get; set; }

    public List<(ulong Address, int Length, bool IsWritable)> Elements { get; } = [];
}

/// <summary>Takes chains, uses them, and says who wants to be notified.</summary>
internal abstract class FakeRing(HostMemory memory, int size, bool hasEventIdx)
{
    public int Size => size;

    /// <summary>Takes the next chain; null when there is none.</summary>
    public abstract FakeChain? Take();

    /// <summary>Uses chains that were taken one after the other, with one used element for all of them.</summary>
    /// <param name="written">Bytes written into the last.</param>
    /// <returns>Whether the driver wants an interrupt.</returns>
    public abstract bool Use(IReadOnlyList<FakeChain> batch, int written);

    /// <summary>Asks for a doorbell at the next buffer (EVENT_IDX) or at any, or for none.</summary>
    public abstract void WantDoorbell(bool isWanted);

    public bool Use(FakeChain chain, int written) => Use([chain], written);

    /// <summary>Bytes that the device may read.</summary>
    public byte[] Readable(FakeChain chain)
    {
        var all = new List<byte>();
        foreach ((ulong address, int length, bool isWritable) in chain.Elements)
        {
            if (!isWritable)
            {
                all.AddRange(Bytes(address, length).ToArray());
            }
        }

        return [.. all];
    }

    /// <summary>Fills the writable elements.</summary>
    /// <returns>Bytes that found room.</returns>
    public int Write(FakeChain chain, ReadOnlySpan<byte> data)
    {
        int written = 0;
        foreach ((ulong address, int length, bool isWritable) in chain.Elements)
        {
            int part = isWritable ? Math.Min(length, data.Length - written) : 0;
            data.Slice(written, part).CopyTo(Bytes(address, part));
            written += part;
        }

        return written;
    }

    protected bool HasEventIdx => hasEventIdx;

    protected Span<byte> Bytes(ulong address, int length)
    {
        Span<byte> bytes = memory.At(address, length);
        if (bytes.Length != length)
        {
            Assert.Fail($"{length} bytes at {address:x} are no host memory");
        }

        return bytes;
    }

    protected ushort U16(ulong address) => BitConverter.ToUInt16(Bytes(address, 2));

    protected uint U32(ulong address) => BitConverter.ToUInt32(Bytes(address, 4));

    protected ulong U64(ulong address) => BitConverter.ToUInt64(Bytes(address, 8));

    protected void Put16(ulong address, int value) => BitConverter.TryWriteBytes(Bytes(address, 2), (ushort)value);

    protected void Put32(ulong address, uint value) => BitConverter.TryWriteBytes(Bytes(address, 4), value);
}

/// <summary>Source: VIRTIO 1.4, 2.7.</summary>
internal sealed class FakeSplitRing(HostMemory memory, int size, bool hasEventIdx, ulong table, ulong avail, ulong used)
    : FakeRing(memory, size, hasEventIdx)
{
    private ushort _next;
    private ushort _used;

    public override FakeChain? Take()
    {
        ushort idx = U16(avail + 2);
        if (idx == _next)
        {
            return null;
        }

        if ((ushort)(idx - _next) > Size)
        {
            Assert.Fail("more made available than the queue holds");
        }

        int head = U16(avail + 4 + ((ulong)(_next % Size) * 2));
        _next++;
        var chain = new FakeChain { Id = head };
        Walk(chain, table, head, Size, isTable: false);
        return chain;
    }

    public override bool Use(IReadOnlyList<FakeChain> batch, int written)
    {
        ulong entry = used + 4 + ((ulong)(_used % Size) * 8);
        Put32(entry, (uint)batch[^1].Id);
        Put32(entry + 4, (uint)written);
        ushort before = _used;
        _used += (ushort)batch.Count;
        Put16(used + 2, _used);
        if (!HasEventIdx)
        {
            return (U16(avail) & 1) == 0;
        }

        Assert.That(U16(avail), Is.Zero, "flags are 0 with EVENT_IDX");
        ushort wanted = U16(avail + 4 + ((ulong)Size * 2));
        for (ushort index = before; index != _used; index++)
        {
            if (index == wanted)
            {
                return true;
            }
        }

        return false;
    }

    public override void WantDoorbell(bool isWanted)
    {
        if (HasEventIdx)
        {
            Put16(used + 4 + ((ulong)Size * 8), isWanted ? _next : _next - 1);
        }
        else
        {
            Put16(used, isWanted ? 0 : 1);
        }
    }

    private void Walk(FakeChain chain, ulong descriptors, int at, int count, bool isTable)
    {
        for (int step = 0; ; step++)
        {
            if (step >= count || at >= count)
            {
                Assert.Fail("the chain does not end, or leaves its table");
            }

            ulong descriptor = descriptors + ((ulong)at * 16);
            int flags = U16(descriptor + 12);
            int length = (int)U32(descriptor + 8);
            chain.Descriptors += isTable ? 0 : 1;
            if ((flags & DescriptorFlags.Indirect) != 0)
            {
                Assert.That(isTable, Is.False, "a table in a table");
                Assert.That(flags & DescriptorFlags.Next, Is.Zero);
                chain.IsIndirect = true;
                Walk(chain, U64(descriptor), 0, length / 16, isTable: true);
                return;
            }

            chain.Elements.Add((U64(descriptor), length, (flags & DescriptorFlags.Write) != 0));
            if ((flags & DescriptorFlags.Next) == 0)
            {
                return;
            }

            at = U16(descriptor + 14);
        }
    }
}

/// <summary>Source: VIRTIO 1.4, 2.8.</summary>
internal sealed class FakePackedRing(HostMemory memory, int size, bool hasEventIdx, ulong ring, ulong driverEvent, ulong deviceEvent)
    : FakeRing(memory, size, hasEventIdx)
{
    private int _next;
    private bool _nextWrap = true;
    private int _used;
    private bool _usedWrap = true;

    public override FakeChain? Take()
    {
        var chain = new FakeChain();
        while (true)
        {
            ulong descriptor = ring + ((ulong)_next * 16);
            int flags = U16(descriptor + 14);
            bool isAvail = ((flags & 0x80) != 0) == _nextWrap && ((flags & 0x8000) != 0) != _nextWrap;
            if (!isAvail)
            {
                Assert.That(chain.Descriptors, Is.Zero, "a list that was not complete when its first descriptor was seen");
                return null;
            }

            chain.Descriptors++;
            chain.Id = U16(descriptor + 12);
            Add(chain, descriptor, flags);
            Step(ref _next, ref _nextWrap);
            if ((flags & DescriptorFlags.Next) == 0)
            {
                return chain;
            }
        }
    }

    public override bool Use(IReadOnlyList<FakeChain> batch, int written)
    {
        ulong descriptor = ring + ((ulong)_used * 16);
        bool isWritten = batch[^1].Elements.Exists(element => element.IsWritable);
        Put16(descriptor + 12, batch[^1].Id);
        Put32(descriptor + 8, isWritten ? (uint)written : 0xDEAD_BEEF);
        Put16(descriptor + 14, (_usedWrap ? 0x8080 : 0) | (isWritten ? DescriptorFlags.Write : 0));
        int wanted = U16(driverEvent + 2) & 3;
        int place = U16(driverEvent);
        bool isPassed = false;
        foreach (FakeChain chain in batch)
        {
            for (int count = 0; count < chain.Descriptors; count++)
            {
                isPassed |= place == (_used | (_usedWrap ? 0x8000 : 0));
                Step(ref _used, ref _usedWrap);
            }
        }

        Assert.That(wanted, Is.Not.EqualTo(3).And.Not.EqualTo(HasEventIdx ? 3 : 2));
        return wanted == 0 || (wanted == 2 && isPassed);
    }

    public override void WantDoorbell(bool isWanted)
    {
        Put16(deviceEvent, _next | (_nextWrap ? 0x8000 : 0));
        Put16(deviceEvent + 2, isWanted ? (HasEventIdx ? 2 : 0) : 1);
    }

    private void Add(FakeChain chain, ulong descriptor, int flags)
    {
        int length = (int)U32(descriptor + 8);
        ulong address = U64(descriptor);
        if ((flags & DescriptorFlags.Indirect) == 0)
        {
            chain.Elements.Add((address, length, (flags & DescriptorFlags.Write) != 0));
            return;
        }

        chain.IsIndirect = true;
        Assert.That(length % 16, Is.Zero);
        Assert.That(flags & DescriptorFlags.Next, Is.Zero);
        for (int index = 0; index < length / 16; index++)
        {
            ulong entry = address + ((ulong)index * 16);
            int entryFlags = U16(entry + 14);
            Assert.That(entryFlags & ~DescriptorFlags.Write, Is.Zero, "only WRITE is valid in an indirect table");
            chain.Elements.Add((U64(entry), (int)U32(entry + 8), entryFlags != 0));
        }
    }

    private void Step(ref int place, ref bool wrap)
    {
        place++;
        if (place == Size)
        {
            place = 0;
            wrap = !wrap;
        }
    }
}
