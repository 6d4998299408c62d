// One line of progress on standard error, overwritten in place; nothing where no person looks. Knows no work.
using System;

namespace SmartNicFw.HostTools.Output;

/// <summary>A result goes to standard output: progress never mixes with it.</summary>
internal static class Progress
{
    // Erase to the end of the line: ECMA-48, 8.3.41 EL.
    private const string EraseLine = "\r\u001b[K";
    private static bool _isShown;

    /// <summary>Shows a line in place of the one before.</summary>
    public static void Show(string line)
    {
        if (Terminal.ShowsProgress)
        {
            _isShown = true;
            int width = Math.Min(Terminal.ErrorWidth - 1, line.Length);
            Console.Error.Write(EraseLine + line[..width]);
        }
    }

    /// <summary>Takes the line away.</summary>
    public static void Clear()
    {
        if (_isShown)
        {
            _isShown = false;
            Console.Error.Write(EraseLine);
        }
    }
}
