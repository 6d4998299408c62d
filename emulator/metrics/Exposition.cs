// Writes counters in the text format that Prometheus reads. Knows no board and no connection.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace SmartNicFw.Emulator.Metrics;

/// <summary>Prometheus text exposition format 0.0.4. Source: Prometheus, Exposition formats, Text-based format.</summary>
internal static class Exposition
{
    /// <summary>Media type of the text.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    // What every name begins with.
    private const string Prefix = "sriov";

    // What the name of every counter ends with.
    private const string Suffix = "total";

    /// <summary>Writes every family that has a series: HELP and TYPE, then its series, all of a family together.</summary>
    public static string Write(IReadOnlyList<CounterRow> rows)
    {
        var text = new StringBuilder();
        foreach ((OwnerKind kind, string owner, CounterFamily[] families) in CounterFamilies.All)
        {
            List<CounterRow> owners = [];
            foreach (CounterRow row in rows)
            {
                if (row.Kind == kind)
                {
                    owners.Add(row);
                }
            }

            if (owners.Count == 0)
            {
                continue;
            }

            foreach (CounterFamily family in families)
            {
                Write(text, $"{Prefix}_{owner}_{family.Name}_{Suffix}", family, owners);
            }
        }

        return text.ToString();
    }

    // A value of a label: backslash, quotation mark and the end of a line are escaped.
    internal static string EscapeLabel(string value) => EscapeHelp(value).Replace("\"", "\\\"", StringComparison.Ordinal);

    // Help: backslash and the end of a line are escaped.
    internal static string EscapeHelp(string value) =>
        value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private static void Write(StringBuilder text, string name, CounterFamily family, List<CounterRow> owners)
    {
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {EscapeHelp(family.Help)}\n# TYPE {name} counter\n");
        foreach (CounterRow row in owners)
        {
            foreach (CounterSeries series in family.Series)
            {
                text.Append(name).Append("{endpoint=\"").Append(EscapeLabel(row.Endpoint)).Append('"');
                Append(text, "function", row.Function);
                Append(text, "cause", series.Cause);
                text.Append(CultureInfo.InvariantCulture, $"}} {row.Values[series.Column]}\n");
            }
        }
    }

    private static void Append(StringBuilder text, string label, string? value)
    {
        if (value is not null)
        {
            text.Append(',').Append(label).Append("=\"").Append(EscapeLabel(value)).Append('"');
        }
    }
}
