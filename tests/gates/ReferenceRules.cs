// Rules on what an assembly reaches for: only listed assemblies, and of those only what they declare.
// The profile is the whole of what nanoFramework offers here; knows nothing of what nanoFramework has beyond it.
using System.Collections.Generic;
using System.Linq;
using System.Reflection.Metadata;

namespace SmartNicFw.Tests.Gates;

/// <summary>NANO006, NANO017 and NANO018.</summary>
internal static class ReferenceRules
{
    public static IEnumerable<GateViolation> Check(Universe universe) =>
        Assemblies(universe).Concat(Types(universe)).Concat(Members(universe)).Concat(Catches(universe)).Distinct();

    private static IEnumerable<GateViolation> Assemblies(Universe universe)
    {
        MetadataReader metadata = universe.Subject.Metadata;
        foreach (AssemblyReferenceHandle handle in metadata.AssemblyReferences)
        {
            string name = metadata.GetString(metadata.GetAssemblyReference(handle).Name);
            if (!universe.Permits(name))
                yield return new(GateRules.UnlistedAssembly, universe.Subject.Name, $"references {name}; only the profile and hal are there");
        }
    }

    private static IEnumerable<GateViolation> Types(Universe universe)
    {
        MetadataReader metadata = universe.Subject.Metadata;
        foreach (TypeReferenceHandle handle in metadata.TypeReferences)
        {
            string name = MetadataNames.Of(metadata, handle);
            if (universe.Declaring(name) is null)
                yield return new(GateRules.UndeclaredMember, FirstUser(universe.Subject, handle), $"uses {name}, which the profile does not declare");
        }
    }

    private static IEnumerable<GateViolation> Members(Universe universe)
    {
        MetadataReader metadata = universe.Subject.Metadata;
        foreach (MemberReferenceHandle handle in metadata.MemberReferences)
        {
            MemberReference member = metadata.GetMemberReference(handle);
            if (member.Parent.Kind != HandleKind.TypeReference)
                continue;
            string type = MetadataNames.Of(metadata, (TypeReferenceHandle)member.Parent);
            if (universe.Declaring(type) is not { } image || Declares(image, type, metadata, member))
                continue;
            yield return new(GateRules.UndeclaredMember, FirstUser(universe.Subject, handle),
                $"uses {type}.{metadata.GetString(member.Name)}{Signature(member)}, which the profile does not declare");
        }
    }

    private static IEnumerable<GateViolation> Catches(Universe universe)
    {
        MetadataReader metadata = universe.Subject.Metadata;
        foreach (MethodCode method in universe.Subject.Methods)
        {
            foreach (ExceptionRegion region in method.Body.ExceptionRegions)
            {
                foreach (EntityHandle type in CaughtTypes(method, region))
                {
                    string name = MetadataNames.TypeOf(metadata, type).Name;
                    if (type.Kind != HandleKind.TypeDefinition && universe.Declaring(name) is null)
                        yield return new(GateRules.MissingCatchType, method.Name, $"catches {name}, which the profile does not declare");
                }
            }
        }
    }

    private static IEnumerable<EntityHandle> CaughtTypes(MethodCode method, ExceptionRegion region) => region.Kind switch
    {
        ExceptionRegionKind.Catch => [region.CatchType],
        ExceptionRegionKind.Filter => method.Instructions
            .Where(instruction => instruction.Offset >= region.FilterOffset && instruction.Offset < region.HandlerOffset)
            .Where(instruction => instruction.Name == "isinst")
            .Select(instruction => instruction.Token),
        _ => [],
    };

    private static bool Declares(AssemblyImage image, string typeName, MetadataReader user, MemberReference member)
    {
        MetadataReader metadata = image.Metadata;
        TypeDefinition type = metadata.GetTypeDefinition(image.FindType(typeName)!.Value);
        string name = user.GetString(member.Name);
        string signature = Signature(member);
        return member.GetKind() == MemberReferenceKind.Field
            ? type.GetFields().Select(metadata.GetFieldDefinition).Any(field =>
                metadata.GetString(field.Name) == name && field.DecodeSignature(IlTypeProvider.Instance, null).Name == signature)
            : type.GetMethods().Select(metadata.GetMethodDefinition).Any(method =>
                metadata.GetString(method.Name) == name
                && MetadataNames.Signature(method.DecodeSignature(IlTypeProvider.Instance, null)) == signature);
    }

    private static string Signature(MemberReference member) => member.GetKind() == MemberReferenceKind.Field
        ? member.DecodeFieldSignature(IlTypeProvider.Instance, null).Name
        : MetadataNames.Signature(member.DecodeMethodSignature(IlTypeProvider.Instance, null));

    // The first method whose code names the row, or names a member of it; the assembly where only a declaration does.
    private static string FirstUser(AssemblyImage image, EntityHandle row)
    {
        return image.Methods.FirstOrDefault(method => method.Instructions.Any(Names))?.Name ?? image.Name;

        bool Names(Instruction instruction) => instruction.HasToken
            && (instruction.Token == row
                || (instruction.Token.Kind == HandleKind.MemberReference
                    && image.Metadata.GetMemberReference((MemberReferenceHandle)instruction.Token).Parent == row));
    }
}
