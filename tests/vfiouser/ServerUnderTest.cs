// A loop on a thread of its own, with servers and fake devices; the test is the client and the judge.
using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using Microsoft.Extensions.Logging;
using SmartNicFw.Emulator.Loop;
using SmartNicFw.Emulator.VfioUser;

namespace SmartNicFw.Tests.VfioUser;

/// <summary>Two servers by default, so that one can be attacked and the other asked.</summary>
internal sealed class ServerUnderTest : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vu").FullName;
    private readonly LoopThread _thread;

    public ServerUnderTest(int servers = 2, TimeSpan? patience = null)
    {
        Loop = new ControllerLoop(() => false);
        for (int index = 0; index < servers; index++)
        {
            Devices.Add(new FakeDevice());
            Servers.Add(VfioUserServer.Open($"{_folder}/{index}.sock", Devices[index], Loop, Log, patience));
        }

        _thread = new LoopThread(Loop);
    }

    public ControllerLoop Loop { get; }

    public List<VfioUserServer> Servers { get; } = [];

    public List<FakeDevice> Devices { get; } = [];

    public RecordingLog Log { get; } = new();

    public FakeDevice Device => Devices[0];

    public string Path => Servers[0].Path;

    public RawClient Attach(int server = 0) => RawClient.Attached(Servers[server].Path);

    public T OnLoop<T>(Func<T> job) => _thread.Do(job);

    public void OnLoop(Action job) => _thread.Do(job);

    public bool Eventually(Func<bool> condition) => _thread.Eventually(condition);

    public void Dispose()
    {
        _thread.Dispose();
        foreach (VfioUserServer server in Servers)
            server.Dispose();
        Loop.Dispose();
        Directory.Delete(_folder, recursive: true);
        _thread.ThrowIfDead();
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
