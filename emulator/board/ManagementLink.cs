// Management requests on their way from clients of this process to the firmware, and answers back. Knows no frame and no socket.
using System;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.Emulator.Board;

/// <summary>
/// A place for each of a few clients, with a buffer that holds its request and then the answer. Clients take turns; one that is gone is
/// told to the firmware before its place is given away again.
/// </summary>
public sealed class ManagementLink : IManagementPort
{
    /// <summary>Clients that there may be at a time.</summary>
    public const int MaxClients = 16;

    private readonly Place[] _places = new Place[MaxClients];
    private int _last;
    private int _pending;

    private enum State
    {
        Free,

        // The client owns its buffer.
        Idle,

        // A request waits for the firmware.
        Waiting,

        // The firmware owns the buffer; the client is there, or gone meanwhile.
        Taken,
        Abandoned,

        // The firmware has yet to hear that the client is gone.
        Gone,
    }

    /// <summary>Called with the client and the size of the answer in its buffer, in the middle of a step of the board.</summary>
    public Action<int, int>? Answered { get; set; }

    /// <summary>True while something waits for the firmware.</summary>
    public bool IsPending => _pending > 0;

    /// <summary>Takes a place.</summary>
    /// <returns>The client's number; -1 when there is no place.</returns>
    public int Open()
    {
        for (int client = 0; client < MaxClients; client++)
        {
            if (_places[client].State == State.Free)
            {
                _places[client].State = State.Idle;
                _places[client].Buffer ??= new byte[ManagementFrame.MaxBytes];
                return client;
            }
        }

        return -1;
    }

    /// <summary>The buffer of a client, as long as the largest frame: the client's own from an answer to its next request.</summary>
    public byte[] Buffer(int client) => _places[client].Buffer!;

    /// <summary>Hands a request over that lies at the beginning of the client's buffer.</summary>
    /// <exception cref="InvalidOperationException">The one before it has not been answered.</exception>
    public void Send(int client, int bytes)
    {
        if (_places[client].State != State.Idle)
        {
            throw new InvalidOperationException("a management request is still outstanding");
        }

        _places[client].State = State.Waiting;
        _places[client].Bytes = bytes;
        _pending++;
    }

    /// <summary>The client is gone: no answer follows.</summary>
    public void Close(int client)
    {
        ref Place place = ref _places[client];
        _pending += place.State == State.Idle ? 1 : 0;
        place.State = place.State == State.Taken ? State.Abandoned : State.Gone;
    }

    /// <inheritdoc/>
    public bool TryTake(ManagementRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (_pending == 0)
        {
            return false;
        }

        // What one who is gone has left open is in the way of the others.
        _pending--;
        int client = Find(State.Gone);
        request.IsGone = client >= 0;
        if (client < 0)
        {
            client = Find(State.Waiting);
            _last = client;
        }

        ref Place place = ref _places[client];
        request.Client = client;
        request.Buffer = place.Buffer;
        request.Bytes = place.Bytes;
        place.State = request.IsGone ? State.Free : State.Taken;
        return true;
    }

    /// <inheritdoc/>
    public void Complete(int bytes)
    {
        // The one that was taken last: nothing else is while it is not completed.
        ref Place place = ref _places[_last];
        switch (place.State)
        {
            case State.Taken:
                place.State = State.Idle;
                Answered?.Invoke(_last, bytes);
                break;
            case State.Abandoned:
                place.State = State.Gone;
                _pending++;
                break;
            default:
                throw new InvalidOperationException("firmware completed a management request that it had not taken");
        }
    }

    // The next client behind the one that was taken last.
    private int Find(State state)
    {
        for (int distance = 1; distance <= MaxClients; distance++)
        {
            int client = (_last + distance) % MaxClients;
            if (_places[client].State == state)
            {
                return client;
            }
        }

        return -1;
    }

    private struct Place
    {
        public State State;
        public byte[]? Buffer;
        public int Bytes;
    }
}
