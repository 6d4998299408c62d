// One request of a transaction, and what it changes in words. Knows no way that it travels.
using System.Collections.Generic;
using SmartNicFw.HostTools.Policy.Reading;

namespace SmartNicFw.HostTools.Policy;

/// <summary>What happens to an owner.</summary>
internal enum PolicyChangeKind
{
    /// <summary>Something of it becomes something else.</summary>
    Set,

    /// <summary>A group comes.</summary>
    Add,

    /// <summary>A group goes.</summary>
    Remove,
}

/// <summary>A setting that becomes another one, as it stands in a policy file.</summary>
internal sealed record PolicyStep(string Key, string From, string To);

/// <summary>A request and what it does.</summary>
/// <param name="Opcode">One of <see cref="Hal.Regs.ManagementOpcode"/>.</param>
/// <param name="Payload">The request's payload.</param>
/// <param name="Owner">port, the name of a group, or that of a function.</param>
/// <param name="Function">Index of the function, or -1.</param>
/// <param name="Position">Where the file says so.</param>
internal sealed record PolicyChange(
    PolicyChangeKind Kind, int Opcode, byte[] Payload, string Owner, int Function, IReadOnlyList<PolicyStep> Steps, TextPosition Position)
{
    /// <summary>Instead of a function: the port, or a group.</summary>
    public const int NoFunction = -1;

    /// <summary>True when the owner is a rate group.</summary>
    public bool IsOfGroup => Function == NoFunction && Owner != PolicyKey.Port;
}
