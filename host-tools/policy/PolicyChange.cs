// One change of a transaction, and what it does in words. Knows no way that it travels.
using System.Collections.Generic;
using SmartNicFw.HostTools.Client;
using SmartNicFw.HostTools.Policy.Reading;

namespace SmartNicFw.HostTools.Policy;

/// <summary>A setting that becomes another one, as both stand in a policy file.</summary>
internal sealed record PolicyStep(string Key, string From, string To);

/// <summary>A change of an owner: the port, a group, or a function.</summary>
/// <param name="Owner">port, the name of a group, or that of a function.</param>
/// <param name="Position">Where the file says so; its beginning where it says nothing.</param>
internal abstract record PolicyChange(string Owner, IReadOnlyList<PolicyStep> Steps, TextPosition Position)
{
    /// <summary>set, add or remove.</summary>
    public virtual string Kind => "set";

    /// <summary>Sends it.</summary>
    public abstract void Send(ManagementTransaction transaction);
}

/// <summary>An attribute of a function.</summary>
/// <param name="Attribute">One of ManagementAttributeKind.</param>
internal sealed record FunctionChange(
    int Function, FunctionRange Range, int Attribute, ulong Value, PolicyStep Step, TextPosition Position)
    : PolicyChange(Range.ToString(), [Step], Position)
{
    /// <inheritdoc/>
    public override void Send(ManagementTransaction transaction) => transaction.SetAttribute(Function, Attribute, Value);
}

/// <summary>A group that comes, or fields of one that is there, or of the port.</summary>
internal sealed record GroupChange(bool IsNew, RateGroupChange Change, string Owner, IReadOnlyList<PolicyStep> Steps, TextPosition Position)
    : PolicyChange(Owner, Steps, Position)
{
    /// <inheritdoc/>
    public override string Kind => IsNew ? "add" : "set";

    /// <inheritdoc/>
    public override void Send(ManagementTransaction transaction)
    {
        if (IsNew)
        {
            transaction.AddRateGroup(Change);
        }
        else
        {
            transaction.SetRateGroup(Change);
        }
    }
}

/// <summary>A group that goes.</summary>
internal sealed record GroupRemoval(int Number, string Owner) : PolicyChange(Owner, [], TextPosition.Start)
{
    /// <inheritdoc/>
    public override string Kind => "remove";

    /// <inheritdoc/>
    public override void Send(ManagementTransaction transaction) => transaction.DeleteRateGroup(Number);
}
