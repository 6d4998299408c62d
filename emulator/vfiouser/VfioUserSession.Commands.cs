// The commands of a client: what each may say, what the device does, what is answered. Knows no socket.
using System;
using System.Buffers.Binary;
using SmartNicFw.Emulator.Loop;

namespace SmartNicFw.Emulator.VfioUser;

public sealed partial class VfioUserSession
{
    private const ushort MajorVersion = 0;
    private const ushort MinorVersion = 0;

    // The device reads this much in one call: all of configuration space.
    private const int ReadPieceBytes = 4096;

    private int _maxDataXferSize = VfioUserLimits.MaxDataXferSize;

    private void Handle(ReadOnlySpan<byte> message)
    {
        Span<int> descriptors = stackalloc int[UnixStream.MaxDescriptors];
        int count = _received.TakeDescriptors(descriptors, out bool isTruncated);
        descriptors = descriptors[..count];

        uint flags = BinaryPrimitives.ReadUInt32LittleEndian(message[VfioUserHeader.FlagsOffset..]);
        switch (flags & VfioUserHeader.TypeMask)
        {
            case VfioUserHeader.TypeCommand:
                var request = new Request(message, (flags & VfioUserHeader.NoReply) == 0);
                _isHandling = true;
                int error = isTruncated ? Errno.Invalid : Handle(request, message[VfioUserHeader.Bytes..], descriptors);
                _isHandling = false;
                if (error != 0 && IsOpen)
                {
                    Refuse(request, error);
                }

                break;

            case VfioUserHeader.TypeReply:
                // To a question that nobody waits for any more.
                break;

            default:
                Close("a message is neither command nor reply");
                break;
        }

        // What a command wanted to keep it has taken out of the list.
        foreach (int descriptor in descriptors)
        {
            if (descriptor >= 0)
            {
                _ = LibC.Close(descriptor);
            }
        }
    }

    // 0 when it is answered, or else the error to answer with, and nothing has happened.
    private int Handle(Request request, ReadOnlySpan<byte> body, Span<int> descriptors)
    {
        if (_state == State.Connected && request.Command != VfioUserCommand.Version)
        {
            return Errno.Invalid;
        }

        if (!descriptors.IsEmpty && request.Command is not (VfioUserCommand.DmaMap or VfioUserCommand.DeviceSetIrqs))
        {
            return Errno.Invalid;
        }

        switch (request.Command)
        {
            case VfioUserCommand.Version:
                return Version(request, body);
            case VfioUserCommand.DmaMap:
                return DmaMap(request, body, descriptors);
            case VfioUserCommand.DmaUnmap:
                return DmaUnmap(request, body);
            case VfioUserCommand.DeviceGetInfo:
                return GetInfo(request, body);
            case VfioUserCommand.DeviceGetRegionInfo:
                return GetRegionInfo(request, body);
            case VfioUserCommand.DeviceGetIrqInfo:
                return GetIrqInfo(request, body);
            case VfioUserCommand.DeviceSetIrqs:
                return SetIrqs(request, body, descriptors);
            case VfioUserCommand.RegionRead:
                return RegionRead(request, body);
            case VfioUserCommand.RegionWrite:
                return RegionWrite(request, body);
            case VfioUserCommand.RegionWriteMulti:
                return RegionWriteMulti(request, body);
            case VfioUserCommand.DeviceReset:
                return DeviceReset(request, body);
            case VfioUserCommand.DmaRead:
            case VfioUserCommand.DmaWrite:
                // Commands of ours, not of a client.
                return Errno.Invalid;
            default:
                // DEVICE_GET_REGION_IO_FDS, DIRTY_PAGES, DEVICE_FEATURE, MIG_DATA_READ, MIG_DATA_WRITE, and what does not exist.
                return Errno.NotSupported;
        }
    }

    // Appends a reply of this many bytes behind the header, zeroed. Its place; -1 when the client wants none.
    private int Reply(Request request, int bodyBytes)
    {
        if (!request.WantsReply)
        {
            return -1;
        }

        int size = VfioUserHeader.Bytes + bodyBytes;
        int place = _sending.Append(size);
        Span<byte> message = _sending.At(place, size);
        message.Clear();
        VfioUserHeader.Write(message, request.Id, request.Command, size, VfioUserHeader.TypeReply);
        return place;
    }

    // A reply whose body is known before the device is called.
    private void Reply(Request request, ReadOnlySpan<byte> body)
    {
        int place = Reply(request, body.Length);
        if (place >= 0)
        {
            body.CopyTo(_sending.At(place + VfioUserHeader.Bytes, body.Length));
        }
    }

    private void Refuse(Request request, int error)
    {
        if (Refusals++ == 0)
        {
            VfioUserLog.Refused(_server.Log, _server.Path, request.Command, _process, error);
        }

        ReplyError(request, error);
        if (_state == State.Connected)
        {
            Send();
            Close("it did not agree on a version");
        }
    }

    private void ReplyError(Request request, int error)
    {
        if (request.WantsReply)
        {
            int place = _sending.Append(VfioUserHeader.Bytes);
            VfioUserHeader.Write(
                _sending.At(place, VfioUserHeader.Bytes), request.Id, request.Command, VfioUserHeader.Bytes,
                VfioUserHeader.TypeReply | VfioUserHeader.Error, error);
        }
    }

    private int Version(Request request, ReadOnlySpan<byte> body)
    {
        if (_state != State.Connected || !request.WantsReply || body.Length < VersionBody.DataOffset
            || BinaryPrimitives.ReadUInt16LittleEndian(body[VersionBody.MajorOffset..]) != MajorVersion
            || !VersionCapabilities.TryParse(body[VersionBody.DataOffset..], out VersionCapabilities proposed))
        {
            return Errno.Invalid;
        }

        Span<byte> data = stackalloc byte[VersionCapabilities.MaxAnswerBytes];
        int bytes = proposed.Write(data[..Math.Min(data.Length, body.Length - VersionBody.DataOffset)]);
        int place = Reply(request, VersionBody.DataOffset + bytes);
        Span<byte> reply = _sending.At(place + VfioUserHeader.Bytes, VersionBody.DataOffset + bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(reply[VersionBody.MajorOffset..], MajorVersion);
        BinaryPrimitives.WriteUInt16LittleEndian(reply[VersionBody.MinorOffset..], MinorVersion);
        data[..bytes].CopyTo(reply[VersionBody.DataOffset..]);

        _maxDataXferSize = proposed.MaxDataXferSize;
        _state = State.Attached;
        _isDeviceAttached = true;
        VfioUserLog.Attached(_server.Log, _server.Path, _process);
        _device.Attach(this);
        return 0;
    }

    private int DeviceReset(Request request, ReadOnlySpan<byte> body)
    {
        if (!body.IsEmpty)
        {
            return Errno.Invalid;
        }

        Reply(request, 0);
        _device.Reset();
        return 0;
    }

    private int GetInfo(Request request, ReadOnlySpan<byte> body)
    {
        if (!HasRoomFor(body, DeviceInfoBody.Bytes))
        {
            return Errno.Invalid;
        }

        Span<byte> reply = stackalloc byte[DeviceInfoBody.Bytes];
        BinaryPrimitives.WriteUInt32LittleEndian(reply[DeviceInfoBody.ArgszOffset..], DeviceInfoBody.Bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(reply[DeviceInfoBody.FlagsOffset..], DeviceInfoBody.Reset | DeviceInfoBody.Pci);
        BinaryPrimitives.WriteUInt32LittleEndian(reply[DeviceInfoBody.NumRegionsOffset..], VfioRegion.Count);
        BinaryPrimitives.WriteUInt32LittleEndian(reply[DeviceInfoBody.NumIrqsOffset..], VfioIrq.Count);
        Reply(request, reply);
        return 0;
    }

    private int GetRegionInfo(Request request, ReadOnlySpan<byte> body)
    {
        if (!HasRoomFor(body, RegionInfoBody.Bytes))
        {
            return Errno.Invalid;
        }

        uint index = BinaryPrimitives.ReadUInt32LittleEndian(body[RegionInfoBody.IndexOffset..]);
        if (index >= VfioRegion.Count)
        {
            return Errno.Invalid;
        }

        ulong bytes = _device.RegionBytes((int)index);
        Span<byte> reply = stackalloc byte[RegionInfoBody.Bytes];
        BinaryPrimitives.WriteUInt32LittleEndian(reply[RegionInfoBody.ArgszOffset..], RegionInfoBody.Bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(
            reply[RegionInfoBody.FlagsOffset..], bytes == 0 ? 0 : RegionInfoBody.Read | RegionInfoBody.Write);
        BinaryPrimitives.WriteUInt32LittleEndian(reply[RegionInfoBody.IndexOffset..], index);
        BinaryPrimitives.WriteUInt64LittleEndian(reply[RegionInfoBody.SizeOffset..], bytes);
        Reply(request, reply);
        return 0;
    }

    private int GetIrqInfo(Request request, ReadOnlySpan<byte> body)
    {
        if (!HasRoomFor(body, IrqInfoBody.Bytes))
        {
            return Errno.Invalid;
        }

        uint index = BinaryPrimitives.ReadUInt32LittleEndian(body[IrqInfoBody.IndexOffset..]);
        int count = index < VfioIrq.Count ? _device.IrqCount((int)index) : 0;

        // As the kernel's vfio has it: of the interrupts of PCI itself there can be none, of the others an error says so.
        // QEMU asks for them always: that is no refusal to be told of.
        if (count == 0 && index > VfioIrq.Msix)
        {
            ReplyError(request, Errno.Invalid);
            return 0;
        }

        Span<byte> reply = stackalloc byte[IrqInfoBody.Bytes];
        BinaryPrimitives.WriteUInt32LittleEndian(reply[IrqInfoBody.ArgszOffset..], IrqInfoBody.Bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(
            reply[IrqInfoBody.FlagsOffset..], IrqInfoBody.Eventfd | (index == VfioIrq.Intx ? IrqInfoBody.Maskable : 0));
        BinaryPrimitives.WriteUInt32LittleEndian(reply[IrqInfoBody.IndexOffset..], index);
        BinaryPrimitives.WriteUInt32LittleEndian(reply[IrqInfoBody.CountOffset..], (uint)count);
        Reply(request, reply);
        return 0;
    }

    private int SetIrqs(Request request, ReadOnlySpan<byte> body, Span<int> descriptors)
    {
        if (body.Length < IrqSetBody.DataOffset)
        {
            return Errno.Invalid;
        }

        uint flags = BinaryPrimitives.ReadUInt32LittleEndian(body[IrqSetBody.FlagsOffset..]);
        uint index = BinaryPrimitives.ReadUInt32LittleEndian(body[IrqSetBody.IndexOffset..]);
        uint start = BinaryPrimitives.ReadUInt32LittleEndian(body[IrqSetBody.StartOffset..]);
        uint count = BinaryPrimitives.ReadUInt32LittleEndian(body[IrqSetBody.CountOffset..]);
        uint data = flags & IrqSetBody.DataMask;
        uint action = flags & IrqSetBody.ActionsMask;
        body = body[IrqSetBody.DataOffset..];
        if (flags != (data | action) || index >= VfioIrq.Count || (ulong)start + count > (ulong)_device.IrqCount((int)index))
        {
            return Errno.Invalid;
        }

        // Everything that can be wrong is looked at before anything is done.
        switch (data)
        {
            case IrqSetBody.DataNone when count == 0 && start == 0 && action == IrqSetBody.ActionTrigger:
            case IrqSetBody.DataNone when count != 0:
                break;
            case IrqSetBody.DataBool when count != 0 && (uint)body.Length == count:
                break;
            case IrqSetBody.DataEventfd when action == IrqSetBody.ActionTrigger && count != 0 && AreEventfds(descriptors, count):
                break;
            default:
                return Errno.Invalid;
        }

        if (action is not (IrqSetBody.ActionTrigger or IrqSetBody.ActionMask or IrqSetBody.ActionUnmask)
            || (data != IrqSetBody.DataEventfd && !descriptors.IsEmpty))
        {
            return Errno.Invalid;
        }

        Reply(request, 0);
        if (count == 0)
        {
            _irqs.Clear((int)index);
            _device.SetEventfds((int)index, 0, 0, isThere: false);
            return 0;
        }

        for (int vector = 0; vector < (int)count; vector++)
        {
            if (data == IrqSetBody.DataEventfd)
            {
                int descriptor = -1;
                if (!descriptors.IsEmpty)
                {
                    // The table's from here on.
                    descriptor = descriptors[vector];
                    descriptors[vector] = -1;
                }

                _irqs.Assign((int)index, (int)start + vector, descriptor);
            }
            else if (data == IrqSetBody.DataNone || body[vector] != 0)
            {
                Act(action, (int)index, (int)start + vector);
            }
        }

        if (data == IrqSetBody.DataEventfd)
        {
            _device.SetEventfds((int)index, (int)start, (int)count, isThere: !descriptors.IsEmpty);
        }

        return 0;
    }

    private void Act(uint action, int index, int vector)
    {
        if (action == IrqSetBody.ActionTrigger)
        {
            _irqs.Trigger(index, vector);
        }
        else
        {
            _irqs.Mask(index, vector, action == IrqSetBody.ActionMask);
        }
    }

    // Either one for each vector, or none, which takes theirs away.
    private static bool AreEventfds(ReadOnlySpan<int> descriptors, uint count)
    {
        if (!descriptors.IsEmpty && (uint)descriptors.Length != count)
        {
            return false;
        }

        foreach (int descriptor in descriptors)
        {
            if (!EventSignal.TryPrepare(descriptor))
            {
                return false;
            }
        }

        return true;
    }

    private int RegionRead(Request request, ReadOnlySpan<byte> body)
    {
        if (body.Length != RegionAccessBody.DataOffset || !TryLocate(body, out int region, out ulong offset, out int count))
        {
            return Errno.Invalid;
        }

        int place = Reply(request, RegionAccessBody.DataOffset + count);
        if (place < 0)
        {
            // Nobody wants to know.
            return 0;
        }

        body.CopyTo(_sending.At(place + VfioUserHeader.Bytes, RegionAccessBody.DataOffset));
        place += VfioUserHeader.Bytes + RegionAccessBody.DataOffset;

        // Not into the queue itself, which moves when the device sends something; and a long read in pieces.
        Span<byte> piece = stackalloc byte[Math.Min(count, ReadPieceBytes)];
        for (int at = 0; at < count && IsOpen; at += piece.Length)
        {
            piece = piece[..Math.Min(piece.Length, count - at)];
            _device.Read(region, offset + (uint)at, piece);
            if (IsOpen)
            {
                piece.CopyTo(_sending.At(place + at, piece.Length));
            }
        }

        return 0;
    }

    private int RegionWrite(Request request, ReadOnlySpan<byte> body)
    {
        if (body.Length < RegionAccessBody.DataOffset || !TryLocate(body, out int region, out ulong offset, out int count)
            || body.Length != RegionAccessBody.DataOffset + count)
        {
            return Errno.Invalid;
        }

        Reply(request, body[..RegionAccessBody.DataOffset]);
        _device.Write(region, offset, body[RegionAccessBody.DataOffset..]);
        return 0;
    }

    private int RegionWriteMulti(Request request, ReadOnlySpan<byte> body)
    {
        if (body.Length < WriteMultiBody.WrsOffset)
        {
            return Errno.Invalid;
        }

        ulong writes = BinaryPrimitives.ReadUInt64LittleEndian(body[WriteMultiBody.WrCntOffset..]);
        ReadOnlySpan<byte> entries = body[WriteMultiBody.WrsOffset..];
        if (writes > VfioUserLimits.MaxMessageBytes || (ulong)entries.Length != writes * WriteMultiBody.EntryBytes)
        {
            return Errno.Invalid;
        }

        for (int at = 0; at < entries.Length; at += WriteMultiBody.EntryBytes)
        {
            if (!TryLocate(entries[at..], out _, out _, out int count) || count > WriteMultiBody.EntryDataBytes)
            {
                return Errno.Invalid;
            }
        }

        Reply(request, body[..WriteMultiBody.WrsOffset]);
        for (int at = 0; at < entries.Length && IsOpen; at += WriteMultiBody.EntryBytes)
        {
            // The device is asked again: a write can make a region smaller that the next one goes to.
            ReadOnlySpan<byte> entry = entries[at..];
            if (TryLocate(entry, out int region, out ulong offset, out int count))
            {
                _device.Write(region, offset, entry.Slice(WriteMultiBody.EntryDataOffset, count));
            }
        }

        return 0;
    }

    // Offset, region and count begin an access and an entry of WRITE_MULTI alike. False when it is not within the region.
    private bool TryLocate(ReadOnlySpan<byte> access, out int region, out ulong offset, out int count)
    {
        offset = BinaryPrimitives.ReadUInt64LittleEndian(access[RegionAccessBody.OffsetOffset..]);
        uint index = BinaryPrimitives.ReadUInt32LittleEndian(access[RegionAccessBody.RegionOffset..]);
        uint bytes = BinaryPrimitives.ReadUInt32LittleEndian(access[RegionAccessBody.CountOffset..]);
        region = (int)index;
        count = (int)bytes;
        if (index >= VfioRegion.Count || bytes is 0 or > VfioUserLimits.MaxDataXferSize)
        {
            return false;
        }

        ulong size = _device.RegionBytes(region);
        return offset < size && bytes <= size - offset;
    }

    // Bodies that begin with argsz: the request is whole, and so much fits into the reply.
    private static bool HasRoomFor(ReadOnlySpan<byte> body, int bytes) =>
        body.Length >= bytes && BinaryPrimitives.ReadUInt32LittleEndian(body) >= (uint)bytes;

    // What of a request its reply repeats.
    private readonly struct Request(ReadOnlySpan<byte> message, bool wantsReply)
    {
        public readonly ushort Id = BinaryPrimitives.ReadUInt16LittleEndian(message[VfioUserHeader.MessageIdOffset..]);
        public readonly ushort Command = BinaryPrimitives.ReadUInt16LittleEndian(message[VfioUserHeader.CommandOffset..]);
        public readonly bool WantsReply = wantsReply;
    }
}
