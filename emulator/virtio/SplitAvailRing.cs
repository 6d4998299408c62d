// Take side of a split queue: the available ring, the descriptor table, and which heads are out. Never writes guest memory
// but for the wish to be kicked. Knows nothing of used elements.
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Threading;
using SmartNicFw.Emulator.Memory;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Virtio;

/// <summary>Source: VIRTIO 1.4, 2.7.5, 2.7.6, 2.7.10 and 2.7.13.</summary>
internal sealed unsafe class SplitAvailRing
{
    private readonly GuestMemory _memory;
    private readonly byte* _descriptors;
    private readonly byte* _avail;

    // used.flags and used.avail_event: the driver's words to read, the take side's to write.
    private readonly ushort* _usedFlags;
    private readonly ushort* _availEvent;
    private readonly int _size;
    private readonly bool _hasEventIdx;
    private readonly bool _hasIndirect;

    // One bit a head: taken and not completed.
    private readonly ulong[] _out;

    // Index of the next entry to take, and avail.idx as it was read last: both run freely and wrap at 65,536.
    private ushort _next;
    private ushort _seenIdx;

    public SplitAvailRing(
        GuestMemory memory, byte* descriptors, byte* avail, byte* used, int size, bool hasEventIdx, bool hasIndirect)
    {
        _memory = memory;
        _descriptors = descriptors;
        _avail = avail;
        _usedFlags = (ushort*)(used + UsedRing.FlagsOffset);
        _availEvent = (ushort*)(used + UsedRing.RingOffset + (size * UsedRing.EntryBytes));
        _size = size;
        _hasEventIdx = hasEventIdx;
        _hasIndirect = hasIndirect;
        _out = new ulong[(size + 63) / 64];
    }

    /// <summary>True once the ring was found broken.</summary>
    public bool IsBroken { get; private set; }

    public TakeResult TryTake(DescriptorChain chain)
    {
        if (_next == _seenIdx || IsBroken)
        {
            TakeResult look = Look();
            if (look != TakeResult.Taken)
            {
                return look;
            }
        }

        // Read once each: the guest may write them at any time.
        ushort head = Volatile.Read(ref *(ushort*)(_avail + AvailRing.RingOffset + ((_next & (_size - 1)) * AvailRing.EntryBytes)));
        if (head >= _size || (_out[head >> 6] & (1UL << head)) != 0 || !TryWalk(chain, head))
        {
            IsBroken = true;
            return TakeResult.Broken;
        }

        _out[head >> 6] |= 1UL << head;
        _next++;
        chain.End(head, slots: 1);
        return TakeResult.Taken;
    }

    public void Untake(DescriptorChain chain)
    {
        Release(chain);
        _next--;
    }

    /// <summary>The head may be made available again.</summary>
    public void Release(DescriptorChain chain) => _out[chain.Id >> 6] &= ~(1UL << chain.Id);

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
        return Volatile.Read(ref *(ushort*)(_avail + AvailRing.IdxOffset)) != _next || IsBroken;
    }

    // Looks at avail.idx again. Taken: there is an entry to take.
    private TakeResult Look()
    {
        if (IsBroken)
        {
            return TakeResult.Broken;
        }

        // Acquire. Partner: the driver's barrier before its write of avail.idx (2.7.13.3.1). Without it an entry or a
        // descriptor could be read from before the driver wrote it.
        _seenIdx = Volatile.Read(ref *(ushort*)(_avail + AvailRing.IdxOffset));
        ushort waiting = (ushort)(_seenIdx - _next);
        if (waiting == 0)
        {
            return TakeResult.Empty;
        }

        if (waiting > _size)
        {
            IsBroken = true;
            return TakeResult.Broken;
        }

        return TakeResult.Taken;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryWalk(DescriptorChain chain, ushort head)
    {
        // One load takes all fields: what is checked is what is used. Flags are bits 32 to 47 of the upper half.
        Vector128<ulong> descriptor = Vector128.Load((ulong*)(_descriptors + (head * SplitDescriptor.Bytes)));
        ulong rest = descriptor.GetElement(1);
        if ((Flags(rest) & (DescriptorFlags.Next | DescriptorFlags.Indirect)) == 0)
        {
            return chain.TrySetOnly(
                _memory, descriptor.GetElement(0), (uint)rest, (Flags(rest) & DescriptorFlags.Write) != 0);
        }

        chain.Begin(_size);
        return TryWalkOn(chain, descriptor, _descriptors, (uint)_size);
    }

    // Ends: every turn of the loop adds to the chain, which refuses more than the queue's size, or goes, once, to a table
    // from which an indirect descriptor leads no further.
    private bool TryWalkOn(DescriptorChain chain, Vector128<ulong> descriptor, byte* table, uint entries)
    {
        bool isIndirect = false;
        while (true)
        {
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
                    || !_memory.TryTranslate(iova, length, out table))
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
