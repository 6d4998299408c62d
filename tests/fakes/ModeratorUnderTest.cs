// The rooms that moderate interrupts, without the rest of the firmware: a clock and an engine in the test's hand, and an account of waits.
using System;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Firmware;
using SmartNicFw.Firmware.Config;
using SmartNicFw.Firmware.Dma;
using SmartNicFw.Firmware.Interrupt;
using SmartNicFw.Firmware.Management;
using SmartNicFw.Firmware.Timing;
using SmartNicFw.Firmware.Virtio;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Tests.Fakes;

/// <summary>Receive queue 0 and transmit queue 1 of one PF, without MSI-X: what leaves is a bit of ISR status.</summary>
internal sealed class ModeratorUnderTest : IMonotonicClock
{
    public const int Queues = 2;

    /// <summary>Entries of a ring when nothing is said.</summary>
    public const int RingSize = 256;

    private const int Pf = 0;

    private readonly VirtioState _state;
    private readonly TimingWheel _wheel;
    private readonly Coalescing _coalescing;
    private readonly InterruptModerator _moderator;
    private readonly Engine _engine = new();
    private readonly long[] _oldestUs = new long[Queues];

    public ModeratorUnderTest()
    {
        var configuration = new EndpointConfiguration { TotalVFs = 0, PfQueuePairs = 1 };
        var numbering = new FunctionNumbering(1, 0);
        var space = new FunctionConfigSpace(configuration, numbering);
        var counters = new Counters(numbering.Count);
        _state = new VirtioState(configuration, numbering, new PolicyTable(configuration, numbering));
        var mastering = new BusMastering(numbering, space, new ResetControl(numbering, space, this), _engine);
        _wheel = new TimingWheel(_state.Queues.Count + numbering.Count);
        _coalescing = new Coalescing(_state, new AdaptiveModeration(_state, _engine));
        var ceilings = new InterruptCeilings(_state, this, _wheel, _state.Queues.Count);
        _moderator = new InterruptModerator(
            _state, new MsixTable(configuration, numbering, space, mastering, new RecordingPorts(), counters), _engine, this, _wheel, 0,
            _coalescing, ceilings, counters);
        Policy = new InterruptPolicy(new PolicyControl(configuration, numbering, new PolicyTable(configuration, numbering), null), _moderator, ceilings, _coalescing);
        Assert(Policy.SetAdaptive(Pf, true) is null);
        for (int queue = 0; queue < Queues; queue++)
        {
            Restart(queue);
        }
    }

    public InterruptPolicy Policy { get; }

    /// <summary>The clock; a test may set it back.</summary>
    public long NowUs { get; set; } = 1_000_000;

    /// <summary>Whether the driver still wants what waits.</summary>
    public bool IsWanted { get => _engine.IsWanted; set => _engine.IsWanted = value; }

    /// <summary>By queue: notifications that left, those of them that had waited, and the longest wait.</summary>
    public int[] Left { get; } = new int[Queues];

    public int[] Delayed { get; } = new int[Queues];

    public long[] LongestUs { get; } = new long[Queues];

    public int Level(int queue) => Policy.Level(Pf, queue);

    public uint Usecs(int queue) => _coalescing.Usecs(queue);

    public uint Packets(int queue) => _coalescing.Packets(queue);

    /// <summary>Whether used buffers wait for their notification.</summary>
    public bool IsWaiting(int queue) => _oldestUs[queue] != 0;

    public void SetAdaptive(bool isOn)
    {
        Assert(Policy.SetAdaptive(Pf, isOn) is null);
        Judge();
    }

    /// <summary>What VQ_NOTF_COAL sets.</summary>
    public void Set(int queue, uint packets, uint usecs)
    {
        _coalescing.Set(queue, packets, usecs);
        _moderator.ParametersChanged(Pf);
        Judge();
    }

    /// <summary>The queue is reset and enabled again.</summary>
    /// <param name="size">Queue size, 1 upwards.</param>
    public void Restart(int queue, int size = RingSize)
    {
        _moderator.Forget(queue);
        _oldestUs[queue] = 0;
        _state.Size[queue] = (ushort)size;
        _coalescing.Start(Pf, queue);
    }

    public void ResetDevice()
    {
        _coalescing.Clear(Pf);
        for (int queue = 0; queue < Queues; queue++)
        {
            Restart(queue);
        }
    }

    /// <summary>Buffers were used.</summary>
    public void Use(int queue, int frames, int bytes = 1500)
    {
        _engine.Count(queue, frames, bytes);
        _oldestUs[queue] = _oldestUs[queue] == 0 ? NowUs : _oldestUs[queue];
        _moderator.QueueUsed(Pf, queue, frames);
        Judge(queue);
    }

    /// <summary>Time passes, and every timer fires when it is due.</summary>
    public void PassUntil(long us)
    {
        while (_wheel.NextUs <= us)
        {
            NowUs = Math.Max(NowUs, _wheel.NextUs);
            int timer = _wheel.TryTake(NowUs);
            if (timer >= 0)
            {
                _moderator.Fire(timer);
                Judge(timer);
            }
        }

        NowUs = us;
    }

    /// <summary>Lets the engine's counters start near their wrap, of 32 and of 64 bits.</summary>
    public void WrapCounters(ulong before) => _engine.Start(ulong.MaxValue - before);

    private void Judge()
    {
        // Which of them left is not told apart by an ISR: asked of the engine, which holds what waits.
        for (int queue = 0; queue < Queues; queue++)
        {
            if (!_engine.IsHeld[queue] && _oldestUs[queue] != 0)
            {
                Leave(queue);
            }
        }

        _state.Isr[Pf] = 0;
    }

    private void Judge(int queue)
    {
        bool hasLeft = (_state.Isr[Pf] & VirtioIsr.Queue) != 0;
        _state.Isr[Pf] = 0;
        if (hasLeft)
        {
            Leave(queue);
        }
        else if (!_engine.IsHeld[queue])
        {
            // No longer wanted.
            _oldestUs[queue] = 0;
        }
    }

    private void Leave(int queue)
    {
        long us = NowUs - _oldestUs[queue];
        Left[queue]++;
        Delayed[queue] += us > 0 ? 1 : 0;
        LongestUs[queue] = Math.Max(LongestUs[queue], us);
        _oldestUs[queue] = 0;
    }

    private static void Assert(bool isTrue)
    {
        if (!isTrue)
        {
            throw new InvalidOperationException("the policy refuses");
        }
    }

    private sealed class Engine : IQueueEngine
    {
        private readonly ulong[] _frames = new ulong[Queues];
        private readonly ulong[] _bytes = new ulong[Queues];

        public bool[] IsHeld { get; } = new bool[Queues];

        public bool IsWanted { get; set; } = true;

        public void Count(int queue, int frames, int bytes)
        {
            _frames[queue] += (ulong)frames;
            _bytes[queue] += (ulong)frames * (ulong)bytes;
        }

        public void Start(ulong value)
        {
            Array.Fill(_frames, value);
            Array.Fill(_bytes, value);
        }

        public ulong ReadQueue(int function, int queue, int counter) =>
            counter == QueueCounter.Bytes ? _bytes[queue] : counter == QueueCounter.Frames ? _frames[queue] : 0;

        public void HoldNotification(int function, int queue, bool isHeld) => IsHeld[queue] = isHeld;

        public bool WantsNotification(int function, int queue) => IsWanted;

        public void SetBusMaster(int function, bool isBusMaster)
        {
        }

        public HalStatus Start(QueueSetup setup) => HalStatus.Ok;

        public void Stop(int function, int queue) => IsHeld[queue] = false;

        public HalStatus SubmitTurn(int function, int queue, int frames, int bytes) => HalStatus.Ok;

        public bool TryTake(QueueEvent queueEvent) => false;
    }
}
