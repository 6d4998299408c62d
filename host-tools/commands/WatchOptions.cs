// How often commands that go on ask a device, and how many times.
using System;
using System.CommandLine;
using System.Globalization;
using SmartNicFw.HostTools.Failure;
using SmartNicFw.HostTools.Output;

namespace SmartNicFw.HostTools.Commands;

/// <summary>--interval and --count of stats and top.</summary>
internal static class WatchOptions
{
    private const decimal Shortest = 0.05m;
    private const decimal Longest = 3600;

    /// <summary>Makes the option.</summary>
    public static Option<string?> Interval() => new("--interval", "-i")
    {
        Description = "Seconds between two looks (1 when nothing is said)",
        HelpName = "SECONDS",
    };

    /// <summary>Makes the option.</summary>
    public static Option<string?> Count() => new("--count", "-c") { Description = "End after so many", HelpName = "N" };

    /// <summary>Reads --interval.</summary>
    /// <exception cref="UsageException">It is none.</exception>
    public static TimeSpan IntervalOf(string? text) => text is null
        ? TimeSpan.FromSeconds(1)
        : decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal seconds) && seconds is >= Shortest and <= Longest
            ? TimeSpan.FromSeconds((double)seconds)
            : throw new UsageException($"--interval is '{text}'", $"allowed: {Shortest} to {Longest} seconds");

    /// <summary>Reads --count.</summary>
    /// <exception cref="UsageException">It is none.</exception>
    public static uint CountOf(string? text) => text is null ? uint.MaxValue : Units.ParseNumber("--count", text, 1, uint.MaxValue);
}
