// Reads the counters of all endpoints, for whoever asks from any thread. Knows no connection.
using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Text;
using System.Threading.Tasks;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Loop;

namespace SmartNicFw.Emulator.Metrics;

/// <summary>All counters of all endpoints at one moment, and their text, which is written once however many ask.</summary>
internal sealed class CounterReading(IReadOnlyList<CounterRow> rows)
{
    private readonly Lazy<byte[]> _text = new(() => Encoding.UTF8.GetBytes(Exposition.Write(rows)));

    /// <summary>The counters.</summary>
    public IReadOnlyList<CounterRow> Rows => rows;

    /// <summary>Them as Prometheus reads them.</summary>
    public byte[] Text => _text.Value;
}

/// <summary>The boards are read on the loop's thread, once in <see cref="Freshness"/> at the most.</summary>
internal sealed class CounterReader : IDisposable
{
    /// <summary>Age up to which a reading is told again.</summary>
    public static readonly TimeSpan Freshness = TimeSpan.FromMilliseconds(100);

    // Firmware's counters wrap at 2^32, and none grows by that in a minute.
    private static readonly TimeSpan ExtensionPeriod = TimeSpan.FromMinutes(1);

    private readonly EndpointCounters[] _endpoints;
    private readonly LoopTimer _extension;
    private readonly SharedReading<CounterReading> _reading;

    /// <summary>Makes the way to some boards, which live on a loop.</summary>
    /// <param name="boards">Endpoint 1 and the following.</param>
    /// <exception cref="Win32Exception">The process has no room for another descriptor.</exception>
    public CounterReader(ControllerLoop loop, IReadOnlyList<EmulatedBoard> boards)
    {
        _endpoints = new EndpointCounters[boards.Count];
        for (int index = 0; index < boards.Count; index++)
        {
            _endpoints[index] = new EndpointCounters(index + 1, boards[index]);
        }

        _reading = new SharedReading<CounterReading>(loop, Freshness, Read);
        _extension = new LoopTimer(loop, Extend);
        _extension.Arm(ExtensionPeriod);
    }

    /// <summary>The endpoints, whose counters are read on the loop's thread only.</summary>
    public IReadOnlyList<EndpointCounters> Endpoints => _endpoints;

    /// <summary>Asks for the counters, from any thread but the loop's.</summary>
    /// <returns>A reading that is at the most <see cref="Freshness"/> old; it is late when the loop does not turn.</returns>
    /// <exception cref="OperationCanceledException">The reader has been disposed.</exception>
    public Task<CounterReading> ReadAsync() => _reading.ReadAsync();

    /// <summary>Reads no more. After the loop has ended, or on its thread.</summary>
    public void Dispose()
    {
        _reading.Dispose();
        _extension.Disarm();
    }

    private CounterReading Read()
    {
        var rows = new List<CounterRow>();
        foreach (EndpointCounters endpoint in _endpoints)
        {
            endpoint.Read(rows);
        }

        return new CounterReading(rows);
    }

    private void Extend()
    {
        foreach (EndpointCounters endpoint in _endpoints)
        {
            endpoint.Extend();
        }

        _extension.Arm(ExtensionPeriod);
    }
}
