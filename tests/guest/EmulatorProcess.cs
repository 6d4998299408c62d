// The emulator as a process of its own, listening for hosts. Knows its command line and its standard input and output.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading;
using NUnit.Framework;

namespace SmartNicFw.Tests.Guest;

/// <summary>Starts <c>emulator run</c> as it lies beside the tests, and always ends it.</summary>
internal sealed class EmulatorProcess : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("smartnic-run-").FullName;
    private readonly List<string> _lines = [];
    private readonly OwnedProcess _process;

    /// <summary>Starts the emulator and waits until its sockets listen.</summary>
    /// <param name="arguments">
    /// Arguments of <c>run</c>, where {0} stands for a folder of this emulator's own, as in <c>--hierarchy {0}/vmd.sock</c>.
    /// </param>
    public EmulatorProcess(params string[] arguments)
        : this(null, arguments)
    {
    }

    /// <summary>Starts the emulator in a network namespace.</summary>
    public EmulatorProcess(HostNamespace? place, params string[] arguments)
    {
        string program = Path.Combine(TestContext.CurrentContext.TestDirectory, "emulator.dll");
        string[] own = [.. arguments.Select(argument => argument.Replace("{0}", _folder, StringComparison.Ordinal))];
        try
        {
            string[] command = [.. place?.Enter ?? [], "dotnet", program, "run", .. own];
            _process = new OwnedProcess(command[0], command[1..], Take, End);
        }
        catch
        {
            Directory.Delete(_folder, recursive: true);
            throw;
        }

        try
        {
            WaitForLine(line => line == "ready");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The emulator's process id.</summary>
    public int ProcessId => _process.ProcessId;

    public bool HasEnded => _process.HasEnded;

    /// <summary>What it printed so far.</summary>
    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_lines)
            {
                return [.. _lines];
            }
        }
    }

    /// <summary>The last lines of its standard error.</summary>
    public string Errors => _process.Errors;

    /// <summary>A path in this emulator's own folder, such as that of a socket.</summary>
    public string PathOf(string name) => Path.Combine(_folder, name);

    /// <summary>Gives it a command, such as unplug, plug or quit.</summary>
    public void Say(string command) => _process.WriteLine(command);

    /// <summary>Waits for a line, among those already printed too; the test fails if it never comes.</summary>
    public string WaitForLine(Func<string, bool> isWanted, TimeSpan? limit = null)
    {
        long start = Stopwatch.GetTimestamp();
        lock (_lines)
        {
            while (true)
            {
                if (_lines.Find(line => isWanted(line)) is { } wanted)
                {
                    return wanted;
                }

                TimeSpan left = (limit ?? Limit) - Stopwatch.GetElapsedTime(start);
                if (_process.HasEnded || left <= TimeSpan.Zero)
                {
                    string why = _process.HasEnded ? $"it ended with {_process.ExitCode}" : "the time is up";
                    Assert.Fail($"{_process.Command}: a line never came, {why}\n{string.Join('\n', _lines)}\n{_process.Errors}");
                }

                _ = Monitor.Wait(_lines, left);
            }
        }
    }

    /// <summary>Tells it to quit and waits until it has.</summary>
    /// <returns>Its exit code.</returns>
    public int Quit()
    {
        Say("quit");
        Assert.That(_process.WaitForEnd(Limit), Is.True, () => $"the emulator did not quit\n{_process.Errors}");
        return _process.ExitCode;
    }

    /// <summary>Ends it with SIGKILL.</summary>
    public void Kill() => _process.Kill();

    public void Dispose()
    {
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private void Take(string line)
    {
        lock (_lines)
        {
            _lines.Add(line);
            Monitor.PulseAll(_lines);
        }
    }

    private void End()
    {
        lock (_lines)
        {
            Monitor.PulseAll(_lines);
        }
    }
}
