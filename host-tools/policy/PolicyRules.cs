// What has to be right between the settings of a policy, as far as no device need be asked: groups, guarantees, names, addresses.
using System;
using System.Collections.Generic;
using System.Linq;
using SmartNicFw.HostTools.Failure;
using SmartNicFw.HostTools.Policy.Reading;
using SmartNicFw.HostTools.Vocabulary;

namespace SmartNicFw.HostTools.Policy;

/// <summary>Rules that follow from the file alone. Those that follow from what a device has are <see cref="PolicyFit"/>'s.</summary>
internal static class PolicyRules
{
    /// <summary>Looks at the whole document.</summary>
    /// <param name="faults">Receives all that is wrong.</param>
    public static void Check(PolicyDocument document, PolicyFaults faults)
    {
        if (!CheckCounts(document, faults))
        {
            return;
        }

        CheckOverlaps(document, faults);
        CheckGroupNames(document, faults);
        CheckAddresses(document, faults);
        foreach ((FunctionRange range, PolicySettings settings) in document.Pieces())
        {
            CheckFunction(range, settings, faults);
        }

        if (CheckCycles(document, faults))
        {
            GuaranteeRules.Check(document, null, faults);
        }
    }

    // So many that looking at all of them would take long, which no device has.
    private static bool CheckCounts(PolicyDocument document, PolicyFaults faults)
    {
        int groups = document.Groups.Count;
        int functions = document.Functions.Count;
        if (groups > PolicyKey.MaxGroups)
        {
            faults.Add(document.Groups[PolicyKey.MaxGroups].Settings.Position, $"{groups} groups are named; allowed: {PolicyKey.MaxGroups}");
        }

        if (functions > PolicyKey.MaxFunctionNames)
        {
            faults.Add(
                document.Functions[PolicyKey.MaxFunctionNames].Settings.Position,
                $"{functions} names of functions; allowed: {PolicyKey.MaxFunctionNames}");
        }

        return groups <= PolicyKey.MaxGroups && functions <= PolicyKey.MaxFunctionNames;
    }

    private static void CheckOverlaps(PolicyDocument document, PolicyFaults faults)
    {
        for (int later = 0; later < document.Functions.Count; later++)
        {
            (FunctionRange range, PolicySettings settings) = document.Functions[later];
            for (int earlier = 0; earlier < later; earlier++)
            {
                (FunctionRange other, PolicySettings named) = document.Functions[earlier];
                if (range == other)
                {
                    faults.Add(settings.Position, $"{range} is there already, in line {named.Position.Line}");
                }
                else if (range.Meets(other) && !range.Contains(other) && !other.Contains(range))
                {
                    faults.Add(
                        settings.Position,
                        $"{range} and {other} of line {named.Position.Line} have functions in common and neither contains the other");
                }
            }
        }
    }

    private static void CheckGroupNames(PolicyDocument document, PolicyFaults faults)
    {
        string[] names = [.. document.Groups.Select(group => group.Name)];
        var known = new HashSet<string>(names, StringComparer.Ordinal) { RateGroupName.Port, RateGroupName.None };
        var settings = document.Groups.Select(group => group.Settings).Concat(document.Functions.Select(function => function.Settings));
        foreach (PolicySettings owner in settings)
        {
            foreach (PolicyKey key in new[] { PolicyKey.Group, PolicyKey.Parent })
            {
                if (owner[key] is not { Text: { } name } setting || known.Contains(name))
                {
                    continue;
                }

                string hint = Nearest.Of(name, names) is { } nearest ? $"did you mean {nearest}?" : "name it under 'groups'";
                faults.Add(setting.Position, $"there is no group '{PolicyTree.Short(name)}'; {hint}");
            }
        }
    }

    private static void CheckAddresses(PolicyDocument document, PolicyFaults faults)
    {
        var first = new Dictionary<ulong, (FunctionRange Range, TextPosition Position)>();
        foreach ((FunctionRange range, PolicySettings settings) in document.Functions)
        {
            if (settings[PolicyKey.Mac] is not { } mac)
            {
                continue;
            }

            if (range.Count > 1)
            {
                faults.Add(mac.Position, $"mac is of one function; {range} are {range.Count}");
            }
            else if (!first.TryAdd(mac.Value, (range, mac.Position)))
            {
                (FunctionRange other, TextPosition position) = first[mac.Value];
                faults.Add(
                    mac.Position, $"mac {PolicyValue.Write(PolicyKey.Mac, mac.Value)} is that of {other} already, in line {position.Line}");
            }
        }
    }

    private static void CheckFunction(FunctionRange range, PolicySettings settings, PolicyFaults faults)
    {
        ulong least = settings.ValueOf(PolicyKey.MinTxRate, 0);
        ulong most = settings.ValueOf(PolicyKey.MaxTxRate, 0);
        if (most != 0 && least > most)
        {
            faults.Add(settings.PositionOf(PolicyKey.MinTxRate), $"{range} would be guaranteed {least} Mbit/s and limited to {most}");
        }

        if (settings.ValueOf(PolicyKey.Vlan, 0) != 0 || settings.Broken.Contains(PolicyKey.Vlan))
        {
            return;
        }

        if (settings[PolicyKey.Protocol] is { } protocol)
        {
            faults.Add(protocol.Position, $"{PolicyKey.Protocol.Name} is of a VLAN; {range} has no vlan");
        }
    }

    // False when there is a cycle, each of which is said once, at the group that the file names first.
    private static bool CheckCycles(PolicyDocument document, PolicyFaults faults)
    {
        Dictionary<string, string?> parents = document.Parents();
        var known = new HashSet<string>(StringComparer.Ordinal);
        bool isFree = true;
        foreach ((string name, PolicySettings settings) in document.Groups)
        {
            var way = new List<string>();
            string? above = name;
            while (above is not null && !way.Contains(above) && !known.Contains(above))
            {
                way.Add(above);
                above = parents.GetValueOrDefault(above);
            }

            if (above is not null && way.Contains(above))
            {
                isFree = false;
                string cycle = string.Join(" in ", way.SkipWhile(group => group != above).Append(above));
                faults.Add(settings.PositionOf(PolicyKey.Parent), $"groups are within themselves: {cycle}");
            }

            known.UnionWith(way);
        }

        return isFree;
    }
}
