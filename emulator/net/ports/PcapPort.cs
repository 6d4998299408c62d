// A port whose far side is captures: one that is replayed, one that records. Knows no format.
using System;
using SmartNicFw.Emulator.Net.Capture;

namespace SmartNicFw.Emulator.Net;

/// <summary>
/// Frames of one capture arrive as fast as they are taken; what is sent is written to another. Damage ends the replay: the
/// frames before it have arrived, and <see cref="Damage"/> says what it was.
/// </summary>
public sealed class PcapPort : NetworkPort
{
    private readonly PcapReader? _source;
    private readonly CaptureWriter? _sink;
    private readonly TimeProvider _clock;
    private readonly int _interface;

    /// <summary>Connects captures; both are closed with the port.</summary>
    /// <param name="source">What arrives; null for nothing.</param>
    /// <param name="sink">Where sent frames go; null for nowhere.</param>
    /// <param name="clock">Time for the frames that are written.</param>
    public PcapPort(PcapReader? source, CaptureWriter? sink, TimeProvider? clock = null)
    {
        _source = source;
        _sink = sink;
        _clock = clock ?? TimeProvider.System;
        _interface = sink?.AddInterface("port") ?? 0;
    }

    /// <summary>What was wrong with the source, once the replay has come to it; null while nothing was.</summary>
    public CaptureException? Damage { get; private set; }

    /// <summary>True when the source has no further frame.</summary>
    public bool IsOver { get; private set; }

    /// <inheritdoc/>
    public override bool HasWaiting => !IsOver;

    /// <inheritdoc/>
    public override bool TryReceive(Span<byte> buffer, out int length)
    {
        length = 0;
        while (!IsOver)
        {
            ReadOnlySpan<byte> frame = Next();
            if (IsOver)
            {
                break;
            }

            if (frame.TryCopyTo(buffer))
            {
                length = frame.Length;
                return true;
            }

            Lost++;
        }

        return false;
    }

    /// <inheritdoc/>
    public override void Send(ReadOnlySpan<byte> frame)
    {
        if (_sink is null)
        {
            Lost++;
            return;
        }

        long ticks = (_clock.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks;
        _sink.Write(_interface, frame, ticks * TimeSpan.NanosecondsPerTick);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _source?.Dispose();
        _sink?.Dispose();
    }

    // The file is the user's, not a guest's: damage is an exception once, and then the end.
    private ReadOnlySpan<byte> Next()
    {
        try
        {
            ReadOnlySpan<byte> frame = default;
            IsOver = _source is null || !_source.TryRead(out frame);
            return frame;
        }
        catch (CaptureException damage)
        {
            Damage = damage;
            IsOver = true;
            return default;
        }
    }
}
