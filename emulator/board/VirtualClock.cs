// The time of an emulated board: it moves when somebody says so.
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Emulator.Board;

/// <summary>A clock that stands still until it is advanced, so that a run is the same every time.</summary>
public sealed class VirtualClock : IMonotonicClock
{
    /// <inheritdoc/>
    public long NowUs { get; private set; }

    /// <summary>Moves the time forward.</summary>
    /// <param name="us">Microseconds, 0 upwards.</param>
    public void Advance(long us)
    {
        System.ArgumentOutOfRangeException.ThrowIfNegative(us);
        NowUs += us;
    }
}
