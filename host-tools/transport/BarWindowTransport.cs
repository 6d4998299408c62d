// Frames through the window in a PF's BAR: buffer, doorbell, state. Knows no opcode, and where the window is only by asking for it.
using System;
using System.Diagnostics;
using System.Threading;
using SmartNicFw.Hal.Regs;
using SmartNicFw.HostTools.Failure;

namespace SmartNicFw.HostTools.Transport;

/// <summary>Polls: the interrupt is the driver's.</summary>
internal sealed class BarWindowTransport : IManagementTransport
{
    // What a removed device, or one whose memory decoding is off, reads as.
    private const uint AllOnes = 0xFFFFFFFF;

    // A device answers within microseconds: look closely at first, then let others run.
    private const int CloseLooks = 64;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(1);

    private readonly BarWindow _window;
    private int _reservations;

    private BarWindowTransport(SysfsFunction host, BarWindow window) => (Host, _window) = (host, window);

    /// <inheritdoc/>
    public string Name => Host.Address;

    /// <summary>The PF.</summary>
    public SysfsFunction Host { get; }

    /// <summary>Opens the window of a PF.</summary>
    /// <exception cref="ToolException">It has none, or it may not be used.</exception>
    public static BarWindowTransport Open(SysfsFunction function) => TryOpen(function)
        ?? throw new ToolException(
            $"{function.Address} has no management window",
            "name the PF of an endpoint with this firmware, not a VF; memory decoding has to be on: bind its driver, or echo 1 > enable");

    /// <summary>Opens the window of a function, if it has one.</summary>
    public static BarWindowTransport? TryOpen(SysfsFunction function) =>
        BarWindow.TryOpen(function) is { } window ? new BarWindowTransport(function, window) : null;

    /// <inheritdoc/>
    public int Exchange(ReadOnlySpan<byte> request, Span<byte> response, TimeSpan limit)
    {
        using IDisposable reserved = Reserve(limit);
        long start = Stopwatch.GetTimestamp();

        // A program that was ended while the device had the buffer: its response is nobody's.
        AwaitNotBusy(start, limit);
        _window.WriteBuffer(request);
        _window.Write(ManagementWindow.DoorbellOffset, (uint)request.Length);
        AwaitTaken(start, limit);
        AwaitNotBusy(start, limit);

        uint bytes = _window.Read(ManagementWindow.ResponseBytesOffset);
        if (bytes == AllOnes || _window.Read(ManagementWindow.StateOffset) == AllOnes)
        {
            throw Gone();
        }

        int count = (int)Math.Min(bytes, (uint)Math.Min(response.Length, ManagementWindow.BufferBytes));
        _window.ReadBuffer(response[..count]);
        return count;
    }

    /// <inheritdoc/>
    public IDisposable Reserve(TimeSpan limit)
    {
        long start = Stopwatch.GetTimestamp();
        while (_reservations == 0 && !_window.TryLock())
        {
            if (Stopwatch.GetElapsedTime(start) >= limit)
            {
                throw new ToolException($"another program uses the management window of {Name}", "wait until it has ended, and try again");
            }

            Thread.Sleep(Pause);
        }

        _reservations++;
        return new Reservation(this);
    }

    /// <inheritdoc/>
    public void Dispose() => _window.Dispose();

    // The doorbell reads as zero, and no read overtakes a posted write: once it has been read, the state is that of this request.
    private void AwaitTaken(long start, TimeSpan limit)
    {
        while (_window.Read(ManagementWindow.DoorbellOffset) is not (0 or AllOnes))
        {
            if (Stopwatch.GetElapsedTime(start) >= limit)
            {
                throw Silence.Of(Name, limit);
            }
        }
    }

    private void AwaitNotBusy(long start, TimeSpan limit)
    {
        for (int looks = 0; ; looks++)
        {
            switch (_window.Read(ManagementWindow.StateOffset))
            {
                case AllOnes:
                    throw Gone();
                case ManagementWindow.StateBusy when Stopwatch.GetElapsedTime(start) >= limit:
                    throw Silence.Of(Name, limit);
                case ManagementWindow.StateBusy when looks >= CloseLooks:
                    Thread.Sleep(Pause);
                    break;
                case ManagementWindow.StateBusy:
                    break;
                default:
                    return;
            }
        }
    }

    private ToolException Gone() => new(
        $"the device at {Name} reads as all ones", "it was removed, reset, or its memory decoding is off: look at lspci -vv");

    private sealed class Reservation(BarWindowTransport owner) : IDisposable
    {
        private bool _isOver;

        public void Dispose()
        {
            if (!_isOver)
            {
                _isOver = true;
                if (--owner._reservations == 0)
                {
                    owner._window.Unlock();
                }
            }
        }
    }
}
