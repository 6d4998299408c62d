// One client of a server, from its connection to its end: receives, answers in order, sends. Knows no command's meaning;
// those are in VfioUserSession.Commands.cs.
using System;
using SmartNicFw.Emulator.Loop;
using SmartNicFw.Emulator.Memory;

namespace SmartNicFw.Emulator.VfioUser;

/// <summary>
/// The host behind a socket. What it sends is handled in order, one message after the other, and the answer to a message goes out
/// before anything that the device sent because of it: QEMU answers nothing while it waits for us. Nothing that a client
/// does throws; what does not follow the specification is refused with an error or ends this session, and no other.
/// </summary>
public sealed partial class VfioUserSession : IVfioUserHost, IRemoteMemory, ILoopSource
{
    // Bytes that may wait before nothing more is read from the client.
    private const int PauseBytes = 64 * 1024;

    // Messages that are handled before other sources have their turn.
    private const int MessagesPerCall = 64;

    // A socket holds less than these calls take.
    private const int MaxCallsForTheDead = 1024;

    private const string Gone = "it closed the connection";

    private readonly VfioUserServer _server;
    private readonly IVfioUserDevice _device;
    private readonly ReceiveBuffer _received;
    private readonly SendBuffer _sending;
    private readonly LoopRegistration _registration;
    private readonly LoopTimer _patience;
    private readonly ClientMemory _memory;
    private readonly IrqTable _irqs = new();
    private readonly int _process;

    private int _socket;
    private State _state = State.Connected;
    private bool _isDeviceAttached;

    // A message is being handled: what the device sends meanwhile goes behind its reply.
    private bool _isHandling;

    // The client owes something: the rest of a message, a version, or the reading of what was sent.
    private bool _isWaiting = true;

    internal VfioUserSession(VfioUserServer server, int socket)
    {
        _server = server;
        _memory = new ClientMemory(this);
        _device = server.Device;
        _received = server.Received;
        _sending = server.Sending;
        _socket = socket;
        _process = UnixStream.PeerProcess(socket);
        _patience = new LoopTimer(server.Loop, OutOfPatience);
        _registration = server.Loop.Add(socket, this, LoopEvents.Readable);
        _patience.Arm(server.Patience);
    }

    private enum State
    {
        // Nothing agreed yet.
        Connected,
        Attached,

        // To be closed as soon as nothing of this session is on the stack.
        Lost,
        Closed,
    }

    /// <inheritdoc/>
    public GuestMemory Memory => _memory.Reachable;

    /// <summary>Process that connected; 0 when the kernel does not say.</summary>
    public int Process => _process;

    /// <summary>Whether version and capabilities are agreed.</summary>
    public bool IsAttached => _state == State.Attached;

    /// <summary>Writes of the device that were lost because the client did not read.</summary>
    public long Dropped { get; private set; }

    /// <summary>Commands that were answered with an error.</summary>
    public long Refusals { get; private set; }

    /// <inheritdoc/>
    public void Ready(LoopEvents events)
    {
        // Of a client that is gone, sending finds it out while nothing is received.
        bool isProgress = (events & (LoopEvents.Writable | LoopEvents.HungUp)) != 0 && Send();
        bool isReadable = (events & (LoopEvents.Readable | LoopEvents.HungUp)) != 0;
        if (isReadable && IsOpen && !IsPaused && !_received.TryPeek(0, out _) && _received.Receive(_socket) == ReceiveBuffer.Result.End)
        {
            Close(Gone);
            return;
        }

        isProgress |= HandleSome();
        isProgress |= Send();
        Settle(isProgress);
    }

    /// <summary>Ends the session: the device lets go first, then every descriptor and mapping of the client goes at once.</summary>
    internal void Close(string reason)
    {
        if (_state == State.Closed)
        {
            return;
        }

        _state = State.Closed;
        _registration.Remove();
        _patience.Disarm();
        if (_isDeviceAttached)
        {
            _device.Detach();
        }

        _memory.Clear();
        _irqs.Clear();
        _received.Reset();
        _sending.Reset();
        _ = LibC.Close(_socket);
        _socket = -1;
        if (_isDeviceAttached)
        {
            VfioUserLog.Detached(_server.Log, _server.Path, _process, reason);
            if (Dropped > 0)
            {
                VfioUserLog.Dropped(_server.Log, _server.Path, Dropped, _process);
            }
        }
        else if (reason != Gone)
        {
            VfioUserLog.NotAttached(_server.Log, _server.Path, _process, reason);
        }

        _server.Ended();
    }

    /// <summary>Closes a session whose client is gone, after what it still said was handled.</summary>
    internal void CloseIfHungUp()
    {
        for (int calls = 0; IsOpen && UnixStream.IsHungUp(_socket); calls++)
        {
            if (calls == MaxCallsForTheDead)
            {
                Close(Gone);
                return;
            }

            Ready(LoopEvents.Readable | LoopEvents.HungUp);
        }
    }

    private bool IsOpen => _state is State.Connected or State.Attached;

    private bool IsPaused => _sending.Pending >= PauseBytes;

    // Handles messages that are whole, so many that others have their turn; true when there were some.
    private bool HandleSome()
    {
        int handled = 0;
        while (IsOpen && _received.TryPeek(0, out ReadOnlySpan<byte> message))
        {
            if (IsPaused)
            {
                Send();
                if (IsPaused || !IsOpen)
                {
                    break;
                }
            }

            if (handled++ == MessagesPerCall)
            {
                _registration.CallAgain();
                break;
            }

            Handle(message);
            if (_state != State.Closed)
            {
                _received.Advance();
            }
        }

        if (IsOpen && _received.IsBroken)
        {
            Close("a message's size is impossible");
        }

        return handled > 0;
    }

    // Sends what there is room for; true when bytes went.
    private bool Send()
    {
        if (!IsOpen || _sending.Pending == 0)
        {
            return false;
        }

        int error = _sending.TrySend(_socket, out int sent);
        if (error != 0)
        {
            Lose();
        }

        return sent > 0;
    }

    // The connection is broken, which is found where the session cannot be closed: the loop comes back for it.
    private void Lose()
    {
        if (IsOpen)
        {
            _state = State.Lost;
            _registration.CallAgain();
        }
    }

    // What is waited for from here on, and for how long.
    private void Settle(bool isProgress)
    {
        if (_state == State.Lost)
        {
            Close("the connection broke");
        }

        if (!IsOpen)
        {
            return;
        }

        bool hasUnsent = _sending.Pending > 0;
        _registration.Await((IsPaused ? LoopEvents.None : LoopEvents.Readable) | (hasUnsent ? LoopEvents.Writable : LoopEvents.None));
        bool isWaiting = _state == State.Connected || hasUnsent || _received.IsPartial;
        if (!isWaiting)
        {
            _patience.Disarm();
        }
        else if (!_isWaiting || (isProgress && _state == State.Attached))
        {
            _patience.Arm(_server.Patience);
        }

        _isWaiting = isWaiting;
    }

    private void OutOfPatience() => Close(
        _state == State.Connected ? "it did not agree on a version in time"
        : _sending.Pending > 0 ? "it did not read in time"
        : "it did not finish a message in time");
}
