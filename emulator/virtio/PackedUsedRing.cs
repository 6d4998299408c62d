// Complete side of a packed queue: used descriptors, and whether the driver wants an interrupt. Reads no descriptor.
using System.Threading;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Virtio;

/// <summary>Source: VIRTIO 1.4, 2.8.1 to 2.8.10, 2.8.14.</summary>
internal sealed unsafe class PackedUsedRing
{
    private const uint AvailAndUsed = DescriptorFlags.Avail | DescriptorFlags.Used;

    private readonly int _size;
    private readonly bool _hasEventIdx;
    private byte* _ring;
    private uint* _driverEvent;

    // Next slot to write a used descriptor to, and the AVAIL and USED flags of a used one there (2.8.1).
    private int _next;
    private uint _usedFlags = AvailAndUsed;

    // The first used descriptor since the last publication, held back: the driver looks at this slot only, so what is
    // behind it stays unseen until then. Slots that all of them stand for.
    private int _heldSlot;
    private uint _heldWrap;
    private ulong _held;
    private int _slotsStaged;

    // The first slot and its flags since the interrupt that is held back was wanted, and the slots published since, no more than
    // offset and wrap counter can tell apart.
    private int _windowSlot;
    private uint _windowWrap;
    private int _window;

    public PackedUsedRing(int size, bool hasEventIdx)
    {
        _size = size;
        _hasEventIdx = hasEventIdx;
    }

    /// <summary>True when there is something to publish.</summary>
    public bool HasStaged => _slotsStaged != 0;

    /// <summary>An interrupt that was wanted is held back: <see cref="WantsHeld"/> looks at all that is published until it is not.</summary>
    public bool IsHeld { get; set; }

    /// <summary>Says where the areas are in native memory.</summary>
    public void Bind(byte* ring, byte* driverEvent)
    {
        _ring = ring;
        _driverEvent = (uint*)driverEvent;
    }

    /// <summary>Writes one used descriptor, which stands for <paramref name="slots"/> slots of the ring.</summary>
    public void Stage(ushort id, uint written, int slots)
    {
        uint flags = _usedFlags | (written == 0 ? 0u : DescriptorFlags.Write);
        ulong used = written | ((ulong)id << 32) | ((ulong)flags << 48);
        if (_slotsStaged == 0)
        {
            _held = used;
            _heldSlot = _next;
            _heldWrap = _usedFlags;
        }
        else
        {
            *Slot(_next) = used;
        }

        _slotsStaged += slots;
        _next += slots;
        if (_next >= _size)
        {
            _next -= _size;
            _usedFlags ^= AvailAndUsed;
        }
    }

    /// <summary>Writes a used descriptor for each of the buffers.</summary>
    public void Stage(TakenBuffer* buffers, int count)
    {
        for (TakenBuffer* end = buffers + count; buffers < end; buffers++)
        {
            Stage(buffers->Id, buffers->Written, buffers->Slots);
        }
    }

    public bool Publish()
    {
        int published = _slotsStaged;
        if (published == 0)
        {
            return false;
        }

        // Release. Partner: the driver's barrier between its look at the flags and at the rest (2.8.22). Without it the
        // driver could see this descriptor used before those behind it, or before the bytes of the buffers.
        Volatile.Write(ref *Slot(_heldSlot), _held);
        _slotsStaged = 0;

        // Partner: the driver's barrier between its write of the event structure and its last look at the ring (2.8.22).
        // Without it both sides could miss the other's write: no interrupt, and a buffer that waits for ever.
        Interlocked.MemoryBarrier();
        bool isWanted = Wants(_heldSlot, _heldWrap, published);
        if (isWanted && !IsHeld)
        {
            (_windowSlot, _windowWrap, _window) = (_heldSlot, _heldWrap, published);
        }
        else
        {
            _window = int.Min(_window + published, 2 * _size);
        }

        return isWanted;
    }

    /// <summary>True when the driver wants an interrupt for any of the slots since the one that is held back.</summary>
    public bool WantsHeld()
    {
        // As in Publish: the slots were shown before.
        Interlocked.MemoryBarrier();
        return Wants(_windowSlot, _windowWrap, _window);
    }

    // For a run of slots.
    private bool Wants(int first, uint wrap, int slots)
    {
        uint wanted = Volatile.Read(ref *_driverEvent);
        uint flags = (wanted >> (8 * PackedEvent.FlagsOffset)) & 3;
        return flags == PackedEvent.FlagsDescriptor && _hasEventIdx
            ? Passed(wanted, first, wrap, slots)
            : flags != PackedEvent.FlagsDisable;
    }

    // Whether the slot that the driver named is among them: by window, for slots are skipped (2.8.14).
    private bool Passed(uint wanted, int first, uint firstWrap, int slots)
    {
        int distance = (int)(wanted & PackedEvent.DescriptorEventOffsetMask) - first;
        uint wrap = (wanted & PackedEvent.DescriptorWrapMask) != 0 ? AvailAndUsed : 0;
        if (wrap != firstWrap)
        {
            distance += _size;
        }

        // Behind the first: two rounds on, if the run is that long.
        distance += distance < 0 ? 2 * _size : 0;
        return distance < slots;
    }

    private ulong* Slot(int slot) => (ulong*)(_ring + ((nint)slot * PackedDescriptor.Bytes) + PackedDescriptor.LengthOffset);
}
