// A built assembly opened for reading, with what several rules ask of it. Knows nothing of any rule.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace SmartNicFw.Tests.Gates;

/// <summary>One method with a body.</summary>
/// <param name="Handle">Its row.</param>
/// <param name="Name">Namespace.Type.Method.</param>
/// <param name="Body">Its body.</param>
/// <param name="Instructions">Its code.</param>
internal sealed record MethodCode(MethodDefinitionHandle Handle, string Name, MethodBodyBlock Body, IReadOnlyList<Instruction> Instructions);

/// <summary>The metadata and IL of one assembly.</summary>
internal sealed class AssemblyImage : IDisposable
{
    private readonly PEReader _file;
    private readonly Dictionary<string, TypeDefinitionHandle> _types = [];

    private AssemblyImage(PEReader file)
    {
        _file = file;
        Metadata = file.GetMetadataReader();
        Name = Metadata.GetString(Metadata.GetAssemblyDefinition().Name);
        foreach (TypeDefinitionHandle type in Metadata.TypeDefinitions)
            _types.TryAdd(MetadataNames.Of(Metadata, type), type);
        Methods = [.. ReadMethods()];
    }

    /// <summary>The name of the assembly.</summary>
    public string Name { get; }

    public MetadataReader Metadata { get; }

    /// <summary>Every method that has a body.</summary>
    public IReadOnlyList<MethodCode> Methods { get; }

    /// <summary>All IL of the assembly as the compiler wrote it. nanoFramework's own form is shorter: its tokens have two bytes.</summary>
    public int IlBytes => Methods.Sum(method => method.Body.GetILBytes()?.Length ?? 0);

    /// <summary>All data of array initialisers.</summary>
    public int ArrayDataBytes => Metadata.FieldDefinitions.Sum(DataBytes);

    public static AssemblyImage Open(string path) => new(new PEReader(new MemoryStream(File.ReadAllBytes(path))));

    public static AssemblyImage From(byte[] assembly) => new(new PEReader(new MemoryStream(assembly)));

    public void Dispose() => _file.Dispose();

    /// <summary>The type of that full name, if the assembly defines it.</summary>
    public TypeDefinitionHandle? FindType(string name) => _types.TryGetValue(name, out TypeDefinitionHandle handle) ? handle : null;

    /// <summary>What stands for the integer of an enum, or null for a type that is no enum.</summary>
    public IlType? UnderlyingOfEnum(string name)
    {
        if (FindType(name) is not { } handle)
            return null;
        TypeDefinition type = Metadata.GetTypeDefinition(handle);
        if (type.BaseType.IsNil || MetadataNames.TypeOf(Metadata, type.BaseType).Name != "System.Enum")
            return null;
        foreach (FieldDefinitionHandle field in type.GetFields())
        {
            FieldDefinition definition = Metadata.GetFieldDefinition(field);
            if ((definition.Attributes & FieldAttributes.Static) == 0)
                return definition.DecodeSignature(IlTypeProvider.Instance, null);
        }

        return null;
    }

    private IEnumerable<MethodCode> ReadMethods()
    {
        foreach (MethodDefinitionHandle handle in Metadata.MethodDefinitions)
        {
            int address = Metadata.GetMethodDefinition(handle).RelativeVirtualAddress;
            if (address == 0)
                continue;
            MethodBodyBlock body = _file.GetMethodBody(address);
            yield return new MethodCode(handle, MetadataNames.Of(Metadata, handle), body, IlReader.Read(body));
        }
    }

    private int DataBytes(FieldDefinitionHandle handle)
    {
        FieldDefinition field = Metadata.GetFieldDefinition(handle);
        if ((field.Attributes & FieldAttributes.HasFieldRVA) == 0)
            return 0;
        IlType type = field.DecodeSignature(IlTypeProvider.Instance, null);
        if (FindType(type.Name) is { } definition)
            return Metadata.GetTypeDefinition(definition).GetLayout().Size;
        return type.Code switch
        {
            PrimitiveTypeCode.Byte or PrimitiveTypeCode.SByte => 1,
            PrimitiveTypeCode.Int16 or PrimitiveTypeCode.UInt16 => 2,
            PrimitiveTypeCode.Int64 or PrimitiveTypeCode.UInt64 => 8,
            _ => 4,
        };
    }
}
