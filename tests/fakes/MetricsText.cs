// Reads Prometheus' text format 0.0.4 as strictly as its writers are told to write it. Knows none of our names.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.RegularExpressions;

namespace SmartNicFw.Tests.Fakes;

/// <summary>
/// A text, taken apart. Source: Prometheus, Exposition formats, Text-based format: HELP and TYPE once for a name and before its samples, the
/// lines of a name all together, no series twice, the last line ends with a line feed.
/// </summary>
internal sealed partial class MetricsText
{
    private readonly Dictionary<string, ulong> _samples = [];

    /// <exception cref="FormatException">The text breaks a rule; the message is the line.</exception>
    public MetricsText(string text)
    {
        Require(text.EndsWith('\n'), "the end");
        string? help = null;
        string? type = null;
        foreach (string line in text[..^1].Split('\n'))
        {
            if (Help().Match(line) is { Success: true } described)
            {
                help = described.Groups["name"].Value;
                Require(Families.All(family => family != help), line);
                Families.Add(help);
            }
            else if (Type().Match(line) is { Success: true } typed)
            {
                Require(typed.Groups["name"].Value == help && type != help, line);
                type = help;
            }
            else
            {
                Match sample = Sample().Match(line);
                Require(sample.Success && sample.Groups["name"].Value == help && type == help, line);
                Dictionary<string, string> labels = [];
                foreach (Match label in Label().Matches(sample.Groups["labels"].Value))
                {
                    Require(labels.TryAdd(label.Groups["name"].Value, Unescape(label.Groups["value"].Value)), line);
                }

                ulong value = ulong.Parse(sample.Groups["value"].Value, NumberStyles.None, CultureInfo.InvariantCulture);
                Require(_samples.TryAdd(Key(help!, labels.Select(label => (label.Key, label.Value))), value), line);
            }
        }
    }

    /// <summary>Names, in the order of the text.</summary>
    public List<string> Families { get; } = [];

    /// <summary>Series with their values: name, then labels in the order of their names.</summary>
    public IReadOnlyDictionary<string, ulong> Samples => _samples;

    /// <summary>The key of a series in <see cref="Samples"/>.</summary>
    public static string Key(string name, IEnumerable<(string Name, string Value)> labels) =>
        name + string.Concat(labels.OrderBy(label => label.Name, StringComparer.Ordinal).Select(label => $" {label.Name}={label.Value}"));

    /// <summary>Value of a series of endpoint 1.</summary>
    public ulong Of(string name, string? function = null, string? cause = null)
    {
        List<(string, string)> labels = [("endpoint", "1")];
        if (function is not null)
        {
            labels.Add(("function", function));
        }

        if (cause is not null)
        {
            labels.Add(("cause", cause));
        }

        return _samples[Key(name, labels)];
    }

    private static void Require(bool isSo, string line)
    {
        if (!isSo)
        {
            throw new FormatException(line);
        }
    }

    private static string Unescape(string value) => Escape().Replace(value, match => match.Value[1] == 'n' ? "\n" : match.Value[1..]);

    [GeneratedRegex(@"^# HELP (?<name>[a-zA-Z_:][a-zA-Z0-9_:]*) (?:[^\\]|\\\\|\\n)+$")]
    private static partial Regex Help();

    [GeneratedRegex("^# TYPE (?<name>[a-zA-Z_:][a-zA-Z0-9_:]*) counter$")]
    private static partial Regex Type();

    [GeneratedRegex(@"^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?<labels>[a-zA-Z_][a-zA-Z0-9_]*=""(?:[^\\""]|\\[\\""n])*""(?:,[a-zA-Z_][a-zA-Z0-9_]*=""(?:[^\\""]|\\[\\""n])*"")*)\})? (?<value>[0-9]+)$")]
    private static partial Regex Sample();

    [GeneratedRegex(@"(?<name>[a-zA-Z_][a-zA-Z0-9_]*)=""(?<value>(?:[^\\""]|\\[\\""n])*)""")]
    private static partial Regex Label();

    [GeneratedRegex(@"\\[\\""n]")]
    private static partial Regex Escape();
}
