// A loop on a thread of its own, with servers and fake devices; the test is the client and the judge.
using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Threading;
using Microsoft.Extensions.Logging;
using SmartNicFw.Emulator.Loop;
using SmartNicFw.Emulator.VfioUser;

namespace SmartNicFw.Tests.VfioUser;

/// <summary>Two servers by default, so that one can be attacked and the other asked.</summary>
internal sealed class ServerUnderTest : ILoopSource, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vu").FullName;
    private readonly Thread _thread;
    private readonly ConcurrentQueue<Action> _jobs = new();
    private readonly int _knock = RawSystem.Eventfd();
    private Exception? _death;

    public ServerUnderTest(int servers = 2, TimeSpan? patience = null)
    {
        Loop = new ControllerLoop(() => false);
        Loop.Add(_knock, this, LoopEvents.Readable);
        for (int index = 0; index < servers; index++)
        {
            Devices.Add(new FakeDevice());
            Servers.Add(VfioUserServer.Open($"{_folder}/{index}.sock", Devices[index], Loop, Log, patience));
        }

        _thread = new Thread(Run) { IsBackground = true };
        _thread.Start();
    }

    public ControllerLoop Loop { get; }

    public List<VfioUserServer> Servers { get; } = [];

    public List<FakeDevice> Devices { get; } = [];

    public RecordingLog Log { get; } = new();

    public FakeDevice Device => Devices[0];

    public string Path => Servers[0].Path;

    public RawClient Attach(int server = 0) => RawClient.Attached(Servers[server].Path);

    /// <summary>Does something on the loop's thread and waits for it.</summary>
    public T OnLoop<T>(Func<T> job)
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

    public void OnLoop(Action job) => OnLoop(() =>
    {
        job();
        return 0;
    });

    /// <summary>Waits for something that the loop is about to do.</summary>
    public bool Eventually(Func<bool> condition)
    {
        long start = Stopwatch.GetTimestamp();
        while (!OnLoop(condition))
        {
            if (Stopwatch.GetElapsedTime(start) > TimeSpan.FromSeconds(20))
                return false;
            Thread.Sleep(1);
        }

        return true;
    }

    public unsafe void Ready(LoopEvents events)
    {
        _ = RawSystem.ReadEventfd(_knock);
        while (_jobs.TryDequeue(out Action? job))
            job();
    }

    public void Dispose()
    {
        Loop.Stop();
        _thread.Join();
        foreach (VfioUserServer server in Servers)
            server.Dispose();
        Loop.Dispose();
        _ = RawSystem.Close(_knock);
        Directory.Delete(_folder, recursive: true);
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
            Loop.Run();
        }
        catch (Exception death)
        {
            _death = death;
        }
    }
}

/// <summary>Keeps what was logged, the first thousand lines of it.</summary>
internal sealed class RecordingLog : ILogger
{
    private const int MaxLines = 1000;

    public ConcurrentQueue<string> Lines { get; } = new();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (Lines.Count < MaxLines)
            Lines.Enqueue($"{logLevel}: {formatter(state, exception)}");
    }
}
