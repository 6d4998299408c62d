// The Internet checksum over any number of pieces. Knows no protocol.
using System;
using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace SmartNicFw.Emulator.Net;

/// <summary>
/// Sums pieces as if they were one run of bytes, whatever their lengths: a piece at an odd place counts with its bytes
/// swapped. Source: RFC 1071, 2.
/// </summary>
public struct InternetChecksum
{
    // In the order of the machine's memory, so that words need no swapping one by one.
    private ulong _sum;
    private bool _isOdd;

    /// <summary>Ones' complement sum so far, as a big-endian word has it: 0 to FFFFh.</summary>
    public readonly int Sum
    {
        get
        {
            int sum = Fold(_sum);
            return BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness((ushort)sum) : sum;
        }
    }

    /// <summary>The checksum: the complement of <see cref="Sum"/>.</summary>
    public readonly int Value => ~Sum & 0xFFFF;

    /// <summary>Sum of one piece that begins at an even place.</summary>
    public static int SumOf(ReadOnlySpan<byte> bytes)
    {
        InternetChecksum sum = default;
        sum.Add(bytes);
        return sum.Sum;
    }

    /// <summary>Adds the next piece, at most 2 GB.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        int sum = Fold(RawSum(bytes));
        _sum += (uint)(_isOdd ? BinaryPrimitives.ReverseEndianness((ushort)sum) : sum);
        _isOdd ^= (bytes.Length & 1) != 0;
    }

    /// <summary>Adds a big-endian word at an even place.</summary>
    /// <param name="word">0 to FFFFh, or a sum of such words.</param>
    public void AddWord(int word)
    {
        int folded = Fold((uint)word);
        _sum += (uint)(BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness((ushort)folded) : folded);
    }

    private static ulong RawSum(ReadOnlySpan<byte> bytes)
    {
        // 32-bit halves into 64-bit sums: 2^31 of them fit before one is lost. Two chains, so that additions overlap.
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
        ulong low = 0;
        ulong high = 0;
        foreach (ulong word in words)
        {
            low += (uint)word;
            high += word >> 32;
        }

        ulong sum = low + high;
        ReadOnlySpan<byte> rest = bytes[(words.Length * sizeof(ulong))..];
        for (; rest.Length >= 2; rest = rest[2..])
        {
            sum += MemoryMarshal.Read<ushort>(rest);
        }

        // A last single byte is the first of a word whose second is 0.
        return rest.Length == 0 ? sum : sum + (BitConverter.IsLittleEndian ? rest[0] : (uint)rest[0] << 8);
    }

    private static int Fold(ulong sum)
    {
        sum = (sum & 0xFFFF_FFFF) + (sum >> 32);
        sum = (sum & 0xFFFF_FFFF) + (sum >> 32);
        sum = (sum & 0xFFFF) + (sum >> 16);
        sum = (sum & 0xFFFF) + (sum >> 16);
        return (int)((sum & 0xFFFF) + (sum >> 16));
    }
}
