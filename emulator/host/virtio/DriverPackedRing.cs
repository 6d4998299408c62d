// The driver's half of a packed virtqueue. Knows nothing of what buffers hold, nor of registers.
using System;
using System.Runtime.CompilerServices;
using System.Threading;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Host.Virtio;

/// <summary>One descriptor ring that both sides write, and two event suppression structures. Source: VIRTIO 1.4, 2.8.</summary>
public sealed unsafe class DriverPackedRing : DriverRing
{
    private const int RingAlignment = 64;
    private const int BothFlags = DescriptorFlags.Avail | DescriptorFlags.Used;
    private const int WrapShift = 15;

    private readonly HostBuffer _ring;
    private readonly HostBuffer _driverEvent;
    private readonly HostBuffer _deviceEvent;

    // Buffer IDs that are free; with IN_ORDER they go round instead.
    private readonly ushort[] _freeIds;
    private int _freeIdCount;
    private int _nextId;
    private int _oldestId;
    private int _nextAvail;
    private int _nextUsed;
    private bool _availWrap;
    private bool _usedWrap;

    // Of a batch that is not published the first descriptor's flags are held back: the device sees all of it or nothing.
    private int _added;
    private int _firstAdded;
    private ushort _firstFlags;
    private int _publishedOffset;
    private int _batchEnd = None;
    private uint _batchLength;
    private bool _isFreed;

    /// <summary>Lays a ring out in host memory.</summary>
    /// <param name="size">Queue size, 1 to 32768.</param>
    /// <param name="features">Features that were negotiated, bit n for feature n.</param>
    /// <param name="maxElements">Most elements of a buffer.</param>
    public DriverPackedRing(HostMemory memory, int size, ulong features, int maxElements)
        : base(memory, size, features, maxElements)
    {
        ArgumentNullException.ThrowIfNull(memory);
        _freeIds = new ushort[size];
        _ring = memory.Allocate(size * PackedDescriptor.Bytes, RingAlignment);
        _driverEvent = memory.Allocate(PackedEvent.Bytes, RingAlignment);
        _deviceEvent = memory.Allocate(PackedEvent.Bytes, RingAlignment);
        DescriptorArea = _ring.Address;
        DriverArea = _driverEvent.Address;
        DeviceArea = _deviceEvent.Address;
        Reset();
    }

    /// <inheritdoc/>
    public override int NotificationOffset => _publishedOffset;

    /// <inheritdoc/>
    public override bool Publish()
    {
        int added = _added;
        if (added == 0)
        {
            return false;
        }

        // Partner: the device reads these flags before the rest; it must see all descriptors of the batch (2.8.15.2.1).
        Volatile.Write(ref Flags(_firstAdded), _firstFlags);
        _added = 0;
        _publishedOffset = _nextAvail | (_availWrap ? PackedEvent.DescriptorWrapMask : 0);

        // Partner: the device writes its event structure, then reads flags; else both wait for each other (2.8.15.4.1).
        Interlocked.MemoryBarrier();
        int wanted = *(ushort*)(_deviceEvent.Start + PackedEvent.FlagsOffset) & (PackedEvent.FlagsDisable | PackedEvent.FlagsDescriptor);
        if (wanted != PackedEvent.FlagsDescriptor || !HasEventIdx)
        {
            return wanted != PackedEvent.FlagsDisable;
        }

        // Both places as steps of two rounds of the ring: how far behind us lies the descriptor that is waited for?
        int waited = *(ushort*)(_deviceEvent.Start + PackedEvent.DescriptorOffset);
        int distance = Steps(_nextAvail, _availWrap)
            - Steps(waited & PackedEvent.DescriptorEventOffsetMask, (waited & PackedEvent.DescriptorWrapMask) != 0);
        distance += distance < 1 ? 2 * Size : 0;
        return distance <= added;
    }

    /// <inheritdoc/>
    public override bool TryTake(out int token, out uint length)
    {
        token = None;
        length = 0;
        if (_batchEnd == None && !TryBegin())
        {
            return false;
        }

        int id = IsInOrder ? _oldestId : _batchEnd;
        bool isLast = id == _batchEnd;
        length = isLast ? _batchLength : WritableOf(id);
        _batchEnd = isLast ? None : _batchEnd;
        _nextUsed += DescriptorsOf(id);
        if (_nextUsed >= Size)
        {
            _nextUsed -= Size;
            _usedWrap = !_usedWrap;
        }

        if (IsInOrder)
        {
            _oldestId = _oldestId + 1 == Size ? 0 : _oldestId + 1;
        }
        else
        {
            _freeIds[_freeIdCount++] = (ushort)id;
        }

        token = Retire(id);
        return true;
    }

    /// <inheritdoc/>
    public override void DisableInterrupts() =>
        Volatile.Write(ref Unsafe.AsRef<ushort>(_driverEvent.Start + PackedEvent.FlagsOffset), PackedEvent.FlagsDisable);

    /// <inheritdoc/>
    public override bool EnableInterrupts(int after)
    {
        // Counted in descriptors, which are buffers when each buffer has one.
        int wanted = HasEventIdx ? Math.Clamp(after, 1, Size) : 1;
        int place = _nextUsed + wanted - 1;
        bool wrap = place >= Size ? !_usedWrap : _usedWrap;
        place -= place >= Size ? Size : 0;
        if (HasEventIdx)
        {
            *(ushort*)(_driverEvent.Start + PackedEvent.DescriptorOffset) =
                (ushort)(place | (wrap ? PackedEvent.DescriptorWrapMask : 0));
        }

        // Partner: the device reads flags first; a descriptor event must not point where the last one did.
        Volatile.Write(
            ref Unsafe.AsRef<ushort>(_driverEvent.Start + PackedEvent.FlagsOffset),
            (ushort)(HasEventIdx ? PackedEvent.FlagsDescriptor : PackedEvent.FlagsEnable));

        // Partner: the device writes a used descriptor, then reads this; else the last buffers bring no interrupt (2.8.16).
        Interlocked.MemoryBarrier();
        return Outstanding > 0 && IsUsed(_nextUsed, _usedWrap);
    }

    private protected override int Write(ReadOnlySpan<RingElement> elements, int readable, bool usesTable)
    {
        int id = IsInOrder ? _nextId : _freeIds[--_freeIdCount];
        _nextId = _nextId + 1 == Size ? 0 : _nextId + 1;
        if (usesTable)
        {
            byte* table = TableOf(id, out ulong address);
            for (int index = 0; index < elements.Length; index++)
            {
                Describe(table + (index * PackedDescriptor.Bytes), elements[index], 0);
                *(ushort*)(table + (index * PackedDescriptor.Bytes) + PackedDescriptor.FlagsOffset) =
                    (ushort)(index < readable ? 0 : DescriptorFlags.Write);
            }

            Append(new RingElement(address, (uint)(elements.Length * PackedDescriptor.Bytes)), id, DescriptorFlags.Indirect);
            return id;
        }

        for (int index = 0; index < elements.Length; index++)
        {
            bool isLast = index == elements.Length - 1;
            Append(elements[index], id, (isLast ? 0 : DescriptorFlags.Next) | (index < readable ? 0 : DescriptorFlags.Write));
        }

        return id;
    }

    private protected override void Clear()
    {
        _ring.Span.Clear();
        _driverEvent.Span.Clear();
        _deviceEvent.Span.Clear();
        for (int index = 0; index < Size; index++)
        {
            _freeIds[index] = (ushort)(Size - 1 - index);
        }

        _freeIdCount = Size;
        _nextId = 0;
        _oldestId = 0;
        _nextAvail = 0;
        _nextUsed = 0;
        _availWrap = true;
        _usedWrap = true;
        _added = 0;
        _publishedOffset = PackedEvent.DescriptorWrapMask;
        _batchEnd = None;
    }

    private protected override void Dispose(bool isDisposing)
    {
        if (!_isFreed)
        {
            Memory.Free(_ring);
            Memory.Free(_driverEvent);
            Memory.Free(_deviceEvent);
        }

        _isFreed = true;
        base.Dispose(isDisposing);
    }

    private static void Describe(byte* descriptor, RingElement element, int id)
    {
        *(ulong*)(descriptor + PackedDescriptor.AddressOffset) = element.Address;
        *(uint*)(descriptor + PackedDescriptor.LengthOffset) = element.Length;
        *(ushort*)(descriptor + PackedDescriptor.IdOffset) = (ushort)id;
    }

    private int Steps(int place, bool wrap) => wrap ? place : place + Size;

    private ref ushort Flags(int place) =>
        ref Unsafe.AsRef<ushort>(_ring.Start + (place * PackedDescriptor.Bytes) + PackedDescriptor.FlagsOffset);

    private bool IsUsed(int place, bool wrap) => (Volatile.Read(ref Flags(place)) & BothFlags) == (wrap ? BothFlags : 0);

    private bool TryBegin()
    {
        if (Outstanding == 0 || IsBroken || !IsUsed(_nextUsed, _usedWrap))
        {
            return false;
        }

        byte* descriptor = _ring.Start + (_nextUsed * PackedDescriptor.Bytes);
        uint id = *(ushort*)(descriptor + PackedDescriptor.IdOffset);
        if (!IsOutstanding(id))
        {
            return Break(out _, out _);
        }

        // A used descriptor without the write flag has no length (2.8.5).
        bool isWritten = (Flags(_nextUsed) & DescriptorFlags.Write) != 0;
        _batchLength = isWritten ? *(uint*)(descriptor + PackedDescriptor.LengthOffset) : 0;
        _batchEnd = (int)id;
        return true;
    }

    private void Append(RingElement element, int id, int flags)
    {
        int place = _nextAvail;
        Describe(_ring.Start + (place * PackedDescriptor.Bytes), element, id);
        ushort all = (ushort)(flags | (_availWrap ? DescriptorFlags.Avail : DescriptorFlags.Used));
        if (_added == 0)
        {
            _firstAdded = place;
            _firstFlags = all;
        }
        else
        {
            Flags(place) = all;
        }

        _added++;
        _nextAvail = place + 1;
        if (_nextAvail == Size)
        {
            _nextAvail = 0;
            _availWrap = !_availWrap;
        }
    }
}
