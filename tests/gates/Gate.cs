// The gate: one assembly of the nanoFramework leg in, violations out. Knows which rules there are, and none of them.
using System.Collections.Generic;
using System.Linq;

namespace SmartNicFw.Tests.Gates;

/// <summary>Reads built metadata and IL for what compiles and still breaks on nanoCLR.</summary>
internal static class Gate
{
    /// <summary>Every violation in <paramref name="subject"/>, which may reference <paramref name="references"/> and nothing else.</summary>
    public static IReadOnlyList<GateViolation> Check(AssemblyImage subject, IReadOnlyList<AssemblyImage> references)
    {
        var universe = new Universe(subject, references);
        return
        [
            .. ShapeRules.Check(subject)
                .Concat(SignatureScan.Check(subject))
                .Concat(BodyRules.Check(universe))
                .Concat(ReferenceRules.Check(universe))
                .Concat(StaticInitializerRules.Check(universe))
                .Concat(SignednessTrap.Check(universe)),
        ];
    }
}
