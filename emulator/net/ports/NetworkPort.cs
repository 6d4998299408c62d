// What the switch's port is connected to. Knows no switch; NonePort, SinkPort and LoopbackPort are those that need no outside.
using System;
using System.IO;

namespace SmartNicFw.Emulator.Net;

/// <summary>
/// The far side of the endpoint's Ethernet port. Frames are whole, without check sequence. Sending and receiving never wait
/// and throw nothing on what a frame contains or on the far side's doing: a frame that cannot be taken is lost and counted.
/// One thread owns a port.
/// </summary>
public abstract class NetworkPort : IDisposable
{
    /// <summary>True while frames can pass.</summary>
    public virtual bool IsLinkUp => true;

    /// <summary>
    /// File descriptor that becomes readable when frames arrive, for who sleeps until then; -1 when there is none, and frames
    /// arrive as <see cref="HasWaiting"/> says.
    /// </summary>
    public virtual int Descriptor => -1;

    /// <summary>True when <see cref="TryReceive"/> is known to have a frame without asking the system.</summary>
    public virtual bool HasWaiting => false;

    /// <summary>Frames that were sent but not taken by the far side, and frames of it that did not fit into the buffer.</summary>
    public long Lost { get; protected set; }

    /// <summary>Takes the next frame that has arrived.</summary>
    /// <param name="buffer">Receives it; <see cref="PacketSwitch.MaxFrameBytes"/> are always enough.</param>
    /// <param name="length">Bytes of the frame; 0 when there is none.</param>
    /// <returns>False when none waits.</returns>
    public abstract bool TryReceive(Span<byte> buffer, out int length);

    /// <summary>Sends a frame.</summary>
    public abstract void Send(ReadOnlySpan<byte> frame);

    /// <summary>Lets go of what the port holds.</summary>
    public abstract void Dispose();
}

/// <summary>A port without cable: the link is down, and what is sent is lost.</summary>
public sealed class NonePort : NetworkPort
{
    /// <inheritdoc/>
    public override bool IsLinkUp => false;

    /// <inheritdoc/>
    public override bool TryReceive(Span<byte> buffer, out int length)
    {
        length = 0;
        return false;
    }

    /// <inheritdoc/>
    public override void Send(ReadOnlySpan<byte> frame) => Lost++;

    /// <inheritdoc/>
    public override void Dispose()
    {
    }
}

/// <summary>A port whose far side takes every frame and sends none: the link is up.</summary>
public sealed class SinkPort : NetworkPort
{
    /// <inheritdoc/>
    public override bool TryReceive(Span<byte> buffer, out int length)
    {
        length = 0;
        return false;
    }

    /// <inheritdoc/>
    public override void Send(ReadOnlySpan<byte> frame)
    {
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
    }
}

/// <summary>A port with a loopback plug: what is sent comes back in, in order, as far as there is room.</summary>
public sealed class LoopbackPort : NetworkPort
{
    private readonly byte[][] _frames;
    private readonly int[] _lengths;
    private int _first;
    private int _count;

    /// <summary>Makes the plug.</summary>
    /// <param name="frames">Frames on their way at the most, 1 upwards.</param>
    /// <param name="frameBytes">Longest frame.</param>
    public LoopbackPort(int frames = 256, int frameBytes = 9018 + Ethernet.TagBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(frames, 1);
        _frames = new byte[frames][];
        _lengths = new int[frames];
        for (int index = 0; index < frames; index++)
        {
            _frames[index] = new byte[frameBytes];
        }
    }

    /// <inheritdoc/>
    public override bool HasWaiting => _count != 0;

    /// <inheritdoc/>
    public override bool TryReceive(Span<byte> buffer, out int length)
    {
        length = 0;
        while (_count != 0)
        {
            ReadOnlySpan<byte> frame = _frames[_first].AsSpan(0, _lengths[_first]);
            _first = (_first + 1) % _frames.Length;
            _count--;
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
        int place = (_first + _count) % _frames.Length;
        if (_count == _frames.Length || !frame.TryCopyTo(_frames[place]))
        {
            Lost++;
            return;
        }

        _lengths[place] = frame.Length;
        _count++;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
    }
}

/// <summary>A port could not be opened; the message is one line for the user.</summary>
public sealed class PortException : IOException
{
    /// <summary>Says which port and why.</summary>
    public PortException(string message)
        : base(message)
    {
    }
}
