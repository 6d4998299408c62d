// What ends a command early: one line that says what happened, and what to do next. Knows no command and no way to print it.
using System;

namespace SmartNicFw.HostTools.Failure;

/// <summary>A command cannot be carried out: the device refused, is not there, or does not answer.</summary>
/// <param name="what">What happened, without an end: "the device at X does not answer".</param>
/// <param name="advice">What to do next, or what is allowed, without an end; empty where the first part says it.</param>
internal class ToolException(string what, string advice = "") : Exception(advice.Length == 0 ? what : $"{what}; {advice}")
{
    /// <summary>Exit code of a command that was carried out.</summary>
    public const int Done = 0;

    /// <summary>Exit code of wrong usage.</summary>
    public const int WrongUsage = 1;

    /// <summary>Exit code of what was refused or could not be reached.</summary>
    public const int NotDone = 2;

    /// <summary>What happened.</summary>
    public string What { get; } = what;

    /// <summary>What to do next; may be empty.</summary>
    public string Advice { get; } = advice;

    /// <summary>Exit code of the program.</summary>
    public virtual int ExitCode => NotDone;

    /// <summary>A stable word for programs: "usage", "refused", "unreachable".</summary>
    public virtual string Kind => "unreachable";
}

/// <summary>What was typed cannot be: nothing was asked of any device.</summary>
internal sealed class UsageException(string what, string advice = "") : ToolException(what, advice)
{
    /// <inheritdoc/>
    public override int ExitCode => WrongUsage;

    /// <inheritdoc/>
    public override string Kind => "usage";
}
