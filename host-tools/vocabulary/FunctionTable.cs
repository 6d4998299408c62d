// Functions as a table, one line each, in the words of the command line. Asks no device.
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using SmartNicFw.Hal.Regs;
using SmartNicFw.HostTools.Client;
using SmartNicFw.HostTools.Output;

namespace SmartNicFw.HostTools.Vocabulary;

/// <summary>What is as it is after start (no VLAN, no limit, in no group, not trusted) is left empty, so that what was set stands out.</summary>
internal static class FunctionTable
{
    /// <summary>Prints functions.</summary>
    /// <param name="groups">Names of rate groups, by number.</param>
    public static void Print(TextWriter text, IEnumerable<FunctionInfo> functions, IReadOnlyDictionary<int, string> groups)
    {
        var table = new TextTable(
            "NAME", "DRIVER", "LINK", "MAC", "VLAN", ">MAX", ">MIN", ">WEIGHT", "GROUP", "SPOOFCHK", "TRUST", "STATE", ">QUEUES", ">MSIX", ">INTERRUPTS", "ADAPTIVE");
        foreach (FunctionInfo function in functions)
        {
            table.Add(
                function.Name,
                FunctionDocument.State(function),
                function.Has(ManagementFunction.FlagsLinkUpMask) ? "up" : "down",
                Units.Mac(function.Mac),
                Vlan(function),
                Units.Rate(function.MaxTxRate, ""),
                Units.Rate(function.MinTxRate, ""),
                Number(function.Weight),
                function.RateGroup == 0 ? "" : FunctionDocument.GroupName(function.RateGroup, groups),
                function.Has(ManagementFunction.FlagsSpoofCheckMask) ? "on" : "off",
                function.Has(ManagementFunction.FlagsTrustMask) ? "on" : "",
                function.LinkState == ManagementLinkState.Auto ? "" : FunctionDocument.LinkState(function.LinkState),
                Number(function.QueuePairs),
                Number(function.MsixVectors),
                function.InterruptCeiling == 0 ? "" : Number(function.InterruptCeiling),
                function.Has(ManagementFunction.FlagsAdaptiveMask) ? "on" : "");
        }

        table.Print(text, Terminal.Width);
    }

    /// <summary>Prints one function, an attribute a line, in the words by which it is set.</summary>
    public static void PrintOne(TextWriter text, FunctionInfo function, IReadOnlyDictionary<int, string> groups)
    {
        string pinned = function.Has(ManagementFunction.FlagsMacPinnedMask) ? " (set by the operator)" : "";
        (string Name, string Value)[] lines =
        [
            ("name", function.Name),
            ("driver", FunctionDocument.State(function)),
            ("link", function.Has(ManagementFunction.FlagsLinkUpMask) ? "up" : "down"),
            ("mac", Units.Mac(function.Mac) + pinned),
            ("vlan", function.Vlan == 0 ? "none" : Vlan(function)),
            ("max_tx_rate", Units.Rate(function.MaxTxRate)),
            ("min_tx_rate", Units.Rate(function.MinTxRate, "none")),
            ("spoofchk", function.Has(ManagementFunction.FlagsSpoofCheckMask) ? "on" : "off"),
            ("trust", function.Has(ManagementFunction.FlagsTrustMask) ? "on" : "off"),
            ("state", FunctionDocument.LinkState(function.LinkState)),
            ("weight", Number(function.Weight)),
            ("queues", Number(function.QueuePairs)),
            ("msix", Number(function.MsixVectors)),
            ("group", FunctionDocument.GroupName(function.RateGroup, groups)),
            ("interrupts", function.InterruptCeiling == 0 ? "unlimited" : $"{Number(function.InterruptCeiling)} a second"),
            ("adaptive", function.Has(ManagementFunction.FlagsAdaptiveMask) ? "on" : "off"),
        ];
        int width = lines.Max(line => line.Name.Length) + 2;
        foreach ((string name, string value) in lines)
        {
            text.WriteLine(name.PadRight(width) + value);
        }
    }

    // "100", "100 qos 5", "100 qos 5 802.1ad"; empty for none.
    private static string Vlan(FunctionInfo function)
    {
        if (function.Vlan == 0)
        {
            return "";
        }

        IEnumerable<string> words = [Number(FunctionDocument.VlanId(function))];
        if (FunctionDocument.Qos(function) is var qos and not 0)
        {
            words = words.Append($"qos {Number(qos)}");
        }

        if (FunctionDocument.Protocol(function) is { } protocol and not "802.1Q")
        {
            words = words.Append(protocol);
        }

        return string.Join(' ', words);
    }

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
