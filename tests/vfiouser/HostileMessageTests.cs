// Items 22 and 23 of the list of hostile inputs: messages that are too long, cut or slow, and versions that cannot be.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Threading;
using NUnit.Framework;
using SmartNicFw.Emulator.Memory;
using SmartNicFw.Emulator.VfioUser;

namespace SmartNicFw.Tests.VfioUser;

public sealed class VfioUserHostileMessageTests
{
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
        Assert.That(reply.Error, Is.EqualTo(RawClient.Einval));
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
            Assert.That(reply.Error, Is.EqualTo(RawClient.Einval), Encoding.Latin1.GetString(body[..Math.Min(60, body.Length)]));
            Assert.That(client.IsClosedByServer(), Is.True);
            tried++;
        }

        Assert.That(tried, Is.GreaterThan(30));
        Assert.That(server.Device.Told, Is.Empty);
        neighbour.Check();
        server.Attach().Dispose();
    }
}
