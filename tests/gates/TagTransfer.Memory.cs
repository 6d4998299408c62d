// The part of TagTransfer on loads and stores, and on what only moves values. Knows no arithmetic and no calls.
using System;
using System.Reflection.Metadata;

namespace SmartNicFw.Tests.Gates;

internal sealed partial class TagTransfer
{
    // Loads and stores: what a slot holds goes by the type of the slot.
    private bool Memory(string stem, Instruction instruction, TaggedFrame frame, Action<string>? report)
    {
        MetadataReader metadata = _universe.Subject.Metadata;
        IlType Named() => MetadataNames.TypeOf(metadata, instruction.Token);
        switch (stem)
        {
            case "ldfld":
                frame.Pop();
                frame.Push(OfType(_universe.FieldTypeOf(instruction.Token)));
                return true;
            case "ldsfld":
                frame.Push(OfType(_universe.FieldTypeOf(instruction.Token)));
                return true;
            case "ldflda":
                frame.Pop();
                frame.Push(RefTo(_universe.FieldTypeOf(instruction.Token)));
                return true;
            case "ldsflda":
                frame.Push(RefTo(_universe.FieldTypeOf(instruction.Token)));
                return true;
            case "newarr":
                frame.Pop();
                frame.Push(TaggedValue.Other(IlTypeProvider.Instance.GetSZArrayType(Named())));
                return true;
            case "ldlen":
                // Tagged U4; the compiler makes it an int with conv.i4 wherever it uses it as one.
                frame.Pop();
                frame.Push(new TaggedValue(SignTag.UnsignedSmall, NonNegative: true));
                return true;
            case "ldelem":
                frame.Pop();
                TaggedValue array = frame.Pop();
                frame.Push(instruction.HasToken ? OfType(Named()) : Element(array, IlTypeKind.SzArray, instruction.Name));
                return true;
            case "ldelema":
                frame.Pop(2);
                frame.Push(RefTo(Named()));
                return true;
            case "ldind":
                frame.Push(Element(frame.Pop(), IlTypeKind.ByRef, instruction.Name));
                return true;
            case "ldobj" or "unbox":
                frame.Pop();
                frame.Push(instruction.Name == "unbox" ? RefTo(Named()) : OfType(Named()));
                return true;
            case "stind" or "stobj":
                TaggedValue stored = frame.Pop();
                if (frame.Pop().Type is { Kind: IlTypeKind.ByRef, Element: { } target })
                    Take(stored, target, "the store through a ref", report);
                return true;
            case "castclass" or "isinst":
                frame.Pop();
                frame.Push(TaggedValue.Other(Named()));
                return true;
            default:
                return Plain(stem, frame);
        }
    }

    // The rest: so many values off the stack, and perhaps one on it that is no unsigned integer.
    private static bool Plain(string stem, TaggedFrame frame)
    {
        int pops = stem switch
        {
            "nop" or "break" or "br" or "jmp" or "ldnull" or "ldstr" or "ldtoken" or "ldftn" or "sizeof" or "arglist" or "ckfinite"
                or "constrained" or "volatile" or "readonly" or "unaligned" or "tail" or "no" => 0,
            "pop" or "brfalse" or "brtrue" or "switch" or "starg" or "stsfld" or "initobj" or "box" or "ldvirtftn" or "localloc"
                or "mkrefany" or "refanyval" or "refanytype" => 1,
            "beq" or "bne" or "bge" or "bgt" or "ble" or "blt" or "stfld" or "cpobj" => 2,
            "stelem" or "cpblk" or "initblk" => 3,
            _ => -1,
        };
        if (pops < 0)
            return false;
        frame.Pop(pops);
        if (stem is "ldnull" or "ldstr" or "ldtoken" or "ldftn" or "arglist" or "box" or "ldvirtftn" or "localloc"
            or "mkrefany" or "refanyval" or "refanytype")
            frame.Push(TaggedValue.Other());
        else if (stem == "sizeof")
            frame.Push(new TaggedValue(SignTag.Signed, NonNegative: true));
        return true;
    }

    private TaggedValue Local(int index, TaggedFrame frame)
    {
        TaggedValue value = OfType(_locals[index]);
        bool nonNegative = value.NonNegative || (frame.NonNegativeLocals[index] && !_lentLocals.Contains(index));
        return value.Tag == SignTag.None ? value : value.Result(nonNegative);
    }

    private TaggedValue Element(TaggedValue container, IlTypeKind kind, string instruction)
    {
        if (container.Type is { Element: { } element } type && type.Kind == kind)
            return OfType(element);

        // ldelem.i8 and ldind.i8 do not say which of the two they load.
        return instruction[(instruction.IndexOf('.', StringComparison.Ordinal) + 1)..] switch
        {
            "u1" or "u2" => new TaggedValue(SignTag.Signed, NonNegative: true),
            "i1" or "i2" or "i4" => new TaggedValue(SignTag.Signed),
            "u4" => new TaggedValue(SignTag.Unsigned),
            "i8" => new TaggedValue(SignTag.Unsigned, Wide: true),
            _ => TaggedValue.Other(),
        };
    }
}
