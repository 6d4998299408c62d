// The device's half of a virtqueue, whichever its layout: take, give back, complete, publish, kicks. Knows no frame, no
// function, no interrupt: it says when one is wanted. SplitVirtqueue and PackedVirtqueue are the two layouts.
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
/// A running virtqueue. One thread owns it. Methods neither throw nor allocate, whatever the guest writes.
/// <para>
/// <see cref="TryTake"/> and <see cref="Complete"/> are virtual calls per frame, of about a nanosecond or none where the
/// compiler saw one layout only; <see cref="TakeMany"/> and <see cref="CompleteRead"/> are calls per turn.
/// </para>
/// </summary>
public abstract class Virtqueue
{
    private protected Virtqueue(int size, bool isInOrder)
    {
        Size = size;
        IsInOrder = isInOrder;
    }

    /// <summary>Queue size, 1 to 32768.</summary>
    public int Size { get; }

    /// <summary>VIRTIO_F_IN_ORDER was negotiated: the caller completes chains in the order in which it took them.</summary>
    public bool IsInOrder { get; }

    /// <summary>True once a take found the ring broken. What was taken before may still be completed.</summary>
    public abstract bool IsBroken { get; }

    /// <summary>Takes the next buffer.</summary>
    /// <param name="chain">Filled when Taken; otherwise of no meaning.</param>
    public abstract TakeResult TryTake(DescriptorChain chain);

    /// <summary>Takes buffers until there is none, the ring is found broken (<see cref="IsBroken"/>), or enough are taken.</summary>
    /// <param name="chains">Filled from <paramref name="start"/> on.</param>
    /// <param name="start">First chain to fill.</param>
    /// <param name="count">Buffers to take at the most, 0 upwards.</param>
    /// <returns>Number of buffers taken; they are good even if the ring broke after them.</returns>
    public abstract int TakeMany(DescriptorChain[] chains, int start, int count);

    /// <summary>
    /// Gives a buffer back unused: the next take finds it again, as the guest has it then. Only for the buffers taken last,
    /// all of them back to the first that is given back, in any order, and none of them completed.
    /// </summary>
    public abstract void Untake(DescriptorChain chain);

    /// <summary>Marks a taken buffer as used; the driver sees it after <see cref="Publish"/>.</summary>
    /// <param name="chain">As it was taken.</param>
    /// <param name="written">Bytes that were written from the start of its writable segments.</param>
    public abstract void Complete(DescriptorChain chain, uint written);

    /// <summary>
    /// Marks buffers that were only read as used, in the order in which they were taken; with VIRTIO_F_IN_ORDER by one
    /// used element for all of them.
    /// </summary>
    public abstract void CompleteRead(DescriptorChain[] chains, int start, int count);

    /// <summary>Shows the driver what was completed since the last call. Once a turn.</summary>
    /// <returns>True when the driver wants an interrupt for it.</returns>
    public abstract bool Publish();

    /// <summary>Tells the driver that kicks are not needed while the queue is polled. A hint: kicks may still come.</summary>
    public abstract void DisableKicks();

    /// <summary>Arms the kick: the driver will kick when it makes the next buffer available.</summary>
    /// <returns>True when there is work already: the kick for it may not come.</returns>
    public abstract bool EnableKicks();

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
            ? PackedVirtqueue.Create(setup, memory)
            : BitOperations.IsPow2(setup.Size) ? SplitVirtqueue.Create(setup, memory) : null;
        return queue != null;
    }

    /// <summary>Whether a set of features has one.</summary>
    private protected static bool Has(ulong features, int feature) => (features & (1UL << feature)) != 0;

    /// <summary>Finds an area of a queue; the bus address and the native one must both be aligned.</summary>
    private protected static unsafe bool TryFindArea(
        GuestMemory memory, ulong iova, int bytes, uint alignment, out byte* area) =>
        memory.TryTranslate(iova, (uint)bytes, out area) && ((iova | (ulong)area) & (alignment - 1)) == 0;
}
