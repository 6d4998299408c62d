// The Toeplitz hash of receive-side scaling. Knows a key and bytes, no queue.
using System;
using System.Buffers.Binary;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Net;

/// <summary>
/// A key made ready: for each half byte of the input, what each of its values contributes. The hash is the exclusive or of
/// the key's 32-bit windows at every bit that is set. Source: VIRTIO 1.4, 5.1.6.4.3; Microsoft, "RSS hashing functions".
/// </summary>
public sealed class ToeplitzHash
{
    /// <summary>Longest input, bytes: two IPv6 addresses and two ports.</summary>
    public const int MaxInputBytes = (2 * IpV6.AddressBytes) + PortBytes;

    private const int PortBytes = 4;
    private const int Values = 16;

    private readonly uint[] _contribution = new uint[MaxInputBytes * 2 * Values];

    /// <summary>Makes a key ready.</summary>
    /// <param name="key">At least <see cref="VirtioNetHash.KeyBytes"/> bytes; further ones are not used.</param>
    public ToeplitzHash(ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(key.Length, VirtioNetHash.KeyBytes);
        for (int half = 0; half < MaxInputBytes * 2; half++)
        {
            ulong window = 0;
            for (int place = half / 2; place < (half / 2) + 5; place++)
            {
                window = (window << 8) | key[place];
            }

            // 36 bits of the key from the half byte on: bit n of the value selects the 32 that begin at its own place.
            window = half % 2 == 0 ? window >> 4 : window & 0xF_FFFF_FFFF;
            for (int value = 0; value < Values; value++)
            {
                uint sum = 0;
                for (int bit = 0; bit < 4; bit++)
                {
                    sum ^= (value >> bit & 1) != 0 ? (uint)(window >> (bit + 1)) : 0;
                }

                _contribution[(half * Values) + value] = sum;
            }
        }
    }

    /// <summary>Hash of an input.</summary>
    /// <param name="input">Up to <see cref="MaxInputBytes"/> bytes.</param>
    public uint Compute(ReadOnlySpan<byte> input) => Add(input, 0);

    /// <summary>Source and destination address of an IP header as one run of bytes; empty without one.</summary>
    public static ReadOnlySpan<byte> Addresses(in FrameHeader header) => header.IpVersion switch
    {
        4 => header.Prefix.Slice(header.L3Offset + IpV4.SourceOffset, 2 * IpV4.AddressBytes),
        6 => header.Prefix.Slice(header.L3Offset + IpV6.SourceOffset, 2 * IpV6.AddressBytes),
        _ => default,
    };

    /// <summary>Hash of a frame's addresses, and of its ports where asked for.</summary>
    /// <param name="header">A header with IP; with ports if they are asked for.</param>
    /// <param name="withPorts">Whether source and destination port follow the addresses.</param>
    public uint Flow(in FrameHeader header, bool withPorts)
    {
        ReadOnlySpan<byte> addresses = Addresses(header);
        uint hash = Add(addresses, 0);
        return withPorts ? hash ^ Add(header.Prefix.Slice(header.L4Offset, PortBytes), addresses.Length) : hash;
    }

    private uint Add(ReadOnlySpan<byte> input, int offset)
    {
        uint hash = 0;
        ReadOnlySpan<uint> contribution = _contribution.AsSpan(offset * 2 * Values);
        for (int place = 0; place < input.Length; place++)
        {
            int row = place * 2 * Values;
            hash ^= contribution[row + (input[place] >> 4)] ^ contribution[row + Values + (input[place] & 0xF)];
        }

        return hash;
    }
}
