// What a policy file changes, as a person reads it: one line each, the same change of VFs in a row in one. Asks no device.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using SmartNicFw.HostTools.Vocabulary;

namespace SmartNicFw.HostTools.Policy;

/// <summary>+ is a group that comes, - one that goes, ~ what becomes something else.</summary>
internal static class PolicyPrint
{
    private const string Green = "\e[32m";
    private const string Red = "\e[31m";
    private const string Yellow = "\e[33m";
    private const string Plain = "\e[0m";

    /// <summary>Prints the changes.</summary>
    /// <param name="hasColour">The terminal takes colours.</param>
    public static void Print(TextWriter text, IReadOnlyList<PolicyChange> changes, bool hasColour)
    {
        (string Kind, string Owner, string Key, string What)[] lines = [.. Lines(changes)];
        int widest = lines.Max(line => line.Owner.Length);
        int widestKey = lines.Max(line => line.Key.Length);
        foreach ((string kind, string owner, string key, string what) in lines)
        {
            (char sign, string colour) = kind switch { "add" => ('+', Green), "remove" => ('-', Red), _ => ('~', Yellow) };
            string line = $"{sign} {owner.PadRight(widest)}  {(key.Length == 0 ? "" : key.PadRight(widestKey) + "  ")}{what}".TrimEnd();
            text.WriteLine(hasColour ? colour + line + Plain : line);
        }
    }

    /// <summary>The changes as JSON, each by itself.</summary>
    public static JsonArray Json(IReadOnlyList<PolicyChange> changes) => new(
    [
        .. changes.Select(change => new JsonObject
        {
            ["change"] = change.Kind,
            ["owner"] = change is FunctionChange ? "function" : change.Owner == RateGroupName.Port ? "port" : "group",
            ["name"] = change.Owner,
            ["line"] = change.Position.Line,
            ["column"] = change.Position.Column,
            ["settings"] = new JsonArray(
            [
                .. change.Steps.Select(step => new JsonObject { ["key"] = step.Key, ["from"] = step.From, ["to"] = step.To }),
            ]),
        }),
    ]);

    private static IEnumerable<(string Kind, string Owner, string Key, string What)> Lines(IReadOnlyList<PolicyChange> changes)
    {
        foreach (PolicyChange change in changes.Where(change => change is not (FunctionChange or GroupRemoval)))
        {
            string owner = change.Owner == RateGroupName.Port ? change.Owner : $"group {change.Owner}";
            if (change.Kind == "add")
            {
                yield return (change.Kind, owner, "", string.Join(", ", change.Steps.Select(step => $"{step.Key} {step.To}")));
                continue;
            }

            foreach (PolicyStep step in change.Steps)
            {
                yield return (change.Kind, owner, step.Key, Words(step));
            }
        }

        foreach ((FunctionRange range, PolicyStep step) in Runs([.. changes.OfType<FunctionChange>()]))
        {
            yield return ("set", range.ToString(), step.Key, Words(step));
        }

        foreach (PolicyChange gone in changes.OfType<GroupRemoval>())
        {
            yield return (gone.Kind, $"group {gone.Owner}", "", "");
        }
    }

    private static string Words(PolicyStep step) => $"{step.From} -> {step.To}";

    // In the order of the first function of each, then as the attributes are numbered.
    private static IEnumerable<(FunctionRange Range, PolicyStep Step)> Runs(IReadOnlyList<FunctionChange> changes)
    {
        var runs = new List<(int First, int Attribute, FunctionRange Range, PolicyStep Step)>();
        var open = new Dictionary<(int Pf, int Attribute, PolicyStep Step), int>();
        foreach (FunctionChange change in changes)
        {
            (int Pf, int Attribute, PolicyStep Step) same = (change.Range.Pf, change.Attribute, change.Step);
            if (!change.Range.IsPf && open.TryGetValue(same, out int at) && runs[at].Range is { IsPf: false } run && run.Last + 1 == change.Range.First)
            {
                runs[at] = runs[at] with { Range = run with { Last = change.Range.Last } };
            }
            else
            {
                open[same] = runs.Count;
                runs.Add((change.Function, change.Attribute, change.Range, change.Step));
            }
        }

        return runs.OrderBy(run => run.First).ThenBy(run => run.Attribute).Select(run => (run.Range, run.Step));
    }
}
