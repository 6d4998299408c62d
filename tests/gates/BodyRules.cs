// Rules on single instructions, and pairs of them, in method bodies. Knows nothing of how values flow (SignednessTrap does).
using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection.Metadata;

namespace SmartNicFw.Tests.Gates;

/// <summary>The instructions of NANO002, NANO005, NANO015, NANO019, NANO020 and NANO021.</summary>
internal static class BodyRules
{
    private static readonly HashSet<string> FloatOpCodes =
    [
        "ldc.r4", "ldc.r8", "conv.r4", "conv.r8", "conv.r.un", "ldind.r4", "ldind.r8", "stind.r4", "stind.r8",
        "ldelem.r4", "ldelem.r8", "stelem.r4", "stelem.r8", "ckfinite",
    ];

    private static readonly HashSet<string> PointerOpCodes = ["localloc", "cpblk", "initblk", "calli"];

    public static IEnumerable<GateViolation> Check(Universe universe) =>
        universe.Subject.Methods.SelectMany(method => CheckMethod(universe, method)).Distinct();

    private static IEnumerable<GateViolation> CheckMethod(Universe universe, MethodCode method)
    {
        Instruction? before = null;
        foreach (Instruction instruction in method.Instructions)
        {
            string name = instruction.Name;
            if (name.Contains(".ovf", StringComparison.Ordinal))
                yield return new(GateRules.OverflowCheck, method.Name, $"uses {name}; nanoCLR never detects overflow: compare before, or index with an int");
            if (FloatOpCodes.Contains(name))
                yield return new(GateRules.FloatingPoint, method.Name, $"uses {name}; division by zero and NaN differ on nanoCLR, use integers");
            if (PointerOpCodes.Contains(name))
                yield return new(GateRules.Pointer, method.Name, $"uses {name}; lend an array and an offset");
            if (name == "volatile.")
                yield return new(GateRules.Volatile, method.Name, "accesses a volatile field; nanoCLR has no such instruction");
            if (name == "switch" && instruction.Targets!.Length > GateLimits.Count)
            {
                yield return new(GateRules.DenseSwitch, method.Name,
                    $"has a dense switch of {instruction.Targets.Length} cases; nanoCLR counts them in a byte and cuts the rest");
            }

            if (EnumAsText(universe, before, instruction) is { } type)
                yield return new(GateRules.EnumText, method.Name, $"makes text of the enum {type}; nanoCLR prints its number");
            before = instruction;
        }
    }

    // constrained. E + callvirt Object.ToString; call Enum.ToString; box E, which is how an enum gets into a format.
    private static string? EnumAsText(Universe universe, Instruction? before, Instruction instruction)
    {
        if (instruction.Name is "call" or "callvirt" && universe.MemberOf(instruction.Token) is (var type, "ToString"))
        {
            if (type == "System.Enum")
                return type;
            return before?.Name == "constrained." ? EnumName(universe, before.Token) : null;
        }

        return instruction.Name == "box" ? EnumName(universe, instruction.Token) : null;
    }

    private static string? EnumName(Universe universe, EntityHandle type)
    {
        string name = MetadataNames.TypeOf(universe.Subject.Metadata, type).Name;
        return universe.UnderlyingOfEnum(name) is null ? null : name;
    }
}
