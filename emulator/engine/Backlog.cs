// Frames that wait for buffers of one receive queue: few, bounded, in order. Knows no ring.
using System;

namespace SmartNicFw.Emulator.Engine;

/// <summary>A frame that waits, as it will be delivered: VLAN tag edited, checksum as its header says.</summary>
internal struct WaitingFrame
{
    public ReceiveHeader Header;
    public int Offset;
    public int Length;
}

/// <summary>
/// A ring of at most <see cref="MaxFrames"/> frames in one block of <see cref="Bytes"/>. When it is full the newest frame is
/// refused: its sender goes on, and nobody else is held up.
/// </summary>
internal sealed class Backlog
{
    /// <summary>Frames at the most.</summary>
    public const int MaxFrames = 64;

    /// <summary>Bytes at the most: one frame of the largest size, or as many of 1,500 bytes as may wait.</summary>
    public const int Bytes = 128 * 1024;

    private readonly WaitingFrame[] _frames = new WaitingFrame[MaxFrames];
    private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(Bytes, pinned: true);
    private int _first;
    private int _end;

    /// <summary>Frames that wait.</summary>
    public int Count { get; private set; }

    /// <summary>Finds room for a frame.</summary>
    /// <param name="length">Its bytes.</param>
    /// <returns>Empty when there is none; else the room, which <see cref="Add"/> takes.</returns>
    public Span<byte> Reserve(int length)
    {
        if (Count == MaxFrames)
        {
            return [];
        }

        if (Count == 0)
        {
            _end = 0;
        }

        int start = Count == 0 ? 0 : _frames[_first].Offset;
        if (_end >= start && Bytes - _end < length)
        {
            // Behind the last frame there is too little: begin again in front of the first.
            return length < start ? _bytes.AsSpan(0, length) : [];
        }

        int limit = _end < start ? start - 1 : Bytes;
        return limit - _end >= length ? _bytes.AsSpan(_end, length) : [];
    }

    /// <summary>Adds the frame that was written into the room reserved last.</summary>
    public void Add(Span<byte> room, int length, in ReceiveHeader header)
    {
        room.Overlaps(_bytes, out int offset);
        _frames[(_first + Count) % MaxFrames] = new WaitingFrame
        {
            Header = header,
            Offset = -offset,
            Length = length,
        };
        Count++;
        _end = -offset + length;
    }

    /// <summary>The frame that has waited longest.</summary>
    public ref readonly WaitingFrame Oldest => ref _frames[_first];

    /// <summary>Its bytes.</summary>
    public unsafe byte* OldestBytes => (byte*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref _bytes[_frames[_first].Offset]);

    /// <summary>Removes the frame that has waited longest.</summary>
    public void RemoveOldest()
    {
        _first = (_first + 1) % MaxFrames;
        Count--;
    }
}
