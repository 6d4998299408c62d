// Traces of one board: hangs itself between firmware and the contracts of the HAL, and tells every open trace. Knows no reader.
using System;
using System.Collections.Generic;
using System.Globalization;
using SmartNicFw.Emulator.Engine;
using SmartNicFw.Emulator.Timing;
using SmartNicFw.Firmware;
using SmartNicFw.Firmware.Dma;

namespace SmartNicFw.Emulator.Trace;

/// <summary>
/// While no trace is open a decorator costs its contract one call and one comparison, and frames cost nothing. While one is, frames go
/// one by one. Everything happens on the board's thread, in the order in which firmware and engine do it.
/// </summary>
public sealed partial class BoardTrace
{
    /// <summary>Traces that are open at a time, at the most.</summary>
    public const int MaxTraces = 4;

    // Besides what ends a trace there is always room for a frame of every size.
    private const int MinBufferBytes = 256 << 10;
    private const int MinBytesOfFunction = 64;

    private readonly List<RunningTrace> _traces = new(MaxTraces);
    private FirmwareRuntime? _firmware;
    private EndpointConfiguration _configuration = new();
    private QueueEngine? _engine;
    private BoardClock _clock = new VirtualClock();
    private TimedEngine? _timed;
    private long _lastNs;

    /// <summary>Functions that there are, enabled or not; 0 before <see cref="Attach"/>.</summary>
    public int Functions => _firmware?.Numbering.Count ?? 0;

    /// <summary>True while a trace is open.</summary>
    public bool IsOn { get; private set; }

    /// <summary>
    /// The time of every record, nanoseconds: the board's clock, or what a modelled link has counted beyond it, since 1970 where the
    /// board's clock is the world's. It never goes back.
    /// </summary>
    public long NowNs => _lastNs = Math.Max(_lastNs, _clock.ZeroNs + (_timed is null ? _clock.NowNs : (long)_timed.NowNs));

    /// <summary>Puts decorators around the contracts that are traced, before firmware gets to know them.</summary>
    public void Wrap(BoardContracts contracts)
    {
        ArgumentNullException.ThrowIfNull(contracts);
        contracts.ConfigPort = new TracedConfigPort(contracts.ConfigPort, this);
        contracts.LinkPort = new TracedLinkPort(contracts.LinkPort, this);
        contracts.BarPort = new TracedBarPort(contracts.BarPort, this);
        contracts.DoorbellPort = new TracedDoorbellPort(contracts.DoorbellPort, this);
        contracts.MsixPort = new TracedMsixPort(contracts.MsixPort, this);
        contracts.QueueEngine = new TracedQueueEngine(contracts.QueueEngine, this);
    }

    /// <summary>Says whom the trace is of; nothing is traced before.</summary>
    /// <param name="timed">The engine behind a modelled link; null without one.</param>
    public void Attach(EndpointConfiguration configuration, FirmwareRuntime firmware, QueueEngine engine, BoardClock clock, TimedEngine? timed)
    {
        _configuration = configuration;
        _firmware = firmware;
        _transfers = new TransferRules(firmware.Numbering, firmware.Space);
        _engine = engine;
        _clock = clock;
        _timed = timed;
    }

    /// <summary>Opens a trace, which begins now.</summary>
    /// <param name="function">Index of the one function that is traced, or <see cref="RunningTrace.AllFunctions"/>.</param>
    /// <param name="bufferBytes">Room for what is not taken yet; there is a least.</param>
    /// <returns>Null when there are <see cref="MaxTraces"/> already, or no such function, or nothing to trace.</returns>
    public RunningTrace? TryOpen(int function = RunningTrace.AllFunctions, int bufferBytes = RunningTrace.DefaultBufferBytes)
    {
        if (_firmware is null || _traces.Count == MaxTraces || function < RunningTrace.AllFunctions || function >= _firmware.Numbering.Count)
        {
            return null;
        }

        int functions = _firmware.Numbering.Count;
        int bytes = Math.Max(bufferBytes, MinBufferBytes + (functions * MinBytesOfFunction));
        var trace = new RunningTrace(this, functions, function, bytes);
        WriteStart(trace, function, bytes);
        _traces.Add(trace);
        IsOn = true;
        _engine!.Tap = this;
        return trace;
    }

    /// <summary>Name of a station: pf0, vf3 of pf0, pf1vf3; wire.</summary>
    internal string NameOf(int station)
    {
        if (station < 0)
        {
            return "wire";
        }

        int pf = _firmware!.Numbering.PhysicalFunctionOf(station);
        string pfName = string.Create(CultureInfo.InvariantCulture, $"pf{pf}");
        return !_firmware.Numbering.IsVirtual(station)
            ? pfName
            : string.Create(CultureInfo.InvariantCulture, $"{(pf == 0 ? "" : pfName)}vf{_firmware.Numbering.VfNumberOf(station)}");
    }

    internal void Close(RunningTrace trace)
    {
        _traces.Remove(trace);
        if (_traces.Count == 0)
        {
            IsOn = false;
            _engine!.Tap = null;
        }
    }
}
