// The offload part of virtio_net_hdr: read, judged, written. Knows no ring.
using System;
using System.Buffers.Binary;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Net;

/// <summary>
/// What a driver asks for, or is told, with a frame. A snapshot: what was judged is what is used.
/// Source: VIRTIO 1.4, 5.1.6 and 5.1.6.2.
/// </summary>
public struct OffloadHeader
{
    /// <summary>
    /// Segments that one frame may be cut into. Linux sends no segment below 8 bytes (TCP_MIN_GSO_SIZE), and a driver must
    /// not make us write a frame for every byte.
    /// </summary>
    public const int MaxSegments = 65536 / 8;

    /// <summary>flags.</summary>
    public int Flags { readonly get; set; }

    /// <summary>gso_type.</summary>
    public int GsoType { readonly get; set; }

    /// <summary>hdr_len, bytes: a hint that is never relied on.</summary>
    public int HdrLen { readonly get; set; }

    /// <summary>gso_size, bytes.</summary>
    public int GsoSize { readonly get; set; }

    /// <summary>csum_start, bytes from the beginning of the frame.</summary>
    public int CsumStart { readonly get; set; }

    /// <summary>csum_offset, bytes from csum_start.</summary>
    public int CsumOffset { readonly get; set; }

    /// <summary>True when the checksum is to be completed.</summary>
    public readonly bool NeedsCsum => (Flags & VirtioNetHeader.NeedsCsum) != 0;

    /// <summary>gso_type without the ECN bit.</summary>
    public readonly int GsoKind => GsoType & ~VirtioNetHeader.GsoEcn;

    /// <summary>True when the frame is to be cut into segments.</summary>
    public readonly bool IsGso => GsoType != VirtioNetHeader.GsoNone;

    /// <summary>True when the frame can go anywhere as it is.</summary>
    public readonly bool IsPlain => !NeedsCsum && !IsGso;

    /// <summary>Takes a snapshot.</summary>
    /// <param name="header">At least the 12 bytes of the header without hash fields.</param>
    public static OffloadHeader Read(ReadOnlySpan<byte> header) => new()
    {
        Flags = header[VirtioNetHeader.FlagsOffset],
        GsoType = header[VirtioNetHeader.GsoTypeOffset],
        HdrLen = BinaryPrimitives.ReadUInt16LittleEndian(header[VirtioNetHeader.HdrLenOffset..]),
        GsoSize = BinaryPrimitives.ReadUInt16LittleEndian(header[VirtioNetHeader.GsoSizeOffset..]),
        CsumStart = BinaryPrimitives.ReadUInt16LittleEndian(header[VirtioNetHeader.CsumStartOffset..]),
        CsumOffset = BinaryPrimitives.ReadUInt16LittleEndian(header[VirtioNetHeader.CsumOffsetOffset..]),
    };

    /// <summary>Writes the header for a receiver; num_buffers is set to 1, hash fields are left alone.</summary>
    /// <param name="header">At least 12 bytes.</param>
    public readonly void Write(Span<byte> header)
    {
        header[VirtioNetHeader.FlagsOffset] = (byte)Flags;
        header[VirtioNetHeader.GsoTypeOffset] = (byte)GsoType;
        BinaryPrimitives.WriteUInt16LittleEndian(header[VirtioNetHeader.HdrLenOffset..], (ushort)HdrLen);
        BinaryPrimitives.WriteUInt16LittleEndian(header[VirtioNetHeader.GsoSizeOffset..], (ushort)GsoSize);
        BinaryPrimitives.WriteUInt16LittleEndian(header[VirtioNetHeader.CsumStartOffset..], (ushort)CsumStart);
        BinaryPrimitives.WriteUInt16LittleEndian(header[VirtioNetHeader.CsumOffsetOffset..], (ushort)CsumOffset);
        BinaryPrimitives.WriteUInt16LittleEndian(header[VirtioNetHeader.NumBuffersOffset..], 1);
    }

    /// <summary>The header for the same frame after a VLAN edit, by <see cref="VlanTag.LengthChange"/>.</summary>
    public readonly OffloadHeader After(VlanEdit edit)
    {
        OffloadHeader moved = this;
        int change = VlanTag.LengthChange(edit);
        moved.CsumStart = NeedsCsum ? CsumStart + change : 0;
        moved.HdrLen = IsGso ? HdrLen + change : 0;
        return moved;
    }

    /// <summary>
    /// Judges the header against its frame. A header that passes may be acted on without further checks, and is cleaned of
    /// what the driver may not say and of what means nothing.
    /// </summary>
    /// <param name="prefix">First bytes of the frame, up to <see cref="FrameHeader.MaxPrefixBytes"/>, all of a shorter one.</param>
    /// <param name="frameLength">Bytes of the frame, without this header.</param>
    /// <returns>False when the frame is to be dropped as malformed.</returns>
    public bool TryAccept(ReadOnlySpan<byte> prefix, int frameLength)
    {
        // The device ignores flags that it does not know, and DATA_VALID is no driver's to set (5.1.6.2.1).
        Flags &= VirtioNetHeader.NeedsCsum;
        if (HdrLen > frameLength)
        {
            return false;
        }

        if (!NeedsCsum)
        {
            // Segmentation needs the checksum too (5.1.6.2.1).
            bool isPlain = !IsGso;
            this = default;
            return isPlain;
        }

        // By addresses, tags and type a frame is forwarded: a checksum is not written over them. Faults are the switch's to name.
        _ = FrameHeader.ParseEthernet(prefix, out FrameHeader ethernet);
        if (CsumStart < Math.Max(Ethernet.HeaderBytes, ethernet.L3Offset)
            || CsumStart + CsumOffset + sizeof(ushort) > frameLength)
        {
            return false;
        }

        if (IsGso)
        {
            return GsoSize != 0 && IsSegmentable(prefix, frameLength);
        }

        HdrLen = 0;
        GsoSize = 0;
        return true;
    }

    private bool IsSegmentable(ReadOnlySpan<byte> prefix, int frameLength)
    {
        if (FrameHeader.Parse(prefix, out FrameHeader frame) != HeaderFault.None || !frame.HasPorts || frame.L4Offset != CsumStart)
        {
            return false;
        }

        bool isTcp = frame.Protocol == Ethernet.ProtocolTcp;
        bool isMatch = GsoType switch
        {
            VirtioNetHeader.GsoTcpV4 or (VirtioNetHeader.GsoTcpV4 | VirtioNetHeader.GsoEcn) => isTcp && frame.IpVersion == 4,
            VirtioNetHeader.GsoTcpV6 or (VirtioNetHeader.GsoTcpV6 | VirtioNetHeader.GsoEcn) => isTcp && frame.IpVersion == 6,
            VirtioNetHeader.GsoUdpL4 => !isTcp,
            _ => false,
        };
        if (!isMatch || CsumOffset != (isTcp ? Tcp.ChecksumOffset : Udp.ChecksumOffset))
        {
            return false;
        }

        int headers = Segmenter.HeaderBytes(frame);
        HdrLen = headers;
        return headers != 0 && headers <= frameLength && (long)GsoSize * MaxSegments >= frameLength - headers;
    }
}
