// The host's RAM and its interrupt controller: places, bounds, and giving back.
using System;
using System.Collections.Generic;
using NUnit.Framework;
using SmartNicFw.Emulator.Host;

namespace SmartNicFw.Tests.Unit;

public sealed class DriverMemoryTests
{
    [Test]
    public void Pieces_are_aligned_and_disjoint_and_zero_and_come_back_whole()
    {
        using var memory = new HostMemory(1 << 20);
        var random = new Random(1);
        var held = new List<HostBuffer>();
        for (int turn = 0; turn < 5000; turn++)
        {
            if (held.Count < 40 && random.Next(2) == 0)
            {
                int alignment = 1 << random.Next(13);
                HostBuffer buffer = memory.Allocate(random.Next(1, 9000), alignment);
                Assert.That(buffer.Address % (ulong)alignment, Is.Zero);
                Assert.That(buffer.Span.ContainsAnyExcept((byte)0), Is.False);
                Assert.That(held.TrueForAll(other =>
                    other.Address + (ulong)other.Bytes <= buffer.Address || buffer.Address + (ulong)buffer.Bytes <= other.Address), Is.True);
                buffer.Span.Fill(0xEE);
                held.Add(buffer);
            }
            else if (held.Count > 0)
            {
                int pick = random.Next(held.Count);
                memory.Free(held[pick]);
                held.RemoveAt(pick);
            }
        }

        held.ForEach(memory.Free);
        Assert.That(memory.InUse, Is.Zero);
        Assert.That(memory.Allocate(1 << 20).Address, Is.EqualTo(HostMemory.BaseAddress));
    }

    [Test]
    public void What_is_not_in_use_cannot_be_given_back_and_what_is_not_there_cannot_be_taken()
    {
        using var memory = new HostMemory(4096);
        HostBuffer buffer = memory.Allocate(4096);
        Assert.That(() => memory.Allocate(1), Throws.TypeOf<HostException>());
        memory.Free(buffer);
        Assert.That(() => memory.Free(buffer), Throws.ArgumentException);
    }

    [TestCase(0xFFFFul, 1, 0)]
    [TestCase(0x10000ul, 4096, 4096)]
    [TestCase(0x10FFFul, 1, 1)]
    [TestCase(0x10FFFul, 2, 0)]
    [TestCase(0x11000ul, 1, 0)]
    [TestCase(0xFFFF_FFFF_FFFF_FFFFul, 16, 0)]
    [TestCase(0x10000ul, -1, 0)]
    public void A_bus_address_is_found_when_all_its_bytes_are_there(ulong address, int bytes, int found)
    {
        using var memory = new HostMemory(4096);
        Assert.That(memory.At(address, bytes).Length, Is.EqualTo(found));
    }

    [Test]
    public void A_message_reaches_its_handler_and_every_other_is_a_stray()
    {
        var controller = new InterruptController();
        int handled = 0;
        var interrupts = new List<MessageInterrupt>();
        for (int number = 0; number < 600; number++)
        {
            interrupts.Add(controller.Allocate(() => handled++));
        }

        Assert.That(interrupts.ConvertAll(interrupt => (interrupt.Address, interrupt.Data)), Is.Unique);
        interrupts.ForEach(interrupt => controller.Deliver(interrupt.Address, interrupt.Data));
        Assert.That((handled, controller.Delivered), Is.EqualTo((600, 600L)));

        controller.Release(interrupts[5]);
        controller.Deliver(interrupts[5].Address, interrupts[5].Data);
        controller.Deliver(0xFEE0_0000 - 4, 0);
        controller.Deliver(0xFEF0_0000, 0);
        controller.Deliver(0xFEE0_0004, 0);
        controller.Deliver(0xFEEF_F000, 255);
        controller.Deliver(0xFEE0_0000, 256);
        Assert.That((handled, controller.Strays), Is.EqualTo((600, 6L)));
        MessageInterrupt again = controller.Allocate();
        Assert.That((again.Address, again.Data), Is.EqualTo((interrupts[5].Address, interrupts[5].Data)));
    }
}
