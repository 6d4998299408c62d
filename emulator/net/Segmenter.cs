// Cuts a frame with segmentation offload into frames of their own. Knows no ring and allocates nothing.
using System;
using System.Buffers.Binary;

namespace SmartNicFw.Emulator.Net;

/// <summary>
/// One frame on its way to become several: TCP over IPv4 or IPv6, and UDP. Each segment has the headers of the frame with
/// lengths, sequence number, identification, flags and checksums of its own. The payload need not be in one piece: it is
/// referred to by its place in the frame. Sources: VIRTIO 1.4, 5.1.6.2; RFC 9293; RFC 768; RFC 3168, 6.1.2.
/// </summary>
/// <remarks>
/// Checksums are computed from the addresses in the IP header; that differs from what the peer expects only for a packet
/// whose IPv6 routing header has not reached its last address.
/// </remarks>
public ref struct Segmenter
{
    private readonly ReadOnlySpan<byte> _headers;
    private readonly int _frameLength;
    private readonly int _gsoSize;
    private readonly int _l3Offset;
    private readonly int _l4Offset;
    private readonly bool _isV4;
    private readonly bool _isTcp;
    private int _index;

    /// <summary>Begins with the first segment ahead.</summary>
    /// <param name="prefix">First bytes of the frame, with all its headers; it must stay as it is while segments are written.</param>
    /// <param name="frameLength">Bytes of the frame.</param>
    /// <param name="header">A header that <see cref="OffloadHeader.TryAccept"/> accepted for it, with segmentation.</param>
    public Segmenter(ReadOnlySpan<byte> prefix, int frameLength, in OffloadHeader header)
    {
        FrameHeader.Parse(prefix, out FrameHeader frame);
        _headers = prefix[..HeaderBytes(frame)];
        _frameLength = frameLength;
        _gsoSize = header.GsoSize;
        _l3Offset = frame.L3Offset;
        _l4Offset = frame.L4Offset;
        _isV4 = frame.IpVersion == 4;
        _isTcp = frame.Protocol == Ethernet.ProtocolTcp;
        _index = -1;
    }

    /// <summary>Bytes of the headers that begin every segment.</summary>
    public readonly int HeaderLength => _headers.Length;

    /// <summary>Place in the frame where the segment's payload begins.</summary>
    public readonly int PayloadOffset => _headers.Length + (_index * _gsoSize);

    /// <summary>Bytes of the segment's payload, 0 to gso_size.</summary>
    public readonly int PayloadLength => Math.Min(_gsoSize, _frameLength - PayloadOffset);

    /// <summary>Bytes of the segment as a frame.</summary>
    public readonly int Length => _headers.Length + PayloadLength;

    /// <summary>Segments behind this one.</summary>
    public readonly int Left => IsLast ? 0 : (_frameLength - PayloadOffset - 1) / _gsoSize;

    private readonly bool IsLast => PayloadOffset + _gsoSize >= _frameLength;

    /// <summary>Bytes from the beginning of a frame to its TCP or UDP payload.</summary>
    /// <returns>0 when the prefix does not hold them all, or they cannot be.</returns>
    public static int HeaderBytes(in FrameHeader frame)
    {
        if (!frame.HasPorts)
        {
            return 0;
        }

        int bytes = Udp.HeaderBytes;
        if (frame.Protocol == Ethernet.ProtocolTcp)
        {
            int place = frame.L4Offset + Tcp.DataOffsetOffset;
            bytes = place < frame.Prefix.Length ? (frame.Prefix[place] >> 4) * 4 : 0;
            if (bytes < Tcp.MinHeaderBytes)
            {
                return 0;
            }
        }

        return frame.L4Offset + bytes <= frame.Prefix.Length ? frame.L4Offset + bytes : 0;
    }

    /// <summary>Goes to the next segment; a frame without payload is one segment.</summary>
    /// <returns>False when there is none.</returns>
    public bool MoveNext()
    {
        if (_index >= 0 && IsLast)
        {
            return false;
        }

        _index++;
        return true;
    }

    /// <summary>Writes the segment whole.</summary>
    /// <param name="frame">The frame in one piece.</param>
    /// <param name="target">At least <see cref="Length"/> bytes.</param>
    /// <returns><see cref="Length"/>.</returns>
    public readonly int Write(ReadOnlySpan<byte> frame, Span<byte> target)
    {
        ReadOnlySpan<byte> payload = frame.Slice(PayloadOffset, PayloadLength);
        payload.CopyTo(target[_headers.Length..]);
        WriteHeaders(target, InternetChecksum.SumOf(payload));
        return Length;
    }

    /// <summary>Writes the segment's headers, for a caller that copies payload itself.</summary>
    /// <param name="target">At least <see cref="HeaderLength"/> bytes.</param>
    /// <param name="payloadSum"><see cref="InternetChecksum.Sum"/> over the segment's payload.</param>
    public readonly void WriteHeaders(Span<byte> target, int payloadSum)
    {
        _headers.CopyTo(target);
        int transportLength = _headers.Length - _l4Offset + PayloadLength;
        Span<byte> ip = target[_l3Offset.._l4Offset];
        if (_isV4)
        {
            WriteIpV4(ip, transportLength);
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(
                ip[IpV6.PayloadLengthOffset..], (ushort)(ip.Length - IpV6.HeaderBytes + transportLength));
        }

        Span<byte> transport = target[_l4Offset.._headers.Length];
        int checksumOffset = _isTcp ? Tcp.ChecksumOffset : Udp.ChecksumOffset;
        if (_isTcp)
        {
            WriteTcp(transport);
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(transport[Udp.LengthOffset..], (ushort)transportLength);
        }

        BinaryPrimitives.WriteUInt16BigEndian(transport[checksumOffset..], 0);
        InternetChecksum sum = default;
        sum.Add(_isV4
            ? ip.Slice(IpV4.SourceOffset, 2 * IpV4.AddressBytes)
            : ip.Slice(IpV6.SourceOffset, 2 * IpV6.AddressBytes));
        sum.AddWord(transportLength);
        sum.AddWord(_isTcp ? Ethernet.ProtocolTcp : Ethernet.ProtocolUdp);
        sum.Add(transport);
        sum.AddWord(payloadSum);
        BinaryPrimitives.WriteUInt16BigEndian(transport[checksumOffset..], Offload.OnTheWire(sum.Value, !_isTcp));
    }

    private readonly void WriteIpV4(Span<byte> ip, int transportLength)
    {
        int identification = BinaryPrimitives.ReadUInt16BigEndian(ip[IpV4.IdentificationOffset..]);
        BinaryPrimitives.WriteUInt16BigEndian(ip[IpV4.IdentificationOffset..], (ushort)(identification + _index));
        BinaryPrimitives.WriteUInt16BigEndian(ip[IpV4.TotalLengthOffset..], (ushort)(ip.Length + transportLength));
        BinaryPrimitives.WriteUInt16BigEndian(ip[IpV4.ChecksumOffset..], 0);
        InternetChecksum sum = default;
        sum.Add(ip);
        BinaryPrimitives.WriteUInt16BigEndian(ip[IpV4.ChecksumOffset..], (ushort)sum.Value);
    }

    private readonly void WriteTcp(Span<byte> tcp)
    {
        uint sequence = BinaryPrimitives.ReadUInt32BigEndian(tcp[Tcp.SequenceOffset..]);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[Tcp.SequenceOffset..], sequence + (uint)(_index * _gsoSize));
        int cleared = (_index != 0 ? Tcp.FlagCwr : 0) | (IsLast ? 0 : Tcp.FlagFin | Tcp.FlagPsh);
        tcp[Tcp.FlagsOffset] &= (byte)~cleared;
    }
}
