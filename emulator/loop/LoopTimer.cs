// A deadline in the loop. Knows when it is due, and nothing of what happens then.
using System;
using System.Diagnostics;

namespace SmartNicFw.Emulator.Loop;

/// <summary>Calls its owner once, on the loop's thread, when its time has come. Arming it again moves the deadline.</summary>
public sealed class LoopTimer
{
    private readonly ControllerLoop _loop;
    private readonly Action _due;

    /// <summary>Makes a timer that is not armed.</summary>
    public LoopTimer(ControllerLoop loop, Action due)
    {
        ArgumentNullException.ThrowIfNull(loop);
        ArgumentNullException.ThrowIfNull(due);
        _loop = loop;
        _due = due;
    }

    /// <summary>Whether it is going to call.</summary>
    public bool IsArmed => Place >= 0;

    // Timestamp of Stopwatch; valid while armed.
    internal long Deadline { get; private set; }

    // Index in the loop's list of armed timers; -1 while not armed.
    internal int Place { get; set; } = -1;

    /// <summary>Calls the owner after this time, and not at a deadline set earlier.</summary>
    /// <param name="after">Above zero; a deadline that has passed is due at once.</param>
    public void Arm(TimeSpan after)
    {
        Deadline = Stopwatch.GetTimestamp() + (long)(after.TotalSeconds * Stopwatch.Frequency);
        _loop.Armed(this);
    }

    /// <summary>Does not call any more until armed again.</summary>
    public void Disarm()
    {
        if (IsArmed)
        {
            _loop.Disarmed(this);
        }
    }

    internal void Fire() => _due();
}
