// One frame from its sender to everybody whom the switch names. Knows no ring of a sender and no turn.
using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Emulator.Virtio;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Engine;

/// <summary>
/// Classifies a frame, then delivers it: to functions that take it as it is with one copy from the sender's buffer; to
/// others, and to the port, with its checksum computed and its segments cut.
/// </summary>
internal sealed unsafe class FrameMover
{
    // Enough for addresses, tags and type; steering and segmentation look further.
    private const int ShortPrefixBytes = 64;

    private readonly QueueTable _table;
    private readonly PacketSwitch _switch;
    private readonly ReceiveSide _receivers;
    private readonly Destinations _destinations;
    private readonly FrameView _frame = new();
    private readonly FrameView _finished = new();
    private readonly byte[] _prefix = new byte[FrameHeader.MaxPrefixBytes];
    private readonly byte[] _glance = new byte[FrameHeader.MaxPrefixBytes];

    // Bytes delivered of the frame being moved: each copy and each segment counts, for the shortest frame at the least.
    private long _delivered;

    // Room for the longest frame, and for the tag that a port VLAN puts into it.
    private readonly byte[] _whole = NewBuffer();
    private readonly byte[] _segment = NewBuffer();

    // A frame that somebody listens to, made with the first: what is told is what is delivered, whatever a guest does to it meanwhile.
    private byte[]? _held;

    public FrameMover(QueueTable table, PacketSwitch packetSwitch, ReceiveSide receivers)
    {
        _table = table;
        _switch = packetSwitch;
        _receivers = receivers;
        _destinations = new Destinations(packetSwitch.FunctionCount);
    }

    /// <summary>The wire.</summary>
    public NetworkPort? Port { get; set; }

    /// <summary>Hears of every frame; null for nobody.</summary>
    public IFrameTap? Tap { get; set; }

    /// <summary>Moves what a driver put into a transmit queue.</summary>
    /// <returns>
    /// Bytes of the frame, or of all that was made of it when that is more: each at <see cref="Ethernet.MinFrameBytes"/> at the least, which is
    /// what one costs that was dropped as malformed.
    /// </returns>
    public long MoveFromFunction(RunningQueue sender, DescriptorChain chain)
    {
        long length = (long)chain.ReadableBytes - sender.HeaderBytes;
        if (length < Ethernet.HeaderBytes || length > PacketSwitch.MaxFrameBytes || chain.WritableBytes != 0)
        {
            Tap?.CameIn(sender.Function, Readable(sender, chain, length), Counter.DroppedMalformed, false);
            _switch.CountDropped(sender.Function, Counter.DroppedMalformed);
            return Ethernet.MinFrameBytes;
        }

        Span<byte> bytes = stackalloc byte[sender.HeaderBytes];
        ChainBytes.Read(chain, 0, bytes);
        OffloadHeader header = OffloadHeader.Read(bytes);
        _frame.Set(chain, sender.HeaderBytes, (int)length);
        if (Tap is not null)
        {
            Hold((int)length);
        }

        ReadOnlySpan<byte> prefix = _frame.Judge(
            _prefix, header.GsoType == VirtioNetHeader.GsoNone ? ShortPrefixBytes : FrameHeader.MaxPrefixBytes);
        if (!header.TryAccept(prefix, (int)length) || !MayAsk(sender.Features, header))
        {
            Tap?.CameIn(sender.Function, Held, Counter.DroppedMalformed, !header.IsPlain);
            _switch.CountDropped(sender.Function, Counter.DroppedMalformed);
            return Ethernet.MinFrameBytes;
        }

        Move(sender.Function, prefix, header);
        return Math.Max(Padded((int)length), _delivered);
    }

    /// <summary>Moves a frame that came from the wire.</summary>
    public void MoveFromPort(byte* frame, int length)
    {
        _frame.Set(frame, length);
        if (Tap is not null)
        {
            Hold(length);
        }

        Move(PacketSwitch.Port, _frame.Judge(_prefix, ShortPrefixBytes), default);
    }

    private ReadOnlySpan<byte> Held => _held.AsSpan(0, _frame.Length);

    private static int Padded(int length) => Math.Max(length, Ethernet.MinFrameBytes);

    private static byte[] NewBuffer() =>
        GC.AllocateUninitializedArray<byte>(PacketSwitch.MaxFrameBytes + Ethernet.TagBytes, pinned: true);

    // What was not negotiated may not be asked for (5.1.6.2.1).
    private static bool MayAsk(ulong features, in OffloadHeader header)
    {
        int needed = header.GsoKind switch
        {
            VirtioNetHeader.GsoTcpV4 => VirtioNetFeature.HostTso4,
            VirtioNetHeader.GsoTcpV6 => VirtioNetFeature.HostTso6,
            VirtioNetHeader.GsoUdpL4 => VirtioNetFeature.HostUso,
            _ => VirtioNetFeature.Csum,
        };
        bool isEcn = (header.GsoType & VirtioNetHeader.GsoEcn) != 0;
        return header.IsPlain || ((features & (1UL << needed)) != 0
            && (!isEcn || (features & (1UL << VirtioNetFeature.HostEcn)) != 0));
    }

    private void Move(int source, ReadOnlySpan<byte> prefix, in OffloadHeader header)
    {
        _delivered = 0;
        SwitchVerdict verdict = _switch.Classify(source, prefix, _frame.Length, _destinations);
        Tap?.CameIn(source, Held, (int)verdict, !header.IsPlain);
        if (verdict != SwitchVerdict.Forward)
        {
            return;
        }

        for (int index = 0; index < _destinations.Count; index++)
        {
            Deliver(_destinations.Functions[index], _destinations.Edits[index], header);
        }

        if (_destinations.ToPort && Port is not null)
        {
            Finish(null, default, PacketSwitch.Port, _destinations.PortEdit, header);
        }
    }

    private void Deliver(int function, VlanEdit edit, in OffloadHeader header)
    {
        var received = new ReceiveHeader();
        int pair = _switch.IsSteered(function)
            ? _switch.SelectPair(function, _frame.Glance(_glance), out received.HashValue, out received.HashReport)
            : 0;
        RunningQueue? queue = _table.Find(function, pair * 2) ?? _table.Find(function, 0);
        if (queue is not { Role: QueueRole.Receive })
        {
            if (Tap is not null)
            {
                Tap.WentOut(function, _whole.AsSpan(0, _frame.CopyTo(_whole, edit, _destinations.Tag)), Counter.DroppedNoBuffer, !header.IsPlain);
            }

            _switch.CountDropped(function, Counter.DroppedNoBuffer);
        }
        else if (ReceiveHeader.IsAcceptable(header, queue.Features))
        {
            received.Offload = header.After(edit);
            _delivered += Padded(_frame.Length);
            _receivers.Deliver(queue, _frame, edit, _destinations.Tag, received);
        }
        else
        {
            Finish(queue, received, function, edit, header);
        }
    }

    // The frame in one piece of our own, judged again there: a guest may have changed it since the first look.
    private void Finish(RunningQueue? queue, in ReceiveHeader received, int function, VlanEdit edit, in OffloadHeader header)
    {
        int length = _frame.CopyTo(_whole, edit, _destinations.Tag);
        Span<byte> whole = _whole.AsSpan(0, length);
        ReadOnlySpan<byte> prefix = whole[..Math.Min(length, FrameHeader.MaxPrefixBytes)];
        OffloadHeader moved = header.After(edit);
        if (!moved.TryAccept(prefix, length))
        {
            Tap?.WentOut(function, whole, Counter.DroppedMalformed, true);
            _switch.CountDropped(function, Counter.DroppedMalformed);
            return;
        }

        if (moved.IsGso)
        {
            var segments = new Segmenter(prefix, length, moved);
            while (segments.MoveNext())
            {
                if (!Emit(queue, received, _segment, segments.Write(whole, _segment)))
                {
                    // The rest is not even cut: one frame of thousands of segments for all functions would hold up everybody.
                    _receivers.Drop(queue!, segments.Left);
                    return;
                }
            }

            return;
        }

        if (moved.NeedsCsum)
        {
            Offload.CompleteChecksum(whole, moved);
        }

        Emit(queue, received, _whole, length);
    }

    // From here on the frame is a copy of our own.
    private void Hold(int length)
    {
        _held ??= NewBuffer();
        _frame.CopyTo(_held, VlanEdit.None, 0);
        _frame.Set((byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_held)), length);
    }

    // What there is of a frame that cannot be: too short, too long, or with a buffer to be written.
    private Span<byte> Readable(RunningQueue sender, DescriptorChain chain, long length)
    {
        _held ??= NewBuffer();
        Span<byte> readable = _held.AsSpan(0, (int)Math.Clamp(length, 0, PacketSwitch.MaxFrameBytes));
        if (readable.Length > 0)
        {
            ChainBytes.Read(chain, (uint)sender.HeaderBytes, readable);
        }

        return readable;
    }

    // False when the receiver has no room for more.
    private bool Emit(RunningQueue? queue, in ReceiveHeader received, byte[] pinned, int length)
    {
        _delivered += Padded(length);
        if (queue is null)
        {
            Port!.Send(pinned.AsSpan(0, length));
            Tap?.WentOut(PacketSwitch.Port, pinned.AsSpan(0, length), 0, false);
            _switch.CountReceived(PacketSwitch.Port, 1, length);
            return true;
        }

        fixed (byte* frame = pinned)
        {
            _finished.Set(frame, length);
            return _receivers.Deliver(queue, _finished, VlanEdit.None, 0, received);
        }
    }
}
