// The statuses and reasons of the protocol in words: stable ones for programs, sentences for people. Knows numbers only.
using System.Globalization;
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.HostTools.Client;

/// <summary>Words for <see cref="ManagementStatus"/>.</summary>
internal static class StatusNames
{
    /// <summary>The stable name: the constant's, in lower case with underscores.</summary>
    public static string Of(int status) => status switch
    {
        ManagementStatus.Ok => "ok",
        ManagementStatus.WrongSignature => "wrong_signature",
        ManagementStatus.WrongLength => "wrong_length",
        ManagementStatus.WrongCrc => "wrong_crc",
        ManagementStatus.WrongVersion => "wrong_version",
        ManagementStatus.WrongHeader => "wrong_header",
        ManagementStatus.UnknownOpcode => "unknown_opcode",
        ManagementStatus.BadArgument => "bad_argument",
        ManagementStatus.Denied => "denied",
        ManagementStatus.Busy => "busy",
        ManagementStatus.WrongState => "wrong_state",
        ManagementStatus.StoreFault => "store_fault",
        _ => string.Create(CultureInfo.InvariantCulture, $"status_{status}"),
    };

    /// <summary>What the device did, behind its name.</summary>
    public static string Verdict(int status) => status switch
    {
        ManagementStatus.UnknownOpcode => "does not know this request",
        ManagementStatus.BadArgument => "refused",
        ManagementStatus.Denied => "does not permit it",
        ManagementStatus.Busy => "is busy",
        ManagementStatus.WrongState => "cannot do it now",
        ManagementStatus.StoreFault => "made the change, and could not keep it for the next start",
        _ => $"did not understand the request ({Of(status)})",
    };

    /// <summary>What to do next; may be empty.</summary>
    /// <param name="reason">One of <see cref="ManagementReason"/>.</param>
    /// <param name="opcode">What was asked.</param>
    public static string Advice(int status, int reason, int opcode) => status switch
    {
        ManagementStatus.UnknownOpcode => "its firmware is older than this smartnic, or it does not have this",
        ManagementStatus.Denied => "ask where more is permitted: a PF's window changes its own VFs, pf0's the endpoint too, the socket all",
        ManagementStatus.Busy => "another transaction or a reset is under way: try again",
        ManagementStatus.StoreFault => "look at the space and the rights where it keeps its policy",
        ManagementStatus.BadArgument or ManagementStatus.WrongState => ReasonNames.Advice(reason) ?? (Changes(opcode) ? "nothing was changed" : ""),
        _ => "try again; if it stays, the way to the device is broken",
    };

    private static bool Changes(int opcode) => opcode is ManagementOpcode.SetNumVFs or ManagementOpcode.ResetVf or ManagementOpcode.SetAttribute
        or ManagementOpcode.AddRateGroup or ManagementOpcode.SetRateGroup or ManagementOpcode.DeleteRateGroup or ManagementOpcode.CommitTransaction;
}

/// <summary>Words for <see cref="ManagementReason"/>.</summary>
internal static class ReasonNames
{
    /// <summary>The stable name.</summary>
    public static string Of(int reason) => reason switch
    {
        ManagementReason.None => "none",
        ManagementReason.NoSuchFunction => "no_such_function",
        ManagementReason.NoSuchQueue => "no_such_queue",
        ManagementReason.NoSuchGroup => "no_such_group",
        ManagementReason.NoSuchAttribute => "no_such_attribute",
        ManagementReason.OutOfRange => "out_of_range",
        ManagementReason.ReservedNotZero => "reserved_not_zero",
        ManagementReason.WrongKindOfFunction => "wrong_kind_of_function",
        ManagementReason.UnusableMac => "unusable_mac",
        ManagementReason.GroupExists => "group_exists",
        ManagementReason.GroupNotEmpty => "group_not_empty",
        ManagementReason.GroupWithinItself => "group_within_itself",
        ManagementReason.GuaranteeTooLarge => "guarantee_too_large",
        ManagementReason.FunctionRuns => "function_runs",
        ManagementReason.NoneFree => "none_free",
        ManagementReason.NoSuchTransaction => "no_such_transaction",
        ManagementReason.ChangesMissing => "changes_missing",
        ManagementReason.TooManyChanges => "too_many_changes",
        ManagementReason.NotEnabled => "not_enabled",
        _ => string.Create(CultureInfo.InvariantCulture, $"reason_{reason}"),
    };

    /// <summary>What to do about it, or null.</summary>
    public static string? Advice(int reason) => reason switch
    {
        ManagementReason.NotEnabled => "enable it first: smartnic numvfs N",
        ManagementReason.FunctionRuns => "unbind its driver first",
        ManagementReason.GroupNotEmpty => "take out what is in it first: smartnic vf N set group none",
        _ => null,
    };

    /// <summary>What it means, where the device sent no text of its own.</summary>
    public static string Meaning(int reason) => reason switch
    {
        ManagementReason.NoSuchFunction => "there is no such function",
        ManagementReason.NoSuchQueue => "the function has no such queue",
        ManagementReason.NoSuchGroup => "there is no such rate group",
        ManagementReason.NoSuchAttribute => "there is no such attribute",
        ManagementReason.OutOfRange => "a value is out of its range",
        ManagementReason.ReservedNotZero => "a reserved bit is set",
        ManagementReason.WrongKindOfFunction => "a PF cannot have this, or a VF cannot",
        ManagementReason.UnusableMac => "another function has this MAC address, or it is zero or a group address",
        ManagementReason.GroupExists => "the group is there already",
        ManagementReason.GroupNotEmpty => "a function or a group is in it",
        ManagementReason.GroupWithinItself => "the group would be within itself",
        ManagementReason.GuaranteeTooLarge => "a guarantee is more than its limit, or guarantees are more than their group or the port has",
        ManagementReason.FunctionRuns => "a driver runs on the VF",
        ManagementReason.NoneFree => "as many queue pairs or vectors are not free",
        ManagementReason.NoSuchTransaction => "the transaction is over",
        ManagementReason.ChangesMissing => "not all changes have arrived",
        ManagementReason.TooManyChanges => "a transaction has no room for as many changes",
        ManagementReason.NotEnabled => "the VF is not enabled",
        _ => Of(reason),
    };
}
