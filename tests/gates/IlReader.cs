// Reads the bytes of a method body as instructions. Knows the encoding of IL and nothing of its meaning.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;

namespace SmartNicFw.Tests.Gates;

/// <summary>One instruction.</summary>
/// <param name="Offset">Where it begins.</param>
/// <param name="Next">Where the one after it begins.</param>
/// <param name="OpCode">What it does.</param>
/// <param name="Operand">A number, the bits of a float, a token, or the offset a branch goes to.</param>
/// <param name="Targets">The offsets of a switch.</param>
internal sealed record Instruction(int Offset, int Next, OpCode OpCode, long Operand, int[]? Targets)
{
    /// <summary>What the opcode is called: "ldc.i4.s".</summary>
    public string Name => OpCode.Name!;

    /// <summary>The metadata row that the operand names.</summary>
    public EntityHandle Token => MetadataTokens.EntityHandle((int)Operand);

    public bool HasToken => OpCode.OperandType
        is OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType or OperandType.InlineSig;

    public bool IsBranch => OpCode.OperandType is OperandType.InlineBrTarget or OperandType.ShortInlineBrTarget;
}

/// <summary>Decodes IL.</summary>
internal static class IlReader
{
    private static readonly Dictionary<int, OpCode> OpCodesByValue = typeof(OpCodes)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!)
        .ToDictionary(opCode => (int)(ushort)opCode.Value);

    /// <summary>The instructions of a body, in order.</summary>
    public static List<Instruction> Read(MethodBodyBlock body)
    {
        var instructions = new List<Instruction>();
        BlobReader il = body.GetILReader();
        while (il.RemainingBytes > 0)
        {
            int offset = il.Offset;
            int value = il.ReadByte();
            if (value == 0xFE)
                value = 0xFE00 | il.ReadByte();
            OpCode opCode = OpCodesByValue[value];
            int[]? targets = null;
            long operand = 0;
            switch (opCode.OperandType)
            {
                case OperandType.InlineNone:
                    break;
                case OperandType.ShortInlineI:
                    operand = il.ReadSByte();
                    break;
                case OperandType.ShortInlineVar:
                    operand = il.ReadByte();
                    break;
                case OperandType.InlineVar:
                    operand = il.ReadUInt16();
                    break;
                case OperandType.ShortInlineBrTarget:
                    operand = il.ReadSByte();
                    operand += il.Offset;
                    break;
                case OperandType.InlineBrTarget:
                    operand = il.ReadInt32();
                    operand += il.Offset;
                    break;
                case OperandType.InlineI8 or OperandType.InlineR:
                    operand = il.ReadInt64();
                    break;
                case OperandType.InlineSwitch:
                    targets = new int[il.ReadInt32()];
                    for (int i = 0; i < targets.Length; i++)
                        targets[i] = il.ReadInt32();
                    for (int i = 0; i < targets.Length; i++)
                        targets[i] += il.Offset;
                    break;
                default:
                    operand = il.ReadInt32();
                    break;
            }

            instructions.Add(new Instruction(offset, il.Offset, opCode, operand, targets));
        }

        return instructions;
    }
}
