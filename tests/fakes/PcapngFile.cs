// Reads pcapng as strictly as its specification is, and by nothing of ours: what a trace is judged with. Little-endian files only.
using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using NUnit.Framework;

namespace SmartNicFw.Tests.Fakes;

/// <summary>An interface of a file, and its statistics when there are any.</summary>
internal sealed record PcapngInterface(int LinkType, string Name)
{
    public ulong? Received { get; set; }

    public ulong? Dropped { get; set; }
}

/// <summary>A packet of a file.</summary>
/// <param name="Direction">1 inbound, 2 outbound, 0 not said.</param>
internal sealed record PcapngPacket(PcapngInterface Interface, ulong TimeNs, byte[] Data, int Direction, string? Comment);

/// <summary>A whole file. Source: draft-ietf-opsawg-pcapng-03; every rule of it that a block here can break is asserted.</summary>
internal sealed class PcapngFile
{
    private const uint Section = 0x0A0D0D0A;

    private PcapngFile()
    {
    }

    public List<PcapngInterface> Interfaces { get; } = [];

    public List<PcapngPacket> Packets { get; } = [];

    /// <summary>Packets of the endpoint's interface.</summary>
    public IEnumerable<byte[]> Records => Packets.Where(packet => packet.Interface.LinkType == 147).Select(packet => packet.Data);

    /// <summary>Packets of stations.</summary>
    public IEnumerable<PcapngPacket> Frames => Packets.Where(packet => packet.Interface.LinkType == 1);

    public static PcapngFile Read(byte[] file)
    {
        var read = new PcapngFile();
        int at = 0;
        while (at < file.Length)
        {
            Assert.That(file.Length - at, Is.GreaterThanOrEqualTo(12), $"a block begins at {at} and the file ends");
            uint type = U32(file, at);
            int length = (int)U32(file, at + 4);
            Assert.That(length, Is.GreaterThanOrEqualTo(12).And.LessThanOrEqualTo(file.Length - at), $"block at {at}");
            Assert.That(length % 4, Is.Zero, $"block at {at}");
            Assert.That(U32(file, at + length - 4), Is.EqualTo((uint)length), $"the length behind the block at {at}");
            Assert.That(type == Section, Is.EqualTo(at == 0), "one section, at the beginning");
            read.Add(type, file.AsSpan(at + 8, length - 12));
            at += length;
        }

        return read;
    }

    private void Add(uint type, ReadOnlySpan<byte> body)
    {
        switch (type)
        {
            case Section:
                Assert.That(U32(body, 0), Is.EqualTo(0x1A2B3C4D));
                Assert.That(BinaryPrimitives.ReadUInt16LittleEndian(body[4..]), Is.EqualTo(1));
                _ = Options(body[16..]);
                break;
            case 1:
                Dictionary<int, byte[]> described = Options(body[8..]);
                Assert.That(described[9], Is.EqualTo(new byte[] { 9 }), "nanoseconds");
                Interfaces.Add(new PcapngInterface(BinaryPrimitives.ReadUInt16LittleEndian(body), Encoding.UTF8.GetString(described[2])));
                break;
            case 6:
                AddPacket(body);
                break;
            case 5:
                Dictionary<int, byte[]> statistics = Options(body[12..]);
                PcapngInterface of = Interfaces[(int)U32(body, 0)];
                Assert.That(of.Received, Is.Null, "statistics once an interface");
                of.Received = BinaryPrimitives.ReadUInt64LittleEndian(statistics[4]);
                of.Dropped = BinaryPrimitives.ReadUInt64LittleEndian(statistics[5]);
                break;
            default:
                Assert.Fail($"block of type {type}");
                break;
        }
    }

    private void AddPacket(ReadOnlySpan<byte> body)
    {
        int id = (int)U32(body, 0);
        Assert.That(id, Is.LessThan(Interfaces.Count), "an interface is described before its first packet");
        int captured = (int)U32(body, 12);
        Assert.That(U32(body, 16), Is.EqualTo((uint)captured), "nothing is cut");
        int padded = (captured + 3) & ~3;
        Assert.That(20 + padded, Is.LessThanOrEqualTo(body.Length));
        Assert.That(body[(20 + captured)..(20 + padded)].ToArray(), Is.All.Zero);
        Dictionary<int, byte[]> options = Options(body[(20 + padded)..]);
        Packets.Add(new PcapngPacket(
            Interfaces[id], ((ulong)U32(body, 4) << 32) | U32(body, 8), body.Slice(20, captured).ToArray(),
            options.TryGetValue(2, out byte[]? flags) ? (int)U32(flags, 0) & 3 : 0,
            options.TryGetValue(1, out byte[]? comment) ? Encoding.UTF8.GetString(comment) : null));
    }

    private static Dictionary<int, byte[]> Options(ReadOnlySpan<byte> bytes)
    {
        var options = new Dictionary<int, byte[]>();
        while (!bytes.IsEmpty)
        {
            int code = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
            int length = BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]);
            int padded = (length + 3) & ~3;
            Assert.That(bytes.Length, Is.GreaterThanOrEqualTo(4 + padded));
            if (code == 0)
            {
                Assert.That(bytes.Length, Is.EqualTo(4), "the end of options is the end of the block");
                return options;
            }

            options.Add(code, bytes.Slice(4, length).ToArray());
            bytes = bytes[(4 + padded)..];
        }

        Assert.That(options, Is.Empty, "options have an end");
        return options;
    }

    private static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);
}
