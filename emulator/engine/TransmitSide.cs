// A turn of a transmit queue: buffers taken, plain frames staged, others moved one by one, all given back. Knows no report.
using System.Runtime.Intrinsics;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Emulator.Virtio;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Emulator.Engine;

/// <summary>How a turn went.</summary>
/// <param name="Frames">Frames taken.</param>
/// <param name="Bytes">
/// Bytes of the frames, and of every further copy and segment that was made of them, each at <see cref="Ethernet.MinFrameBytes"/> at the least.
/// </param>
/// <param name="HasMore">False when the queue was found empty and its kick armed.</param>
internal readonly record struct Turn(int Frames, int Bytes, bool HasMore);

/// <summary>Moves frames from transmit queues.</summary>
internal sealed unsafe class TransmitSide
{
    private const int BatchFrames = 128;

    private readonly QueueTable _table;
    private readonly PacketSwitch _switch;
    private readonly FrameMover _mover;
    private readonly PlainFrames _plain;
    private readonly PlainStream _stream;
    private readonly BufferBatch _batch = new(BatchFrames);

    public TransmitSide(QueueTable table, PacketSwitch packetSwitch, FrameMover mover, ReceiveSide receivers)
    {
        _table = table;
        _switch = packetSwitch;
        _mover = mover;
        _plain = new PlainFrames(table, packetSwitch, receivers, BatchFrames);
        _stream = new PlainStream(table, packetSwitch, receivers, BatchFrames);
    }

    /// <summary>
    /// True when somebody listens to frames: then each goes one by one, by way of the one place where that is told. What is delivered and
    /// counted is the same.
    /// </summary>
    public bool IsTapped { get; set; }

    /// <summary>Moves frames until the budget is used up, or the queue is empty or broken.</summary>
    /// <param name="frames">Frames at the most.</param>
    /// <param name="bytes">Bytes, counted as <see cref="Turn.Bytes"/>, after which no further frame is begun.</param>
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
            if (done < taken)
            {
                queue.Ring.UntakeMany(_batch, done, taken - done);
            }

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
        int index = 0;
        int runs = 0;
        bool isPlain = !IsTapped;
        while (index < count && left > 0)
        {
            TakenBuffer* buffer = _batch.Buffers + index;
            if (isPlain && PlainFrames.IsCandidate(buffer, headerBytes))
            {
                Vector128<byte> header = PacketSwitch.HeaderOf(Vector128.Load(buffer->Address + headerBytes));
                int function = _switch.FindPlain(sender, header);
                if (function >= 0 && _table.Find(function, 0) is { Role: QueueRole.Receive } receiver)
                {
                    // Nothing is moved when the guest has changed the frame meanwhile: then it goes the other way.
                    int moved = MoveRun(queue, receiver, index, count, header, ref left);
                    index += moved;
                    runs++;
                    if (moved > 0)
                    {
                        continue;
                    }
                }
            }

            _plain.Deliver(sender);
            left -= _mover.MoveFromFunction(queue, _batch.ChainOf(index));
            index++;
            runs++;
        }

        _plain.Deliver(sender);
        queue.IsStream = runs == 1;
        return index;
    }

    // Frames from one place on to one queue: at once where a whole batch of such is likely, else together with those for others.
    private int MoveRun(RunningQueue queue, RunningQueue receiver, int index, int count, Vector128<byte> header, ref long left)
    {
        TakenBuffer* buffer = _batch.Buffers + index;
        if (index == 0 && queue.IsStream)
        {
            int moved = _stream.Move(queue.Function, receiver, buffer, count, queue.HeaderBytes, header, ref left);
            if (moved > 0)
            {
                return moved;
            }
        }

        _plain.Choose(receiver);
        return _plain.Stage(buffer, count - index, queue.HeaderBytes, header, ref left);
    }
}
