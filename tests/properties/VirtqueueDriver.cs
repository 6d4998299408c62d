// The driver's half of both kinds of rings, for tests: adds buffers, takes used ones back, asks for interrupts, decides on
// kicks. Written from the driver's requirements of the specification; knows nothing of the device's half.
using System;
using System.Collections.Generic;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Unit;

namespace SmartNicFw.Tests.Properties;

/// <summary>One element of a buffer.</summary>
internal readonly record struct VirtqueueElement(ulong Iova, uint Length, bool IsWritable);

/// <summary>A driver of one queue in the memory of a guest. Buffers are told by the serial numbers that Add gives them.</summary>
internal abstract unsafe class VirtqueueDriver(VirtqueueGuest guest)
{
    private const int TableBytes = 128;

    /// <summary>Buffers that are out, oldest first.</summary>
    private readonly LinkedList<Buffer> _order = new();
    private readonly Dictionary<int, LinkedListNode<Buffer>> _byId = [];

    protected VirtqueueGuest Guest { get; } = guest;

    protected bool HasEventIdx { get; } = guest.Has(VirtioFeature.EventIdx);

    protected bool IsInOrder { get; } = guest.Has(VirtioFeature.InOrder);

    /// <summary>Descriptors that are free.</summary>
    public int Free { get; protected set; } = guest.Size;

    public static VirtqueueDriver Of(VirtqueueGuest guest) =>
        guest.Has(VirtioFeature.RingPacked) ? new PackedVirtqueueDriver(guest) : new SplitVirtqueueDriver(guest);

    /// <summary>Makes a buffer available to the device, not yet kicking it.</summary>
    public void Add(int serial, VirtqueueElement[] elements, bool isIndirect)
    {
        int descriptors = isIndirect ? 1 : elements.Length;
        int id = Place(elements, isIndirect);
        Free -= descriptors;
        _byId.Add(id, _order.AddLast(new Buffer(serial, id, descriptors)));
    }

    /// <summary>Whether the device wants a kick for what was added since the last call.</summary>
    public abstract bool WantsKick();

    /// <summary>Takes all used buffers back: serial and length of each, in the order of use.</summary>
    public void Reap(List<(int Serial, uint Length)> reaped)
    {
        while (TryReadUsed(out int id, out uint length))
        {
            if (!_byId.TryGetValue(id, out LinkedListNode<Buffer>? named))
            {
                throw new InvalidOperationException($"used buffer {id} was never added");
            }

            // In order, one used element stands for all up to the one that it names.
            LinkedListNode<Buffer> node = IsInOrder ? _order.First! : named;
            while (true)
            {
                Buffer buffer = node.Value;
                _order.Remove(node);
                _byId.Remove(buffer.Id);
                Free += buffer.Descriptors;
                Retire(buffer.Id);
                reaped.Add((buffer.Serial, buffer.Id == id ? length : 0));
                SkipUsed(buffer.Descriptors);
                if (buffer.Id == id)
                {
                    break;
                }

                node = _order.First!;
            }
        }
    }

    /// <summary>Asks for every interrupt, or for none. Only without EVENT_IDX, or with packed rings.</summary>
    public abstract void WantInterrupts(bool isWanted);

    /// <summary>
    /// Asks for an interrupt when what has been used passes a count: buffers of a split ring, descriptors of a packed one.
    /// </summary>
    public abstract void WantInterruptAt(long count);

    protected abstract int Place(VirtqueueElement[] elements, bool isIndirect);

    protected abstract bool TryReadUsed(out int id, out uint length);

    protected abstract void SkipUsed(int descriptors);

    protected abstract void Retire(int id);

    protected static ulong TableIova(int slot) => VirtqueueGuest.TableArea + (ulong)(slot * TableBytes);

    private sealed record Buffer(int Serial, int Id, int Descriptors);
}

/// <summary>Source: VIRTIO 1.4, 2.7.13 and 2.7.14.</summary>
internal sealed unsafe class SplitVirtqueueDriver : VirtqueueDriver
{
    // Out of order: free descriptors in any order. In order: the table in ring order (2.7.5).
    private readonly Stack<int> _free = new();
    private readonly int[] _next;
    private readonly int[] _last;
    private int _cursor;
    private ushort _idx;
    private ushort _kickedIdx;
    private ushort _usedIdx;

    public SplitVirtqueueDriver(VirtqueueGuest guest)
        : base(guest)
    {
        _next = new int[guest.Size];
        _last = new int[guest.Size];
        for (int index = 0; index < guest.Size; index++)
        {
            _free.Push(index);
        }
    }

    public override bool WantsKick()
    {
        ushort before = _kickedIdx;
        _kickedIdx = _idx;
        ushort availEvent = Guest.U16(Guest.DeviceArea + 4 + (Guest.Size * 8));
        return HasEventIdx
            ? (ushort)(_idx - availEvent - 1) < (ushort)(_idx - before)
            : Guest.U16(Guest.DeviceArea) == 0;
    }

    public override void WantInterrupts(bool isWanted) => Guest.U16(Guest.DriverArea) = (ushort)(isWanted ? 0 : 1);

    public override void WantInterruptAt(long count) =>
        Guest.U16(Guest.DriverArea + 4 + (Guest.Size * 2)) = (ushort)count;

    protected override int Place(VirtqueueElement[] elements, bool isIndirect)
    {
        int head;
        if (isIndirect)
        {
            head = Allocate();
            ulong table = TableIova(head);
            for (int index = 0; index < elements.Length; index++)
            {
                Write(Guest.At(table), index, elements[index], index < elements.Length - 1 ? index + 1 : -1);
            }

            VirtqueueGuest.Describe(
                Guest.Descriptors, head, table, (uint)elements.Length * 16, DescriptorFlags.Indirect, 0);
            _last[head] = head;
        }
        else
        {
            head = Allocate();
            int slot = head;
            for (int index = 0; index < elements.Length; index++)
            {
                int next = index < elements.Length - 1 ? Allocate() : -1;
                Write(Guest.Descriptors, slot, elements[index], next);
                _last[head] = slot;
                _next[slot] = next;
                slot = next;
            }
        }

        Guest.U16(Guest.DriverArea + 4 + (_idx % Guest.Size * 2)) = (ushort)head;
        _idx++;
        Guest.U16(Guest.DriverArea + 2) = _idx;
        return head;
    }

    protected override bool TryReadUsed(out int id, out uint length)
    {
        byte* element = Guest.DeviceArea + 4 + (_usedIdx % Guest.Size * 8);
        id = *(int*)element;
        length = *(uint*)(element + 4);
        return _usedIdx != Guest.U16(Guest.DeviceArea + 2);
    }

    protected override void SkipUsed(int descriptors) => _usedIdx++;

    protected override void Retire(int id)
    {
        for (int slot = id; !IsInOrder; slot = _next[slot])
        {
            _free.Push(slot);
            if (slot == _last[id])
            {
                return;
            }
        }
    }

    private static void Write(byte* table, int slot, VirtqueueElement element, int next) =>
        VirtqueueGuest.Describe(
            table, slot, element.Iova, element.Length,
            (element.IsWritable ? DescriptorFlags.Write : 0) | (next < 0 ? 0 : DescriptorFlags.Next), Math.Max(next, 0));

    private int Allocate() => IsInOrder ? _cursor++ % Guest.Size : _free.Pop();
}

/// <summary>Source: VIRTIO 1.4, 2.8.21 and 2.8.22.</summary>
internal sealed unsafe class PackedVirtqueueDriver : VirtqueueDriver
{
    private readonly Stack<int> _ids = new();

    // Positions count on through all rounds of the ring.
    private long _added;
    private long _kicked;
    private long _used;

    public PackedVirtqueueDriver(VirtqueueGuest guest)
        : base(guest)
    {
        for (int id = 0; id < guest.Size; id++)
        {
            _ids.Push(id);
        }
    }

    public override bool WantsKick()
    {
        long before = _kicked;
        _kicked = _added;
        int wanted = Guest.U16(Guest.DeviceArea);
        for (long at = before; at < _added && Guest.U16(Guest.DeviceArea + 2) == PackedEvent.FlagsDescriptor; at++)
        {
            if (wanted == Position(at))
            {
                return true;
            }
        }

        return Guest.U16(Guest.DeviceArea + 2) == PackedEvent.FlagsEnable;
    }

    public override void WantInterrupts(bool isWanted) =>
        Guest.U16(Guest.DriverArea + 2) = (ushort)(isWanted ? PackedEvent.FlagsEnable : PackedEvent.FlagsDisable);

    public override void WantInterruptAt(long count)
    {
        Guest.U16(Guest.DriverArea) = (ushort)Position(count);
        Guest.U16(Guest.DriverArea + 2) = PackedEvent.FlagsDescriptor;
    }

    protected override int Place(VirtqueueElement[] elements, bool isIndirect)
    {
        int id = _ids.Pop();
        if (isIndirect)
        {
            ulong table = TableIova(id);
            for (int index = 0; index < elements.Length; index++)
            {
                VirtqueueElement element = elements[index];
                VirtqueueGuest.DescribePacked(
                    Guest.At(table), index, element.Iova, element.Length, 0xDEAD, element.IsWritable ? DescriptorFlags.Write : 0);
            }

            elements = [new VirtqueueElement(table, (uint)elements.Length * 16, false)];
        }

        for (int index = 0; index < elements.Length; index++)
        {
            bool isLast = index == elements.Length - 1;
            VirtqueueElement element = elements[index];
            int flags = Round(_added) == 0 ? DescriptorFlags.Avail : DescriptorFlags.Used;
            flags |= isIndirect ? DescriptorFlags.Indirect : element.IsWritable ? DescriptorFlags.Write : 0;
            VirtqueueGuest.DescribePacked(
                Guest.Descriptors, (int)(_added % Guest.Size), element.Iova, element.Length, isLast ? id : 0xBEEF,
                flags | (isLast ? 0 : DescriptorFlags.Next));
            _added++;
        }

        return id;
    }

    protected override bool TryReadUsed(out int id, out uint length)
    {
        byte* at = Guest.Descriptors + (_used % Guest.Size * 16);
        id = Guest.U16(at + 12);
        int both = DescriptorFlags.Avail | DescriptorFlags.Used;
        int flags = Guest.U16(at + 14);
        length = (flags & DescriptorFlags.Write) != 0 ? *(uint*)(at + 8) : 0;
        return _used < _added && (flags & both) == (Round(_used) == 0 ? both : 0);
    }

    protected override void SkipUsed(int descriptors) => _used += descriptors;

    protected override void Retire(int id) => _ids.Push(id);

    private int Round(long position) => (int)(position / Guest.Size % 2);

    private int Position(long position) => (int)(position % Guest.Size) | (Round(position) == 0 ? 0x8000 : 0);
}
