// The assembly under the gate and the assemblies it may reference, as one place to look names up. Knows nothing of rules.
using System.Collections.Generic;
using System.Linq;
using System.Reflection.Metadata;

namespace SmartNicFw.Tests.Gates;

/// <summary>Resolves names across the assembly under the gate and its permitted references.</summary>
internal sealed class Universe(AssemblyImage subject, IReadOnlyList<AssemblyImage> references)
{
    public AssemblyImage Subject { get; } = subject;

    /// <summary>Whether a permitted reference has that name.</summary>
    public bool Permits(string assembly) => references.Any(image => image.Name == assembly);

    /// <summary>The permitted reference that declares a type, or null.</summary>
    public AssemblyImage? Declaring(string type) => references.FirstOrDefault(image => image.FindType(type) is not null);

    /// <summary>The integer behind an enum; null for a type that is no enum or is not known.</summary>
    public IlType? UnderlyingOfEnum(string type) =>
        Subject.UnderlyingOfEnum(type) ?? references.Select(image => image.UnderlyingOfEnum(type)).FirstOrDefault(found => found is not null);

    /// <summary>The signature of what a call token names.</summary>
    public MethodSignature<IlType> SignatureOf(EntityHandle token)
    {
        MetadataReader metadata = Subject.Metadata;
        return token.Kind switch
        {
            HandleKind.MethodDefinition => metadata.GetMethodDefinition((MethodDefinitionHandle)token).DecodeSignature(IlTypeProvider.Instance, null),
            HandleKind.MethodSpecification => SignatureOf(metadata.GetMethodSpecification((MethodSpecificationHandle)token).Method),
            HandleKind.StandaloneSignature => metadata.GetStandaloneSignature((StandaloneSignatureHandle)token)
                .DecodeMethodSignature(IlTypeProvider.Instance, null),
            _ => metadata.GetMemberReference((MemberReferenceHandle)token).DecodeMethodSignature(IlTypeProvider.Instance, null),
        };
    }

    /// <summary>The type of the field a token names.</summary>
    public IlType FieldTypeOf(EntityHandle token) => token.Kind == HandleKind.FieldDefinition
        ? Subject.Metadata.GetFieldDefinition((FieldDefinitionHandle)token).DecodeSignature(IlTypeProvider.Instance, null)
        : Subject.Metadata.GetMemberReference((MemberReferenceHandle)token).DecodeFieldSignature(IlTypeProvider.Instance, null);

    /// <summary>The type and the name of the field or method a token names.</summary>
    public (string Type, string Member) MemberOf(EntityHandle token)
    {
        MetadataReader metadata = Subject.Metadata;
        switch (token.Kind)
        {
            case HandleKind.FieldDefinition:
                FieldDefinition field = metadata.GetFieldDefinition((FieldDefinitionHandle)token);
                return (MetadataNames.Of(metadata, field.GetDeclaringType()), metadata.GetString(field.Name));
            case HandleKind.MethodDefinition:
                MethodDefinition method = metadata.GetMethodDefinition((MethodDefinitionHandle)token);
                return (MetadataNames.Of(metadata, method.GetDeclaringType()), metadata.GetString(method.Name));
            case HandleKind.MethodSpecification:
                return MemberOf(metadata.GetMethodSpecification((MethodSpecificationHandle)token).Method);
            case HandleKind.MemberReference:
                MemberReference member = metadata.GetMemberReference((MemberReferenceHandle)token);
                return (MetadataNames.TypeOf(metadata, member.Parent).Name, metadata.GetString(member.Name));
            default:
                return ("?", "?");
        }
    }
}
