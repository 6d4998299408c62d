// A packed virtqueue: wires its take side to its complete side. All checks are theirs.
using SmartNicFw.Emulator.Memory;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Virtio;

/// <summary>Source: VIRTIO 1.4, 2.8.</summary>
public sealed unsafe class PackedVirtqueue : Virtqueue
{
    // Alignment of the areas in bytes (2.8.10.1).
    private const uint RingAlignment = 16;
    private const uint EventAlignment = 4;

    private readonly PackedAvailRing _avail;
    private readonly PackedUsedRing _used;

    /// <param name="setup">Lent for the call.</param>
    /// <param name="memory">What its function may reach.</param>
    internal PackedVirtqueue(QueueSetup setup, GuestMemory memory)
        : base(setup, memory)
    {
        bool hasEventIdx = Has(setup.Features, VirtioFeature.EventIdx);
        _avail = new PackedAvailRing(memory, setup.Size, hasEventIdx, Has(setup.Features, VirtioFeature.IndirectDesc));
        _used = new PackedUsedRing(setup.Size, hasEventIdx);
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
    public override void Untake(DescriptorChain chain) => _avail.Untake(chain.Id, chain.Slots);

    private protected override void Stage(DescriptorChain chain, uint written)
    {
        _avail.Release(chain.Id, chain.Slots);
        _used.Stage(chain.Id, written, chain.Slots);
    }

    private protected override void StageMany(BufferBatch batch, int start, int count)
    {
        _avail.Release(batch.Buffers + start, count);
        _used.Stage(batch.Buffers + start, count);
    }

    private protected override void StageAsOne(BufferBatch batch, int start, int count)
    {
        int slots = 0;
        for (int index = start; index < start + count; index++)
        {
            slots += batch.Buffers[index].Slots;
        }

        _avail.Release(batch.Buffers + start, count);
        _used.Stage(batch.Buffers[start + count - 1].Id, written: 0, slots);
    }

    private protected override bool Show() => _used.Publish();

    private protected override bool SeesWant() => _used.WantsHeld();

    private protected override void Disarm() => _avail.DisableKicks();

    private protected override bool Arm() => _avail.EnableKicks();

    private protected override bool LimitSeen()
    {
        _avail.LimitSeen();
        return true;
    }

    private protected override bool TryBind()
    {
        if (!TryFindArea(DescriptorArea, Size * PackedDescriptor.Bytes, RingAlignment, out byte* ring)
            || !TryFindArea(DriverArea, PackedEvent.Bytes, EventAlignment, out byte* driverEvent)
            || !TryFindArea(DeviceArea, PackedEvent.Bytes, EventAlignment, out byte* deviceEvent))
        {
            return false;
        }

        _avail.Bind(ring, deviceEvent);
        _used.Bind(ring, driverEvent);
        return true;
    }
}
