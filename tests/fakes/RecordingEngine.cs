// An engine and its control queues in the test's hand: notes what firmware asks, reports what the test says. Moves nothing.
using System;
using System.Collections.Generic;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Tests.Fakes;

internal sealed class RecordingEngine : IQueueEngine, ICommandPort
{
    private readonly (int Function, int Queue, QueueEventKind Kind)[] _echoes = new (int, int, QueueEventKind)[256];
    private readonly Queue<QueueEvent> _events = new();
    private int _echoCount;
    private readonly Queue<(int Function, int Queue, byte[] Command, int Length)> _commands = new();

    /// <summary>Setups of the queues that run, by function and queue.</summary>
    public Dictionary<(int Function, int Queue), QueueSetup> Running { get; } = [];

    /// <summary>Turns that were granted and not ended, in order.</summary>
    public List<(int Function, int Queue, int Frames, int Bytes)> Turns { get; } = [];

    /// <summary>Replies to commands, in order.</summary>
    public List<byte[]> Replies { get; } = [];

    /// <summary>What Start and SubmitTurn answer.</summary>
    public HalStatus StartStatus { get; set; } = HalStatus.Ok;

    public HalStatus TurnStatus { get; set; } = HalStatus.Ok;

    /// <summary>False: turns are not kept; each ends at once with used buffers and more to do, and nothing is allocated.</summary>
    public bool IsKeepingTurns { get; set; } = true;

    public int TurnCount { get; private set; }

    /// <summary>Functions that may issue memory requests.</summary>
    public HashSet<int> BusMasters { get; } = [];

    /// <summary>What ReadQueue answers, where it is not 0.</summary>
    public Dictionary<(int Function, int Queue, int Counter), ulong> Counters { get; } = [];

    public void SetBusMaster(int function, bool isBusMaster)
    {
        // Firmware tells changes only.
        bool isChange = isBusMaster ? BusMasters.Add(function) : BusMasters.Remove(function);
        RepeatedBusMasters += isChange ? 0 : 1;
    }

    /// <summary>Calls of SetBusMaster that changed nothing.</summary>
    public int RepeatedBusMasters { get; private set; }

    public ulong ReadQueue(int function, int queue, int counter) => Counters.GetValueOrDefault((function, queue, counter));

    public HalStatus Start(QueueSetup setup)
    {
        if (StartStatus == HalStatus.Ok)
        {
            Running.Add((setup.Function, setup.Queue), new QueueSetup
            {
                Function = setup.Function,
                Queue = setup.Queue,
                Role = setup.Role,
                Size = setup.Size,
                DescriptorArea = setup.DescriptorArea,
                DriverArea = setup.DriverArea,
                DeviceArea = setup.DeviceArea,
                Features = setup.Features,
            });
        }

        return StartStatus;
    }

    /// <summary>Hears of every queue that is stopped.</summary>
    public Action<int, int>? Stopped { get; set; }

    /// <summary>Hears of every turn that is granted.</summary>
    public Action<int, int>? Granted { get; set; }

    public void Stop(int function, int queue)
    {
        Stopped?.Invoke(function, queue);
        Running.Remove((function, queue));
        Held.Remove((function, queue));
    }

    public HalStatus SubmitTurn(int function, int queue, int frames, int bytes)
    {
        if (TurnStatus == HalStatus.Ok)
        {
            TurnCount++;
            Granted?.Invoke(function, queue);
            if (IsKeepingTurns)
            {
                Turns.Add((function, queue, frames, bytes));
            }
            else
            {
                _echoes[_echoCount] = (function, queue, QueueEventKind.TurnOver);
                _echoes[_echoCount + 1] = (function, queue, QueueEventKind.Used);
                _echoCount += 2;
            }
        }

        return TurnStatus;
    }

    /// <summary>Queues whose notification is held back.</summary>
    public HashSet<(int Function, int Queue)> Held { get; } = [];

    /// <summary>Queues whose driver no longer wants the notification that is held back.</summary>
    public HashSet<(int Function, int Queue)> Unwanting { get; } = [];

    public void HoldNotification(int function, int queue, bool isHeld)
    {
        bool isChange = isHeld ? Held.Add((function, queue)) : Held.Remove((function, queue));
        RepeatedHolds += isChange ? 0 : 1;
    }

    /// <summary>Calls of HoldNotification that changed nothing.</summary>
    public int RepeatedHolds { get; private set; }

    public bool WantsNotification(int function, int queue) =>
        Running.ContainsKey((function, queue)) && !Unwanting.Contains((function, queue));

    public bool TryTake(QueueEvent queueEvent)
    {
        if (_echoCount > 0)
        {
            _echoCount--;
            (queueEvent.Function, queueEvent.Queue, queueEvent.Kind) = _echoes[_echoCount];
            queueEvent.HasMore = true;
            return true;
        }

        if (!_events.TryDequeue(out QueueEvent? next))
        {
            return false;
        }

        queueEvent.Kind = next.Kind;
        queueEvent.Function = next.Function;
        queueEvent.Queue = next.Queue;
        queueEvent.Frames = next.Frames;
        queueEvent.Bytes = next.Bytes;
        queueEvent.HasMore = next.HasMore;
        queueEvent.Fault = next.Fault;
        return true;
    }

    /// <summary>Ends a turn under way with a fault, as the engine does: its queue runs no more.</summary>
    public void Fault(int function, int queue, DmaFault fault)
    {
        Turns.RemoveAll(turn => turn.Function == function && turn.Queue == queue);
        _events.Enqueue(new QueueEvent { Kind = QueueEventKind.Faulted, Function = function, Queue = queue, Fault = fault });
    }

    /// <summary>Ends the oldest turn of a queue, if one is under way.</summary>
    public void EndTurn(int function, int queue, bool hasMore = false)
    {
        int oldest = Turns.FindIndex(turn => turn.Function == function && turn.Queue == queue);
        if (oldest >= 0)
        {
            Turns.RemoveAt(oldest);
        }

        Report(QueueEventKind.TurnOver, function, queue, hasMore);
    }

    /// <summary>Reports an event.</summary>
    public void Report(QueueEventKind kind, int function, int queue, bool hasMore = false, int frames = 1) => _events.Enqueue(new QueueEvent
    {
        Kind = kind,
        Function = function,
        Queue = queue,
        Frames = frames,
        Bytes = 64,
        HasMore = hasMore,
    });

    /// <summary>Ends every turn under way.</summary>
    public void EndTurns(bool hasMore = false)
    {
        foreach ((int function, int queue, _, _) in Turns)
        {
            Report(QueueEventKind.TurnOver, function, queue, hasMore);
        }

        Turns.Clear();
    }

    /// <summary>Puts a command on a control queue.</summary>
    /// <param name="length">Length that the engine reports; that of the bytes when it is not given.</param>
    public void Command(int function, int queue, byte[] command, int? length = null) =>
        _commands.Enqueue((function, queue, command, length ?? command.Length));

    public int TryTake(int function, int queue, byte[] buffer)
    {
        if (_commands.Count == 0 || _commands.Peek().Function != function || _commands.Peek().Queue != queue)
        {
            return -1;
        }

        (_, _, byte[] command, int length) = _commands.Dequeue();
        Array.Copy(command, buffer, Math.Min(command.Length, buffer.Length));
        return length;
    }

    public void Complete(int function, int queue, byte[] reply, int length) => Replies.Add(reply[..length]);
}
