// Rates as a policy file has them: a number of Mbit/s, or a number with one of devlink's units. Knows no key.
using System.Globalization;
using System.Text.RegularExpressions;
using SmartNicFw.HostTools.Failure;
using SmartNicFw.HostTools.Output;

namespace SmartNicFw.HostTools.Policy;

/// <summary>What a device keeps are whole Mbit/s, so that a rate that is none is refused rather than rounded.</summary>
internal static partial class RateText
{
    /// <summary>A rate with its unit, for a schema; without one it is a whole number.</summary>
    public const string Pattern = "^(0|[1-9][0-9]{0,14})(\\.[0-9]{1,9})?(bit|kbit|mbit|gbit|tbit)$";

    /// <summary>What can be written, for messages.</summary>
    public const string Forms = "a whole number of Mbit/s, or a number with kbit, mbit, gbit or tbit, as in 2.5gbit; 0 for none";

    private const int MbitOfGbit = 1000;

    /// <summary>Reads a rate.</summary>
    /// <param name="isQuoted">It stands in quotation marks, which a plain number must not.</param>
    /// <param name="mbps">Receives Mbit/s, 0 to <see cref="PolicyKey.MaxMbps"/>.</param>
    /// <returns>Null, or what is allowed.</returns>
    public static string? Read(string text, bool isQuoted, out ulong mbps)
    {
        mbps = 0;
        bool isPlain = text.Length is > 0 and < 16 && ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out mbps);
        if (isPlain ? isQuoted || (text.Length > 1 && text[0] == '0') : !WithUnit().IsMatch(text) || text[^1] == '\n')
        {
            return $"allowed: {Forms}";
        }

        try
        {
            mbps = isPlain ? mbps : Units.ParseRate("", text);
        }
        catch (UsageException wrong)
        {
            return wrong.Advice;
        }

        return mbps <= PolicyKey.MaxMbps ? null : $"allowed: 0 to {PolicyKey.MaxMbps} Mbit/s";
    }

    /// <summary>A rate in the file: with the largest unit in which it is whole; plain 0 for none.</summary>
    public static string Write(ulong mbps) => mbps switch
    {
        0 => "0",
        _ when mbps % MbitOfGbit == 0 => string.Create(CultureInfo.InvariantCulture, $"{mbps / MbitOfGbit}gbit"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{mbps}mbit"),
    };

    [GeneratedRegex(Pattern, RegexOptions.CultureInvariant)]
    private static partial Regex WithUnit();
}
