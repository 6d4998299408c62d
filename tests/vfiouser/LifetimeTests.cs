// Sockets, clients and their ends: what is left of a client is nothing, and the next one is welcome.
using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading;
using NUnit.Framework;
using SmartNicFw.Emulator.Loop;
using SmartNicFw.Emulator.VfioUser;

namespace SmartNicFw.Tests.VfioUser;

/// <summary>Counts descriptors, mappings and memory of the whole process, and so runs alone.</summary>
[NonParallelizable]
public sealed unsafe class VfioUserLifetimeTests
{
    [Test]
    public void Item_37_a_client_that_is_gone_leaves_no_descriptor_and_no_mapping_within_a_second()
    {
        using var server = new ServerUnderTest();
        using var neighbour = new Neighbour(server);
        int file = RawSystem.MemoryFile(1 << 20);
        int[] vectors = [.. Enumerable.Range(0, 16).Select(_ => RawSystem.Eventfd())];
        int descriptors = RawSystem.OpenDescriptors();
        int mappings = RawSystem.GuestMappings();
        foreach (int rest in new[] { 0, 1, 16, 20 })
        {
            using (RawClient client = server.Attach())
            {
                for (ulong index = 0; index < 10; index++)
                    Assert.That(client.MapDma(index << 20, 1 << 20, file).IsError, Is.False);
                for (uint start = 0; start < 64; start += 16)
                    Assert.That(client.SetIrqs(0x24, 2, start, 16, vectors).IsError, Is.False);
                Assert.That(RawSystem.OpenDescriptors(), Is.EqualTo(descriptors + 2 + 64), "two ends, and an eventfd for each vector");
                Assert.That(RawSystem.GuestMappings(), Is.EqualTo(mappings + 1));

                // Killed in the middle of a message with descriptors.
                if (rest > 0)
                    client.Send(client.Message(8, RawClient.Body(20, 0x24, 2, 0, 16)).AsSpan(0, rest), vectors);
            }

            long start2 = Stopwatch.GetTimestamp();
            Assert.That(server.Eventually(() => server.Servers[0].Session is null), Is.True);
            Assert.That(Stopwatch.GetElapsedTime(start2), Is.LessThan(TimeSpan.FromSeconds(1)));
            Assert.That(RawSystem.OpenDescriptors(), Is.LessThanOrEqualTo(descriptors));
            Assert.That(RawSystem.GuestMappings(), Is.EqualTo(mappings));
            Assert.That(server.Device.Told[^1], Is.EqualTo("detach"));
            neighbour.Check();
        }

        Assert.That(server.Device.Detachments, Is.EqualTo(4));
        _ = RawSystem.Close(file);
        foreach (int vector in vectors)
            _ = RawSystem.Close(vector);
    }

    [Test]
    public void Item_37_a_hundred_thousand_clients_leave_no_descriptor_no_mapping_and_no_memory()
    {
        using var server = new ServerUnderTest();
        using var neighbour = new Neighbour(server);
        int file = RawSystem.MemoryFile(1 << 20);
        int[] vectors = [RawSystem.Eventfd(), RawSystem.Eventfd()];

        Connect(server, 20_000, file, vectors);
        int descriptors = RawSystem.OpenDescriptors();
        int mappings = RawSystem.GuestMappings();

        // The runtime grows by a step of its own now and then, once; what a client leaves behind, every hundred thousand would.
        bool isFlat = false;
        for (int interval = 0; interval < 3 && !isFlat; interval++)
        {
            long before = SettledBytes();
            Connect(server, 100_000, file, vectors);
            long after = SettledBytes();
            TestContext.Out.WriteLine($"resident: {before / 1024} KB before 100,000 clients, {after / 1024} KB after");
            isFlat = after <= before * 1.05;
        }

        Assert.That(isFlat, Is.True);
        Assert.That(RawSystem.OpenDescriptors(), Is.LessThanOrEqualTo(descriptors));
        Assert.That(RawSystem.GuestMappings(), Is.EqualTo(mappings));
        Assert.That(server.Device.Detachments, Is.EqualTo(server.Device.Attachments));
        Assert.That(server.Loop.SourceCount, Is.EqualTo(4), "two listeners, the neighbour, the test");
        _ = RawSystem.Close(file);
        foreach (int vector in vectors)
            _ = RawSystem.Close(vector);
        neighbour.Check();
    }

    [Test]
    public void Item_24_no_descriptor_of_a_refused_message_stays_open()
    {
        using var server = new ServerUnderTest();
        using RawClient client = server.Attach();
        int file = RawSystem.MemoryFile(4096);
        int descriptors = RawSystem.OpenDescriptors();
        int mappings = RawSystem.GuestMappings();
        for (ushort command = 1; command <= 19; command++)
        {
            foreach (int number in new[] { 2, 16, 17, 253 })
            {
                Assert.That(client.Ask(command, new byte[32], [.. Enumerable.Repeat(file, number)]).IsError, Is.True);
                client.Post(command, new byte[32], [.. Enumerable.Repeat(file, number)]);
            }
        }

        Assert.That(client.Ask(13).IsError, Is.False);
        Assert.That(RawSystem.OpenDescriptors(), Is.LessThanOrEqualTo(descriptors));
        Assert.That(RawSystem.GuestMappings(), Is.EqualTo(mappings));
        _ = RawSystem.Close(file);
    }

    [Test]
    public void A_second_client_is_closed_and_the_first_goes_on()
    {
        using var server = new ServerUnderTest();
        using RawClient first = server.Attach();
        for (int attempt = 0; attempt < 3; attempt++)
        {
            using var second = new RawClient(server.Path);
            Assert.That(second.IsClosedByServer(), Is.True);
        }

        Assert.That(first.Ask(13).IsError, Is.False);
        Assert.That(server.Log.Lines.Count(line => line.Contains("while another is attached", StringComparison.Ordinal)), Is.EqualTo(1));
        Assert.That(server.Log.Lines.Count(line => line.Contains($"process {Environment.ProcessId} attached", StringComparison.Ordinal)), Is.EqualTo(1));
    }

    [Test]
    public void A_client_that_comes_at_once_after_another_died_is_not_taken_for_a_second()
    {
        using var server = new ServerUnderTest();
        for (int round = 0; round < 500; round++)
        {
            RawClient first = server.Attach();
            first.Post(10, RawClient.Body(0L, 0, 1, new byte[] { 1 }));
            first.Dispose();
        }

        Assert.That(server.Eventually(() => server.Device.Detachments == 500), Is.True);
        Assert.That(server.Device.Writes(), Has.Length.EqualTo(500), "what the dead one said before its end was done");
    }

    [Test]
    public void A_server_that_is_disposed_within_the_call_of_its_own_session_ends_in_order()
    {
        using var server = new ServerUnderTest();
        using RawClient client = server.Attach();
        server.Device.During = (_, _) => server.Servers[0].Dispose();
        client.Send(client.Message(15, RawClient.Body(2L, 0L, 0, 1, 0L, 0L, 0, 1, 0L)));
        Assert.That(client.IsClosedByServer(), Is.True);
        server.OnLoop(() => Assert.That(server.Device.Told, Is.EqualTo(new[] { "attach", "write 0 0 00", "detach" })));
        Assert.That(File.Exists(server.Path), Is.False);
    }

    [Test]
    public void A_dead_servers_socket_is_replaced_a_live_ones_is_not_and_the_file_goes_at_the_end()
    {
        string folder = Directory.CreateTempSubdirectory("vu").FullName;
        string path = folder + "/x.sock";
        using var loop = new ControllerLoop(() => false);

        // As a server that was killed leaves it.
        using (var dead = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, 0))
        {
            dead.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(folder + "/dead.sock"));
            File.CreateSymbolicLink(folder + "/link.sock", folder + "/dead.sock");
            File.Move(folder + "/dead.sock", path);
        }

        using (VfioUserServer server = VfioUserServer.Open(path, new FakeDevice(), loop))
        {
            Assert.That(
                () => VfioUserServer.Open(path, new FakeDevice(), loop),
                Throws.TypeOf<SocketPathException>().With.Message.EqualTo($"socket {path}: another server listens there"));
            Assert.That(server.Path, Is.EqualTo(path));
            Assert.That(File.Exists(path), Is.True);
        }

        Assert.That(File.Exists(path), Is.False);
        File.WriteAllText(path, "precious");
        Assert.That(
            () => VfioUserServer.Open(path, new FakeDevice(), loop),
            Throws.TypeOf<SocketPathException>().With.Message.EqualTo($"socket {path}: something that is no socket is there"));
        Assert.That(File.ReadAllText(path), Is.EqualTo("precious"));
        File.Delete(path);

        // One whose path another has taken removes nothing.
        VfioUserServer old = VfioUserServer.Open(path, new FakeDevice(), loop);
        File.Delete(path);
        using (VfioUserServer.Open(path, new FakeDevice(), loop))
        {
            old.Dispose();
            Assert.That(File.Exists(path), Is.True);
        }

        Assert.That(loop.SourceCount, Is.Zero);
        Directory.Delete(folder, recursive: true);
    }

    [Test]
    public void A_path_that_is_too_long_or_in_no_folder_is_one_clear_line()
    {
        using var loop = new ControllerLoop(() => false);
        string longest = "/tmp/" + new string('x', 103);
        Assert.That(
            () => VfioUserServer.Open(longest, new FakeDevice(), loop),
            Throws.TypeOf<SocketPathException>().With.Message.EqualTo($"socket {longest}: the path has 108 bytes, and a socket's has 107 at the most"));
        Assert.That(
            () => VfioUserServer.Open("/no/such/folder/x.sock", new FakeDevice(), loop),
            Throws.TypeOf<SocketPathException>().With.Message.StartsWith("socket /no/such/folder/x.sock: No such file"));
        Assert.That(loop.SourceCount, Is.Zero);
        using (VfioUserServer.Open(longest[..107], new FakeDevice(), loop))
        {
            Assert.That(File.Exists(longest[..107]), Is.True);
        }
    }

    private static void Connect(ServerUnderTest server, int clients, int file, int[] vectors)
    {
        for (int index = 0; index < clients; index++)
        {
            using var client = new RawClient(server.Path);
            if (index % 2 == 0)
                continue;
            Assert.That(client.Ask(1, RawClient.Version(RawClient.QemuCapabilities)).IsError, Is.False);
            if (index % 10 == 1)
            {
                Assert.That(client.MapDma(0, 1 << 20, file).IsError, Is.False);
                Assert.That(client.SetIrqs(0x24, 2, 0, 2, vectors).IsError, Is.False);
                client.Send(client.Message(2, RawClient.Body(32, 3, 0L, 0L, 0L)).AsSpan(0, index % 47), [file]);
            }
        }

        Assert.That(server.Eventually(() => server.Servers[0].Session is null), Is.True);
    }

    // What is garbage is not lost.
    private static long SettledBytes()
    {
        for (int round = 0; round < 3; round++)
        {
            GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        return RawSystem.ResidentBytes();
    }
}
