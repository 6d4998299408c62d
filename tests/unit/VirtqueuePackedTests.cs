// A packed queue from the driver's side: what is taken, refused, completed and notified.
using NUnit.Framework;
using SmartNicFw.Emulator.Virtio;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Tests.Unit;

public sealed unsafe class VirtqueuePackedTests
{
    private const int Next = DescriptorFlags.Next;
    private const int Write = DescriptorFlags.Write;
    private const int Indirect = DescriptorFlags.Indirect;
    private const int Avail = DescriptorFlags.Avail;
    private const int Used = DescriptorFlags.Used;
    private const ulong Buffer = VirtqueueGuest.BufferArea;

    private readonly DescriptorChain _chain = new();
    private readonly DescriptorChain _second = new();

    private void TakeBoth(VirtqueueGuest guest) => Assert.That(
        (guest.Queue.TryTake(_chain), guest.Queue.TryTake(_second)), Is.EqualTo((TakeResult.Taken, TakeResult.Taken)));

    [Test]
    public void List_across_the_ring_end_is_taken_with_the_id_of_its_last_descriptor_2_8_6()
    {
        using var guest = new VirtqueueGuest(3, isPacked: true);
        VirtqueueGuest.DescribePacked(guest.Descriptors, 0, Buffer, 8, 50, Avail | Next);
        VirtqueueGuest.DescribePacked(guest.Descriptors, 1, Buffer, 8, 51, Avail);
        Assert.That(guest.Queue.TryTake(_chain), Is.EqualTo(TakeResult.Taken));
        Assert.That((_chain.Id, _chain.Slots), Is.EqualTo(((ushort)51, 2)));
        guest.Queue.Complete(_chain, 0);
        guest.Queue.Publish();

        VirtqueueGuest.DescribePacked(guest.Descriptors, 0, Buffer + 100, 20, 53, Used | Write);
        VirtqueueGuest.DescribePacked(guest.Descriptors, 2, Buffer, 8, 52, Avail | Next);
        Assert.That(guest.Queue.TryTake(_chain), Is.EqualTo(TakeResult.Taken));
        Assert.That((_chain.Id, _chain.ReadableBytes, _chain.WritableBytes), Is.EqualTo(((ushort)53, 8UL, 20UL)));
        guest.Queue.Complete(_chain, 20);
        guest.Queue.Publish();
        AssertUsed(guest, 2, 53, 20, Avail | Used | Write);
        Assert.That(guest.Queue.TryTake(_chain), Is.EqualTo(TakeResult.Empty), "slot 1 was used in the former round");
    }

    [Test]
    public void Completed_buffers_are_seen_only_once_published_first_slot_last_2_8_9()
    {
        using var guest = new VirtqueueGuest(4, isPacked: true);
        Single(guest, 0, 7);
        Single(guest, 1, 8);
        TakeBoth(guest);
        guest.Queue.Complete(_second, 60);
        guest.Queue.Complete(_chain, 0);
        AssertUsed(guest, 0, 7, 64, Avail);
        AssertUsed(guest, 1, 7, 0, Avail | Used);
        Assert.That(guest.Queue.Publish(), Is.True);
        AssertUsed(guest, 0, 8, 60, Avail | Used | Write);
        Assert.That(guest.Queue.Publish(), Is.False, "nothing new, no interrupt");
    }

    [Test]
    public void Untaken_buffers_are_taken_again_across_the_ring_end()
    {
        using var guest = new VirtqueueGuest(2, isPacked: true);
        Single(guest, 0, 0);
        Assert.That(guest.Queue.TryTake(_chain), Is.EqualTo(TakeResult.Taken));
        guest.Queue.Complete(_chain, 0);
        guest.Queue.Publish();
        Single(guest, 1, 1);
        VirtqueueGuest.DescribePacked(guest.Descriptors, 0, Buffer, 64, 0, Used);
        for (int round = 0; round < 3; round++)
        {
            TakeBoth(guest);
            Assert.That((_chain.Id, _second.Id), Is.EqualTo(((ushort)1, (ushort)0)));
            guest.Queue.Untake(_chain);
            guest.Queue.Untake(_second);
        }
    }

    [Test]
    public void One_descriptor_serves_a_batch_that_was_read_in_order_2_8_8()
    {
        using var guest = new VirtqueueGuest(4, isPacked: true, VirtioFeature.InOrder);
        Single(guest, 0, 5);
        Single(guest, 1, 6);
        var batch = new BufferBatch(2);
        Assert.That(guest.Queue.TakeMany(batch, 0, 2), Is.EqualTo(2));
        guest.Queue.CompleteRead(batch, 0, 2);
        guest.Queue.Publish();
        AssertUsed(guest, 0, 6, 0, Avail | Used);
        AssertUsed(guest, 1, 6, 64, Avail);
        Single(guest, 2, 5);
        Assert.That(guest.Queue.TryTake(_chain), Is.EqualTo(TakeResult.Taken));
        guest.Queue.Complete(_chain, 0);
        guest.Queue.Publish();
        AssertUsed(guest, 2, 5, 0, Avail | Used);
    }

    [TestCase(PackedEvent.FlagsEnable, 0, true)]
    [TestCase(PackedEvent.FlagsDisable, 0, false)]
    [TestCase(PackedEvent.FlagsDescriptor, 0x8000, true)]
    [TestCase(PackedEvent.FlagsDescriptor, 0x8001, true)]
    [TestCase(PackedEvent.FlagsDescriptor, 0x8002, false)]
    [TestCase(PackedEvent.FlagsDescriptor, 0x0000, false)]
    [TestCase(PackedEvent.FlagsDescriptor, 0x0001, false)]
    [TestCase(PackedEvent.FlagsDescriptor, 0xFFFF, false)]
    public void Interrupt_is_wanted_as_the_driver_event_structure_says_2_8_10(int flags, int descriptor, bool isWanted)
    {
        using var guest = new VirtqueueGuest(4, isPacked: true, VirtioFeature.EventIdx);
        guest.U16(guest.DriverArea) = (ushort)descriptor;
        guest.U16(guest.DriverArea + 2) = (ushort)flags;
        Single(guest, 0, 0);
        Single(guest, 1, 1);
        TakeBoth(guest);
        guest.Queue.Complete(_chain, 0);
        guest.Queue.Complete(_second, 0);
        Assert.That(guest.Queue.Publish(), Is.EqualTo(isWanted));
    }

    [TestCase(false)]
    [TestCase(true)]
    public void Kick_is_armed_and_work_that_came_before_is_found_2_8_10(bool hasEventIdx)
    {
        using var guest = new VirtqueueGuest(1, isPacked: true, hasEventIdx ? VirtioFeature.EventIdx : VirtioFeature.Version1);
        guest.Queue.DisableKicks();
        Assert.That(*(uint*)guest.DeviceArea, Is.EqualTo(0x10000u));
        Assert.That(guest.Queue.EnableKicks(), Is.False);
        Assert.That(*(uint*)guest.DeviceArea, Is.EqualTo(hasEventIdx ? 0x28000u : 0), "slot 0, wrap counter 1");
        Single(guest, 0, 0);
        Assert.That(guest.Queue.EnableKicks(), Is.True);
        Assert.That(guest.Queue.TryTake(_chain), Is.EqualTo(TakeResult.Taken));
        Assert.That(guest.Queue.EnableKicks(), Is.False);
        Assert.That(*(uint*)guest.DeviceArea, Is.EqualTo(hasEventIdx ? 0x20000u : 0), "slot 0, wrap counter 0");
    }

    [Test]
    public void Hostile_11_list_that_closes_on_itself_is_refused()
    {
        using var guest = new VirtqueueGuest(1, isPacked: true);
        VirtqueueGuest.DescribePacked(guest.Descriptors, 0, Buffer, 1, 0, Avail | Next);
        AssertBroken(guest);
        Single(guest, 0, 0);
        AssertBroken(guest);
    }

    [Test]
    public void Hostile_11_list_into_buffers_that_are_out_is_refused()
    {
        using var guest = new VirtqueueGuest(2, isPacked: true);
        Single(guest, 0, 0);
        Assert.That(guest.Queue.TryTake(_chain), Is.EqualTo(TakeResult.Taken));
        VirtqueueGuest.DescribePacked(guest.Descriptors, 1, Buffer, 1, 1, Avail | Next);
        VirtqueueGuest.DescribePacked(guest.Descriptors, 0, Buffer, 1, 1, Used);
        AssertBroken(guest);
    }

    [Test]
    public void Hostile_11_list_whose_rest_is_not_available_is_refused()
    {
        using var guest = new VirtqueueGuest(4, isPacked: true);
        VirtqueueGuest.DescribePacked(guest.Descriptors, 0, Buffer, 1, 0, Avail | Next);
        AssertBroken(guest);
    }

    [TestCase(4u, false)]
    [TestCase(5u, true)]
    public void Hostile_11_table_longer_than_the_queue_is_refused(uint entries, bool isBroken)
    {
        using var guest = new VirtqueueGuest(4, isPacked: true, VirtioFeature.IndirectDesc);
        OfferTable(guest, entries * 16, Avail | Indirect);
        Assert.That(guest.Queue.TryTake(_chain), Is.EqualTo(isBroken ? TakeResult.Broken : TakeResult.Taken));
    }

    [Test]
    public void Hostile_11_list_of_more_than_four_gigabytes_is_refused()
    {
        using var guest = new VirtqueueGuest(4, isPacked: true);

        // Never touched: only its addresses count.
        Assert.That(guest.Map.Map(0x10_0000_0000, guest.Memory, 0x8000_0000), Is.True);
        VirtqueueGuest.DescribePacked(guest.Descriptors, 0, 0x10_0000_0000, 0x8000_0000, 0, Avail | Next);
        VirtqueueGuest.DescribePacked(guest.Descriptors, 1, 0x10_0000_0000, 0x8000_0000, 0, Avail | Next);
        VirtqueueGuest.DescribePacked(guest.Descriptors, 2, Buffer, 1, 0, Avail);
        AssertBroken(guest);
    }

    [TestCase(0u, 0)]
    [TestCase(15u, 0)]
    [TestCase(24u, 0)]
    [TestCase(32u, Next)]
    public void Hostile_12_indirect_table_that_is_not_one_is_refused(uint bytes, int beside)
    {
        using var guest = new VirtqueueGuest(4, isPacked: true, VirtioFeature.IndirectDesc);
        OfferTable(guest, bytes, Avail | Indirect | beside);
        VirtqueueGuest.DescribePacked(guest.Descriptors, 1, Buffer, 1, 0, Avail);
        AssertBroken(guest);
    }

    [Test]
    public void Hostile_12_indirect_within_a_list_or_not_negotiated_is_refused()
    {
        using var guest = new VirtqueueGuest(4, isPacked: true, VirtioFeature.IndirectDesc);
        VirtqueueGuest.DescribePacked(guest.Descriptors, 0, Buffer, 1, 0, Avail | Next);
        VirtqueueGuest.DescribePacked(guest.Descriptors, 1, VirtqueueGuest.TableArea, 16, 0, Avail | Indirect);
        AssertBroken(guest);
        using var other = new VirtqueueGuest(4, isPacked: true);
        OfferTable(other, 16, Avail | Indirect);
        AssertBroken(other);
    }

    [Test]
    public void Hostile_12_flags_within_a_table_are_ignored_but_write_2_8_7()
    {
        using var guest = new VirtqueueGuest(4, isPacked: true, VirtioFeature.IndirectDesc);
        OfferTable(guest, 32, Avail | Indirect | Write);
        VirtqueueGuest.DescribePacked(guest.At(VirtqueueGuest.TableArea), 0, Buffer, 9, 99, Indirect | Used);
        VirtqueueGuest.DescribePacked(guest.At(VirtqueueGuest.TableArea), 1, Buffer, 8, 98, Write | Next);
        Assert.That(guest.Queue.TryTake(_chain), Is.EqualTo(TakeResult.Taken));
        Assert.That((_chain.ReadableBytes, _chain.WritableBytes, _chain.Slots), Is.EqualTo((9UL, 8UL, 1)));
    }

    [TestCase(0UL, 1u)]
    [TestCase(VirtqueueGuest.Base + VirtqueueGuest.Bytes - 1, 2u)]
    [TestCase(ulong.MaxValue, uint.MaxValue)]
    public void Hostile_13_buffer_outside_of_memory_is_refused(ulong iova, uint length)
    {
        using var guest = new VirtqueueGuest(4, isPacked: true);
        VirtqueueGuest.DescribePacked(guest.Descriptors, 0, iova, length, 0, Avail);
        AssertBroken(guest);
    }

    [Test]
    public void Hostile_14_descriptor_rewritten_after_the_take_changes_nothing()
    {
        using var guest = new VirtqueueGuest(4, isPacked: true);
        Single(guest, 0, 3);
        Assert.That(guest.Queue.TryTake(_chain), Is.EqualTo(TakeResult.Taken));
        VirtqueueGuest.DescribePacked(guest.Descriptors, 0, 0, uint.MaxValue, 9, Next | Write);
        Assert.That((_chain.Id, _chain.ReadableBytes, _chain.WritableCount), Is.EqualTo(((ushort)3, 64UL, 0)));
        guest.Queue.Complete(_chain, 0);
        guest.Queue.Publish();
        AssertUsed(guest, 0, 3, 0, Avail | Used);
    }

    [Test]
    public void Hostile_15_more_slots_than_the_ring_has_is_refused()
    {
        using var guest = new VirtqueueGuest(2, isPacked: true);
        Single(guest, 0, 0);
        Single(guest, 1, 1);
        TakeBoth(guest);
        VirtqueueGuest.DescribePacked(guest.Descriptors, 0, Buffer, 1, 2, Used);
        AssertBroken(guest);
    }

    [Test]
    public void Hostile_15_id_made_available_twice_is_refused_and_once_completed_is_not()
    {
        using var guest = new VirtqueueGuest(4, isPacked: true);
        for (int slot = 0; slot < 2; slot++)
        {
            Single(guest, slot, 65535);
            Assert.That(guest.Queue.TryTake(_chain), Is.EqualTo(TakeResult.Taken));
            guest.Queue.Complete(_chain, 0);
        }

        Single(guest, 2, 4);
        Assert.That(guest.Queue.TryTake(_chain), Is.EqualTo(TakeResult.Taken));
        Single(guest, 3, 4);
        AssertBroken(guest);
    }

    [TestCase(0, 0, 0, 0)]
    [TestCase(32769, 0, 0, 0)]
    [TestCase(3, 8, 0, 0)]
    [TestCase(3, 0, 2, 0)]
    [TestCase(3, 0, 0, 2)]
    [TestCase(3, 0x1FFE0, 0, 0)]
    [TestCase(3, 0, 0x1C000, 0)]
    [TestCase(3, 0, 0, 0x1B000)]
    public void Hostile_9_queue_of_wrong_size_alignment_or_place_is_not_started(int size, int ring, int driver, int device)
    {
        using var guest = new VirtqueueGuest(3, isPacked: true);
        QueueSetup setup = guest.Setup;
        setup.Size = size;
        setup.DescriptorArea += (ulong)ring;
        setup.DriverArea += (ulong)driver;
        setup.DeviceArea += (ulong)device;
        Assert.That(Virtqueue.TryCreate(setup, guest.Map, out Virtqueue? queue), Is.False);
        Assert.That(queue, Is.Null);
    }

    private static void Single(VirtqueueGuest guest, int slot, int id) =>
        VirtqueueGuest.DescribePacked(guest.Descriptors, slot, Buffer, 64, id, Avail);

    // Slot 0 refers to a table of one-byte readable buffers, up to five.
    private static void OfferTable(VirtqueueGuest guest, uint bytes, int flags)
    {
        for (int entry = 0; entry < 5; entry++)
        {
            VirtqueueGuest.DescribePacked(guest.At(VirtqueueGuest.TableArea), entry, Buffer, 1, 0, 0);
        }

        VirtqueueGuest.DescribePacked(guest.Descriptors, 0, VirtqueueGuest.TableArea, bytes, 0, flags);
    }

    private static void AssertUsed(VirtqueueGuest guest, int slot, int id, uint length, int flags)
    {
        byte* at = guest.Descriptors + (slot * 16);
        Assert.That((*(ushort*)(at + 12), *(uint*)(at + 8), *(ushort*)(at + 14)), Is.EqualTo(((ushort)id, length, (ushort)flags)));
    }

    private void AssertBroken(VirtqueueGuest guest)
    {
        Assert.That(guest.Queue.TryTake(_chain), Is.EqualTo(TakeResult.Broken));
        Assert.That(guest.Queue.IsBroken, Is.True);
        Assert.That(guest.IsGuardIntact, Is.True);
    }
}
