// An endpoint on a loop's thread whose VFs send as they are told, in virtual time that follows the world's, and its page. Knows no browser.
using System;
using System.Collections.Generic;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Emulator.Http;
using SmartNicFw.Emulator.Loop;
using SmartNicFw.Emulator.Metrics;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Emulator.Timing;
using SmartNicFw.Emulator.Web;
using SmartNicFw.Firmware;
using SmartNicFw.Tests.VfioUser;

namespace SmartNicFw.Tests.Web;

/// <summary>A VF that sends.</summary>
/// <param name="Vf">Its number.</param>
/// <param name="Mbps">What it offers, Mbit/s on the line; 0 for as much as there is room for.</param>
/// <param name="To">The VF it sends to; -1 for the wire.</param>
/// <param name="Bytes">Length of its frames.</param>
/// <param name="IsForger">Its frames have an address that is not its own.</param>
internal sealed record Sender(int Vf, int Mbps = 0, int To = -1, int Bytes = 1514, bool IsForger = false)
{
    public long LineBits { get; set; }
}

/// <summary>One PF, some VFs, a port of 1 Gbit/s whose wire takes every frame.</summary>
internal sealed class TrafficLab : IDisposable
{
    private const int PortMbps = 1000;
    private const int StepUs = 10_000;
    private const int OverheadBytes = 24;

    private static readonly byte[] FarAddress = [2, 0, 0, 0, 0, 0];

    private readonly VirtualClock _clock = new();
    private readonly NetHost? _host;
    private readonly Sender[] _senders;
    private readonly ControllerLoop _loop = new(() => false);
    private readonly CounterReader _counters;
    private readonly CancellationTokenSource _end = new();
    private PageServer _server;
    private LoopThread? _thread;
    private Task _pump = Task.CompletedTask;
    private long _bitsOnClock;

    /// <param name="set">Tells the operator's policy.</param>
    public TrafficLab(int totalVFs, int enabledVFs, Action<FirmwareRuntime>? set, params Sender[] senders)
    {
        _senders = senders;
        Board = new EmulatedBoard(new EndpointConfiguration { TotalVFs = totalVFs, EthernetMbps = PortMbps }, null, _clock);
        Board.Engine.Port = new SinkPort();
        if (enabledVFs > 0)
        {
            _host = new NetHost(Board, enabledVFs, 64 << 20);
        }

        set?.Invoke(Board.Firmware);
        var wanted = new SortedSet<int>();
        foreach (Sender sender in senders)
        {
            wanted.Add(sender.Vf);
            wanted.Add(Math.Max(0, sender.To));
        }

        foreach (int vf in wanted)
        {
            _host!.Start(vf, new NetDriverOptions());
        }

        _counters = new CounterReader(_loop, [Board]);
        Reader = new PictureReader(_loop, _counters, [new EndpointTitle("functions /run/smartnic/card", "tap:tap0")]);
        _server = Serve(0);
    }

    public EmulatedBoard Board { get; }

    public PictureReader Reader { get; }

    public string Address => _server.Address;

    /// <summary>Sends for a time of the endpoint's clock, on the thread of the test; before <see cref="Run"/>.</summary>
    public void Send(int ms) => Pump(ms * 1000L);

    /// <summary>Has a loop's thread own the endpoint, and its time go on by itself.</summary>
    public void Run()
    {
        _thread = new LoopThread(_loop);
        _pump = Task.Run(async () =>
        {
            while (!_end.IsCancellationRequested)
            {
                _thread.Do(() => Pump(StepUs));
                await Task.Delay(StepUs / 1000).ConfigureAwait(false);
            }
        });
    }

    /// <summary>Closes the server, as the end of the emulator would.</summary>
    public void Close() => _server.Dispose();

    /// <summary>Serves again at the same address.</summary>
    public void Reopen() => _server = Serve(new Uri(_server.Address).Port);

    /// <summary>Does something on the thread that owns the endpoint.</summary>
    public void Do(Action job) => _thread!.Do(job);

    public void Dispose()
    {
        _end.Cancel();
        _pump.Wait();
        _server.Dispose();
        _thread?.Dispose();
        Reader.Dispose();
        _counters.Dispose();
        _loop.Dispose();
        _thread?.ThrowIfDead();
        _host?.Dispose();
        _end.Dispose();
    }

    private PageServer Serve(int port) => PageServer.Open("web", new IPEndPoint(IPAddress.Loopback, port), new WebPages(Reader.ReadAsync));

    private void Pump(long us)
    {
        long end = _clock.NowUs + us;
        while (_clock.NowUs < end)
        {
            foreach (Sender sender in _senders)
            {
                Fill(sender);
            }

            ulong before = LineBytes();
            Board.Step();
            foreach (NetDriver? driver in _host?.Drivers ?? [])
            {
                driver?.Poll();
            }

            _bitsOnClock += (long)(LineBytes() - before) * 8;
            _clock.Advance(LineBytes() == before ? 10 : _bitsOnClock / PortMbps);
            _bitsOnClock %= PortMbps;
        }
    }

    private ulong LineBytes()
    {
        ulong bytes = 0;
        foreach (Sender sender in _senders)
        {
            int function = Board.Firmware.Numbering.VirtualFunction(0, sender.Vf);
            bytes += Board.Switch.ReadPaddedBytes(function) + (OverheadBytes * Board.Switch.Read(function, Hal.Contracts.Counter.TransmittedFrames));
        }

        return bytes;
    }

    private void Fill(Sender sender)
    {
        NetDriver driver = _host!.Drivers[sender.Vf];
        var frame = new byte[sender.Bytes];
        ExperimentalFrame.WriteHeader(frame, sender.To < 0 ? FarAddress : _host.Drivers[sender.To].MacAddress, driver.MacAddress);
        frame[11] ^= (byte)(sender.IsForger ? 0x55 : 0);
        while ((sender.Mbps == 0 || sender.LineBits < _clock.NowUs * sender.Mbps) && driver.TrySend(frame))
        {
            sender.LineBits += (sender.Bytes + OverheadBytes) * 8;
        }

        driver.Flush();
    }
}
