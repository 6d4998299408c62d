// A split queue from the driver's side: what is taken, refused, completed and notified.
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Virtio;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Tests.Unit;

public sealed unsafe class VirtqueueSplitTests
{
    private const int Next = DescriptorFlags.Next;
    private const int Write = DescriptorFlags.Write;
    private const int Indirect = DescriptorFlags.Indirect;
    private const ulong Buffer = VirtqueueGuest.BufferArea;

    private readonly DescriptorChain _chain = new();

    [Test]
    public void Chain_of_readable_then_writable_is_taken_with_its_bytes()
    {
        using var guest = new VirtqueueGuest(4, isPacked: false);
        VirtqueueGuest.Describe(guest.Descriptors, 2, Buffer, 12, Next, 0);
        VirtqueueGuest.Describe(guest.Descriptors, 0, Buffer + 0x100, 100, Next, 3);
        VirtqueueGuest.Describe(guest.Descriptors, 3, Buffer + 0x200, 1, Write, 77);
        guest.Offer(2);

        Assert.That(guest.Queue.TryTake(_chain), Is.EqualTo(TakeResult.Taken));
        Assert.That((_chain.Id, _chain.ReadableCount, _chain.WritableCount), Is.EqualTo(((ushort)2, 2, 1)));
        Assert.That((_chain.ReadableBytes, _chain.WritableBytes), Is.EqualTo((112UL, 1UL)));
        Assert.That(_chain.Readable[1].Address == guest.At(Buffer + 0x100) && _chain.Readable[1].Length == 100);
        Assert.That(_chain.Writable[0].Address == guest.At(Buffer + 0x200));
        Assert.That(guest.Queue.TryTake(_chain), Is.EqualTo(TakeResult.Empty));
    }

    [Test]
    public void Completed_chains_are_seen_only_once_published_2_7_8()
    {
        using var guest = new VirtqueueGuest(4, isPacked: false);
        TakeSingles(guest, 0, 1);
        guest.Queue.Complete(_chain, 60);
        Assert.That(guest.U16(guest.DeviceArea + 2), Is.Zero);
        Assert.That(guest.Queue.Publish(), Is.True);
        Assert.That(guest.U16(guest.DeviceArea + 2), Is.EqualTo(1));
        Assert.That((*(uint*)(guest.DeviceArea + 4), *(uint*)(guest.DeviceArea + 8)), Is.EqualTo((1u, 60u)));
        Assert.That(guest.Queue.Publish(), Is.False, "nothing new, no interrupt");
    }

    [Test]
    public void Untaken_chain_is_taken_again()
    {
        using var guest = new VirtqueueGuest(4, isPacked: false);
        var second = new DescriptorChain();
        Single(guest, 3);
        Single(guest, 1);
        Assert.That(guest.Queue.TryTake(_chain), Is.EqualTo(TakeResult.Taken));
        Assert.That(guest.Queue.TryTake(second), Is.EqualTo(TakeResult.Taken));
        guest.Queue.Untake(_chain);
        guest.Queue.Untake(second);
        var batch = new BufferBatch(3);
        Assert.That(guest.Queue.TakeMany(batch, 0, 3), Is.EqualTo(2));
        Assert.That((batch.ChainOf(0).Id, batch.ChainOf(1).Id), Is.EqualTo(((ushort)3, (ushort)1)));
        Assert.That(guest.Queue.IsBroken, Is.False);
    }

    [Test]
    public void Interrupt_is_wanted_as_flags_say_2_7_7()
    {
        using var guest = new VirtqueueGuest(4, isPacked: false);
        guest.U16(guest.DriverArea) = AvailRing.NoInterrupt;
        TakeSingles(guest, 0);
        guest.Queue.Complete(_chain, 0);
        Assert.That(guest.Queue.Publish(), Is.False);
        guest.U16(guest.DriverArea) = 0;
        TakeSingles(guest, 1);
        guest.Queue.Complete(_chain, 0);
        Assert.That(guest.Queue.Publish(), Is.True);
    }

    [TestCase(65535, false)]
    [TestCase(0, true)]
    [TestCase(2, true)]
    [TestCase(3, false)]
    public void Interrupt_is_wanted_when_a_batch_of_three_passes_used_event_2_7_7(int usedEvent, bool isWanted)
    {
        using var guest = new VirtqueueGuest(4, isPacked: false, VirtioFeature.EventIdx);
        guest.U16(guest.DriverArea) = AvailRing.NoInterrupt;
        guest.U16(guest.DriverArea + 4 + 8) = (ushort)usedEvent;
        foreach (int head in new[] { 0, 1, 2 })
        {
            TakeSingles(guest, head);
            guest.Queue.Complete(_chain, 0);
        }

        Assert.That(guest.Queue.Publish(), Is.EqualTo(isWanted));
    }

    [TestCase(false)]
    [TestCase(true)]
    public void Kick_is_armed_and_work_that_came_before_is_found_2_7_10(bool hasEventIdx)
    {
        using var guest = new VirtqueueGuest(4, isPacked: false, hasEventIdx ? VirtioFeature.EventIdx : VirtioFeature.Version1);
        guest.Queue.DisableKicks();
        Assert.That(guest.U16(guest.DeviceArea), Is.EqualTo(hasEventIdx ? 0 : UsedRing.NoNotify));
        Assert.That(guest.Queue.EnableKicks(), Is.False);
        Assert.That(guest.U16(guest.DeviceArea), Is.Zero);
        Single(guest, 0);
        Assert.That(guest.Queue.EnableKicks(), Is.True);
        Assert.That(guest.Queue.TryTake(_chain), Is.EqualTo(TakeResult.Taken));
        Assert.That(guest.Queue.EnableKicks(), Is.False);
        Assert.That(guest.U16(guest.DeviceArea + 4 + 32), Is.EqualTo(hasEventIdx ? 1 : 0), "avail_event");
    }

    [Test]
    public void One_element_serves_a_batch_that_was_read_in_order_2_7_9()
    {
        using var guest = new VirtqueueGuest(4, isPacked: false, VirtioFeature.InOrder);
        var chains = new BufferBatch(3);
        Single(guest, 0);
        Single(guest, 1);
        Single(guest, 2);
        Assert.That(guest.Queue.TakeMany(chains, 0, 3), Is.EqualTo(3));
        guest.Queue.CompleteRead(chains, 0, 3);
        guest.Queue.Publish();
        Assert.That((guest.U16(guest.DeviceArea + 2), *(uint*)(guest.DeviceArea + 4)), Is.EqualTo(((ushort)3, 2u)));
        Assert.That(*(ulong*)(guest.DeviceArea + 12), Is.Zero, "the second element stays unwritten");
    }

    [Test]
    public void Hostile_11_loop_in_the_table_breaks_the_queue_for_good()
    {
        using var guest = new VirtqueueGuest(4, isPacked: false);
        VirtqueueGuest.Describe(guest.Descriptors, 0, Buffer, 1, Next, 1);
        VirtqueueGuest.Describe(guest.Descriptors, 1, Buffer, 1, Next, 0);
        guest.Offer(0);
        AssertBroken(guest);
        VirtqueueGuest.Describe(guest.Descriptors, 1, Buffer, 1, 0, 0);
        AssertBroken(guest);
    }

    [Test]
    public void Hostile_11_chain_longer_than_the_queue_through_an_indirect_table_is_refused()
    {
        using var guest = new VirtqueueGuest(4, isPacked: false, VirtioFeature.IndirectDesc);
        OfferTable(guest, 4);
        Assert.That(guest.Queue.TryTake(_chain), Is.EqualTo(TakeResult.Taken));
        Assert.That(_chain.ReadableCount, Is.EqualTo(4));
        guest.Queue.Complete(_chain, 0);
        OfferTable(guest, 5);
        AssertBroken(guest);
    }

    [Test]
    public void Hostile_11_chain_of_more_than_four_gigabytes_is_refused()
    {
        using var guest = new VirtqueueGuest(4, isPacked: false);

        // Never touched: only its addresses count.
        Assert.That(guest.Map.Map(0x10_0000_0000, guest.Memory, 0x8000_0000), Is.True);
        VirtqueueGuest.Describe(guest.Descriptors, 0, 0x10_0000_0000, 0x8000_0000, Next, 1);
        VirtqueueGuest.Describe(guest.Descriptors, 1, 0x10_0000_0000, 0x8000_0000, 0, 0);
        guest.Offer(0);
        Assert.That(guest.Queue.TryTake(_chain), Is.EqualTo(TakeResult.Taken));
        Assert.That(_chain.ReadableBytes, Is.EqualTo(DescriptorChain.MaxBytes));
        guest.Queue.Complete(_chain, 0);

        VirtqueueGuest.Describe(guest.Descriptors, 1, 0x10_0000_0000, 0x8000_0000, Next, 2);
        VirtqueueGuest.Describe(guest.Descriptors, 2, Buffer, 1, 0, 0);
        guest.Offer(0);
        AssertBroken(guest);
    }

    [TestCase(0u, 0, 0)]
    [TestCase(15u, 0, 0)]
    [TestCase(24u, 0, 0)]
    [TestCase(32u, Next, 0)]
    [TestCase(32u, 0, Indirect)]
    public void Hostile_12_indirect_table_that_is_not_one_is_refused(uint length, int besideIndirect, int inTable)
    {
        using var guest = new VirtqueueGuest(4, isPacked: false, VirtioFeature.IndirectDesc);
        VirtqueueGuest.Describe(guest.At(VirtqueueGuest.TableArea), 0, Buffer, 16, inTable, 0);
        VirtqueueGuest.Describe(guest.Descriptors, 0, VirtqueueGuest.TableArea, length, Indirect | besideIndirect, 1);
        VirtqueueGuest.Describe(guest.Descriptors, 1, Buffer, 16, 0, 0);
        guest.Offer(0);
        AssertBroken(guest);
    }

    [Test]
    public void Hostile_12_indirect_that_was_not_negotiated_is_refused()
    {
        using var guest = new VirtqueueGuest(4, isPacked: false);
        OfferTable(guest, 1);
        AssertBroken(guest);
    }

    [Test]
    public void Chain_may_end_in_an_indirect_table_whose_write_flag_is_ignored_2_7_5_3_2()
    {
        using var guest = new VirtqueueGuest(4, isPacked: false, VirtioFeature.IndirectDesc);
        OfferTable(guest, 2);
        guest.U16(guest.Descriptors + 12) |= Write;
        VirtqueueGuest.Describe(guest.Descriptors, 3, Buffer, 7, Next, 0);
        guest.U16(guest.DriverArea + 4) = 3;
        Assert.That(guest.Queue.TryTake(_chain), Is.EqualTo(TakeResult.Taken));
        Assert.That((_chain.ReadableCount, _chain.WritableCount, _chain.ReadableBytes), Is.EqualTo((3, 0, 9UL)));
    }

    [TestCase(0UL, 1u)]
    [TestCase(VirtqueueGuest.Base - 1, 2u)]
    [TestCase(VirtqueueGuest.Base + VirtqueueGuest.Bytes - 1, 2u)]
    [TestCase(VirtqueueGuest.Base + VirtqueueGuest.Bytes, 1u)]
    [TestCase(ulong.MaxValue, 1u)]
    [TestCase(ulong.MaxValue, uint.MaxValue)]
    [TestCase(VirtqueueGuest.Base, uint.MaxValue)]
    public void Hostile_13_buffer_outside_of_memory_is_refused(ulong iova, uint length)
    {
        using var guest = new VirtqueueGuest(4, isPacked: false);
        VirtqueueGuest.Describe(guest.Descriptors, 0, iova, length, 0, 0);
        guest.Offer(0);
        AssertBroken(guest);
    }

    [Test]
    public void Hostile_14_descriptor_rewritten_after_the_take_changes_nothing()
    {
        using var guest = new VirtqueueGuest(4, isPacked: false);
        TakeSingles(guest, 0);
        VirtqueueGuest.Describe(guest.Descriptors, 0, 0, uint.MaxValue, Next | Write, 9);
        Assert.That((_chain.ReadableCount, _chain.WritableCount, _chain.ReadableBytes), Is.EqualTo((1, 0, 64UL)));
        Assert.That(_chain.Readable[0].Address == guest.At(Buffer));
        guest.Queue.Complete(_chain, 0);
        guest.Queue.Publish();
        Assert.That(*(uint*)(guest.DeviceArea + 4), Is.Zero, "the head as it was taken");
    }

    [TestCase(5)]
    [TestCase(65535)]
    public void Hostile_15_index_that_jumps_by_more_than_the_queue_is_refused(int idx)
    {
        using var guest = new VirtqueueGuest(4, isPacked: false);
        guest.U16(guest.DriverArea + 2) = (ushort)idx;
        AssertBroken(guest);
    }

    [Test]
    public void Hostile_15_head_made_available_twice_is_refused_and_once_completed_is_not()
    {
        using var guest = new VirtqueueGuest(4, isPacked: false);
        TakeSingles(guest, 1);
        guest.Queue.Complete(_chain, 0);
        TakeSingles(guest, 1);
        guest.Offer(1);
        AssertBroken(guest);
    }

    [TestCase(4)]
    [TestCase(65535)]
    public void Head_or_next_beyond_the_table_is_refused(int index)
    {
        using var guest = new VirtqueueGuest(4, isPacked: false);
        guest.Offer(index);
        AssertBroken(guest);
        using var other = new VirtqueueGuest(4, isPacked: false);
        VirtqueueGuest.Describe(other.Descriptors, 0, Buffer, 1, Next, index);
        other.Offer(0);
        AssertBroken(other);
    }

    [Test]
    public void Readable_after_writable_is_refused_2_7_4_2()
    {
        using var guest = new VirtqueueGuest(4, isPacked: false);
        VirtqueueGuest.Describe(guest.Descriptors, 0, Buffer, 0, Next | Write, 1);
        VirtqueueGuest.Describe(guest.Descriptors, 1, Buffer, 1, 0, 0);
        guest.Offer(0);
        AssertBroken(guest);
    }

    [Test]
    public void Chain_longer_than_its_holder_is_refused()
    {
        using var guest = new VirtqueueGuest(4, isPacked: false);
        VirtqueueGuest.Describe(guest.Descriptors, 0, Buffer, 1, Next, 1);
        VirtqueueGuest.Describe(guest.Descriptors, 1, Buffer, 1, 0, 0);
        guest.Offer(0);
        Assert.That(guest.Queue.TryTake(new DescriptorChain(1)), Is.EqualTo(TakeResult.Broken));
    }

    [TestCase(0, 0, 0, 0)]
    [TestCase(3, 0, 0, 0)]
    [TestCase(65536, 0, 0, 0)]
    [TestCase(-4, 0, 0, 0)]
    [TestCase(4, 8, 0, 0)]
    [TestCase(4, 0, 1, 0)]
    [TestCase(4, 0, 0, 2)]
    [TestCase(4, 0x1FFF0, 0, 0)]
    [TestCase(4, 0, 0x1FFFC - 0x4000, 0)]
    [TestCase(4, 0, 0, 0x1FFFC - 0x5000)]
    [TestCase(4, 0x40000, 0, 0)]
    public void Hostile_9_queue_of_wrong_size_alignment_or_place_is_not_started(int size, int descriptors, int driver, int device)
    {
        using var guest = new VirtqueueGuest(4, isPacked: false);
        QueueSetup setup = guest.Setup;
        setup.Size = size;
        setup.DescriptorArea += (ulong)descriptors;
        setup.DriverArea += (ulong)driver;
        setup.DeviceArea += (ulong)device;
        Assert.That(Virtqueue.TryCreate(setup, guest.Map, out Virtqueue? queue), Is.False);
        Assert.That(queue, Is.Null);
    }

    [Test]
    public void Indices_wrap_at_65536_2_7_6()
    {
        using var guest = new VirtqueueGuest(4, isPacked: false, VirtioFeature.EventIdx);
        for (int turn = 0; turn < 70_000; turn++)
        {
            guest.U16(guest.DriverArea + 4 + 8) = (ushort)turn;
            guest.Offer(turn & 3);
            VirtqueueGuest.Describe(guest.Descriptors, turn & 3, Buffer, 64, 0, 0);
            if (guest.Queue.TryTake(_chain) != TakeResult.Taken || _chain.Id != (turn & 3))
            {
                Assert.Fail($"turn {turn}");
            }

            guest.Queue.Complete(_chain, (uint)turn);
            if (!guest.Queue.Publish() || *(uint*)(guest.DeviceArea + 8 + ((turn & 3) * 8)) != turn || guest.Queue.EnableKicks())
            {
                Assert.Fail($"turn {turn}");
            }
        }

        Assert.That(guest.U16(guest.DeviceArea + 2), Is.EqualTo(70_000 - 65_536));
    }

    private static void Single(VirtqueueGuest guest, int head)
    {
        VirtqueueGuest.Describe(guest.Descriptors, head, Buffer, 64, 0, 0);
        guest.Offer(head);
    }

    // Descriptor 0 refers to a table of that many one-byte buffers.
    private static void OfferTable(VirtqueueGuest guest, int entries)
    {
        foreach (int index in Enumerable.Range(0, entries))
        {
            int flags = index < entries - 1 ? Next : 0;
            VirtqueueGuest.Describe(guest.At(VirtqueueGuest.TableArea), index, Buffer, 1, flags, index + 1);
        }

        VirtqueueGuest.Describe(guest.Descriptors, 0, VirtqueueGuest.TableArea, (uint)entries * 16, Indirect, 0);
        guest.Offer(0);
    }

    private void TakeSingles(VirtqueueGuest guest, params int[] heads)
    {
        foreach (int head in heads)
        {
            Single(guest, head);
            Assert.That(guest.Queue.TryTake(_chain), Is.EqualTo(TakeResult.Taken));
        }
    }

    private void AssertBroken(VirtqueueGuest guest)
    {
        Assert.That(guest.Queue.TryTake(_chain), Is.EqualTo(TakeResult.Broken));
        Assert.That(guest.Queue.IsBroken, Is.True);
        Assert.That(guest.IsGuardIntact, Is.True);
    }
}
