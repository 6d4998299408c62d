// VFs that all send more than the port takes, in virtual time: what each gets of it, counted where the frames arrive.
using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using Microsoft.Extensions.Logging;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Emulator.Timing;
using SmartNicFw.Firmware;
using SmartNicFw.Firmware.Arbitration;
using SmartNicFw.Firmware.Management;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Demo;

/// <summary>
/// An endpoint of its own, whose drivers keep their rings full. The clock stands still but for the time that the delivered frames
/// take on the line, so the port is saturated and every run is the same. Each frame carries when it was posted and its number.
/// </summary>
internal sealed class ShareRun : IDisposable
{
    /// <summary>Speed of the port, Mbit/s.</summary>
    public const int PortMbps = 10_000;

    private const int CheckAndGapBytes = 24;
    private const int BitsPerByte = 8;
    private const int HostMemoryBytes = 64 << 20;

    // More than a step takes from one VF: between two steps no ring runs dry.
    private const int QueueSize = 1024;
    private const int TurnOffset = 14;
    private const int NumberOffset = 22;
    private const int VfOffset = 30;
    private const long SettlingLineBytes = 10_000_000;
    private const long CountedLineBytes = 100_000_000;
    private const int MaxSteps = 100_000;

    // An address on the wire that no VF has.
    private static readonly byte[] FarAddress = [2, 0, 0, 0, 0, 0];
    private static readonly int[] FrameBytes = [60, 594, 1514];

    private readonly VirtualClock _clock = new();
    private readonly EmulatedBoard _board;
    private readonly NetHost _host;
    private readonly DemoWire _wire = new();
    private readonly byte[] _frame = new byte[FrameBytes.Max()];
    private long _lineBytes;
    private long _bitsOnClock;

    /// <summary>Boots the endpoint, tells the operator's policy, and brings a driver up on each VF.</summary>
    /// <param name="shares">What is set, for each VF.</param>
    /// <param name="log">Hears of functions and queues.</param>
    /// <exception cref="HostException">The policy refuses what is to be set; the message is its line.</exception>
    public ShareRun(IReadOnlyList<SenderShare> shares, ILogger log)
    {
        _board = new EmulatedBoard(
            new EndpointConfiguration { TotalVFs = shares.Count, EthernetMbps = PortMbps, MaxQueueSize = QueueSize }, log, _clock);
        _board.Engine.Port = _wire;
        _wire.Sent = Arrived;
        _host = new NetHost(_board, shares.Count, HostMemoryBytes);
        Senders = [.. Enumerable.Range(0, shares.Count).Select(vf => new Sender(vf))];
        for (int vf = 0; vf < shares.Count; vf++)
        {
            Set(_board.Firmware, vf, shares[vf]);
            Start(vf);
        }
    }

    /// <summary>The VFs.</summary>
    public IReadOnlyList<Sender> Senders { get; }

    /// <summary>Virtual time over which was counted, microseconds.</summary>
    public long ElapsedUs { get; private set; }

    /// <summary>Frames that arrived out of order, or are none of those posted.</summary>
    public long Wrong { get; private set; }

    /// <summary>Times that a VF had nothing waiting: its share would say nothing.</summary>
    public long RanDry { get; private set; }

    /// <summary>Sends until enough has arrived to settle all rates, and then until enough has arrived to judge them.</summary>
    public void Run()
    {
        Send(SettlingLineBytes);
        foreach (Sender sender in Senders)
        {
            sender.Forget();
        }

        long startUs = _clock.NowUs;
        RanDry = 0;
        Send(CountedLineBytes);
        ElapsedUs = _clock.NowUs - startUs;
    }

    /// <inheritdoc/>
    public void Dispose() => _host.Dispose();

    private static void Set(FirmwareRuntime firmware, int vf, SenderShare share)
    {
        ArbitrationPolicy policy = firmware.DataPath.Arbitration;
        int function = firmware.Numbering.VirtualFunction(0, vf);
        if ((policy.SetWeight(function, share.Weight) ?? policy.SetRates(function, share.GuaranteeMbps, share.LimitMbps)) is { } refusal)
        {
            throw new HostException(refusal);
        }
    }

    // Every other driver uses packed rings.
    private void Start(int vf)
    {
        ulong without = vf % 2 == 0 ? 1UL << VirtioFeature.RingPacked : 0;
        _host.Start(vf, new NetDriverOptions { WantedFeatures = NetFeatures.Supported & ~without, QueueSize = QueueSize });
    }

    // Bounded, for an endpoint that delivers nothing must not hang the demo.
    private void Send(long lineBytes)
    {
        _lineBytes = 0;
        for (int step = 0; step < MaxSteps && _lineBytes < lineBytes; step++)
        {
            foreach (Sender sender in Senders)
            {
                Fill(sender);
            }

            long before = _lineBytes;
            _board.Step();
            PassLineTime(_lineBytes - before);
        }
    }

    private void Fill(Sender sender)
    {
        NetDriver driver = _host.Drivers[sender.Vf];
        RanDry += sender.Posted > 0 && sender.Posted == sender.Next ? 1 : 0;
        while (TryPost(driver, sender))
        {
        }

        driver.Flush();
    }

    private bool TryPost(NetDriver driver, Sender sender)
    {
        Span<byte> frame = _frame.AsSpan(0, FrameBytes[(sender.Posted + sender.Vf) % FrameBytes.Length]);
        ExperimentalFrame.WriteHeader(frame, FarAddress, driver.MacAddress);
        BinaryPrimitives.WriteInt64BigEndian(frame[TurnOffset..], _board.Engine.Turns);
        BinaryPrimitives.WriteInt64BigEndian(frame[NumberOffset..], sender.Posted);
        frame[VfOffset] = (byte)sender.Vf;
        bool isPosted = driver.TrySend(frame);
        sender.Posted += isPosted ? 1 : 0;
        return isPosted;
    }

    private void Arrived(byte[] frame)
    {
        int lineBytes = frame.Length + CheckAndGapBytes;
        _lineBytes += lineBytes;
        Sender? sender = frame.Length > VfOffset && frame[VfOffset] < Senders.Count ? Senders[frame[VfOffset]] : null;
        if (sender is null || BinaryPrimitives.ReadInt64BigEndian(frame.AsSpan(NumberOffset)) != sender.Next)
        {
            Wrong++;
            return;
        }

        sender.Arrived(lineBytes, (int)(_board.Engine.Turns - BinaryPrimitives.ReadInt64BigEndian(frame.AsSpan(TurnOffset))));
    }

    // What no whole microsecond has passed for is left over. Where nothing could be sent time passes all the same, or no limit would end.
    private void PassLineTime(long lineBytes)
    {
        _bitsOnClock += lineBytes * BitsPerByte;
        _clock.Advance(lineBytes == 0 ? 1 : _bitsOnClock / PortMbps);
        _bitsOnClock %= PortMbps;
    }
}
