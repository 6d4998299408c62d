// The rule on static initialisers: nanoCLR runs them all before Main, in alphabetical order of full name, so what another
// type's static holds by then depends on its name. Follows calls within the assembly; knows nothing of values.
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Reflection.Metadata;

namespace SmartNicFw.Tests.Gates;

/// <summary>NANO016.</summary>
internal static class StaticInitializerRules
{
    public static IEnumerable<GateViolation> Check(Universe universe)
    {
        Dictionary<MethodDefinitionHandle, MethodCode> bodies = universe.Subject.Methods.ToDictionary(method => method.Handle);
        foreach (MethodCode initializer in universe.Subject.Methods)
        {
            (string owner, string name) = universe.MemberOf(initializer.Handle);
            if (name != ".cctor")
                continue;
            foreach (GateViolation violation in Walk(universe, bodies, initializer, owner).Distinct())
                yield return violation;
        }
    }

    private static IEnumerable<GateViolation> Walk(
        Universe universe, Dictionary<MethodDefinitionHandle, MethodCode> bodies, MethodCode initializer, string owner)
    {
        var reached = new HashSet<MethodDefinitionHandle> { initializer.Handle };
        var waiting = new Queue<MethodCode>([initializer]);
        while (waiting.TryDequeue(out MethodCode? method))
        {
            foreach (Instruction instruction in method.Instructions)
            {
                if (instruction.Name is "ldsfld" or "ldsflda")
                {
                    (string type, string field) = universe.MemberOf(instruction.Token);
                    if (type != owner && !IsOfTheClassLibrary(universe, type))
                    {
                        string via = method == initializer ? "" : $" through {method.Name}";
                        yield return new(GateRules.StaticInitializerOrder, initializer.Name,
                            $"reads {type}.{field}{via}; it may still be zero, make it a const or set both from one constructor");
                    }
                }
                else if (instruction.Name is "call" or "callvirt" or "newobj" or "ldftn" or "ldvirtftn")
                {
                    foreach (MethodDefinitionHandle callee in Callees(universe, instruction.Token))
                    {
                        if (bodies.TryGetValue(callee, out MethodCode? code) && reached.Add(callee))
                            waiting.Enqueue(code);
                    }
                }
            }
        }
    }

    // String.Empty and its like: the class library is there before any assembly of ours.
    private static bool IsOfTheClassLibrary(Universe universe, string type) =>
        universe.Declaring(type) is { } image && !image.Name.StartsWith("SmartNicFw.", System.StringComparison.Ordinal);

    private static IEnumerable<MethodDefinitionHandle> Callees(Universe universe, EntityHandle token)
    {
        if (token.Kind != HandleKind.MethodDefinition)
            return [];
        MetadataReader metadata = universe.Subject.Metadata;
        var handle = (MethodDefinitionHandle)token;
        MethodDefinition target = metadata.GetMethodDefinition(handle);
        if ((target.Attributes & MethodAttributes.Virtual) == 0)
            return [handle];

        // Any override may be the one: the same name and signature, anywhere in the assembly.
        string name = metadata.GetString(target.Name);
        string signature = MetadataNames.Signature(target.DecodeSignature(IlTypeProvider.Instance, null));
        return metadata.MethodDefinitions.Where(candidate =>
        {
            MethodDefinition method = metadata.GetMethodDefinition(candidate);
            return (method.Attributes & MethodAttributes.Virtual) != 0
                && metadata.GetString(method.Name) == name
                && MetadataNames.Signature(method.DecodeSignature(IlTypeProvider.Instance, null)) == signature;
        });
    }
}
