// A folder of function sockets as the emulator opens it, on a loop with a thread of its own; the test is every client.
using System;
using System.IO;
using System.Linq;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Functions;
using SmartNicFw.Emulator.Loop;
using SmartNicFw.Firmware;
using SmartNicFw.Tests.VfioUser;

namespace SmartNicFw.Tests.Functions;

/// <summary>Everything but the paths belongs to the loop's thread.</summary>
internal sealed class FolderUnderTest : IDisposable
{
    private readonly string _parent = Directory.CreateTempSubdirectory("fn").FullName;
    private readonly EmulatedBoard _board;
    private readonly ControllerLoop _loop;
    private readonly LoopThread _thread;

    /// <param name="physicalFunctions">PFs; no VF is enabled yet.</param>
    public FolderUnderTest(int physicalFunctions = 1)
    {
        _board = new EmulatedBoard(new EndpointConfiguration { PhysicalFunctions = physicalFunctions, TotalVFs = 8 });
        _loop = new ControllerLoop(Step);
        Folder = new FunctionFolder(_board, System.IO.Path.Combine(_parent, "sockets"), _loop, Log);
        _thread = new LoopThread(_loop);
    }

    public FunctionFolder Folder { get; }

    public RecordingLog Log { get; } = new();

    /// <summary>Names in the folder, in order.</summary>
    public string[] Files => [.. Directory.EnumerateFileSystemEntries(Folder.Path)
        .Select(path => System.IO.Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    /// <summary>Sources of the loop without the test's own.</summary>
    public int Sources => OnLoop(() => _loop.SourceCount) - 1;

    public string PathOf(string name) => System.IO.Path.Combine(Folder.Path, name + ".sock");

    public void SetVFs(int count) => _thread.Do(() => Folder.SetVFs(count));

    public T OnLoop<T>(Func<T> job) => _thread.Do(job);

    public bool Eventually(Func<bool> condition) => _thread.Eventually(condition);

    public RawClient Attach(string name) => RawClient.Attached(PathOf(name));

    /// <summary>Ends in the order in which the emulator ends.</summary>
    /// <returns>What is left in the folder.</returns>
    public string[] Close()
    {
        _thread.Dispose();
        Folder.Dispose();
        string[] left = Files;
        _loop.Dispose();
        _thread.ThrowIfDead();
        return left;
    }

    public void Dispose()
    {
        if (!_loop.IsStopped)
        {
            Close();
        }

        Directory.Delete(_parent, recursive: true);
    }

    private bool Step()
    {
        if (_board.HasWork)
        {
            _board.Step();
        }

        return _board.HasWork;
    }
}
