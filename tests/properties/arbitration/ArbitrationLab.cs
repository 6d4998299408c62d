// The queues of a board that has no rings: arbitration itself, an engine that takes frames by count, and a line that time passes by.
using System;
using System.Collections.Generic;
using SmartNicFw.Emulator.Timing;
using SmartNicFw.Firmware;
using SmartNicFw.Firmware.Arbitration;
using SmartNicFw.Firmware.Config;
using SmartNicFw.Firmware.Management;
using SmartNicFw.Firmware.Timing;
using SmartNicFw.Firmware.Virtio;

namespace SmartNicFw.Tests.Properties.Arbitration;

/// <summary>A turn as the engine did it.</summary>
internal readonly record struct LabTurn(int Function, int Queue, int Frames, long LineBytes, long StartNs, long EndNs);

/// <summary>
/// Takes turns and ends them, as an engine does that does one at a time or several, and sends what they take over a line of the port's speed.
/// Nothing of a turn is believed but the frames that were taken in it: they are counted here.
/// </summary>
internal sealed class ArbitrationLab
{
    public const int Mbps = 25_000;
    private const int Endless = int.MaxValue;

    // What a turn costs beside its frames.
    public const int TurnNs = 100;

    private readonly Random _random;
    private readonly VirtualClock _clock = new();
    private readonly TimingWheel _wheel;
    private readonly QueueNumbering _queues;
    private readonly int _underWay;
    private readonly int _mbps;
    private readonly int _turnNs;
    private readonly List<(int Index, int Frames, int FrameBytes, long LineBytes, long StartNs, bool HasMore)> _turns = [];
    private readonly int[] _waiting;
    private readonly FrameMix[] _mix;
    private readonly int[] _size;
    private readonly int[] _inTurn;
    private readonly bool[] _rung;
    private readonly int[] _nextSize;

    /// <param name="mbps">Speed of the port and of the line.</param>
    /// <param name="underWay">Turns under way at a time: 1 for an engine that does them at once.</param>
    /// <param name="turnNs">What a turn costs beside its frames.</param>
    public ArbitrationLab(int functions, int groups, int queues, int seed, int underWay = 1, int mbps = Mbps, int turnNs = TurnNs)
    {
        var configuration = new EndpointConfiguration
        {
            TotalVFs = functions - 1,
            RateGroups = groups,
            PfQueuePairs = queues,
            VfQueuePairs = queues,
            EthernetMbps = mbps,
        };
        var numbering = new FunctionNumbering(1, functions - 1);
        _queues = new QueueNumbering(configuration, numbering);
        _wheel = new TimingWheel(TransmitScheduler.Timers(functions, groups + 1));
        Transmit = new TransmitScheduler(_queues, functions, groups + 1, Math.Max(underWay, 2), _clock, _wheel);
        Pending = new PendingQueues(_queues, Transmit);
        Control = new PolicyControl(configuration, numbering, new PolicyTable(configuration, numbering), null);
        Policy = new ArbitrationPolicy(Control, Transmit);
        _random = new Random(seed);
        _underWay = underWay;
        _mbps = mbps;
        Functions = functions;
        _turnNs = turnNs;
        _waiting = new int[_queues.Count];
        _mix = new FrameMix[_queues.Count];
        _size = new int[_queues.Count];
        _nextSize = new int[_queues.Count];
        _inTurn = new int[_queues.Count];
        _rung = new bool[_queues.Count];
    }

    public int Functions { get; }

    public TransmitScheduler Transmit { get; }

    public PendingQueues Pending { get; }

    public ArbitrationPolicy Policy { get; }

    public PolicyControl Control { get; }

    public VirtualClock Clock => _clock;

    public long NowNs { get; private set; }

    /// <summary>The index of a transmit queue.</summary>
    public int Index(int function, int pair) => _queues.First(function) + (2 * pair) + 1;

    /// <summary>Frames of these sizes are posted without end.</summary>
    public void Backlog(int function, int pair, FrameMix mix)
    {
        _mix[Index(function, pair)] = mix;
        Post(function, pair, Endless);
    }

    /// <summary>Frames of one size are posted without end.</summary>
    public void Backlog(int function, int pair, int bytes)
    {
        _size[Index(function, pair)] = bytes;
        Post(function, pair, Endless);
    }

    /// <summary>Posts frames of one size, and rings.</summary>
    public void Post(int function, int pair, int frames, int bytes)
    {
        _size[Index(function, pair)] = bytes;
        Post(function, pair, frames);
    }

    /// <summary>Frames that wait in a queue.</summary>
    public int Waiting(int function, int pair) => _waiting[Index(function, pair)];

    /// <summary>Rings for a queue.</summary>
    public void Ring(int function, int pair)
    {
        int index = Index(function, pair);
        if (_inTurn[index] > 0)
        {
            _rung[index] = true;
        }
        else
        {
            Pending.Add(index);
        }
    }

    /// <summary>Nothing is in the queue any more.</summary>
    public void Empty(int function, int pair) => _waiting[Index(function, pair)] = 0;

    /// <summary>Says of a turn whether its receiver holds it up.</summary>
    public Func<int, bool>? IsBlocked { get; set; }

    /// <summary>True: turns end in the order in which they were granted, as on a link; false: in any.</summary>
    public bool IsInOrder { get; set; }

    /// <summary>Grants what may be granted, then ends one turn.</summary>
    /// <returns>False when nothing was under way: time has passed until the next timer, or a microsecond.</returns>
    public bool TryTurn(out LabTurn turn)
    {
        FireTimers();
        int refused = 0;
        while (_turns.Count < _underWay && refused < 64)
        {
            int index = Pending.TryTake(out int bytes, out _);
            if (index >= 0)
            {
                Take(index, bytes);
            }
            else if (Pending.IsEmpty)
            {
                break;
            }
            else
            {
                refused++;
            }
        }

        if (_turns.Count == 0)
        {
            turn = default;
            Pass(Pending.IsEmpty && _wheel.NextUs != long.MaxValue ? Math.Clamp((_wheel.NextUs - _clock.NowUs) * 1000, 1000, 1_000_000) : 1000);
            return false;
        }

        // Turns of a queue end in order, those of different ones in any.
        int ended = IsInOrder ? 0 : _random.Next(_turns.Count);
        ended = _turns.FindIndex(one => one.Index == _turns[ended].Index);
        (int taken, int frames, int frameBytes, long lineBytes, long startNs, bool hasMore) = _turns[ended];
        _turns.RemoveAt(ended);
        Pass(_turnNs + (lineBytes * 8000 / _mbps));
        bool isRung = _rung[taken];
        bool isBlocked = IsBlocked is not null && IsBlocked(taken) && !isRung;
        _inTurn[taken]--;
        AfterTurn after = isBlocked ? AfterTurn.Blocked : hasMore ? AfterTurn.More : isRung ? AfterTurn.Unknown : AfterTurn.Nothing;
        Pending.EndTurn(taken, frames, frameBytes, frameBytes, after);
        turn = new LabTurn(_queues.FunctionOf(taken), _queues.QueueOf(taken) >> 1, frames, lineBytes, startNs, NowNs);
        return true;
    }

    /// <summary>Lets time pass.</summary>
    public void Pass(long ns)
    {
        NowNs += ns;
        if (NowNs / 1000 > _clock.NowUs)
        {
            _clock.Advance((NowNs / 1000) - _clock.NowUs);
        }
    }

    private void Post(int function, int pair, int frames)
    {
        int index = Index(function, pair);
        _waiting[index] = frames == Endless ? Endless : _waiting[index] + frames;
        Ring(function, pair);
    }

    private void FireTimers()
    {
        for (int timer = _wheel.TryTake(_clock.NowUs); timer >= 0; timer = _wheel.TryTake(_clock.NowUs))
        {
            Transmit.TimerDue(timer);
        }
    }

    // As an engine does: no frame is begun after the bytes, and bytes are those of frames, not of the line.
    private void Take(int index, int bytes)
    {
        int frames = 0;
        int sent = 0;
        long line = 0;
        if (_size[index] != 0)
        {
            int size = _size[index];
            frames = Math.Min(_waiting[index], Math.Min(TransmitScheduler.FramesPerTurn, ((bytes - 1) / size) + 1));
            sent = frames * size;
            line = (long)frames * Math.Max(size + 24, 84);
            _waiting[index] -= _waiting[index] == Endless ? 0 : frames;
        }

        while (_size[index] == 0 && frames < TransmitScheduler.FramesPerTurn && sent < bytes && _waiting[index] > 0)
        {
            int size = NextSize(index);
            sent += size;
            line += Math.Max(size + 24, 84);
            frames++;
            _waiting[index] -= _waiting[index] == Endless ? 0 : 1;
        }

        Pending.Begin(index);
        _rung[index] = false;
        _inTurn[index]++;
        _turns.Add((index, frames, sent, line, NowNs, _waiting[index] > 0));
    }

    private int NextSize(int index)
    {
        if (_size[index] != 0)
        {
            return _size[index];
        }

        // None below 60 bytes: arbitration is told the bytes of a turn, not of each frame, and so cannot see how many were padded.
        // Cheaper than a random number for each frame, and as irregular as is needed.
        int step = _nextSize[index] = (_nextSize[index] * 1103515245) + 12345 + index;
        int number = (step >> 16) & 0x7FFF;
        return _mix[index] switch
        {
            FrameMix.Small => 60 + (number % 54),
            FrameMix.Large => 65_550 - (number % 7000),
            _ => (number % 4) switch { 0 => 60 + (number % 30), 1 => 60 + (number % 1454), 2 => 9014 - (number % 100), _ => 65_550 - number },
        };
    }
}
