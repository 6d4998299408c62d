// A VF of the demo that sends without end: what was set for it, and what came of it.
using System;
using System.Collections.Generic;

namespace SmartNicFw.Emulator.Demo;

/// <summary>What an operator sets for a VF.</summary>
/// <param name="Weight">Its weight, 1 to 1,000.</param>
/// <param name="LimitMbps">Its limit, Mbit/s; 0 for none.</param>
/// <param name="GuaranteeMbps">Its guarantee, Mbit/s; 0 for none.</param>
internal sealed record SenderShare(int Weight, int LimitMbps = 0, int GuaranteeMbps = 0);

/// <summary>Counts what of a VF has arrived, on the line, and how long it took from posting to delivery.</summary>
/// <param name="vf">Number of the VF.</param>
internal sealed class Sender(int vf)
{
    private readonly List<int> _turns = [];
    private bool _isSorted;

    /// <summary>Number of the VF.</summary>
    public int Vf => vf;

    /// <summary>Frames posted.</summary>
    public long Posted { get; set; }

    /// <summary>Frames that arrived since the last <see cref="Forget"/>.</summary>
    public long Frames => _turns.Count;

    /// <summary>Their bytes on the line.</summary>
    public long LineBytes { get; private set; }

    /// <summary>Number of the frame that arrives next: order within a queue never changes.</summary>
    public long Next { get; private set; }

    /// <summary>A frame has arrived.</summary>
    /// <param name="turns">Turns of the engine from its posting to its arrival.</param>
    public void Arrived(int lineBytes, int turns)
    {
        Next++;
        LineBytes += lineBytes;
        _turns.Add(turns);
        _isSorted = false;
    }

    /// <summary>What arrived so far was to bring all queues to their pace, and does not count.</summary>
    public void Forget()
    {
        LineBytes = 0;
        _turns.Clear();
    }

    /// <summary>The turns within which a part of the frames arrived; 0 when none did.</summary>
    /// <param name="part">0 to 1.</param>
    public int Percentile(double part)
    {
        if (!_isSorted)
        {
            _turns.Sort();
            _isSorted = true;
        }

        return _turns.Count == 0 ? 0 : _turns[Math.Min(_turns.Count - 1, (int)(part * _turns.Count))];
    }
}
