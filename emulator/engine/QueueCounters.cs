// Counters of started queues: one row a queue, all rows in one array. Knows no queue, only rows.
using System;
using System.Collections.Generic;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Emulator.Engine;

/// <summary>
/// Hands out rows of <see cref="QueueCounter"/>. A row is a cache line; counting is an addition or two, and nothing is allocated
/// but when queues are started.
/// </summary>
internal sealed class QueueCounters
{
    /// <summary>The row of a queue that has none: it is never handed out.</summary>
    public const int None = -1;

    // Counters of a row, unused ones included: 64 bytes.
    private const int Stride = 8;
    private const int FirstRows = 16;

    private readonly Stack<int> _free = new();
    private ulong[] _values = [];
    private int _rows;

    /// <summary>Hands out a row of zeros.</summary>
    public int Open()
    {
        if (!_free.TryPop(out int row))
        {
            row = _rows++;
            if (_values.Length < _rows * Stride)
            {
                Array.Resize(ref _values, Math.Max(FirstRows * Stride, _values.Length * 2));
            }
        }

        _values.AsSpan(row * Stride, Stride).Clear();
        return row;
    }

    /// <summary>Takes a row back: its queue is stopped.</summary>
    public void Close(int row) => _free.Push(row);

    /// <summary>Value of a counter.</summary>
    /// <param name="counter">A number of <see cref="QueueCounter"/>.</param>
    public ulong Read(int row, int counter) => _values[(row * Stride) + counter];

    /// <summary>Counts frames that were passed to the driver, or sent for it.</summary>
    /// <param name="frames">Frames, 0 upwards.</param>
    /// <param name="bytes">Their bytes, without VIRTIO headers.</param>
    public void CountFrames(int row, int frames, long bytes)
    {
        int at = row * Stride;
        _values[at + QueueCounter.Frames] += (uint)frames;
        _values[at + QueueCounter.Bytes] += (ulong)bytes;
    }

    /// <summary>Counts frames that were dropped for a reason that has no counter of its own.</summary>
    public void CountDropped(int row, int frames = 1) => _values[(row * Stride) + QueueCounter.Dropped] += (uint)frames;

    /// <summary>Counts frames that were dropped for want of buffers.</summary>
    public void CountNoBuffer(int row, int frames = 1)
    {
        int at = row * Stride;
        _values[at + QueueCounter.Dropped] += (uint)frames;
        _values[at + QueueCounter.DroppedNoBuffer] += (uint)frames;
    }

    /// <summary>Counts frames whose buffers, header or length cannot be.</summary>
    /// <param name="frames">Frames, 0 upwards.</param>
    public void CountMalformed(int row, int frames)
    {
        int at = row * Stride;
        _values[at + QueueCounter.Dropped] += (uint)frames;
        _values[at + QueueCounter.DroppedMalformed] += (uint)frames;
    }
}
