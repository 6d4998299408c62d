// Complete side of a split queue: the used ring, and whether the driver wants an interrupt. Knows nothing of descriptors.
using System.Threading;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Virtio;

/// <summary>Source: VIRTIO 1.4, 2.7.7, 2.7.8 and 2.7.9.</summary>
internal sealed unsafe class SplitUsedRing
{
    private readonly int _mask;
    private readonly bool _hasEventIdx;
    private byte* _used;
    private ushort* _availFlags;
    private ushort* _usedEvent;

    // Index of the next element to write, and used.idx as the driver knows it: both run freely and wrap at 65,536.
    private ushort _next;
    private ushort _published;

    // Elements published since the interrupt that is held back was wanted, these included; no more than the index can tell apart.
    private int _window;

    public SplitUsedRing(int size, bool hasEventIdx)
    {
        _mask = size - 1;
        _hasEventIdx = hasEventIdx;
    }

    /// <summary>True when there is something to publish.</summary>
    public bool HasStaged => _next != _published;

    /// <summary>An interrupt that was wanted is held back: <see cref="WantsHeld"/> looks at all that is published until it is not.</summary>
    public bool IsHeld { get; set; }

    /// <summary>Says where the areas are in native memory.</summary>
    public void Bind(byte* avail, byte* used)
    {
        _used = used;
        _availFlags = (ushort*)(avail + AvailRing.FlagsOffset);
        _usedEvent = (ushort*)(avail + AvailRing.RingOffset + ((_mask + 1) * AvailRing.EntryBytes));
    }

    /// <summary>Writes one element, which stands for <paramref name="chains"/> chains (2.7.9: more than 1 if in order).</summary>
    public void Stage(ushort id, uint written, int chains)
    {
        *(ulong*)(_used + UsedRing.RingOffset + ((_next & _mask) * UsedRing.EntryBytes)) = id | ((ulong)written << 32);
        _next = (ushort)(_next + chains);
    }

    /// <summary>Writes an element for each of the buffers.</summary>
    public void Stage(TakenBuffer* buffers, int count)
    {
        byte* ring = _used + UsedRing.RingOffset;
        int next = _next;
        for (TakenBuffer* end = buffers + count; buffers < end; buffers++)
        {
            *(ulong*)(ring + ((next & _mask) * UsedRing.EntryBytes)) = buffers->Id | ((ulong)buffers->Written << 32);
            next++;
        }

        _next = (ushort)next;
    }

    public bool Publish()
    {
        ushort before = _published;
        ushort now = _next;
        if (now == before)
        {
            return false;
        }

        // Release. Partner: the driver's barrier between its look at used.idx and at the elements (2.7.14). Without it the
        // driver could see the index before the element, or before the bytes of the buffer.
        Volatile.Write(ref *(ushort*)(_used + UsedRing.IdxOffset), now);
        _published = now;

        // Partner: the driver's barrier between its write of flags or used_event and its last look at used.idx (2.7.14).
        // Without it both sides could miss the other's write: no interrupt, and a buffer that waits for ever.
        Interlocked.MemoryBarrier();
        int published = (ushort)(now - before);
        bool isWanted = Wants(published);
        _window = isWanted && !IsHeld ? published : int.Min(_window + published, ushort.MaxValue);
        return isWanted;
    }

    /// <summary>True when the driver wants an interrupt for any of the elements since the one that is held back.</summary>
    public bool WantsHeld()
    {
        // As in Publish: the index was shown before.
        Interlocked.MemoryBarrier();
        return Wants(_window);
    }

    // For the elements published last.
    private bool Wants(int elements) => _hasEventIdx
        ? (ushort)(_published - Volatile.Read(ref *_usedEvent) - 1) < elements
        : (Volatile.Read(ref *_availFlags) & AvailRing.NoInterrupt) == 0;
}
