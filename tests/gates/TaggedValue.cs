// What the signedness analysis knows of one value on the evaluation stack, and of a stack as a whole.
// Knows how two paths merge; knows no instruction.
using System.Collections.Generic;
using System.Linq;
using System.Reflection.Metadata;

namespace SmartNicFw.Tests.Gates;

/// <summary>The sign that nanoCLR keeps with a value, as far as it can matter. In rising order of danger.</summary>
internal enum SignTag
{
    /// <summary>No integer.</summary>
    None,

    /// <summary>Tagged I4 or I8.</summary>
    Signed,

    /// <summary>Perhaps tagged U4 or U8, and then with a clear top bit: the same number either way, until arithmetic makes it negative.</summary>
    UnsignedSmall,

    /// <summary>Perhaps tagged U4 or U8, with any value.</summary>
    Unsigned,
}

/// <summary>One value.</summary>
/// <param name="Tag">Its sign tag.</param>
/// <param name="NonNegative">Whether its top bit is known to be clear.</param>
/// <param name="Wide">Whether it has 64 bits.</param>
/// <param name="Type">What it is, where that tells the type of an element or of the target of a reference.</param>
/// <param name="Constant">Its value, where the code says it.</param>
internal readonly record struct TaggedValue(SignTag Tag, bool NonNegative = false, bool Wide = false, IlType? Type = null, long? Constant = null)
{
    /// <summary>A value that is no integer.</summary>
    public static TaggedValue Other(IlType? type = null) => new(SignTag.None, Type: type);

    public static TaggedValue OfConstant(long value, bool wide) => new(SignTag.Signed, value >= 0, wide, Constant: value);

    /// <summary>What a slot of that type holds: a field, a local or an array element keeps its own tag, whatever is stored.</summary>
    public static TaggedValue OfType(IlType type, Universe universe)
    {
        switch (type.Kind)
        {
            case IlTypeKind.Modified or IlTypeKind.Pinned:
                return OfType(type.Element!, universe);
            case IlTypeKind.Named when universe.UnderlyingOfEnum(type.Name) is { } underlying:
                return OfType(underlying, universe);
            case IlTypeKind.Primitive:
                return type.Code switch
                {
                    // Loads widen these to I4, the unsigned ones too.
                    PrimitiveTypeCode.Boolean or PrimitiveTypeCode.Byte or PrimitiveTypeCode.Char or PrimitiveTypeCode.UInt16 =>
                        new(SignTag.Signed, NonNegative: true),
                    PrimitiveTypeCode.SByte or PrimitiveTypeCode.Int16 or PrimitiveTypeCode.Int32 or PrimitiveTypeCode.IntPtr =>
                        new(SignTag.Signed),
                    PrimitiveTypeCode.UInt32 or PrimitiveTypeCode.UIntPtr => new(SignTag.Unsigned),
                    PrimitiveTypeCode.Int64 => new(SignTag.Signed, Wide: true),
                    PrimitiveTypeCode.UInt64 => new(SignTag.Unsigned, Wide: true),
                    _ => Other(type),
                };
            default:
                return Other(type);
        }
    }

    /// <summary>The result of an operation whose left operand was this one: nanoCLR leaves the left operand's tag on it.</summary>
    public TaggedValue Result(bool nonNegative) => Tag == SignTag.None
        ? Other()
        : new TaggedValue(Tag == SignTag.Signed ? SignTag.Signed : Unsigned(nonNegative), nonNegative, Wide);

    /// <summary>The same value where two paths meet.</summary>
    public TaggedValue Join(TaggedValue other) => new(
        Tag > other.Tag ? Tag : other.Tag,
        NonNegative && other.NonNegative,
        Wide || other.Wide,
        Type == other.Type ? Type : null,
        Constant == other.Constant ? Constant : null);

    /// <summary>The tag of an unsigned value.</summary>
    public static SignTag Unsigned(bool nonNegative) => nonNegative ? SignTag.UnsignedSmall : SignTag.Unsigned;
}

/// <summary>The state before an instruction: the stack, and which locals are known to be non-negative.</summary>
internal sealed class TaggedFrame(IEnumerable<TaggedValue> stack, IEnumerable<bool> nonNegativeLocals)
{
    public List<TaggedValue> Stack { get; } = [.. stack];

    public bool[] NonNegativeLocals { get; } = [.. nonNegativeLocals];

    public TaggedFrame Copy() => new(Stack, NonNegativeLocals);

    public void Push(TaggedValue value) => Stack.Add(value);

    public TaggedValue Pop()
    {
        TaggedValue top = Stack[^1];
        Stack.RemoveAt(Stack.Count - 1);
        return top;
    }

    public void Pop(int count) => Stack.RemoveRange(Stack.Count - count, count);

    /// <summary>Takes in another path to the same instruction; false where it brought nothing new.</summary>
    public bool Merge(TaggedFrame other)
    {
        bool changed = false;
        for (int i = 0; i < Stack.Count; i++)
        {
            TaggedValue joined = Stack[i].Join(other.Stack[i]);
            changed |= joined != Stack[i];
            Stack[i] = joined;
        }

        for (int i = 0; i < NonNegativeLocals.Length; i++)
        {
            bool joined = NonNegativeLocals[i] && other.NonNegativeLocals[i];
            changed |= joined != NonNegativeLocals[i];
            NonNegativeLocals[i] = joined;
        }

        return changed;
    }
}
