// What the gate reports. Knows the names of the rules, not how they are checked.
using System.Collections.Generic;

namespace SmartNicFw.Tests.Gates;

/// <summary>One place in a built assembly that compiles and still breaks on nanoCLR.</summary>
/// <param name="Rule">The stable ID of the rule, such as NANO014.</param>
/// <param name="Where">The type, method, field or assembly.</param>
/// <param name="Message">What is wrong, and what to write instead.</param>
internal sealed record GateViolation(string Rule, string Where, string Message)
{
    /// <summary>One line for a test's output.</summary>
    public override string ToString() => $"{Rule} {Where}: {Message}";
}

/// <summary>The rules by ID. An ID is never used again for another rule.</summary>
internal static class GateRules
{
    public const string Generic = "NANO001";
    public const string Pointer = "NANO002";
    public const string MultiDimensionalArray = "NANO003";
    public const string DefaultInterfaceMethod = "NANO004";
    public const string OverflowCheck = "NANO005";
    public const string MissingCatchType = "NANO006";
    public const string TooManyLocals = "NANO007";
    public const string TooManyFields = "NANO008";
    public const string TooManyStaticFields = "NANO009";
    public const string TooManyMethods = "NANO010";
    public const string MethodTooLong = "NANO011";
    public const string AssemblyTooLong = "NANO012";
    public const string TooMuchArrayData = "NANO013";
    public const string SignednessTrap = "NANO014";
    public const string DenseSwitch = "NANO015";
    public const string StaticInitializerOrder = "NANO016";
    public const string UnlistedAssembly = "NANO017";
    public const string UndeclaredMember = "NANO018";
    public const string EnumText = "NANO019";
    public const string FloatingPoint = "NANO020";
    public const string Volatile = "NANO021";

    /// <summary>Every rule.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        Generic, Pointer, MultiDimensionalArray, DefaultInterfaceMethod, OverflowCheck, MissingCatchType, TooManyLocals,
        TooManyFields, TooManyStaticFields, TooManyMethods, MethodTooLong, AssemblyTooLong, TooMuchArrayData, SignednessTrap,
        DenseSwitch, StaticInitializerOrder, UnlistedAssembly, UndeclaredMember, EnumText, FloatingPoint, Volatile,
    ];
}

/// <summary>The limits of nanoCLR's metadata: counts are bytes, offsets into code and data 16 bits.</summary>
internal static class GateLimits
{
    public const int Count = 255;
    public const int MethodIlBytes = 32 * 1024;
    public const int AssemblyIlBytes = 64 * 1024;
    public const int AssemblyDataBytes = 64 * 1024;
}
