// VFs that send to each other as fast as a card behind a link lets them: the real firmware on real rings, in virtual time.
using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.Extensions.Logging;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Emulator.Link;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Emulator.Timing;
using SmartNicFw.Firmware;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Predict;

/// <summary>Each VF sends to the next, the last to the first; drivers take no time, the link and nothing else does.</summary>
internal sealed class PredictRun : IDisposable
{
    private const int QueueSize = 256;
    private const int MemoryBytesEach = 4 << 20;
    private const int MaxIdleRounds = 1000;

    private readonly VirtualClock _clock = new();
    private readonly EmulatedBoard _board;
    private readonly NetHost _host;
    private readonly List<byte[]> _frames = [];
    private readonly List<double> _turnNs = [];
    private readonly double[] _busyBefore = new double[Enum.GetValues<LinkResource>().Length];
    private long _received;

    /// <summary>Boots an endpoint behind a link, with a driver on each VF.</summary>
    public PredictRun(LinkBounds link, int vfs, int frameBytes, bool isPacked, ILogger log)
    {
        _board = new EmulatedBoard(
            new EndpointConfiguration
            {
                TotalVFs = vfs,
                MaxQueueSize = QueueSize,
                DmaTags = Math.Clamp(link.Tags, EndpointConfiguration.MinDmaTags, EndpointConfiguration.MaxDmaTags),
                MaxPayloadBytes = link.Rules.MaxPayload,
            },
            log, _clock, link, isPacked);
        _host = new NetHost(_board, vfs, vfs * MemoryBytesEach);
        var options = new NetDriverOptions
        {
            WantedFeatures = (1UL << VirtioNetFeature.Mac) | (1UL << VirtioNetFeature.MrgRxbuf)
                | (isPacked ? 1UL << VirtioFeature.RingPacked : 0),
            QueueSize = QueueSize,
            TransmitFrameBytes = frameBytes,
            InterruptAfter = 0,
            UsesMsix = false,
        };
        for (int vf = 0; vf < vfs; vf++)
        {
            _host.Start(vf, options, Count);
        }

        for (int vf = 0; vf < vfs; vf++)
        {
            byte[] frame = new byte[frameBytes];
            ExperimentalFrame.WriteHeader(frame, _host.Drivers[(vf + 1) % vfs].MacAddress, _host.Drivers[vf].MacAddress);
            _frames.Add(frame);
        }

        Timed.Carried = _turnNs.Add;
    }

    /// <summary>Virtual time that was measured, nanoseconds.</summary>
    public double ElapsedNs { get; private set; }

    /// <summary>Frames that arrived in it.</summary>
    public long Frames { get; private set; }

    /// <summary>The endpoint.</summary>
    public EmulatedBoard Board => _board;

    private TimedEngine Timed => _board.Timed!;

    /// <summary>Share of the time that a resource was busy, 0 to 1.</summary>
    public double Busy(LinkResource resource) => (Timed.BusyNs(resource) - _busyBefore[(int)resource]) / ElapsedNs;

    /// <summary>The time within which a part of the turns was over, nanoseconds.</summary>
    /// <param name="part">0 to 1.</param>
    public double TurnNs(double part)
    {
        _turnNs.Sort();
        return _turnNs.Count == 0 ? 0 : _turnNs[Math.Min(_turnNs.Count - 1, (int)(part * _turnNs.Count))];
    }

    /// <summary>Sends until so many frames have arrived, after as many again as are not counted.</summary>
    /// <exception cref="HostException">Nothing moves any more.</exception>
    public void Run(long frames)
    {
        Send(frames / 4);
        double startNs = Timed.NowNs;
        long before = _received;
        _turnNs.Clear();
        foreach (LinkResource resource in Enum.GetValues<LinkResource>())
        {
            _busyBefore[(int)resource] = Timed.BusyNs(resource);
        }

        Send(frames);
        ElapsedNs = Timed.NowNs - startNs;
        Frames = _received - before;
    }

    /// <inheritdoc/>
    public void Dispose() => _host.Dispose();

    private void Send(long frames)
    {
        long until = _received + frames;
        int idle = 0;
        while (_received < until)
        {
            long before = _received;
            for (int vf = 0; vf < _frames.Count; vf++)
            {
                NetDriver driver = _host.Drivers[vf];
                driver.Poll();
                while (driver.TrySend(_frames[vf]))
                {
                }

                driver.Flush();
            }

            do
            {
                _board.Step();
            }
            while (_board.HasWork);
            Timed.PassToNext();
            idle = _received == before ? idle + 1 : 0;
            if (idle > MaxIdleRounds)
            {
                throw new HostException("the endpoint delivers nothing any more");
            }
        }
    }

    private void Count(in ReceivedFrame frame) => _received++;
}
