// Frames that need nothing but a copy and all go to one receive queue: copied as they are judged. Knows no turn and no other queue.
using System.Runtime.Intrinsics;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Emulator.Virtio;

namespace SmartNicFw.Emulator.Engine;

/// <summary>
/// What <see cref="PlainFrames"/> does in two passes because frames for several queues may be mixed, in one: each frame is looked at
/// once, and nothing of it is noted. Ends with the first frame that is another's, or that the queue cannot take at once.
/// </summary>
internal sealed unsafe class PlainStream
{
    private readonly QueueTable _table;
    private readonly PacketSwitch _switch;
    private readonly ReceiveSide _receivers;
    private readonly BufferBatch _buffers;

    /// <param name="capacity">Frames that are moved at the most in one call.</param>
    public PlainStream(QueueTable table, PacketSwitch packetSwitch, ReceiveSide receivers, int capacity)
    {
        _table = table;
        _switch = packetSwitch;
        _receivers = receivers;
        _buffers = new BufferBatch(capacity);
    }

    /// <summary>Moves frames that stand one after the other as long as they are between the same two stations.</summary>
    /// <param name="sender">The function that sends.</param>
    /// <param name="queue">The receive queue that the switch named.</param>
    /// <param name="from">The first buffer.</param>
    /// <param name="count">Buffers at the most, up to the capacity.</param>
    /// <param name="headerBytes">Bytes of the VIRTIO header before each frame.</param>
    /// <param name="header">Addresses and type, as <see cref="PacketSwitch.HeaderOf"/> cuts them out.</param>
    /// <param name="left">As in <see cref="PlainFrames.Stage"/>.</param>
    /// <returns>Frames moved.</returns>
    public int Move(
        int sender, RunningQueue queue, TakenBuffer* from, int count, int headerBytes, Vector128<byte> header, ref long left)
    {
        if (queue.Backlog!.Count != 0 || !_table.MayReach(queue))
        {
            return 0;
        }

        int taken = queue.Ring.TakeMany(_buffers, 0, count);
        int done = Copy(queue, from, taken, headerBytes, header, ref left, out long bytes, out long paddedBytes);
        if (done < taken)
        {
            queue.Ring.UntakeMany(_buffers, done, taken - done);
        }

        if (done > 0)
        {
            queue.Ring.CompleteMany(_buffers, 0, done);
            _table.MarkUsed(queue, done);
            _switch.CountTransmitted(sender, done, bytes, paddedBytes);
            _switch.CountReceived(queue.Function, done, bytes);
            _table.Counters.CountFrames(queue.CounterRow, done, bytes);
        }

        return done;
    }

    private int Copy(
        RunningQueue queue, TakenBuffer* from, int count, int headerBytes, Vector128<byte> header, ref long left, out long bytes,
        out long paddedBytes)
    {
        uint longest = (uint)_receivers.LongestPlain(queue);
        uint room = (uint)queue.HeaderBytes;
        TakenBuffer* to = _buffers.Buffers;
        TakenBuffer* end = from + count;
        TakenBuffer* next = from;
        long budget = left;
        long sum = 0;
        for (; next < end && budget > 0; next++, to++)
        {
            if (!PlainFrames.IsCandidate(next, headerBytes))
            {
                break;
            }

            byte* frame = next->Address + headerBytes;
            Vector128<byte> head = Vector128.Load(frame);
            uint length = next->Length - (uint)headerBytes;
            if (PacketSwitch.HeaderOf(head) != header || !PlainFrames.Fits(to, room, length, longest))
            {
                break;
            }

            sum += length;
            budget -= int.Max((int)length, Ethernet.MinFrameBytes);
            PlainFrames.Write(to, room, head, frame, length);
        }

        bytes = sum;
        paddedBytes = left - budget;
        left = budget;
        return (int)(next - from);
    }
}
