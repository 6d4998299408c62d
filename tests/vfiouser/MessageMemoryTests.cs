// Memory that only messages reach: reads that are waited for, with whatever else a client sends meanwhile.
using System;
using System.Threading;
using System.Threading.Tasks;
using NUnit.Framework;
using SmartNicFw.Emulator.Memory;
using SmartNicFw.Emulator.VfioUser;

namespace SmartNicFw.Tests.VfioUser;

public sealed class VfioUserMessageMemoryTests
{
    private static Task<(RemoteAccess Access, byte[] Data)> Read(ServerUnderTest server, ulong iova, int bytes) => Task.Run(() =>
        server.OnLoop(() =>
        {
            byte[] data = new byte[bytes];
            RemoteAccess access = ((VfioUserSession)server.Device.Host!).Read(iova, data);
            return (access, data);
        }));

    [Test]
    public void A_read_asks_the_client_and_returns_what_it_answers()
    {
        using var server = new ServerUnderTest();
        using RawClient client = server.Attach();
        Assert.That(client.MapDma(0x10000, 0x1000).IsError, Is.False);
        Task<(RemoteAccess Access, byte[] Data)> read = Read(server, 0x10010, 5);
        RawReply question = client.Receive();
        Assert.That(question.Command, Is.EqualTo(11));
        Assert.That(question.Flags, Is.Zero);
        Assert.That(question.Body, Is.EqualTo(RawClient.Body(0x10010L, 5L)));
        client.Answer(question, RawClient.Body(0x10010L, 5L, new byte[] { 1, 2, 3, 4, 5 }));
        Assert.That(read.Result.Access, Is.EqualTo(RemoteAccess.Done));
        Assert.That(read.Result.Data, Is.EqualTo(new byte[] { 1, 2, 3, 4, 5 }));
        Assert.That(client.Ask(13).IsError, Is.False);
    }

    [Test]
    public void A_read_longer_than_the_client_transfers_is_several()
    {
        using var server = new ServerUnderTest();
        using var client = new RawClient(server.Path);
        Assert.That(client.Ask(1, RawClient.Version("{\"capabilities\":{\"max_data_xfer_size\":16}}\0")).IsError, Is.False);
        Assert.That(client.MapDma(0, 0x1000).IsError, Is.False);
        Task<(RemoteAccess Access, byte[] Data)> read = Read(server, 0, 40);
        foreach (int length in new[] { 16, 16, 8 })
        {
            RawReply question = client.Receive();
            Assert.That(question.Body[8], Is.EqualTo(length));
            byte[] data = new byte[length];
            Array.Fill(data, (byte)length);
            client.Answer(question, [.. question.Body, .. data]);
        }

        Assert.That(read.Result.Access, Is.EqualTo(RemoteAccess.Done));
        Assert.That(read.Result.Data[15..17], Is.EqualTo(new byte[] { 16, 16 }));
        Assert.That(read.Result.Data[32], Is.EqualTo(8));
    }

    [Test]
    public void Posted_writes_that_come_before_the_answer_are_kept_and_done_in_order()
    {
        using var server = new ServerUnderTest();
        using RawClient client = server.Attach();
        Assert.That(client.MapDma(0, 0x1000).IsError, Is.False);
        Task<(RemoteAccess Access, byte[] Data)> read = Read(server, 0, 4);
        RawReply question = client.Receive();
        for (byte index = 0; index < 50; index++)
            client.Post(10, RawClient.Body((ulong)index, 0, 1, new[] { index }));
        client.Answer(question, [.. question.Body, 9, 8, 7, 6]);
        client.Post(10, RawClient.Body(50L, 0, 1, new byte[] { 50 }));
        Assert.That(read.Result.Access, Is.EqualTo(RemoteAccess.Done));
        Assert.That(read.Result.Data, Is.EqualTo(new byte[] { 9, 8, 7, 6 }));
        Assert.That(client.Ask(13).IsError, Is.False);
        string[] writes = server.Device.Writes();
        Assert.That(writes, Has.Length.EqualTo(51));
        for (int index = 0; index < 51; index++)
            Assert.That(writes[index], Is.EqualTo($"write 0 {index:X} {index:X2}"));
    }

    [Test]
    public void A_question_of_the_client_ends_the_wait_at_once_and_is_answered()
    {
        using var server = new ServerUnderTest();
        using RawClient client = server.Attach();
        Assert.That(client.MapDma(0, 0x1000).IsError, Is.False);
        server.Device.Region(0)[5] = 0x55;
        Task<(RemoteAccess Access, byte[] Data)> read = Read(server, 0, 4);
        RawReply question = client.Receive();
        Assert.That(client.ReadRegion(0, 5, 1)[0], Is.EqualTo(0x55), "a client that waits for this answers nothing before");
        Assert.That(read.Result.Access, Is.EqualTo(RemoteAccess.Busy));

        // The late answer is no answer to the next read.
        client.Answer(question, [.. question.Body, 1, 1, 1, 1]);
        Task<(RemoteAccess Access, byte[] Data)> again = Read(server, 0, 4);
        RawReply second = client.Receive();
        Assert.That(second.Id, Is.Not.EqualTo(question.Id));
        client.Answer(second, [.. second.Body, 2, 2, 2, 2]);
        Assert.That(again.Result.Data, Is.EqualTo(new byte[] { 2, 2, 2, 2 }));
    }

    [Test]
    public void A_client_that_does_not_answer_or_says_no_or_answers_wrongly_yields_nothing()
    {
        using var server = new ServerUnderTest();
        using var neighbour = new Neighbour(server);
        using RawClient client = server.Attach();
        Assert.That(client.MapDma(0, 0x1000, flags: 1).IsError, Is.False);
        Assert.That(client.MapDma(0x1000, 0x1000, flags: 2).IsError, Is.False);
        Assert.That(Read(server, 0, 4).Result.Access, Is.EqualTo(RemoteAccess.Busy), "silence");
        Assert.That(client.Receive().Command, Is.EqualTo(11));

        Task<(RemoteAccess Access, byte[] Data)> read = Read(server, 0, 4);
        client.Answer(client.Receive(), [], flags: 0x21);
        Assert.That(read.Result.Access, Is.EqualTo(RemoteAccess.Refused));
        foreach (int length in new[] { 0, 16, 19, 21, 4000 })
        {
            read = Read(server, 0, 4);
            client.Answer(client.Receive(), new byte[length]);
            Assert.That(read.Result.Access, Is.EqualTo(RemoteAccess.Refused), $"{length} bytes");
        }

        foreach ((ulong iova, int bytes) in new (ulong, int)[] { (0x1000, 4), (0xFFE, 4), (0x2000, 1), (ulong.MaxValue, 1) })
            Assert.That(Read(server, iova, bytes).Result.Access, Is.EqualTo(RemoteAccess.Refused), "not opened for reading");
        Assert.That(client.Ask(13).IsError, Is.False);
        neighbour.Check();
    }

    [Test]
    public void Item_37_a_client_that_dies_while_it_is_asked_is_detached()
    {
        using var server = new ServerUnderTest();
        using var neighbour = new Neighbour(server);
        using RawClient client = server.Attach();
        Assert.That(client.MapDma(0, 0x1000).IsError, Is.False);
        Task<(RemoteAccess Access, byte[] Data)> read = Read(server, 0, 4);
        _ = client.Receive();
        client.Dispose();
        Assert.That(read.Result.Access, Is.EqualTo(RemoteAccess.Refused));
        Assert.That(server.Eventually(() => server.Device.Detachments == 1), Is.True);
        neighbour.Check();
        server.Attach().Dispose();
    }

    [Test]
    public void Writes_are_posted_in_order_and_want_no_reply()
    {
        using var server = new ServerUnderTest();
        using RawClient client = server.Attach();
        server.OnLoop(() =>
        {
            for (uint message = 0; message < 1000; message++)
                server.Device.Host!.WriteMessage(0xFEE00000 + (message * 4UL), BitConverter.GetBytes(message));
        });
        for (uint message = 0; message < 1000; message++)
        {
            RawReply write = client.Receive();
            Assert.That(write.Command, Is.EqualTo(12));
            Assert.That(write.Flags, Is.EqualTo(0x10));
            Assert.That(write.Body, Is.EqualTo(RawClient.Body(0xFEE00000 + (message * 4UL), 4L, message)));
        }

        Assert.That(client.Ask(13).IsError, Is.False);
    }
}
