// What the engine has yet to tell firmware, oldest first. Knows no queue, only numbers.
using System;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Emulator.Engine;

/// <summary>A report of a queue, as <see cref="QueueEvent"/> has it.</summary>
internal struct Report
{
    public QueueEventKind Kind;
    public int Function;
    public int Queue;
    public int Frames;
    public int Bytes;
    public int CopiedBytes;
    public bool HasMore;
    public bool IsBlocked;
}

/// <summary>
/// A ring of reports that grows when it is full: who adds sees to it that they cannot pile up. Reports are written and read in place,
/// field by field: a copy of one that was just written waits until all of it has left the store buffer.
/// </summary>
internal sealed class Reports
{
    private const int FirstRoom = 256;

    // A power of 2.
    private Report[] _room = new Report[FirstRoom];
    private int _first;
    private int _count;

    /// <summary>True when there is none.</summary>
    public bool IsEmpty => _count == 0;

    /// <summary>The oldest, until <see cref="RemoveOldest"/>.</summary>
    public ref readonly Report Oldest => ref _room[_first];

    /// <summary>Adds a report.</summary>
    /// <returns>Its place, where the caller writes every field before the next call.</returns>
    public ref Report Add()
    {
        if (_count == _room.Length)
        {
            Grow();
        }

        int place = (_first + _count) & (_room.Length - 1);
        _count++;
        return ref _room[place];
    }

    /// <summary>Removes the oldest.</summary>
    public void RemoveOldest()
    {
        _count--;

        // An empty ring begins anew: a board that takes each report at once has one place, which stays in the cache.
        _first = _count == 0 ? 0 : (_first + 1) & (_room.Length - 1);
    }

    /// <summary>Removes all reports of a queue; the others keep their order.</summary>
    public void Remove(int function, int queue)
    {
        int kept = 0;
        for (int index = 0; index < _count; index++)
        {
            ref Report report = ref _room[(_first + index) & (_room.Length - 1)];
            if (report.Function != function || report.Queue != queue)
            {
                _room[(_first + kept) & (_room.Length - 1)] = report;
                kept++;
            }
        }

        _count = kept;
    }

    private void Grow()
    {
        var room = new Report[_room.Length * 2];
        int toEnd = _room.Length - _first;
        Array.Copy(_room, _first, room, 0, toEnd);
        Array.Copy(_room, 0, room, toEnd, _first);
        _room = room;
        _first = 0;
    }
}
