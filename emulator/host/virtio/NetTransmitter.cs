// The transmit queue of a pair as a driver uses it: headers, buffers, completions.
using System;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Host.Virtio;

/// <summary>Sends frames on one queue, from slots of its own or from anywhere in host memory (VIRTIO 1.4, 5.1.6.2).</summary>
public sealed class NetTransmitter : IDisposable
{
    private const int Alignment = 64;

    private readonly DriverVirtqueue _queue;
    private readonly HostMemory _memory;
    private readonly HostBuffer _slots;
    private readonly int _slotBytes;
    private readonly int _headerBytes;
    private readonly TransmitLayout _layout;
    private readonly int[] _freeSlots;
    private int _freeCount;

    /// <summary>Makes the slots, one for each descriptor.</summary>
    /// <param name="frameBytes">Largest frame that is copied into a slot.</param>
    internal NetTransmitter(DriverVirtqueue queue, HostMemory memory, ulong features, int frameBytes, TransmitLayout layout)
    {
        _queue = queue;
        _memory = memory;
        _layout = layout;
        _headerBytes = NetFeatures.HeaderBytes(features);
        _slotBytes = (_headerBytes + frameBytes + Alignment - 1) & -Alignment;
        _slots = memory.Allocate(checked(_slotBytes * queue.Ring.Size), Alignment);
        _freeSlots = new int[queue.Ring.Size];
        Reset();
    }

    /// <summary>The queue.</summary>
    public DriverVirtqueue Queue => _queue;

    /// <summary>Frames given to the device.</summary>
    public long Frames { get; private set; }

    /// <summary>Their bytes, without headers.</summary>
    public long Bytes { get; private set; }

    /// <summary>Frames that the device has done with.</summary>
    public long Completed { get; private set; }

    /// <summary>Frames refused because the ring was full.</summary>
    public long Refused { get; private set; }

    /// <summary>Most elements that a layout makes.</summary>
    internal static int MaxElements(TransmitLayout layout) => Math.Max(layout.HeaderElements, 1) + layout.FrameElements;

    /// <summary>Copies a frame into a slot and adds it; the device sees it after the next <see cref="Flush"/>.</summary>
    /// <returns>False when the ring is full: nothing was added.</returns>
    public unsafe bool TrySend(ReadOnlySpan<byte> frame, in FrameOffload offload = default)
    {
        if (frame.Length == 0 || frame.Length > _slotBytes - _headerBytes)
        {
            throw new ArgumentException($"a slot takes frames of 1 to {_slotBytes - _headerBytes} bytes, not {frame.Length}");
        }

        if (_freeCount == 0 && Reap() == 0)
        {
            Refused++;
            return false;
        }

        int offset = _freeSlots[_freeCount - 1] * _slotBytes;
        frame.CopyTo(new Span<byte>(_slots.Start + offset + _headerBytes, frame.Length));
        return Add(_slots.Address + (ulong)(offset + _headerBytes), frame.Length, offload, isBehindHeader: true);
    }

    /// <summary>Adds a frame that lies in host memory already and stays there until it is completed.</summary>
    /// <param name="address">Bus address of its first byte.</param>
    /// <returns>False when the ring is full: nothing was added.</returns>
    public bool TrySendFrom(ulong address, int bytes, in FrameOffload offload = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes, 1);
        if (_freeCount == 0 && Reap() == 0)
        {
            Refused++;
            return false;
        }

        return Add(address, bytes, offload, isBehindHeader: false);
    }

    /// <summary>Lets the device see what was added, and rings the doorbell when it wants that.</summary>
    public void Flush() => _queue.Flush();

    /// <summary>Takes back what the device has done with.</summary>
    /// <returns>Number of frames.</returns>
    public int Reap()
    {
        int count = 0;
        while (_queue.Ring.TryTake(out int slot, out _))
        {
            _freeSlots[_freeCount++] = slot;
            count++;
        }

        Completed += count;
        return count;
    }

    /// <summary>Forgets all frames under way, after a reset of the ring.</summary>
    internal void Reset()
    {
        _freeCount = _freeSlots.Length;
        for (int slot = 0; slot < _freeCount; slot++)
        {
            _freeSlots[slot] = _freeCount - 1 - slot;
        }
    }

    /// <summary>Gives its memory back, after the device has let go of it.</summary>
    public void Dispose()
    {
        _memory.Free(_slots);
        _queue.Dispose();
    }

    private bool Add(ulong frame, int bytes, in FrameOffload offload, bool isBehindHeader)
    {
        int slot = _freeSlots[_freeCount - 1];
        ulong header = _slots.Address + (ulong)(slot * _slotBytes);
        WriteHeader(slot, offload);
        Span<RingElement> elements = stackalloc RingElement[MaxElements(_layout)];
        int count;
        if (_layout.HeaderElements == 0 && isBehindHeader)
        {
            count = Cut(elements, header, _headerBytes + bytes, _layout.FrameElements);
        }
        else
        {
            count = Cut(elements, header, _headerBytes, Math.Max(_layout.HeaderElements, 1));
            count += Cut(elements[count..], frame, bytes, _layout.FrameElements);
        }

        DriverRing ring = _queue.Ring;
        bool isAdded = ring.TryAdd(elements[..count], count, slot, _layout.IsIndirect)
            || (Reap() > 0 && TryAddIn(ring, elements[..count], slot));
        if (!isAdded)
        {
            Refused++;
            return false;
        }

        _freeCount--;
        Frames++;
        Bytes += bytes;
        return true;
    }

    // Reaping may have put other slots on top: the slot that is used up is taken out wherever it lies.
    private bool TryAddIn(DriverRing ring, ReadOnlySpan<RingElement> elements, int slot)
    {
        if (!ring.TryAdd(elements, elements.Length, slot, _layout.IsIndirect))
        {
            return false;
        }

        int at = Array.IndexOf(_freeSlots, slot, 0, _freeCount);
        (_freeSlots[at], _freeSlots[_freeCount - 1]) = (_freeSlots[_freeCount - 1], slot);
        return true;
    }

    private unsafe void WriteHeader(int slot, in FrameOffload offload)
    {
        byte* header = _slots.Start + (slot * _slotBytes);
        new Span<byte>(header, _headerBytes).Clear();
        header[VirtioNetHeader.FlagsOffset] = offload.Flags;
        header[VirtioNetHeader.GsoTypeOffset] = offload.GsoType;
        *(ushort*)(header + VirtioNetHeader.HdrLenOffset) = offload.HdrLen;
        *(ushort*)(header + VirtioNetHeader.GsoSizeOffset) = offload.GsoSize;
        *(ushort*)(header + VirtioNetHeader.CsumStartOffset) = offload.CsumStart;
        *(ushort*)(header + VirtioNetHeader.CsumOffsetOffset) = offload.CsumOffset;
    }

    private static int Cut(Span<RingElement> elements, ulong address, int bytes, int pieces)
    {
        int count = Math.Min(pieces, bytes);
        for (int index = 0; index < count; index++)
        {
            int piece = bytes / (count - index);
            elements[index] = new RingElement(address, (uint)piece);
            address += (ulong)piece;
            bytes -= piece;
        }

        return count;
    }
}
