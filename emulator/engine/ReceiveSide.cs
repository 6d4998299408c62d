// Puts frames into receive queues: buffers taken, header written, bytes copied once, or the frame waits. Knows no switch.
using System;
using System.Runtime.CompilerServices;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Emulator.Virtio;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Engine;

/// <summary>Delivery to functions.</summary>
internal sealed unsafe class ReceiveSide
{
    // A frame of 64 KB in buffers of 1,536 bytes takes 43; a driver that posts smaller ones gets smaller frames.
    private const int MaxBuffers = 64;

    private readonly QueueTable _table;
    private readonly PacketSwitch _switch;
    private readonly DescriptorChain[] _chains = new DescriptorChain[MaxBuffers];
    private readonly FrameView _waiting = new();
    private readonly int _maxPlainBytes;

    // A frame as it is told to who listens; made with the first.
    private byte[]? _told;

    // Where the next byte of the frame goes.
    private int _chain;
    private uint _chainOffset;

    /// <param name="mtu">The MTU that functions offer, bytes.</param>
    public ReceiveSide(QueueTable table, PacketSwitch packetSwitch, int mtu)
    {
        _maxPlainBytes = mtu + Ethernet.HeaderBytes;
        _table = table;
        _switch = packetSwitch;
        for (int index = 0; index < MaxBuffers; index++)
        {
            _chains[index] = new DescriptorChain();
        }
    }

    private enum Placed
    {
        Yes,
        NoBuffer,
        TooLarge,
        Broken,
    }

    /// <summary>Hears of every frame; null for nobody.</summary>
    public IFrameTap? Tap { get; set; }

    /// <summary>Longest frame without a tag that a queue takes, if it is not yet to be segmented. Source: VIRTIO 1.4, 5.1.4.1.</summary>
    public int LongestPlain(RunningQueue queue) => queue.Has(VirtioNetFeature.Mtu) ? _maxPlainBytes : PacketSwitch.MaxFrameBytes;

    /// <summary>Delivers a frame, or lets it wait, or drops and counts it.</summary>
    /// <param name="queue">The receive queue.</param>
    /// <param name="frame">The frame as it came.</param>
    /// <param name="edit">What happens to its VLAN tag on the way.</param>
    /// <param name="tagValue">Tag to insert.</param>
    /// <param name="header">VIRTIO header for the frame after the edit.</param>
    /// <returns>False when it was dropped for want of buffers: the next one would be too.</returns>
    public bool Deliver(RunningQueue queue, FrameView frame, VlanEdit edit, uint tagValue, in ReceiveHeader header)
    {
        int length = frame.Length + VlanTag.LengthChange(edit);
        Backlog backlog = queue.Backlog!;
        Placed placed = backlog.Count > 0 || !_table.MayReach(queue)
            ? Placed.NoBuffer
            : TryPlace(queue, frame, edit, tagValue, header, length);
        switch (placed)
        {
            case Placed.Yes:
                Tell(queue, frame, edit, tagValue, header, 0);
                _switch.CountReceived(queue.Function, 1, length);
                _table.Counters.CountFrames(queue.CounterRow, 1, length);
                break;
            case Placed.TooLarge:
                Tell(queue, frame, edit, tagValue, header, Counter.DroppedTooLarge);
                _switch.CountDropped(queue.Function, Counter.DroppedTooLarge);
                _table.Counters.CountDropped(queue.CounterRow);
                break;
            case Placed.Broken:
                Tell(queue, frame, edit, tagValue, header, Counter.DroppedNoBuffer);
                _switch.CountDropped(queue.Function, Counter.DroppedNoBuffer);
                _table.MarkBroken(queue);
                return false;
            default:
                return TryWait(queue, backlog, frame, edit, tagValue, header, length);
        }

        return true;
    }

    /// <summary>Counts frames that are dropped for want of buffers without a look at them.</summary>
    /// <param name="frames">Frames, 0 upwards.</param>
    public void Drop(RunningQueue queue, int frames)
    {
        _switch.CountDropped(queue.Function, Counter.DroppedNoBuffer, frames);
        _table.Counters.CountNoBuffer(queue.CounterRow, frames);
    }

    /// <summary>Delivers frames that wait for buffers of a queue, as long as there are some.</summary>
    /// <param name="queue">The receive queue.</param>
    /// <param name="frames">Frames at the most.</param>
    /// <param name="bytes">Receives the bytes delivered, of each frame <see cref="Ethernet.MinFrameBytes"/> at the least.</param>
    /// <returns>Frames that wait no longer.</returns>
    public int Drain(RunningQueue queue, int frames, out int bytes)
    {
        bytes = 0;
        int moved = 0;
        Backlog backlog = queue.Backlog!;
        while (backlog.Count > 0 && moved < frames)
        {
            ref readonly WaitingFrame oldest = ref backlog.Oldest;
            _waiting.Set(backlog.OldestBytes, oldest.Length);
            Placed placed = TryPlace(queue, _waiting, VlanEdit.None, 0, oldest.Header, oldest.Length);
            if (placed == Placed.NoBuffer)
            {
                RestIfStarved(queue);
                break;
            }

            if (placed == Placed.Broken)
            {
                _table.MarkBroken(queue);
                break;
            }

            Tell(queue, _waiting, VlanEdit.None, 0, oldest.Header, placed == Placed.Yes ? 0 : Counter.DroppedTooLarge);
            if (placed == Placed.Yes)
            {
                _switch.CountReceived(queue.Function, 1, oldest.Length);
                _table.Counters.CountFrames(queue.CounterRow, 1, oldest.Length);
                bytes += Math.Max(oldest.Length, Ethernet.MinFrameBytes);
            }
            else
            {
                _switch.CountDropped(queue.Function, Counter.DroppedTooLarge);
                _table.Counters.CountDropped(queue.CounterRow);
            }

            backlog.RemoveOldest();
            moved++;
        }

        return moved;
    }

    // No refill rings for buffers that are there already and could not be seen.
    private void RestIfStarved(RunningQueue queue)
    {
        if (queue.Ring.TakeStarved())
        {
            _table.Rest(queue);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Tell(RunningQueue queue, FrameView frame, VlanEdit edit, uint tagValue, in ReceiveHeader header, int drop)
    {
        if (Tap is not null)
        {
            TellTap(Tap, queue, frame, edit, tagValue, header, drop);
        }
    }

    private void TellTap(IFrameTap tap, RunningQueue queue, FrameView frame, VlanEdit edit, uint tagValue, in ReceiveHeader header, int drop)
    {
        _told ??= new byte[PacketSwitch.MaxFrameBytes + Ethernet.TagBytes];
        tap.WentOut(queue.Function, _told.AsSpan(0, frame.CopyTo(_told, edit, tagValue)), drop, !header.Offload.IsPlain);
    }

    private bool TryWait(
        RunningQueue queue, Backlog backlog, FrameView frame, VlanEdit edit, uint tagValue, in ReceiveHeader header, int length)
    {
        RestIfStarved(queue);
        Span<byte> room = backlog.Reserve(length);
        if (room.Length < length || length == 0)
        {
            Tell(queue, frame, edit, tagValue, header, Counter.DroppedNoBuffer);
            Drop(queue, 1);
            return false;
        }

        frame.CopyTo(room, edit, tagValue);
        backlog.Add(room, length, header);
        return true;
    }

    private Placed TryPlace(
        RunningQueue queue, FrameView frame, VlanEdit edit, uint tagValue, in ReceiveHeader header, int length)
    {
        // A receiver that knows the MTU gets nothing beyond it but what is yet to be segmented (5.1.4.1).
        if (!header.Offload.IsGso && length > LongestPlain(queue) && length > LongestPlain(queue) + TagBytes(frame, edit))
        {
            return Placed.TooLarge;
        }

        int taken = Take(queue, queue.HeaderBytes + length, out Placed placed);
        if (placed != Placed.Yes)
        {
            return placed;
        }

        Span<byte> headerBytes = stackalloc byte[queue.HeaderBytes];
        header.Write(headerBytes, taken);
        ChainBytes.Write(_chains[0], 0, headerBytes);
        _chain = 0;
        _chainOffset = (uint)queue.HeaderBytes;
        Put(frame, edit, tagValue);
        for (int index = 0; index < taken; index++)
        {
            queue.Ring.Complete(_chains[index], index < _chain ? (uint)_chains[index].WritableBytes : _chainOffset);
        }

        _table.MarkUsed(queue);
        return Placed.Yes;
    }

    // Bytes of the tags that a frame has after an edit: they belong to the Ethernet header, not to what the MTU limits.
    private static int TagBytes(FrameView frame, VlanEdit edit)
    {
        Span<byte> room = stackalloc byte[Ethernet.HeaderBytes + (FrameHeader.MaxTags * Ethernet.TagBytes)];
        _ = FrameHeader.ParseEthernet(frame.Glance(room), out FrameHeader ethernet);
        return (ethernet.TagCount * Ethernet.TagBytes) + VlanTag.LengthChange(edit);
    }

    private int Take(RunningQueue queue, int total, out Placed placed)
    {
        int taken = 0;
        ulong room = 0;
        bool isArmed = false;
        while (room < (ulong)total)
        {
            if (taken == MaxBuffers || (taken > 0 && !queue.IsMergeable))
            {
                return GiveBack(queue, taken, Placed.TooLarge, out placed);
            }

            TakeResult result = queue.Ring.TryTake(_chains[taken]);
            if (result == TakeResult.Empty && !isArmed)
            {
                // Armed before the last look, so that a refill after it rings: the driver's fence between index and event.
                isArmed = true;
                if (queue.Ring.EnableKicks())
                {
                    continue;
                }
            }

            if (result != TakeResult.Taken)
            {
                Placed why = taken > 0 && !HasRoom(queue, taken) ? Placed.TooLarge : Placed.NoBuffer;
                return GiveBack(queue, taken, result == TakeResult.Broken ? Placed.Broken : why, out placed);
            }

            // Armed again at the next empty look: the event that was armed is behind what was taken.
            isArmed = false;
            room += _chains[taken].WritableBytes;
            taken++;
            if (taken == 1 && room < (ulong)queue.HeaderBytes)
            {
                return GiveBack(queue, taken, Placed.TooLarge, out placed);
            }
        }

        placed = Placed.Yes;
        return taken;
    }

    // Whether the driver can add another buffer like the last to those taken. If not, a frame that is larger than all of them
    // would wait for ever, and those behind it.
    private bool HasRoom(RunningQueue queue, int taken)
    {
        int slots = _chains[taken - 1].Slots;
        for (int index = 0; index < taken; index++)
        {
            slots += _chains[index].Slots;
        }

        return slots <= queue.Ring.Size;
    }

    private int GiveBack(RunningQueue queue, int taken, Placed why, out Placed placed)
    {
        while (taken > 0)
        {
            queue.Ring.Untake(_chains[--taken]);
        }

        placed = why;
        return 0;
    }

    private void Put(FrameView frame, VlanEdit edit, uint tagValue)
    {
        if (edit == VlanEdit.None)
        {
            PutRange(frame, 0, (uint)frame.Length);
            return;
        }

        PutRange(frame, 0, Ethernet.TypeOffset);
        int rest = Ethernet.TypeOffset;
        if (edit == VlanEdit.Insert)
        {
            Span<byte> tag = stackalloc byte[Ethernet.TagBytes];
            VlanTag.Write(tag, tagValue);
            for (int index = 0; index < tag.Length; index++)
            {
                NextRoom();
                ChainBytes.Write(_chains[_chain], _chainOffset++, tag.Slice(index, 1));
            }
        }
        else
        {
            rest += Ethernet.TagBytes;
        }

        PutRange(frame, rest, (uint)(frame.Length - rest));
    }

    private void PutRange(FrameView frame, int offset, uint length)
    {
        while (length > 0)
        {
            uint part = (uint)Math.Min(length, NextRoom());
            frame.CopyTo(offset, _chains[_chain], _chainOffset, part);
            _chainOffset += part;
            offset += (int)part;
            length -= part;
        }
    }

    // Bytes left in the buffer that is being filled, or in the next when it is full: there is one, by Take.
    private ulong NextRoom()
    {
        while (_chainOffset >= _chains[_chain].WritableBytes)
        {
            _chain++;
            _chainOffset = 0;
        }

        return _chains[_chain].WritableBytes - _chainOffset;
    }
}
