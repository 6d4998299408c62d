// A loop's own thread, and the way from a test's thread to it.
using System;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Threading;
using SmartNicFw.Emulator.Loop;

namespace SmartNicFw.Tests.VfioUser;

/// <summary>Runs a loop until it is disposed; jobs of a test come between its sources. The loop stays its maker's to dispose.</summary>
internal sealed class LoopThread : ILoopSource, IDisposable
{
    private readonly ControllerLoop _loop;
    private readonly Thread _thread;
    private readonly ConcurrentQueue<Action> _jobs = new();
    private readonly int _knock = RawSystem.Eventfd();
    private Exception? _death;

    public LoopThread(ControllerLoop loop)
    {
        _loop = loop;
        loop.Add(_knock, this, LoopEvents.Readable);
        _thread = new Thread(Run) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>Does something on the loop's thread and waits for it.</summary>
    public T Do<T>(Func<T> job)
    {
        using var done = new ManualResetEventSlim();
        T result = default!;
        Exception? problem = null;
        _jobs.Enqueue(() =>
        {
            try
            {
                result = job();
            }
            catch (Exception thrown)
            {
                problem = thrown;
            }

            done.Set();
        });
        Knock();
        if (!done.Wait(TimeSpan.FromSeconds(30)))
            throw new TimeoutException("the loop does not turn");
        return problem is null ? result : throw problem;
    }

    public void Do(Action job) => Do(() =>
    {
        job();
        return 0;
    });

    /// <summary>Waits for something that the loop is about to do.</summary>
    public bool Eventually(Func<bool> condition)
    {
        long start = Stopwatch.GetTimestamp();
        while (!Do(condition))
        {
            if (Stopwatch.GetElapsedTime(start) > TimeSpan.FromSeconds(20))
                return false;
            Thread.Sleep(1);
        }

        return true;
    }

    public void Ready(LoopEvents events)
    {
        _ = RawSystem.ReadEventfd(_knock);
        while (_jobs.TryDequeue(out Action? job))
            job();
    }

    /// <summary>Ends the thread.</summary>
    public void Dispose()
    {
        _loop.Stop();
        _thread.Join();
        _ = RawSystem.Close(_knock);
    }

    /// <summary>Throws what the loop threw.</summary>
    public void ThrowIfDead()
    {
        if (_death is not null)
            throw new InvalidOperationException("the loop died", _death);
    }

    private unsafe void Knock()
    {
        ulong one = 1;
        _ = RawSystem.Write(_knock, &one, 8);
    }

    private void Run()
    {
        try
        {
            _loop.Run();
        }
        catch (Exception death)
        {
            _death = death;
        }
    }
}
