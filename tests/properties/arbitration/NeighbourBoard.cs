// A whole board whose VFs share one port, in virtual time: real firmware, real rings. Knows no offence and judges nothing.
using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Demo;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Emulator.Timing;
using SmartNicFw.Firmware;
using SmartNicFw.Firmware.Arbitration;
using SmartNicFw.Firmware.Management;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Tests.Properties.Arbitration;

/// <summary>
/// VF 0 is the place of who may be hostile. VFs 1 and 2 always have work, every fourth frame of VF 1 is for VF 0. VF 3 sends bursts now and
/// then, well below its share.
/// </summary>
/// <remarks>
/// Time is what the hardware would be busy for: each frame for its time on a line of <see cref="PortMbps"/>, whether it goes to the
/// wire or to a VF; each frame that is dropped for that of the shortest; and a fixed cost for each turn, doorbell taken and command
/// answered. It passes while a step is under way, frame by frame, so that delivery is measured to the frame. A step of which nothing
/// came takes a microsecond.
/// </remarks>
internal sealed class NeighbourBoard : IDisposable
{
    public const int PortMbps = 10_000;
    public const int Offender = 0;
    public const int Bursty = 3;
    public const int VFs = 4;

    private const int HostMemoryBytes = 256 << 20;
    private const int NumberOffset = 14;
    private const int DueOffset = 22;
    private const int VfOffset = 30;
    private const int BurstFrames = 8;
    private const int QueueSize = 1024;
    private const int TurnNs = 200;
    private const int DoorbellNs = 50;

    private const int IdleNs = 1000;
    private const int MaxSteps = 200_000;

    // An address on the wire that no VF has.
    private static readonly byte[] FarAddress = [2, 0, 0, 0, 0, 0];
    private static readonly int[] FrameBytes = [60, 594, 1514];

    private readonly NetHost _host;
    private readonly DemoWire _wire = new();
    private readonly Random _random = new(1);
    private readonly byte[] _frame = new byte[FrameBytes.Max()];
    private readonly bool _isPacked;
    private readonly bool _isBacklogged;
    private long _turns;
    private ulong _dropped;
    private long _doorbells;
    private long _burstNs;

    /// <param name="isPacked">The kind of all rings.</param>
    /// <param name="offender">How the driver in VF 0 works.</param>
    /// <param name="isBacklogged">True: every VF always has work, and all of it is for the wire.</param>
    public NeighbourBoard(bool isPacked, NetDriverOptions? offender = null, bool isBacklogged = false)
    {
        _isPacked = isPacked;
        _isBacklogged = isBacklogged;
        _burstNs = isBacklogged ? long.MaxValue : 0;
        Flows = [.. Enumerable.Range(0, VFs).Select(vf => new Flow(vf, hasLocal: vf == 1 && !isBacklogged))];
        Board = new EmulatedBoard(
            new EndpointConfiguration { TotalVFs = VFs, EthernetMbps = PortMbps, MaxQueueSize = QueueSize }, null, Clock);
        Board.Engine.Port = _wire;
        _wire.Sent = Arrived;
        _host = new NetHost(Board, VFs, HostMemoryBytes);
        Command = _host.Memory.Allocate(16);
        Command.Span.Clear();
        for (int vf = 0; vf < VFs; vf++)
        {
            Start(vf, vf == Offender ? offender : null);
        }
    }

    public EmulatedBoard Board { get; }

    public NeighbourClock Clock { get; } = new();

    public ArbitrationPolicy Policy => Board.Firmware.DataPath.Arbitration;

    public NetDriver[] Drivers => _host.Drivers;

    public Flow[] Flows { get; }

    /// <summary>What VF 0 does before every step; null: it has work always, and takes what it receives.</summary>
    public Action<NeighbourBoard>? Offence { get; set; }

    /// <summary>What happens whenever time has passed, in the middle of steps too.</summary>
    public Action<NeighbourBoard>? Meanwhile { get; set; }

    /// <summary>Frames that arrived out of order, or twice, or damaged.</summary>
    public long Wrong { get; private set; }

    /// <summary>Times that VF 0 did it.</summary>
    public long Offences { get; private set; }

    /// <summary>What a command costs, looking for it and answering it included: twice what was measured, unless it is set.</summary>
    public int CommandNs { get; set; } = 500;

    /// <summary>Commands answered.</summary>
    public long Commands { get; private set; }

    /// <summary>Index of a VF as firmware numbers functions.</summary>
    public int Index(int vf) => Board.Firmware.Numbering.VirtualFunction(0, vf);

    public HostFunction Function(int vf) => _host.VFs[vf];

    public RootComplex Host => _host.Root;

    /// <summary>A command that switches promiscuous mode off (VIRTIO 1.4, 5.1.6.5.1), and room for its answer after 8 bytes.</summary>
    public HostBuffer Command { get; }

    /// <summary>Brings a driver up on a VF.</summary>
    public void Start(int vf, NetDriverOptions? options = null)
    {
        ulong without = _isPacked ? 0 : 1UL << VirtioFeature.RingPacked;
        _host.Start(vf, new NetDriverOptions
        {
            WantedFeatures = NetFeatures.Supported & ~without,
            QueueSize = options?.QueueSize ?? QueueSize,
            TransmitFrameBytes = options?.TransmitFrameBytes ?? FrameBytes.Max(),
        });
    }

    /// <summary>Lets everybody send for a time.</summary>
    public void Run(long ns)
    {
        long end = Clock.Ns + ns;
        for (int step = 0; step < MaxSteps && Clock.Ns < end; step++)
        {
            if (Offence is null)
            {
                Fill(Offender);
                Drivers[Offender].Poll();
            }
            else
            {
                Offence(this);
                Offences++;
            }

            Fill(1);
            Fill(2);
            if (_isBacklogged)
            {
                Fill(Bursty);
            }

            long before = Clock.Ns;
            Board.Step();
            Pass(0);
            Clock.Ns += Clock.Ns == before ? IdleNs : 0;
        }
    }

    /// <summary>Counts from now on.</summary>
    public void Forget()
    {
        foreach (Flow flow in Flows)
        {
            flow.Forget();
        }
    }

    /// <summary>Posts frames of mixed sizes until the ring is full.</summary>
    public void Fill(int vf)
    {
        while (TryPost(vf, FrameBytes[(Flows[vf].Posted + vf) % FrameBytes.Length], Clock.Ns))
        {
        }

        Drivers[vf].Flush();
    }

    /// <summary>A command was answered.</summary>
    public void CountCommands(int commands)
    {
        Commands += commands;
        Clock.Ns += commands * CommandNs;
    }

    public void Dispose() => _host.Dispose();

    private bool TryPost(int vf, int bytes, long dueNs)
    {
        Flow flow = Flows[vf];
        Span<byte> frame = _frame.AsSpan(0, bytes);
        ExperimentalFrame.WriteHeader(
            frame, flow.IsLocal(flow.Posted) ? Drivers[Offender].MacAddress : FarAddress, Drivers[vf].MacAddress);
        BinaryPrimitives.WriteInt64BigEndian(frame[NumberOffset..], flow.Posted);
        BinaryPrimitives.WriteInt64BigEndian(frame[DueOffset..], dueNs);
        frame[VfOffset] = (byte)vf;
        bool isPosted = Drivers[vf].TrySend(frame);
        flow.Posted += isPosted ? 1 : 0;
        return isPosted;
    }

    // Hardware was busy with a frame; with turns and doorbells before it; with frames that it dropped.
    private void Pass(long lineBytes)
    {
        int index = Index(Offender);
        ulong dropped = 0;
        for (int counter = Counter.DroppedSpoofed; counter < Counter.Count; counter++)
        {
            dropped += Board.Switch.Read(index, counter);
        }

        long doorbells = Board.Firmware.DataPath.Counters.StrayNotifications;
        for (int vf = 0; vf < VFs; vf++)
        {
            doorbells += Board.Firmware.DataPath.Counters.Notifications[Index(vf)];
        }

        // A reset takes counters back to zero.
        lineBytes += dropped > _dropped ? (long)(dropped - _dropped) * EthernetLine.MinBytes : 0;
        Clock.Ns += (lineBytes * 8000 / PortMbps) + ((Board.Engine.Turns - _turns) * TurnNs)
            + (Math.Max(doorbells - _doorbells, 0) * DoorbellNs);
        (_dropped, _doorbells, _turns) = (dropped, doorbells, Board.Engine.Turns);
        Meanwhile?.Invoke(this);
        while (_burstNs <= Clock.Ns)
        {
            for (int frame = 0; frame < BurstFrames; frame++)
            {
                TryPost(Bursty, FrameBytes[1], _burstNs);
            }

            Drivers[Bursty].Flush();
            _burstNs += _random.Next(20_000, 60_000);
        }
    }

    private void Arrived(byte[] frame)
    {
        int lineBytes = EthernetLine.Bytes(1, frame.Length);
        if (frame.Length <= VfOffset || !ExperimentalFrame.Is(frame))
        {
            // None of ours: the offender's.
            Pass(lineBytes);
            return;
        }

        Flow flow = Flows[frame[VfOffset] % VFs];
        long number = BinaryPrimitives.ReadInt64BigEndian(frame.AsSpan(NumberOffset));
        int local = 0;
        for (; flow.Next < number && flow.IsLocal(flow.Next); flow.Next++)
        {
            local += EthernetLine.Bytes(1, FrameBytes[(flow.Next + flow.Vf) % FrameBytes.Length]);
        }

        Pass(lineBytes + local);
        Wrong += number == flow.Next || (flow.Vf == Offender && Offence is not null) ? 0 : 1;
        flow.Next = number + 1;
        flow.Arrived(lineBytes, Clock.Ns - BinaryPrimitives.ReadInt64BigEndian(frame.AsSpan(DueOffset)));
    }

    /// <summary>What became of what a VF sent.</summary>
    internal sealed class Flow(int vf, bool hasLocal)
    {
        private const int LocalEvery = 4;
        private readonly List<long> _ns = [];

        public int Vf => vf;

        public long Posted { get; set; }

        public long Next { get; set; }

        public long LineBytes { get; private set; }

        public int Frames => _ns.Count;

        /// <summary>Whether a frame is for VF 0, not for the wire.</summary>
        public bool IsLocal(long number) => hasLocal && number % LocalEvery == 0;

        public void Arrived(int lineBytes, long ns)
        {
            LineBytes += lineBytes;
            _ns.Add(ns);
        }

        public void Forget()
        {
            LineBytes = 0;
            _ns.Clear();
        }

        /// <summary>Nanoseconds within which a part of the frames, 0 to 1, arrived.</summary>
        public long Percentile(double part)
        {
            List<long> sorted = [.. _ns.Order()];
            return sorted[Math.Min(sorted.Count - 1, (int)(part * sorted.Count))];
        }
    }
}

/// <summary>The board's clock: what time it is, unless it jumps or stands still.</summary>
internal sealed class NeighbourClock : BoardClock
{
    private long? _stillUs;

    /// <summary>The true time, nanoseconds.</summary>
    public long Ns { get; set; }

    /// <summary>How far the clock is off, microseconds.</summary>
    public long OffUs { get; set; }

    /// <summary>Whether it stands still.</summary>
    public bool IsStill
    {
        get => _stillUs is not null;
        set => _stillUs = value ? NowUs : null;
    }

    /// <inheritdoc/>
    public override long NowUs => _stillUs ?? ((Ns / 1000) + OffUs);

    /// <summary>Whoever waits for the board lets it step; time passes with what it does.</summary>
    public override void Pass(long us)
    {
    }
}
