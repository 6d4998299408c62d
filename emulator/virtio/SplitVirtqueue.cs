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

    private SplitVirtqueue(QueueSetup setup, GuestMemory memory, byte* descriptors, byte* avail, byte* used)
        : base(setup.Size, Has(setup.Features, VirtioFeature.InOrder))
    {
        bool hasEventIdx = Has(setup.Features, VirtioFeature.EventIdx);
        _avail = new SplitAvailRing(
            memory, descriptors, avail, used, setup.Size, hasEventIdx, Has(setup.Features, VirtioFeature.IndirectDesc));
        _used = new SplitUsedRing(avail, used, setup.Size, hasEventIdx);
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
        _used.Stage(chain.Id, written, chains: 1);
    }

    /// <inheritdoc/>
    public override void CompleteRead(DescriptorChain[] chains, int start, int count)
    {
        for (int index = start; index < start + count; index++)
        {
            _avail.Release(chains[index]);
            if (!IsInOrder)
            {
                _used.Stage(chains[index].Id, written: 0, chains: 1);
            }
        }

        if (IsInOrder && count > 0)
        {
            _used.Stage(chains[start + count - 1].Id, written: 0, count);
        }
    }

    /// <inheritdoc/>
    public override bool Publish() => _used.Publish();

    /// <inheritdoc/>
    public override void DisableKicks() => _avail.DisableKicks();

    /// <inheritdoc/>
    public override bool EnableKicks() => _avail.EnableKicks();

    /// <summary>Starts a queue; null when its areas cannot be.</summary>
    /// <param name="setup">Its size is a power of 2.</param>
    /// <param name="memory">What its function may reach.</param>
    internal static SplitVirtqueue? Create(QueueSetup setup, GuestMemory memory)
    {
        int availBytes = AvailRing.RingOffset + (setup.Size * AvailRing.EntryBytes) + EventBytes;
        int usedBytes = UsedRing.RingOffset + (setup.Size * UsedRing.EntryBytes) + EventBytes;
        return TryFindArea(
                memory, setup.DescriptorArea, setup.Size * SplitDescriptor.Bytes, DescriptorAlignment, out byte* descriptors)
            && TryFindArea(memory, setup.DriverArea, availBytes, AvailAlignment, out byte* avail)
            && TryFindArea(memory, setup.DeviceArea, usedBytes, UsedAlignment, out byte* used)
            ? new SplitVirtqueue(setup, memory, descriptors, avail, used)
            : null;
    }
}
