// The started queues of all functions, and which of them have something to publish. Knows no frame.
using System;
using System.Collections.Generic;
using Microsoft.Extensions.Logging;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Emulator.Engine;

/// <summary>Started queues by function and number; used buffers are published once a turn, and reported.</summary>
internal sealed class QueueTable
{
    private readonly RunningQueue?[] _queues;
    private readonly PacketSwitch _switch;
    private readonly int _queuesPerFunction;
    private readonly List<RunningQueue> _dirty = new(256);
    private readonly List<RunningQueue> _broken = [];

    // Queues that wait for memory.
    private readonly List<RunningQueue> _resting = [];
    private readonly ILogger _log;
    private readonly Reports _reports = new();
    private readonly bool[] _isBusMaster;

    /// <summary>Makes room for the queues of all functions.</summary>
    public QueueTable(PacketSwitch packetSwitch, int queuesPerFunction, ILogger log)
    {
        _switch = packetSwitch;
        _log = log;
        _queuesPerFunction = queuesPerFunction;
        _queues = new RunningQueue?[packetSwitch.FunctionCount * queuesPerFunction];
        _isBusMaster = new bool[packetSwitch.FunctionCount];
    }

    /// <summary>Counters of the started queues.</summary>
    public QueueCounters Counters { get; } = new();

    /// <summary>True when a queue that rests may go on.</summary>
    public bool HasRisen
    {
        get
        {
            foreach (RunningQueue queue in _resting)
            {
                if (IsRisen(queue))
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>True while the rings of a queue may be read and written: its function is bus master, and they are mapped.</summary>
    /// <remarks>One whose memory is not there rests.</remarks>
    public bool MayReach(RunningQueue queue)
    {
        if (!_isBusMaster[queue.Function])
        {
            return false;
        }

        if (queue.Ring.TryReach())
        {
            return true;
        }

        Rest(queue);
        return false;
    }

    /// <summary>Lets a queue wait for memory: nobody rings for it then.</summary>
    public void Rest(RunningQueue queue)
    {
        if (!queue.IsResting)
        {
            queue.IsResting = true;
            _resting.Add(queue);
        }
    }

    /// <summary>Takes a queue that may go on, for its memory has changed.</summary>
    /// <returns>Null when there is none.</returns>
    public RunningQueue? TakeRisen()
    {
        for (int index = 0; index < _resting.Count; index++)
        {
            RunningQueue queue = _resting[index];
            if (IsRisen(queue))
            {
                queue.IsResting = false;
                _resting.RemoveAt(index);
                return queue;
            }
        }

        return null;
    }

    /// <summary>Says whether memory of a function may be read and written.</summary>
    public void SetBusMaster(int function, bool isBusMaster)
    {
        _isBusMaster[function] = isBusMaster;
        for (int queue = 0; queue < _queuesPerFunction; queue++)
        {
            if (Find(function, queue) is { } running)
            {
                QuietRefills(running);
            }
        }
    }

    /// <summary>Finds a started queue; null when it is not.</summary>
    public RunningQueue? Find(int function, int queue) =>
        (uint)queue < (uint)_queuesPerFunction ? _queues[(function * _queuesPerFunction) + queue] : null;

    /// <summary>True when the number can be one of a queue.</summary>
    public bool CanHave(int function, int queue) =>
        (uint)queue < (uint)_queuesPerFunction && (uint)function < (uint)_switch.FunctionCount;

    /// <summary>Adds a started queue.</summary>
    public void Add(RunningQueue queue)
    {
        _queues[(queue.Function * _queuesPerFunction) + queue.Queue] = queue;
        queue.CounterRow = Counters.Open();
        QuietRefills(queue);
    }

    /// <summary>
    /// Removes a queue: nothing of it is published or reported any more, and what waited for its buffers is dropped. Of one that is
    /// gone already the reports are removed.
    /// </summary>
    public void Remove(int function, int queue)
    {
        if (Find(function, queue) is { } running)
        {
            _queues[(function * _queuesPerFunction) + queue] = null;
            Counters.Close(running.CounterRow);
            _dirty.Remove(running);
            _resting.Remove(running);
            for (int waiting = running.Backlog?.Count ?? 0; waiting > 0; waiting--)
            {
                _switch.CountDropped(function, Counter.DroppedNoBuffer);
            }
        }

        _reports.Remove(function, queue);
    }

    /// <summary>Notes that buffers were used for frames, to be published at the end of the turn.</summary>
    public void MarkUsed(RunningQueue queue, int frames = 1)
    {
        if (queue.Used == 0)
        {
            _dirty.Add(queue);
        }

        queue.Used += frames;
    }

    /// <summary>
    /// Publishes what was used since the last call; reports the queues whose driver wants to hear of it, or would have before.
    /// </summary>
    public void Publish()
    {
        foreach (RunningQueue queue in _dirty)
        {
            int used = queue.Used;
            queue.Used = 0;
            if (queue.Ring.Publish() || queue.Ring.IsHeld)
            {
                TellUsed(queue, used);
            }
        }

        _dirty.Clear();
        foreach (RunningQueue queue in _broken)
        {
            Break(queue);
        }

        _broken.Clear();
    }

    /// <summary>Notes a queue whose ring is broken; it ends with the turn.</summary>
    public void MarkBroken(RunningQueue queue)
    {
        if (!_broken.Contains(queue))
        {
            _broken.Add(queue);
        }
    }

    /// <summary>The driver broke its ring: this queue ends here, and firmware hears of it.</summary>
    public void Break(RunningQueue queue)
    {
        Remove(queue.Function, queue.Queue);
        Tell(QueueEventKind.Broken, queue);
        EngineLog.QueueBroken(_log, queue.Function, queue.Queue);
    }

    /// <summary>Reports used buffers: one report a queue waits at the most, so that no guest can make them pile up.</summary>
    /// <param name="frames">Frames that they were used for.</param>
    public void TellUsed(RunningQueue queue, int frames)
    {
        if (queue.Reported == 0)
        {
            Tell(QueueEventKind.Used, queue);
        }

        queue.Reported += frames;
    }

    /// <summary>Adds a report of a queue.</summary>
    public void Tell(QueueEventKind kind, RunningQueue queue) => TellTurn(kind, queue, default, 0);

    /// <summary>Reports a turn.</summary>
    /// <param name="bytes">Bytes of the frames that were sent or received.</param>
    public void TellTurn(RunningQueue queue, Turn turn, int bytes) => TellTurn(QueueEventKind.TurnOver, queue, turn, bytes);

    /// <summary>Takes the oldest report.</summary>
    public bool TryTake(QueueEvent queueEvent)
    {
        if (_reports.IsEmpty)
        {
            return false;
        }

        ref readonly Report report = ref _reports.Oldest;
        queueEvent.Kind = report.Kind;
        queueEvent.Function = report.Function;
        queueEvent.Queue = report.Queue;
        queueEvent.Frames = report.Frames;
        if (report.Kind == QueueEventKind.Used && Find(report.Function, report.Queue) is { } queue)
        {
            queueEvent.Frames = queue.Reported;
            queue.Reported = 0;
        }

        queueEvent.Bytes = report.Bytes;
        queueEvent.CopiedBytes = report.CopiedBytes;
        queueEvent.HasMore = report.HasMore;
        queueEvent.IsBlocked = report.IsBlocked;
        _reports.RemoveOldest();
        return true;
    }

    // Refills are of no interest while no frame waits for one. A turn follows in which those that wait ask for them again.
    private void QuietRefills(RunningQueue queue)
    {
        if (queue.Role == QueueRole.Receive && MayReach(queue))
        {
            queue.Ring.DisableKicks();
        }
    }

    // Mapped or unmapped since; or it could be reached all the time, and remote memory was busy.
    private static bool IsRisen(RunningQueue queue) => queue.Ring.HasMoved || queue.Ring.TryReach();

    private void TellTurn(QueueEventKind kind, RunningQueue queue, Turn turn, int bytes)
    {
        ref Report report = ref _reports.Add();
        report.Kind = kind;
        report.Function = queue.Function;
        report.Queue = queue.Queue;
        report.Frames = turn.Frames;
        report.Bytes = bytes;
        report.CopiedBytes = turn.Bytes;
        report.HasMore = turn.HasMore;
        report.IsBlocked = queue.IsResting;
    }
}
