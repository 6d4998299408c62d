// Blocks of pcapng, each written whole into memory. Knows no file, and not what a packet is.
using System;
using System.Buffers.Binary;
using System.Text;

namespace SmartNicFw.Emulator.Net.Capture;

/// <summary>
/// Little-endian, times in nanoseconds. A size is what its writer fills; the writers trust the caller for the room.
/// Source: draft-ietf-opsawg-pcapng-03, 3.1, 3.5, 4.1 to 4.3 and 4.6.
/// </summary>
internal static class PcapngBlock
{
    /// <summary>Longest text of an option, bytes; a longer one is cut.</summary>
    public const int MaxTextBytes = 255;

    private const int Frame = PcapngFormat.BlockHeaderBytes + PcapngFormat.BlockTrailerBytes;
    private const int CounterBytes = PcapngFormat.OptionHeaderBytes + sizeof(ulong);

    /// <summary>Size of interface statistics.</summary>
    public const int StatisticsBytes = Frame + PcapngFormat.StatisticsBodyBytes + (2 * CounterBytes) + PcapngFormat.OptionHeaderBytes;

    /// <summary>Size of the largest section header or interface description.</summary>
    public const int MaxDescriptionBytes = Frame + PcapngFormat.SectionBodyBytes + (2 * (PcapngFormat.OptionHeaderBytes + MaxTextBytes + 1))
        + (3 * PcapngFormat.OptionHeaderBytes);

    /// <summary>Writes a section header; the length of the section is left open.</summary>
    /// <param name="application">What writes; empty: nothing is said of it.</param>
    /// <returns>Bytes written.</returns>
    public static int WriteSection(Span<byte> to, string application)
    {
        Span<byte> body = to[PcapngFormat.BlockHeaderBytes..];
        BinaryPrimitives.WriteUInt32LittleEndian(body, PcapngFormat.ByteOrderMagic);
        BinaryPrimitives.WriteUInt16LittleEndian(body[4..], 1);
        BinaryPrimitives.WriteUInt16LittleEndian(body[6..], 0);
        BinaryPrimitives.WriteInt64LittleEndian(body[8..], -1);
        int at = PcapngFormat.BlockHeaderBytes + PcapngFormat.SectionBodyBytes;
        if (application.Length > 0)
        {
            at += WriteText(to[at..], PcapngFormat.OptionApplication, application);
            at += WriteEnd(to[at..]);
        }

        return Close(to, PcapngFormat.SectionHeader, at);
    }

    /// <summary>Writes an interface description.</summary>
    /// <param name="linkType">One of <see cref="CaptureLimits"/>.</param>
    /// <param name="description">For people; empty: none.</param>
    /// <returns>Bytes written.</returns>
    public static int WriteInterface(Span<byte> to, int linkType, string name, string description)
    {
        Span<byte> body = to[PcapngFormat.BlockHeaderBytes..];
        BinaryPrimitives.WriteUInt32LittleEndian(body, (uint)linkType);
        BinaryPrimitives.WriteUInt32LittleEndian(body[4..], CaptureLimits.MaxFrameBytes);
        int at = PcapngFormat.BlockHeaderBytes + PcapngFormat.InterfaceBodyBytes;
        at += WriteText(to[at..], PcapngFormat.OptionInterfaceName, name);
        if (description.Length > 0)
        {
            at += WriteText(to[at..], PcapngFormat.OptionInterfaceDescription, description);
        }

        WriteOption(to[at..], PcapngFormat.OptionTimestampResolution, 1);
        BinaryPrimitives.WriteUInt32LittleEndian(to[(at + PcapngFormat.OptionHeaderBytes)..], PcapngFormat.NanosecondResolution);
        at += PcapngFormat.OptionHeaderBytes + sizeof(uint);
        at += WriteEnd(to[at..]);
        return Close(to, PcapngFormat.InterfaceDescription, at);
    }

    /// <summary>Size of an enhanced packet.</summary>
    /// <param name="comment">Bytes of its comment, 0 for none.</param>
    public static int PacketBytes(int data, PacketDirection direction, int comment)
    {
        int options = direction == PacketDirection.None ? 0 : PcapngFormat.OptionHeaderBytes + sizeof(uint);
        options += comment == 0 ? 0 : PcapngFormat.OptionHeaderBytes + Padded(comment);
        return Frame + PcapngFormat.EnhancedBodyBytes + Padded(data) + options + (options == 0 ? 0 : PcapngFormat.OptionHeaderBytes);
    }

    /// <summary>Writes an enhanced packet, all of it captured.</summary>
    /// <param name="comment">UTF-8; empty for none.</param>
    /// <returns>Bytes written: <see cref="PacketBytes"/>.</returns>
    public static int WritePacket(
        Span<byte> to, int interfaceId, long timestampNs, ReadOnlySpan<byte> data, PacketDirection direction, ReadOnlySpan<byte> comment)
    {
        int at = WritePacketBody(to, interfaceId, timestampNs, data);
        if (comment.Length > 0)
        {
            WriteOption(to[at..], PcapngFormat.OptionComment, comment.Length);
            at += PcapngFormat.OptionHeaderBytes;
            at += WritePadded(to[at..], comment);
        }

        if (direction != PacketDirection.None)
        {
            WriteOption(to[at..], PcapngFormat.OptionFlags, sizeof(uint));
            BinaryPrimitives.WriteUInt32LittleEndian(to[(at + PcapngFormat.OptionHeaderBytes)..], (uint)direction);
            at += PcapngFormat.OptionHeaderBytes + sizeof(uint);
        }

        if (comment.Length > 0 || direction != PacketDirection.None)
        {
            at += WriteEnd(to[at..]);
        }

        return Close(to, PcapngFormat.EnhancedPacket, at);
    }

    /// <summary>Size of a packet that says how many were lost before it.</summary>
    public static int LossBytes(int data) =>
        Frame + PcapngFormat.EnhancedBodyBytes + Padded(data) + CounterBytes + PcapngFormat.OptionHeaderBytes;

    /// <summary>Writes a packet that says how many were lost before it.</summary>
    /// <param name="lost">Packets of any interface.</param>
    /// <returns>Bytes written: <see cref="LossBytes"/>.</returns>
    public static int WriteLoss(Span<byte> to, int interfaceId, long timestampNs, ReadOnlySpan<byte> data, ulong lost)
    {
        int at = WritePacketBody(to, interfaceId, timestampNs, data);
        at += WriteCounter(to[at..], PcapngFormat.OptionDropCount, lost);
        at += WriteEnd(to[at..]);
        return Close(to, PcapngFormat.EnhancedPacket, at);
    }

    /// <summary>Writes interface statistics.</summary>
    /// <param name="received">Packets of the interface that are in the file.</param>
    /// <param name="dropped">Packets of it that are not, for want of room.</param>
    /// <returns>Bytes written: <see cref="StatisticsBytes"/>.</returns>
    public static int WriteStatistics(Span<byte> to, int interfaceId, long timestampNs, ulong received, ulong dropped)
    {
        Span<byte> body = to[PcapngFormat.BlockHeaderBytes..];
        BinaryPrimitives.WriteInt32LittleEndian(body, interfaceId);
        WriteTime(body[4..], timestampNs);
        int at = PcapngFormat.BlockHeaderBytes + PcapngFormat.StatisticsBodyBytes;
        at += WriteCounter(to[at..], PcapngFormat.OptionReceived, received);
        at += WriteCounter(to[at..], PcapngFormat.OptionDropped, dropped);
        at += WriteEnd(to[at..]);
        return Close(to, PcapngFormat.InterfaceStatistics, at);
    }

    private static int WritePacketBody(Span<byte> to, int interfaceId, long timestampNs, ReadOnlySpan<byte> data)
    {
        Span<byte> body = to[PcapngFormat.BlockHeaderBytes..];
        BinaryPrimitives.WriteInt32LittleEndian(body, interfaceId);
        WriteTime(body[4..], timestampNs);
        BinaryPrimitives.WriteInt32LittleEndian(body[12..], data.Length);
        BinaryPrimitives.WriteInt32LittleEndian(body[16..], data.Length);
        int at = PcapngFormat.BlockHeaderBytes + PcapngFormat.EnhancedBodyBytes;
        return at + WritePadded(to[at..], data);
    }

    private static int Padded(int bytes) => (bytes + 3) & ~3;

    // Units since 1970, the upper half first (4.3).
    private static void WriteTime(Span<byte> to, long timestampNs)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(to, (uint)(timestampNs >> 32));
        BinaryPrimitives.WriteUInt32LittleEndian(to[sizeof(uint)..], (uint)timestampNs);
    }

    private static void WriteOption(Span<byte> to, int code, int bytes)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(to, (ushort)code);
        BinaryPrimitives.WriteUInt16LittleEndian(to[sizeof(ushort)..], (ushort)bytes);
    }

    private static int WriteEnd(Span<byte> to)
    {
        WriteOption(to, 0, 0);
        return PcapngFormat.OptionHeaderBytes;
    }

    private static int WriteCounter(Span<byte> to, int code, ulong value)
    {
        WriteOption(to, code, sizeof(ulong));
        BinaryPrimitives.WriteUInt64LittleEndian(to[PcapngFormat.OptionHeaderBytes..], value);
        return CounterBytes;
    }

    private static int WriteText(Span<byte> to, int code, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        int length = Math.Min(bytes.Length, MaxTextBytes);
        WriteOption(to, code, length);
        return PcapngFormat.OptionHeaderBytes + WritePadded(to[PcapngFormat.OptionHeaderBytes..], bytes.AsSpan(0, length));
    }

    private static int WritePadded(Span<byte> to, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(to);
        int padded = Padded(bytes.Length);
        to[bytes.Length..padded].Clear();
        return padded;
    }

    // Type and length around a body that ends at a place.
    private static int Close(Span<byte> to, uint type, int end)
    {
        int length = end + PcapngFormat.BlockTrailerBytes;
        BinaryPrimitives.WriteUInt32LittleEndian(to, type);
        BinaryPrimitives.WriteInt32LittleEndian(to[sizeof(uint)..], length);
        BinaryPrimitives.WriteInt32LittleEndian(to[end..], length);
        return length;
    }
}
