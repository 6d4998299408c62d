// The blocks of pcapng: sections, interfaces, packets; others are skipped, and so are options but the resolution of time.
using System;
using System.Buffers.Binary;

namespace SmartNicFw.Emulator.Net.Capture;

/// <content>pcapng.</content>
public sealed partial class PcapReader
{
    private uint _snapLen;

    // The section's block type has been read already.
    private void ReadFirstSection()
    {
        Span<byte> rest = _buffer.AsSpan(sizeof(uint), sizeof(uint));
        if (Fill(rest) < rest.Length)
        {
            throw Damage(0, "the file ends within a block header");
        }

        ReadSection(0);
    }

    private bool TryReadBlocks(out ReadOnlySpan<byte> frame)
    {
        frame = default;
        while (true)
        {
            long start = _position;
            Span<byte> header = _buffer.AsSpan(0, PcapngFormat.BlockHeaderBytes);
            int read = Fill(header);
            if (read == 0)
            {
                return false;
            }

            if (read < header.Length)
            {
                throw Damage(start, "the file ends within a block header");
            }

            uint type = U32(header);
            if (type == PcapngFormat.SectionHeader)
            {
                ReadSection(start);
                continue;
            }

            uint length = BlockLength(header, start);
            if (type is not (PcapngFormat.InterfaceDescription or PcapngFormat.EnhancedPacket or PcapngFormat.SimplePacket))
            {
                SkipBody(start, length);
                continue;
            }

            ReadOnlySpan<byte> body = ReadBody(start, length);
            if (type == PcapngFormat.InterfaceDescription)
            {
                ReadInterface(body, start);
                continue;
            }

            frame = type == PcapngFormat.EnhancedPacket ? Enhanced(body, start) : Simple(body, start);
            return true;
        }
    }

    // A section may change the byte order, and forgets the interfaces before it. Its type and length are in the buffer.
    private void ReadSection(long start)
    {
        Span<byte> header = _buffer.AsSpan(0, PcapngFormat.BlockHeaderBytes + sizeof(uint));
        if (Fill(header[PcapngFormat.BlockHeaderBytes..]) < sizeof(uint))
        {
            throw Damage(start, "the file ends within a section header");
        }

        uint magic = BinaryPrimitives.ReadUInt32LittleEndian(header[PcapngFormat.BlockHeaderBytes..]);
        _isBigEndian = BinaryPrimitives.ReverseEndianness(magic) == PcapngFormat.ByteOrderMagic;
        if (!_isBigEndian && magic != PcapngFormat.ByteOrderMagic)
        {
            throw Damage(start, "a section header without byte-order magic");
        }

        uint length = BlockLength(header, start);
        if (length < PcapngFormat.BlockHeaderBytes + PcapngFormat.SectionBodyBytes + PcapngFormat.BlockTrailerBytes)
        {
            throw Damage(start, $"a section header of {length} bytes cannot be");
        }

        _resolutions.Clear();
        SkipBody(start, length);
    }

    private void ReadInterface(ReadOnlySpan<byte> body, long start)
    {
        if (body.Length < PcapngFormat.InterfaceBodyBytes)
        {
            throw Damage(start, "an interface description that is too short");
        }

        CheckLinkType(U16(body), start);
        _snapLen = _resolutions.Count == 0 ? U32(body[sizeof(uint)..]) : _snapLen;
        int resolution = PcapngFormat.DefaultResolution;
        ReadOnlySpan<byte> options = body[PcapngFormat.InterfaceBodyBytes..];
        while (options.Length >= PcapngFormat.OptionHeaderBytes)
        {
            int code = U16(options);
            int length = U16(options[sizeof(ushort)..]);
            int padded = PcapngFormat.OptionHeaderBytes + ((length + 3) & ~3);
            if (code == 0 || padded > options.Length)
            {
                break;
            }

            resolution = code == PcapngFormat.OptionTimestampResolution && length > 0
                ? options[PcapngFormat.OptionHeaderBytes]
                : resolution;
            options = options[padded..];
        }

        _resolutions.Add(resolution);
    }

    private ReadOnlySpan<byte> Enhanced(ReadOnlySpan<byte> body, long start)
    {
        if (body.Length < PcapngFormat.EnhancedBodyBytes)
        {
            throw Damage(start, "a packet block that is too short");
        }

        uint interfaceId = U32(body);
        if (interfaceId >= _resolutions.Count)
        {
            throw Damage(start, $"a packet of interface {interfaceId}, which was not described");
        }

        ulong ticks = ((ulong)U32(body[4..]) << 32) | U32(body[8..]);
        TimestampNs = Nanoseconds(ticks, _resolutions[(int)interfaceId]);
        uint captured = U32(body[12..]);
        OriginalLength = U32(body[16..]);
        ReadOnlySpan<byte> data = body[PcapngFormat.EnhancedBodyBytes..];
        if (captured > data.Length || captured > CaptureLimits.MaxFrameBytes)
        {
            throw Damage(start, $"a frame of {captured} bytes in a block with room for {data.Length}");
        }

        return data[..(int)captured];
    }

    private ReadOnlySpan<byte> Simple(ReadOnlySpan<byte> body, long start)
    {
        if (body.Length < PcapngFormat.SimpleBodyBytes || _resolutions.Count == 0)
        {
            throw Damage(start, "a simple packet block that is too short, or before any interface");
        }

        // It says how long the frame was, and the first interface how much of a frame was kept; 0 is all.
        OriginalLength = U32(body);
        TimestampNs = 0;
        ReadOnlySpan<byte> data = body[PcapngFormat.SimpleBodyBytes..];
        long captured = _snapLen == 0 ? OriginalLength : Math.Min(OriginalLength, _snapLen);
        if (captured > data.Length || captured > CaptureLimits.MaxFrameBytes)
        {
            throw Damage(start, $"a frame of {captured} bytes in a block with room for {data.Length}");
        }

        return data[..(int)captured];
    }

    private uint BlockLength(ReadOnlySpan<byte> header, long start)
    {
        uint length = U32(header[sizeof(uint)..]);
        if (length < PcapngFormat.BlockHeaderBytes + PcapngFormat.BlockTrailerBytes || length % 4 != 0)
        {
            throw Damage(start, $"a block of {length} bytes cannot be");
        }

        return length;
    }

    private ReadOnlySpan<byte> ReadBody(long start, uint length)
    {
        if (length > CaptureLimits.MaxBlockBytes)
        {
            throw Damage(start, $"a block of {length} bytes is too long");
        }

        Span<byte> rest = _buffer.AsSpan(0, (int)length - PcapngFormat.BlockHeaderBytes);
        if (Fill(rest) < rest.Length)
        {
            throw Damage(start, $"the file ends within a block of {length} bytes");
        }

        CheckTrailer(rest[^PcapngFormat.BlockTrailerBytes..], start, length);
        return rest[..^PcapngFormat.BlockTrailerBytes];
    }

    // Reads a block of any length in pieces, whatever part of it has been read, and checks that it ends as it began.
    private void SkipBody(long start, uint length)
    {
        long end = start + length;
        while (_position < end)
        {
            // The last piece is the trailer alone.
            long left = end - _position;
            long wanted = left > PcapngFormat.BlockTrailerBytes ? left - PcapngFormat.BlockTrailerBytes : left;
            Span<byte> piece = _buffer.AsSpan(0, (int)Math.Min(wanted, _buffer.Length));
            if (Fill(piece) < piece.Length)
            {
                throw Damage(start, $"the file ends within a block of {length} bytes");
            }
        }

        CheckTrailer(_buffer, start, length);
    }

    private void CheckTrailer(ReadOnlySpan<byte> trailer, long start, uint length)
    {
        uint again = U32(trailer);
        if (again != length)
        {
            throw Damage(start, $"a block of {length} bytes ends with length {again}");
        }
    }

    // Bit 7 chooses powers of 2, otherwise of 10. What a long cannot hold is no time of a capture.
    private static long Nanoseconds(ulong ticks, int resolution)
    {
        int power = resolution & 0x7F;
        double tick = (resolution & 0x80) != 0 ? Math.Pow(2, -power) : Math.Pow(10, -power);
        if (resolution is PcapngFormat.NanosecondResolution or PcapngFormat.DefaultResolution)
        {
            return unchecked((long)(ticks * (resolution == PcapngFormat.NanosecondResolution ? 1UL : 1000UL)));
        }

        double nanoseconds = ticks * tick * 1e9;
        return nanoseconds < long.MaxValue ? (long)nanoseconds : 0;
    }
}
