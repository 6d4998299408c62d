// Take side of a packed queue: descriptors that the driver made available, and which buffers are out. Never writes guest
// memory but for the wish to be kicked. Knows nothing of used descriptors.
using System;
using System.Threading;
using SmartNicFw.Emulator.Memory;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Virtio;

/// <summary>Source: VIRTIO 1.4, 2.8.1 to 2.8.9, 2.8.14 and 2.8.21.</summary>
internal sealed unsafe class PackedAvailRing
{
    private const uint AvailAndUsed = DescriptorFlags.Avail | DescriptorFlags.Used;

    private const int All = -1;

    // Buffer IDs are the driver's choice of 16 bits: nothing ties them to the queue's size.
    private const int BufferIds = 65536;

    private readonly GuestMemory _memory;
    private readonly int _size;
    private readonly bool _hasEventIdx;
    private readonly bool _hasIndirect;
    private byte* _ring;
    private uint* _deviceEvent;

    // One bit a buffer ID: taken and not completed.
    private readonly ulong[] _out = new ulong[BufferIds / 64];

    // Slots of all buffers that are taken and not completed, 0 to the queue's size.
    private int _slotsOut;

    // Slots from the next on that may be looked at as the first of a buffer; all of them unless counted, which is for remote memory.
    private int _seen = All;

    // Next slot to take from, and what its AVAIL and USED flags are once the driver has made it available (2.8.1).
    private int _next;
    private uint _available = DescriptorFlags.Avail;

    public PackedAvailRing(GuestMemory memory, int size, bool hasEventIdx, bool hasIndirect)
    {
        _memory = memory;
        _size = size;
        _hasEventIdx = hasEventIdx;
        _hasIndirect = hasIndirect;
    }

    /// <summary>True once the ring was found broken.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>True when the next descriptor is available.</summary>
    public bool HasWork => (Flags(Volatile.Read(
        ref *(ulong*)(_ring + ((nint)_next * PackedDescriptor.Bytes) + PackedDescriptor.LengthOffset))) & AvailAndUsed) == _available;

    /// <summary>Says where the areas are in native memory.</summary>
    public void Bind(byte* ring, byte* deviceEvent)
    {
        _ring = ring;
        _deviceEvent = (uint*)deviceEvent;
    }

    /// <summary>Takes buffers into consecutive places, chains into the chains beside them.</summary>
    /// <param name="buffers">Room for <paramref name="count"/>.</param>
    /// <param name="chains">The chain of the first place is at <paramref name="start"/>.</param>
    /// <param name="bytes">When as many bytes in single pieces are taken, no further buffer is.</param>
    /// <returns>Buffers taken.</returns>
    public int Take(TakenBuffer* buffers, DescriptorChain[] chains, int start, int count, long bytes)
    {
        int taken = 0;
        for (; taken < count && bytes > 0 && _seen != 0 && !IsBroken; taken++)
        {
            // Length, ID and flags in one load, the address after it: each is read once. Acquire. Partner: the driver's
            // barrier before its write of the first descriptor's flags (2.8.21.1.1). Without it an address, or a descriptor
            // behind it, could be read from before the driver wrote it.
            byte* descriptor = _ring + ((nint)_next * PackedDescriptor.Bytes);
            ulong rest = Volatile.Read(ref *(ulong*)(descriptor + PackedDescriptor.LengthOffset));
            uint flags = Flags(rest);
            if ((flags & AvailAndUsed) != _available)
            {
                break;
            }

            TakenBuffer* buffer = buffers + taken;
            ulong iova = *(ulong*)descriptor;
            uint length = (uint)rest;
            int slots = 1;
            if ((flags & (DescriptorFlags.Next | DescriptorFlags.Indirect)) == 0 && length != 0
                && _memory.TryTranslate(iova, length, out byte* host, DescriptorChain.AccessOf(flags)))
            {
                MemoryHint.Prefetch(host);
                buffer->Address = host;
                buffer->Length = length;
                buffer->Kind = (BufferKind)((flags & DescriptorFlags.Write) / DescriptorFlags.Write);
                bytes -= length;
            }
            else
            {
                DescriptorChain chain = chains[start + taken];
                if (!((flags & DescriptorFlags.Indirect) != 0
                    ? TryWalkTable(chain, iova, rest)
                    : TryWalkList(chain, iova, ref rest, out slots)))
                {
                    IsBroken = !_memory.TakeBusy();
                    break;
                }

                chain.End(Id(rest), slots);
                buffer->Kind = BufferKind.Chain;
                bytes -= (long)chain.ReadableBytes;
            }

            // The ID is that of the last descriptor of the list (2.8.6). More slots than the ring has left means that it
            // runs into buffers that are out; an ID that is out must not come again.
            ushort id = Id(rest);
            ulong bit = 1UL << id;
            if (_slotsOut + slots > _size || (_out[id >> 6] & bit) != 0)
            {
                IsBroken = true;
                break;
            }

            _out[id >> 6] |= bit;
            _slotsOut += slots;
            _seen = _seen == All ? All : Math.Max(0, _seen - slots);
            buffer->Written = 0;
            buffer->Id = id;
            buffer->Slots = (ushort)slots;
            _next += slots;
            if (_next >= _size)
            {
                _next -= _size;
                _available ^= AvailAndUsed;
            }
        }

        return taken;
    }

    /// <summary>Counts the slots that are available now, and sees no more of them until it is called again.</summary>
    public void LimitSeen()
    {
        int slot = _next;
        uint available = _available;
        for (_seen = 0; _seen < _size; _seen++)
        {
            byte* descriptor = _ring + ((nint)slot * PackedDescriptor.Bytes);
            if ((Flags(*(ulong*)(descriptor + PackedDescriptor.LengthOffset)) & AvailAndUsed) != available)
            {
                return;
            }

            if (++slot == _size)
            {
                slot = 0;
                available ^= AvailAndUsed;
            }
        }
    }

    /// <summary>Gives the buffers taken last back.</summary>
    public void Untake(TakenBuffer* buffers, int count)
    {
        for (TakenBuffer* end = buffers + count; buffers < end; buffers++)
        {
            Untake(buffers->Id, buffers->Slots);
        }
    }

    /// <summary>Gives a buffer back: one of those taken last.</summary>
    public void Untake(ushort id, int slots)
    {
        Release(id, slots);
        _next -= slots;
        if (_next < 0)
        {
            _next += _size;
            _available ^= AvailAndUsed;
        }
    }

    /// <summary>The buffers' IDs and slots may be made available again.</summary>
    public void Release(TakenBuffer* buffers, int count)
    {
        for (TakenBuffer* end = buffers + count; buffers < end; buffers++)
        {
            Release(buffers->Id, buffers->Slots);
        }
    }

    /// <summary>The buffer's ID and slots may be made available again.</summary>
    public void Release(ushort id, int slots)
    {
        _out[id >> 6] &= ~(1UL << id);
        _slotsOut -= slots;
    }

    public void DisableKicks() => Volatile.Write(ref *_deviceEvent, Event(PackedEvent.FlagsDisable, 0));

    public bool EnableKicks()
    {
        uint wrap = _available == DescriptorFlags.Avail ? (uint)PackedEvent.DescriptorWrapMask : 0;
        Volatile.Write(
            ref *_deviceEvent,
            _hasEventIdx ? Event(PackedEvent.FlagsDescriptor, (uint)_next | wrap) : Event(PackedEvent.FlagsEnable, 0));

        // Partner: the driver's barrier between its write of a descriptor's flags and its look at this structure
        // (2.8.21.3.1). Without it both sides could miss the other's write: no kick, and a buffer that waits for ever.
        Interlocked.MemoryBarrier();
        return HasWork || IsBroken;
    }

    // Both fields in one store: the driver never sees the one without the other.
    private static uint Event(uint flags, uint descriptor) =>
        (descriptor << (8 * PackedEvent.DescriptorOffset)) | (flags << (8 * PackedEvent.FlagsOffset));

    private static uint Flags(ulong rest) => (uint)(rest >> 48);

    private static ushort Id(ulong rest) => (ushort)(rest >> 32);

    // Descriptors one behind the other, at most as many as the ring has: the chain refuses more. All of them must be
    // available: the driver makes the first so after the rest (2.8.6).
    private bool TryWalkList(DescriptorChain chain, ulong iova, ref ulong rest, out int slots)
    {
        chain.Begin(_size);
        int slot = _next;
        uint available = _available;
        slots = 0;
        while (true)
        {
            uint flags = Flags(rest);
            if ((flags & DescriptorFlags.Indirect) != 0
                || !chain.TryAdd(_memory, iova, (uint)rest, (flags & DescriptorFlags.Write) != 0))
            {
                return false;
            }

            slots++;
            if ((flags & DescriptorFlags.Next) == 0)
            {
                return true;
            }

            if (++slot == _size)
            {
                slot = 0;
                available ^= AvailAndUsed;
            }

            byte* descriptor = _ring + ((nint)slot * PackedDescriptor.Bytes);
            rest = Volatile.Read(ref *(ulong*)(descriptor + PackedDescriptor.LengthOffset));
            iova = *(ulong*)descriptor;
            if ((Flags(rest) & AvailAndUsed) != available)
            {
                return false;
            }
        }
    }

    // A table that one descriptor refers to: all its entries in order, of whose flags only WRITE counts (2.8.7).
    private bool TryWalkTable(DescriptorChain chain, ulong iova, ulong rest)
    {
        chain.Begin(_size);
        uint length = (uint)rest;
        if (!_hasIndirect || (Flags(rest) & DescriptorFlags.Next) != 0
            || length == 0 || length % PackedDescriptor.Bytes != 0 || length / PackedDescriptor.Bytes > (uint)_size
            || !_memory.TryTranslate(iova, length, out byte* table, MemoryAccess.Read))
        {
            return false;
        }

        for (byte* end = table + length; table < end; table += PackedDescriptor.Bytes)
        {
            ulong entry = *(ulong*)(table + PackedDescriptor.LengthOffset);
            if (!chain.TryAdd(_memory, *(ulong*)table, (uint)entry, (Flags(entry) & DescriptorFlags.Write) != 0))
            {
                return false;
            }
        }

        return true;
    }
}
