// What each instruction does to sign tags on nanoCLR, and where a tag meets an instruction or a slot that C# meant as signed.
// As its interpreter has it: loads widen to I4; arithmetic keeps the left operand's tag; conv sets the tag of its target;
// locals, fields and array elements keep their own; arguments, results and what is stored through a ref carry the value's tag.
// So the contract checked here: whatever is passed, returned or stored through a ref as int or long is tagged signed.
// Comparisons go by the instruction alone, and array indices by the bits: both are fine.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection.Metadata;

namespace SmartNicFw.Tests.Gates;

/// <summary>The effect of instructions of one method on a <see cref="TaggedFrame"/>.</summary>
internal sealed partial class TagTransfer
{
    private readonly Universe _universe;
    private readonly IReadOnlyList<IlType> _arguments;
    private readonly IReadOnlyList<IlType> _locals;
    private readonly IlType _result;
    private readonly HashSet<int> _lentLocals;

    public TagTransfer(Universe universe, MethodCode method)
    {
        _universe = universe;
        MetadataReader metadata = universe.Subject.Metadata;
        MethodSignature<IlType> signature = universe.SignatureOf(method.Handle);
        IlType self = MetadataNames.TypeOf(metadata, method.Handle);
        _arguments = signature.Header.IsInstance ? [self, .. signature.ParameterTypes] : signature.ParameterTypes;
        _result = signature.ReturnType;
        _locals = method.Body.LocalSignature.IsNil
            ? []
            : metadata.GetStandaloneSignature(method.Body.LocalSignature).DecodeLocalSignature(IlTypeProvider.Instance, null);
        _lentLocals = [.. method.Instructions.Where(i => i.Name.StartsWith("ldloca", StringComparison.Ordinal)).Select(i => (int)i.Operand)];
    }

    /// <summary>The frame at the beginning: nothing on the stack, all locals zero.</summary>
    public TaggedFrame Entry() => new([], _locals.Select(_ => true));

    /// <summary>The frame at the beginning of a handler, which may be entered from anywhere in its block.</summary>
    public TaggedFrame HandlerEntry(bool withException) => new(withException ? [TaggedValue.Other()] : [], _locals.Select(_ => false));

    /// <summary>Applies one instruction, and tells <paramref name="report"/> where an unsigned tag is taken for signed.</summary>
    public void Step(Instruction instruction, TaggedFrame frame, Action<string>? report)
    {
        string name = instruction.Name;
        string stem = name.Split('.')[0];
        switch (stem)
        {
            case "ldarg":
                frame.Push(OfType(_arguments[Index(instruction)]));
                break;
            case "ldarga":
                frame.Push(RefTo(_arguments[Index(instruction)]));
                break;
            case "ldloc":
                frame.Push(Local(Index(instruction), frame));
                break;
            case "ldloca":
                frame.Push(RefTo(_locals[Index(instruction)]));
                break;
            case "stloc":
                frame.NonNegativeLocals[Index(instruction)] = frame.Pop().NonNegative;
                break;
            case "ldc":
                frame.Push(name.StartsWith("ldc.r", StringComparison.Ordinal)
                    ? TaggedValue.Other()
                    : TaggedValue.OfConstant(Constant(instruction), name == "ldc.i8"));
                break;
            case "dup":
                frame.Push(frame.Stack[^1]);
                break;
            case "add" or "sub" or "mul" or "shl" or "and" or "or" or "xor" or "div" or "rem" or "shr":
                Arithmetic(instruction, frame, report);
                break;
            case "neg" or "not":
                frame.Push(frame.Pop().Result(nonNegative: false));
                break;
            case "conv":
                Convert(instruction, frame, report);
                break;
            case "ceq" or "cgt" or "clt":
                frame.Pop(2);
                frame.Push(new TaggedValue(SignTag.Signed, NonNegative: true));
                break;
            case "call" or "callvirt" or "newobj" or "calli":
                Call(instruction, frame, report);
                break;
            case "ret":
                if (frame.Stack.Count > 0)
                    Take(frame.Pop(), _result, "the result", report);
                break;
            case "leave" or "endfinally" or "endfilter" or "throw" or "rethrow":
                frame.Stack.Clear();
                break;
            default:
                if (!Memory(stem, instruction, frame, report))
                    throw new NotSupportedException($"the signedness analysis does not know {name}");
                break;
        }
    }

    private static void Arithmetic(Instruction instruction, TaggedFrame frame, Action<string>? report)
    {
        TaggedValue right = frame.Pop();
        TaggedValue left = frame.Pop();
        string name = instruction.Name;
        bool nonNegative = name switch
        {
            "and" => left.NonNegative || right.NonNegative,
            "or" or "xor" or "div" or "rem" => left.NonNegative && right.NonNegative,
            "shr" => left.NonNegative,
            "shr.un" => left.NonNegative || (right.Constant is { } count && (count & (left.Wide ? 63 : 31)) != 0),
            "div.un" => left.NonNegative || right.Constant is > 1,
            "rem.un" => left.NonNegative || right.Constant is > 0,
            _ => false,
        };

        // An unsigned operand that is known to be small gives the same quotient, unless the divisor may be negative.
        bool trapped = name is "shr" ? left.Tag == SignTag.Unsigned
            : name is "div" or "rem" && (left.Tag == SignTag.Unsigned || (left.Tag == SignTag.UnsignedSmall && !right.NonNegative));
        if (trapped)
        {
            report?.Invoke(Problem($"the left operand of {name}", left.Wide));
            left = left with { Tag = SignTag.Signed };
        }

        frame.Push(left.Result(nonNegative));
    }

    private static void Convert(Instruction instruction, TaggedFrame frame, Action<string>? report)
    {
        TaggedValue from = frame.Pop();
        string name = instruction.Name;
        string target = name.Replace("conv.", "", StringComparison.Ordinal).Replace("ovf.", "", StringComparison.Ordinal)
            .Replace(".un", "", StringComparison.Ordinal);
        bool staysNonNegative = from.NonNegative && !from.Wide;
        switch (target)
        {
            case "u1" or "u2":
                frame.Push(new TaggedValue(SignTag.Signed, NonNegative: true));
                break;
            case "i1" or "i2":
                frame.Push(new TaggedValue(SignTag.Signed));
                break;
            case "i4" or "i":
                frame.Push(from.Type?.Kind == IlTypeKind.ByRef ? from : new TaggedValue(SignTag.Signed, staysNonNegative));
                break;
            case "u4" or "u":
                frame.Push(from.Type?.Kind == IlTypeKind.ByRef ? from : new TaggedValue(TaggedValue.Unsigned(staysNonNegative), staysNonNegative));
                break;
            case "i8":
                if (from.Tag == SignTag.Unsigned && !from.Wide)
                    report?.Invoke(Problem("the widening to long", wide: false));
                frame.Push(new TaggedValue(SignTag.Signed, from.NonNegative, Wide: true));
                break;
            case "u8":
                bool nonNegative = !from.Wide || from.NonNegative;
                frame.Push(new TaggedValue(TaggedValue.Unsigned(nonNegative), nonNegative, Wide: true));
                break;
            default:
                if (from.Tag == SignTag.Unsigned && name is "conv.r4" or "conv.r8")
                    report?.Invoke(Problem("the conversion to float", from.Wide));
                frame.Push(TaggedValue.Other());
                break;
        }
    }

    private void Call(Instruction instruction, TaggedFrame frame, Action<string>? report)
    {
        MethodSignature<IlType> signature = _universe.SignatureOf(instruction.Token);
        (string type, string member) = _universe.MemberOf(instruction.Token);
        if (instruction.Name == "calli")
            frame.Pop();
        for (int i = signature.ParameterTypes.Length - 1; i >= 0; i--)
            Take(frame.Pop(), signature.ParameterTypes[i], $"argument {i + 1} of {type}.{member}", report);
        if (instruction.Name == "newobj")
        {
            frame.Push(TaggedValue.Other());
            return;
        }

        if (signature.Header.IsInstance)
            frame.Pop();
        if (!IsVoid(signature.ReturnType))
            frame.Push(OfType(signature.ReturnType));
    }

    private void Take(TaggedValue value, IlType type, string what, Action<string>? report)
    {
        TaggedValue meant = OfType(type);
        if (meant.Tag == SignTag.Signed && value.Tag >= SignTag.UnsignedSmall)
            report?.Invoke(Problem(what, meant.Wide));
    }

    // An init accessor returns a modified void.
    private static bool IsVoid(IlType type) => type.Kind == IlTypeKind.Modified ? IsVoid(type.Element!) : type.Code == PrimitiveTypeCode.Void;

    private TaggedValue OfType(IlType type) => TaggedValue.OfType(type, _universe);

    private static TaggedValue RefTo(IlType type) => TaggedValue.Other(IlTypeProvider.Instance.GetByReferenceType(type));

    private static string Problem(string what, bool wide) => wide
        ? $"{what} is long in C# and tagged unsigned on nanoCLR; store it in a long field or array element first"
        : $"{what} is int in C# and tagged unsigned on nanoCLR; write (int)(long)x";

    private static int Index(Instruction instruction) =>
        char.IsAsciiDigit(instruction.Name[^1]) ? instruction.Name[^1] - '0' : (int)instruction.Operand;

    private static long Constant(Instruction instruction) => instruction.Name switch
    {
        "ldc.i4.m1" => -1,
        "ldc.i4" or "ldc.i4.s" or "ldc.i8" => instruction.Operand,
        var name => name[^1] - '0',
    };
}
