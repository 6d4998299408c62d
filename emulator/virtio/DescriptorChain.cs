// The snapshot of one descriptor chain, reusable: what the guest said once, checked. Knows no ring; rings fill it.
using System;
using System.Runtime.CompilerServices;
using SmartNicFw.Emulator.Memory;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Virtio;

/// <summary>Memory of one descriptor, already checked: <see cref="Length"/> bytes from <see cref="Address"/> are mapped.</summary>
public readonly unsafe struct Segment(byte* address, uint length)
{
    /// <summary>First byte.</summary>
    public byte* Address { get; } = address;

    /// <summary>Bytes, 1 upwards.</summary>
    public uint Length { get; } = length;
}

/// <summary>
/// One buffer that a driver made available: segments that the device reads, then segments that it writes. Descriptors of
/// length 0 count for the chain's length and have no segment. Its room is allocated once, by the constructor.
/// </summary>
public sealed unsafe class DescriptorChain
{
    /// <summary>Descriptors that a chain may have, unless told otherwise. A device may limit them (VIRTIO 1.4, 2.7.4.1).</summary>
    public const int DefaultCapacity = 1024;

    /// <summary>Bytes that a chain may have in total. Source: VIRTIO 1.4, 2.7.5.2.</summary>
    public const ulong MaxBytes = 1UL << 32;

    // Chains of one turn are allocated one after the other: five segments more than a power of two keep the first
    // segments of all of them from falling into one set of the first-level cache.
    private const int Skew = 5;

    private readonly Segment[] _room;
    private readonly Segment* _segments;
    private int _limit;
    private int _elements;
    private int _count;
    private bool _hasWritable;

    /// <param name="capacity">Descriptors that a chain may have, 1 to 32768. A longer chain is a broken ring.</param>
    public DescriptorChain(int capacity = DefaultCapacity)
    {
        Capacity = capacity;
        _room = GC.AllocateUninitializedArray<Segment>(capacity + Skew, pinned: true);
        fixed (Segment* first = _room)
        {
            // Pinned for as long as _room lives, which is as long as this object.
            _segments = first;
        }
    }

    /// <summary>Descriptors that a chain may have.</summary>
    public int Capacity { get; }

    /// <summary>Split queue: index of the chain's head. Packed queue: the buffer ID.</summary>
    public ushort Id { get; private set; }

    /// <summary>Descriptors of the ring, or of the descriptor table, that the chain takes; those of an indirect table do not count.</summary>
    public int Slots { get; private set; }

    /// <summary>Number of segments that the device reads.</summary>
    public int ReadableCount { get; private set; }

    /// <summary>Number of segments that the device writes.</summary>
    public int WritableCount => _count - ReadableCount;

    /// <summary>Bytes that the device may read, 0 to 2^32.</summary>
    public ulong ReadableBytes { get; private set; }

    /// <summary>Bytes that the device may write, 0 to 2^32.</summary>
    public ulong WritableBytes { get; private set; }

    /// <summary>The <see cref="ReadableCount"/> segments that the device reads, valid until the chain is taken into again.</summary>
    public Segment* Readable => _segments;

    /// <summary>The <see cref="WritableCount"/> segments that the device writes, valid until the chain is taken into again.</summary>
    public Segment* Writable => _segments + ReadableCount;

    /// <summary>What the device does to the memory of a descriptor.</summary>
    /// <param name="flags">Its flags.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static MemoryAccess AccessOf(uint flags) =>
        (MemoryAccess)(1 + ((flags & DescriptorFlags.Write) / DescriptorFlags.Write));

    /// <summary>Empties the chain for a new one.</summary>
    /// <param name="size">The queue's size: the longest chain by specification.</param>
    internal void Begin(int size)
    {
        _limit = Math.Min(size, Capacity);
        _elements = 0;
        _count = 0;
        _hasWritable = false;
        ReadableCount = 0;
        ReadableBytes = 0;
        WritableBytes = 0;
    }

    /// <summary>Fills the chain with a buffer of one piece.</summary>
    internal void SetOnly(in TakenBuffer buffer)
    {
        bool isWritable = buffer.Kind == BufferKind.Write;
        *_segments = new Segment(buffer.Address, buffer.Length);
        _count = 1;
        ReadableCount = isWritable ? 0 : 1;
        ReadableBytes = isWritable ? 0 : buffer.Length;
        WritableBytes = isWritable ? buffer.Length : 0;
        End(buffer.Id, buffer.Slots);
    }

    /// <summary>Adds the memory of one descriptor that was read from the guest.</summary>
    /// <returns>False when the chain is broken by it: too long, too many bytes, readable after writable, or not mapped.</returns>
    internal bool TryAdd(GuestMemory memory, ulong iova, uint length, bool isWritable)
    {
        if (++_elements > _limit || (_hasWritable && !isWritable))
        {
            return false;
        }

        _hasWritable = isWritable;
        if (length == 0)
        {
            return true;
        }

        // Of remote memory no more is asked for than a frame can have: the rest is dropped unread.
        MemoryAccess access = isWritable ? MemoryAccess.Write
            : ReadableBytes > Shadow.MaxFetchBytes ? MemoryAccess.None : MemoryAccess.Read;
        if (!memory.TryTranslate(iova, length, out byte* host, access))
        {
            return false;
        }

        _segments[_count++] = new Segment(host, length);
        if (isWritable)
        {
            WritableBytes += length;
        }
        else
        {
            ReadableBytes += length;
            ReadableCount++;
        }

        return ReadableBytes + WritableBytes <= MaxBytes;
    }

    /// <summary>Ends the chain: how the driver will know it again.</summary>
    internal void End(ushort id, int slots)
    {
        Id = id;
        Slots = slots;
    }
}
