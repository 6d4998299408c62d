// Item 28 of the list of hostile inputs: a client that asks and does not read is held back, and then closed.
using System;
using System.Diagnostics;
using System.Linq;
using System.Threading;
using NUnit.Framework;
using SmartNicFw.Emulator.Memory;
using SmartNicFw.Emulator.VfioUser;

namespace SmartNicFw.Tests.VfioUser;

public sealed class VfioUserHostileReaderTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(150);

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
