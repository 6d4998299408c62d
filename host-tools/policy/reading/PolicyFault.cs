// What is wrong with a policy file, and where: collected, so that all of it is said at once. Knows no rule.
using System;
using System.Collections.Generic;
using System.Linq;

namespace SmartNicFw.HostTools.Policy.Reading;

/// <summary>A place in a text. Both count from 1; a column is a UTF-16 code unit, as editors count.</summary>
internal readonly record struct TextPosition(int Line, int Column) : IComparable<TextPosition>
{
    /// <summary>The beginning of the text, for what is wrong with all of it.</summary>
    public static readonly TextPosition Start = new(1, 1);

    /// <summary>Earlier in the text is less.</summary>
    public int CompareTo(TextPosition other) =>
        Line != other.Line ? Line.CompareTo(other.Line) : Column.CompareTo(other.Column);
}

/// <summary>One thing that is wrong.</summary>
/// <param name="Message">One line, which says what is allowed where that can be said.</param>
internal sealed record PolicyFault(TextPosition Position, string Message);

/// <summary>All that is wrong with a file. Bounded, for a file may be made to be wrong everywhere.</summary>
internal sealed class PolicyFaults
{
    /// <summary>Faults that are kept; more are counted.</summary>
    public const int MaxKept = 1000;

    private readonly HashSet<PolicyFault> _faults = [];

    /// <summary>Faults that were found beyond those that are kept.</summary>
    public int Unkept { get; private set; }

    /// <summary>True while nothing is wrong.</summary>
    public bool IsEmpty => _faults.Count == 0;

    /// <summary>The faults in the order of the text.</summary>
    public IReadOnlyList<PolicyFault> Sorted =>
        [.. _faults.OrderBy(fault => fault.Position).ThenBy(fault => fault.Message, StringComparer.Ordinal)];

    /// <summary>Adds a fault; the same one in the same place counts once.</summary>
    public void Add(TextPosition position, string message)
    {
        if (_faults.Count < MaxKept)
        {
            _ = _faults.Add(new PolicyFault(position, message));
        }
        else
        {
            Unkept++;
        }
    }
}
