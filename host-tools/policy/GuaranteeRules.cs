// Whether guarantees can be kept: added up from functions through groups to the port, against limits. Knows no device but the port's speed.
using System;
using System.Collections.Generic;
using System.Linq;
using SmartNicFw.HostTools.Policy.Reading;
using SmartNicFw.HostTools.Vocabulary;

namespace SmartNicFw.HostTools.Policy;

/// <summary>
/// The rules are the firmware's: what a group needs is its own guarantee or the sum of what those right below need, whichever is more; it
/// may not exceed the group's limit, nor the port's for the port.
/// </summary>
internal static class GuaranteeRules
{
    /// <summary>Adds up guarantees of a document without cycles.</summary>
    /// <param name="portMbps">Speed of the port; null when it is not known.</param>
    public static void Check(PolicyDocument document, uint? portMbps, PolicyFaults faults)
    {
        var below = new Dictionary<string, ulong>(StringComparer.Ordinal);
        var largest = new Dictionary<string, (ulong Mbps, TextPosition Position)>(StringComparer.Ordinal);
        void Add(string? group, ulong needed, TextPosition position)
        {
            string owner = group is null or RateGroupName.None ? RateGroupName.Port : group;
            below[owner] = below.GetValueOrDefault(owner) + needed;
            if (needed > largest.GetValueOrDefault(owner).Mbps)
            {
                largest[owner] = (needed, position);
            }
        }

        foreach ((FunctionRange range, PolicySettings settings) in document.Pieces())
        {
            ulong each = settings.ValueOf(PolicyKey.MinTxRate, 0);
            Add(settings[PolicyKey.Group]?.Text, each * (ulong)range.Count, settings.PositionOf(PolicyKey.MinTxRate));
        }

        Dictionary<string, string?> parents = document.Parents();
        int DepthOf(string name)
        {
            int depth = 0;
            for (string? above = parents.GetValueOrDefault(name); above is not null; above = parents.GetValueOrDefault(above))
            {
                depth++;
            }

            return depth;
        }

        // Deepest first, so that a group's own need is known when it is added to its parent's.
        foreach ((string name, PolicySettings settings) in document.Groups.OrderByDescending(group => DepthOf(group.Name)))
        {
            ulong sum = below.GetValueOrDefault(name);
            ulong own = settings.ValueOf(PolicyKey.TxShare, 0);
            ulong most = settings.ValueOf(PolicyKey.TxMax, 0);
            if (most != 0 && own > most)
            {
                faults.Add(settings.PositionOf(PolicyKey.TxShare), $"group {name} is guaranteed {own} Mbit/s and limited to {most}");
            }
            else if (most != 0 && sum > most)
            {
                faults.Add(settings.PositionOf(PolicyKey.TxMax), $"guarantees in group {name} add up to {sum} Mbit/s; it may send {most}");
            }

            TextPosition position = own >= sum ? settings.PositionOf(PolicyKey.TxShare) : largest.GetValueOrDefault(name).Position;
            Add(settings[PolicyKey.Parent]?.Text, Math.Max(own, sum), position);
        }

        CheckPort(document, portMbps, below.GetValueOrDefault(RateGroupName.Port), largest.GetValueOrDefault(RateGroupName.Port).Position, faults);
    }

    private static void CheckPort(PolicyDocument document, uint? portMbps, ulong needed, TextPosition largest, PolicyFaults faults)
    {
        PolicySetting? limit = document.Port[PolicyKey.PortMax];
        ulong most = limit is { Value: not 0 } ? limit.Value.Value : portMbps ?? ulong.MaxValue;
        if (limit is { } set && set.Value > (portMbps ?? ulong.MaxValue))
        {
            faults.Add(set.Position, $"the port's limit is {set.Value} Mbit/s and its speed {portMbps}");
        }

        if (needed > most)
        {
            faults.Add(
                limit is { Value: not 0 } ? limit.Value.Position : largest,
                $"guarantees add up to {needed} Mbit/s; the port may send {most}");
        }
    }
}
