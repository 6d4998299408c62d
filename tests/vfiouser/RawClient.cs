// A vfio-user client written from the specification, with layouts of its own: what the server under test is judged by.
using System;
using System.Buffers.Binary;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;

namespace SmartNicFw.Tests.VfioUser;

/// <summary>A reply, as it came.</summary>
internal sealed record RawReply(ushort Id, ushort Command, uint Flags, uint Error, byte[] Body)
{
    public bool IsError => (Flags & 0x20) != 0;

    public bool IsReply => (Flags & 0xF) == 1;
}

/// <summary>
/// One connection. Sends whatever it is told to, cut and accompanied as the test likes; a receive that takes more than ten
/// seconds throws.
/// </summary>
internal sealed unsafe class RawClient : IDisposable
{
    /// <summary>The JSON that QEMU 11.1.3 sends, its zero included: with header and versions 214 bytes.</summary>
    public const string QemuCapabilities =
        "{\"capabilities\": {\"pgsizes\": 4096, \"max_msg_fds\": 16, \"max_dma_maps\": 65535, \"max_data_xfer_size\": 1048576, "
        + "\"migration\": {\"pgsize\": 4096, \"max_bitmap_size\": 268435456}, \"write_multiple\": true}}\0";

    // Error numbers of replies. Source: Linux, include/uapi/asm-generic/errno-base.h.
    public const uint Eexist = 17;
    public const uint Einval = 22;
    public const uint Enospc = 28;

    private int _socket;
    private ushort _nextId = 0x1234;

    public RawClient(string path)
    {
        _socket = RawSystem.Ok(RawSystem.Socket(1, 1 | 0x80000, 0));
        byte[] address = new byte[110];
        address[0] = 1;
        Encoding.UTF8.GetBytes(path, address.AsSpan(2));
        fixed (byte* first = address)
        {
            RawSystem.Ok(RawSystem.Connect(_socket, first, (uint)address.Length));
        }

        long* time = stackalloc long[] { 10, 0 };
        RawSystem.Ok(RawSystem.SetOption(_socket, 1, 20, time, 16));
        RawSystem.Ok(RawSystem.SetOption(_socket, 1, 21, time, 16));
    }

    public int Descriptor => _socket;

    /// <summary>A client that is attached as QEMU is.</summary>
    public static RawClient Attached(string path)
    {
        var client = new RawClient(path);
        RawReply reply = client.Ask(1, Version(QemuCapabilities));
        return reply.IsError ? throw new IOException("version refused") : client;
    }

    public static byte[] Version(string json, ushort major = 0, ushort minor = 0)
    {
        byte[] body = new byte[4 + Encoding.UTF8.GetByteCount(json)];
        BinaryPrimitives.WriteUInt16LittleEndian(body, major);
        BinaryPrimitives.WriteUInt16LittleEndian(body.AsSpan(2), minor);
        Encoding.UTF8.GetBytes(json, body.AsSpan(4));
        return body;
    }

    /// <summary>Integers of 4 (uint, int) and 8 bytes (ulong, long) and bytes (byte[]), one behind the other.</summary>
    public static byte[] Body(params object[] fields)
    {
        var body = new MemoryStream();
        using var writer = new BinaryWriter(body);
        foreach (object field in fields)
        {
            switch (field)
            {
                case uint value: writer.Write(value); break;
                case int value: writer.Write(value); break;
                case ulong value: writer.Write(value); break;
                case long value: writer.Write(value); break;
                case byte[] value: writer.Write(value); break;
                default: throw new ArgumentException(field.GetType().Name);
            }
        }

        return body.ToArray();
    }

    public byte[] Message(ushort command, byte[] body, uint flags = 0, uint? size = null)
    {
        byte[] message = new byte[16 + body.Length];
        BinaryPrimitives.WriteUInt16LittleEndian(message, ++_nextId);
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(2), command);
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(4), size ?? (uint)message.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(8), flags);
        body.CopyTo(message, 16);
        return message;
    }

    /// <summary>Sends a command and receives the next message.</summary>
    public RawReply Ask(ushort command, byte[] body, params int[] descriptors)
    {
        Send(Message(command, body), descriptors);
        RawReply reply = Receive();
        return reply.Id == _nextId && reply.Command == command && reply.IsReply ? reply : throw new IOException($"not the reply: {reply}");
    }

    public RawReply Ask(ushort command, params object[] fields) => Ask(command, Body(fields));

    /// <summary>Sends a command that wants no reply.</summary>
    public void Post(ushort command, byte[] body, params int[] descriptors) => Send(Message(command, body, flags: 0x10), descriptors);

    public byte[] ReadRegion(uint region, ulong offset, uint count) => Ask(9, offset, region, count).Body[16..];

    public RawReply WriteRegion(uint region, ulong offset, params byte[] data) => Ask(10, Body(offset, region, data.Length, data));

    public RawReply MapDma(ulong iova, ulong size, int descriptor = -1, ulong offset = 0, uint flags = 3) =>
        Ask(2, Body(32, flags, offset, iova, size), descriptor < 0 ? [] : [descriptor]);

    public RawReply UnmapDma(ulong iova, ulong size, uint flags = 0) => Ask(3, 24, flags, iova, size);

    public RawReply SetIrqs(uint flags, uint index, uint start, uint count, params int[] descriptors) =>
        Ask(8, Body(20, flags, index, start, count), descriptors);

    /// <summary>Sends bytes in one call, with descriptors. False when the far side has closed.</summary>
    public bool TrySend(ReadOnlySpan<byte> bytes, ReadOnlySpan<int> descriptors = default)
    {
        byte[] control = new byte[16 + ((descriptors.Length * 4) + 7 & ~7)];
        BinaryPrimitives.WriteInt64LittleEndian(control, 16 + (descriptors.Length * 4));
        BinaryPrimitives.WriteInt32LittleEndian(control.AsSpan(8), 1);
        BinaryPrimitives.WriteInt32LittleEndian(control.AsSpan(12), 1);
        MemoryMarshal.AsBytes(descriptors).CopyTo(control.AsSpan(16));
        fixed (byte* data = bytes, rights = control)
        {
            // struct iovec, and struct msghdr of 64-bit Linux.
            long* segment = stackalloc long[] { (long)data, bytes.Length };
            long* header = stackalloc long[] { 0, 0, (long)segment, 1, (long)rights, control.Length, 0 };
            if (descriptors.IsEmpty)
            {
                header[5] = 0;
            }

            while (segment[1] > 0)
            {
                nint sent = RawSystem.SendMessage(_socket, header, 0x4000);
                if (sent < 0)
                {
                    return false;
                }

                segment[0] += sent;
                segment[1] -= sent;
                header[5] = 0;
            }
        }

        return true;
    }

    public void Send(ReadOnlySpan<byte> bytes, ReadOnlySpan<int> descriptors = default)
    {
        if (!TrySend(bytes, descriptors))
        {
            throw new IOException("sendmsg: " + Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError()));
        }
    }

    public RawReply Receive() => TryReceive() ?? throw new EndOfStreamException();

    /// <summary>The next message; null when the far side has closed.</summary>
    public RawReply? TryReceive()
    {
        byte[]? header = TryReceive(16);
        if (header is null)
        {
            return null;
        }

        uint size = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(4));
        byte[]? body = size == 16 ? [] : TryReceive((int)size - 16);
        return body is null ? null : new RawReply(
            BinaryPrimitives.ReadUInt16LittleEndian(header),
            BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(2)),
            BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(8)),
            BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(12)),
            body);
    }

    /// <summary>Answers a command of the server.</summary>
    public void Answer(RawReply command, byte[] body, uint flags = 1)
    {
        byte[] message = Message(command.Command, body, flags);
        BinaryPrimitives.WriteUInt16LittleEndian(message, command.Id);
        Send(message);
    }

    /// <summary>True when nothing but the end of the stream comes; what comes before it is dropped.</summary>
    public bool IsClosedByServer()
    {
        byte* bytes = stackalloc byte[256];
        nint received;
        do
        {
            received = RawSystem.Receive(_socket, bytes, 256, 0);
        }
        while (received > 0);
        return received == 0 || Marshal.GetLastPInvokeError() == 104;
    }

    public void Dispose()
    {
        if (_socket >= 0)
        {
            _ = RawSystem.Close(_socket);
            _socket = -1;
        }
    }

    private byte[]? TryReceive(int bytes)
    {
        byte[] buffer = new byte[bytes];
        fixed (byte* first = buffer)
        {
            for (int at = 0; at < bytes;)
            {
                nint received = RawSystem.Receive(_socket, first + at, (nuint)(bytes - at), 0);
                if (received < 0 && Marshal.GetLastPInvokeError() != 104)
                {
                    throw new IOException("recv: " + Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError()));
                }

                if (received <= 0)
                {
                    return null;
                }

                at += (int)received;
            }
        }

        return buffer;
    }
}
