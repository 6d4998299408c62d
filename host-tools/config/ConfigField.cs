// One field of configuration space: where it is and how its value is to be read. Knows no capability.
using System;
using System.Globalization;
using System.Numerics;
using System.Text.Json.Nodes;
using SmartNicFw.Hal;

namespace SmartNicFw.HostTools.Config;

/// <summary>How a field's value is shown.</summary>
internal enum FieldForm
{
    /// <summary>A number.</summary>
    Number,

    /// <summary>A number of which 0 stands for 1.</summary>
    NumberPlusOne,

    /// <summary>Hexadecimal in text: an ID, an address, a set of bits.</summary>
    Hex,

    /// <summary>Hexadecimal in text, with its bits where they are in the register, not shifted down.</summary>
    Address,

    /// <summary>One bit: name+ or name- as lspci writes it, true or false in JSON.</summary>
    Flag,

    /// <summary>128 bytes shifted left: Max_Payload_Size and Max_Read_Request_Size.</summary>
    PayloadBytes,
}

/// <summary>A field, by its name in the specification in lower case.</summary>
/// <param name="Offset">From the beginning of its structure, bytes.</param>
/// <param name="Bytes">1, 2, 4 or 8: how it is read.</param>
/// <param name="Mask">Bits of it; 0 for all.</param>
internal sealed record ConfigField(string Name, int Offset, int Bytes, ulong Mask = 0, FieldForm Form = FieldForm.Number)
{
    private const ulong SmallestPayload = 128;
    private const int WordBytes = 4;
    private const int WordBits = 32;

    /// <summary>Its value, shifted down.</summary>
    /// <param name="config">The whole configuration space; the field lies within it.</param>
    public ulong Value(byte[] config, int structure)
    {
        int at = structure + Offset;
        ulong raw = Bytes switch
        {
            1 => config[at],
            2 => LittleEndian.ReadU16(config, at),
            WordBytes => LittleEndian.ReadU32(config, at),
            _ => LittleEndian.ReadU32(config, at) | ((ulong)LittleEndian.ReadU32(config, at + WordBytes) << WordBits),
        };
        ulong value = Mask == 0 ? raw : (raw & Mask) >> BitOperations.TrailingZeroCount(Mask);
        return Form switch
        {
            FieldForm.NumberPlusOne => value + 1,
            FieldForm.PayloadBytes => SmallestPayload << (int)value,
            FieldForm.Address => raw & Mask,
            _ => value,
        };
    }

    /// <summary>Its value for programs.</summary>
    public static JsonNode Json(ConfigField field, ulong value) => field.Form == FieldForm.Flag ? JsonValue.Create(value != 0) : JsonValue.Create(value);

    /// <summary>Name and value for people.</summary>
    public static string Text(ConfigField field, ulong value) => field.Form switch
    {
        FieldForm.Flag => field.Name + (value != 0 ? "+" : "-"),
        FieldForm.Hex or FieldForm.Address => $"{field.Name} {value.ToString($"x{Digits(field)}", CultureInfo.InvariantCulture)}",
        _ => string.Create(CultureInfo.InvariantCulture, $"{field.Name} {value}"),
    };

    // As many digits as its bits fill: 4 for an ID.
    private static int Digits(ConfigField field) =>
        (field.Mask == 0 ? field.Bytes * 2 : (BitOperations.PopCount(field.Mask) + 3) / 4);
}
