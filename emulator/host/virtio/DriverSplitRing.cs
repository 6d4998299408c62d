// The driver's half of a split virtqueue. Knows nothing of what buffers hold, nor of registers.
using System;
using System.Runtime.CompilerServices;
using System.Threading;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Host.Virtio;

/// <summary>Descriptor table, available ring and used ring. Source: VIRTIO 1.4, 2.7.</summary>
public sealed unsafe class DriverSplitRing : DriverRing
{
    private const int DescriptorAlignment = 16;
    private const int CacheLineBytes = 64;

    private readonly HostBuffer _table;
    private readonly HostBuffer _avail;
    private readonly HostBuffer _used;
    private readonly int _mask;

    // Free descriptors as a list; with IN_ORDER the table itself in order, and then it never changes (2.7.5).
    private readonly ushort[] _next;
    private int _firstFree;
    private int _oldest;
    private ushort _added;
    private ushort _published;
    private ushort _taken;
    private int _batchEnd = None;
    private uint _batchLength;
    private bool _isFreed;

    /// <summary>Lays a ring out in host memory.</summary>
    /// <param name="size">Queue size, a power of two, 1 to 32768.</param>
    /// <param name="features">Features that were negotiated, bit n for feature n.</param>
    /// <param name="maxElements">Most elements of a buffer.</param>
    public DriverSplitRing(HostMemory memory, int size, ulong features, int maxElements)
        : base(memory, size, features, maxElements)
    {
        if ((size & (size - 1)) != 0)
        {
            throw new ArgumentException($"the size of a split queue is a power of two, not {size}");
        }

        ArgumentNullException.ThrowIfNull(memory);
        _mask = size - 1;
        _next = new ushort[size];
        _table = memory.Allocate(size * SplitDescriptor.Bytes, DescriptorAlignment);
        _avail = memory.Allocate(AvailRing.RingOffset + (size * AvailRing.EntryBytes) + sizeof(ushort), CacheLineBytes);
        _used = memory.Allocate(UsedRing.RingOffset + (size * UsedRing.EntryBytes) + sizeof(ushort), CacheLineBytes);
        DescriptorArea = _table.Address;
        DriverArea = _avail.Address;
        DeviceArea = _used.Address;
        Reset();
    }

    /// <inheritdoc/>
    public override int NotificationOffset => _published;

    private ushort* UsedEvent => (ushort*)(_avail.Start + AvailRing.RingOffset + (Size * AvailRing.EntryBytes));

    private ushort* AvailEvent => (ushort*)(_used.Start + UsedRing.RingOffset + (Size * UsedRing.EntryBytes));

    private ushort UsedIdx => Volatile.Read(ref Unsafe.AsRef<ushort>(_used.Start + UsedRing.IdxOffset));

    /// <inheritdoc/>
    public override bool Publish()
    {
        ushort before = _published;
        if (_added == before)
        {
            return false;
        }

        // Partner: the device reads idx before the entries and descriptors; it must not see an entry that is not written.
        Volatile.Write(ref Unsafe.AsRef<ushort>(_avail.Start + AvailRing.IdxOffset), _added);
        _published = _added;

        // Partner: the device writes avail_event or flags, then reads idx; else both wait for each other (2.7.13.4.1).
        Interlocked.MemoryBarrier();
        if (HasEventIdx)
        {
            ushort distance = (ushort)(_added - *AvailEvent - 1);
            return distance < (ushort)(_added - before);
        }

        return (*(ushort*)(_used.Start + UsedRing.FlagsOffset) & UsedRing.NoNotify) == 0;
    }

    /// <inheritdoc/>
    public override bool TryTake(out int token, out uint length)
    {
        ushort used = UsedIdx;
        if (used == _taken || IsBroken)
        {
            return _batchEnd == None || IsBroken ? Nothing(out token, out length) : Break(out token, out length);
        }

        if ((ushort)(used - _taken) > Outstanding)
        {
            return Break(out token, out length);
        }

        if (_batchEnd == None)
        {
            byte* entry = _used.Start + UsedRing.RingOffset + ((_taken & _mask) * UsedRing.EntryBytes);
            uint id = *(uint*)entry;
            _batchLength = *(uint*)(entry + sizeof(uint));
            if (!IsOutstanding(id))
            {
                return Break(out token, out length);
            }

            _batchEnd = (int)id;
        }

        // Without IN_ORDER each used buffer is a batch of its own.
        int head = IsInOrder ? _oldest : _batchEnd;
        bool isLast = head == _batchEnd;
        length = isLast ? _batchLength : WritableOf(head);
        _batchEnd = isLast ? None : _batchEnd;
        _taken++;
        Release(head);
        token = Retire(head);
        return true;
    }

    /// <inheritdoc/>
    public override void DisableInterrupts()
    {
        if (HasEventIdx)
        {
            // The farthest event there is; flags stay 0 with EVENT_IDX (2.7.7.1).
            *UsedEvent = (ushort)(_taken - 1);
        }
        else
        {
            *(ushort*)(_avail.Start + AvailRing.FlagsOffset) = AvailRing.NoInterrupt;
        }
    }

    /// <inheritdoc/>
    public override bool EnableInterrupts(int after)
    {
        int wanted = HasEventIdx ? Math.Clamp(after, 1, Size) : 1;
        if (HasEventIdx)
        {
            *UsedEvent = (ushort)(_taken + wanted - 1);
        }
        else
        {
            *(ushort*)(_avail.Start + AvailRing.FlagsOffset) = 0;
        }

        // Partner: the device writes idx, then reads used_event or flags; else the last buffers bring no interrupt (2.7.14).
        Interlocked.MemoryBarrier();
        return (ushort)(UsedIdx - _taken) >= wanted;
    }

    private protected override int Write(ReadOnlySpan<RingElement> elements, int readable, bool usesTable)
    {
        int head = _firstFree;
        if (usesTable)
        {
            byte* table = TableOf(head, out ulong address);
            for (int index = 0; index < elements.Length; index++)
            {
                bool isLast = index == elements.Length - 1;
                int flags = (isLast ? 0 : DescriptorFlags.Next) | (index < readable ? 0 : DescriptorFlags.Write);
                Describe(table + (index * SplitDescriptor.Bytes), elements[index], flags, isLast ? 0 : index + 1);
            }

            var whole = new RingElement(address, (uint)(elements.Length * SplitDescriptor.Bytes));
            Describe(_table.Start + (head * SplitDescriptor.Bytes), whole, DescriptorFlags.Indirect, 0);
            _firstFree = _next[head];
        }
        else
        {
            int at = head;
            for (int index = 0; index < elements.Length; index++)
            {
                bool isLast = index == elements.Length - 1;
                int flags = (isLast ? 0 : DescriptorFlags.Next) | (index < readable ? 0 : DescriptorFlags.Write);
                Describe(_table.Start + (at * SplitDescriptor.Bytes), elements[index], flags, isLast ? 0 : _next[at]);
                at = _next[at];
            }

            _firstFree = at;
        }

        *(ushort*)(_avail.Start + AvailRing.RingOffset + ((_added & _mask) * AvailRing.EntryBytes)) = (ushort)head;
        _added++;
        return head;
    }

    private protected override void Clear()
    {
        _table.Span.Clear();
        _avail.Span.Clear();
        _used.Span.Clear();
        for (int index = 0; index < Size; index++)
        {
            _next[index] = (ushort)((index + 1) & _mask);
        }

        _firstFree = 0;
        _oldest = 0;
        _added = 0;
        _published = 0;
        _taken = 0;
        _batchEnd = None;
    }

    private protected override void Dispose(bool isDisposing)
    {
        if (!_isFreed)
        {
            Memory.Free(_table);
            Memory.Free(_avail);
            Memory.Free(_used);
        }

        _isFreed = true;
        base.Dispose(isDisposing);
    }

    private static void Describe(byte* descriptor, RingElement element, int flags, int next)
    {
        *(ulong*)(descriptor + SplitDescriptor.AddressOffset) = element.Address;
        *(uint*)(descriptor + SplitDescriptor.LengthOffset) = element.Length;
        *(ushort*)(descriptor + SplitDescriptor.FlagsOffset) = (ushort)flags;
        *(ushort*)(descriptor + SplitDescriptor.NextOffset) = (ushort)next;
    }

    private static bool Nothing(out int token, out uint length)
    {
        token = None;
        length = 0;
        return false;
    }

    private void Release(int head)
    {
        int count = DescriptorsOf(head);
        if (IsInOrder)
        {
            _oldest = (head + count) & _mask;
            return;
        }

        int last = head;
        for (int left = count - 1; left > 0; left--)
        {
            last = _next[last];
        }

        _next[last] = (ushort)_firstFree;
        _firstFree = head;
    }
}
