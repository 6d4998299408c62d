// Rates as an operator writes them: a number of Mbit/s, or a number with one of devlink's units. Knows no key.
using System;
using System.Globalization;

namespace SmartNicFw.HostTools.Policy;

/// <summary>
/// Units are those of devlink and tc: bit, kbit, mbit, gbit, tbit by thousands, and bps, kbps, mbps, gbps, tbps, which are bytes a second.
/// What a device keeps are whole Mbit/s, so that a rate that is none is refused rather than rounded.
/// </summary>
internal static class RateText
{
    /// <summary>What can be written, for help and messages.</summary>
    public const string Forms = "Mbit/s, or a number with kbit, mbit, gbit, tbit (or kbps, mbps, gbps: bytes), as in 100mbit, 2.5gbit";

    /// <summary>The same as a regular expression, for a schema.</summary>
    public const string Pattern = "^(0|[1-9][0-9]{0,14})(\\.[0-9]{1,9})?(bit|kbit|mbit|gbit|tbit|bps|kbps|mbps|gbps|tbps)$";

    private const decimal BitsOfMbit = 1_000_000;
    private const int MaxDigits = 25;

    // The longer ones first: "mbit" also ends with "bit".
    private static readonly (string Name, decimal Bits)[] Units =
    [
        ("kbit", 1e3m), ("mbit", 1e6m), ("gbit", 1e9m), ("tbit", 1e12m), ("kbps", 8e3m), ("mbps", 8e6m), ("gbps", 8e9m), ("tbps", 8e12m),
        ("bit", 1), ("bps", 8),
    ];

    /// <summary>Reads a rate.</summary>
    /// <param name="mbps">Receives Mbit/s, 0 to <see cref="PolicyKey.MaxMbps"/>.</param>
    /// <param name="fault">Receives why not, or null.</param>
    public static bool TryRead(string text, out uint mbps, out string? fault)
    {
        mbps = 0;
        fault = null;
        (string number, decimal bits) = Cut(text);
        bool isWhole = bits == 0;
        NumberStyles style = isWhole ? NumberStyles.None : NumberStyles.AllowDecimalPoint;
        if (number.Length is 0 or > MaxDigits || !char.IsAsciiDigit(number[0]) || !char.IsAsciiDigit(number[^1]) || IsPadded(number)
            || !decimal.TryParse(number, style, CultureInfo.InvariantCulture, out decimal value))
        {
            fault = $"allowed: {Forms}";
            return false;
        }

        decimal unit = isWhole ? BitsOfMbit : bits;
        if (value > PolicyKey.MaxMbps * BitsOfMbit / unit)
        {
            fault = $"allowed: 0 to {PolicyKey.MaxMbps} Mbit/s";
            return false;
        }

        decimal rate = value * unit / BitsOfMbit;
        if (rate != decimal.Truncate(rate))
        {
            fault = "allowed: whole Mbit/s";
            return false;
        }

        mbps = (uint)rate;
        return true;
    }

    /// <summary>A rate in the file: with the largest unit in which it is whole; plain 0 for none.</summary>
    public static string Write(ulong mbps) => mbps switch
    {
        0 => "0",
        _ when mbps % 1000 == 0 => string.Create(CultureInfo.InvariantCulture, $"{mbps / 1000}gbit"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{mbps}mbit"),
    };

    private static bool IsPadded(string number) => number.Length > 1 && number[0] == '0' && number[1] != '.';

    private static (string Number, decimal Bits) Cut(string text)
    {
        foreach ((string name, decimal bits) in Units)
        {
            if (text.EndsWith(name, StringComparison.Ordinal))
            {
                return (text[..^name.Length], bits);
            }
        }

        return (text, 0);
    }
}
