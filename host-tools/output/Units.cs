// Rates, sizes and addresses as people write and read them. Knows the units of the protocol: Mbit/s.
using System;
using System.Globalization;
using System.Linq;
using SmartNicFw.HostTools.Failure;

namespace SmartNicFw.HostTools.Output;

/// <summary>Text is SI with a space before the unit; JSON has bytes a second.</summary>
internal static class Units
{
    /// <summary>How a rate is written on a command line.</summary>
    public const string RateForms = "Mbit/s, or a number with kbit, mbit, gbit, tbit (or kbps, mbps, gbps: bytes), as in 100mbit; 0 for none";

    /// <summary>How a MAC address is written.</summary>
    public const string MacForms = "six bytes as in 02:00:00:00:00:01";

    private const int MacBytes = 6;
    private const int BitsPerByte = 8;
    private const ulong BytesPerMegabit = 125_000;
    private const decimal BitsOfMegabit = 1_000_000;
    private const int MostDigits = 25;

    // devlink's and tc's: bit by thousands, and bps, which are bytes a second. The longer ones first: "mbit" also ends with "bit".
    private static readonly (string Name, decimal Bits)[] RateUnits =
    [
        ("kbit", 1e3m), ("mbit", 1e6m), ("gbit", 1e9m), ("tbit", 1e12m), ("kbps", 8e3m), ("mbps", 8e6m), ("gbps", 8e9m), ("tbps", 8e12m),
        ("bit", 1), ("bps", 8),
    ];

    /// <summary>Bytes a second of a rate in Mbit/s.</summary>
    public static ulong BytesPerSecond(uint megabits) => megabits * BytesPerMegabit;

    /// <summary>A rate for people.</summary>
    /// <param name="megabits">Mbit/s; 0 for none.</param>
    /// <param name="none">What is said then.</param>
    public static string Rate(uint megabits, string none = "unlimited") =>
        megabits == 0 ? none : Scaled(megabits * 1_000_000m, "bit/s");

    /// <summary>A number with an SI prefix, at most three digits behind the point: 2.5 Gbit/s.</summary>
    public static string Scaled(decimal value, string unit)
    {
        string[] prefixes = ["", "k", "M", "G", "T", "P", "E"];
        int prefix = 0;
        while (Math.Abs(value) >= 1000 && prefix < prefixes.Length - 1)
        {
            value /= 1000;
            prefix++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{value:0.###} {prefixes[prefix]}{unit}");
    }

    /// <summary>Reads a rate.</summary>
    /// <param name="what">What it is, for the message.</param>
    /// <returns>Mbit/s; 0 for unlimited.</returns>
    /// <exception cref="UsageException">It is no rate, or no whole number of Mbit/s.</exception>
    public static uint ParseRate(string what, string text)
    {
        string lower = text.ToLowerInvariant();
        (string unit, decimal bits) = Array.Find(RateUnits, known => lower.EndsWith(known.Name, StringComparison.Ordinal));
        string digits = unit is null ? lower : lower[..^unit.Length];
        if (digits.Length is 0 or > MostDigits
            || !decimal.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal value)
            || value > uint.MaxValue * BitsOfMegabit)
        {
            throw new UsageException($"{what} is '{text}'", $"allowed: {RateForms}");
        }

        decimal megabits = value * (unit is null ? BitsOfMegabit : bits) / BitsOfMegabit;
        return megabits == decimal.Truncate(megabits) && megabits <= uint.MaxValue
            ? (uint)megabits
            : throw new UsageException($"{what} is '{text}'", $"allowed: whole numbers of Mbit/s, 0 to {uint.MaxValue}");
    }

    /// <summary>A MAC address of the protocol, first byte lowest.</summary>
    public static string Mac(ulong address) =>
        string.Join(':', Enumerable.Range(0, MacBytes).Select(at => ((byte)(address >> (at * BitsPerByte))).ToString("x2", CultureInfo.InvariantCulture)));

    /// <summary>Reads a MAC address.</summary>
    /// <exception cref="UsageException">It is none.</exception>
    public static ulong ParseMac(string text)
    {
        string[] bytes = text.Split(text.Contains('-', StringComparison.Ordinal) ? '-' : ':');
        ulong address = 0;
        for (int at = 0; at < bytes.Length; at++)
        {
            if (bytes.Length != MacBytes || bytes[at].Length != 2
                || !byte.TryParse(bytes[at], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value))
            {
                throw new UsageException($"mac is '{text}'", $"allowed: {MacForms}");
            }

            address |= (ulong)value << (at * BitsPerByte);
        }

        return address;
    }

    /// <summary>Reads a whole number.</summary>
    /// <exception cref="UsageException">It is none, or out of its range.</exception>
    public static uint ParseNumber(string what, string text, uint least, uint most) =>
        uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint number) && number >= least && number <= most
            ? number
            : throw new UsageException($"{what} is '{text}'", string.Create(CultureInfo.InvariantCulture, $"allowed: {least} to {most}"));

    /// <summary>Reads on or off.</summary>
    /// <exception cref="UsageException">It is neither.</exception>
    public static bool ParseSwitch(string what, string text) => text switch
    {
        "on" => true,
        "off" => false,
        _ => throw new UsageException($"{what} is '{text}'", "allowed: on, off"),
    };
}
