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

    private PackedVirtqueue(QueueSetup setup, GuestMemory memory, byte* ring, byte* driverEvent, byte* deviceEvent)
        : base(setup.Size, Has(setup.Features, VirtioFeature.InOrder))
    {
        bool hasEventIdx = Has(setup.Features, VirtioFeature.EventIdx);
        _avail = new PackedAvailRing(
            memory, ring, deviceEvent, setup.Size, hasEventIdx, Has(setup.Features, VirtioFeature.IndirectDesc));
        _used = new PackedUsedRing(ring, driverEvent, setup.Size, hasEventIdx);
    }

    /// <inheritdoc/>
    public override bool IsBroken => _avail.IsBroken;

    /// <inheritdoc/>
    public override TakeResult TryTake(DescriptorChain chain) => _avail.TryTake(chain);

    /// <inheritdoc/>
    public override int TakeMany(DescriptorChain[] chains, int start, int count)
    {
        int taken = 0;
        while (taken < count && _avail.TryTake(chains[start + taken]) == TakeResult.Taken)
        {
            taken++;
        }

        return taken;
    }

    /// <inheritdoc/>
    public override void Untake(DescriptorChain chain) => _avail.Untake(chain);

    /// <inheritdoc/>
    public override void Complete(DescriptorChain chain, uint written)
    {
        _avail.Release(chain);
        _used.Stage(chain.Id, written, chain.Slots);
    }

    /// <inheritdoc/>
    public override void CompleteRead(DescriptorChain[] chains, int start, int count)
    {
        int slots = 0;
        for (int index = start; index < start + count; index++)
        {
            _avail.Release(chains[index]);
            slots += chains[index].Slots;
            if (!IsInOrder)
            {
                _used.Stage(chains[index].Id, written: 0, chains[index].Slots);
            }
        }

        if (IsInOrder && count > 0)
        {
            _used.Stage(chains[start + count - 1].Id, written: 0, slots);
        }
    }

    /// <inheritdoc/>
    public override bool Publish() => _used.Publish();

    /// <inheritdoc/>
    public override void DisableKicks() => _avail.DisableKicks();

    /// <inheritdoc/>
    public override bool EnableKicks() => _avail.EnableKicks();

    /// <summary>Starts a queue; null when its areas cannot be.</summary>
    internal static PackedVirtqueue? Create(QueueSetup setup, GuestMemory memory) =>
        TryFindArea(memory, setup.DescriptorArea, setup.Size * PackedDescriptor.Bytes, RingAlignment, out byte* ring)
            && TryFindArea(memory, setup.DriverArea, PackedEvent.Bytes, EventAlignment, out byte* driverEvent)
            && TryFindArea(memory, setup.DeviceArea, PackedEvent.Bytes, EventAlignment, out byte* deviceEvent)
            ? new PackedVirtqueue(setup, memory, ring, driverEvent, deviceEvent)
            : null;
}
