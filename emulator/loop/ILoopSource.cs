// What the loop calls when a descriptor is ready. Knows no socket and no loop.
using System;

namespace SmartNicFw.Emulator.Loop;

/// <summary>Why a source is called.</summary>
[Flags]
public enum LoopEvents
{
    /// <summary>It asked to be called again.</summary>
    None = 0,

    /// <summary>There is something to read, or the end of it.</summary>
    Readable = 1,

    /// <summary>There is room to write.</summary>
    Writable = 2,

    /// <summary>The far side is gone, or the descriptor has an error. Told whatever the source waits for.</summary>
    HungUp = 4,
}

/// <summary>Owner of a descriptor that the loop watches.</summary>
public interface ILoopSource
{
    /// <summary>Does a bounded amount of work and never waits. What is left over is told again.</summary>
    void Ready(LoopEvents events);
}
