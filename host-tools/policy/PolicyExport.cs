// Writes what a device has as the file that changes nothing when it is applied: only what differs from the first start. Reads no device.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using SmartNicFw.Hal.Regs;
using SmartNicFw.HostTools.Client;

namespace SmartNicFw.HostTools.Policy;

/// <summary>VFs in a row whose settings are the same stand in one entry.</summary>
internal static class PolicyExport
{
    private const string PlainLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";

    /// <summary>Writes the file.</summary>
    public static void Write(PolicyState state, TextWriter output)
    {
        output.Write(
            """
            # The policy of an endpoint. What is not named here is as it is after the first start; rates are whole Mbit/s.
            # smartnic apply FILE --dry-run shows what FILE would change; smartnic apply FILE changes all of it, or nothing.
            version: 1

            """.ReplaceLineEndings("\n"));
        if (state.PortMax != 0)
        {
            output.Write($"port:\n  {PolicyKey.PortMax.Name}: {RateText.Write(state.PortMax)}\n");
        }

        WriteGroups(state, output);
        WriteFunctions(state, output);
    }

    private static void WriteGroups(PolicyState state, TextWriter output)
    {
        if (state.Groups.Count == 0)
        {
            return;
        }

        output.Write("# Groups share their parent's rate by tx_weight; tx_share is guaranteed to all in it together, tx_max limits them.\ngroups:\n");
        foreach ((int number, RateGroupInfo group) in state.Groups)
        {
            var lines = new List<string>();
            void Add(PolicyKey key, bool isDefault, string value)
            {
                if (!isDefault)
                {
                    lines.Add($"{key.Name}: {value}");
                }
            }

            Add(PolicyKey.Parent, group.Parent == 0, Name(state.NameOf(group.Parent)));
            Add(PolicyKey.TxShare, group.MinTxRate == 0, RateText.Write(group.MinTxRate));
            Add(PolicyKey.TxMax, group.MaxTxRate == 0, RateText.Write(group.MaxTxRate));
            Add(PolicyKey.TxPriority, group.Priority == 0, $"{group.Priority}");
            Add(PolicyKey.TxWeight, group.Weight == PolicyTarget.NewWeight, $"{group.Weight}");
            WriteEntry(Name(state.NameOf(number)), lines, output);
        }
    }

    private static void WriteFunctions(PolicyState state, TextWriter output)
    {
        var entries = new List<(FunctionRange Range, List<string> Lines)>();
        for (int function = 0; function < state.Facts.Functions; function++)
        {
            List<string> lines = Lines(state, function);
            FunctionRange range = state.Facts.RangeOf(function);
            if (lines.Count == 0)
            {
                continue;
            }

            if (entries.Count > 0 && entries[^1].Range is { IsPf: false } last && !range.IsPf && last.Pf == range.Pf
                && last.Last + 1 == range.First && entries[^1].Lines.SequenceEqual(lines))
            {
                entries[^1] = (last with { Last = range.Last }, lines);
            }
            else
            {
                entries.Add((range, lines));
            }
        }

        if (entries.Count > 0)
        {
            output.Write("# vf3 is a VF of pf0, pf1vf3 one of pf1; vf8-63 are several, and a name within them goes before them.\nfunctions:\n");
        }

        foreach ((FunctionRange range, List<string> lines) in entries)
        {
            WriteEntry($"{range}", lines, output);
        }
    }

    private static List<string> Lines(PolicyState state, int function)
    {
        var lines = new List<string>();
        foreach ((int attribute, PolicyKey key) in PolicyDifference.FunctionAttributes)
        {
            ulong value = state[function, attribute];
            if (value == state.Facts.Default(function, attribute))
            {
                continue;
            }

            if (key == PolicyKey.Vlan)
            {
                uint vlan = (uint)value;
                uint qos = (vlan & ManagementVlan.PriorityMask) >> ManagementVlan.PriorityShift;
                uint protocol = vlan >> ManagementVlan.ProtocolShift;
                lines.AddRange((vlan & ManagementVlan.IdMask) == 0 ? [] : [$"{key.Name}: {vlan & ManagementVlan.IdMask}"]);
                lines.AddRange(qos == 0 ? [] : [$"{PolicyKey.Qos.Name}: {qos}"]);
                lines.AddRange(
                    protocol is 0 or ManagementVlan.Ieee8021Q
                        ? []
                        : [$"{PolicyKey.Protocol.Name}: {PolicyValue.Write(PolicyKey.Protocol, protocol)}"]);
            }
            else
            {
                lines.Add($"{key.Name}: {(key == PolicyKey.Group ? Name(state.NameOf((int)value)) : PolicyValue.Write(key, value))}");
            }
        }

        return lines;
    }

    private static void WriteEntry(string name, List<string> lines, TextWriter output)
    {
        output.Write(lines.Count == 0 ? $"  {name}: {{}}\n" : $"  {name}:\n");
        foreach (string line in lines)
        {
            output.Write($"    {line}\n");
        }
    }

    // Letters and digits need no quotation marks; anything else could mean something in YAML.
    private static string Name(string name)
    {
        bool isPlain = name.Length > 0 && PlainLetters.Contains(name[0], StringComparison.Ordinal)
            && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-')
            && name is not ("null" or "true" or "false" or "on" or "off" or "yes" or "no" or "y" or "n");
        return isPlain ? name : "'" + name.Replace("'", "''", StringComparison.Ordinal) + "'";
    }
}
