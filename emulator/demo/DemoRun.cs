// The whole story in one process: an endpoint, a host with a driver on every VF, and real frames between them.
using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.Extensions.Logging;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Emulator.Net.Capture;
using SmartNicFw.Firmware;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Demo;

/// <summary>
/// Replays frames: the addresses that send in the capture become VFs, as many as there are, each with its own address; what
/// the others sent comes in from the wire. A station all of whose frames bear one VLAN tag gets that VLAN as its port VLAN and
/// sends without tag. The last VF but one is an offender that sends with the address of another. Every frame that arrives is
/// compared with what <see cref="Expectation"/> says.
/// </summary>
internal sealed class DemoRun : IDisposable
{
    /// <summary>Longest frame that a driver here sends, bytes.</summary>
    public const int MaxFrameBytes = 65_549;

    private const int AddressBytes = 6;
    private const int HostMemoryBytes = 256 << 20;
    private const int OffenderPeriod = 10;
    private const int MaxStepsPerFrame = 64;

    private readonly EmulatedBoard _board;
    private readonly NetHost _host;
    private readonly DemoWire _wire = new();
    private readonly Expectation _expectation;
    private readonly CaptureWriter? _capture;
    private readonly int _offender;
    private readonly byte[] _forged;
    private long _nowNs;

    /// <summary>Boots the endpoint and brings a driver up on every VF.</summary>
    /// <param name="vfs">VFs, 3 upwards.</param>
    /// <param name="frames">The frames to be replayed, to find who takes part.</param>
    /// <param name="capture">Receives all frames, an interface for each VF and one for the wire; null for none.</param>
    /// <param name="log">Hears of functions and queues.</param>
    public DemoRun(int vfs, IReadOnlyList<DemoFrame> frames, CaptureWriter? capture, ILogger log)
    {
        _capture = capture;
        _board = new EmulatedBoard(new EndpointConfiguration { TotalVFs = vfs }, log);
        _board.Engine.Port = _wire;
        _host = new NetHost(_board, vfs, HostMemoryBytes);

        _offender = vfs - 2;
        Stations = FindStations(frames, vfs);
        _forged = [.. Stations[^1].Mac, .. Stations[0].Mac, 0x08, 0x00, .. new byte[46]];
        _expectation = new Expectation(Stations);
        for (int vf = 0; vf < vfs; vf++)
        {
            _capture?.AddInterface($"vf{vf}");
        }

        _capture?.AddInterface("wire");
        foreach (Station station in Stations)
        {
            Start(station);
        }

        _wire.Sent = frame => Arrived(null, frame);
    }

    /// <summary>The VFs and what they are.</summary>
    public IReadOnlyList<Station> Stations { get; }

    /// <summary>Frames sent so far, forged ones not among them.</summary>
    public long Sent { get; private set; }

    /// <summary>Forged frames sent so far.</summary>
    public long Forged { get; private set; }

    /// <summary>Number of the VF that forges.</summary>
    public int Offender => _offender;

    /// <summary>What arrived and what did not.</summary>
    public Expectation Expectation => _expectation;

    /// <summary>A counter of a VF.</summary>
    public ulong Read(int vf, int counter) => _board.Switch.Read(_board.Firmware.Numbering.VirtualFunction(0, vf), counter);

    /// <summary>Interrupts that a VF's driver took.</summary>
    public long InterruptsOf(int vf) => _host.Drivers[vf].Interrupts;

    /// <summary>Sends one frame of the capture, and every now and then a forged one, and lets everything arrive.</summary>
    public void Replay(DemoFrame captured)
    {
        byte[] frame = captured.Bytes;
        _nowNs = captured.TimestampNs;
        Station? sender = Stations.FirstOrDefault(
            station => station.Vf < _offender && frame.AsSpan(AddressBytes, AddressBytes).SequenceEqual(station.Mac));
        byte[] sent = sender is { PortVlan: > 0 } ? Expectation.WithoutTag(frame) : frame;
        _expectation.Sent(sender, sent);
        Record(sender, sent);
        Sent++;
        if (sender is null)
        {
            _wire.Put(sent);
        }
        else
        {
            Send(sender.Vf, sent);
        }

        Settle();
        if (Sent % OffenderPeriod == 0)
        {
            Forged++;
            Send(_offender, _forged);
            Settle();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _host.Dispose();

    private static List<Station> FindStations(IReadOnlyList<DemoFrame> frames, int vfs)
    {
        var senders = frames.Select(frame => frame.Bytes)
            .Where(frame => (frame[AddressBytes] & 1) == 0 && frame.AsSpan(AddressBytes, AddressBytes).IndexOfAnyExcept((byte)0) >= 0)
            .GroupBy(frame => Convert.ToHexString(frame, AddressBytes, AddressBytes)).Take(vfs - 2);
        var stations = new List<Station>();
        foreach (IGrouping<string, byte[]> sender in senders)
        {
            int[] vlans = [.. sender.Select(frame => Expectation.HasOneTag(frame) ? Expectation.VlanOf(frame) : 0).Distinct()];
            stations.Add(new Station(
                stations.Count, Convert.FromHexString(sender.Key), vlans.Length == 1 ? vlans[0] : 0, TakesAllMulticast: true));
        }

        while (stations.Count < vfs)
        {
            byte[] mac = [0x02, 0x00, 0x00, 0xFE, 0x00, (byte)stations.Count];
            stations.Add(new Station(stations.Count, mac, 0, TakesAllMulticast: false));
        }

        return stations;
    }

    private void Start(Station station)
    {
        int index = _board.Firmware.Numbering.VirtualFunction(0, station.Vf);
        ulong mac = 0;
        for (int place = AddressBytes - 1; place >= 0; place--)
        {
            mac = (mac << 8) | station.Mac[place];
        }

        _board.Firmware.DataPath.Policy.SetMac(index, mac);
        _board.Firmware.DataPath.Policy.SetPortVlan(index, station.PortVlan, 0);
        _board.Firmware.DataPath.Policy.SetSpoofCheck(index, true);
        _board.Firmware.DataPath.Policy.SetTrust(index, station.TakesAllMulticast);

        // Every other driver uses packed rings.
        // A capture may hold frames beyond any MTU.
        ulong without = (station.Vf % 2 == 0 ? 1UL << VirtioFeature.RingPacked : 0) | (1UL << VirtioNetFeature.Mtu);
        var options = new NetDriverOptions
        {
            WantedFeatures = NetFeatures.Supported & ~without,
            TransmitFrameBytes = MaxFrameBytes,
            QueueSize = 64,
        };
        NetDriver driver = _host.Start(station.Vf, options, (in ReceivedFrame frame) => Arrived(station, frame.Payload));
        if (station.TakesAllMulticast && driver.Control?.SetReceiveMode(VirtioNetControl.RxAllMulticast, isOn: true) != true)
        {
            throw new HostException($"{_host.VFs[station.Vf].Name} refuses to receive all multicast frames");
        }
    }

    private void Arrived(Station? receiver, ReadOnlySpan<byte> frame)
    {
        _expectation.Arrived(receiver, frame);
        Record(receiver, frame);
    }

    private void Record(Station? station, ReadOnlySpan<byte> frame) =>
        _capture?.Write(station?.Vf ?? Stations.Count, frame, _nowNs);

    private void Send(int vf, byte[] frame)
    {
        if (!_host.Drivers[vf].TrySend(frame))
        {
            throw new HostException($"the transmit queue of VF {vf} stays full");
        }

        _host.Drivers[vf].Flush();
    }

    // Until a whole round moves nothing; bounded, for a device that never comes to rest must not hang the demo.
    private void Settle()
    {
        for (int step = 0; step < MaxStepsPerFrame; step++)
        {
            long turns = _board.Engine.Turns;
            _board.Step();
            int moved = 0;
            foreach (NetDriver driver in _host.Drivers)
            {
                moved += driver.PollInterrupted();
            }

            if (moved == 0 && turns == _board.Engine.Turns && step > 1)
            {
                break;
            }
        }

        foreach (NetDriver driver in _host.Drivers)
        {
            driver.Poll();
        }
    }
}
