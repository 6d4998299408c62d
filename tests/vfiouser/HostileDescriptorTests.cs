// Items 24 and 27 of the list of hostile inputs: descriptors where none belong, and interrupts that are not there.
using System;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.VfioUser;

namespace SmartNicFw.Tests.VfioUser;

public sealed unsafe class VfioUserHostileDescriptorTests
{
    [Test]
    public void Item_24_descriptors_on_any_message_are_closed_whatever_their_number_and_kind()
    {
        using var server = new ServerUnderTest();
        using var neighbour = new Neighbour(server);
        int* pipe = stackalloc int[2];
        RawSystem.Ok(RawSystem.Pipe(pipe));
        int folder = RawSystem.Ok(RawSystem.Open("/tmp", 0));
        int[] kinds = [pipe[0], pipe[1], folder, RawSystem.Eventfd(), RawSystem.MemoryFile(4096), RawSystem.MemoryFile(4096, seals: 0)];
        using RawClient client = server.Attach();
        foreach (int number in new[] { 0, 1, 2, 15, 16, 17, 253 })
        {
            int[] descriptors = [.. Enumerable.Range(0, number).Select(index => kinds[index % kinds.Length])];
            for (ushort command = 1; command <= 19; command++)
            {
                client.Send(client.Message(command, RawClient.Body(32, 3, 0L, 0x10000L * command, 0x1000L)), descriptors);
                RawReply reply = client.Receive();
                if (number > 1)
                    Assert.That(reply.IsError, Is.True, $"command {command} with {number}");
                client.Post(command, RawClient.Body(32, 3, 0L, 1L, 1L), descriptors);
            }
        }

        // A thousand with one message: every piece brings as many as the kernel takes in one call.
        byte[] whole = client.Message(13, []);
        for (int piece = 0; piece < 4; piece++)
            client.Send(whole.AsSpan(piece * 4, 4), [.. Enumerable.Range(0, 250).Select(index => kinds[index % kinds.Length])]);
        Assert.That(client.Receive().Error, Is.EqualTo(RawClient.Einval));
        Assert.That(server.Device.Resets, Is.EqualTo(0), "no reset with descriptors");
        Assert.That(client.Ask(13).IsError, Is.False);
        foreach (int descriptor in kinds)
            _ = RawSystem.Close(descriptor);
        neighbour.Check();
    }

    [TestCase(0x24u)]
    [TestCase(0x0Cu)]
    [TestCase(0x14u)]
    public void Item_24_interrupts_take_eventfds_only_and_only_as_trigger(uint flags)
    {
        using var server = new ServerUnderTest();
        using RawClient client = server.Attach();
        int* pipe = stackalloc int[2];
        RawSystem.Ok(RawSystem.Pipe(pipe));
        int good = RawSystem.Eventfd();
        int memory = RawSystem.MemoryFile(4096);
        foreach (int wrong in new[] { pipe[1], memory, client.Descriptor })
            Assert.That(client.SetIrqs(flags, 2, 0, 2, good, wrong).Error, Is.EqualTo(RawClient.Einval));
        Assert.That(client.SetIrqs(0x24, 2, 0, 2, good).Error, Is.EqualTo(RawClient.Einval), "too few");
        Assert.That(client.SetIrqs(0x24, 2, 0, 1, good, good).Error, Is.EqualTo(RawClient.Einval), "too many");
        Assert.That(client.SetIrqs(0x21, 2, 0, 1, good).Error, Is.EqualTo(RawClient.Einval), "of no use");
        server.OnLoop(() => server.Device.Host!.Trigger(VfioIrq.Msix, 0));
        Assert.That(RawSystem.ReadEventfd(good), Is.Zero, "nothing of a refused message was done");
        foreach (int descriptor in new[] { pipe[0], pipe[1], good, memory })
            _ = RawSystem.Close(descriptor);
    }

    [TestCase(2u, 0u, 65u)]
    [TestCase(2u, 64u, 1u)]
    [TestCase(2u, 63u, 2u)]
    [TestCase(2u, uint.MaxValue, 1u)]
    [TestCase(2u, 1u, uint.MaxValue)]
    [TestCase(2u, uint.MaxValue, uint.MaxValue)]
    [TestCase(2u, 0x80000000u, 0x80000000u)]
    [TestCase(1u, 0u, 1u)]
    [TestCase(3u, 0u, 1u)]
    [TestCase(5u, 0u, 0u)]
    [TestCase(uint.MaxValue, 0u, 0u)]
    public void Item_27_interrupts_outside_of_their_index_are_EINVAL(uint index, uint start, uint count)
    {
        using var server = new ServerUnderTest();
        using var neighbour = new Neighbour(server);
        using RawClient client = server.Attach();
        int eventfd = RawSystem.Eventfd();
        foreach (uint flags in new uint[] { 0x21, 0x24, 0x09, 0x11, 0x22 })
            Assert.That(client.SetIrqs(flags, index, start, count).Error, Is.EqualTo(RawClient.Einval));
        Assert.That(client.SetIrqs(0x24, index, start, count, eventfd).Error, Is.EqualTo(RawClient.Einval));
        _ = RawSystem.Close(eventfd);
        neighbour.Check();
    }

    [TestCase(0u)]
    [TestCase(0x01u)]
    [TestCase(0x20u)]
    [TestCase(0x23u)]
    [TestCase(0x31u)]
    [TestCase(0x39u)]
    [TestCase(0x61u)]
    [TestCase(0x80000021u)]
    [TestCase(uint.MaxValue)]
    public void Item_27_flags_that_are_no_one_action_on_one_kind_of_data_are_EINVAL(uint flags)
    {
        using var server = new ServerUnderTest();
        using RawClient client = server.Attach();
        Assert.That(client.SetIrqs(flags, 2, 0, 1).Error, Is.EqualTo(RawClient.Einval));
        Assert.That(client.SetIrqs(0x09, 2, 0, 0).Error, Is.EqualTo(RawClient.Einval), "none masked");
        Assert.That(client.SetIrqs(0x21, 2, 1, 0).Error, Is.EqualTo(RawClient.Einval), "none from one on");
        Assert.That(client.SetIrqs(0x24, 2, 0, 0).Error, Is.EqualTo(RawClient.Einval), "none given");
        Assert.That(client.Ask(8, 22, 0x22, 2, 0, 3, new byte[2]).Error, Is.EqualTo(RawClient.Einval), "three answers in two bytes");
        Assert.That(client.Ask(8, 20, 0x21, 2, 0).Error, Is.EqualTo(RawClient.Einval), "cut");
    }

    [Test]
    public void Item_27_an_eventfd_that_is_dead_or_full_or_blocks_holds_nobody_up()
    {
        using var server = new ServerUnderTest();
        using var neighbour = new Neighbour(server);
        using RawClient client = server.Attach();
        int dead = RawSystem.Eventfd();
        int full = RawSystem.Eventfd();
        int blocking = RawSystem.Eventfd();
        Assert.That(client.SetIrqs(0x24, 2, 0, 3, dead, full, blocking).IsError, Is.False);
        _ = RawSystem.Close(dead);
        ulong most = ulong.MaxValue - 1;
        foreach (int descriptor in new[] { full, blocking })
            Assert.That(RawSystem.Write(descriptor, &most, 8), Is.EqualTo((nint)8));

        // The flags are shared with the server's end.
        RawSystem.Ok(RawSystem.FileControl(blocking, 4, 2));
        server.OnLoop(() =>
        {
            for (int vector = 0; vector < 3; vector++)
                server.Device.Host!.Trigger(VfioIrq.Msix, vector);
        });
        Assert.That(RawSystem.ReadEventfd(full), Is.EqualTo(most));
        Assert.That(RawSystem.ReadEventfd(blocking), Is.EqualTo(most));
        server.OnLoop(() => server.Device.Host!.Trigger(VfioIrq.Msix, 2));
        Assert.That(RawSystem.ReadEventfd(blocking), Is.EqualTo(1));
        _ = RawSystem.Close(full);
        _ = RawSystem.Close(blocking);
        neighbour.Check();
    }
}
