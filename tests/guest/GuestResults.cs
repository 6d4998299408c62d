// What the script of a guest has told, taken line by line from its results port. Knows the framing of scripts/results.sh.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Linq;
using System.Threading;

namespace SmartNicFw.Tests.Guest;

/// <summary>
/// <c>@@ NAME: TEXT</c> is one result; <c>@&lt; NAME</c>, lines behind <c>@| </c>, and <c>@&gt; NAME</c> are one of many lines.
/// Whatever else arrives is kept aside. One thread puts lines in while others ask and wait.
/// </summary>
internal sealed class GuestResults
{
    private readonly object _gate = new();
    private readonly List<(string Name, string Text)> _results = [];
    private readonly List<string> _unframed = [];
    private readonly List<string> _block = [];
    private string? _blockName;
    private bool _isClosed;

    /// <summary>Lines without a frame: there should be none.</summary>
    public IReadOnlyList<string> Unframed
    {
        get
        {
            lock (_gate)
            {
                return [.. _unframed];
            }
        }
    }

    /// <summary>The names told so far, in order.</summary>
    public IReadOnlyList<string> Names
    {
        get
        {
            lock (_gate)
            {
                return [.. _results.Select(result => result.Name)];
            }
        }
    }

    /// <summary>The result of a name, the newest if there are several. A result of many lines has line feeds between them.</summary>
    /// <exception cref="KeyNotFoundException">It was never told.</exception>
    public string this[string name] => TryGet(name, out string? text)
        ? text
        : throw new KeyNotFoundException($"the guest did not tell '{name}'; it told: {string.Join(", ", Names)}");

    /// <summary>Every result of a name, in order.</summary>
    public IReadOnlyList<string> All(string name)
    {
        lock (_gate)
        {
            return [.. _results.Where(result => result.Name == name).Select(result => result.Text)];
        }
    }

    /// <summary>The result of a name as lines.</summary>
    public string[] Lines(string name) => this[name].Split('\n');

    /// <summary>The result of a name as a number.</summary>
    public double Number(string name) => double.Parse(this[name], CultureInfo.InvariantCulture);

    public bool TryGet(string name, [NotNullWhen(true)] out string? text)
    {
        lock (_gate)
        {
            text = _results.FindLast(result => result.Name == name).Text;
        }

        return text is not null;
    }

    /// <summary>Waits until a name was told so many times.</summary>
    /// <returns>The text it came with, or null if the time was up or the guest ended first.</returns>
    public string? Wait(string name, int times, TimeSpan limit)
    {
        long start = Stopwatch.GetTimestamp();
        lock (_gate)
        {
            while (true)
            {
                string[] told = [.. _results.Where(result => result.Name == name).Select(result => result.Text)];
                if (told.Length >= times)
                {
                    return told[times - 1];
                }

                TimeSpan left = limit - Stopwatch.GetElapsedTime(start);
                if (_isClosed || left <= TimeSpan.Zero)
                {
                    return null;
                }

                _ = Monitor.Wait(_gate, left);
            }
        }
    }

    /// <summary>Takes a line from the port.</summary>
    public void Take(string line)
    {
        line = line.TrimEnd('\r');
        lock (_gate)
        {
            if (_blockName is not null && line.StartsWith("@| ", StringComparison.Ordinal))
            {
                _block.Add(line[3..]);
            }
            else if (_blockName is not null && line == "@> " + _blockName)
            {
                Add(_blockName, string.Join('\n', _block));
                _blockName = null;
            }
            else if (line.StartsWith("@< ", StringComparison.Ordinal))
            {
                _blockName = line[3..];
                _block.Clear();
            }
            else if (line.StartsWith("@@ ", StringComparison.Ordinal) && line.IndexOf(": ", StringComparison.Ordinal) is > 3 and int colon)
            {
                Add(line[3..colon], line[(colon + 2)..]);
            }
            else
            {
                _unframed.Add(line);
            }
        }
    }

    /// <summary>Nothing more will come: whoever waits is told so.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            Monitor.PulseAll(_gate);
        }
    }

    private void Add(string name, string text)
    {
        _results.Add((name, text));
        Monitor.PulseAll(_gate);
    }
}
