// One descriptor under the loop's watch. Knows its place in the loop, and not what the descriptor is.
using System;

namespace SmartNicFw.Emulator.Loop;

/// <summary>Made by <see cref="ControllerLoop.Add"/>; used on the loop's thread only.</summary>
public sealed class LoopRegistration
{
    private readonly ControllerLoop _loop;
    private LoopEvents _interest;

    internal LoopRegistration(ControllerLoop loop, ILoopSource source, int descriptor, int slot, uint generation, LoopEvents interest)
    {
        _loop = loop;
        Source = source;
        Descriptor = descriptor;
        Slot = slot;
        Generation = generation;
        _interest = interest;
    }

    internal ILoopSource Source { get; }

    internal int Descriptor { get; }

    internal int Slot { get; }

    internal uint Generation { get; }

    internal bool IsRemoved { get; set; }

    internal bool IsCalledAgain { get; set; }

    /// <summary>Says what the source waits for from now on.</summary>
    public void Await(LoopEvents interest)
    {
        if (interest != _interest && !IsRemoved)
        {
            _interest = interest;
            _loop.Change(this, interest);
        }
    }

    /// <summary>Has the source called once more, before the loop sleeps, whatever its descriptor says.</summary>
    public void CallAgain()
    {
        if (!IsCalledAgain && !IsRemoved)
        {
            IsCalledAgain = true;
            _loop.CallAgain(this);
        }
    }

    /// <summary>Ends the watch; the source is not called any more. The descriptor stays open, and is to be closed after this.</summary>
    public void Remove()
    {
        if (!IsRemoved)
        {
            IsRemoved = true;
            _loop.Remove(this);
        }
    }
}
