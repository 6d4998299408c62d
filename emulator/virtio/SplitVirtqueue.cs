// A split virtqueue: wires its take side to its complete side. All checks are theirs.
using SmartNicFw.Emulator.Memory;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Virtio;

/// <summary>Source: VIRTIO 1.4, 2.7.</summary>
public sealed unsafe class SplitVirtqueue : Virtqueue
{
    // Alignment of the areas in bytes (2.7).
    private const uint DescriptorAlignment = 16;
    private const uint AvailAlignment = 2;
    private const uint UsedAlignment = 4;

    // used_event and avail_event behind the rings; room for them is there whether or not they are negotiated (2.7).
    private const int EventBytes = 2;

    private readonly SplitAvailRing _avail;
    private readonly SplitUsedRing _used;

    /// <param name="setup">Its size is a power of 2.</param>
    /// <param name="memory">What its function may reach.</param>
    internal SplitVirtqueue(QueueSetup setup, GuestMemory memory)
        : base(setup, memory)
    {
        bool hasEventIdx = Has(setup.Features, VirtioFeature.EventIdx);
        _avail = new SplitAvailRing(memory, setup.Size, hasEventIdx, Has(setup.Features, VirtioFeature.IndirectDesc));
        _used = new SplitUsedRing(setup.Size, hasEventIdx);
    }

    /// <inheritdoc/>
    public override bool IsBroken => _avail.IsBroken;

    /// <inheritdoc/>
    public override bool IsHeld
    {
        get => _used.IsHeld;
        set => _used.IsHeld = value;
    }

    private protected override bool SeesWork => _avail.HasWork;

    private protected override bool HasStaged => _used.HasStaged;

    private protected override int Take(TakenBuffer* buffers, DescriptorChain[] chains, int start, int count, long bytes) =>
        _avail.Take(buffers, chains, start, count, bytes);

    /// <inheritdoc/>
    public override void UntakeMany(BufferBatch batch, int start, int count) => _avail.Untake(batch.Buffers + start, count);

    /// <inheritdoc/>
    public override void Untake(DescriptorChain chain) => _avail.Untake(chain);

    private protected override void Stage(DescriptorChain chain, uint written)
    {
        _avail.Release(chain.Id);
        _used.Stage(chain.Id, written, chains: 1);
    }

    private protected override void StageMany(BufferBatch batch, int start, int count)
    {
        _avail.Release(batch.Buffers + start, count);
        _used.Stage(batch.Buffers + start, count);
    }

    private protected override void StageAsOne(BufferBatch batch, int start, int count)
    {
        _avail.Release(batch.Buffers + start, count);
        _used.Stage(batch.Buffers[start + count - 1].Id, written: 0, count);
    }

    private protected override bool Show() => _used.Publish();

    private protected override bool SeesWant() => _used.WantsHeld();

    private protected override void Disarm() => _avail.DisableKicks();

    private protected override bool Arm() => _avail.EnableKicks();

    private protected override bool LimitSeen() => false;

    private protected override bool TryBind()
    {
        int availBytes = AvailRing.RingOffset + (Size * AvailRing.EntryBytes) + EventBytes;
        int usedBytes = UsedRing.RingOffset + (Size * UsedRing.EntryBytes) + EventBytes;

        // In the order in which remote areas are fetched: the index first, then the descriptors.
        if (!TryFindArea(DriverArea, availBytes, AvailAlignment, out byte* avail)
            || !TryFindArea(DescriptorArea, Size * SplitDescriptor.Bytes, DescriptorAlignment, out byte* descriptors)
            || !TryFindArea(DeviceArea, usedBytes, UsedAlignment, out byte* used))
        {
            return false;
        }

        _avail.Bind(descriptors, avail, used);
        _used.Bind(avail, used);
        return true;
    }
}
