// Items 22 to 28 of the list of hostile inputs: a bad client is refused or closed, and its neighbour notices nothing.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Text;
using System.Threading;
using NUnit.Framework;
using SmartNicFw.Emulator.Memory;
using SmartNicFw.Emulator.VfioUser;

namespace SmartNicFw.Tests.VfioUser;

public sealed unsafe class VfioUserHostileClientTests
{
    private const uint Einval = 22;
    private const uint Eexist = 17;
    private const uint Enospc = 28;

    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(150);

    private static readonly string[] BadJson =
    [
        "{", "{\0", "[]\0", "\"x\"\0", "1\0", "\0", "{}", "{}x\0", "{}{}\0", "{\"capabilities\":1}\0", "{\"capabilities\":[]}\0",
        "{\"capabilities\":null}\0", "{\"capabilities\":{\"max_msg_fds\":\"16\"}}\0", "{\"capabilities\":{\"max_msg_fds\":-1}}\0",
        "{\"capabilities\":{\"max_msg_fds\":1.5}}\0", "{\"capabilities\":{\"max_msg_fds\":99999999999999999999}}\0",
        "{\"capabilities\":{\"max_data_xfer_size\":0}}\0", "{\"capabilities\":{\"pgsizes\":8192}}\0", "{\"capabilities\":{\"write_multiple\":1}}\0",
        "{\"capabilities\":{\"max_dma_maps\":{}}}\0", "{\"capabilities\":{\"x\":}}\0", "{\"capabilities\":{,}}\0", "{'capabilities':{}}\0",
        "{\"capabilities\":{\"\\uD800\":1,\"max_msg_fds\":\"\\uD800\"}}\0", "{\"a\":\u0001}\0", "{}\0\0", "{\"a\":\"\0\"}\0",
    ];

    private static IEnumerable<byte[]> BadVersions()
    {
        foreach (string json in BadJson)
            yield return RawClient.Version(json);
        yield return RawClient.Version(new string('[', 100_000) + "\0");
        yield return RawClient.Version("{\"a\":" + new string('[', 9) + new string(']', 9) + "}\0");
        yield return RawClient.Version("{\"capabilities\":" + string.Concat(Enumerable.Repeat("{\"capabilities\":", 1000)) + "\0");
        yield return RawClient.Version("{\"a\":\"" + new string('x', 5000) + "\"}\0");
        yield return [.. RawClient.Version(""), (byte)'{', (byte)'"', 0xFF, 0xFE, (byte)'"', (byte)':', (byte)'1', (byte)'}', 0];
        yield return RawClient.Version("{}\0", major: 1);
        yield return RawClient.Version("{}\0", major: ushort.MaxValue);
        yield return [0, 0, 0];
        yield return [];
    }

    [TestCase(0u)]
    [TestCase(15u)]
    [TestCase((1u << 20) + 49)]
    [TestCase(0x7FFFFFFFu)]
    [TestCase(0x80000000u)]
    [TestCase(uint.MaxValue)]
    public void Item_22_a_size_below_the_header_or_above_the_maximum_closes_that_client_at_once(uint size)
    {
        using var server = new ServerUnderTest();
        using var neighbour = new Neighbour(server);
        using (RawClient client = server.Attach())
        {
            client.Send(client.Message(13, [], size: size));
            Assert.That(client.IsClosedByServer(), Is.True);
        }

        using (var fresh = new RawClient(server.Path))
        {
            fresh.Send(fresh.Message(1, RawClient.Version("{}\0"), size: size));
            Assert.That(fresh.IsClosedByServer(), Is.True);
        }

        Assert.That(server.Device.Resets, Is.Zero);
        neighbour.Check();
        using RawClient next = server.Attach();
        Assert.That(next.Ask(13).IsError, Is.False);
    }

    [Test]
    public void Item_22_a_client_that_stays_within_a_message_is_closed_after_the_time_out([Values(1, 15, 16, 17, 47)] int bytes)
    {
        using var server = new ServerUnderTest(patience: Short);
        using var neighbour = new Neighbour(server);
        using RawClient client = server.Attach();
        client.Send(client.Message(10, RawClient.Body(0L, 0, 16, new byte[16])).AsSpan(0, bytes));
        Assert.That(client.IsClosedByServer(), Is.True);
        Assert.That(server.Eventually(() => server.Device.Detachments == 1), Is.True);
        Assert.That(server.Log.Lines.Count(line => line.Contains("did not finish a message in time", StringComparison.Ordinal)), Is.EqualTo(1));
        neighbour.Check();
    }

    [Test]
    public void Item_22_trickling_bytes_does_not_prolong_the_time_of_a_message()
    {
        using var server = new ServerUnderTest(patience: Short);
        using var neighbour = new Neighbour(server);
        using RawClient client = server.Attach();
        byte[] message = client.Message(10, RawClient.Body(0L, 0, 60_000, new byte[60_000]));
        int sent = 0;
        while (sent < message.Length && client.TrySend(message.AsSpan(sent, 1)))
        {
            sent++;
            Thread.Sleep(10);
        }

        Assert.That(sent, Is.LessThan(message.Length));
        Assert.That(server.Device.Writes(), Is.Empty);
        neighbour.Check();
    }

    [Test]
    public void Item_22_a_client_that_connects_and_says_nothing_is_closed_after_the_time_out()
    {
        using var server = new ServerUnderTest(patience: Short);
        using var neighbour = new Neighbour(server);
        using var client = new RawClient(server.Path);
        Assert.That(client.IsClosedByServer(), Is.True);
        Assert.That(server.Device.Attachments, Is.Zero);
        neighbour.Check();
        using RawClient next = server.Attach();
        Thread.Sleep(2 * Short);
        Assert.That(next.Ask(13).IsError, Is.False, "one that has attached may be silent as long as it likes");
    }

    [Test]
    public void Item_22_messages_sent_one_byte_at_a_time_are_understood()
    {
        using var server = new ServerUnderTest();
        using var client = new RawClient(server.Path);
        int file = RawSystem.MemoryFile(0x10000);
        byte[] version = client.Message(1, RawClient.Version(RawClient.QemuCapabilities));
        byte[] map = client.Message(2, RawClient.Body(32, 3, 0L, 0x10000L, 0x10000L));
        byte[] write = client.Message(10, RawClient.Body(0x10L, 0, 3, new byte[] { 7, 8, 9 }));
        byte[] read = client.Message(9, RawClient.Body(0x10L, 0, 3));
        foreach (byte[] message in new[] { version, map, write, read })
        {
            for (int at = 0; at < message.Length; at++)
                client.Send(message.AsSpan(at, 1), at == 0 && message == map ? [file] : []);
        }

        _ = RawSystem.Close(file);
        Assert.That(client.Receive().IsError, Is.False);
        Assert.That(client.Receive().IsError, Is.False);
        Assert.That(client.Receive().IsError, Is.False);
        Assert.That(client.Receive().Body[16..], Is.EqualTo(new byte[] { 7, 8, 9 }));
        server.OnLoop(() => Assert.That(server.Device.Host!.Memory.RegionCount, Is.EqualTo(1), "the file came with the message's first byte"));
    }

    [Test]
    public void Item_22_many_messages_in_one_piece_are_answered_one_by_one()
    {
        using var server = new ServerUnderTest();
        using RawClient client = server.Attach();
        byte[] all = [.. Enumerable.Range(0, 3000).SelectMany(index => client.Message(9, RawClient.Body((ulong)index, 0, 1)))];
        for (int index = 0; index < 3000; index++)
            server.Device.Region(0)[index] = (byte)(index * 7);
        var sender = new Thread(() => client.Send(all));
        sender.Start();
        for (int index = 0; index < 3000; index++)
            Assert.That(client.Receive().Body, Is.EqualTo(RawClient.Body((ulong)index, 0, 1, new[] { (byte)(index * 7) })));
        sender.Join();
    }

    [Test]
    public void Item_23_a_command_before_VERSION_is_refused_and_the_client_closed([Range(2, 18)] int command)
    {
        using var server = new ServerUnderTest();
        using var neighbour = new Neighbour(server);
        int file = RawSystem.MemoryFile(0x10000);
        using var client = new RawClient(server.Path);
        client.Send(client.Message((ushort)command, RawClient.Body(32, 3, 0L, 0x10000L, 0x10000L)), [file]);
        _ = RawSystem.Close(file);
        RawReply reply = client.Receive();
        Assert.That(reply.Error, Is.EqualTo(Einval));
        Assert.That(client.IsClosedByServer(), Is.True);
        Assert.That(server.Device.Told, Is.Empty);
        neighbour.Check();
    }

    [Test]
    public void Item_23_a_posted_command_before_VERSION_closes_the_client_without_a_word()
    {
        using var server = new ServerUnderTest();
        using var client = new RawClient(server.Path);
        client.Post(13, []);
        Assert.That(client.TryReceive(), Is.Null);
        Assert.That(server.Device.Told, Is.Empty);
    }

    [Test]
    public void Item_23_malformed_and_deep_JSON_and_other_versions_are_refused()
    {
        using var server = new ServerUnderTest();
        using var neighbour = new Neighbour(server);
        int tried = 0;
        foreach (byte[] body in BadVersions())
        {
            using var client = new RawClient(server.Path);
            client.Send(client.Message(1, body));
            RawReply reply = client.Receive();
            Assert.That(reply.Error, Is.EqualTo(Einval), Encoding.Latin1.GetString(body[..Math.Min(60, body.Length)]));
            Assert.That(client.IsClosedByServer(), Is.True);
            tried++;
        }

        Assert.That(tried, Is.GreaterThan(30));
        Assert.That(server.Device.Told, Is.Empty);
        neighbour.Check();
        server.Attach().Dispose();
    }

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
        Assert.That(client.Receive().Error, Is.EqualTo(Einval));
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
            Assert.That(client.SetIrqs(flags, 2, 0, 2, good, wrong).Error, Is.EqualTo(Einval));
        Assert.That(client.SetIrqs(0x24, 2, 0, 2, good).Error, Is.EqualTo(Einval), "too few");
        Assert.That(client.SetIrqs(0x24, 2, 0, 1, good, good).Error, Is.EqualTo(Einval), "too many");
        Assert.That(client.SetIrqs(0x21, 2, 0, 1, good).Error, Is.EqualTo(Einval), "of no use");
        server.OnLoop(() => server.Device.Host!.Trigger(VfioIrq.Msix, 0));
        Assert.That(RawSystem.ReadEventfd(good), Is.Zero, "nothing of a refused message was done");
        foreach (int descriptor in new[] { pipe[0], pipe[1], good, memory })
            _ = RawSystem.Close(descriptor);
    }

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
            Assert.That(client.MapDma(iova, size, file).Error, Is.EqualTo(Eexist), $"{iova:X} {size:X}");
            Assert.That(client.MapDma(iova, size).Error, Is.EqualTo(Eexist), $"{iova:X} {size:X} without file");
        }

        foreach ((ulong iova, ulong size, ulong offset, uint flags) in new (ulong, ulong, ulong, uint)[]
        {
            (0x20000, 0, 0, 3), (ulong.MaxValue - 0xFFF, 0x2000, 0, 3), (0x20000, ulong.MaxValue & ~0xFFFUL, 0, 3), (0x20001, 0x1000, 0, 3),
            (0x20000, 0x1001, 0, 3), (0x20000, 0x1000, 1, 3), (0x20000, 0x1000, 0, 0), (0x20000, 0x1000, 0, 4), (0x20000, 0x1000, 0, 0x80000003),
        })
        {
            Assert.That(client.MapDma(iova, size, -1, offset, flags).Error, Is.EqualTo(Einval), $"{iova:X} {size:X}");
            Assert.That(client.MapDma(iova, size, file, offset, flags).Error, Is.EqualTo(Einval), $"{iova:X} {size:X}");
        }

        foreach ((ulong size, ulong offset) in new (ulong, ulong)[]
            { (0x101000, 0), (0x1000, 0x100000), (0x100000, 0x1000), (0x1000, ulong.MaxValue & ~0xFFFUL), (0x2000, ulong.MaxValue & ~0xFFFUL) })
            Assert.That(client.MapDma(0x200000, size, file, offset).Error, Is.EqualTo(Einval), "beyond the file");
        Assert.That(client.Ask(2, RawClient.Body(32, 3, 0L, 0x900000L)).Error, Is.EqualTo(Einval), "cut");
        Assert.That(client.Ask(2, RawClient.Body(32, 3, 0L, 0x900000L, 0x1000L, 0)).Error, Is.EqualTo(Einval), "too long");
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
                Assert.That(client.Receive().Error, Is.EqualTo(index == 65535 ? Enospc : 0), $"mapping {index}");
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
        Assert.That(client.MapDma(1UL << 40, 4096).Error, Is.EqualTo(Enospc), "messages count too");
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

    private static unsafe bool CanTranslate(GuestMemory memory, ulong iova, MemoryAccess access) =>
        memory.TryTranslate(iova, 0x10000, out _, access);

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
        Assert.That(client.MapDma(0x1000, 0x1000, file, 0x1000).Error, Is.EqualTo(Einval));
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
            Assert.That(client.SetIrqs(flags, index, start, count).Error, Is.EqualTo(Einval));
        Assert.That(client.SetIrqs(0x24, index, start, count, eventfd).Error, Is.EqualTo(Einval));
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
        Assert.That(client.SetIrqs(flags, 2, 0, 1).Error, Is.EqualTo(Einval));
        Assert.That(client.SetIrqs(0x09, 2, 0, 0).Error, Is.EqualTo(Einval), "none masked");
        Assert.That(client.SetIrqs(0x21, 2, 1, 0).Error, Is.EqualTo(Einval), "none from one on");
        Assert.That(client.SetIrqs(0x24, 2, 0, 0).Error, Is.EqualTo(Einval), "none given");
        Assert.That(client.Ask(8, 22, 0x22, 2, 0, 3, new byte[2]).Error, Is.EqualTo(Einval), "three answers in two bytes");
        Assert.That(client.Ask(8, 20, 0x21, 2, 0).Error, Is.EqualTo(Einval), "cut");
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

    [Test]
    public void Item_28_a_client_that_asks_and_never_reads_is_held_back_and_then_closed()
    {
        using var server = new ServerUnderTest(patience: Short);
        using var neighbour = new Neighbour(server);
        using RawClient client = server.Attach();

        // Long answers to short questions; the sending stops when the server does not take any more, and ends when it closes.
        byte[] question = client.Message(9, RawClient.Body(0L, 0, 1 << 20));
        int asked = 0;
        while (asked < 100_000 && client.TrySend(question))
            asked++;
        Assert.That(asked, Is.LessThan(100_000), "held back");
        Assert.That(server.Eventually(() => server.Device.Detachments == 1), Is.True);
        Assert.That(server.Log.Lines.Count(line => line.Contains("did not read in time", StringComparison.Ordinal)), Is.EqualTo(1));
        neighbour.Check();
    }

    [Test]
    public void Item_28_what_the_device_sends_to_a_client_that_never_reads_is_bounded_counted_and_ends_in_closing()
    {
        using var server = new ServerUnderTest(patience: TimeSpan.FromSeconds(1));
        using var neighbour = new Neighbour(server);
        using RawClient client = server.Attach();
        long dropped = server.OnLoop(() =>
        {
            var session = (VfioUserSession)server.Device.Host!;
            for (int message = 0; message < 200_000; message++)
                session.WriteMessage(0xFEE00000, [0, 1, 2, 3]);
            return session.Dropped;
        });
        Assert.That(dropped, Is.InRange(100_000, 200_000));
        Assert.That(server.Eventually(() => server.Device.Detachments == 1), Is.True);
        Assert.That(server.Log.Lines.Any(line => line.Contains($"{dropped} writes", StringComparison.Ordinal)), Is.True);
        neighbour.Check();
    }

    [Test]
    public void Item_28_a_client_that_never_read_and_dies_is_gone_at_once()
    {
        using var server = new ServerUnderTest();
        using RawClient client = server.Attach();
        for (int question = 0; question < 100; question++)
            client.Send(client.Message(9, RawClient.Body(0L, 0, 1 << 20)));
        server.OnLoop(() => Assert.That(server.Device.Host, Is.Not.Null));
        client.Dispose();
        long start = Stopwatch.GetTimestamp();
        Assert.That(server.Eventually(() => server.Device.Detachments == 1), Is.True);
        Assert.That(Stopwatch.GetElapsedTime(start), Is.LessThan(VfioUserServer.DefaultPatience / 2));
    }

    [Test]
    public void Item_28_a_client_that_reads_late_gets_all_replies_whole()
    {
        using var server = new ServerUnderTest();
        using RawClient client = server.Attach();
        new Random(1).NextBytes(server.Device.Region(0));
        byte[] expected = server.Device.Region(0)[..(1 << 20)];
        var sender = new Thread(() =>
        {
            for (int question = 0; question < 20; question++)
                client.Send(client.Message(9, RawClient.Body(0L, 0, 1 << 20)));
        });
        sender.Start();
        Thread.Sleep(100);
        for (int answer = 0; answer < 20; answer++)
            Assert.That(client.Receive().Body.AsSpan(16).SequenceEqual(expected), Is.True);
        sender.Join();
        Assert.That(client.Ask(13).IsError, Is.False);
    }
}
