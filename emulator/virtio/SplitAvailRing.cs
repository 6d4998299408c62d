// Take side of a split queue: the available ring, the descriptor table, and which heads are out. Never writes guest memory
// but for the wish to be kicked. Knows nothing of used elements.
using System;
using System.Runtime.Intrinsics;
using System.Threading;
using SmartNicFw.Emulator.Memory;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Virtio;

/// <summary>Source: VIRTIO 1.4, 2.7.5, 2.7.6, 2.7.10 and 2.7.13.</summary>
internal sealed unsafe class SplitAvailRing
{
    private readonly GuestMemory _memory;
    private readonly int _size;
    private readonly bool _hasEventIdx;
    private readonly bool _hasIndirect;

    // One bit a head: taken and not completed.
    private readonly ulong[] _out;
    private byte* _descriptors;
    private byte* _avail;

    // used.flags and used.avail_event: the driver's words to read, the take side's to write.
    private ushort* _usedFlags;
    private ushort* _availEvent;

    // Index of the next entry to take, and avail.idx as it was read last: both run freely and wrap at 65,536.
    private ushort _next;
    private ushort _seenIdx;

    public SplitAvailRing(GuestMemory memory, int size, bool hasEventIdx, bool hasIndirect)
    {
        _memory = memory;
        _size = size;
        _hasEventIdx = hasEventIdx;
        _hasIndirect = hasIndirect;
        _out = new ulong[(size + 63) / 64];
    }

    /// <summary>True once the ring was found broken.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>True when there is an entry to take.</summary>
    public bool HasWork => Volatile.Read(ref *(ushort*)(_avail + AvailRing.IdxOffset)) != _next;

    /// <summary>Says where the areas are in native memory.</summary>
    public void Bind(byte* descriptors, byte* avail, byte* used)
    {
        _descriptors = descriptors;
        _avail = avail;
        _usedFlags = (ushort*)(used + UsedRing.FlagsOffset);
        _availEvent = (ushort*)(used + UsedRing.RingOffset + (_size * UsedRing.EntryBytes));
    }

    /// <summary>Takes buffers into consecutive places, chains into the chains beside them.</summary>
    /// <param name="buffers">Room for <paramref name="count"/>.</param>
    /// <param name="chains">The chain of the first place is at <paramref name="start"/>.</param>
    /// <param name="bytes">When as many bytes in single pieces are taken, no further buffer is.</param>
    /// <returns>Buffers taken.</returns>
    public int Take(TakenBuffer* buffers, DescriptorChain[] chains, int start, int count, long bytes)
    {
        int waiting = (ushort)(_seenIdx - _next);
        if (waiting < count || IsBroken)
        {
            waiting = Look();
        }

        ulong[] heads = _out;
        uint size = (uint)_size;
        int taken = 0;
        int end = Math.Min(count, waiting);
        ushort next = _next;
        for (; taken < end && bytes > 0; taken++)
        {
            // The head and its descriptor are read once each, the descriptor in one load: the guest may write them at any
            // time, and what is checked is what is used. Flags are bits 32 to 47 of the upper half.
            uint head = Volatile.Read(ref *(ushort*)(_avail + AvailRing.RingOffset + ((next & (size - 1)) * AvailRing.EntryBytes)));
            uint word = head >> 6;
            ulong bit = 1UL << (int)head;
            if (head >= size || (heads[word] & bit) != 0)
            {
                IsBroken = true;
                break;
            }

            Vector128<ulong> descriptor = Vector128.Load((ulong*)(_descriptors + (head * SplitDescriptor.Bytes)));
            ulong rest = descriptor.GetElement(1);
            TakenBuffer* buffer = buffers + taken;
            uint length = (uint)rest;
            uint flags = Flags(rest);
            if ((flags & (DescriptorFlags.Next | DescriptorFlags.Indirect)) == 0 && length != 0
                && _memory.TryTranslate(descriptor.GetElement(0), length, out byte* host, DescriptorChain.AccessOf(flags)))
            {
                MemoryHint.Prefetch(host);
                buffer->Address = host;
                buffer->Length = length;
                buffer->Kind = (BufferKind)((flags & DescriptorFlags.Write) / DescriptorFlags.Write);
                bytes -= length;
            }
            else if (TryWalk(chains[start + taken], descriptor, (ushort)head))
            {
                buffer->Kind = BufferKind.Chain;
                bytes -= (long)chains[start + taken].ReadableBytes;
            }
            else
            {
                IsBroken = !_memory.TakeBusy();
                break;
            }

            heads[word] |= bit;
            buffer->Written = 0;
            buffer->Id = (ushort)head;
            buffer->Slots = 1;
            next++;
        }

        _next = next;
        return taken;
    }

    /// <summary>Gives the buffers taken last back.</summary>
    public void Untake(TakenBuffer* buffers, int count)
    {
        Release(buffers, count);
        _next = (ushort)(_next - count);
    }

    /// <summary>The heads may be made available again.</summary>
    public void Release(TakenBuffer* buffers, int count)
    {
        for (TakenBuffer* end = buffers + count; buffers < end; buffers++)
        {
            Release(buffers->Id);
        }
    }

    /// <summary>The head may be made available again.</summary>
    public void Release(ushort head) => _out[head >> 6] &= ~(1UL << head);

    /// <summary>Gives the buffer taken last back.</summary>
    public void Untake(DescriptorChain chain)
    {
        Release(chain.Id);
        _next--;
    }

    public void DisableKicks()
    {
        // With EVENT_IDX an avail_event that is left behind asks for no kick: flags must stay 0 (2.7.10.2).
        if (!_hasEventIdx)
        {
            Volatile.Write(ref *_usedFlags, UsedRing.NoNotify);
        }
    }

    public bool EnableKicks()
    {
        if (_hasEventIdx)
        {
            Volatile.Write(ref *_availEvent, _next);
        }
        else
        {
            Volatile.Write(ref *_usedFlags, 0);
        }

        // Partner: the driver's barrier between its write of avail.idx and its look at flags or avail_event (2.7.13.4.1).
        // Without it both sides could miss the other's write: no kick, and a buffer that waits for ever.
        Interlocked.MemoryBarrier();
        return HasWork || IsBroken;
    }

    // Looks at avail.idx again: entries to take, 0 for none or a broken ring.
    private int Look()
    {
        if (IsBroken)
        {
            return 0;
        }

        // Acquire. Partner: the driver's barrier before its write of avail.idx (2.7.13.3.1). Without it an entry or a
        // descriptor could be read from before the driver wrote it.
        _seenIdx = Volatile.Read(ref *(ushort*)(_avail + AvailRing.IdxOffset));
        int waiting = (ushort)(_seenIdx - _next);
        IsBroken = waiting > _size;
        return IsBroken ? 0 : waiting;
    }

    private bool TryWalk(DescriptorChain chain, Vector128<ulong> descriptor, ushort head)
    {
        chain.Begin(_size);
        bool isGood = TryWalkOn(chain, descriptor, _descriptors, (uint)_size, out int slots);
        chain.End(head, slots);
        return isGood;
    }

    // Ends: every turn of the loop adds to the chain, which refuses more than the queue's size, or goes, once, to a table
    // from which an indirect descriptor leads no further.
    private bool TryWalkOn(DescriptorChain chain, Vector128<ulong> descriptor, byte* table, uint entries, out int slots)
    {
        bool isIndirect = false;
        slots = 0;
        while (true)
        {
            slots += isIndirect ? 0 : 1;
            ulong iova = descriptor.GetElement(0);
            ulong rest = descriptor.GetElement(1);
            uint length = (uint)rest;
            uint next = (uint)(rest >> 48);
            uint flags = Flags(rest);
            if ((flags & DescriptorFlags.Indirect) != 0)
            {
                // Not negotiated, a table within a table, a next beside it, or not a whole number of entries (2.7.5.3.1).
                // The write flag beside it is ignored (2.7.5.3.2).
                if (!_hasIndirect || isIndirect || (flags & DescriptorFlags.Next) != 0
                    || length == 0 || length % SplitDescriptor.Bytes != 0
                    || !_memory.TryTranslate(iova, length, out table, MemoryAccess.Read))
                {
                    return false;
                }

                isIndirect = true;
                entries = length / SplitDescriptor.Bytes;
                next = 0;
            }
            else if (!chain.TryAdd(_memory, iova, length, (flags & DescriptorFlags.Write) != 0))
            {
                return false;
            }
            else if ((flags & DescriptorFlags.Next) == 0)
            {
                return true;
            }

            if (next >= entries)
            {
                return false;
            }

            descriptor = Vector128.Load((ulong*)(table + ((nuint)next * SplitDescriptor.Bytes)));
        }
    }

    private static uint Flags(ulong rest) => (uint)(rest >> 32) & 0xFFFF;
}
