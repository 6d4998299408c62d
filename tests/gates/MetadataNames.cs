// Names of things in metadata, as the gate shows and compares them: Namespace.Type+Nested, and Type.Method. Knows nothing of rules.
using System;
using System.Linq;
using System.Reflection.Metadata;

namespace SmartNicFw.Tests.Gates;

/// <summary>Full names of metadata rows.</summary>
internal static class MetadataNames
{
    public static string Of(MetadataReader reader, TypeDefinitionHandle handle)
    {
        TypeDefinition type = reader.GetTypeDefinition(handle);
        TypeDefinitionHandle outer = type.GetDeclaringType();
        string name = reader.GetString(type.Name);
        return outer.IsNil ? Join(reader.GetString(type.Namespace), name) : Of(reader, outer) + "+" + name;
    }

    public static string Of(MetadataReader reader, TypeReferenceHandle handle)
    {
        TypeReference type = reader.GetTypeReference(handle);
        string name = reader.GetString(type.Name);
        return type.ResolutionScope.Kind == HandleKind.TypeReference
            ? Of(reader, (TypeReferenceHandle)type.ResolutionScope) + "+" + name
            : Join(reader.GetString(type.Namespace), name);
    }

    public static string Of(MetadataReader reader, MethodDefinitionHandle handle)
    {
        MethodDefinition method = reader.GetMethodDefinition(handle);
        return Of(reader, method.GetDeclaringType()) + "." + reader.GetString(method.Name);
    }

    public static string Of(MetadataReader reader, FieldDefinitionHandle handle)
    {
        FieldDefinition field = reader.GetFieldDefinition(handle);
        return Of(reader, field.GetDeclaringType()) + "." + reader.GetString(field.Name);
    }

    /// <summary>The type that a base, catch, parent or operand token names.</summary>
    public static IlType TypeOf(MetadataReader reader, EntityHandle handle) => handle.Kind switch
    {
        HandleKind.TypeDefinition => Fold(IlTypeProvider.Instance.GetTypeFromDefinition(reader, (TypeDefinitionHandle)handle, 0)),
        HandleKind.TypeReference => Fold(IlTypeProvider.Instance.GetTypeFromReference(reader, (TypeReferenceHandle)handle, 0)),
        HandleKind.TypeSpecification => reader.GetTypeSpecification((TypeSpecificationHandle)handle)
            .DecodeSignature(IlTypeProvider.Instance, null),
        HandleKind.MethodDefinition => TypeOf(reader, reader.GetMethodDefinition((MethodDefinitionHandle)handle).GetDeclaringType()),
        HandleKind.FieldDefinition => TypeOf(reader, reader.GetFieldDefinition((FieldDefinitionHandle)handle).GetDeclaringType()),
        _ => new IlType(IlTypeKind.Named, "?" + handle.Kind),
    };

    /// <summary>"(System.Int32,System.Byte[])->System.Void", with a star in front of the result of an instance method.</summary>
    public static string Signature(MethodSignature<IlType> signature) =>
        $"({string.Join(",", signature.ParameterTypes.Select(type => type.Name))})->{(signature.Header.IsInstance ? "*" : "")}{signature.ReturnType.Name}";

    private static string Join(string space, string name) => space.Length == 0 ? name : space + "." + name;

    // newarr int32 names System.Int32 by a type token where a signature would use the primitive's code.
    private static IlType Fold(IlType type)
    {
        const string Prefix = "System.";
        return type.Name.StartsWith(Prefix, StringComparison.Ordinal) && Enum.TryParse(type.Name[Prefix.Length..], out PrimitiveTypeCode code)
            ? new IlType(IlTypeKind.Primitive, type.Name, Code: code)
            : type;
    }
}
