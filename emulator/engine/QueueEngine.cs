// The queue engine of the emulated card: firmware's turns on one side, rings, switch and wire on the other.
using System;
using Microsoft.Extensions.Logging;
using SmartNicFw.Emulator.Memory;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Emulator.Virtio;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Emulator.Engine;

/// <summary>
/// Does a turn at once, on the thread that grants it: frames are taken, delivered, and published together at its end.
/// Nothing is allocated for a frame, and nothing that a guest writes throws.
/// </summary>
public sealed unsafe class QueueEngine : IQueueEngine, ICommandPort, IEthernetPort
{
    // What each function may reach.
    private readonly GuestMemory[] _memory;
    private readonly QueueTable _table;
    private readonly PacketSwitch _switch;
    private readonly ILogger _log;
    private readonly int _mtu;

    // Made with the first queue or the wire: a card that is only configured needs none of it.
    private MovingParts? _parts;
    private NetworkPort? _port;

    /// <summary>Makes an engine without a wire.</summary>
    /// <param name="packetSwitch">The switch, which knows the number of functions.</param>
    /// <param name="queuesPerFunction">Queues that a function may have.</param>
    /// <param name="memory">What every function may reach, until <see cref="SetMemory"/> says otherwise.</param>
    /// <param name="log">Hears of queues, never of frames.</param>
    /// <param name="mtu">The MTU that functions offer, bytes.</param>
    public QueueEngine(PacketSwitch packetSwitch, int queuesPerFunction, int mtu, GuestMemory memory, ILogger log)
    {
        ArgumentNullException.ThrowIfNull(packetSwitch);
        _memory = new GuestMemory[packetSwitch.FunctionCount];
        Array.Fill(_memory, memory);
        _log = log;
        _switch = packetSwitch;
        _mtu = mtu;
        _table = new QueueTable(packetSwitch, queuesPerFunction, log);
    }

    /// <summary>The wire; null for none.</summary>
    public NetworkPort? Port
    {
        get => _port;
        set
        {
            _port = value;
            if (_parts is not null)
            {
                _parts.Mover.Port = value;
            }
        }
    }

    /// <summary>Hears of every frame; null for nobody, and then it costs nothing. Set between turns.</summary>
    public IFrameTap? Tap
    {
        get => _parts?.Mover.Tap;
        set
        {
            if (value is not null || _parts is not null)
            {
                Parts.SetTap(value);
            }
        }
    }

    /// <inheritdoc/>
    public bool IsLinkUp => _port is { IsLinkUp: true };

    /// <inheritdoc/>
    public bool HasReceived => _port is not (null or SinkPort);

    /// <summary>Turns that were granted.</summary>
    public long Turns { get; private set; }

    // Made for the first frame: most of what an engine needs, and a board whose host has no driver never does.
    private MovingParts Parts => _parts ??= new MovingParts(_table, _switch, _mtu) { Mover = { Port = _port } };

    /// <summary>
    /// Says what a function may reach: the memory of one host, or of one virtual machine. Queues that run go on with what they
    /// had; whoever changes it has reset the function.
    /// </summary>
    public void SetMemory(int function, GuestMemory memory) => _memory[function] = memory;

    /// <summary>What a function may reach.</summary>
    public GuestMemory MemoryOf(int function) => _memory[function];

    /// <summary>True when a queue that waited for memory may go on: <see cref="TakeRisen"/>.</summary>
    public bool HasRisen => _table.HasRisen;

    /// <summary>Takes a queue that waited for memory and may go on. Nobody rings for it: the caller does.</summary>
    /// <returns>False when there is none.</returns>
    public bool TakeRisen(out int function, out int queue)
    {
        RunningQueue? risen = _table.TakeRisen();
        function = risen?.Function ?? 0;
        queue = risen?.Queue ?? 0;
        return risen is not null;
    }

    /// <inheritdoc/>
    public void SetBusMaster(int function, bool isBusMaster) => _table.SetBusMaster(function, isBusMaster);

    /// <inheritdoc/>
    public ulong ReadQueue(int function, int queue, int counter) =>
        _table.Find(function, queue) is { } running ? _table.Counters.Read(running.CounterRow, counter) : 0;

    /// <inheritdoc/>
    public HalStatus Start(QueueSetup setup)
    {
        ArgumentNullException.ThrowIfNull(setup);
        if (!_table.CanHave(setup.Function, setup.Queue) || _table.Find(setup.Function, setup.Queue) is not null
            || RunningQueue.TryStart(setup, _memory[setup.Function]) is not { } queue)
        {
            EngineLog.QueueRefused(_log, setup.Function, setup.Queue, setup.Size);
            return HalStatus.BadArgument;
        }

        _table.Add(queue);
        EngineLog.QueueStarted(_log, setup.Function, setup.Queue, setup.Role, setup.Size);
        return HalStatus.Ok;
    }

    /// <inheritdoc/>
    public void Stop(int function, int queue)
    {
        bool isRunning = _table.Find(function, queue) is not null;

        // Of a queue that broke, and therefore runs no more, a report may wait still: the next driver is not to hear it.
        _table.Remove(function, queue);
        if (isRunning)
        {
            EngineLog.QueueStopped(_log, function, queue);
        }
    }

    /// <inheritdoc/>
    public HalStatus SubmitTurn(int function, int queue, int frames, int bytes)
    {
        if (_table.Find(function, queue) is not { } running || running.Role == QueueRole.Control)
        {
            return HalStatus.BadArgument;
        }

        Turns++;
        Turn turn = Grant(running, frames, bytes, out int moved);
        bool isBroken = running.Ring.IsBroken;
        if (isBroken)
        {
            _table.MarkBroken(running);
        }

        _table.Publish();
        if (!isBroken)
        {
            _table.TellTurn(running, turn, moved);
        }

        return HalStatus.Ok;
    }

    /// <inheritdoc/>
    public int SubmitTurn(int frames)
    {
        int moved = 0;
        while (moved < frames && _port is not null && _port.TryReceive(Parts.FromWire, out int length))
        {
            fixed (byte* frame = Parts.FromWire)
            {
                Parts.Mover.MoveFromPort(frame, length);
            }

            moved++;
        }

        _table.Publish();
        return moved;
    }

    /// <inheritdoc/>
    public void HoldNotification(int function, int queue, bool isHeld)
    {
        if (_table.Find(function, queue) is { } running)
        {
            running.Ring.IsHeld = isHeld;
        }
    }

    /// <inheritdoc/>
    public bool WantsNotification(int function, int queue) =>
        _table.Find(function, queue) is { } running && (!_table.MayReach(running) || running.Ring.WantsHeld());

    /// <inheritdoc/>
    public bool TryTake(QueueEvent queueEvent)
    {
        ArgumentNullException.ThrowIfNull(queueEvent);
        return _table.TryTake(queueEvent);
    }

    /// <inheritdoc/>
    public int TryTake(int function, int queue, byte[] buffer)
    {
        if (_table.Find(function, queue) is not { Commands: { } commands } running || !_table.MayReach(running))
        {
            return -1;
        }

        int length = commands.ReadCommand(buffer);
        if (length < 0)
        {
            if (!running.Ring.IsBroken && running.Ring.EnableKicks())
            {
                length = commands.ReadCommand(buffer);
            }

            if (running.Ring.IsBroken)
            {
                _table.Break(running);
            }
            else if (length < 0 && running.Ring.TakeStarved())
            {
                _table.Rest(running);
            }
        }

        return length;
    }

    /// <inheritdoc/>
    public void Complete(int function, int queue, byte[] reply, int length)
    {
        if (_table.Find(function, queue) is { Commands: { } commands } running && commands.WriteReply(reply.AsSpan(0, length)))
        {
            _table.TellUsed(running, 1);
        }
    }

    // A queue that cannot be reached for the moment rests: bus mastering, or mapping its areas again, brings it back.
    private Turn Grant(RunningQueue queue, int frames, int bytes, out int movedBytes)
    {
        if (!_table.MayReach(queue))
        {
            movedBytes = 0;
            return default;
        }

        if (queue.Role == QueueRole.Transmit)
        {
            var mark = new TransmitMark(_switch, queue.Function);
            Turn turn = Parts.Transmitters.Move(queue, frames, bytes);
            movedBytes = mark.Count(_switch, queue.Function, _table.Counters, queue.CounterRow, turn.Frames);
            return turn;
        }

        int moved = Parts.Receivers.Drain(queue, frames, out movedBytes);
        return new Turn(moved, movedBytes, moved == frames);
    }

    private sealed class MovingParts
    {
        public MovingParts(QueueTable table, PacketSwitch packetSwitch, int mtu)
        {
            Receivers = new ReceiveSide(table, packetSwitch, mtu);
            Mover = new FrameMover(table, packetSwitch, Receivers);
            Transmitters = new TransmitSide(table, packetSwitch, Mover, Receivers);
        }

        public void SetTap(IFrameTap? tap)
        {
            Mover.Tap = tap;
            Receivers.Tap = tap;
            Transmitters.IsTapped = tap is not null;
        }

        public ReceiveSide Receivers { get; }

        public FrameMover Mover { get; }

        public TransmitSide Transmitters { get; }

        public byte[] FromWire { get; } = GC.AllocateUninitializedArray<byte>(PacketSwitch.MaxFrameBytes, pinned: true);
    }
}
