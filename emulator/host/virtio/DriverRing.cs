// The driver's half of a virtqueue, whichever way it lies in memory. Knows nothing of what buffers hold, nor of registers.
using System;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Host.Virtio;

/// <summary>A piece of a buffer.</summary>
/// <param name="Address">Bus address of its first byte.</param>
/// <param name="Length">Size in bytes.</param>
public readonly record struct RingElement(ulong Address, uint Length);

/// <summary>
/// Buffers are added, published together, and taken back when the device has used them. One thread calls; the device may
/// be another. Integers in memory are little-endian, as the hosts are that this runs on.
/// </summary>
public abstract unsafe class DriverRing : IDisposable
{
    private protected const int None = -1;

    private readonly HostMemory _memory;
    private readonly HostBuffer _tables;
    private readonly int[] _tokens;
    private readonly ushort[] _descriptors;
    private readonly uint[] _writable;
    private bool _isFreed;

    private protected DriverRing(HostMemory memory, int size, ulong features, int maxElements)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, VirtqueueLimits.MaxSize);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxElements, 1);
        _memory = memory;
        Size = size;
        MaxElements = maxElements;
        IsInOrder = NetFeatures.Has(features, VirtioFeature.InOrder);
        HasEventIdx = NetFeatures.Has(features, VirtioFeature.EventIdx);
        HasIndirect = NetFeatures.Has(features, VirtioFeature.IndirectDesc);
        _tokens = new int[size];
        _descriptors = new ushort[size];
        _writable = new uint[size];
        _tables = HasIndirect ? memory.Allocate(size * maxElements * SplitDescriptor.Bytes) : default;
    }

    /// <summary>Queue size, descriptors.</summary>
    public int Size { get; }

    /// <summary>Most elements of a buffer.</summary>
    public int MaxElements { get; }

    /// <summary>Bus address of the descriptor area.</summary>
    public ulong DescriptorArea { get; private protected set; }

    /// <summary>Bus address of the driver area.</summary>
    public ulong DriverArea { get; private protected set; }

    /// <summary>Bus address of the device area.</summary>
    public ulong DeviceArea { get; private protected set; }

    /// <summary>Descriptors that are free.</summary>
    public int Free { get; private protected set; }

    /// <summary>Buffers that were added and not taken back.</summary>
    public int Outstanding { get; private protected set; }

    /// <summary>The device used what it was not given: nothing more is added or taken until the ring is reset.</summary>
    public bool IsBroken { get; private protected set; }

    /// <summary>Bits 31:16 of a notification with NOTIFICATION_DATA: next_off and next_wrap (2.9).</summary>
    public abstract int NotificationOffset { get; }

    private protected bool IsInOrder { get; }

    private protected bool HasEventIdx { get; }

    private protected bool HasIndirect { get; }

    /// <summary>Adds a buffer; the device sees it after the next <see cref="Publish"/>.</summary>
    /// <param name="elements">1 to <see cref="MaxElements"/>; those that the device reads come first.</param>
    /// <param name="readable">Number of elements that the device reads.</param>
    /// <param name="token">Given back with the buffer.</param>
    /// <param name="isIndirect">True: in a table of its own, when that was negotiated.</param>
    /// <returns>False when there is no room: nothing was added.</returns>
    public bool TryAdd(ReadOnlySpan<RingElement> elements, int readable, int token, bool isIndirect = false)
    {
        if (elements.Length < 1 || elements.Length > MaxElements || readable > elements.Length)
        {
            throw new ArgumentException($"a buffer has 1 to {MaxElements} elements, not {elements.Length} with {readable} readable");
        }

        bool usesTable = isIndirect && HasIndirect;
        int count = usesTable ? 1 : elements.Length;
        if (count > Free || IsBroken)
        {
            return false;
        }

        int id = Write(elements, readable, usesTable);
        _tokens[id] = token;
        _descriptors[id] = (ushort)count;
        uint writable = 0;
        for (int index = readable; index < elements.Length; index++)
        {
            writable += elements[index].Length;
        }

        _writable[id] = writable;
        Free -= count;
        Outstanding++;
        return true;
    }

    /// <summary>Lets the device see what was added since the last call.</summary>
    /// <returns>True when the device wants to be notified of it.</returns>
    public abstract bool Publish();

    /// <summary>Takes the next buffer that the device has used.</summary>
    /// <param name="token">What was given with it.</param>
    /// <param name="length">
    /// Bytes that the device wrote; for a buffer that the device skipped with IN_ORDER, all that it may write (2.7.9, 2.8.9).
    /// </param>
    /// <returns>False when there is none.</returns>
    public abstract bool TryTake(out int token, out uint length);

    /// <summary>Asks the device for no interrupts; it may send some nevertheless.</summary>
    public abstract void DisableInterrupts();

    /// <summary>Asks the device for an interrupt when it has used more buffers.</summary>
    /// <param name="after">Number of buffers with EVENT_IDX, 1 upwards; without it the device chooses.</param>
    /// <returns>True when the device may have used them before it saw this: look again.</returns>
    public abstract bool EnableInterrupts(int after);

    /// <summary>Makes the ring new after the device has let go of it: all buffers are the driver's again.</summary>
    public void Reset()
    {
        Array.Clear(_descriptors);
        Free = Size;
        Outstanding = 0;
        IsBroken = false;
        Clear();
    }

    /// <summary>Gives its memory back, after the device has let go of it.</summary>
    public void Dispose()
    {
        Dispose(isDisposing: true);
        GC.SuppressFinalize(this);
    }

    private protected abstract int Write(ReadOnlySpan<RingElement> elements, int readable, bool usesTable);

    private protected abstract void Clear();

    private protected virtual void Dispose(bool isDisposing)
    {
        if (HasIndirect && !_isFreed)
        {
            _memory.Free(_tables);
        }

        _isFreed = true;
    }

    private protected HostMemory Memory => _memory;

    private protected int DescriptorsOf(int id) => _descriptors[id];

    private protected uint WritableOf(int id) => _writable[id];

    private protected bool IsOutstanding(uint id) => id < (uint)Size && _descriptors[id] != 0;

    /// <summary>Marks a buffer as taken back.</summary>
    private protected int Retire(int id)
    {
        Free += _descriptors[id];
        _descriptors[id] = 0;
        Outstanding--;
        return _tokens[id];
    }

    private protected bool Break(out int token, out uint length)
    {
        IsBroken = true;
        token = None;
        length = 0;
        return false;
    }

    private protected byte* TableOf(int id, out ulong address)
    {
        int offset = id * MaxElements * SplitDescriptor.Bytes;
        address = _tables.Address + (ulong)offset;
        return _tables.Start + offset;
    }
}
