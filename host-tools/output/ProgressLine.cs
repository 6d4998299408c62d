// How far long work is, in one line of a terminal that is written over and goes in the end. Says nothing where nobody watches.
using System;
using System.Diagnostics;

namespace SmartNicFw.HostTools.Output;

/// <summary>Shown from a fifth of a second on, ten times a second at the most, on standard error.</summary>
/// <param name="what">What is counted.</param>
/// <param name="total">How many there are.</param>
internal sealed class ProgressLine(string what, int total) : IDisposable
{
    private const string Back = "\r\e[K";
    private static readonly TimeSpan FirstAfter = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(100);

    private long _last = Stopwatch.GetTimestamp();
    private bool _isShown;

    /// <summary>Says how many are done.</summary>
    public void Show(int done)
    {
        if (Stopwatch.GetElapsedTime(_last) < (_isShown ? Between : FirstAfter) || !Terminal.ShowsProgress)
        {
            return;
        }

        Console.Error.Write($"{Back}{done} of {total} {what}");
        _isShown = true;
        _last = Stopwatch.GetTimestamp();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_isShown)
        {
            Console.Error.Write(Back);
        }
    }
}
