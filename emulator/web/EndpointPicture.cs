// What a page shows of endpoints at one moment. Knows no board and no format.
using System.Collections.Generic;

namespace SmartNicFw.Emulator.Web;

/// <summary>What the operator called an endpoint.</summary>
/// <param name="Attachment">How hosts attach to it.</param>
/// <param name="Wire">What its port is connected to.</param>
internal sealed record EndpointTitle(string Attachment, string Wire);

/// <summary>A PF, or a VF that is enabled.</summary>
/// <param name="Name">Such as pf0vf3.</param>
/// <param name="State">A value of <see cref="FunctionState"/>.</param>
/// <param name="Mac">Its address; the first byte on the wire in bits 7:0.</param>
/// <param name="Network">What the operator decided about its place in the network.</param>
/// <param name="Group">The group it is in; 0 is the port.</param>
/// <param name="Class">Its class of strict priority, 0, the lowest, to 3.</param>
/// <param name="Priority">802.1p, 0 to 7.</param>
/// <param name="Share">Its weight and rates.</param>
/// <param name="HasWork">Frames wait for a turn or for its limit at this moment.</param>
/// <param name="LineBytes">Bytes that the frames it sent take on the line.</param>
/// <param name="Counts">Counters, by column.</param>
internal sealed record FunctionPicture(
    string Name, bool IsVirtual, string State, ulong Mac, NetworkPicture Network, int Group, int Class, int Priority, SharePicture Share, bool HasWork, ulong LineBytes, ulong[] Counts);

/// <summary>A function's place in the network.</summary>
/// <param name="Vlan">Its port VLAN, 0 for none.</param>
/// <param name="IsServiceVlan">802.1ad rather than 802.1Q.</param>
/// <param name="IsSpoofChecked">It may send from its own address only.</param>
/// <param name="IsTrusted">It may do what others may not.</param>
/// <param name="LinkState">A value of ManagementLinkState: as the port, up, or down.</param>
internal readonly record struct NetworkPicture(int Vlan, bool IsServiceVlan, bool IsSpoofChecked, bool IsTrusted, int LinkState);

/// <summary>A rate group.</summary>
/// <param name="Number">Its number, 1 upwards.</param>
/// <param name="Name">What the operator calls it.</param>
/// <param name="Parent">The group it is in; 0 is the port.</param>
/// <param name="Share">Its weight and rates.</param>
internal sealed record GroupPicture(int Number, string Name, int Parent, SharePicture Share);

/// <summary>What the operator decided for an owner.</summary>
/// <param name="Weight">1 to 1,000.</param>
/// <param name="LimitMbps">Mbit/s on the line, 0 for none.</param>
/// <param name="GuaranteeMbps">Mbit/s on the line, 0 for none.</param>
internal readonly record struct SharePicture(int Weight, int LimitMbps, int GuaranteeMbps);

/// <summary>Something that happened.</summary>
/// <param name="Number">It is the so manieth since start, from 0.</param>
/// <param name="TimeUs">When it happened last, microseconds of the board's clock.</param>
/// <param name="Times">How often.</param>
/// <param name="Function">Name of the function, or that it is the endpoint.</param>
/// <param name="Text">What happened, for a person.</param>
internal sealed record EventPicture(ulong Number, long TimeUs, uint Times, string Function, string Text);

/// <summary>Why an endpoint is not well.</summary>
/// <param name="Function">Name of the function; empty when it is the endpoint.</param>
/// <param name="Text">Why, for a person.</param>
internal sealed record HealthReason(string Function, string Text);

/// <summary>One endpoint.</summary>
internal sealed record EndpointPicture
{
    /// <summary>Number of the endpoint, from 1.</summary>
    public required int Number { get; init; }

    /// <summary>What the operator called it.</summary>
    public required EndpointTitle Title { get; init; }

    /// <summary>Microseconds of the board's clock.</summary>
    public required long TimeUs { get; init; }

    /// <summary>VFs that could be enabled, of all PFs.</summary>
    public required int TotalVFs { get; init; }

    /// <summary>The wire has a link.</summary>
    public required bool IsLinkUp { get; init; }

    /// <summary>Speed of the port, Mbit/s.</summary>
    public required int PortMbps { get; init; }

    /// <summary>Limit of the port, Mbit/s, 0 for none.</summary>
    public required int PortLimitMbps { get; init; }

    /// <summary>Counters of the wire, by column; received is what went out.</summary>
    public required ulong[] PortCounts { get; init; }

    /// <summary>well, degraded or failed.</summary>
    public required string Health { get; init; }

    /// <summary>Why it is not well, the first of them.</summary>
    public required IReadOnlyList<HealthReason> Reasons { get; init; }

    /// <summary>Groups that are there.</summary>
    public required IReadOnlyList<GroupPicture> Groups { get; init; }

    /// <summary>PFs, then VFs.</summary>
    public required IReadOnlyList<FunctionPicture> Functions { get; init; }

    /// <summary>The last events, the newest first.</summary>
    public required IReadOnlyList<EventPicture> Events { get; init; }
}

/// <summary>What a function is doing, as its driver and firmware have it.</summary>
internal static class FunctionState
{
    /// <summary>No driver has touched it since its reset.</summary>
    public const string Absent = "absent";

    /// <summary>Its driver has begun and is not done.</summary>
    public const string Starting = "starting";

    /// <summary>DRIVER_OK.</summary>
    public const string Running = "running";

    /// <summary>Its reset is not over.</summary>
    public const string Resetting = "resetting";

    /// <summary>DEVICE_NEEDS_RESET: its driver broke it.</summary>
    public const string NeedsReset = "needs_reset";

    /// <summary>FAILED: its driver gave up.</summary>
    public const string Failed = "failed";
}
