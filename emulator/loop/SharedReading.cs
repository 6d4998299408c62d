// The way from any thread to what is the loop's thread's to read. Knows neither what is read nor who asks.
using System;
using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;

namespace SmartNicFw.Emulator.Loop;

/// <summary>
/// Whoever asks knocks at the loop, which reads between two steps. All who ask while a reading is under way, or within
/// <see cref="Freshness"/> after one, share it: however often it is asked for, the loop is held up for one reading in that time.
/// </summary>
/// <typeparam name="T">A reading: nothing of it changes any more.</typeparam>
internal sealed unsafe class SharedReading<T> : ILoopSource, IDisposable
    where T : class
{
    private readonly Func<T> _read;
    private readonly LoopRegistration _registration;

    // Not device state: guards what askers share with the loop.
    private readonly Lock _asking = new();
    private TaskCompletionSource<T>? _awaited;
    private T? _last;
    private long _lastTime;
    private int _knock;

    /// <summary>Makes the way.</summary>
    /// <param name="freshness">Age up to which a reading is told again.</param>
    /// <param name="read">Reads; called on the loop's thread.</param>
    /// <exception cref="Win32Exception">The process has no room for another descriptor.</exception>
    public SharedReading(ControllerLoop loop, TimeSpan freshness, Func<T> read)
    {
        Freshness = freshness;
        _read = read;
        _knock = LibC.EventDescriptor(0, LibC.NonBlocking | LibC.CloseOnExec);
        if (_knock < 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }

        _registration = loop.Add(_knock, this, LoopEvents.Readable);
    }

    /// <summary>Age up to which a reading is told again.</summary>
    public TimeSpan Freshness { get; }

    /// <summary>Asks for a reading, from any thread but the loop's.</summary>
    /// <returns>A reading that is at the most <see cref="Freshness"/> old; it is late when the loop does not turn.</returns>
    /// <exception cref="OperationCanceledException">This has been disposed.</exception>
    public Task<T> ReadAsync()
    {
        lock (_asking)
        {
            if (_knock < 0)
            {
                return Task.FromCanceled<T>(new CancellationToken(canceled: true));
            }

            if (_last is not null && Stopwatch.GetElapsedTime(_lastTime) < Freshness)
            {
                return Task.FromResult(_last);
            }

            if (_awaited is null)
            {
                // Who waits goes on by a thread of its own, never on the loop's.
                _awaited = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
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
        T reading = _read();
        TaskCompletionSource<T>? awaited;
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
        TaskCompletionSource<T>? awaited;
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

        awaited?.SetCanceled();
    }
}
