// Bus addresses to memory, and bytes of chains: bounds, cuts, ends; and commands of a control queue.
using System;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Memory;
using SmartNicFw.Emulator.Virtio;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Unit;

public sealed unsafe class VirtqueueMemoryTests
{
    private const ulong Buffer = VirtqueueGuest.BufferArea;

    [Test]
    public void Hostile_13_only_a_range_within_one_region_is_translated()
    {
        var memory = new GuestMemory();
        byte* host = (byte*)0x1000_0000;
        Assert.That(memory.Map(0x3000, host, 0x1000) && memory.Map(0x1000, host, 0x1000) && memory.Map(0x2000, host, 0x1000));
        Assert.That(memory.Map(ulong.MaxValue - 0xFFF, host, 0x1000), Is.True, "to the very end");
        Assert.That(memory.TryTranslate(0x2010, 0xFF0, out byte* at) && at == host + 0x10);
        Assert.That(memory.TryTranslate(ulong.MaxValue, 1, out at) && at == host + 0xFFF);
        foreach ((ulong iova, uint length) in new[]
        {
            (0x2010UL, 0xFF1u), (0xFFFUL, 1u), (0xFFFUL, 2u), (0x4000UL, 0u), (0x4000UL, 1u), (0UL, uint.MaxValue),
            (ulong.MaxValue, 2u), (ulong.MaxValue - 0x1000, 1u), (0x1000UL, uint.MaxValue),
        })
        {
            Assert.That(memory.TryTranslate(iova, length, out at), Is.False, $"{iova:x}+{length:x}");
            Assert.That(at == null);
        }
    }

    [Test]
    public void Hostile_25_range_that_overlaps_wraps_is_empty_or_one_too_many_is_not_mapped()
    {
        var memory = new GuestMemory(maxRegions: 2);
        byte* host = (byte*)0x1000_0000;
        Assert.That(memory.Map(0x2000, host, 0x1000), Is.True);
        Assert.That(memory.Map(0x2000, host, 0x1000), Is.False);
        Assert.That(memory.Map(0x2FFF, host, 1), Is.False);
        Assert.That(memory.Map(0x1000, host, 0x1001), Is.False);
        Assert.That(memory.Map(0x1000, host, ulong.MaxValue - 0x1000), Is.False);
        Assert.That(memory.Map(0x5000, host, 0), Is.False);
        Assert.That(memory.Map(ulong.MaxValue, host, 2), Is.False);
        Assert.That(memory.Map(0x5000, null, 1), Is.False);
        Assert.That(memory.Map(0x3000, host, 1), Is.True);
        Assert.That(memory.Map(0x8000, host, 1), Is.False);
        Assert.That(memory.RegionCount, Is.EqualTo(2));
    }

    [Test]
    public void Unmapped_region_is_not_translated_even_if_it_answered_last()
    {
        var memory = new GuestMemory();
        byte* host = (byte*)0x1000_0000;
        memory.Map(0, host, 0x1000);
        memory.Map(0x1000, host, 0x1000);
        Assert.That(memory.TryTranslate(0x10, 1, out _), Is.True);
        Assert.That(memory.Unmap(0, 0xFFF) || memory.Unmap(1, 0x1000) || memory.Unmap(0x5000, 1), Is.False);
        Assert.That(memory.Unmap(0, 0x1000), Is.True);
        Assert.That(memory.TryTranslate(0x10, 1, out _), Is.False);
        Assert.That(memory.TryTranslate(0x1010, 1, out _), Is.True);
    }

    [Test]
    public void Every_length_is_moved_whole_and_no_further()
    {
        byte[] source = [.. Enumerable.Range(0, 700).Select(value => (byte)((value * 7) + 1))];
        byte[] destination = new byte[source.Length];
        for (int length = 0; length <= 600; length++)
        {
            Array.Clear(destination);
            fixed (byte* from = source, to = destination)
            {
                ChainBytes.Move(from + 3, to + 5, (uint)length);
            }

            Assert.That(destination.AsSpan(5, length).SequenceEqual(source.AsSpan(3, length)), $"{length} bytes");
            Assert.That(destination.AsSpan(5 + length).ContainsAnyExcept((byte)0) || destination.AsSpan(0, 5).ContainsAnyExcept((byte)0), Is.False);
        }
    }

    [TestCase(1)]
    [TestCase(5)]
    [TestCase(30)]
    public void Hostile_16_bytes_survive_any_cut_of_both_chains(int piece)
    {
        using var guest = new VirtqueueGuest(64, isPacked: false);
        var from = new DescriptorChain();
        var to = new DescriptorChain();
        byte[] sent = [.. Enumerable.Range(1, 30).Select(value => (byte)value)];

        // Readable: pieces of that size, a gap of one byte and a descriptor of length 0 between. Writable: pieces of 7.
        int slot = 0;
        for (int at = 0; at < sent.Length; at += piece)
        {
            sent.AsSpan(at, piece).CopyTo(new Span<byte>(guest.At(Buffer) + (at * 2), piece));
            Chain(guest, slot++, Buffer + (ulong)(at * 2), (uint)piece, at + piece < sent.Length, 0);
        }

        int head = slot;
        for (int at = 0; at < 35; at += 7)
        {
            Chain(guest, slot++, Buffer + 0x1000 + (ulong)(at * 2), 7, isNext: true, DescriptorFlags.Write);
            Chain(guest, slot++, 0, 0, at < 28, DescriptorFlags.Write);
        }

        guest.Offer(0);
        guest.Offer(head);
        Assert.That(guest.Queue.TryTake(from), Is.EqualTo(TakeResult.Taken));
        Assert.That(guest.Queue.TryTake(to), Is.EqualTo(TakeResult.Taken));
        byte[] header = new byte[12];
        Assert.That(ChainBytes.Read(from, 1, header), Is.EqualTo(12));
        Assert.That(header, Is.EqualTo(sent.AsSpan(1, 12).ToArray()));
        Assert.That(ChainBytes.Read(from, 25, header), Is.EqualTo(5), "the chain ends before");
        Assert.That(ChainBytes.Read(from, ulong.MaxValue, header), Is.Zero);
        Assert.That(ChainBytes.Copy(from, 3, to, 9, 1000), Is.EqualTo(26), "the room ends before");
        Assert.That(ChainBytes.Copy(from, 3, to, ulong.MaxValue, 1000), Is.Zero);
        Assert.That(ChainBytes.Write(to, 0, sent.AsSpan(0, 9)), Is.EqualTo(9));
        byte[] received = [.. Enumerable.Range(0, 35).Select(at => guest.At(Buffer + 0x1000)[(at / 7 * 14) + (at % 7)])];
        Assert.That(received, Is.EqualTo(sent.Take(9).Concat(sent.Skip(3).Take(26)).ToArray()));
    }

    [Test]
    public void Hostile_16_chain_of_zero_length_descriptors_is_taken_and_holds_nothing()
    {
        using var guest = new VirtqueueGuest(2, isPacked: false);
        var chain = new DescriptorChain();
        Chain(guest, 0, 0, 0, isNext: true, 0);
        Chain(guest, 1, 0, 0, isNext: false, DescriptorFlags.Write);
        guest.Offer(0);
        Assert.That(guest.Queue.TryTake(chain), Is.EqualTo(TakeResult.Taken));
        Assert.That((chain.ReadableCount, chain.WritableCount), Is.EqualTo((0, 0)));
        Assert.That(ChainBytes.Read(chain, 0, new byte[12]), Is.Zero);
        Assert.That(ChainBytes.Write(chain, 0, new byte[12]), Is.Zero);
        Assert.That(ChainBytes.Copy(chain, 0, chain, 0, 1), Is.Zero);
    }

    [Test]
    public void Hostile_17_buffer_that_is_the_ring_itself_harms_only_that_queue()
    {
        using var guest = new VirtqueueGuest(4, isPacked: false);
        var chain = new DescriptorChain();
        Chain(guest, 0, VirtqueueGuest.Base, 0x6000, isNext: false, DescriptorFlags.Write);
        guest.Offer(0);
        Assert.That(guest.Queue.TryTake(chain), Is.EqualTo(TakeResult.Taken));
        byte[] frame = new byte[0x6000];
        Array.Fill(frame, (byte)0xEE);
        Assert.That(ChainBytes.Write(chain, 0, frame), Is.EqualTo(0x6000));
        guest.Queue.Complete(chain, 0x6000);
        guest.Queue.Publish();
        Assert.That(guest.Queue.TryTake(chain), Is.EqualTo(TakeResult.Broken), "avail.idx is 0xEEEE now");
        Assert.That(guest.IsGuardIntact, Is.True);
    }

    [TestCase(false)]
    [TestCase(true)]
    public void Command_is_read_once_and_answered_once(bool isPacked)
    {
        using var guest = new VirtqueueGuest(4, isPacked);
        new byte[] { 1, 2, 3, 4, 5 }.CopyTo(new Span<byte>(guest.At(Buffer), 5));
        int next = DescriptorFlags.Next | (isPacked ? DescriptorFlags.Avail : 0);
        int last = DescriptorFlags.Write | (isPacked ? DescriptorFlags.Avail : 0);
        VirtqueueGuest.Describe(guest.Descriptors, 0, Buffer, 5, isPacked ? 2 : next, isPacked ? next : 1);
        VirtqueueGuest.Describe(guest.Descriptors, 1, Buffer + 16, 1, isPacked ? 2 : last, isPacked ? last : 0);
        if (!isPacked)
        {
            guest.Offer(0);
        }

        var commands = new ControlCommands(guest.Queue);
        byte[] buffer = new byte[3];
        Assert.That(commands.WriteReply([9]), Is.False, "no command is out");
        Assert.That(commands.ReadCommand(buffer), Is.EqualTo(5));
        Assert.That(buffer, Is.EqualTo(new byte[] { 1, 2, 3 }));
        Assert.That(commands.ReadCommand(buffer), Is.EqualTo(-1));
        Assert.That(commands.WriteReply([7, 8]), Is.True);
        Assert.That((guest.At(Buffer)[16], guest.At(Buffer)[17]), Is.EqualTo(((byte)7, (byte)0)));
        Assert.That(*(uint*)(isPacked ? guest.Descriptors + 8 : guest.DeviceArea + 8), Is.EqualTo(1), "bytes written");
        Assert.That(commands.ReadCommand(buffer), Is.EqualTo(-1));
    }

    [Test]
    public void Nothing_is_allocated_once_a_queue_runs()
    {
        using var guest = new VirtqueueGuest(4, isPacked: false);
        var chain = new DescriptorChain();
        Chain(guest, 0, Buffer, 64, isNext: false, 0);
        long allocated = Allocations.Of(() =>
        {
            for (int turn = 0; turn < 1000; turn++)
            {
                Turn(guest, chain);
            }
        });

        Assert.That(allocated, Is.Zero);
    }

    private static void Turn(VirtqueueGuest guest, DescriptorChain chain)
    {
        guest.Offer(0);
        guest.Queue.DisableKicks();
        if (guest.Queue.TryTake(chain) == TakeResult.Taken)
        {
            guest.Queue.Untake(chain);
            guest.Queue.TryTake(chain);
            guest.Queue.Complete(chain, 0);
        }

        guest.Queue.Publish();
        guest.Queue.EnableKicks();
    }

    private static void Chain(VirtqueueGuest guest, int slot, ulong iova, uint length, bool isNext, int flags) =>
        VirtqueueGuest.Describe(
            guest.Descriptors, slot, iova, length, flags | (isNext ? DescriptorFlags.Next : 0), slot + 1);
}
