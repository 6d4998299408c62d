// A turn of a transmit queue: buffers taken, plain frames staged, others moved one by one, all given back. Knows no report.
using System.Runtime.Intrinsics;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Emulator.Virtio;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Engine;

/// <summary>How a turn went.</summary>
/// <param name="Frames">Frames taken.</param>
/// <param name="Bytes">Bytes of the frames, and of every further copy and segment that was made of them.</param>
/// <param name="HasMore">False when the queue was found empty and its kick armed.</param>
internal readonly record struct Turn(int Frames, int Bytes, bool HasMore);

/// <summary>Moves frames from transmit queues.</summary>
internal sealed unsafe class TransmitSide
{
    private const int BatchFrames = 64;

    // flags, gso_type and hdr_len of a frame that asks for nothing; DATA_VALID is no driver's to set, and ignored.
    private const uint AskedMask = 0xFFFF_FF00 | VirtioNetHeader.NeedsCsum;

    private readonly QueueTable _table;
    private readonly PacketSwitch _switch;
    private readonly FrameMover _mover;
    private readonly PlainFrames _plain;
    private readonly BufferBatch _batch = new(BatchFrames);

    public TransmitSide(QueueTable table, PacketSwitch packetSwitch, FrameMover mover, ReceiveSide receivers)
    {
        _table = table;
        _switch = packetSwitch;
        _mover = mover;
        _plain = new PlainFrames(table, packetSwitch, receivers, BatchFrames);
    }

    /// <summary>Moves frames until the budget is used up, or the queue is empty or broken.</summary>
    /// <param name="frames">Frames at the most.</param>
    /// <param name="bytes">Bytes after which no further frame is begun.</param>
    public Turn Move(RunningQueue queue, int frames, int bytes)
    {
        queue.Ring.DisableKicks();
        int moved = 0;
        long movedBytes = 0;
        bool isSecondLook = false;
        while (moved < frames && movedBytes < bytes)
        {
            int taken = queue.Ring.TakeMany(_batch, 0, int.Min(frames - moved, BatchFrames), bytes - movedBytes);
            if (taken == 0)
            {
                // Arm, then look again: what the driver added in between rings no doorbell (its partner: the driver's
                // fence between its index and its look at our event).
                bool isWorkThere = !queue.Ring.IsBroken && queue.Ring.EnableKicks();
                if (!isWorkThere || isSecondLook)
                {
                    return new Turn(moved, (int)long.Min(movedBytes, int.MaxValue), isWorkThere);
                }

                isSecondLook = true;
                continue;
            }

            long left = bytes - movedBytes;
            int done = Move(queue, taken, ref left);
            movedBytes = bytes - left;
            queue.Ring.UntakeMany(_batch, done, taken - done);
            queue.Ring.CompleteRead(_batch, 0, done);
            _table.MarkUsed(queue, done);
            moved += done;
        }

        // A queue that was emptied to the last frame of the budget needs no further turn to find that out.
        bool hasMore = queue.Ring.IsBroken || queue.Ring.HasWork || queue.Ring.EnableKicks();
        return new Turn(moved, (int)long.Min(movedBytes, int.MaxValue), hasMore);
    }

    // Buffers in order. A frame that is not plain waits until those before it are delivered: receivers see one order.
    private int Move(RunningQueue queue, int count, ref long left)
    {
        int headerBytes = queue.HeaderBytes;
        int sender = queue.Function;
        int chosen = PacketSwitch.NotPlain;
        int staged = 0;
        long bytes = 0;
        int index = 0;
        for (; index < count && left > bytes; index++)
        {
            TakenBuffer* buffer = _batch.Buffers + index;
            buffer->Written = 0;
            int length = (int)buffer->Length - headerBytes;
            if (buffer->Kind == BufferKind.Read && length is >= PlainFrames.HeadBytes and <= PacketSwitch.MaxFrameBytes
                && (*(uint*)buffer->Address & AskedMask) == 0)
            {
                byte* frame = buffer->Address + headerBytes;
                Vector128<byte> head = Vector128.Load(frame);
                int function = _switch.FindPlain(sender, head);
                if ((function == chosen && function >= 0) || TryChoose(function, ref chosen))
                {
                    _plain.Stage(staged++, frame, length, head);
                    bytes += length;
                    continue;
                }
            }

            _plain.Deliver(sender, staged, bytes);
            left -= bytes + _mover.MoveFromFunction(queue, _batch.ChainOf(index));
            chosen = PacketSwitch.NotPlain;
            staged = 0;
            bytes = 0;
        }

        _plain.Deliver(sender, staged, bytes);
        left -= bytes;
        return index;
    }

    private bool TryChoose(int function, ref int chosen)
    {
        if (function < 0 || _table.Find(function, 0) is not { Role: QueueRole.Receive } receiver)
        {
            return false;
        }

        _plain.Choose(receiver);
        chosen = function;
        return true;
    }
}
