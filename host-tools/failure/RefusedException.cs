// What a device, or the kernel before it, answered instead of doing what was asked. Knows numbers, not what they are named.
namespace SmartNicFw.HostTools.Failure;

/// <summary>Nothing has changed by the request that was refused.</summary>
internal sealed class RefusedException(string what, string advice = "") : ToolException(what, advice)
{
    /// <inheritdoc/>
    public override string Kind => "refused";

    /// <summary>One of ManagementStatus; 0 when it was not the device that refused.</summary>
    public int Status { get; init; }

    /// <summary>One of ManagementReason.</summary>
    public int Reason { get; init; }

    /// <summary>What the device said itself; empty when it said nothing.</summary>
    public string Text { get; init; } = "";

    /// <summary>Of a transaction: the change that is at fault, 0 upwards in the order they were sent.</summary>
    public uint Change { get; init; }
}
