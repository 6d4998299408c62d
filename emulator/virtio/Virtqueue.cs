// The device's half of a virtqueue, whichever its layout: take, give back, complete, publish, kicks. Knows no frame, no
// function, no interrupt: it says when one is wanted. SplitVirtqueue and PackedVirtqueue are the two layouts.
using System.Collections.Generic;
using System.Numerics;
using SmartNicFw.Emulator.Memory;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Virtio;

/// <summary>What came of looking for a buffer.</summary>
public enum TakeResult
{
    /// <summary>The driver has made none available.</summary>
    Empty = 0,

    /// <summary>The chain is filled.</summary>
    Taken = 1,

    /// <summary>The driver broke the ring's rules. The chain is not to be used; the queue answers the same ever after.</summary>
    Broken = 2,
}

/// <summary>
/// A running virtqueue. One thread owns it. Methods neither throw nor allocate, whatever the guest writes. Buffers are taken
/// and completed by the turn: one virtual call for many of them. Between two turns memory may be remapped:
/// <see cref="TryReach"/> comes before the first call of a turn.
/// </summary>
public abstract unsafe class Virtqueue
{
    private readonly GuestMemory _memory;
    private readonly DescriptorChain[] _one = new DescriptorChain[1];

    // Areas in remote memory; empty where all are native.
    private readonly List<RingMirror> _mirrors = [];
    private bool _isStarved;

    // Of the memory, when the areas were looked up last.
    private long _generation = -1;
    private bool _isReached;

    // The areas were found, whether or not remote memory has told yet what is in them.
    private bool _isBound;

    private protected Virtqueue(QueueSetup setup, GuestMemory memory)
    {
        _memory = memory;
        Size = setup.Size;
        DescriptorArea = setup.DescriptorArea;
        DriverArea = setup.DriverArea;
        DeviceArea = setup.DeviceArea;
        IsInOrder = Has(setup.Features, VirtioFeature.InOrder);
    }

    /// <summary>Queue size, 1 to 32768.</summary>
    public int Size { get; }

    /// <summary>VIRTIO_F_IN_ORDER was negotiated: the caller completes chains in the order in which it took them.</summary>
    public bool IsInOrder { get; }

    /// <summary>True once a take found the ring broken. What was taken before may still be completed.</summary>
    public abstract bool IsBroken { get; }

    /// <summary>True when the driver has made more available, as far as one look tells.</summary>
    public bool HasWork
    {
        get
        {
            return FetchRings() ? SeesWork : _isStarved;
        }
    }

    /// <summary>As <see cref="HasWork"/>, of native memory.</summary>
    private protected abstract bool SeesWork { get; }

    /// <summary>True when something is completed that is not published.</summary>
    private protected abstract bool HasStaged { get; }

    private protected ulong DescriptorArea { get; }

    private protected ulong DriverArea { get; }

    private protected ulong DeviceArea { get; }

    /// <summary>Finds the queue's areas again when memory was mapped or unmapped since.</summary>
    /// <returns>False while one of them is not mapped in one piece: no other method may be called then.</returns>
    public bool TryReach() => _generation == _memory.Generation ? _isReached : TryReachAgain();

    /// <summary>True when memory was mapped or unmapped since <see cref="TryReach"/> was last asked.</summary>
    public bool HasMoved => _generation != _memory.Generation;

    /// <summary>True when remote memory kept the queue from seeing what is there since this was last asked: it looks again soon.</summary>
    public bool TakeStarved()
    {
        bool wasStarved = _isStarved;
        _isStarved = false;
        return wasStarved;
    }

    /// <summary>Takes the next buffer.</summary>
    /// <param name="chain">Filled when Taken; otherwise of no meaning.</param>
    public TakeResult TryTake(DescriptorChain chain)
    {
        TakenBuffer buffer;
        _one[0] = chain;
        if (!FetchRings() || Take(&buffer, _one, 0, 1, long.MaxValue) == 0)
        {
            return IsBroken ? TakeResult.Broken : TakeResult.Empty;
        }

        if (buffer.Kind != BufferKind.Chain)
        {
            chain.SetOnly(buffer);
        }

        return TakeResult.Taken;
    }

    /// <summary>Takes buffers until there is none, the ring is found broken (<see cref="IsBroken"/>), or enough are taken.</summary>
    /// <param name="batch">Filled from <paramref name="start"/> on.</param>
    /// <param name="start">First place to fill.</param>
    /// <param name="count">Buffers to take at the most, 0 upwards.</param>
    /// <param name="bytes">
    /// When at least as many bytes are taken, no further buffer is: those of single pieces, and the readable ones of chains.
    /// </param>
    /// <returns>Number of buffers taken; they are good even if the ring broke after them.</returns>
    public int TakeMany(BufferBatch batch, int start, int count, long bytes = long.MaxValue) =>
        FetchRings() ? Take(batch.Buffers + start, batch.Chains, start, count, bytes) : 0;

    /// <summary>
    /// Gives a buffer back unused: the next take finds it again, as the guest has it then. Only for the buffers taken last,
    /// all of them back to the first that is given back, in any order, and none of them completed.
    /// </summary>
    public abstract void Untake(DescriptorChain chain);

    /// <summary>The same for the buffers of a batch that were taken last.</summary>
    public abstract void UntakeMany(BufferBatch batch, int start, int count);

    /// <summary>Marks a taken buffer as used; the driver sees it after <see cref="Publish"/>.</summary>
    /// <param name="chain">As it was taken.</param>
    /// <param name="written">Bytes that were written from the start of its writable segments.</param>
    public void Complete(DescriptorChain chain, uint written)
    {
        if (_memory.HasRemote)
        {
            Send(chain, written);
        }

        Stage(chain, written);
    }

    /// <summary>The same for buffers of a batch, in the order in which they were taken.</summary>
    /// <param name="batch"><see cref="TakenBuffer.Written"/> of each is set.</param>
    /// <param name="start">First buffer.</param>
    /// <param name="count">Buffers, 0 upwards.</param>
    public void CompleteMany(BufferBatch batch, int start, int count)
    {
        for (int index = start; _memory.HasRemote && index < start + count; index++)
        {
            Send(batch.ChainOf(index), batch.Buffers[index].Written);
        }

        StageMany(batch, start, count);
    }

    /// <summary>
    /// Marks buffers that were only read as used, in the order in which they were taken; with VIRTIO_F_IN_ORDER by one
    /// used element for all of them.
    /// </summary>
    /// <param name="batch"><see cref="TakenBuffer.Written"/> of each is 0 still.</param>
    /// <param name="start">First buffer.</param>
    /// <param name="count">Buffers, 0 upwards.</param>
    public void CompleteRead(BufferBatch batch, int start, int count)
    {
        if (IsInOrder && count > 0)
        {
            StageAsOne(batch, start, count);
        }
        else
        {
            StageMany(batch, start, count);
        }
    }

    /// <summary>Shows the driver what was completed since the last call. Once a turn.</summary>
    /// <returns>True when the driver wants an interrupt for it; of remote memory also when it may want one.</returns>
    public bool Publish()
    {
        if (_mirrors.Count == 0)
        {
            return Show();
        }

        // What the driver wants is far away, and to look before it sees the index would be too early: it is always told.
        bool isNew = HasStaged;
        SendRings();
        Show();
        SendRings();
        return isNew;
    }

    /// <summary>
    /// True while an interrupt that <see cref="Publish"/> asked for is held back: what is published meanwhile is one with it.
    /// </summary>
    public abstract bool IsHeld { get; set; }

    /// <summary>True when the driver wants an interrupt for anything published since the one that is held back; of remote memory
    /// also when it may want one.</summary>
    public bool WantsHeld() => _mirrors.Count != 0 || SeesWant();

    /// <summary>Tells the driver that kicks are not needed while the queue is polled. A hint: kicks may still come.</summary>
    public void DisableKicks()
    {
        Disarm();
        SendRings();
    }

    /// <summary>Arms the kick: the driver will kick when it makes the next buffer available.</summary>
    /// <returns>True when there is work already: the kick for it may not come.</returns>
    public bool EnableKicks()
    {
        bool isWorkThere = Arm();
        if (_mirrors.Count == 0)
        {
            return isWorkThere;
        }

        SendRings();
        return HasWork || IsBroken;
    }

    /// <summary>Starts a queue at index 0 (packed: slot 0, wrap counter 1).</summary>
    /// <param name="setup">Lent for the call.</param>
    /// <param name="memory">What its function may reach. Its areas stay mapped while the queue is used.</param>
    /// <param name="queue">The queue, or null when false is returned.</param>
    /// <returns>False when its size cannot be, or an area is misaligned or not mapped in one piece.</returns>
    public static bool TryCreate(QueueSetup setup, GuestMemory memory, out Virtqueue? queue)
    {
        queue = null;
        if (setup.Size is < 1 or > VirtqueueLimits.MaxSize)
        {
            return false;
        }

        queue = Has(setup.Features, VirtioFeature.RingPacked)
            ? new PackedVirtqueue(setup, memory)
            : BitOperations.IsPow2(setup.Size) ? new SplitVirtqueue(setup, memory) : null;
        if (queue is not null && !queue.TryReach() && !queue._isBound)
        {
            queue = null;
        }

        return queue is not null;
    }

    /// <summary>Whether a set of features has one.</summary>
    private protected static bool Has(ulong features, int feature) => (features & (1UL << feature)) != 0;

    /// <summary>As <see cref="TakeMany"/>, of native memory.</summary>
    /// <param name="buffers">Filled from the first on.</param>
    /// <param name="chains">Filled from <paramref name="start"/> on, where a buffer is a chain.</param>
    private protected abstract int Take(TakenBuffer* buffers, DescriptorChain[] chains, int start, int count, long bytes);

    /// <summary>As <see cref="Complete"/>, of native memory.</summary>
    private protected abstract void Stage(DescriptorChain chain, uint written);

    /// <summary>As <see cref="CompleteMany"/>, of native memory.</summary>
    private protected abstract void StageMany(BufferBatch batch, int start, int count);

    /// <summary>Stages 1 buffer or more that were only read by one used element for all of them.</summary>
    private protected abstract void StageAsOne(BufferBatch batch, int start, int count);

    /// <summary>As <see cref="Publish"/>, of native memory.</summary>
    private protected abstract bool Show();

    /// <summary>As <see cref="WantsHeld"/>, of native memory.</summary>
    private protected abstract bool SeesWant();

    /// <summary>As <see cref="DisableKicks"/>, of native memory.</summary>
    private protected abstract void Disarm();

    /// <summary>As <see cref="EnableKicks"/>, of native memory.</summary>
    private protected abstract bool Arm();

    /// <summary>Lets a take see no more than is there now, until this is called again.</summary>
    /// <returns>True when the rings have to be fetched again after it.</returns>
    private protected abstract bool LimitSeen();

    /// <summary>Looks the areas up; false, and nothing changed, when one cannot be found.</summary>
    private protected abstract bool TryBind();

    /// <summary>Finds an area of a queue; the bus address and the native one must both be aligned.</summary>
    private protected bool TryFindArea(ulong iova, int bytes, uint alignment, out byte* area)
    {
        if (!_memory.TryTranslate(iova, (uint)bytes, out area) || ((iova | (ulong)area) & (alignment - 1)) != 0)
        {
            return false;
        }

        if (_memory.IsRemote(area))
        {
            _mirrors.Add(new RingMirror(_memory, area, bytes));
        }

        return true;
    }

    private bool TryReachAgain()
    {
        _generation = _memory.Generation;
        _mirrors.Clear();
        _isBound = TryBind();
        _isReached = _isBound && FetchAll();
        if (_isBound && !_isReached)
        {
            // What is there is not known yet, and to write beside it would overwrite it: asked again as if memory had moved.
            _generation = -1;
        }

        return _isReached;
    }

    // Each fetch is acquire for the next: an index is fetched before what it says is there. A packed ring is both, so it is
    // fetched twice, and what has come in between waits for the next time.
    private bool FetchRings()
    {
        if (_mirrors.Count == 0)
        {
            return true;
        }

        bool isFetched = FetchAll();
        if (isFetched && LimitSeen())
        {
            isFetched = FetchAll();
        }

        _isStarved |= !isFetched;
        return isFetched;
    }

    private bool FetchAll()
    {
        foreach (RingMirror mirror in _mirrors)
        {
            if (!mirror.Fetch())
            {
                return false;
            }
        }

        return true;
    }

    private void SendRings()
    {
        foreach (RingMirror mirror in _mirrors)
        {
            mirror.Send();
        }
    }

    private void Send(DescriptorChain chain, uint written)
    {
        for (int index = 0; index < chain.WritableCount && written > 0; index++)
        {
            Segment segment = chain.Writable[index];
            uint part = uint.Min(written, segment.Length);
            _memory.Send(segment.Address, part);
            written -= part;
        }
    }
}
