// Frames for the tests of the switch and its neighbours, built field by field.
using System;
using System.Buffers.Binary;
using System.Linq;

namespace SmartNicFw.Tests.Unit;

/// <summary>Builds frames; shares nothing with the code under test.</summary>
internal static class NetFrames
{
    /// <summary>"02:00:00:00:00:0A" as bytes.</summary>
    public static byte[] Mac(string text) => Convert.FromHexString(text.Replace(":", "", StringComparison.Ordinal));

    /// <summary>The same as the contracts have it: the first byte in bits 7:0.</summary>
    public static ulong MacValue(string text) => Mac(text).Reverse().Aggregate(0UL, (value, next) => (value << 8) | next);

    /// <summary>An Ethernet frame with any tags, each TPID and TCI in one number.</summary>
    public static byte[] Ethernet(string destination, string source, int type, byte[] payload, params uint[] tags)
    {
        byte[] head = [.. Mac(destination), .. Mac(source), .. tags.SelectMany(Big32), .. Big16(type)];
        return [.. head, .. payload];
    }

    public static byte[] IpV4(string source, string destination, int protocol, byte[] payload, int fragment = 0, byte[]? options = null, int id = 0x1234)
    {
        options ??= [];
        int header = 20 + options.Length;
        return
        [
            (byte)(0x40 | (header / 4)), 0, .. Big16(header + payload.Length), .. Big16(id), .. Big16(fragment), 64, (byte)protocol, 0, 0,
            .. System.Net.IPAddress.Parse(source).GetAddressBytes(), .. System.Net.IPAddress.Parse(destination).GetAddressBytes(),
            .. options, .. payload,
        ];
    }

    public static byte[] IpV6(string source, string destination, int next, byte[] payload) =>
    [
        0x60, 0, 0, 0, .. Big16(payload.Length), (byte)next, 64,
        .. System.Net.IPAddress.Parse(source).GetAddressBytes(), .. System.Net.IPAddress.Parse(destination).GetAddressBytes(), .. payload,
    ];

    public static byte[] Tcp(int source, int destination, byte[] payload, uint sequence = 1, int flags = 0x18, byte[]? options = null)
    {
        options ??= [];
        return
        [
            .. Big16(source), .. Big16(destination), .. Big32(sequence), 0, 0, 0, 7, (byte)((20 + options.Length) / 4 << 4), (byte)flags,
            0x10, 0, 0, 0, 0, 0, .. options, .. payload,
        ];
    }

    public static byte[] Udp(int source, int destination, byte[] payload) =>
        [.. Big16(source), .. Big16(destination), .. Big16(8 + payload.Length), 0, 0, .. payload];

    public static byte[] Big16(int value)
    {
        var bytes = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)value);
        return bytes;
    }

    public static byte[] Big32(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }
}
