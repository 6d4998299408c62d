// Every message cut at every byte, and bytes that are no messages at all.
using System;
using System.Collections.Generic;
using System.Threading;
using NUnit.Framework;

namespace SmartNicFw.Tests.VfioUser;

/// <summary>Counts descriptors of the whole process, and so runs alone.</summary>
[NonParallelizable]
public sealed class VfioUserCutMessageTests
{
    private static IEnumerable<TestCaseData> Messages()
    {
        yield return new TestCaseData((ushort)1, RawClient.Version(RawClient.QemuCapabilities)).SetArgDisplayNames("VERSION");
        yield return new TestCaseData((ushort)2, RawClient.Body(32, 3, 0L, 0x10000L, 0x10000L)).SetArgDisplayNames("DMA_MAP");
        yield return new TestCaseData((ushort)3, RawClient.Body(24, 0, 0x10000L, 0x10000L)).SetArgDisplayNames("DMA_UNMAP");
        yield return new TestCaseData((ushort)4, RawClient.Body(16, 0, 0, 0)).SetArgDisplayNames("GET_INFO");
        yield return new TestCaseData((ushort)5, RawClient.Body(32, 0, 7, 0, 0L, 0L)).SetArgDisplayNames("GET_REGION_INFO");
        yield return new TestCaseData((ushort)6, RawClient.Body(16, 0, 0, 0)).SetArgDisplayNames("GET_REGION_IO_FDS");
        yield return new TestCaseData((ushort)7, RawClient.Body(16, 0, 2, 0)).SetArgDisplayNames("GET_IRQ_INFO");
        yield return new TestCaseData((ushort)8, RawClient.Body(20, 0x24, 2, 0, 1)).SetArgDisplayNames("SET_IRQS");
        yield return new TestCaseData((ushort)9, RawClient.Body(0L, 7, 4)).SetArgDisplayNames("REGION_READ");
        yield return new TestCaseData((ushort)10, RawClient.Body(0L, 0, 8, 1L)).SetArgDisplayNames("REGION_WRITE");
        yield return new TestCaseData((ushort)11, RawClient.Body(0L, 8L)).SetArgDisplayNames("DMA_READ");
        yield return new TestCaseData((ushort)12, RawClient.Body(0L, 8L, 1L)).SetArgDisplayNames("DMA_WRITE");
        yield return new TestCaseData((ushort)13, Array.Empty<byte>()).SetArgDisplayNames("RESET");
        yield return new TestCaseData((ushort)14, RawClient.Body(8, 1)).SetArgDisplayNames("DIRTY_PAGES");
        yield return new TestCaseData((ushort)15, RawClient.Body(2L, 0L, 0, 4, 1L, 8L, 0, 8, 2L)).SetArgDisplayNames("WRITE_MULTI");
        yield return new TestCaseData((ushort)16, RawClient.Body(8, 0x10001)).SetArgDisplayNames("DEVICE_FEATURE");
    }

    // Cut with a descriptor on its first byte, then the client goes: nothing happened, and the next one finds all as new.
    [TestCaseSource(nameof(Messages))]
    public void A_message_cut_at_any_byte_does_nothing(ushort command, byte[] body)
    {
        using var server = new ServerUnderTest();
        using var neighbour = new Neighbour(server);
        int eventfd = RawSystem.Eventfd();
        int descriptors = RawSystem.OpenDescriptors();
        int cuts = 0;
        for (int at = 1; at < 16 + body.Length; at++)
        {
            using RawClient client = command == 1 ? new RawClient(server.Path) : server.Attach();
            client.Send(client.Message(command, body).AsSpan(0, at), [eventfd]);
            cuts++;
        }

        Assert.That(server.Eventually(() => server.Servers[0].Session is null), Is.True);
        Assert.That(RawSystem.OpenDescriptors(), Is.LessThanOrEqualTo(descriptors));
        Assert.That(cuts, Is.EqualTo(15 + body.Length));
        Assert.That(server.Device.Attachments, Is.EqualTo(command == 1 ? 0 : cuts));
        Assert.That(server.Device.Detachments, Is.EqualTo(server.Device.Attachments));
        Assert.That(server.Device.Told, Has.Count.EqualTo(2 * server.Device.Attachments), "attach, detach, and nothing else");
        _ = RawSystem.Close(eventfd);
        neighbour.Check();
    }

    // Cut to size: the header says that the rest was never meant to be.
    [TestCaseSource(nameof(Messages))]
    public void A_message_that_is_shorter_than_its_command_wants_is_refused_and_the_session_goes_on(ushort command, byte[] body)
    {
        using var server = new ServerUnderTest();
        using RawClient client = server.Attach();
        for (int length = 0; length < body.Length; length++)
            Assert.That(client.Ask(command, body[..length]).IsError, Is.True, $"{length} bytes");
        Assert.That(client.Ask(4, 16, 0, 0, 0).IsError, Is.False);
        Assert.That(server.Device.Told, Has.Count.EqualTo(1));
    }

    // Sent in two pieces, at every byte: understood as if it were one.
    [TestCaseSource(nameof(Messages))]
    public void A_message_in_two_pieces_is_one(ushort command, byte[] body)
    {
        using var server = new ServerUnderTest();
        for (int at = 1; at < 16 + body.Length; at++)
        {
            using RawClient client = command == 1 ? new RawClient(server.Path) : server.Attach();
            byte[] message = client.Message(command, body);
            client.Send(message.AsSpan(0, at));
            if (at % 8 == 0)
                server.OnLoop(() => { });
            client.Send(message.AsSpan(at));
            Assert.That(client.Receive().Command, Is.EqualTo(command));
        }
    }

    [Test]
    public void Random_bytes_and_random_fields_end_in_refusals_and_closings_only([Range(1, 4)] int seed)
    {
        TestContext.Out.WriteLine($"seed {seed}");
        var random = new Random(seed);
        using var server = new ServerUnderTest();
        using var neighbour = new Neighbour(server);
        int eventfd = RawSystem.Eventfd();
        int memory = RawSystem.MemoryFile(0x10000);
        int descriptors = RawSystem.OpenDescriptors();
        int mappings = RawSystem.GuestMappings();
        for (int round = 0; round < 1500; round++)
        {
            using RawClient client = round % 8 == 0 ? new RawClient(server.Path) : server.Attach();
            bool isOpen = true;
            for (int message = 0; message < 12 && isOpen; message++)
            {
                byte[] bytes = round % 8 == 0 ? RandomBytes(random) : RandomMessage(client, random);
                int[] rights = [.. Enumerate(random, eventfd, memory)];
                isOpen = client.TrySend(bytes, rights);
            }

            if (round % 100 == 0)
                neighbour.Check();
        }

        Assert.That(server.Eventually(() => server.Servers[0].Session is null), Is.True);
        Assert.That(server.Device.Detachments, Is.EqualTo(server.Device.Attachments));
        Assert.That(server.Device.Attachments, Is.GreaterThan(1000));
        Assert.That(RawSystem.OpenDescriptors(), Is.LessThanOrEqualTo(descriptors));
        Assert.That(RawSystem.GuestMappings(), Is.EqualTo(mappings));
        _ = RawSystem.Close(eventfd);
        _ = RawSystem.Close(memory);
        neighbour.Check();
        using RawClient last = server.Attach();
        Assert.That(last.Ask(13).IsError, Is.False);
    }

    private static byte[] RandomBytes(Random random)
    {
        byte[] bytes = new byte[random.Next(1, 300)];
        random.NextBytes(bytes);
        return bytes;
    }

    // A header that is right as a rule, and fields that are small, huge, or of use.
    private static byte[] RandomMessage(RawClient client, Random random)
    {
        byte[] body = new byte[4 * random.Next(0, 20)];
        for (int at = 0; at < body.Length; at += 4)
        {
            uint value = random.Next(6) switch
            {
                0 => 0,
                1 => (uint)random.Next(0, 16),
                2 => uint.MaxValue - (uint)random.Next(0, 4096),
                3 => (uint)random.Next(0, 64) << 12,
                4 => (uint)body.Length,
                _ => (uint)random.Next(),
            };
            BitConverter.TryWriteBytes(body.AsSpan(at), value);
        }

        uint flags = random.Next(8) switch { 0 => 0x10, 1 => 1, 2 => (uint)random.Next(), _ => 0 };
        uint? size = random.Next(40) == 0 ? (uint)random.Next() : null;
        return client.Message((ushort)random.Next(1, 19), body, flags, size);
    }

    private static IEnumerable<int> Enumerate(Random random, int eventfd, int memory)
    {
        int count = random.Next(10) == 0 ? random.Next(1, 20) : random.Next(3) == 0 ? 1 : 0;
        for (int index = 0; index < count; index++)
            yield return random.Next(2) == 0 ? eventfd : memory;
    }
}
