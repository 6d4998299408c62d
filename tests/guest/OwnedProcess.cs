// A program that ends with the tests, however they end. Knows pipes and process ids; knows no emulator and no QEMU.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Threading;

namespace SmartNicFw.Tests.Guest;

/// <summary>
/// Runs a program and hands on its lines. The program dies with the thread that started it (PR_SET_PDEATHSIG counts threads,
/// not processes: prctl(2)), and so with a test host that is killed; that thread therefore is one of its own, and lives until
/// the program has ended.
/// </summary>
internal sealed class OwnedProcess : IDisposable
{
    private const int KeptErrorLines = 50;

    private readonly Process _process = new();
    private readonly Queue<string> _errors = new();
    private readonly ManualResetEventSlim _started = new();
    private readonly ManualResetEventSlim _ended = new();
    private readonly Thread _owner;
    private Exception? _failure;

    /// <summary>Starts the program.</summary>
    /// <param name="program">Path, or a name on PATH.</param>
    /// <param name="arguments">Its arguments, unquoted.</param>
    /// <param name="onLine">Called for each line of its standard output, on a thread of this class.</param>
    /// <param name="onEnd">Called after the last line, when the program has ended, on that thread.</param>
    public OwnedProcess(string program, IEnumerable<string> arguments, Action<string> onLine, Action onEnd)
    {
        Command = $"{program} {string.Join(' ', arguments)}";
        _process.StartInfo = new ProcessStartInfo("setpriv", ["--pdeathsig", "KILL", "--", program, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _owner = new Thread(() => Own(onLine, onEnd)) { IsBackground = true, Name = program };
        _owner.Start();
        _started.Wait();
        if (_failure is not null)
        {
            throw new InvalidOperationException($"{Command} could not be started: {_failure.Message}", _failure);
        }
    }

    /// <summary>The program and its arguments, for messages.</summary>
    public string Command { get; }

    /// <summary>Its process id, which is the program's own: setpriv is replaced by it.</summary>
    public int ProcessId => _process.Id;

    public bool HasEnded => _ended.IsSet;

    /// <summary>Its exit code, once it has ended; 128 and the signal's number if a signal ended it.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>The last lines of its standard error.</summary>
    public string Errors
    {
        get
        {
            lock (_errors)
            {
                return string.Join('\n', _errors);
            }
        }
    }

    /// <summary>Writes a line to its standard input. A program that has ended, or reads no more, loses it.</summary>
    public void WriteLine(string line)
    {
        try
        {
            _process.StandardInput.WriteLine(line);
            _process.StandardInput.Flush();
        }
        catch (System.IO.IOException)
        {
            // It has ended: who waits for its answer will learn so.
        }
    }

    /// <summary>Waits until it has ended and all its lines are handed on.</summary>
    /// <returns>Whether it has.</returns>
    public bool WaitForEnd(TimeSpan limit) => _ended.Wait(limit);

    /// <summary>Ends it at once (SIGKILL) and waits until it is gone.</summary>
    public void Kill()
    {
        if (!HasEnded)
        {
            _process.Kill();
        }

        _owner.Join();
    }

    public void Dispose()
    {
        Kill();
        _process.Dispose();
        _started.Dispose();
        _ended.Dispose();
    }

    private void Own(Action<string> onLine, Action onEnd)
    {
        try
        {
            _process.ErrorDataReceived += (_, line) => KeepError(line.Data);
            _process.Start();
            _process.BeginErrorReadLine();
        }
        catch (Exception failure) when (failure is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            _failure = failure;
            _ended.Set();
            return;
        }
        finally
        {
            _started.Set();
        }

        while (_process.StandardOutput.ReadLine() is { } line)
        {
            onLine(line);
        }

        _process.WaitForExit();
        _ended.Set();
        onEnd();
    }

    private void KeepError(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_errors)
        {
            _errors.Enqueue(line);
            if (_errors.Count > KeptErrorLines)
            {
                _ = _errors.Dequeue();
            }
        }
    }
}
