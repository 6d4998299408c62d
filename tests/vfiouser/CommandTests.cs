// Every command's good path, with the bytes that QEMU sends, and what each refuses.
using System;
using System.Buffers.Binary;
using System.IO;
using System.Linq;
using System.Text;
using NUnit.Framework;
using SmartNicFw.Emulator.Memory;
using SmartNicFw.Emulator.VfioUser;

namespace SmartNicFw.Tests.VfioUser;

public sealed unsafe class VfioUserCommandTests
{
    private const uint Enotsup = 95;

    private static string Json(RawReply reply) => Encoding.ASCII.GetString(reply.Body[4..]);

    [Test]
    public void A_VERSION_of_QEMU_is_answered_with_0_0_and_a_reply_that_is_not_longer()
    {
        using var server = new ServerUnderTest();
        using var client = new RawClient(server.Path);
        byte[] request = client.Message(1, RawClient.Version(RawClient.QemuCapabilities));
        Assert.That(request, Has.Length.EqualTo(214));
        client.Send(request);
        RawReply reply = client.Receive();

        Assert.That(reply.IsError, Is.False);
        Assert.That(16 + reply.Body.Length, Is.LessThanOrEqualTo(request.Length));
        Assert.That(reply.Body[..4], Is.EqualTo(new byte[4]));
        Assert.That(Json(reply), Is.EqualTo(
            "{\"capabilities\":{\"max_msg_fds\":16,\"max_data_xfer_size\":1048576,\"max_dma_maps\":65535,\"pgsizes\":4096,\"write_multiple\":true}}\0"));
        Assert.That(server.Device.Told, Is.EqualTo(new[] { "attach" }));
    }

    [TestCase("", "")]
    [TestCase("{}\0", "{}\0")]
    [TestCase("{\"capabilities\":{}}\0", "{\"capabilities\":{}}\0")]
    [TestCase("{\"capabilities\":{\"max_msg_fds\":1}}\0", "{}\0")]
    [TestCase("{\"other\":[1,{\"a\":2}],\"capabilities\":{\"max_msg_fds\":16,\"twin_socket\":{\"supported\":true}}}\0", "{\"capabilities\":{\"max_msg_fds\":16}}\0")]
    [TestCase("{\"capabilities\":{\"write_multiple\":false}}\0", "{\"capabilities\":{}}\0")]
    public void A_VERSION_is_answered_with_what_was_proposed_as_far_as_it_fits(string proposal, string answer)
    {
        using var server = new ServerUnderTest();
        using var client = new RawClient(server.Path);
        RawReply reply = client.Ask(1, RawClient.Version(proposal, minor: 1));
        Assert.That(reply.Body[..4], Is.EqualTo(new byte[4]), "0.0, not above");
        Assert.That(Json(reply), Is.EqualTo(answer));
        Assert.That(client.Ask(4, 16, 0, 0, 0).IsError, Is.False);
    }

    [Test]
    public void A_second_VERSION_is_refused_and_the_session_goes_on()
    {
        using var server = new ServerUnderTest();
        using RawClient client = server.Attach();
        Assert.That(client.Ask(1, RawClient.Version(RawClient.QemuCapabilities)).Error, Is.EqualTo(RawClient.Einval));
        Assert.That(client.Ask(4, 16, 0, 0, 0).IsError, Is.False);
    }

    [Test]
    public void Device_info_names_a_PCI_device_that_can_be_reset_with_9_regions_and_5_interrupts()
    {
        using var server = new ServerUnderTest();
        using RawClient client = server.Attach();
        Assert.That(client.Ask(4, 16, 0, 0, 0).Body, Is.EqualTo(RawClient.Body(16, 3, 9, 5)));
        Assert.That(client.Ask(4, 15, 0, 0, 0).Error, Is.EqualTo(RawClient.Einval), "no room for the reply");
        Assert.That(client.Ask(4, 16, 0, 0).Error, Is.EqualTo(RawClient.Einval), "cut");
    }

    [Test]
    public void Region_info_says_the_size_of_each_region_and_zero_of_those_that_are_absent()
    {
        using var server = new ServerUnderTest();
        using RawClient client = server.Attach();
        foreach (uint index in new uint[] { 0, 1, 2, 3, 4, 5, 7 })
        {
            ulong size = index switch { 0 => FakeDevice.Bar0Bytes, 7 => FakeDevice.ConfigBytes, _ => 0 };
            Assert.That(client.Ask(5, 32, 0, index, 0, 0L, 0L).Body, Is.EqualTo(RawClient.Body(32, size == 0 ? 0 : 3, index, 0, size, 0L)));
        }

        Assert.That(client.Ask(5, 32, 0, 9, 0, 0L, 0L).Error, Is.EqualTo(RawClient.Einval));
        Assert.That(client.Ask(5, 32, 0, uint.MaxValue, 0, 0L, 0L).Error, Is.EqualTo(RawClient.Einval));
        Assert.That(client.Ask(5, 31, 0, 0, 0, 0L, 0L).Error, Is.EqualTo(RawClient.Einval));
    }

    [Test]
    public void Interrupt_info_counts_MSI_X_and_is_an_error_for_ERR_and_REQ()
    {
        using var server = new ServerUnderTest();
        using RawClient client = server.Attach();
        Assert.That(client.Ask(7, 16, 0, 2, 0).Body, Is.EqualTo(RawClient.Body(16, 1, 2, FakeDevice.Vectors)));
        Assert.That(client.Ask(7, 16, 0, 1, 0).Body, Is.EqualTo(RawClient.Body(16, 1, 1, 0)));
        Assert.That(client.Ask(7, 16, 0, 0, 0).Body, Is.EqualTo(RawClient.Body(16, 3, 0, 1)));
        foreach (uint index in new uint[] { 3, 4, 5, 0x80000000, uint.MaxValue })
            Assert.That(client.Ask(7, 16, 0, index, 0).Error, Is.EqualTo(RawClient.Einval));
    }

    [Test]
    public void A_region_is_read_and_written_in_any_length_up_to_a_megabyte()
    {
        using var server = new ServerUnderTest();
        using RawClient client = server.Attach();
        foreach (int length in new[] { 1, 2, 3, 4, 8, 4096, 4097, 65536, 1 << 20 })
        {
            byte[] data = new byte[length];
            new Random(length).NextBytes(data);
            RawReply reply = client.WriteRegion(0, 0x100, data);
            Assert.That(reply.Body, Is.EqualTo(RawClient.Body(0x100L, 0, length)));
            Assert.That(client.ReadRegion(0, 0x100, (uint)length), Is.EqualTo(data));
        }

        server.Device.Region(7)[0x10] = 0xA5;
        RawReply whole = client.Ask(9, 0L, 7, FakeDevice.ConfigBytes);
        Assert.That(whole.Body[..16], Is.EqualTo(RawClient.Body(0L, 7, FakeDevice.ConfigBytes)));
        Assert.That(whole.Body[16 + 0x10], Is.EqualTo(0xA5));
    }

    [TestCase(7u, 4096UL, 1u)]
    [TestCase(7u, 4095UL, 2u)]
    [TestCase(7u, 0UL, 0u)]
    [TestCase(7u, 0UL, 4097u)]
    [TestCase(7u, ulong.MaxValue, 1u)]
    [TestCase(7u, ulong.MaxValue, 2u)]
    [TestCase(1u, 0UL, 1u)]
    [TestCase(9u, 0UL, 1u)]
    [TestCase(uint.MaxValue, 0UL, 1u)]
    [TestCase(0u, 0UL, (1u << 20) + 1)]
    [TestCase(0u, 0UL, uint.MaxValue)]
    public void An_access_outside_of_a_region_is_EINVAL(uint region, ulong offset, uint count)
    {
        using var server = new ServerUnderTest();
        using RawClient client = server.Attach();
        Assert.That(client.Ask(9, offset, region, count).Error, Is.EqualTo(RawClient.Einval));
        Assert.That(client.Ask(10, offset, region, count, new byte[Math.Min(count, 4097)]).Error, Is.EqualTo(RawClient.Einval));
        Assert.That(client.Ask(15, 1L, offset, region, count, 0L).Error, Is.EqualTo(RawClient.Einval));
        Assert.That(server.Device.Writes(), Is.Empty);
    }

    [TestCase(3)]
    [TestCase(5)]
    public void A_write_whose_data_are_not_as_long_as_it_says_is_EINVAL(int data)
    {
        using var server = new ServerUnderTest();
        using RawClient client = server.Attach();
        Assert.That(client.Ask(10, RawClient.Body(0L, 0, 4, new byte[data])).Error, Is.EqualTo(RawClient.Einval));
        Assert.That(client.Ask(9, RawClient.Body(0L, 0, 4, new byte[data])).Error, Is.EqualTo(RawClient.Einval));
        Assert.That(server.Device.Writes(), Is.Empty);
    }

    [Test]
    public void Posted_writes_and_WRITE_MULTI_take_effect_in_order_before_the_reply_to_what_follows()
    {
        using var server = new ServerUnderTest();
        using RawClient client = server.Attach();
        for (byte round = 0; round < 200; round++)
        {
            client.Post(10, RawClient.Body((ulong)round, 0, 1, new[] { round }));
            client.Post(15, RawClient.Body(
                3L,
                0x1000L, 0, 4, new byte[] { round, 1, 0, 0, 0, 0, 0, 0 },
                0x2000L, 0, 2, new byte[] { round, 2, 9, 9, 9, 9, 9, 9 },
                0x3000L, 7 - 7, 8, new byte[] { round, 3, 0, 0, 0, 0, 0, 0 }));
        }

        RawReply reply = client.Ask(15, 1L, 0x4000L, 0, 1, 7L);
        Assert.That(reply.Body, Is.EqualTo(RawClient.Body(1L)));
        string[] writes = server.Device.Writes();
        Assert.That(writes, Has.Length.EqualTo((200 * 4) + 1));
        for (int round = 0; round < 200; round++)
        {
            Assert.That(writes[(round * 4)..((round * 4) + 4)], Is.EqualTo(new[]
            {
                $"write 0 {round:X} {round:X2}", $"write 0 1000 {round:X2}010000", $"write 0 2000 {round:X2}02", $"write 0 3000 {round:X2}03000000000000",
            }));
        }
    }

    [TestCase(0UL, 24)]
    [TestCase(2UL, 24)]
    [TestCase(1UL, 23)]
    [TestCase(ulong.MaxValue, 24)]
    [TestCase(0x0AAAAAAAAAAAAAABUL, 8)]
    public void A_WRITE_MULTI_whose_count_lies_writes_nothing(ulong count, int bytes)
    {
        using var server = new ServerUnderTest();
        using RawClient client = server.Attach();
        byte[] entry = RawClient.Body(0L, 0, 1, 1L);
        Assert.That(client.Ask(15, count, entry[..Math.Min(bytes, 24)]).Error, Is.EqualTo(RawClient.Einval));
        Assert.That(client.Ask(15, 2L, entry, RawClient.Body(0L, 0, 9, 1L)).Error, Is.EqualTo(RawClient.Einval), "nine bytes in eight");
        Assert.That(server.Device.Writes(), Is.Empty);
    }

    [Test]
    public void A_reset_reaches_the_device_and_is_answered_with_a_header()
    {
        using var server = new ServerUnderTest();
        using RawClient client = server.Attach();
        Assert.That(client.Ask(13).Body, Is.Empty);
        Assert.That(client.Ask(13).Body, Is.Empty);
        Assert.That(server.Device.Resets, Is.EqualTo(2));
    }

    [Test]
    public void Commands_of_migration_and_of_the_server_and_unknown_ones_are_refused_and_the_session_goes_on([Values(0, 6, 14, 16, 17, 18, 19, 0x7FFF, 0xFFFF)] int command)
    {
        using var server = new ServerUnderTest();
        using RawClient client = server.Attach();
        Assert.That(client.Ask((ushort)command, new byte[24]).Error, Is.EqualTo(Enotsup));
        Assert.That(client.Ask(11, 0x1000L, 4L).Error, Is.EqualTo(RawClient.Einval));
        Assert.That(client.Ask(12, 0x1000L, 4L, 1).Error, Is.EqualTo(RawClient.Einval));
        client.Post((ushort)command, new byte[24]);
        Assert.That(client.Ask(4, 16, 0, 0, 0).IsError, Is.False, "one that wants no reply gets none");
        Assert.That(server.Log.Lines.Count(line => line.Contains("refused", StringComparison.Ordinal)), Is.EqualTo(1), "told once");
    }

    [Test]
    public void Memory_of_a_sealed_file_is_shared_both_ways_until_it_is_unmapped()
    {
        using var server = new ServerUnderTest();
        using RawClient client = server.Attach();
        int file = RawSystem.MemoryFile(1 << 20);
        byte* guest = RawSystem.MapShared(file, 1 << 20);
        Assert.That(client.MapDma(0x10000, 0x8000, file, 0x4000).Body, Is.Empty);
        _ = RawSystem.Close(file);

        guest[0x4000 + 0x123] = 0x5A;
        server.OnLoop(() =>
        {
            Assert.That(server.Device.Host!.Memory.TryTranslate(0x10123, 0x8000 - 0x123, out byte* host), Is.True);
            Assert.That(*host, Is.EqualTo(0x5A));
            host[1] = 0xA5;
            Assert.That(server.Device.Host!.Memory.TryTranslate(0x18000, 1, out _), Is.False);
        });
        Assert.That(guest[0x4000 + 0x124], Is.EqualTo(0xA5));

        Assert.That(client.UnmapDma(0x10000, 0x8000).Body, Is.EqualTo(RawClient.Body(24, 0, 0x10000L, 0x8000L)));
        Assert.That(server.Device.Told[^1], Is.EqualTo("unmapping 10000 8000 of 1"), "told while it is still mapped");
        server.OnLoop(() => Assert.That(server.Device.Host!.Memory.RegionCount, Is.Zero));
        RawSystem.Unmap(guest, 1 << 20);
    }

    [Test]
    public void An_unmapping_takes_all_ranges_within_it_and_cuts_none()
    {
        using var server = new ServerUnderTest();
        using RawClient client = server.Attach();
        int file = RawSystem.MemoryFile(1 << 20);
        foreach (ulong iova in new ulong[] { 0, 0x2000, 0x8000, ulong.MaxValue - 0xFFF })
            Assert.That(client.MapDma(iova, 0x1000, file).IsError, Is.False);
        Assert.That(client.MapDma(0x10000, 0x4000, file).IsError, Is.False);
        _ = RawSystem.Close(file);

        foreach ((ulong iova, ulong size) in new (ulong, ulong)[] { (0x10000, 0x1000), (0x11000, 0x3000), (0xF000, 0x2000), (0x13000, 0x8000), (0x11000, 0x1000) })
            Assert.That(client.UnmapDma(iova, size).Error, Is.EqualTo(RawClient.Einval), "cut");
        Assert.That(client.UnmapDma(0x9000, 0x1000).IsError, Is.False, "nothing there");
        server.OnLoop(() => Assert.That(server.Device.Host!.Memory.RegionCount, Is.EqualTo(5)));

        Assert.That(client.UnmapDma(0, 0x8000).IsError, Is.False);
        server.OnLoop(() => Assert.That(server.Device.Host!.Memory.RegionCount, Is.EqualTo(3)));
        Assert.That(client.UnmapDma(1UL << 63, 1UL << 63).IsError, Is.False, "up to 2^64");
        server.OnLoop(() => Assert.That(server.Device.Host!.Memory.RegionCount, Is.EqualTo(2)));
        Assert.That(client.UnmapDma(0, 0).Error, Is.EqualTo(RawClient.Einval));
        Assert.That(client.UnmapDma(0x1000, 0x1000, flags: 2).Error, Is.EqualTo(RawClient.Einval));
        Assert.That(client.UnmapDma(0, 0, flags: 1).Error, Is.EqualTo(RawClient.Einval));
        Assert.That(client.UnmapDma(0, 0, flags: 2).IsError, Is.False, "all");
        server.OnLoop(() => Assert.That(server.Device.Host!.Memory.RegionCount, Is.Zero));
        Assert.That(server.Device.Told.Count(line => line.StartsWith("unmapping", StringComparison.Ordinal)), Is.EqualTo(5));
    }

    [Test]
    public void MSI_X_is_enabled_as_QEMU_does_and_each_vector_has_its_eventfd()
    {
        using var server = new ServerUnderTest();
        using RawClient client = server.Attach();
        int[] vectors = [RawSystem.Eventfd(), RawSystem.Eventfd(), RawSystem.Eventfd()];
        Assert.That(client.SetIrqs(0x24, 2, 0, 1).IsError, Is.False, "unset");
        for (uint vector = 0; vector < 3; vector++)
            Assert.That(client.SetIrqs(0x24, 2, vector, 1, vectors[vector]).Body, Is.Empty);
        server.OnLoop(() =>
        {
            server.Device.Host!.Trigger(VfioIrq.Msix, 1);
            server.Device.Host!.Trigger(VfioIrq.Msix, 1);
            server.Device.Host!.Trigger(VfioIrq.Msix, 2);
            foreach ((int index, int vector) in new[] { (2, 3), (2, -1), (2, int.MaxValue), (-1, 0), (5, 0), (0, 0), (1, 1) })
                server.Device.Host!.Trigger(index, vector);
        });
        Assert.That(vectors.Select(RawSystem.ReadEventfd), Is.EqualTo(new ulong[] { 0, 2, 1 }));

        Assert.That(client.SetIrqs(0x21, 2, 0, 3).IsError, Is.False, "a client may trigger");
        Assert.That(vectors.Select(RawSystem.ReadEventfd), Is.EqualTo(new ulong[] { 1, 1, 1 }));
        Assert.That(client.Ask(8, 23, 0x22, 2, 0, 3, new byte[] { 1, 0, 1 }).IsError, Is.False, "chosen ones");
        Assert.That(vectors.Select(RawSystem.ReadEventfd), Is.EqualTo(new ulong[] { 1, 0, 1 }));

        Assert.That(client.SetIrqs(0x24, 2, 1, 1).IsError, Is.False, "one unset");
        Assert.That(client.SetIrqs(0x21, 2, 0, 3).IsError, Is.False);
        Assert.That(vectors.Select(RawSystem.ReadEventfd), Is.EqualTo(new ulong[] { 1, 0, 1 }));
        Assert.That(client.SetIrqs(0x21, 2, 0, 0).IsError, Is.False, "all unset");
        server.OnLoop(() => server.Device.Host!.Trigger(VfioIrq.Msix, 0));
        Assert.That(vectors.Select(RawSystem.ReadEventfd), Is.EqualTo(new ulong[] { 0, 0, 0 }));
        foreach (int vector in vectors)
            _ = RawSystem.Close(vector);
    }

    [Test]
    public void A_masked_interrupt_comes_when_it_is_unmasked()
    {
        using var server = new ServerUnderTest();
        using RawClient client = server.Attach();
        int line = RawSystem.Eventfd();
        Assert.That(client.SetIrqs(0x24, 0, 0, 1, line).IsError, Is.False);
        Assert.That(client.SetIrqs(0x09, 0, 0, 1).IsError, Is.False, "mask");
        server.OnLoop(() => server.Device.Host!.Trigger(VfioIrq.Intx, 0));
        Assert.That(RawSystem.ReadEventfd(line), Is.Zero);
        Assert.That(client.SetIrqs(0x11, 0, 0, 1).IsError, Is.False, "unmask");
        Assert.That(RawSystem.ReadEventfd(line), Is.EqualTo(1));
        Assert.That(client.SetIrqs(0x11, 0, 0, 1).IsError, Is.False);
        Assert.That(RawSystem.ReadEventfd(line), Is.Zero);
        _ = RawSystem.Close(line);
    }

    [Test]
    public void What_the_device_sends_within_an_access_goes_behind_the_reply()
    {
        using var server = new ServerUnderTest();
        using RawClient client = server.Attach();
        RemoteAccess within = RemoteAccess.Done;
        server.Device.During = (_, _) =>
        {
            server.Device.Host!.WriteMessage(0xFEE00000, [1, 2, 3, 4]);
            within = ((VfioUserSession)server.Device.Host!).Read(0x1000, new byte[4]);
        };
        Assert.That(client.MapDma(0x1000, 0x1000).IsError, Is.False);
        foreach (ushort command in new ushort[] { 9, 10 })
        {
            RawReply reply = client.Ask(command, RawClient.Body(0L, 0, 4, new byte[command == 10 ? 4 : 0]));
            Assert.That(reply.IsError, Is.False);
            Assert.That(within, Is.EqualTo(RemoteAccess.Busy));
            RawReply message = client.Receive();
            Assert.That(message.Command, Is.EqualTo(12));
            Assert.That(message.Flags, Is.EqualTo(0x10));
            Assert.That(message.Body, Is.EqualTo(RawClient.Body(0xFEE00000L, 4L, new byte[] { 1, 2, 3, 4 })));
        }
    }
}
