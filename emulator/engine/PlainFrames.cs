// Frames that need nothing but a copy, many at a time: staged by receive queue, then copied queue by queue. Knows no turn, and
// nothing of frames with tags, groups, checksums or segments to do.
using System;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Emulator.Virtio;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Engine;

/// <summary>
/// Frames of one sender that go, as they are, to one receive queue each. What a destination gets keeps its order; the order
/// between destinations is nobody's to see. Whatever a queue cannot take at once is left to <see cref="ReceiveSide"/>, one
/// frame at a time.
/// </summary>
internal sealed unsafe class PlainFrames
{
    /// <summary>Bytes of a frame that are judged, and delivered as judged: addresses, type, and two more to make a vector.</summary>
    public const int HeadBytes = 16;

    // flags, gso_type and hdr_len of a frame that asks for nothing; DATA_VALID is no driver's to set, and ignored.
    private const uint AskedMask = 0xFFFF_FF00 | VirtioNetHeader.NeedsCsum;
    private const int NoGroup = -1;
    private const uint OneBuffer = 1U << (8 * (VirtioNetHeader.NumBuffersOffset - sizeof(ulong)));

    private readonly QueueTable _table;
    private readonly PacketSwitch _switch;
    private readonly ReceiveSide _receivers;
    private readonly BufferBatch _buffers;
    private readonly FrameView _view = new();
    private readonly Staged[] _room;
    private readonly Staged* _frames;
    private readonly Group[] _groups;
    private readonly int[] _unsorted;
    private readonly int[] _sorted;
    private int _count;
    private long _bytes;
    private long _paddedBytes;
    private int _groupCount;
    private int _chosen;

    /// <param name="capacity">Frames that are staged at the most.</param>
    public PlainFrames(QueueTable table, PacketSwitch packetSwitch, ReceiveSide receivers, int capacity)
    {
        _table = table;
        _switch = packetSwitch;
        _receivers = receivers;
        _buffers = new BufferBatch(capacity);
        _groups = new Group[capacity];
        _unsorted = [.. Enumerable.Range(0, capacity)];
        _sorted = new int[capacity];
        _room = GC.AllocateArray<Staged>(capacity, pinned: true);
        fixed (Staged* first = _room)
        {
            // Pinned for as long as _room lives, which is as long as this object.
            _frames = first;
        }
    }

    /// <summary>Says where the frames staged from now on go, until the next call of this or of <see cref="Deliver(int)"/>.</summary>
    /// <param name="queue">A running receive queue of a function that the switch named.</param>
    public void Choose(RunningQueue queue)
    {
        if (queue.Group < 0)
        {
            queue.Group = _groupCount;
            _groups[_groupCount++].Queue = queue;
        }

        _chosen = queue.Group;
    }

    /// <summary>True when a buffer may be a plain frame: its header asks for nothing, and its length can be.</summary>
    /// <param name="headerBytes">Bytes of the VIRTIO header before the frame.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsCandidate(TakenBuffer* buffer, int headerBytes) =>
        buffer->Kind == BufferKind.Read && buffer->Length - (uint)headerBytes - HeadBytes <= PacketSwitch.MaxFrameBytes - HeadBytes
        && (*(uint*)buffer->Address & AskedMask) == 0;

    /// <summary>True when a frame has room in a receive buffer, and is not too long for its queue.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Fits(TakenBuffer* to, uint headerBytes, uint length, uint longest) =>
        to->Kind == BufferKind.Write && to->Length >= length + headerBytes && length <= longest;

    /// <summary>Writes the header of a frame that asks for nothing, what was judged of the frame, and the rest of it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(TakenBuffer* buffer, uint headerBytes, Vector128<byte> head, byte* frame, uint length)
    {
        buffer->Written = length + headerBytes;

        // num_buffers is 1, all else 0 (5.1.6.4.1): with the hash fields, or without.
        byte* to = buffer->Address;
        *(ulong*)to = 0;
        *(uint*)(to + sizeof(ulong)) = OneBuffer;
        if (headerBytes > VirtioNetHeader.Bytes)
        {
            *(ulong*)(to + VirtioNetHeader.HashValueOffset) = 0;
        }

        // What was judged first: then nothing but the loop's own state has to outlive the copy.
        to += headerBytes;
        head.Store(to);
        ChainBytes.Move(frame + HeadBytes, to + HeadBytes, length - HeadBytes);
    }

    /// <summary>
    /// Stages buffers one after the other as long as they are frames between the same two stations; there is room for as many
    /// as the capacity between two calls of <see cref="Deliver(int)"/>.
    /// </summary>
    /// <param name="buffer">The first buffer.</param>
    /// <param name="count">Buffers at the most.</param>
    /// <param name="headerBytes">Bytes of the VIRTIO header before each frame.</param>
    /// <param name="header">Addresses and type, as <see cref="PacketSwitch.HeaderOf"/> cuts them out.</param>
    /// <param name="left">
    /// Bytes after which no further frame is staged; those staged are subtracted, of each frame <see cref="Ethernet.MinFrameBytes"/> at the least.
    /// </param>
    /// <returns>Buffers staged: 0 when already the first has another header.</returns>
    public int Stage(TakenBuffer* buffer, int count, int headerBytes, Vector128<byte> header, ref long left)
    {
        // No call and no state but locals: this is a fifth of what a short frame costs.
        Staged* first = _frames + _count;
        Staged* staged = first;
        int group = _chosen;
        long budget = left;
        long bytes = 0;
        for (TakenBuffer* end = buffer + count; buffer < end && budget > 0; buffer++, staged++)
        {
            if (!IsCandidate(buffer, headerBytes))
            {
                break;
            }

            byte* frame = buffer->Address + headerBytes;
            Vector128<byte> head = Vector128.Load(frame);
            if (PacketSwitch.HeaderOf(head) != header)
            {
                break;
            }

            int length = (int)buffer->Length - headerBytes;
            staged->Head = head;
            staged->Frame = frame;
            staged->Length = length;
            staged->Group = group;
            bytes += length;
            budget -= int.Max(length, Ethernet.MinFrameBytes);
        }

        int done = (int)(staged - first);
        _count += done;
        _bytes += bytes;
        _paddedBytes += left - budget;
        left = budget;
        return done;
    }

    /// <summary>Delivers what is staged, and counts it at its sender.</summary>
    public void Deliver(int sender)
    {
        // A group without a frame is ended too: its guest changed a header between two looks.
        if (_groupCount == 0)
        {
            return;
        }

        _switch.CountTransmitted(sender, _count, _bytes, _paddedBytes);
        ReadOnlySpan<int> order = _groupCount == 1 ? _unsorted.AsSpan(0, _count) : Sort(_count);
        for (int index = 0; index < _groupCount; index++)
        {
            ref Group group = ref _groups[index];
            group.Queue.Group = NoGroup;
            Deliver(group.Queue, _groupCount == 1 ? order : order.Slice(group.First, group.Count));
            group = default;
        }

        _count = 0;
        _bytes = 0;
        _paddedBytes = 0;
        _groupCount = 0;
    }

    // Places of the frames, group by group, each in the order in which they were staged.
    private int[] Sort(int count)
    {
        for (int place = 0; place < count; place++)
        {
            _groups[_frames[place].Group].Count++;
        }

        int first = 0;
        for (int index = 0; index < _groupCount; index++)
        {
            _groups[index].First = first;
            first += _groups[index].Count;
            _groups[index].Count = 0;
        }

        for (int place = 0; place < count; place++)
        {
            ref Group group = ref _groups[_frames[place].Group];
            _sorted[group.First + group.Count++] = place;
        }

        return _sorted;
    }

    private void Deliver(RunningQueue queue, ReadOnlySpan<int> places)
    {
        int done = 0;
        if (queue.Backlog!.Count == 0 && _table.MayReach(queue))
        {
            int taken = queue.Ring.TakeMany(_buffers, 0, places.Length);
            done = Fill(queue, places[..taken], out long bytes);
            if (done < taken)
            {
                queue.Ring.UntakeMany(_buffers, done, taken - done);
            }

            if (done > 0)
            {
                queue.Ring.CompleteMany(_buffers, 0, done);
                _table.MarkUsed(queue, done);
                _switch.CountReceived(queue.Function, done, bytes);
                _table.Counters.CountFrames(queue.CounterRow, done, bytes);
            }
        }

        foreach (int place in places[done..])
        {
            _view.Set(_frames[place].Frame, _frames[place].Length, _frames[place].Head);
            _receivers.Deliver(queue, _view, VlanEdit.None, 0, default);
        }
    }

    // Copies frames into the buffers taken, until one does not fit into its buffer.
    private int Fill(RunningQueue queue, ReadOnlySpan<int> places, out long bytes)
    {
        uint headerBytes = (uint)queue.HeaderBytes;
        uint longest = (uint)_receivers.LongestPlain(queue);
        TakenBuffer* buffer = _buffers.Buffers;
        long sum = 0;
        int done = 0;
        for (; done < places.Length; done++, buffer++)
        {
            Staged* frame = _frames + places[done];
            uint length = (uint)frame->Length;
            if (!Fits(buffer, headerBytes, length, longest))
            {
                break;
            }

            sum += length;
            Write(buffer, headerBytes, frame->Head, frame->Frame, length);
        }

        bytes = sum;
        return done;
    }

    private struct Staged
    {
        public Vector128<byte> Head;
        public byte* Frame;
        public int Length;
        public int Group;
    }

    private struct Group
    {
        public RunningQueue Queue;
        public int First;
        public int Count;
    }
}
