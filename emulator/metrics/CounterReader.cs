// The way from any thread to the counters, which are the loop's thread's to read. Knows no connection.
using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;
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

/// <summary>
/// Whoever asks knocks at the loop, which reads between two steps. All who ask while a reading is under way, or within <see cref="Freshness"/>
/// after one, share it: however often it is asked for, the board is held up for one reading in that time.
/// </summary>
internal sealed unsafe class CounterReader : ILoopSource, IDisposable
{
    /// <summary>Age up to which a reading is told again.</summary>
    public static readonly TimeSpan Freshness = TimeSpan.FromMilliseconds(100);

    // Firmware's counters wrap at 2^32, and none grows by that in a minute.
    private static readonly TimeSpan ExtensionPeriod = TimeSpan.FromMinutes(1);

    private readonly EndpointCounters[] _endpoints;
    private readonly LoopTimer _extension;
    private readonly LoopRegistration _registration;

    // Not device state: guards what askers share with the loop.
    private readonly Lock _asking = new();
    private TaskCompletionSource<CounterReading>? _awaited;
    private CounterReading? _last;
    private long _lastTime;
    private int _knock;

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

        _knock = LibC.EventDescriptor(0, LibC.NonBlocking | LibC.CloseOnExec);
        if (_knock < 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }

        _registration = loop.Add(_knock, this, LoopEvents.Readable);
        _extension = new LoopTimer(loop, Extend);
        _extension.Arm(ExtensionPeriod);
    }

    /// <summary>Asks for the counters, from any thread but the loop's.</summary>
    /// <returns>A reading that is at the most <see cref="Freshness"/> old; it is late when the loop does not turn.</returns>
    /// <exception cref="OperationCanceledException">The reader has been disposed.</exception>
    public Task<CounterReading> ReadAsync()
    {
        lock (_asking)
        {
            if (_knock < 0)
            {
                return Task.FromCanceled<CounterReading>(new CancellationToken(canceled: true));
            }

            if (_last is not null && Stopwatch.GetElapsedTime(_lastTime) < Freshness)
            {
                return Task.FromResult(_last);
            }

            if (_awaited is null)
            {
                // Who waits goes on by a thread of its own, never on the loop's.
                _awaited = new TaskCompletionSource<CounterReading>(TaskCreationOptions.RunContinuationsAsynchronously);
                EventSignal.Signal(_knock);
            }

            return _awaited.Task;
        }
    }

    /// <summary>Reads for those who knocked.</summary>
    public void Ready(LoopEvents events)
    {
        ulong knocks;
        _ = LibC.Read(_knock, &knocks, sizeof(ulong));
        var rows = new List<CounterRow>();
        foreach (EndpointCounters endpoint in _endpoints)
        {
            endpoint.Read(rows);
        }

        var reading = new CounterReading(rows);
        TaskCompletionSource<CounterReading>? awaited;
        lock (_asking)
        {
            awaited = _awaited;
            _awaited = null;
            _last = reading;
            _lastTime = Stopwatch.GetTimestamp();
        }

        awaited?.SetResult(reading);
    }

    /// <summary>Reads no more. After the loop has ended, or on its thread.</summary>
    public void Dispose()
    {
        TaskCompletionSource<CounterReading>? awaited;
        lock (_asking)
        {
            if (_knock < 0)
            {
                return;
            }

            _registration.Remove();
            _ = LibC.Close(_knock);
            _knock = -1;
            awaited = _awaited;
            _awaited = null;
        }

        _extension.Disarm();
        awaited?.SetCanceled();
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
