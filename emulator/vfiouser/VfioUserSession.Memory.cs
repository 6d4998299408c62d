// Memory and interrupts of the host as the device reaches them through a session: ranges mapped, messages, eventfds.
using System;
using System.Buffers.Binary;
using System.Diagnostics;
using SmartNicFw.Emulator.Loop;
using SmartNicFw.Emulator.Memory;

namespace SmartNicFw.Emulator.VfioUser;

public sealed partial class VfioUserSession
{
    /// <summary>Milliseconds that <see cref="Read"/> waits for a reply, and <see cref="Write"/> for room: the board stands still meanwhile.</summary>
    public const int ReadPatienceMilliseconds = 100;

    // Bytes of DMA_WRITE that may wait for the client to read.
    private const int PostedBytes = 256 * 1024;

    private ushort _nextId;
    private bool _isNotSharedTold;

    /// <inheritdoc/>
    public void Trigger(int index, int vector) => _irqs.Trigger(index, vector);

    /// <inheritdoc/>
    public void WriteMessage(ulong address, ReadOnlySpan<byte> data)
    {
        int size = VfioUserHeader.Bytes + DmaAccessBody.DataOffset + data.Length;
        if (_state != State.Attached)
        {
            // On its way out.
            return;
        }

        if (data.Length > _maxDataXferSize || _sending.Pending + size > PostedBytes)
        {
            Dropped++;
            return;
        }

        int place = _sending.Append(size);
        Span<byte> message = _sending.At(place, size);
        VfioUserHeader.Write(message, _nextId++, VfioUserCommand.DmaWrite, size, VfioUserHeader.TypeCommand | VfioUserHeader.NoReply);
        WriteAccess(message, address, data.Length);
        data.CopyTo(message[(VfioUserHeader.Bytes + DmaAccessBody.DataOffset)..]);
        if (!_isHandling)
        {
            SendNow();
        }
    }

    /// <inheritdoc/>
    public void Write(ulong iova, ReadOnlySpan<byte> data)
    {
        long start = Stopwatch.GetTimestamp();
        while (!data.IsEmpty)
        {
            ReadOnlySpan<byte> piece = data[..Math.Min(data.Length, _maxDataXferSize)];
            long dropped = Dropped;
            AwaitRoom(piece.Length, start);
            WriteMessage(iova, piece);
            if (Dropped != dropped)
            {
                // Bytes of a frame must not be missing behind an index that says they are there.
                Lose();
                return;
            }

            iova += (uint)piece.Length;
            data = data[piece.Length..];
        }
    }

    /// <summary>Whether the client has opened a range that is not in <see cref="Memory"/>, or is, to messages.</summary>
    /// <param name="isWrite">To be written; else to be read.</param>
    public bool ReachesByMessage(ulong iova, ulong length, bool isWrite) =>
        _memory.Allows(iova, length, isWrite ? DmaMapBody.Writeable : DmaMapBody.Readable);

    /// <summary>
    /// Reads memory that is not shared: DMA_READ messages, waited for. Commands that come meanwhile are kept, in order. QEMU
    /// answers nothing while it waits for a reply of ours, so as soon as a command wants one this gives up, and inside
    /// a call that the session itself made it does not begin.
    /// </summary>
    /// <param name="iova">First bus address, of a range that the client opened for reading.</param>
    /// <param name="data">Receives the bytes; of no meaning unless <see cref="RemoteAccess.Done"/>.</param>
    public RemoteAccess Read(ulong iova, Span<byte> data)
    {
        if (_state != State.Attached || !_memory.Allows(iova, (ulong)data.Length, DmaMapBody.Readable))
        {
            return RemoteAccess.Refused;
        }

        if (_isHandling)
        {
            return RemoteAccess.Busy;
        }

        long start = Stopwatch.GetTimestamp();
        while (!data.IsEmpty)
        {
            int bytes = Math.Min(data.Length, _maxDataXferSize);
            RemoteAccess access = ReadPiece(iova, data[..bytes], start);
            if (access != RemoteAccess.Done)
            {
                return access;
            }

            iova += (uint)bytes;
            data = data[bytes..];
        }

        return RemoteAccess.Done;
    }

    // While a message is handled its answer must go out first, and nothing can be waited for.
    private void AwaitRoom(int bytes, long start)
    {
        while (!_isHandling && IsAttached && _sending.Pending + VfioUserHeader.Bytes + DmaAccessBody.DataOffset + bytes > PostedBytes)
        {
            int left = ReadPatienceMilliseconds - (int)Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            if (left <= 0 || !UnixStream.AwaitWritable(_socket, left))
            {
                return;
            }

            SendNow();
        }
    }

    private RemoteAccess ReadPiece(ulong iova, Span<byte> data, long start)
    {
        int seen = 0;
        if (Search(ref seen, null, default) != Finding.Nothing || IsPaused)
        {
            return RemoteAccess.Busy;
        }

        ushort id = _nextId++;
        int size = VfioUserHeader.Bytes + DmaAccessBody.DataOffset;
        int place = _sending.Append(size);
        Span<byte> message = _sending.At(place, size);
        VfioUserHeader.Write(message, id, VfioUserCommand.DmaRead, size, VfioUserHeader.TypeCommand);
        WriteAccess(message, iova, data.Length);
        SendNow();

        // Whatever was taken out of the socket while waiting is handled when the loop comes by.
        _registration.CallAgain();
        while (_state == State.Attached)
        {
            switch (_received.Receive(_socket))
            {
                case ReceiveBuffer.Result.Some:
                    Finding finding = Search(ref seen, id, data);
                    if (finding != Finding.Nothing)
                    {
                        return finding switch
                        {
                            Finding.Data => RemoteAccess.Done,
                            Finding.Question => RemoteAccess.Busy,
                            _ => RemoteAccess.Refused,
                        };
                    }

                    break;
                case ReceiveBuffer.Result.None:
                    int left = ReadPatienceMilliseconds - (int)Stopwatch.GetElapsedTime(start).TotalMilliseconds;
                    if (left <= 0 || !UnixStream.AwaitReadable(_socket, left))
                    {
                        return RemoteAccess.Busy;
                    }

                    break;
                case ReceiveBuffer.Result.Full:
                    return RemoteAccess.Busy;
                default:
                    Lose();
                    return RemoteAccess.Refused;
            }
        }

        return RemoteAccess.Refused;
    }

    // Looks through what waits, from an offset on, for the reply, or for what has to be handled first.
    private Finding Search(ref int seen, ushort? id, Span<byte> data)
    {
        if (_received.HasDescriptors)
        {
            return Finding.Question;
        }

        while (_received.TryPeek(seen, out ReadOnlySpan<byte> message))
        {
            seen += message.Length;
            uint flags = BinaryPrimitives.ReadUInt32LittleEndian(message[VfioUserHeader.FlagsOffset..]);
            uint type = flags & VfioUserHeader.TypeMask;
            if (type != VfioUserHeader.TypeReply)
            {
                if ((flags & VfioUserHeader.NoReply) == 0)
                {
                    return Finding.Question;
                }

                continue;
            }

            if (id == BinaryPrimitives.ReadUInt16LittleEndian(message[VfioUserHeader.MessageIdOffset..])
                && BinaryPrimitives.ReadUInt16LittleEndian(message[VfioUserHeader.CommandOffset..]) == VfioUserCommand.DmaRead)
            {
                ReadOnlySpan<byte> answer = message[VfioUserHeader.Bytes..];
                if ((flags & VfioUserHeader.Error) != 0 || answer.Length != DmaAccessBody.DataOffset + data.Length)
                {
                    return Finding.Error;
                }

                answer[DmaAccessBody.DataOffset..].CopyTo(data);
                return Finding.Data;
            }
        }

        return Finding.Nothing;
    }

    // From outside of a message: what is left over waits for the socket to have room.
    private void SendNow()
    {
        Send();
        if (IsOpen && _sending.Pending > 0)
        {
            Settle(isProgress: false);
        }
    }

    private static void WriteAccess(Span<byte> message, ulong address, int count)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(message[(VfioUserHeader.Bytes + DmaAccessBody.AddressOffset)..], address);
        BinaryPrimitives.WriteUInt64LittleEndian(message[(VfioUserHeader.Bytes + DmaAccessBody.CountOffset)..], (ulong)count);
    }

    private int DmaMap(Request request, ReadOnlySpan<byte> body, ReadOnlySpan<int> descriptors)
    {
        if (body.Length != DmaMapBody.Bytes || descriptors.Length > 1)
        {
            return Errno.Invalid;
        }

        ulong iova = BinaryPrimitives.ReadUInt64LittleEndian(body[DmaMapBody.AddressOffset..]);
        uint flags = BinaryPrimitives.ReadUInt32LittleEndian(body[DmaMapBody.FlagsOffset..]);
        int error = _memory.Map(
            iova,
            BinaryPrimitives.ReadUInt64LittleEndian(body[DmaMapBody.SizeOffset..]),
            flags,
            BinaryPrimitives.ReadUInt64LittleEndian(body[DmaMapBody.OffsetOffset..]),
            descriptors.IsEmpty ? -1 : descriptors[0],
            out bool isShared);
        if (error != 0)
        {
            return error;
        }

        // A range to be read only, such as QEMU's shadowed ROM, is expected to be none that is shared.
        bool isExpected = isShared || descriptors.IsEmpty || flags != (DmaMapBody.Readable | DmaMapBody.Writeable);
        if (!isExpected && !_isNotSharedTold)
        {
            _isNotSharedTold = true;
            VfioUserLog.NotShared(_server.Log, _server.Path, iova, _process);
        }

        Reply(request, 0);
        return 0;
    }

    // The specification wants the exact range of one mapping. A client with an IOMMU model asks for ranges that hold several
    // or none, up to all 2^64 addresses, as the kernel's vfio lets it: all that lie within go, and none may be cut.
    private int DmaUnmap(Request request, ReadOnlySpan<byte> body)
    {
        if (body.Length != DmaUnmapBody.Bytes)
        {
            return Errno.Invalid;
        }

        uint flags = BinaryPrimitives.ReadUInt32LittleEndian(body[DmaUnmapBody.FlagsOffset..]);
        ulong iova = BinaryPrimitives.ReadUInt64LittleEndian(body[DmaUnmapBody.AddressOffset..]);
        ulong size = BinaryPrimitives.ReadUInt64LittleEndian(body[DmaUnmapBody.SizeOffset..]);
        ulong last = iova + (size - 1);
        if (flags == DmaUnmapBody.All && iova == 0 && size == 0)
        {
            // 0 - 1: the last address of all.
        }
        else if (flags != 0 || size == 0 || last < iova)
        {
            return Errno.Invalid;
        }

        int error = _memory.Within(iova, last, out int first, out int count);
        if (error != 0)
        {
            return error;
        }

        Reply(request, body);
        for (int index = first; index < first + count && IsOpen; index++)
        {
            (ulong rangeIova, ulong rangeSize) = _memory.RangeAt(index);
            _device.Unmapping(rangeIova, rangeSize);
        }

        if (IsOpen)
        {
            _memory.Remove(first, count);
        }

        return 0;
    }

    private enum Finding
    {
        Nothing,
        Data,
        Error,
        Question,
    }
}
