// Completes the checksum that a driver left to the device. Knows no ring.
using System;
using System.Buffers.Binary;

namespace SmartNicFw.Emulator.Net;

/// <summary>Partial checksums. Source: VIRTIO 1.4, 5.1.6.2.</summary>
public static class Offload
{
    /// <summary>Completes the checksum of a frame in one piece, in place.</summary>
    /// <param name="frame">The whole frame; its checksum field has the sum of the pseudo header.</param>
    /// <param name="header">A header that <see cref="OffloadHeader.TryAccept"/> accepted for it.</param>
    public static void CompleteChecksum(Span<byte> frame, in OffloadHeader header)
    {
        InternetChecksum sum = default;
        sum.Add(frame[header.CsumStart..]);
        BinaryPrimitives.WriteUInt16BigEndian(frame[(header.CsumStart + header.CsumOffset)..], Finish(sum, header));
    }

    /// <summary>Value of the checksum field of a frame in several pieces.</summary>
    /// <param name="sum">Sum of everything from csum_start to the end, the field as the driver left it included.</param>
    /// <param name="header">The frame's header.</param>
    /// <returns>The word to write, big-endian, csum_offset bytes behind csum_start.</returns>
    public static ushort Finish(in InternetChecksum sum, in OffloadHeader header) =>
        OnTheWire(sum.Value, header.CsumOffset == Udp.ChecksumOffset);

    // A UDP checksum of 0 says that there is none; FFFFh has the same value (RFC 768).
    internal static ushort OnTheWire(int checksum, bool isUdp) => (ushort)(isUdp && checksum == 0 ? 0xFFFF : checksum);
}
