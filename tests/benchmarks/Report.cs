// What a measurement found, and the two ways to print it: a table for people, JSON for programs.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Text.Json;

namespace SmartNicFw.Benchmarks;

/// <summary>One row of the report.</summary>
/// <param name="Name">Stable name, for programs.</param>
/// <param name="Title">What was measured, for people.</param>
/// <param name="Value">The figure, in <paramref name="Unit"/>.</param>
/// <param name="Unit">"accesses/s", "ns", "us", "B", "Mbit/s", "%" or "x" (a ratio).</param>
/// <param name="Aim">The most that the value should be, or null: the figure is for information.</param>
/// <param name="AimIsLeast">True: the aim is the least that the value should be.</param>
internal sealed record Result(
    string Name, string Title, double Value, string Unit, double? Aim = null, bool AimIsLeast = false)
{
    /// <summary>Whether the aim is met, or null without an aim.</summary>
    public bool? AimMet => Aim is null ? null : AimIsLeast ? Value >= Aim : Value <= Aim;
}

/// <summary>Prints results. Knows none of them.</summary>
internal static class Report
{
    private const int JsonVersion = 1;
    private const double Million = 1e6;

    private static readonly JsonSerializerOptions JsonFormat = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    /// <summary>The table, no wider than a terminal of 100 columns.</summary>
    public static string Table(IReadOnlyList<Result> results)
    {
        string[][] rows =
        [
            ["what", "measured", "aim met"],
            .. results.Select(result => new[] { result.Title, Figure(result.Value, result.Unit), Verdict(result) }),
        ];
        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length))];
        var table = new StringBuilder();
        for (int index = 0; index < rows.Length; index++)
        {
            string[] row = rows[index];
            string line = $"{row[0].PadRight(widths[0])} | {row[1].PadLeft(widths[1])} | {row[2]}";
            table.AppendLine(line.TrimEnd());
            if (index == 0)
            {
                table.AppendLine(string.Join("-|-", widths.Select(width => new string('-', width))));
            }
        }

        return table.ToString();
    }

    /// <summary>The same figures, unrounded.</summary>
    public static string Json(IReadOnlyList<Result> results)
    {
        var document = new
        {
            Version = JsonVersion,
            Results = results.Select(
                result => new { result.Name, result.Value, result.Unit, result.Aim, result.AimIsLeast, result.AimMet }),
        };
        return JsonSerializer.Serialize(document, JsonFormat) + Environment.NewLine;
    }

    private static string Verdict(Result result) =>
        result.Aim is double aim
            ? $"{(result.AimIsLeast ? "at least" : "within")} {Amount(aim, result.Unit)}: {(result.AimMet == true ? "yes" : "no")}"
            : "";

    private static string Figure(double value, string unit) =>
        unit switch
        {
            "accesses/s" => $"{value / Million:0.00} M {unit}",
            "x" => $"{value:0.00}x",
            _ => $"{value:0.0} {unit}",
        };

    private static string Amount(double aim, string unit) => unit == "x" ? $"{aim}x" : $"{aim} {unit}";
}
