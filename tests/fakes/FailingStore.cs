// Memory that keeps its content, whose power goes after some bytes, or that breaks: what is left is what a restart finds.
using System;
using System.Collections.Generic;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Tests.Fakes;

/// <summary>Two slots. Bytes that were written and not flushed may be lost one by one when <see cref="Tear"/> says so.</summary>
internal sealed class FailingStore : INonVolatileStore
{
    private readonly byte[][] _slots = [new byte[64 << 10], new byte[64 << 10]];
    private readonly List<(int Slot, int Offset, byte Before)> _unflushed = [];

    /// <summary>Bytes that are still written before the power goes.</summary>
    public long BytesLeft { get; set; } = long.MaxValue;

    /// <summary>Writes and flushes fail, and change nothing.</summary>
    public bool IsBroken { get; set; }

    public bool IsUnreadable { get; set; }

    public int Writes { get; private set; }

    public long BytesWritten { get; private set; }

    public int SlotBytes { get; set; } = 64 << 10;

    public byte[] Slot(int slot) => _slots[slot];

    public HalStatus Read(int slot, int offset, byte[] buffer, int count)
    {
        if (IsUnreadable)
        {
            return HalStatus.BadArgument;
        }

        _slots[slot].AsSpan(offset, count).CopyTo(buffer);
        return HalStatus.Ok;
    }

    public HalStatus Write(int slot, int offset, byte[] buffer, int count)
    {
        Writes++;
        if (IsBroken)
        {
            return HalStatus.BadArgument;
        }

        for (int at = 0; at < count && BytesLeft > 0; at++)
        {
            _unflushed.Add((slot, offset + at, _slots[slot][offset + at]));
            _slots[slot][offset + at] = buffer[at];
            BytesLeft--;
            BytesWritten++;
        }

        return HalStatus.Ok;
    }

    public HalStatus Flush()
    {
        if (IsBroken)
        {
            return HalStatus.BadArgument;
        }

        if (BytesLeft > 0)
        {
            _unflushed.Clear();
        }

        return HalStatus.Ok;
    }

    /// <summary>Power was lost: of what was not flushed any byte may be missing.</summary>
    public void Tear(Random random)
    {
        for (int last = _unflushed.Count - 1; last >= 0; last--)
        {
            if (random.Next(2) == 0)
            {
                (int slot, int offset, byte before) = _unflushed[last];
                _slots[slot][offset] = before;
            }
        }

        _unflushed.Clear();
    }
}
