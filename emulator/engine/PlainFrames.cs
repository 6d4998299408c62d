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

    /// <summary>Says where the frames staged from now on go, until the next call of this or of <see cref="Deliver(int, int, long)"/>.</summary>
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

    /// <summary>Stages a frame; there is room for as many as the capacity between two calls of <see cref="Deliver(int, int, long)"/>.</summary>
    /// <param name="place">Number of frames that are staged already.</param>
    /// <param name="frame">Native memory of the sender, <paramref name="length"/> bytes, at least <see cref="HeadBytes"/>.</param>
    /// <param name="head">The first bytes as they were judged.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Stage(int place, byte* frame, int length, Vector128<byte> head)
    {
        Staged* staged = _frames + place;
        staged->Head = head;
        staged->Frame = frame;
        staged->Length = length;
        staged->Group = _chosen;
    }

    /// <summary>Delivers what is staged, and counts it at its sender.</summary>
    /// <param name="count">Frames that are staged.</param>
    /// <param name="bytes">Bytes of all of them.</param>
    public void Deliver(int sender, int count, long bytes)
    {
        if (count == 0)
        {
            return;
        }

        _switch.CountTransmitted(sender, count, bytes);
        ReadOnlySpan<int> order = _groupCount == 1 ? _unsorted : Sort(count);
        for (int index = 0; index < _groupCount; index++)
        {
            ref Group group = ref _groups[index];
            group.Queue.Group = NoGroup;
            Deliver(group.Queue, _groupCount == 1 ? order[..count] : order.Slice(group.First, group.Count));
            group = default;
        }

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
        if (queue.Backlog!.Count == 0 && queue.Ring.TryReach())
        {
            int taken = queue.Ring.TakeMany(_buffers, 0, places.Length);
            done = Fill(queue, places[..taken], out long bytes);
            queue.Ring.UntakeMany(_buffers, done, taken - done);
            if (done > 0)
            {
                queue.Ring.CompleteMany(_buffers, 0, done);
                _table.MarkUsed(queue, done);
                _switch.CountReceived(queue.Function, done, bytes);
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
        bool hasHash = headerBytes > VirtioNetHeader.Bytes;
        TakenBuffer* buffer = _buffers.Buffers;
        bytes = 0;
        int done = 0;
        foreach (int place in places)
        {
            Staged* frame = _frames + place;
            uint length = (uint)frame->Length;
            if (buffer->Kind != BufferKind.Write || buffer->Length < length + headerBytes || length > longest)
            {
                break;
            }

            // num_buffers is 1, all else 0 (5.1.6.4.1): with the hash fields, or without.
            byte* to = buffer->Address;
            *(ulong*)to = 0;
            *(uint*)(to + sizeof(ulong)) = OneBuffer;
            if (hasHash)
            {
                *(ulong*)(to + VirtioNetHeader.HashValueOffset) = 0;
            }

            to += headerBytes;
            ChainBytes.Move(frame->Frame + HeadBytes, to + HeadBytes, length - HeadBytes);
            frame->Head.Store(to);
            buffer->Written = length + headerBytes;
            bytes += length;
            buffer++;
            done++;
        }

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
