// One client of a management socket: a request, its answer, the next request; or a trace. Knows of a frame only where it ends, and two opcodes.
using System;
using System.Runtime.InteropServices;
using SmartNicFw.Emulator.Loop;
using SmartNicFw.Emulator.Trace;
using SmartNicFw.Hal;
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.Emulator.Management;

/// <summary>
/// Nothing more is read of a client than the request that is to be answered, so that one who sends without reading holds up itself alone.
/// What it sends throws nothing; where no frame can begin it is answered once and closed.
/// </summary>
internal sealed unsafe class ManagementSession : ILoopSource
{
    private readonly ManagementServer _server;
    private readonly LoopRegistration _registration;
    private readonly LoopTimer _patience;
    private readonly int _socket;
    private readonly int _client;
    private readonly byte[] _buffer;
    private State _state;

    // Bytes of the frame in the buffer that have been received, or sent; and what it has in all, as far as that is known.
    private int _done;
    private int _bytes = ManagementFrame.HeaderBytes;
    private bool _isLast;

    // Set from the request on that began it: the answer goes first.
    private TraceSending? _trace;

    public ManagementSession(ManagementServer server, int socket, int client)
    {
        _server = server;
        _socket = socket;
        _client = client;
        _buffer = server.Link.Buffer(client);
        _patience = new LoopTimer(server.Loop, Close);
        _registration = server.Loop.Add(socket, this, LoopEvents.Readable);
    }

    private enum State
    {
        Receiving,

        // The buffer is the firmware's.
        Asking,
        Sending,
        Tracing,
        Closed,
    }

    /// <inheritdoc/>
    public void Ready(LoopEvents events)
    {
        switch (_state)
        {
            case State.Receiving:
                Receive();
                break;
            case State.Sending:
                Send();
                break;
            case State.Tracing:
                Trace(events);
                break;
            case State.Asking when (events & LoopEvents.HungUp) != 0:
                Close();
                break;
            default:
                break;
        }
    }

    /// <summary>The answer lies in the buffer.</summary>
    public void Answer(int bytes)
    {
        _state = State.Sending;
        _done = 0;
        _bytes = bytes;
        Send();
    }

    /// <summary>Ends the session.</summary>
    public void Close()
    {
        if (_state == State.Closed)
        {
            return;
        }

        _state = State.Closed;
        _patience.Disarm();
        _registration.Remove();
        _trace?.Close();
        _ = LibC.Close(_socket);
        _server.Ended(_client);
    }

    // Descriptors that come with the bytes are closed by the kernel, for nobody asks for them.
    private void Receive()
    {
        while (_done < _bytes)
        {
            nint count;
            fixed (byte* first = &_buffer[_done])
            {
                count = LibC.Read(_socket, first, (nuint)(_bytes - _done));
            }

            if (count < 0 && Marshal.GetLastPInvokeError() is Errno.TryAgain or Errno.Interrupted)
            {
                return;
            }

            if (count <= 0)
            {
                Close();
                return;
            }

            if (_done == 0)
            {
                _patience.Arm(_server.Patience);
            }

            _done += (int)count;
            if (_done == ManagementFrame.HeaderBytes && _bytes == ManagementFrame.HeaderBytes)
            {
                int bytes = ManagementCodec.FrameBytes(_buffer, 0, _done);
                _isLast = bytes == ManagementCodec.NoFrame;
                _bytes = _isLast ? _done : bytes;
            }
        }

        Ask();
    }

    private void Ask()
    {
        _patience.Disarm();
        _registration.Await(LoopEvents.None);
        _state = State.Asking;
        if (_server.Host is { } host && IsRequest(ManagementOpcode.SetNumVFs))
        {
            Answer(SetNumVFs(host));
        }
        else if (_server.Trace is { } board && IsRequest(ManagementOpcode.StartTrace))
        {
            Answer(StartTrace(board));
        }
        else
        {
            _server.Link.Send(_client, _bytes);
        }
    }

    private bool IsRequest(int opcode) => ManagementCodec.Opcode(_buffer, 0) == opcode
        && ManagementCodec.CheckRequest(_buffer, 0, _bytes) == ManagementStatus.Ok;

    private int StartTrace(BoardTrace board)
    {
        int function = LittleEndian.ReadU16(_buffer, ManagementFrame.PayloadOffset + ManagementFunctionNumber.FunctionOffset);
        uint sequence = ManagementCodec.Sequence(_buffer, 0);
        if (LittleEndian.ReadU16(_buffer, ManagementFrame.PayloadOffset + ManagementFunctionNumber.ReservedOffset) != 0)
        {
            return Refuse(sequence, ManagementStatus.BadArgument, ManagementReason.ReservedNotZero, null);
        }

        if (function != ManagementFunctionNumber.Endpoint && function >= board.Functions)
        {
            return Refuse(sequence, ManagementStatus.BadArgument, ManagementReason.NoSuchFunction, null);
        }

        RunningTrace? trace = board.TryOpen(function == ManagementFunctionNumber.Endpoint ? RunningTrace.AllFunctions : function);
        if (trace is null)
        {
            return Refuse(sequence, ManagementStatus.Busy, ManagementReason.None, $"there are {BoardTrace.MaxTraces} traces already");
        }

        _trace = new TraceSending(_socket, trace, _registration);
        return ManagementCodec.WriteResponse(_buffer, 0, ManagementOpcode.StartTrace, sequence, ManagementStatus.Ok, 0);
    }

    private int Refuse(uint sequence, int status, int reason, string? text) =>
        ManagementCodec.WriteRefusal(_buffer, 0, ManagementOpcode.StartTrace, sequence, status, reason, 0, text);

    // The trace ends with the client's sending; then the client has as long for the rest as for an answer.
    private void Trace(LoopEvents events)
    {
        bool wasOver = _trace!.IsOver;
        if (!_trace.TryGoOn(events))
        {
            Close();
        }
        else if (_trace.IsOver && !wasOver)
        {
            _patience.Arm(_server.Patience);
        }
    }

    private int SetNumVFs(IRootComplexHost host)
    {
        const int Payload = ManagementFrame.PayloadOffset;
        HostAnswer answer = host.SetNumVFs(
            LittleEndian.ReadU16(_buffer, Payload + ManagementNumVFs.PhysicalFunctionOffset),
            LittleEndian.ReadU16(_buffer, Payload + ManagementNumVFs.NumVFsOffset));
        uint sequence = ManagementCodec.Sequence(_buffer, 0);
        return answer.Status == ManagementStatus.Ok
            ? ManagementCodec.WriteResponse(_buffer, 0, ManagementOpcode.SetNumVFs, sequence, answer.Status, 0)
            : ManagementCodec.WriteRefusal(_buffer, 0, ManagementOpcode.SetNumVFs, sequence, answer.Status, answer.Reason, 0, answer.Text);
    }

    private void Send()
    {
        while (_done < _bytes)
        {
            int sent = UnixStream.Send(_socket, _buffer.AsSpan(_done, _bytes - _done));
            if (sent is -Errno.TryAgain or -Errno.Interrupted)
            {
                _registration.Await(LoopEvents.Writable);
                if (!_patience.IsArmed)
                {
                    _patience.Arm(_server.Patience);
                }

                return;
            }

            if (sent < 0)
            {
                Close();
                return;
            }

            _done += sent;
        }

        _patience.Disarm();
        if (_isLast)
        {
            Close();
            return;
        }

        if (_trace is not null)
        {
            _state = State.Tracing;
            Trace(LoopEvents.None);
            return;
        }

        _state = State.Receiving;
        _done = 0;
        _bytes = ManagementFrame.HeaderBytes;
        _registration.Await(LoopEvents.Readable);
    }
}
