// The receive queue of a pair as a driver uses it: keeps it full of buffers, gives frames to a handler.
using System;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Host.Virtio;

/// <summary>Receives frames on one queue (VIRTIO 1.4, 5.1.6.3 and 5.1.6.4).</summary>
public sealed class NetReceiver : IDisposable
{
    private const int Alignment = 64;

    // 5.1.6.3: Ethernet, IPv6 and the longest payload; more than this no frame has.
    private const int MaxFrameBytes = 65589;

    private readonly DriverVirtqueue _queue;
    private readonly HostMemory _memory;
    private readonly HostBuffer _slots;
    private readonly int _pair;
    private readonly int _slotBytes;
    private readonly int _bufferBytes;
    private readonly int _headerBytes;
    private readonly int _elements;
    private readonly bool _isIndirect;
    private readonly bool _isMergeable;
    private readonly byte[] _merged;

    internal NetReceiver(DriverVirtqueue queue, HostMemory memory, int pair, ulong features, NetDriverOptions options)
    {
        _queue = queue;
        _memory = memory;
        _pair = pair;
        _headerBytes = NetFeatures.HeaderBytes(features);
        _isMergeable = NetFeatures.Has(features, VirtioNetFeature.MrgRxbuf);
        _isIndirect = options.ReceiveElements > 1 && NetFeatures.Has(features, VirtioFeature.IndirectDesc);
        _elements = options.ReceiveElements;
        _bufferBytes = options.ReceiveBufferBytes != 0 ? options.ReceiveBufferBytes : _headerBytes + LargestFrame(features);
        _slotBytes = (_bufferBytes + Alignment - 1) & -Alignment;
        Buffers = _isIndirect ? queue.Ring.Size : queue.Ring.Size / _elements;
        _slots = memory.Allocate(checked(_slotBytes * Buffers), Alignment);
        _merged = _isMergeable ? new byte[MaxFrameBytes] : [];
    }

    /// <summary>The queue.</summary>
    public DriverVirtqueue Queue => _queue;

    /// <summary>Buffers that are given to the device.</summary>
    public int Buffers { get; }

    /// <summary>Frames that arrived.</summary>
    public long Frames { get; private set; }

    /// <summary>Their bytes, without headers.</summary>
    public long Bytes { get; private set; }

    /// <summary>Buffers that held no frame: shorter than a header, longer than given, or of a frame that is not complete.</summary>
    public long Errors { get; private set; }

    /// <summary>Gives all buffers to the device; it sees them after a flush.</summary>
    internal void Fill()
    {
        for (int slot = 0; slot < Buffers; slot++)
        {
            Give(slot);
        }
    }

    /// <summary>Takes frames and gives their buffers back to the device; rings the doorbell when it wants that.</summary>
    /// <param name="budget">Frames at the most.</param>
    /// <returns>Number of frames.</returns>
    public int Poll(ReceivedFrameHandler handler, int budget)
    {
        ArgumentNullException.ThrowIfNull(handler);
        int count = 0;
        while (count < budget && _queue.Ring.TryTake(out int slot, out uint length))
        {
            Receive(slot, length, handler);
            count++;
        }

        if (count > 0)
        {
            _queue.Flush();
        }

        return count;
    }

    /// <summary>Gives its memory back, after the device has let go of it.</summary>
    public void Dispose()
    {
        _memory.Free(_slots);
        _queue.Dispose();
    }

    private static int LargestFrame(ulong features)
    {
        const int EthernetFrameBytes = 1514;
        bool isLarge = (features & NetFeatures.LargeReceive) != 0 && !NetFeatures.Has(features, VirtioNetFeature.MrgRxbuf);
        return isLarge ? MaxFrameBytes : EthernetFrameBytes;
    }

    private unsafe void Receive(int slot, uint length, ReceivedFrameHandler handler)
    {
        byte* start = _slots.Start + (slot * _slotBytes);
        if (length < (uint)_headerBytes || length > (uint)_bufferBytes)
        {
            Errors++;
            Give(slot);
            return;
        }

        int buffers = *(ushort*)(start + VirtioNetHeader.NumBuffersOffset);
        bool hasHash = _headerBytes == VirtioNetHeader.HashBytes;
        var payload = new ReadOnlySpan<byte>(start + _headerBytes, (int)length - _headerBytes);
        var offload = new FrameOffload
        {
            Flags = start[VirtioNetHeader.FlagsOffset],
            GsoType = start[VirtioNetHeader.GsoTypeOffset],
            HdrLen = *(ushort*)(start + VirtioNetHeader.HdrLenOffset),
            GsoSize = *(ushort*)(start + VirtioNetHeader.GsoSizeOffset),
            CsumStart = *(ushort*)(start + VirtioNetHeader.CsumStartOffset),
            CsumOffset = *(ushort*)(start + VirtioNetHeader.CsumOffsetOffset),
        };
        uint hashValue = hasHash ? *(uint*)(start + VirtioNetHeader.HashValueOffset) : 0;
        ushort hashReport = hasHash ? *(ushort*)(start + VirtioNetHeader.HashReportOffset) : (ushort)0;
        bool isMerged = _isMergeable && buffers > 1;
        if (isMerged && !TryMerge(ref payload, slot, buffers))
        {
            return;
        }

        Frames++;
        Bytes += payload.Length;
        handler(new ReceivedFrame
        {
            Pair = _pair,
            Offload = offload,
            NumBuffers = (ushort)buffers,
            HashValue = hashValue,
            HashReport = hashReport,
            Payload = payload,
        });
        if (!isMerged)
        {
            Give(slot);
        }
    }

    // The other buffers have no header (5.1.6.4). All come back to the device here, whatever is wrong with one.
    private unsafe bool TryMerge(ref ReadOnlySpan<byte> payload, int first, int buffers)
    {
        int bytes = payload.Length;
        bool isGood = bytes <= _merged.Length;
        if (isGood)
        {
            payload.CopyTo(_merged);
        }

        Give(first);
        for (int left = buffers - 1; left > 0; left--)
        {
            if (!_queue.Ring.TryTake(out int slot, out uint length))
            {
                isGood = false;
                break;
            }

            isGood = isGood && length <= (uint)_bufferBytes && length <= (uint)(_merged.Length - bytes);
            if (isGood)
            {
                new ReadOnlySpan<byte>(_slots.Start + (slot * _slotBytes), (int)length).CopyTo(_merged.AsSpan(bytes));
                bytes += (int)length;
            }

            Give(slot);
        }

        Errors += isGood ? 0 : 1;
        payload = _merged.AsSpan(0, isGood ? bytes : 0);
        return isGood;
    }

    private void Give(int slot)
    {
        ulong address = _slots.Address + (ulong)(slot * _slotBytes);
        Span<RingElement> elements = stackalloc RingElement[_elements];
        int left = _bufferBytes;
        for (int index = 0; index < _elements; index++)
        {
            int piece = left / (_elements - index);
            elements[index] = new RingElement(address, (uint)piece);
            address += (ulong)piece;
            left -= piece;
        }

        // There is room: as many buffers are given as were made.
        _queue.Ring.TryAdd(elements, 0, slot, _isIndirect);
    }
}
