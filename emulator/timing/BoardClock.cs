// The time of an emulated board: one that moves when somebody says so, and one that is the world's.
using System.Diagnostics;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Emulator.Timing;

/// <summary>A clock that can be waited on.</summary>
public abstract class BoardClock : IMonotonicClock
{
    /// <inheritdoc/>
    public abstract long NowUs { get; }

    /// <summary>Nanoseconds since the clock's zero, as exact as it has them.</summary>
    public virtual long NowNs => NowUs * 1000;

    /// <summary>Nanoseconds from 1970 to the clock's zero; 0 for a clock that has nothing to do with the world's.</summary>
    public virtual long ZeroNs => 0;

    /// <summary>Lets time pass while something is waited for; a clock that runs by itself needs no help.</summary>
    /// <param name="us">Microseconds, 0 upwards.</param>
    public abstract void Pass(long us);
}

/// <summary>A clock that stands still until it is advanced, so that a run is the same every time.</summary>
public sealed class VirtualClock : BoardClock
{
    private long _nowUs;

    /// <inheritdoc/>
    public override long NowUs => _nowUs;

    /// <summary>Moves the time forward.</summary>
    /// <param name="us">Microseconds, 0 upwards.</param>
    public void Advance(long us)
    {
        System.ArgumentOutOfRangeException.ThrowIfNegative(us);
        _nowUs += us;
    }

    /// <inheritdoc/>
    public override void Pass(long us) => Advance(us);
}

/// <summary>The time of the machine, for boards that real hosts attach to.</summary>
public sealed class RunningClock : BoardClock
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly long _zeroTicks = System.DateTime.UtcNow.Ticks - System.DateTime.UnixEpoch.Ticks;

    /// <inheritdoc/>
    public override long NowUs => Stopwatch.GetElapsedTime(_start).Ticks / System.TimeSpan.TicksPerMicrosecond;

    /// <inheritdoc/>
    public override long NowNs => (long)(Stopwatch.GetElapsedTime(_start).TotalNanoseconds);

    /// <inheritdoc/>
    public override long ZeroNs => _zeroTicks * System.TimeSpan.NanosecondsPerTick;

    /// <inheritdoc/>
    public override void Pass(long us)
    {
    }
}
