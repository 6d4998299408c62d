// Writes a trace as it arrives, a whole block at a time, and counts what is in it. Knows blocks of pcapng, and no record in them.
using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Text;
using SmartNicFw.HostTools.Failure;

namespace SmartNicFw.HostTools.Trace;

/// <summary>An interface of a trace.</summary>
/// <param name="Name">Name of the station, or of the endpoint.</param>
/// <param name="HasFrames">True for Ethernet frames; false for records.</param>
internal sealed record TraceInterface(string Name, bool HasFrames)
{
    /// <summary>Packets written.</summary>
    public long Packets { get; set; }
}

/// <summary>
/// Whenever writing ends the file ends with a whole block: it can be read. What arrives is a device's: a block that cannot be ends it.
/// Source: draft-ietf-opsawg-pcapng-03, 3.1 and 4.
/// </summary>
/// <param name="output">Receives the blocks; the caller closes it.</param>
/// <param name="device">What the device is named in messages.</param>
/// <param name="mostFrames">Frames after which no packet is written any more.</param>
internal sealed class TraceFile(Stream output, string device, long mostFrames)
{
    // The longest that a block of a trace can be: a frame of 64 KB with options.
    private const int MaxBlockBytes = 1 << 18;
    private const int MaxInterfaces = 1 << 16;
    private const uint Section = 0x0A0D0D0A;
    private const uint InterfaceDescription = 1;
    private const uint EnhancedPacket = 6;
    private const int BodyOffset = 8;
    private const int InterfaceOptionsOffset = 16;
    private const int CapturedOffset = 20;
    private const int DataOffset = 28;
    private const int TrailerBytes = 4;
    private const int LinkTypeEthernet = 1;
    private const int OptionName = 2;
    private const int OptionDropCount = 4;

    private readonly byte[] _block = new byte[MaxBlockBytes];
    private readonly List<TraceInterface> _interfaces = [];
    private int _filled;
    private bool _hasBegun;

    /// <summary>Interfaces, in the order in which they were described.</summary>
    public IReadOnlyList<TraceInterface> Interfaces => _interfaces;

    /// <summary>Frames written.</summary>
    public long Frames { get; private set; }

    /// <summary>Records written.</summary>
    public long Records { get; private set; }

    /// <summary>Frames and records that the device had to leave out, for they were not taken in time.</summary>
    public ulong Lost { get; private set; }

    /// <summary>Bytes written.</summary>
    public long Bytes { get; private set; }

    /// <summary>True when as many frames are written as were wanted.</summary>
    public bool IsFull => Frames >= mostFrames;

    /// <summary>Takes what has arrived.</summary>
    /// <exception cref="ToolException">It is no pcapng.</exception>
    public void Take(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int wanted = _filled < BodyOffset ? BodyOffset : Length();
            int part = Math.Min(wanted - _filled, bytes.Length);
            bytes[..part].CopyTo(_block.AsSpan(_filled));
            _filled += part;
            bytes = bytes[part..];
            if (_filled >= BodyOffset && _filled == Length())
            {
                TakeBlock(_block.AsSpan(0, _filled));
                _filled = 0;
            }
        }
    }

    /// <summary>Hands what was written to the operating system, so that readers see it.</summary>
    public void Flush() => output.Flush();

    private int Length()
    {
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(_block.AsSpan(sizeof(uint)));
        return length is >= BodyOffset + TrailerBytes and <= MaxBlockBytes && length % TrailerBytes == 0
            ? (int)length
            : throw Nonsense($"a block of {length} bytes");
    }

    private void TakeBlock(ReadOnlySpan<byte> block)
    {
        uint type = BinaryPrimitives.ReadUInt32LittleEndian(block);
        if (BinaryPrimitives.ReadUInt32LittleEndian(block[^TrailerBytes..]) != block.Length || type == Section == _hasBegun)
        {
            throw Nonsense("a block that cannot be");
        }

        _hasBegun = true;
        bool isWritten = true;
        if (type == InterfaceDescription)
        {
            Describe(block);
        }
        else if (type == EnhancedPacket)
        {
            isWritten = !IsFull;
            if (isWritten)
            {
                Count(block);
            }
        }

        if (isWritten)
        {
            output.Write(block);
            Bytes += block.Length;
        }
    }

    private void Describe(ReadOnlySpan<byte> block)
    {
        if (_interfaces.Count == MaxInterfaces || block.Length < InterfaceOptionsOffset + TrailerBytes)
        {
            throw Nonsense("an interface that cannot be");
        }

        ReadOnlySpan<byte> name = Find(block[InterfaceOptionsOffset..^TrailerBytes], OptionName);
        _interfaces.Add(new TraceInterface(
            Encoding.UTF8.GetString(name), BinaryPrimitives.ReadUInt16LittleEndian(block[BodyOffset..]) == LinkTypeEthernet));
    }

    private void Count(ReadOnlySpan<byte> block)
    {
        uint number = block.Length < DataOffset + TrailerBytes ? uint.MaxValue : BinaryPrimitives.ReadUInt32LittleEndian(block[BodyOffset..]);
        uint captured = number == uint.MaxValue ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(block[CapturedOffset..]);
        if (number >= _interfaces.Count || captured > block.Length - DataOffset - TrailerBytes)
        {
            throw Nonsense("a packet that cannot be");
        }

        TraceInterface of = _interfaces[(int)number];
        of.Packets++;
        Frames += of.HasFrames ? 1 : 0;
        Records += of.HasFrames ? 0 : 1;
        int options = DataOffset + (((int)captured + 3) & ~3);
        ReadOnlySpan<byte> lost = options <= block.Length - TrailerBytes ? Find(block[options..^TrailerBytes], OptionDropCount) : [];
        Lost += lost.Length == sizeof(ulong) ? BinaryPrimitives.ReadUInt64LittleEndian(lost) : 0;
    }

    // The value of an option; empty when it is not there.
    private static ReadOnlySpan<byte> Find(ReadOnlySpan<byte> options, int wanted)
    {
        while (options.Length >= sizeof(uint))
        {
            int code = BinaryPrimitives.ReadUInt16LittleEndian(options);
            int length = BinaryPrimitives.ReadUInt16LittleEndian(options[sizeof(ushort)..]);
            options = options[sizeof(uint)..];
            if (code == 0 || length > options.Length)
            {
                break;
            }

            if (code == wanted)
            {
                return options[..length];
            }

            options = options[Math.Min((length + 3) & ~3, options.Length)..];
        }

        return [];
    }

    private ToolException Nonsense(string what) => new(
        $"the device at {device} sent {what} in its trace", "what came before is in the file; look whether device and smartnic are of one version");
}
