// Writes pcapng: one little-endian section, interfaces with names, enhanced packets in nanoseconds.
using System;
using System.Buffers.Binary;
using System.IO;
using System.Text;

namespace SmartNicFw.Emulator.Net.Capture;

/// <summary>A pcapng file.</summary>
public sealed class PcapngWriter : CaptureWriter
{
    private const int FixedBytes = PcapngFormat.BlockHeaderBytes + PcapngFormat.EnhancedBodyBytes;

    private readonly byte[] _header = new byte[FixedBytes];
    private readonly byte[] _trailer = new byte[PcapngFormat.BlockTrailerBytes + 3];
    private int _interfaces;

    /// <summary>Writes the section header.</summary>
    public PcapngWriter(Stream stream)
        : base(stream)
    {
        Span<byte> body = stackalloc byte[PcapngFormat.SectionBodyBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(body, PcapngFormat.ByteOrderMagic);
        BinaryPrimitives.WriteUInt16LittleEndian(body[4..], 1);
        BinaryPrimitives.WriteUInt16LittleEndian(body[6..], 0);

        // Length of the section: not known while it grows.
        BinaryPrimitives.WriteInt64LittleEndian(body[8..], -1);
        WriteBlock(PcapngFormat.SectionHeader, body);
    }

    /// <inheritdoc/>
    public override int AddInterface(string name)
    {
        byte[] text = Encoding.UTF8.GetBytes(name);
        text = text.Length > 255 ? text[..255] : text;
        int padded = (text.Length + 3) & ~3;
        var body = new byte[PcapngFormat.InterfaceBodyBytes + PcapngFormat.OptionHeaderBytes + padded + 8 + PcapngFormat.OptionHeaderBytes];
        BinaryPrimitives.WriteUInt16LittleEndian(body, CaptureLimits.LinkTypeEthernet);
        BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(4), CaptureLimits.MaxFrameBytes);
        Span<byte> options = body.AsSpan(PcapngFormat.InterfaceBodyBytes);
        BinaryPrimitives.WriteUInt16LittleEndian(options, PcapngFormat.OptionInterfaceName);
        BinaryPrimitives.WriteUInt16LittleEndian(options[2..], (ushort)text.Length);
        text.CopyTo(options[PcapngFormat.OptionHeaderBytes..]);
        options = options[(PcapngFormat.OptionHeaderBytes + padded)..];
        BinaryPrimitives.WriteUInt16LittleEndian(options, PcapngFormat.OptionTimestampResolution);
        BinaryPrimitives.WriteUInt16LittleEndian(options[2..], 1);
        options[PcapngFormat.OptionHeaderBytes] = PcapngFormat.NanosecondResolution;
        WriteBlock(PcapngFormat.InterfaceDescription, body);
        return _interfaces++;
    }

    /// <inheritdoc/>
    public override void Write(int interfaceId, ReadOnlySpan<byte> frame, long timestampNs)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)interfaceId, (uint)_interfaces);
        int padding = -frame.Length & 3;
        int length = FixedBytes + frame.Length + padding + PcapngFormat.BlockTrailerBytes;
        Span<byte> header = _header;
        BinaryPrimitives.WriteUInt32LittleEndian(header, PcapngFormat.EnhancedPacket);
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], length);
        BinaryPrimitives.WriteInt32LittleEndian(header[8..], interfaceId);
        BinaryPrimitives.WriteUInt32LittleEndian(header[12..], (uint)(timestampNs >> 32));
        BinaryPrimitives.WriteUInt32LittleEndian(header[16..], (uint)timestampNs);
        BinaryPrimitives.WriteInt32LittleEndian(header[20..], frame.Length);
        BinaryPrimitives.WriteInt32LittleEndian(header[24..], frame.Length);
        Stream.Write(header);
        Stream.Write(frame);
        Span<byte> trailer = _trailer.AsSpan(0, padding + PcapngFormat.BlockTrailerBytes);
        trailer.Clear();
        BinaryPrimitives.WriteInt32LittleEndian(trailer[padding..], length);
        Stream.Write(trailer);
        FramesWritten++;
    }

    private void WriteBlock(uint type, ReadOnlySpan<byte> body)
    {
        int length = PcapngFormat.BlockHeaderBytes + body.Length + PcapngFormat.BlockTrailerBytes;
        Span<byte> edge = stackalloc byte[PcapngFormat.BlockHeaderBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(edge, type);
        BinaryPrimitives.WriteInt32LittleEndian(edge[4..], length);
        Stream.Write(edge);
        Stream.Write(body);
        Stream.Write(edge[4..]);
    }
}
