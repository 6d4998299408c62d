// The queue engine behind a link of limited speed: turns are done at once, and reported when the link would have carried them.
using System;
using System.Collections.Generic;
using SmartNicFw.Emulator.Engine;
using SmartNicFw.Emulator.Link;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Emulator.Timing;

/// <summary>What becomes of a turn.</summary>
public enum TurnFate
{
    /// <summary>It is reported when the link has carried it.</summary>
    Reported = 0,

    /// <summary>No report of it ever comes.</summary>
    Lost = 1,

    /// <summary>Its read is answered with poisoned data.</summary>
    Poisoned = 2,
}

/// <summary>
/// Each resource of <see cref="LinkBounds"/> is a server that takes the turns in the order in which they were granted: a turn is carried when
/// the last of them is through with it, a round trip later for the answer to its last read. Its reports wait until then, those of a queue
/// in order. After <see cref="Stop"/> none of the queue's comes any more. Time is virtual: who drives the board calls
/// <see cref="PassToNext"/> while nothing else is to be done.
/// </summary>
/// <remarks>Frames that come in by the wire, and commands, are not timed.</remarks>
public sealed class TimedEngine : IQueueEngine
{
    private const double NsPerSecond = 1e9;
    private const long NsPerUs = 1000;

    private readonly QueueEngine _engine;
    private readonly VirtualClock _clock;
    private readonly LinkBounds _bounds;
    private readonly PriorityQueue<Report, (double DueNs, long Number)> _held = new();
    private readonly Dictionary<(int Function, int Queue), Timing> _queues = [];
    private readonly double[] _freeNs = new double[Enum.GetValues<LinkResource>().Length];
    private readonly double[] _busyNs = new double[Enum.GetValues<LinkResource>().Length];
    private readonly QueueEvent _report = new();
    private readonly List<Report> _ofTurn = [];
    private double _nowNs;
    private long _number;

    /// <summary>Puts a link before an engine.</summary>
    /// <param name="clock">The board's clock.</param>
    /// <param name="bounds">The link.</param>
    /// <param name="isPacked">What rings are assumed to be.</param>
    public TimedEngine(QueueEngine engine, VirtualClock clock, LinkBounds bounds, bool isPacked)
    {
        ArgumentNullException.ThrowIfNull(bounds);
        _engine = engine;
        _clock = clock;
        _bounds = bounds;
        Traffic = new LinkTraffic(bounds.Rules, isPacked);
    }

    /// <summary>The time, nanoseconds: the board's clock, and what it has not counted yet.</summary>
    public double NowNs => Math.Max(_nowNs, _clock.NowUs * NsPerUs);

    /// <summary>What turns are reckoned to ask of the link.</summary>
    public LinkTraffic Traffic { get; }

    /// <summary>Turns under way.</summary>
    public int UnderWay { get; private set; }

    /// <summary>Says what becomes of the turns of a queue, by function and queue; null: all are reported.</summary>
    public Func<int, int, TurnFate>? Fate { get; set; }

    /// <summary>Hears how long each turn took, nanoseconds.</summary>
    public Action<double>? Carried { get; set; }

    /// <summary>True when a report is due.</summary>
    public bool HasDue => _held.TryPeek(out _, out (double DueNs, long Number) first) && first.DueNs <= NowNs;

    /// <summary>Time that a resource was busy until now, nanoseconds: what it is yet to carry follows without a gap.</summary>
    public double BusyNs(LinkResource resource) => _busyNs[(int)resource] - Math.Max(0, _freeNs[(int)resource] - NowNs);

    /// <summary>Moves the time to the next report that waits for it.</summary>
    /// <returns>False when none does.</returns>
    public bool PassToNext()
    {
        if (!_held.TryPeek(out _, out (double DueNs, long Number) first))
        {
            return false;
        }

        _nowNs = Math.Max(NowNs, first.DueNs);
        long us = (long)(_nowNs / NsPerUs);
        if (us > _clock.NowUs)
        {
            _clock.Advance(us - _clock.NowUs);
        }

        return true;
    }

    /// <inheritdoc/>
    public void SetBusMaster(int function, bool isBusMaster) => _engine.SetBusMaster(function, isBusMaster);

    /// <inheritdoc/>
    public HalStatus Start(QueueSetup setup)
    {
        ArgumentNullException.ThrowIfNull(setup);
        HalStatus status = _engine.Start(setup);
        if (status == HalStatus.Ok)
        {
            _queues[(setup.Function, setup.Queue)] = new Timing();
        }

        return status;
    }

    /// <inheritdoc/>
    public void Stop(int function, int queue)
    {
        _engine.Stop(function, queue);
        if (_queues.Remove((function, queue), out Timing? timing))
        {
            timing.IsStopped = true;
            UnderWay -= timing.UnderWay;
        }
    }

    /// <inheritdoc/>
    public HalStatus SubmitTurn(int function, int queue, int frames, int bytes)
    {
        PassOn();
        HalStatus status = _engine.SubmitTurn(function, queue, frames, bytes);
        if (status != HalStatus.Ok || !_queues.TryGetValue((function, queue), out Timing? timing))
        {
            return status;
        }

        LinkLoad load = default;
        int copies = 0;
        while (_engine.TryTake(_report))
        {
            _ofTurn.Add(Report.Of(_report, Find(_report)));
            if (_report.Kind == QueueEventKind.TurnOver)
            {
                copies = LinkTraffic.CopiesOf(_report.Frames, _report.Bytes, _report.CopiedBytes);
                load = Traffic.Turn((queue & 1) != 0 ? _report.Frames : 0, _report.Bytes, copies, _report.CopiedBytes);
            }
        }

        double startNs = NowNs;
        double dueNs = Math.Max(Serve(load, startNs) + _bounds.RoundTripNs, timing.LastDueNs);
        timing.LastDueNs = dueNs;
        TurnFate fate = Fate?.Invoke(function, queue) ?? TurnFate.Reported;
        timing.UnderWay++;
        UnderWay++;
        foreach (Report report in _ofTurn)
        {
            bool isOwn = report.Function == function && report.Queue == queue;
            if (fate == TurnFate.Reported || !isOwn)
            {
                Hold(report, dueNs);
            }
            else if (fate == TurnFate.Poisoned && report.Kind == QueueEventKind.TurnOver)
            {
                Hold(report with { Kind = QueueEventKind.Faulted, Fault = DmaFault.PoisonedCompletion }, dueNs);
            }
        }

        _ofTurn.Clear();
        Carried?.Invoke(dueNs - startNs);
        return HalStatus.Ok;
    }

    /// <inheritdoc/>
    public bool TryTake(QueueEvent queueEvent)
    {
        ArgumentNullException.ThrowIfNull(queueEvent);
        PassOn();
        while (HasDue)
        {
            Report report = _held.Dequeue();
            if (report.Owner is { IsStopped: true })
            {
                continue;
            }

            if (report.Kind is QueueEventKind.TurnOver or QueueEventKind.Faulted && report.Owner is { UnderWay: > 0 } timing)
            {
                timing.UnderWay--;
                UnderWay--;
            }

            if (report.Kind == QueueEventKind.Faulted)
            {
                _engine.Stop(report.Function, report.Queue);
            }

            report.Fill(queueEvent);
            return true;
        }

        return false;
    }

    /// <inheritdoc/>
    public ulong ReadQueue(int function, int queue, int counter) => _engine.ReadQueue(function, queue, counter);

    /// <inheritdoc/>
    public void HoldNotification(int function, int queue, bool isHeld) => _engine.HoldNotification(function, queue, isHeld);

    /// <inheritdoc/>
    public bool WantsNotification(int function, int queue) => _engine.WantsNotification(function, queue);

    // What the engine reports by itself, of frames from the wire and of commands, takes no time on the link.
    private void PassOn()
    {
        while (_engine.TryTake(_report))
        {
            Hold(Report.Of(_report, Find(_report)), NowNs);
        }
    }

    private Timing? Find(QueueEvent report) => _queues.GetValueOrDefault((report.Function, report.Queue));

    private void Hold(Report report, double dueNs) => _held.Enqueue(report, (dueNs, _number++));

    // When the last resource is through with a load.
    private double Serve(LinkLoad load, double startNs)
    {
        double throughNs = startNs;
        foreach (LinkResource resource in Enum.GetValues<LinkResource>())
        {
            double ns = NsPerSecond / _bounds.UnitsPerSecond(resource, load);
            if (ns > 0)
            {
                int at = (int)resource;
                _freeNs[at] = Math.Max(_freeNs[at], startNs) + ns;
                _busyNs[at] += ns;
                throughNs = Math.Max(throughNs, _freeNs[at]);
            }
        }

        return throughNs;
    }

    /// <summary>A started queue: a report of an earlier life is known by it.</summary>
    private sealed class Timing
    {
        public bool IsStopped { get; set; }

        public int UnderWay { get; set; }

        public double LastDueNs { get; set; }
    }

    private sealed record Report(
        QueueEventKind Kind, int Function, int Queue, int Frames, int Bytes, int CopiedBytes, bool HasMore, bool IsBlocked, DmaFault Fault,
        Timing? Owner)
    {
        public static Report Of(QueueEvent from, Timing? timing) => new(
            from.Kind, from.Function, from.Queue, from.Frames, from.Bytes, from.CopiedBytes, from.HasMore, from.IsBlocked, from.Fault, timing);

        public void Fill(QueueEvent to)
        {
            to.Kind = Kind;
            to.Function = Function;
            to.Queue = Queue;
            to.Frames = Frames;
            to.Bytes = Bytes;
            to.CopiedBytes = CopiedBytes;
            to.HasMore = HasMore;
            to.IsBlocked = IsBlocked;
            to.Fault = Fault;
        }
    }
}
