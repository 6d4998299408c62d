// Every small ring there is: each combination of flags and next values, against an oracle that sees the ring as a whole.
// The descriptors end where a page without access begins: one byte read beyond them ends the test run.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using NUnit.Framework;
using SmartNicFw.Emulator.Memory;
using SmartNicFw.Emulator.Virtio;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Tests.Properties;

public sealed unsafe partial class VirtqueueExhaustive
{
    private const int Next = DescriptorFlags.Next;
    private const int Write = DescriptorFlags.Write;
    private const int Indirect = DescriptorFlags.Indirect;
    private const int Avail = DescriptorFlags.Avail;
    private const int Used = DescriptorFlags.Used;
    private const int Page = 4096;
    private const ulong RingIova = 0x10_0000;
    private const ulong AreaIova = 0x20_0000;
    private const int DeviceAreaOffset = 1024;

    private readonly DescriptorChain _chain = new(8);
    private readonly GuestMemory _map = new();
    private byte* _pages;
    private byte* _ring;
    private byte* _area;
    private int _size;

    [TearDown]
    public void Unmap()
    {
        _ = munmap(_pages, 4 * Page);
        _map.Unmap(RingIova, (ulong)(_size * 16));
        _map.Unmap(AreaIova, Page);
    }

    [TestCase(1, 0, true)]
    [TestCase(1, 0, false)]
    [TestCase(2, 0, true)]
    [TestCase(2, 1, true)]
    [TestCase(2, 1, false)]
    [TestCase(4, 0, true)]
    [TestCase(4, 1, true)]
    [TestCase(4, 2, true)]
    [TestCase(4, 3, true)]
    [TestCase(4, 3, false)]
    public void Hostile_11_12_every_split_ring_is_taken_or_refused_as_an_oracle_says(int size, int head, bool hasIndirect)
    {
        QueueSetup setup = Allocate(size, hasIndirect ? VirtioFeature.IndirectDesc : VirtioFeature.Version1);
        Virtqueue queue = Create(setup);

        // Eight flags, and each next from 0 to one beyond the table.
        int[] values = [.. from flags in Enumerable.Range(0, 8) from next in Enumerable.Range(0, size + 1) select flags | (next << 16)];
        var digits = new int[size];
        var ring = new int[size];
        var expected = new List<int>(8);
        long rings = 0;
        int taken = 0;
        do
        {
            for (int index = 0; index < size; index++)
            {
                ring[index] = values[digits[index]];
                Describe(index, ring[index]);
            }

            *(ushort*)(_area + 4) = (ushort)head;
            *(ushort*)(_area + 2) = 1;
            TakeResult result = queue.TryTake(_chain);
            bool isGood = ExpectSplit(ring, head, hasIndirect, expected);
            if (result != (isGood ? TakeResult.Taken : TakeResult.Broken) || (isGood && !IsSame(ring, expected)))
            {
                Assert.Fail($"{result} but {isGood}: {string.Join(' ', ring.Select(value => $"{value:x}"))}");
            }

            rings++;
            if (isGood)
            {
                taken++;
                queue.Untake(_chain);
            }
            else
            {
                queue = Create(setup);
            }
        }
        while (Increment(digits, values.Length));

        TestContext.Out.WriteLine($"{rings} rings, {taken} taken");
        Assert.That(rings, Is.EqualTo((long)Math.Pow(8 * (size + 1), size)));
        Assert.That(taken, Is.GreaterThan(0));
    }

    [TestCase(1, 0, true, false)]
    [TestCase(2, 0, true, false)]
    [TestCase(2, 1, true, true)]
    [TestCase(3, 0, false, false)]
    [TestCase(3, 1, true, true)]
    [TestCase(3, 2, true, false)]
    [TestCase(4, 0, true, false)]
    [TestCase(4, 1, true, false)]
    [TestCase(4, 2, false, true)]
    [TestCase(4, 3, true, false)]
    public void Hostile_11_12_every_packed_ring_is_taken_or_refused_as_an_oracle_says(
        int size, int start, bool hasIndirect, bool isSameId)
    {
        QueueSetup setup = Allocate(
            size, hasIndirect ? VirtioFeature.IndirectDesc : VirtioFeature.Version1, VirtioFeature.RingPacked);
        Virtqueue queue = CreatePackedAt(setup, start);
        int[] values =
        [
            .. from low in Enumerable.Range(0, 8)
               from high in new[] { 0, Avail, Used, Avail | Used }
               select low | high,
        ];
        var digits = new int[size];
        var ring = new int[size];
        var ids = Enumerable.Range(0, size).Select(slot => isSameId ? 5 : slot).ToArray();
        long rings = 0;
        var outcomes = new int[3];
        var takenChains = Enumerable.Range(0, size).Select(_ => new DescriptorChain(8)).ToArray();
        do
        {
            for (int index = 0; index < size; index++)
            {
                ring[index] = values[digits[index]];
                Describe(index, (ring[index] << 16) | ids[index]);
                *(uint*)(_ring + (index * 16) + 8) = Length(index, ring[index]);
            }

            // All that the ring has, one after the other, none of it completed.
            int position = start;
            int takes = 0;
            TakeResult wanted;
            var seenIds = 0;
            do
            {
                DescriptorChain chain = takes < size ? takenChains[takes] : _chain;
                wanted = ExpectPacked(ring, position, start + size, hasIndirect, out int slots, out int readable, out int writable);
                int id = ids[(position + slots - 1 + size) % size];
                if (wanted == TakeResult.Taken && (seenIds & (1 << id)) != 0)
                {
                    wanted = TakeResult.Broken;
                }

                TakeResult result = queue.TryTake(chain);
                if (result != wanted || (result == TakeResult.Taken
                    && (chain.Slots != slots || chain.Id != id || chain.ReadableCount != readable || chain.WritableCount != writable)))
                {
                    Assert.Fail($"{result} but {wanted} at {position}: {string.Join(' ', ring.Select(value => $"{value:x}"))}");
                }

                outcomes[(int)wanted]++;
                if (wanted == TakeResult.Taken)
                {
                    takes++;
                    position += slots;
                    seenIds |= 1 << id;
                }
            }
            while (wanted == TakeResult.Taken);

            if (wanted == TakeResult.Broken)
            {
                queue = CreatePackedAt(setup, start);
            }
            else
            {
                for (int index = 0; index < takes; index++)
                {
                    queue.Untake(takenChains[index]);
                }
            }

            rings++;
        }
        while (Increment(digits, values.Length));

        TestContext.Out.WriteLine($"{rings} rings: {outcomes[0]} empty, {outcomes[1]} taken, {outcomes[2]} broken");
        Assert.That(rings, Is.EqualTo((long)Math.Pow(32, size)));
        Assert.That(outcomes, Has.All.GreaterThan(0));
    }

    // The whole path from a head, by marking what was seen: entries of the table are marked above those of the ring.
    private static bool ExpectSplit(int[] ring, int head, bool hasIndirect, List<int> path)
    {
        path.Clear();
        int size = ring.Length;
        int seen = 0;
        int place = head;
        while (place >= 0)
        {
            bool isInTable = place >= size;
            int value = ring[place % size];
            int next = value >> 16;
            bool hasNext = (value & Next) != 0;
            if ((seen & (1 << place)) != 0)
            {
                return false;
            }

            seen |= 1 << place;
            if ((value & Indirect) != 0)
            {
                if (!hasIndirect || isInTable || hasNext)
                {
                    return false;
                }

                place = size;
                continue;
            }

            path.Add(place % size);
            if (hasNext && next >= size)
            {
                return false;
            }

            place = hasNext ? next + (isInTable ? size : 0) : -1;
        }

        return path.Count <= size && IsReadableFirst(path.Select(index => ring[index]));
    }

    // A list at a position that counts on through the rounds of the ring; end is the first position that is taken again.
    private static TakeResult ExpectPacked(
        int[] ring, int position, int end, bool hasIndirect, out int slots, out int readable, out int writable)
    {
        int size = ring.Length;
        slots = 1;
        readable = writable = 0;
        if (!IsAvailable(ring, position))
        {
            return TakeResult.Empty;
        }

        int last = position;
        while (last < position + size && (ring[last % size] & Next) != 0)
        {
            last++;
        }

        slots = last - position + 1;
        if (last >= end)
        {
            return TakeResult.Broken;
        }

        IEnumerable<int> list = Enumerable.Range(position, slots).Select(at => ring[at % size]);
        bool isTable = slots == 1 && (ring[position % size] & Indirect) != 0;
        if (Enumerable.Range(position, slots).Any(at => !IsAvailable(ring, at))
            || (isTable ? !hasIndirect : list.Any(value => (value & Indirect) != 0)))
        {
            return TakeResult.Broken;
        }

        IEnumerable<int> elements = isTable ? ring : list;
        writable = elements.Count(value => (value & Write) != 0);
        readable = elements.Count() - writable;
        return IsReadableFirst(elements) ? TakeResult.Taken : TakeResult.Broken;
    }

    private static bool IsAvailable(int[] ring, int position) =>
        (ring[position % ring.Length] & (Avail | Used)) == (position / ring.Length % 2 == 0 ? Avail : Used);

    private static bool IsReadableFirst(IEnumerable<int> elements)
    {
        bool wasWritable = false;
        foreach (int element in elements)
        {
            bool isWritable = (element & Write) != 0;
            if (wasWritable && !isWritable)
            {
                return false;
            }

            wasWritable = isWritable;
        }

        return true;
    }

    private static bool Increment(int[] digits, int radix)
    {
        int at = 0;
        while (at < digits.Length && ++digits[at] == radix)
        {
            digits[at++] = 0;
        }

        return at < digits.Length;
    }

    // An indirect descriptor refers to the ring itself as its table; any other is as long as its place tells.
    private uint Length(int index, int flags) => (flags & Indirect) != 0 ? (uint)_size * 16 : (uint)index + 1;

    private void Describe(int index, int flagsAndNext)
    {
        byte* at = _ring + (index * 16);
        *(ulong*)at = RingIova;
        *(uint*)(at + 8) = Length(index, flagsAndNext);
        *(uint*)(at + 12) = (uint)flagsAndNext;
    }

    private bool IsSame(int[] ring, List<int> path)
    {
        int readable = path.Count(index => (ring[index] & Write) == 0);
        if (_chain.ReadableCount != readable || _chain.WritableCount != path.Count - readable)
        {
            return false;
        }

        for (int at = 0; at < path.Count; at++)
        {
            if (_chain.Readable[at].Length != path[at] + 1 || _chain.Readable[at].Address != _ring)
            {
                return false;
            }
        }

        return true;
    }

    private Virtqueue Create(QueueSetup setup) =>
        Virtqueue.TryCreate(setup, _map, out Virtqueue? queue) ? queue! : throw new InvalidOperationException();

    // A queue that has already used as many slots.
    private Virtqueue CreatePackedAt(QueueSetup setup, int start)
    {
        Virtqueue queue = Create(setup);
        for (int slot = 0; slot < start; slot++)
        {
            Describe(slot, Avail << 16);
            *(uint*)(_ring + (slot * 16) + 8) = 1;
            if (queue.TryTake(_chain) != TakeResult.Taken)
            {
                throw new InvalidOperationException();
            }

            queue.Complete(_chain, 0);
            queue.Publish();
        }

        return queue;
    }

    private QueueSetup Allocate(int size, params int[] features)
    {
        const int ReadWrite = 3;
        const int PrivateAnonymous = 0x22;

        // No access, the ring at the end of a page, no access, the areas.
        _size = size;
        _pages = mmap(null, 4 * Page, ReadWrite, PrivateAnonymous, -1, 0);
        Assert.That((nint)_pages, Is.Not.EqualTo(-1));
        Assert.That(mprotect(_pages, Page, 0) | mprotect(_pages + (2 * Page), Page, 0), Is.Zero);
        _ring = _pages + (2 * Page) - (size * 16);
        _area = _pages + (3 * Page);
        Assert.That(_map.Map(RingIova, _ring, (ulong)(size * 16)) && _map.Map(AreaIova, _area, Page), Is.True);
        return new QueueSetup
        {
            Size = size,
            DescriptorArea = RingIova,
            DriverArea = AreaIova,
            DeviceArea = AreaIova + DeviceAreaOffset,
            Features = features.Aggregate(1UL << VirtioFeature.Version1, (all, feature) => all | (1UL << feature)),
        };
    }

    [LibraryImport("libc")]
    private static partial byte* mmap(byte* address, nuint length, int protection, int flags, int descriptor, long offset);

    [LibraryImport("libc")]
    private static partial int munmap(byte* address, nuint length);

    [LibraryImport("libc")]
    private static partial int mprotect(byte* address, nuint length, int protection);
}
