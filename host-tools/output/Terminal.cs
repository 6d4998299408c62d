// What is at the other end of standard output: how wide it is, and whether it takes colours and progress. Prints nothing itself.
using System;
using System.Globalization;
using System.IO;

namespace SmartNicFw.HostTools.Output;

/// <summary>A terminal, or a file or pipe.</summary>
internal static class Terminal
{
    private const int Least = 20;

    /// <summary>Letters a line of standard output: what COLUMNS says, else the terminal's, else any number.</summary>
    public static int Width => WidthOf(Console.IsOutputRedirected);

    /// <summary>Letters a line of standard error.</summary>
    public static int ErrorWidth => WidthOf(Console.IsErrorRedirected);

    /// <summary>Whether colours may be printed: on a terminal, unless NO_COLOR is set (no-color.org) or it is dumb.</summary>
    public static bool HasColour => !Console.IsOutputRedirected
        && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")) && !IsDumb;

    /// <summary>Whether a picture may be drawn and drawn over.</summary>
    public static bool IsInteractive => !Console.IsOutputRedirected && !IsDumb;

    /// <summary>Whether a line of progress may be printed and overwritten, on standard error.</summary>
    public static bool ShowsProgress => !Console.IsErrorRedirected && !IsDumb;

    private static int WidthOf(bool isRedirected)
    {
        string? columns = Environment.GetEnvironmentVariable("COLUMNS");
        if (int.TryParse(columns, NumberStyles.None, CultureInfo.InvariantCulture, out int said) && said > 0)
        {
            return Math.Max(said, Least);
        }

        try
        {
            return isRedirected || Console.WindowWidth <= 0 ? int.MaxValue : Math.Max(Console.WindowWidth, Least);
        }
        catch (IOException)
        {
            return int.MaxValue;
        }
    }

    private static bool IsDumb => Environment.GetEnvironmentVariable("TERM") is null or "" or "dumb";
}
