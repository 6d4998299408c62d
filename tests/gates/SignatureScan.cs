// Rules on types wherever a signature or a token spells one: fields, methods, locals, bases and operands.
// Knows nothing of what the code does with them.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection.Metadata;

namespace SmartNicFw.Tests.Gates;

/// <summary>NANO001, NANO002, NANO003, NANO020 and NANO021 on every spelled type.</summary>
internal static class SignatureScan
{
    public static IEnumerable<GateViolation> Check(AssemblyImage image) =>
        Declared(image).Concat(Used(image)).SelectMany(found => Judge(found.Where, found.Type)).Distinct();

    /// <summary>Every type that is spelled, with all that it is made of, and the type or member that spells it.</summary>
    public static IEnumerable<(string Where, IlType Type)> Spelled(AssemblyImage image) =>
        Declared(image).Concat(Used(image)).SelectMany(found => found.Type.Everything().Select(type => (found.Where, type)));

    private static IEnumerable<(string Where, IlType Type)> Declared(AssemblyImage image)
    {
        MetadataReader metadata = image.Metadata;
        foreach (TypeDefinitionHandle handle in metadata.TypeDefinitions)
        {
            TypeDefinition type = metadata.GetTypeDefinition(handle);
            string name = MetadataNames.Of(metadata, handle);
            if (!type.BaseType.IsNil)
                yield return (name, MetadataNames.TypeOf(metadata, type.BaseType));
            foreach (InterfaceImplementationHandle implemented in type.GetInterfaceImplementations())
                yield return (name, MetadataNames.TypeOf(metadata, metadata.GetInterfaceImplementation(implemented).Interface));
        }

        foreach (FieldDefinitionHandle field in metadata.FieldDefinitions)
        {
            IlType type = metadata.GetFieldDefinition(field).DecodeSignature(IlTypeProvider.Instance, null);
            yield return (MetadataNames.Of(metadata, field), type);
        }

        foreach (MethodDefinitionHandle method in metadata.MethodDefinitions)
        {
            MethodSignature<IlType> signature = metadata.GetMethodDefinition(method).DecodeSignature(IlTypeProvider.Instance, null);
            foreach (IlType type in signature.ParameterTypes.Append(signature.ReturnType))
                yield return (MetadataNames.Of(metadata, method), type);
        }
    }

    private static IEnumerable<(string Where, IlType Type)> Used(AssemblyImage image)
    {
        MetadataReader metadata = image.Metadata;
        foreach (MethodCode method in image.Methods)
        {
            if (!method.Body.LocalSignature.IsNil)
            {
                StandaloneSignature locals = metadata.GetStandaloneSignature(method.Body.LocalSignature);
                foreach (IlType type in locals.DecodeLocalSignature(IlTypeProvider.Instance, null))
                    yield return (method.Name, type);
            }

            foreach (Instruction instruction in method.Instructions.Where(instruction => instruction.HasToken))
            {
                foreach (IlType type in TypesOf(metadata, instruction.Token))
                    yield return (method.Name, type);
            }
        }
    }

    private static IEnumerable<IlType> TypesOf(MetadataReader metadata, EntityHandle token)
    {
        switch (token.Kind)
        {
            case HandleKind.TypeDefinition or HandleKind.TypeReference or HandleKind.TypeSpecification or HandleKind.MethodDefinition
                or HandleKind.FieldDefinition:
                return [MetadataNames.TypeOf(metadata, token)];
            case HandleKind.MemberReference:
                MemberReference member = metadata.GetMemberReference((MemberReferenceHandle)token);
                IlType parent = MetadataNames.TypeOf(metadata, member.Parent);
                if (member.GetKind() == MemberReferenceKind.Field)
                    return [parent, member.DecodeFieldSignature(IlTypeProvider.Instance, null)];
                MethodSignature<IlType> signature = member.DecodeMethodSignature(IlTypeProvider.Instance, null);
                return [parent, .. signature.ParameterTypes, signature.ReturnType];
            case HandleKind.MethodSpecification:
                MethodSpecification method = metadata.GetMethodSpecification((MethodSpecificationHandle)token);
                IlType instance = new(IlTypeKind.GenericInstance, "an instance of a generic method");
                return [instance, .. method.DecodeSignature(IlTypeProvider.Instance, null), .. TypesOf(metadata, method.Method)];
            default:
                return [];
        }
    }

    private static IEnumerable<GateViolation> Judge(string where, IlType spelled)
    {
        foreach (IlType type in spelled.Everything())
        {
            switch (type.Kind)
            {
                case IlTypeKind.GenericInstance or IlTypeKind.GenericParameter:
                    yield return new(GateRules.Generic, where, $"uses {type}; nanoFramework 1.x has no generics");
                    break;
                case IlTypeKind.Pointer or IlTypeKind.FunctionPointer or IlTypeKind.Pinned:
                    yield return new(GateRules.Pointer, where, $"uses the pointer type {type}; lend an array and an offset");
                    break;
                case IlTypeKind.MultiDimensionalArray:
                    yield return new(GateRules.MultiDimensionalArray, where, $"uses {type}; write an array of arrays, or one array and a stride");
                    break;
                case IlTypeKind.Modified when type.Parts!.Any(part => part.Name.EndsWith(".IsVolatile", StringComparison.Ordinal)):
                    yield return new(GateRules.Volatile, where, "is volatile; one thread owns the state, or Interlocked passes an int");
                    break;
                case IlTypeKind.Primitive when type.IsFloat:
                    yield return new(GateRules.FloatingPoint, where, $"uses {type}; division by zero and NaN differ on nanoCLR, use integers");
                    break;
                default:
                    break;
            }
        }
    }
}
