// One function's policy and state as JSON and as cells of a table: the same words in both, and in what is typed. Asks no device.
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.Json.Nodes;
using SmartNicFw.Hal.Regs;
using SmartNicFw.HostTools.Client;
using SmartNicFw.HostTools.Output;

namespace SmartNicFw.HostTools.Vocabulary;

/// <summary>The names of attributes are those of the command line.</summary>
internal static class FunctionDocument
{
    private static readonly (int Flag, string Name)[] States =
    [
        (ManagementFunction.FlagsNeedsResetMask, "needs_reset"),
        (ManagementFunction.FlagsResettingMask, "resetting"),
        (ManagementFunction.FlagsDriverOkMask, "running"),
    ];

    /// <summary>The function as JSON.</summary>
    /// <param name="groups">Names of rate groups, by number.</param>
    public static JsonObject Json(FunctionInfo function, IReadOnlyDictionary<int, string> groups) => new()
    {
        ["name"] = function.Name,
        ["index"] = function.Index,
        ["physical_function"] = function.PhysicalFunction,
        ["vf"] = function.Vf,
        ["routing_id_distance"] = function.RoutingIdDistance,
        ["enabled"] = function.IsEnabled,
        ["driver"] = State(function),
        ["bus_master"] = function.Has(ManagementFunction.FlagsBusMasterMask),
        ["link_up"] = function.Has(ManagementFunction.FlagsLinkUpMask),
        ["mac"] = Units.Mac(function.Mac),
        ["mac_pinned"] = function.Has(ManagementFunction.FlagsMacPinnedMask),
        ["vlan"] = VlanId(function),
        ["qos"] = Qos(function),
        ["proto"] = Protocol(function),
        ["max_tx_rate"] = Units.BytesPerSecond(function.MaxTxRate),
        ["min_tx_rate"] = Units.BytesPerSecond(function.MinTxRate),
        ["spoofchk"] = function.Has(ManagementFunction.FlagsSpoofCheckMask),
        ["trust"] = function.Has(ManagementFunction.FlagsTrustMask),
        ["state"] = LinkState(function.LinkState),
        ["weight"] = function.Weight,
        ["queues"] = function.QueuePairs,
        ["msix"] = function.MsixVectors,
        ["group"] = GroupName(function.RateGroup, groups),
        ["interrupts"] = function.InterruptCeiling,
        ["adaptive"] = function.Has(ManagementFunction.FlagsAdaptiveMask),
    };

    /// <summary>Names of rate groups, by number.</summary>
    public static IReadOnlyDictionary<int, string> GroupNames(IEnumerable<RateGroupInfo> groups) =>
        groups.ToDictionary(group => group.Number, RateGroupName.Of);

    /// <summary>Names of the rate groups that functions are in: asked for only where one is in any.</summary>
    public static IReadOnlyDictionary<int, string> GroupNames(ManagementClient client, IEnumerable<FunctionInfo> functions) =>
        functions.Any(function => function.RateGroup != 0) ? GroupNames(client.GetRateGroups()) : new Dictionary<int, string>();

    /// <summary>Name of a function's group; "port" when it is in none.</summary>
    public static string GroupName(int number, IReadOnlyDictionary<int, string> groups) => number == 0
        ? RateGroupName.Port
        : groups.TryGetValue(number, out string? name) ? name : number.ToString(CultureInfo.InvariantCulture);

    /// <summary>How its driver is: none, running, needs_reset, resetting; off for a VF that is not enabled.</summary>
    public static string State(FunctionInfo function) => !function.IsEnabled
        ? "off"
        : States.Where(state => function.Has(state.Flag)).Select(state => state.Name).FirstOrDefault("none");

    /// <summary>auto, enable, disable.</summary>
    public static string LinkState(int state) => state switch
    {
        ManagementLinkState.Auto => "auto",
        ManagementLinkState.Enable => "enable",
        ManagementLinkState.Disable => "disable",
        _ => state.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>Port VLAN, 0 for none.</summary>
    public static int VlanId(FunctionInfo function) => (int)(function.Vlan & ManagementVlan.IdMask);

    /// <summary>802.1p priority of its port VLAN.</summary>
    public static int Qos(FunctionInfo function) => (int)((function.Vlan & ManagementVlan.PriorityMask) >> ManagementVlan.PriorityShift);

    /// <summary>802.1Q, 802.1ad, or null without a port VLAN.</summary>
    public static string? Protocol(FunctionInfo function) => (function.Vlan >> ManagementVlan.ProtocolShift) switch
    {
        0 => null,
        ManagementVlan.Ieee8021Q => "802.1Q",
        ManagementVlan.Ieee8021Ad => "802.1ad",
        uint other => string.Create(CultureInfo.InvariantCulture, $"0x{other:x4}"),
    };
}
