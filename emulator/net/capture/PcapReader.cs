// Reads pcap and pcapng files of Ethernet frames. PcapReader.Pcapng has the blocks of pcapng. Knows no port.
using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;

namespace SmartNicFw.Emulator.Net.Capture;

/// <summary>
/// Frames of a capture, one after the other; which of the formats it is, the first bytes tell. Frames before damage are
/// delivered, then the damage is thrown as <see cref="CaptureException"/>. What a file says of lengths is never believed
/// further than the file reaches, nor beyond fixed bounds.
/// </summary>
public sealed partial class PcapReader : IDisposable
{
    private readonly Stream _stream;
    private readonly string _name;
    private readonly byte[] _buffer = new byte[CaptureLimits.MaxBlockBytes];
    private readonly List<int> _resolutions = [];
    private long _position;
    private bool _isBigEndian;
    private bool _isPcapng;
    private bool _isNanoseconds;
    private bool _isOver;

    /// <summary>Begins to read.</summary>
    /// <param name="stream">The file from its beginning; closed with the reader.</param>
    /// <param name="name">Its name for messages.</param>
    /// <exception cref="CaptureException">It is no capture of Ethernet frames.</exception>
    public PcapReader(Stream stream, string name)
    {
        ArgumentNullException.ThrowIfNull(stream);
        _stream = stream;
        _name = name;
        ReadFileHeader();
    }

    /// <summary>Frames delivered so far.</summary>
    public long FramesRead { get; private set; }

    /// <summary>When the last frame was captured, nanoseconds since 1970; 0 when the file does not say.</summary>
    public long TimestampNs { get; private set; }

    /// <summary>Bytes that the last frame had on the wire; more than were delivered if the capture cut it.</summary>
    public long OriginalLength { get; private set; }

    /// <summary>Opens a file.</summary>
    /// <exception cref="CaptureException">It cannot be opened, or is no capture of Ethernet frames.</exception>
    public static PcapReader Open(string path)
    {
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1 << 16);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CaptureException(path, 0, "cannot be opened: " + problem.Message);
        }

        try
        {
            return new PcapReader(file, path);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Reads the next frame.</summary>
    /// <param name="frame">The frame as captured, valid until the next call.</param>
    /// <returns>False at the end of the file.</returns>
    /// <exception cref="CaptureException">The file is damaged here; after that it is at its end.</exception>
    public bool TryRead(out ReadOnlySpan<byte> frame)
    {
        frame = default;
        if (_isOver)
        {
            return false;
        }

        // Set unless a frame comes out: neither damage nor the end is read a second time.
        _isOver = true;
        bool isFrame = _isPcapng ? TryReadBlocks(out frame) : TryReadRecord(out frame);
        _isOver = !isFrame;
        FramesRead += isFrame ? 1 : 0;
        return isFrame;
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    private void ReadFileHeader()
    {
        Span<byte> header = _buffer.AsSpan(0, PcapFormat.FileHeaderBytes);
        int read = Fill(header[..sizeof(uint)]);
        if (read == 0)
        {
            throw Damage(0, "the file is empty");
        }

        uint magic = BinaryPrimitives.ReadUInt32LittleEndian(header);
        uint swapped = BinaryPrimitives.ReverseEndianness(magic);
        if (read < sizeof(uint))
        {
            throw Damage(0, "the file ends within its first 4 bytes");
        }

        if (magic == PcapngFormat.SectionHeader)
        {
            _isPcapng = true;
            ReadFirstSection();
            return;
        }

        _isBigEndian = swapped is PcapFormat.MagicMicroseconds or PcapFormat.MagicNanoseconds;
        _isNanoseconds = (_isBigEndian ? swapped : magic) == PcapFormat.MagicNanoseconds;
        if (!_isBigEndian && !_isNanoseconds && magic != PcapFormat.MagicMicroseconds)
        {
            throw Damage(0, $"neither pcap nor pcapng: it begins with {Convert.ToHexString(header[..4])}");
        }

        if (Fill(header[sizeof(uint)..]) < header.Length - sizeof(uint))
        {
            throw Damage(0, "the file ends within the pcap file header");
        }

        int version = U16(header[PcapFormat.MajorVersionOffset..]);
        if (version != PcapFormat.MajorVersion)
        {
            throw Damage(PcapFormat.MajorVersionOffset, $"pcap version {version} is not known");
        }

        CheckLinkType((int)(U32(header[PcapFormat.LinkTypeOffset..]) & PcapFormat.LinkTypeMask), PcapFormat.LinkTypeOffset);
    }

    private bool TryReadRecord(out ReadOnlySpan<byte> frame)
    {
        frame = default;
        long start = _position;
        Span<byte> header = _buffer.AsSpan(0, PcapFormat.RecordHeaderBytes);
        int read = Fill(header);
        if (read == 0)
        {
            return false;
        }

        if (read < header.Length)
        {
            throw Damage(start, "the file ends within a record header");
        }

        uint captured = U32(header[PcapFormat.CapturedOffset..]);
        if (captured > CaptureLimits.MaxFrameBytes)
        {
            throw Damage(start, $"a record of {captured} bytes cannot be");
        }

        OriginalLength = U32(header[PcapFormat.OriginalOffset..]);
        TimestampNs = (U32(header) * 1_000_000_000L) + (U32(header[PcapFormat.FractionOffset..]) * (_isNanoseconds ? 1L : 1000L));
        Span<byte> data = _buffer.AsSpan(0, (int)captured);
        if (Fill(data) < data.Length)
        {
            throw Damage(start, $"the file ends within a frame of {captured} bytes");
        }

        frame = data;
        return true;
    }

    private void CheckLinkType(int linkType, long offset)
    {
        if (linkType != CaptureLimits.LinkTypeEthernet)
        {
            throw Damage(offset, $"link type {linkType} is not Ethernet ({CaptureLimits.LinkTypeEthernet})");
        }
    }

    private int Fill(Span<byte> target)
    {
        int read;
        try
        {
            read = _stream.ReadAtLeast(target, target.Length, throwOnEndOfStream: false);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw Damage(_position, "cannot be read: " + problem.Message);
        }

        _position += read;
        return read;
    }

    private CaptureException Damage(long offset, string problem) => new(_name, offset, problem);

    private ushort U16(ReadOnlySpan<byte> bytes) =>
        _isBigEndian ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : BinaryPrimitives.ReadUInt16LittleEndian(bytes);

    private uint U32(ReadOnlySpan<byte> bytes) =>
        _isBigEndian ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
}
