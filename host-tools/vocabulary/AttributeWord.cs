// The attributes of a function as an operator writes them: names, values, what they are in the protocol. Asks no device.
using System;
using System.Collections.Generic;
using System.Linq;
using SmartNicFw.Hal.Regs;
using SmartNicFw.HostTools.Failure;
using SmartNicFw.HostTools.Output;

namespace SmartNicFw.HostTools.Vocabulary;

/// <summary>One attribute. vlan, qos and proto are three words for the one <see cref="ManagementAttributeKind.Vlan"/>.</summary>
/// <param name="Name">As it is typed and as JSON and YAML have it.</param>
/// <param name="Kind">One of <see cref="ManagementAttributeKind"/>.</param>
/// <param name="Values">What it may be, for help and messages.</param>
/// <param name="Choices">The values where they are words; empty for numbers and addresses.</param>
/// <param name="Parse">Reads a value, its own part only; null for a group, whose number the device knows.</param>
internal sealed record AttributeWord(string Name, int Kind, string Values, IReadOnlyList<string> Choices, Func<string, ulong>? Parse)
{
    /// <summary>Name of the port VLAN's identifier.</summary>
    public const string Vlan = "vlan";

    /// <summary>Name of its priority.</summary>
    public const string Qos = "qos";

    /// <summary>Name of its protocol.</summary>
    public const string Proto = "proto";

    private const uint LargestVlan = 4094;
    private const uint LargestPriority = 7;
    private const uint LargestWeight = 1000;
    private const uint LargestCeiling = 1_000_000;
    private const uint LargestVectors = 2048;
    private static readonly string[] Switch = ["on", "off"];
    private static readonly Dictionary<string, ulong> States = new()
    {
        ["auto"] = ManagementLinkState.Auto,
        ["enable"] = ManagementLinkState.Enable,
        ["disable"] = ManagementLinkState.Disable,
    };

    private static readonly Dictionary<string, ulong> Protocols = new()
    {
        ["802.1Q"] = ManagementVlan.Ieee8021Q,
        ["802.1ad"] = ManagementVlan.Ieee8021Ad,
    };

    /// <summary>All attributes, in the order in which they are listed.</summary>
    public static IReadOnlyList<AttributeWord> All { get; } =
    [
        new("mac", ManagementAttributeKind.Mac, Units.MacForms, [], Units.ParseMac),
        Number(Vlan, ManagementAttributeKind.Vlan, 0, LargestVlan, "; 0 for none"),
        Number(Qos, ManagementAttributeKind.Vlan, 0, LargestPriority),
        Word(Proto, ManagementAttributeKind.Vlan, Protocols),
        Rate("max_tx_rate", ManagementAttributeKind.MaxTxRate),
        Rate("min_tx_rate", ManagementAttributeKind.MinTxRate),
        OnOff("spoofchk", ManagementAttributeKind.SpoofCheck),
        OnOff("trust", ManagementAttributeKind.Trust),
        Word("state", ManagementAttributeKind.LinkState, States),
        Number("weight", ManagementAttributeKind.Weight, 1, LargestWeight),
        Number("queues", ManagementAttributeKind.QueuePairs, 1, ushort.MaxValue),
        Number("msix", ManagementAttributeKind.MsixVectors, 1, LargestVectors),
        new("group", ManagementAttributeKind.RateGroup, "name or number of a rate group; none to leave it", [], null),
        Number("interrupts", ManagementAttributeKind.InterruptCeiling, 0, LargestCeiling, "; 0 for any number"),
        OnOff("adaptive", ManagementAttributeKind.Adaptive),
    ];

    /// <summary>Names of all of them.</summary>
    public static IReadOnlyCollection<string> Names { get; } = [.. All.Select(attribute => attribute.Name)];

    /// <summary>Finds an attribute.</summary>
    /// <exception cref="UsageException">There is none of that name; the message has the nearest.</exception>
    public static AttributeWord Find(string name) => All.FirstOrDefault(attribute => attribute.Name == name)
        ?? throw new UsageException($"there is no attribute '{name}'", Nearest.Advice(name, Names));

    private static AttributeWord Number(string name, int kind, uint least, uint most, string remark = "") =>
        new(name, kind, $"{least} to {most}{remark}", [], text => Units.ParseNumber(name, text, least, most));

    private static AttributeWord Rate(string name, int kind) => new(name, kind, Units.RateForms, [], text => Units.ParseRate(name, text));

    private static AttributeWord OnOff(string name, int kind) =>
        new(name, kind, "on, off", Switch, text => Units.ParseSwitch(name, text) ? 1UL : 0UL);

    private static AttributeWord Word(string name, int kind, Dictionary<string, ulong> values) =>
        new(name, kind, string.Join(", ", values.Keys), [.. values.Keys], text => values.TryGetValue(text, out ulong value)
            ? value
            : throw new UsageException($"{name} is '{text}'", Nearest.Advice(text, values.Keys)));
}
