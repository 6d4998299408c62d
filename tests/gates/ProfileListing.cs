// The public API of an assembly in the notation of the API listings, and what of it a listing lacks. Knows no particular API.
//   T:Type   M:Type.Method(args)->Result   P:Type.Name(args)->Type {get;set;}   F:Type.Name->Type = value
//   and, in the listing of types:  Type | kind | base | interface,interface
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Reflection;
using System.Reflection.Metadata;

namespace SmartNicFw.Tests.Gates;

/// <summary>Compares a profile assembly with the listing of the assembly it stands for.</summary>
internal static class ProfileListing
{
    /// <summary>Lines of the profile that the listings do not have.</summary>
    public static IReadOnlyList<string> Missing(AssemblyImage profile, IEnumerable<string> api, IEnumerable<string> types)
    {
        var listed = new HashSet<string>(api);
        Dictionary<string, string[]> kinds = types.Select(line => line.Split('|', StringSplitOptions.TrimEntries)).ToDictionary(parts => parts[0]);
        MetadataReader metadata = profile.Metadata;
        var missing = new List<string>();
        foreach (TypeDefinitionHandle handle in metadata.TypeDefinitions)
        {
            TypeDefinition type = metadata.GetTypeDefinition(handle);
            if ((type.Attributes & TypeAttributes.VisibilityMask) is not (TypeAttributes.Public or TypeAttributes.NestedPublic))
                continue;
            string name = Dotted(MetadataNames.Of(metadata, handle));
            missing.AddRange(Members(metadata, type, name, listed).Prepend("T:" + name).Where(line => !listed.Contains(line)));
            missing.AddRange(WrongKind(metadata, type, name, kinds));
        }

        return missing;
    }

    private static IEnumerable<string> Members(MetadataReader metadata, TypeDefinition type, string name, HashSet<string> listed)
    {
        foreach (FieldDefinition field in type.GetFields().Select(metadata.GetFieldDefinition))
        {
            FieldAttributes access = field.Attributes & FieldAttributes.FieldAccessMask;
            bool isVisible = access is FieldAttributes.Public or FieldAttributes.Family or FieldAttributes.FamORAssem;
            if (!isVisible || (field.Attributes & FieldAttributes.SpecialName) != 0)
                continue;
            string fieldType = Dotted(field.DecodeSignature(IlTypeProvider.Instance, null).Name);
            yield return $"F:{name}.{metadata.GetString(field.Name)}->{fieldType}{Value(metadata, field)}";
        }

        foreach (MethodDefinition method in type.GetMethods().Select(metadata.GetMethodDefinition))
        {
            string methodName = metadata.GetString(method.Name);
            bool isAccessor = methodName.StartsWith("get_", StringComparison.Ordinal) || methodName.StartsWith("set_", StringComparison.Ordinal);
            if (!IsVisible(method.Attributes) || isAccessor || methodName == ".cctor")
                continue;
            MethodSignature<IlType> signature = method.DecodeSignature(IlTypeProvider.Instance, null);
            yield return $"M:{name}.{methodName.Replace(".ctor", "#ctor", StringComparison.Ordinal)}{Arguments(signature)}->{Dotted(signature.ReturnType.Name)}";
        }

        foreach (PropertyDefinition property in type.GetProperties().Select(metadata.GetPropertyDefinition))
        {
            MethodSignature<IlType> signature = property.DecodeSignature(IlTypeProvider.Instance, null);
            PropertyAccessors accessors = property.GetAccessors();
            bool gets = !accessors.Getter.IsNil && IsVisible(metadata.GetMethodDefinition(accessors.Getter).Attributes);
            bool sets = !accessors.Setter.IsNil && IsVisible(metadata.GetMethodDefinition(accessors.Setter).Attributes);
            string head = $"P:{name}.{metadata.GetString(property.Name)}{Arguments(signature)}->{Dotted(signature.ReturnType.Name)} ";
            if (!gets && !sets)
                continue;

            // The profile may leave out one of the two accessors.
            yield return gets != sets && listed.Contains(head + "{get;set;}") ? head + "{get;set;}" : head + Accessors(gets, sets);
        }
    }

    private static IEnumerable<string> WrongKind(MetadataReader metadata, TypeDefinition type, string name, Dictionary<string, string[]> kinds)
    {
        if (!kinds.TryGetValue(name, out string[]? parts))
            yield break;
        string baseName = type.BaseType.IsNil ? "" : Dotted(MetadataNames.TypeOf(metadata, type.BaseType).Name);
        string kind = Kind(type, baseName);
        string listedKind = parts[1].Split(':')[0];
        if (kind != listedKind)
            yield return $"{name} is a {kind}, listed as {listedKind}";
        if (baseName != parts[2])
            yield return $"{name} derives from {baseName}, listed as {parts[2]}";
        foreach (InterfaceImplementationHandle handle in type.GetInterfaceImplementations())
        {
            string implemented = Dotted(MetadataNames.TypeOf(metadata, metadata.GetInterfaceImplementation(handle).Interface).Name);
            if (!parts[3].Split(',').Contains(implemented))
                yield return $"{name} implements {implemented}, which is not listed";
        }
    }

    private static string Kind(TypeDefinition type, string baseName)
    {
        if ((type.Attributes & TypeAttributes.Interface) != 0)
            return "interface";
        if (baseName is "System.Enum")
            return "enum";
        if (baseName is "System.MulticastDelegate")
            return "delegate";
        bool isAbstract = (type.Attributes & TypeAttributes.Abstract) != 0;
        bool isSealed = (type.Attributes & TypeAttributes.Sealed) != 0;
        if (baseName is "System.ValueType" && isSealed)
            return "struct";
        return (isAbstract, isSealed) switch
        {
            (true, true) => "static class",
            (true, false) => "abstract class",
            (false, true) => "sealed class",
            _ => "class",
        };
    }

    private static string Accessors(bool gets, bool sets) => (gets, sets) switch
    {
        (true, true) => "{get;set;}",
        (true, false) => "{get;}",
        _ => "{set;}",
    };

    private static string Arguments(MethodSignature<IlType> signature) => signature.ParameterTypes.Length == 0
        ? ""
        : $"({string.Join(",", signature.ParameterTypes.Select(type => Dotted(type.Name)))})";

    private static string Value(MetadataReader metadata, FieldDefinition field)
    {
        if (field.GetDefaultValue().IsNil)
            return "";
        Constant constant = metadata.GetConstant(field.GetDefaultValue());
        object? value = metadata.GetBlobReader(constant.Value).ReadConstant(constant.TypeCode);
        return " = " + (value is char character
            ? ((int)character).ToString(CultureInfo.InvariantCulture)
            : Convert.ToString(value, CultureInfo.InvariantCulture));
    }

    private static bool IsVisible(MethodAttributes attributes) =>
        (attributes & MethodAttributes.MemberAccessMask) is MethodAttributes.Public or MethodAttributes.Family or MethodAttributes.FamORAssem;

    private static string Dotted(string name) => name.Replace('+', '.');
}
