// Rules on what an assembly declares: kinds of types, counts, sizes. Reads metadata only; never looks into a method's code.
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Reflection.Metadata;

namespace SmartNicFw.Tests.Gates;

/// <summary>NANO004 and NANO007 to NANO013, and the generic parameters of NANO001.</summary>
internal static class ShapeRules
{
    public static IEnumerable<GateViolation> Check(AssemblyImage image) =>
        GenericParameters(image).Concat(InterfaceMethods(image)).Concat(Counts(image)).Concat(Sizes(image));

    private static IEnumerable<GateViolation> GenericParameters(AssemblyImage image)
    {
        MetadataReader metadata = image.Metadata;
        foreach (TypeDefinitionHandle type in metadata.TypeDefinitions)
        {
            if (metadata.GetTypeDefinition(type).GetGenericParameters().Count > 0)
                yield return new(GateRules.Generic, MetadataNames.Of(metadata, type), "is a generic type; nanoFramework 1.x has no generics");
        }

        foreach (MethodDefinitionHandle method in metadata.MethodDefinitions)
        {
            if (metadata.GetMethodDefinition(method).GetGenericParameters().Count > 0)
                yield return new(GateRules.Generic, MetadataNames.Of(metadata, method), "is a generic method; nanoFramework 1.x has no generics");
        }
    }

    private static IEnumerable<GateViolation> InterfaceMethods(AssemblyImage image)
    {
        foreach (MethodCode method in image.Methods)
        {
            TypeDefinitionHandle type = image.Metadata.GetMethodDefinition(method.Handle).GetDeclaringType();
            if ((image.Metadata.GetTypeDefinition(type).Attributes & TypeAttributes.Interface) != 0)
                yield return new(GateRules.DefaultInterfaceMethod, method.Name, "has a body in an interface; nanoCLR never finds it");
        }
    }

    private static IEnumerable<GateViolation> Counts(AssemblyImage image)
    {
        MetadataReader metadata = image.Metadata;
        foreach (TypeDefinitionHandle handle in metadata.TypeDefinitions)
        {
            TypeDefinition type = metadata.GetTypeDefinition(handle);
            string name = MetadataNames.Of(metadata, handle);
            List<FieldAttributes> fields = [.. type.GetFields().Select(field => metadata.GetFieldDefinition(field).Attributes)];
            int constants = fields.Count(field => (field & FieldAttributes.Literal) != 0);
            int statics = fields.Count(field => (field & FieldAttributes.Static) != 0) - constants;
            foreach (GateViolation violation in TooMany(GateRules.TooManyFields, name, "instance fields", fields.Count - statics - constants)
                .Concat(TooMany(GateRules.TooManyStaticFields, name, "static fields", statics)))
                yield return violation;

            List<MethodAttributes> methods = [.. type.GetMethods().Select(method => metadata.GetMethodDefinition(method).Attributes)];
            int staticMethods = methods.Count(method => (method & MethodAttributes.Static) != 0);
            int virtualMethods = methods.Count(method => (method & MethodAttributes.Virtual) != 0);
            foreach (GateViolation violation in TooMany(GateRules.TooManyMethods, name, "static methods", staticMethods)
                .Concat(TooMany(GateRules.TooManyMethods, name, "virtual methods", virtualMethods))
                .Concat(TooMany(GateRules.TooManyMethods, name, "instance methods", methods.Count - staticMethods - virtualMethods)))
                yield return violation;
        }

        foreach (MethodCode method in image.Methods)
        {
            foreach (GateViolation violation in TooMany(GateRules.TooManyLocals, method.Name, "locals", LocalCount(image, method)))
                yield return violation;
        }
    }

    private static IEnumerable<GateViolation> Sizes(AssemblyImage image)
    {
        foreach (MethodCode method in image.Methods)
        {
            int bytes = method.Body.GetILBytes()?.Length ?? 0;
            if (bytes > GateLimits.MethodIlBytes)
                yield return new(GateRules.MethodTooLong, method.Name, $"has {bytes} bytes of IL; a branch reaches 32 KB at most");
        }

        if (image.IlBytes > GateLimits.AssemblyIlBytes)
        {
            yield return new(GateRules.AssemblyTooLong, image.Name,
                $"has {image.IlBytes} bytes of IL of 65536; make a folder an assembly of its own");
        }

        if (image.ArrayDataBytes > GateLimits.AssemblyDataBytes)
        {
            yield return new(GateRules.TooMuchArrayData, image.Name,
                $"has {image.ArrayDataBytes} bytes of array initialisers of 65536; compute the table instead");
        }
    }

    private static int LocalCount(AssemblyImage image, MethodCode method) => method.Body.LocalSignature.IsNil
        ? 0
        : image.Metadata.GetStandaloneSignature(method.Body.LocalSignature).DecodeLocalSignature(IlTypeProvider.Instance, null).Length;

    private static IEnumerable<GateViolation> TooMany(string rule, string where, string what, int count)
    {
        if (count > GateLimits.Count)
            yield return new(rule, where, $"has {count} {what}; nanoCLR counts them in a byte, to 255");
    }
}
