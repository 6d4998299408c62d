// A trace on its way to one client. Knows no frame of the protocol, and not what is in the trace.
using System;
using System.Runtime.InteropServices;
using SmartNicFw.Emulator.Loop;
using SmartNicFw.Emulator.Trace;

namespace SmartNicFw.Emulator.Management;

/// <summary>
/// Sends what the trace has, as far as there is room in the socket: a client that does not read loses records, and nobody waits for it.
/// Whatever the client sends, or that it ends its sending, ends the trace.
/// </summary>
internal sealed unsafe class TraceSending
{
    // Then the board goes on, and the rest is for the next call.
    private const int BytesPerCall = 1 << 20;

    private readonly int _socket;
    private readonly RunningTrace _trace;
    private readonly LoopRegistration _registration;

    /// <param name="socket">Belongs to the session.</param>
    /// <param name="trace">Belongs to this from now on.</param>
    public TraceSending(int socket, RunningTrace trace, LoopRegistration registration)
    {
        _socket = socket;
        _trace = trace;
        _registration = registration;
        _trace.Filled = registration.CallAgain;
    }

    /// <summary>True when nothing is added to the trace any more.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Looks whether the client has ended the trace, and sends what there is room for.</summary>
    /// <returns>False when the connection is to be closed: all is sent of a trace that is over, or the client is gone.</returns>
    public bool TryGoOn(LoopEvents events)
    {
        if ((events & LoopEvents.HungUp) != 0)
        {
            return false;
        }

        if ((events & LoopEvents.Readable) != 0 && !IsOver && HasEnded())
        {
            IsOver = true;
            _trace.End();
        }

        return TrySend();
    }

    /// <summary>Ends the trace; what was not sent is lost.</summary>
    public void Close()
    {
        _trace.Filled = null;
        _trace.End();
    }

    private bool HasEnded()
    {
        byte given;
        return LibC.Read(_socket, &given, 1) >= 0 || Marshal.GetLastPInvokeError() is not (Errno.TryAgain or Errno.Interrupted);
    }

    private bool TrySend()
    {
        int left = BytesPerCall;
        while (left > 0 && !_trace.IsEmpty)
        {
            ReadOnlySpan<byte> oldest = _trace.Oldest;
            int sent = UnixStream.Send(_socket, oldest[..Math.Min(oldest.Length, left)]);
            if (sent is -Errno.TryAgain or -Errno.Interrupted)
            {
                Await(LoopEvents.Writable);
                return true;
            }

            if (sent < 0)
            {
                return false;
            }

            _trace.Remove(sent);
            left -= sent;
        }

        if (!_trace.IsEmpty)
        {
            _registration.CallAgain();
        }

        Await(LoopEvents.None);
        return !IsOver || !_trace.IsEmpty;
    }

    // What a client sends that has ended the trace is not waited for.
    private void Await(LoopEvents more) => _registration.Await(IsOver ? more : more | LoopEvents.Readable);
}
