// Items 25 and 26 of the list of hostile inputs: mappings that cannot be or are too many, and files that would not hold.
using System;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Memory;
using SmartNicFw.Emulator.VfioUser;

namespace SmartNicFw.Tests.VfioUser;

public sealed unsafe class VfioUserHostileMappingTests
{
    [Test]
    public void Item_25_overlapping_wrapping_empty_and_unaligned_mappings_are_refused()
    {
        using var server = new ServerUnderTest();
        using var neighbour = new Neighbour(server);
        using RawClient client = server.Attach();
        int file = RawSystem.MemoryFile(0x100000);
        Assert.That(client.MapDma(0x10000, 0x4000, file).IsError, Is.False);
        foreach ((ulong iova, ulong size) in new (ulong, ulong)[] { (0x10000, 0x4000), (0xF000, 0x2000), (0x13000, 0x2000), (0x11000, 0x1000), (0, 1UL << 40) })
        {
            Assert.That(client.MapDma(iova, size, file).Error, Is.EqualTo(RawClient.Eexist), $"{iova:X} {size:X}");
            Assert.That(client.MapDma(iova, size).Error, Is.EqualTo(RawClient.Eexist), $"{iova:X} {size:X} without file");
        }

        foreach ((ulong iova, ulong size, ulong offset, uint flags) in new (ulong, ulong, ulong, uint)[]
        {
            (0x20000, 0, 0, 3), (ulong.MaxValue - 0xFFF, 0x2000, 0, 3), (0x20000, ulong.MaxValue & ~0xFFFUL, 0, 3), (0x20001, 0x1000, 0, 3),
            (0x20000, 0x1001, 0, 3), (0x20000, 0x1000, 1, 3), (0x20000, 0x1000, 0, 0), (0x20000, 0x1000, 0, 4), (0x20000, 0x1000, 0, 0x80000003),
        })
        {
            Assert.That(client.MapDma(iova, size, -1, offset, flags).Error, Is.EqualTo(RawClient.Einval), $"{iova:X} {size:X}");
            Assert.That(client.MapDma(iova, size, file, offset, flags).Error, Is.EqualTo(RawClient.Einval), $"{iova:X} {size:X}");
        }

        foreach ((ulong size, ulong offset) in new (ulong, ulong)[]
            { (0x101000, 0), (0x1000, 0x100000), (0x100000, 0x1000), (0x1000, ulong.MaxValue & ~0xFFFUL), (0x2000, ulong.MaxValue & ~0xFFFUL) })
            Assert.That(client.MapDma(0x200000, size, file, offset).Error, Is.EqualTo(RawClient.Einval), "beyond the file");
        Assert.That(client.Ask(2, RawClient.Body(32, 3, 0L, 0x900000L)).Error, Is.EqualTo(RawClient.Einval), "cut");
        Assert.That(client.Ask(2, RawClient.Body(32, 3, 0L, 0x900000L, 0x1000L, 0)).Error, Is.EqualTo(RawClient.Einval), "too long");
        server.OnLoop(() => Assert.That(server.Device.Host!.Memory.RegionCount, Is.EqualTo(1)));
        Assert.That(client.MapDma(ulong.MaxValue - 0xFFF, 0x1000, file).IsError, Is.False, "the last page is one like any other");
        _ = RawSystem.Close(file);
        neighbour.Check();
    }

    [Test]
    public void Item_25_the_65536th_mapping_is_refused_and_all_of_one_file_cost_one_mapping_of_the_process()
    {
        using var server = new ServerUnderTest();
        using var neighbour = new Neighbour(server);
        using RawClient client = server.Attach();
        int file = RawSystem.MemoryFile(65536L * 4096);
        const int Wave = 64;
        for (int first = 0; first < 65536; first += Wave)
        {
            for (int index = first; index < first + Wave; index++)
                client.Send(client.Message(2, RawClient.Body(32, 3, (ulong)index * 4096, (ulong)index * 4096, 4096L)), [file]);
            for (int index = first; index < first + Wave; index++)
                Assert.That(client.Receive().Error, Is.EqualTo(index == 65535 ? RawClient.Enospc : 0), $"mapping {index}");
        }

        _ = RawSystem.Close(file);
        server.OnLoop(() =>
        {
            var session = (VfioUserSession)server.Device.Host!;
            Assert.That(session.Memory.RegionCount, Is.EqualTo(65535));
            Assert.That(session.Memory.TryTranslate(65534UL * 4096, 4096, out byte* last), Is.True);
            Assert.That(session.Memory.TryTranslate(0, 4096, out byte* first), Is.True);
            Assert.That(last - first, Is.EqualTo(65534L * 4096));
        });
        Assert.That(client.MapDma(1UL << 40, 4096).Error, Is.EqualTo(RawClient.Enospc), "messages count too");
        Assert.That(client.UnmapDma(0, 4096).IsError, Is.False);
        Assert.That(client.MapDma(1UL << 40, 4096).IsError, Is.False);
        neighbour.Check();
    }

    [Test]
    public void Item_25_mappings_in_any_order_come_and_go_and_neighbours_are_served_meanwhile()
    {
        using var server = new ServerUnderTest();
        using var neighbour = new Neighbour(server);
        using RawClient client = server.Attach();
        int file = RawSystem.MemoryFile(4096);
        for (int index = 19_999; index >= 0; index--)
            client.Post(2, RawClient.Body(32, 3, 0L, (ulong)index * 4096, 4096L), index % 2 == 0 ? [file] : []);
        neighbour.Check();
        Assert.That(client.Ask(13).IsError, Is.False);
        server.OnLoop(() => Assert.That(server.Device.Host!.Memory.RemoteCount, Is.EqualTo(10_000)));
        for (int index = 0; index < 20_000; index += 3)
            client.Post(3, RawClient.Body(24, 0, (ulong)index * 4096, 4096L));
        neighbour.Check();
        Assert.That(client.Ask(13).IsError, Is.False);
        server.OnLoop(() => Assert.That(server.Device.Host!.Memory.RemoteCount, Is.EqualTo(10_000 - 3333)));
        Assert.That(client.UnmapDma(0, 0, flags: 2).IsError, Is.False);
        server.OnLoop(() => Assert.That(server.Device.Host!.Memory.RegionCount, Is.Zero));
        _ = RawSystem.Close(file);
        neighbour.Check();
    }

    [Test]
    public void Item_25_a_file_that_can_shrink_or_is_no_memory_or_cannot_be_written_is_reached_by_messages()
    {
        using var server = new ServerUnderTest();
        using var neighbour = new Neighbour(server);
        using RawClient client = server.Attach();
        int unsealed = RawSystem.MemoryFile(0x10000, seals: 0);
        int sealedToo = RawSystem.MemoryFile(0x10000);
        int readOnly = RawSystem.Ok(RawSystem.Open($"/proc/self/fd/{sealedToo}", 0));
        int writeSealed = RawSystem.MemoryFile(0x10000, seals: RawSystem.SealShrink | 8);
        int eventfd = RawSystem.Eventfd();
        ulong iova = 0;
        foreach (int file in new[] { unsealed, readOnly, writeSealed, eventfd })
            Assert.That(client.MapDma(iova += 0x10000, 0x10000, file).IsError, Is.False);
        Assert.That(client.MapDma(iova += 0x10000, 0x10000, sealedToo, flags: 1).IsError, Is.False, "to be read only");
        Assert.That(client.MapDma(iova += 0x10000, 0x10000, sealedToo, flags: 2).IsError, Is.False, "to be written only");

        // This is what a mapping of it would not survive.
        RawSystem.Ok(RawSystem.Truncate(unsealed, 0));
        server.OnLoop(() =>
        {
            var session = (VfioUserSession)server.Device.Host!;
            Assert.That((session.Memory.RegionCount, session.Memory.RemoteCount), Is.EqualTo((6, 4)));
            for (ulong at = 0x10000; at <= 0x60000; at += 0x10000)
            {
                Assert.That(CanTranslate(session.Memory, at, MemoryAccess.Write), Is.EqualTo(at != 0x50000));
                Assert.That(CanTranslate(session.Memory, at, MemoryAccess.None), Is.True);
                Assert.That(session.ReachesByMessage(at, 0x10000, isWrite: false), Is.EqualTo(at != 0x60000));
                Assert.That(session.ReachesByMessage(at, 0x10000, isWrite: true), Is.EqualTo(at != 0x50000));
                Assert.That(session.ReachesByMessage(at + 1, 0x10000, isWrite: false), Is.False, "not over the end");
            }
        });
        Assert.That(server.Log.Lines.Count(line => line.Contains("sealed", StringComparison.Ordinal)), Is.EqualTo(1));
        foreach (int descriptor in new[] { unsealed, sealedToo, readOnly, writeSealed, eventfd })
            _ = RawSystem.Close(descriptor);
        neighbour.Check();
    }

    [Test]
    public void Item_25_files_beyond_what_one_client_may_have_mapped_are_reached_by_messages()
    {
        using var server = new ServerUnderTest();
        using var neighbour = new Neighbour(server);
        using RawClient client = server.Attach();
        int huge = RawSystem.MemoryFile(1L << 45);
        Assert.That(client.MapDma(0, 1UL << 45, huge).IsError, Is.False);
        server.OnLoop(() => Assert.That(server.Device.Host!.Memory.RegionCount, Is.Zero, "not 32 TiB of this process"));
        _ = RawSystem.Close(huge);
        for (uint index = 0; index < 300; index++)
        {
            int file = RawSystem.MemoryFile(4096);
            Assert.That(client.MapDma((1UL << 46) + (index * 4096), 4096, file).IsError, Is.False);
            _ = RawSystem.Close(file);
        }

        server.OnLoop(() => Assert.That(
            (server.Device.Host!.Memory.RegionCount, server.Device.Host!.Memory.RemoteCount), Is.EqualTo((300, 44))));
        neighbour.Check();
    }

    [Test]
    public void Item_25_a_file_that_has_grown_is_mapped_again_to_its_end()
    {
        using var server = new ServerUnderTest();
        using RawClient client = server.Attach();
        int file = RawSystem.MemoryFile(0x1000, seals: RawSystem.SealShrink);
        Assert.That(client.MapDma(0, 0x1000, file).IsError, Is.False);
        Assert.That(client.MapDma(0x1000, 0x1000, file, 0x1000).Error, Is.EqualTo(RawClient.Einval));
        RawSystem.Ok(RawSystem.Truncate(file, 0x3000));
        Assert.That(client.MapDma(0x1000, 0x2000, file, 0x1000).IsError, Is.False);
        byte* guest = RawSystem.MapShared(file, 0x3000);
        _ = RawSystem.Close(file);
        server.OnLoop(() =>
        {
            Assert.That(server.Device.Host!.Memory.TryTranslate(0x2FFF, 1, out byte* host), Is.True);
            *host = 0x77;
        });
        Assert.That(guest[0x2FFF], Is.EqualTo(0x77));
        Assert.That(client.UnmapDma(0, 0x1000).IsError, Is.False);
        server.OnLoop(() =>
        {
            Assert.That(server.Device.Host!.Memory.TryTranslate(0x1000, 1, out byte* host), Is.True);
            Assert.That(*host, Is.Zero);
        });
        RawSystem.Unmap(guest, 0x3000);
    }

    private static unsafe bool CanTranslate(GuestMemory memory, ulong iova, MemoryAccess access) =>
        memory.TryTranslate(iova, 0x10000, out _, access);

    [Test]
    public void Item_26_an_unmapping_is_answered_after_the_device_has_let_go_of_the_range()
    {
        using var server = new ServerUnderTest();
        using var neighbour = new Neighbour(server);
        using RawClient client = server.Attach();
        int file = RawSystem.MemoryFile(0x10000);
        for (int round = 0; round < 100; round++)
        {
            Assert.That(client.MapDma(0x10000, 0x10000, file).IsError, Is.False);
            server.OnLoop(() => Assert.That(server.Device.Host!.Memory.TryTranslate(0x10000, 1, out _), Is.True));
            Assert.That(client.UnmapDma(0x10000, 0x10000).IsError, Is.False);
            Assert.That(server.Device.Told[^1], Is.EqualTo("unmapping 10000 10000 of 1"), "asked while the range is still there");
            server.OnLoop(() => Assert.That(server.Device.Host!.Memory.TryTranslate(0x10000, 1, out _), Is.False));
        }

        // Reset, detach and death take ranges away in the same order: the device first.
        Assert.That(client.MapDma(0x10000, 0x10000, file).IsError, Is.False);
        _ = RawSystem.Close(file);
        client.Dispose();
        Assert.That(server.Eventually(() => server.Device.Told[^1] == "detach"), Is.True);
        neighbour.Check();
    }
}
