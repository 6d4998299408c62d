// A type as a signature spells it, and the provider that decodes signatures into it. Knows nothing of rules.
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using System.Reflection.Metadata;

namespace SmartNicFw.Tests.Gates;

/// <summary>How a type is made from others.</summary>
internal enum IlTypeKind
{
    Primitive,
    Named,
    SzArray,
    MultiDimensionalArray,
    Pointer,
    ByRef,
    GenericInstance,
    GenericParameter,
    FunctionPointer,
    Modified,
    Pinned,
}

/// <summary>A decoded type.</summary>
/// <param name="Kind">How it is made.</param>
/// <param name="Name">The full name; for a compound type the name as it is shown.</param>
/// <param name="Element">What it is an array of, a pointer to or a modification of.</param>
/// <param name="Code">Which primitive it is.</param>
/// <param name="Parts">Type arguments, or the modifier of a modified type.</param>
internal sealed record IlType(
    IlTypeKind Kind, string Name, IlType? Element = null, PrimitiveTypeCode Code = default, IReadOnlyList<IlType>? Parts = null)
{
    public bool IsFloat => Kind == IlTypeKind.Primitive && Code is PrimitiveTypeCode.Single or PrimitiveTypeCode.Double;

    public override string ToString() => Name;

    /// <summary>This type and all it is made of.</summary>
    public IEnumerable<IlType> Everything()
    {
        yield return this;
        IEnumerable<IlType> inner = Parts ?? [];
        foreach (IlType part in Element is null ? inner : inner.Prepend(Element))
        {
            foreach (IlType nested in part.Everything())
                yield return nested;
        }
    }
}

/// <summary>Decodes signatures into <see cref="IlType"/>; a generic parameter keeps its position as its name.</summary>
internal sealed class IlTypeProvider : ISignatureTypeProvider<IlType, object?>
{
    public static IlTypeProvider Instance { get; } = new();

    public IlType GetPrimitiveType(PrimitiveTypeCode typeCode) => new(IlTypeKind.Primitive, "System." + typeCode, Code: typeCode);

    public IlType GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind) =>
        new(IlTypeKind.Named, MetadataNames.Of(reader, handle));

    public IlType GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind) =>
        new(IlTypeKind.Named, MetadataNames.Of(reader, handle));

    public IlType GetTypeFromSpecification(MetadataReader reader, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind) =>
        reader.GetTypeSpecification(handle).DecodeSignature(this, genericContext);

    public IlType GetSZArrayType(IlType elementType) => new(IlTypeKind.SzArray, elementType.Name + "[]", elementType);

    public IlType GetArrayType(IlType elementType, ArrayShape shape) =>
        new(IlTypeKind.MultiDimensionalArray, $"{elementType.Name}[{new string(',', shape.Rank - 1)}]", elementType);

    public IlType GetPointerType(IlType elementType) => new(IlTypeKind.Pointer, elementType.Name + "*", elementType);

    public IlType GetByReferenceType(IlType elementType) => new(IlTypeKind.ByRef, elementType.Name + "@", elementType);

    public IlType GetPinnedType(IlType elementType) => new(IlTypeKind.Pinned, elementType.Name, elementType);

    public IlType GetGenericInstantiation(IlType genericType, ImmutableArray<IlType> typeArguments) =>
        new(IlTypeKind.GenericInstance, $"{genericType.Name}<{string.Join(",", typeArguments)}>", genericType, Parts: typeArguments);

    public IlType GetGenericTypeParameter(object? genericContext, int index) => new(IlTypeKind.GenericParameter, "`" + index);

    public IlType GetGenericMethodParameter(object? genericContext, int index) => new(IlTypeKind.GenericParameter, "``" + index);

    public IlType GetFunctionPointerType(MethodSignature<IlType> signature) =>
        new(IlTypeKind.FunctionPointer, "delegate*", Parts: [.. signature.ParameterTypes, signature.ReturnType]);

    public IlType GetModifiedType(IlType modifier, IlType unmodifiedType, bool isRequired) =>
        new(IlTypeKind.Modified, unmodifiedType.Name, unmodifiedType, Parts: [modifier]);
}
