// How an access of any length and place becomes accesses that a link has: 1, 2, 4 or 8 bytes at a multiple of their number.
using System;
using System.Buffers.Binary;

namespace SmartNicFw.Emulator.VfioUser;

/// <summary>The pieces of an access to a region, from its lowest address on.</summary>
internal static class RegionPieces
{
    /// <summary>The largest piece that is aligned and not longer than what is left.</summary>
    /// <param name="offset">Where the piece begins.</param>
    /// <param name="left">Bytes that are left, 1 upwards.</param>
    /// <param name="largest">8, or 4 where the link has no more.</param>
    public static int Bytes(ulong offset, int left, int largest = sizeof(ulong))
    {
        int bytes = largest;
        while (bytes > left || (offset & (uint)(bytes - 1)) != 0)
        {
            bytes >>= 1;
        }

        return bytes;
    }

    /// <summary>The value of a piece.</summary>
    public static ulong Get(ReadOnlySpan<byte> data)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        bytes.Clear();
        data.CopyTo(bytes);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    /// <summary>Stores as many bytes of a value as the piece has.</summary>
    public static void Put(Span<byte> data, ulong value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        bytes[..data.Length].CopyTo(data);
    }
}
