// Writes pcap: little-endian, nanoseconds, Ethernet. Knows one interface only.
using System;
using System.Buffers.Binary;
using System.IO;

namespace SmartNicFw.Emulator.Net.Capture;

/// <summary>A pcap file.</summary>
public sealed class PcapWriter : CaptureWriter
{
    private const long NanosecondsPerSecond = 1_000_000_000;

    private readonly byte[] _header = new byte[PcapFormat.RecordHeaderBytes];
    private int _interfaces;

    /// <summary>Writes the file header.</summary>
    public PcapWriter(Stream stream)
        : base(stream)
    {
        Span<byte> header = stackalloc byte[PcapFormat.FileHeaderBytes];
        header.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(header, PcapFormat.MagicNanoseconds);
        BinaryPrimitives.WriteUInt16LittleEndian(header[PcapFormat.MajorVersionOffset..], PcapFormat.MajorVersion);
        BinaryPrimitives.WriteUInt16LittleEndian(header[(PcapFormat.MajorVersionOffset + 2)..], PcapFormat.MinorVersion);
        BinaryPrimitives.WriteUInt32LittleEndian(header[PcapFormat.SnapLenOffset..], CaptureLimits.MaxFrameBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(header[PcapFormat.LinkTypeOffset..], CaptureLimits.LinkTypeEthernet);
        Stream.Write(header);
    }

    /// <inheritdoc/>
    public override int AddInterface(string name) => _interfaces++;

    /// <inheritdoc/>
    public override void Write(int interfaceId, ReadOnlySpan<byte> frame, long timestampNs)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_header, (uint)(timestampNs / NanosecondsPerSecond));
        BinaryPrimitives.WriteUInt32LittleEndian(_header.AsSpan(PcapFormat.FractionOffset), (uint)(timestampNs % NanosecondsPerSecond));
        BinaryPrimitives.WriteInt32LittleEndian(_header.AsSpan(PcapFormat.CapturedOffset), frame.Length);
        BinaryPrimitives.WriteInt32LittleEndian(_header.AsSpan(PcapFormat.OriginalOffset), frame.Length);
        Stream.Write(_header);
        Stream.Write(frame);
        FramesWritten++;
    }
}
