// The management socket over real connections: who may, how many, cut frames, slow readers, and clients that vanish.
using System;
using System.IO;
using System.Linq;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Threading;
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Loop;
using SmartNicFw.Emulator.Management;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Tests.VfioUser;
using static SmartNicFw.Tests.Management.ManagementLab;

namespace SmartNicFw.Tests.Management;

/// <summary>Counts descriptors of the whole process, and so runs alone.</summary>
[NonParallelizable]
[SupportedOSPlatform("linux")]
public sealed class SocketTests
{
    private const int OwnerOnly = 0x180;
    private const int Stranger = 65534;

    [Test]
    public void A_client_asks_and_is_answered_again_and_again()
    {
        using var sockets = new ManagementSockets();
        using SocketClient client = sockets.Connect();
        for (int round = 0; round < 100; round++)
        {
            Answer info = client.Ask(ManagementOpcode.EndpointInfo);
            Assert.That((info.Status, info.U16(0x14), info.U16(0x16)), Is.EqualTo((0, 2, 8)));
            Assert.That(client.Ask(ManagementOpcode.FunctionInfo, round % 20, 0).U16(0), Is.EqualTo(round % 20));
        }
    }

    [Test]
    public void The_socket_is_its_user_s_alone_from_the_first_moment_whatever_the_umask()
    {
        using var sockets = new ManagementSockets();
        Assert.That((int)File.GetUnixFileMode(sockets.Path), Is.EqualTo(OwnerOnly));
        Assert.That(sockets.OnLoop(() => sockets.Server.Path), Is.EqualTo(sockets.Path));
    }

    [Test]
    public void The_path_goes_with_the_server_and_a_dead_server_s_is_replaced_and_a_live_one_s_is_not()
    {
        string folder = Directory.CreateTempSubdirectory("mg").FullName;
        string path = $"{folder}/m.sock";
        using var loop = new ControllerLoop(() => false);
        RawSystem.LeaveSocket(path);
        Assert.That(File.Exists(path), Is.True, "a dead server's path");
        using (ManagementServer.Open(path, new ManagementLink(), loop))
        {
            Assert.That(
                () => ManagementServer.Open(path, new ManagementLink(), loop),
                Throws.TypeOf<SocketPathException>().With.Message.EqualTo($"socket {path}: another server listens there"));
        }

        Assert.That(File.Exists(path), Is.False);
        File.WriteAllText(path, "precious");
        Assert.That(
            () => ManagementServer.Open(path, new ManagementLink(), loop),
            Throws.TypeOf<SocketPathException>().With.Message.EqualTo($"socket {path}: something that is no socket is there"));
        Assert.That(File.ReadAllText(path), Is.EqualTo("precious"));
        string longest = $"{folder}/{new string('x', 200)}";
        Assert.That(
            () => ManagementServer.Open(longest, new ManagementLink(), loop), Throws.TypeOf<SocketPathException>().With.Message.Contains("107 at the most"));
        Assert.That(() => ManagementServer.Open($"{folder}/no/m.sock", new ManagementLink(), loop), Throws.TypeOf<SocketPathException>());
        Directory.Delete(folder, recursive: true);
    }

    [Test]
    public void Item_31_another_user_is_closed_before_it_is_heard()
    {
        if (Environment.UserName != "root")
        {
            Assert.Ignore("only root can act as another user");
        }

        using var sockets = new ManagementSockets();

        // Who got through the permissions of the path: the kernel still says who it is.
        File.SetUnixFileMode(sockets.Path, (UnixFileMode)0x1FF);
        File.SetUnixFileMode(Path.GetDirectoryName(sockets.Path)!, (UnixFileMode)0x1ED);
        for (int round = 0; round < 3; round++)
        {
            SocketClient? stranger = null;
            var thread = new Thread(() =>
            {
                // Of this thread alone: the library's own call would change the whole process.
                RawSystem.Ok((int)RawSystem.SetUser(-1, Stranger, -1));
                stranger = sockets.Connect();
            });
            thread.Start();
            thread.Join();
            try
            {
                stranger!.Send(Frame(ManagementOpcode.EndpointInfo, []));
            }
            catch (SocketException closed)
            {
                Assert.That(closed.SocketErrorCode, Is.AnyOf(SocketError.Shutdown, SocketError.ConnectionReset));
            }

            Assert.That(stranger!.IsClosedByServer(), Is.True);
            Assert.That(stranger.Heard, Is.Zero, "closed without a word");
            stranger.Dispose();
        }

        Assert.That(sockets.OnLoop(() => (sockets.Server.Strangers, sockets.Server.Clients)), Is.EqualTo((3L, 0)));
        Assert.That(sockets.Log.Lines.Count(line => line.Contains("of user 65534", StringComparison.Ordinal)), Is.EqualTo(1), "told once");
        using SocketClient own = sockets.Connect();
        Assert.That(own.Ask(ManagementOpcode.EndpointInfo).Status, Is.Zero);
    }

    [Test]
    public void Sixteen_clients_are_served_side_by_side_and_a_seventeenth_is_closed_until_one_has_gone()
    {
        using var sockets = new ManagementSockets();
        SocketClient[] clients = [.. Enumerable.Range(0, ManagementLink.MaxClients).Select(_ => sockets.Connect())];
        foreach (SocketClient client in clients)
        {
            client.Send(Frame(ManagementOpcode.EndpointInfo, []));
        }

        Assert.That(clients.Select(client => Parse(client.Receive()).Status), Is.All.Zero);
        for (int round = 0; round < 3; round++)
        {
            using SocketClient extra = sockets.Connect();
            Assert.That(extra.IsClosedByServer(), Is.True);
        }

        Assert.That(sockets.Log.Lines.Count(line => line.Contains("there are 16 already", StringComparison.Ordinal)), Is.EqualTo(1));
        clients[5].Dispose();
        Assert.That(sockets.Eventually(() => sockets.Server.Clients == 15 && !sockets.Board.Management.IsPending), Is.True);
        using SocketClient next = sockets.Connect();
        Assert.That(next.Ask(ManagementOpcode.EndpointInfo).Status, Is.Zero);
        Array.ForEach(clients, client => client.Dispose());
    }

    [Test]
    public void A_request_that_comes_byte_by_byte_and_requests_that_come_together_are_answered_one_by_one()
    {
        using var sockets = new ManagementSockets();
        using SocketClient client = sockets.Connect();
        byte[] frame = Frame(ManagementOpcode.FunctionInfo, Fields(3, 1), sequence: 9);
        foreach (byte one in frame)
        {
            client.Send([one]);
        }

        Assert.That(Parse(client.Receive()).U16(0), Is.EqualTo(3));
        byte[][] frames = [.. Enumerable.Range(0, 300).Select(number => Frame(ManagementOpcode.FunctionInfo, Fields(number % 18, 1), (uint)number))];
        client.Send(frames.SelectMany(bytes => bytes).ToArray());
        for (int number = 0; number < frames.Length; number++)
        {
            Answer answer = Parse(client.Receive());
            Assert.That((answer.Sequence, answer.U16(0)), Is.EqualTo(((uint)number, number % 18)));
        }
    }

    [Test]
    public void A_wrong_checksum_is_answered_and_the_connection_goes_on()
    {
        using var sockets = new ManagementSockets();
        using SocketClient client = sockets.Connect();
        byte[] wrong = Frame(ManagementOpcode.Health, Fields(0, 0), sequence: 5);
        wrong[24] ^= 1;
        Answer answer = Parse(client.AskRaw(wrong));
        Assert.That((answer.Status, answer.Opcode, answer.Sequence), Is.EqualTo((ManagementStatus.WrongCrc, ManagementOpcode.Health, 5u)));
        Assert.That(client.Ask(ManagementOpcode.EndpointInfo).Status, Is.Zero);
        Assert.That(client.Ask(0x1234).Status, Is.EqualTo(ManagementStatus.UnknownOpcode));
        Assert.That(client.Ask(ManagementOpcode.EndpointInfo).Status, Is.Zero);
    }

    [Test]
    public void Item_31_what_is_no_frame_or_too_long_is_answered_once_and_closed_for_nobody_knows_where_the_next_begins()
    {
        using var sockets = new ManagementSockets();
        using SocketClient neighbour = sockets.Connect();
        byte[] stranger = Frame(ManagementOpcode.EndpointInfo, []);
        stranger[3] ^= 0x80;
        byte[] oversize = Frame(ManagementOpcode.EndpointInfo, []);
        BitConverter.TryWriteBytes(oversize.AsSpan(16), (ushort)1001);
        byte[] largest = Frame(ManagementOpcode.EndpointInfo, new byte[1000]);
        foreach ((byte[] frame, int status, bool isLast) in new[]
        {
            (stranger, ManagementStatus.WrongSignature, true), (oversize, ManagementStatus.WrongLength, true), (largest, ManagementStatus.WrongLength, false),
        })
        {
            using SocketClient client = sockets.Connect();
            client.Send([.. frame, .. new byte[isLast ? 5000 : 0]]);
            Answer answer = Parse(client.Receive());
            Assert.That((answer.Status, answer.Opcode, answer.Sequence), Is.EqualTo((status, ManagementOpcode.EndpointInfo, 7u)));
            if (isLast)
            {
                Assert.That(client.IsClosedByServer(), Is.True);
            }
            else
            {
                Assert.That(client.Ask(ManagementOpcode.EndpointInfo).Status, Is.Zero);
            }

            Assert.That(neighbour.Ask(ManagementOpcode.EndpointInfo).Status, Is.Zero);
        }
    }

    [Test]
    public void A_client_that_leaves_a_frame_unfinished_is_closed_in_time_and_one_that_asks_nothing_is_not()
    {
        using var sockets = new ManagementSockets(patience: TimeSpan.FromMilliseconds(200));
        using SocketClient idle = sockets.Connect();
        Assert.That(idle.Ask(ManagementOpcode.EndpointInfo).Status, Is.Zero);
        foreach (int bytes in new[] { 1, 23, 24, 27 })
        {
            using SocketClient client = sockets.Connect();
            client.Send(Frame(ManagementOpcode.Health, Fields(0, 0)).AsSpan(0, bytes));
            Assert.That(client.IsClosedByServer(), Is.True, $"{bytes} bytes");
        }

        Assert.That(idle.Ask(ManagementOpcode.EndpointInfo).Status, Is.Zero);
    }

    [Test]
    public void A_client_that_never_reads_holds_up_itself_alone_and_is_closed_in_time()
    {
        using var sockets = new ManagementSockets(patience: TimeSpan.FromMilliseconds(300));
        using SocketClient neighbour = sockets.Connect();
        using SocketClient deaf = sockets.Connect();
        deaf.Socket.ReceiveBufferSize = 1;
        deaf.Socket.SendTimeout = 200;
        byte[] frame = Frame(ManagementOpcode.FunctionInfo, Fields(0, 0));
        int sent = 0;
        try
        {
            for (; sent < 100_000; sent++)
            {
                deaf.Send(frame);
            }
        }
        catch (SocketException full)
        {
            Assert.That(full.SocketErrorCode, Is.AnyOf(SocketError.TimedOut, SocketError.WouldBlock, SocketError.Shutdown, SocketError.ConnectionReset));
        }

        Assert.That(sent, Is.LessThan(100_000), "what it sends without reading is not taken");
        Assert.That(neighbour.Ask(ManagementOpcode.EndpointInfo).Status, Is.Zero);
        Assert.That(sockets.Eventually(() => sockets.Server.Clients == 1), Is.True, "closed");
        Assert.That(neighbour.Ask(ManagementOpcode.EndpointInfo).Status, Is.Zero);
    }

    [Test]
    public void Item_32_a_client_that_vanishes_in_a_transaction_at_any_byte_leaves_nothing_and_the_next_can_begin()
    {
        using var sockets = new ManagementSockets();
        using SocketClient neighbour = sockets.Connect();
        byte[] change = Frame(ManagementOpcode.SetAttribute, Fields(2, ManagementAttributeKind.Weight, 0u, 77UL));
        for (int cut = 0; cut <= change.Length; cut++)
        {
            using (SocketClient victim = sockets.Connect())
            {
                Assert.That(victim.Ask(ManagementOpcode.BeginTransaction).Status, Is.Zero, $"cut at {cut}");
                victim.Send(change.AsSpan(0, cut));
            }

            Assert.That(sockets.Eventually(() => sockets.Server.Clients == 1), Is.True);
            Assert.That(neighbour.Ask(ManagementOpcode.GetAttribute, 2, ManagementAttributeKind.Weight).U64(8), Is.EqualTo(1));
        }

        uint transaction = neighbour.Ask(ManagementOpcode.BeginTransaction).U32(0);
        Assert.That(neighbour.Ask(ManagementOpcode.CommitTransaction, transaction, 0u, 0u).Status, Is.Zero);
    }

    [Test]
    public void A_client_that_vanishes_while_its_request_waits_is_answered_nowhere_and_its_place_is_free_again()
    {
        using var sockets = new ManagementSockets();
        int descriptors = RawSystem.OpenDescriptors();
        for (int round = 0; round < 50; round++)
        {
            sockets.OnLoop(() => sockets.IsHeld = true);
            using (SocketClient victim = sockets.Connect())
            {
                victim.Send(Frame(ManagementOpcode.EndpointInfo, []));
                Assert.That(sockets.Eventually(() => sockets.Board.Management.IsPending), Is.True);
            }

            Assert.That(sockets.Eventually(() => sockets.Server.Clients == 0), Is.True);
            sockets.OnLoop(() => sockets.IsHeld = false);
            Assert.That(sockets.Eventually(() => !sockets.Board.Management.IsPending), Is.True);
        }

        Assert.That(RawSystem.OpenDescriptors(), Is.EqualTo(descriptors));
        using SocketClient next = sockets.Connect();
        Assert.That(next.Ask(ManagementOpcode.EndpointInfo).Status, Is.Zero);
    }

    [Test]
    public void Random_bytes_from_many_clients_end_none_but_their_own_connections()
    {
        using var sockets = new ManagementSockets();
        using SocketClient neighbour = sockets.Connect();
        var random = new Random(31);
        for (int round = 0; round < 300; round++)
        {
            using SocketClient client = sockets.Connect();
            byte[] bytes = new byte[random.Next(1, 3000)];
            random.NextBytes(bytes);
            if (random.Next(2) == 0)
            {
                // A frame, and behind it whatever.
                bytes = [.. Frame(0x101 + random.Next(5), new byte[random.Next(1, 30)]), .. bytes];
            }

            try
            {
                client.Send(bytes);
            }
            catch (SocketException closed)
            {
                Assert.That(closed.SocketErrorCode, Is.AnyOf(SocketError.Shutdown, SocketError.ConnectionReset));
            }

            Assert.That(neighbour.Ask(ManagementOpcode.EndpointInfo).Status, Is.Zero);
        }

        Assert.That(sockets.Eventually(() => sockets.Server.Clients == 1), Is.True);
    }

    [Test]
    public void NumVFs_goes_to_the_host_of_this_process_with_the_answer_that_it_gives()
    {
        var host = new FakeHost();
        using var sockets = new ManagementSockets(host);
        using SocketClient client = sockets.Connect();
        Answer done = client.Ask(ManagementOpcode.SetNumVFs, 1, 5);
        Assert.That((done.Status, done.Payload.Length, host.Asked), Is.EqualTo((0, 0, (1, 5))));
        host.Answer = new HostAnswer(ManagementStatus.WrongState, ManagementReason.OutOfRange, "it is too late");
        Answer refused = client.Ask(ManagementOpcode.SetNumVFs, 0xFFFF, 0xFFFF);
        Assert.That((refused.Status, refused.Reason, refused.Text, host.Asked), Is.EqualTo((ManagementStatus.WrongState, ManagementReason.OutOfRange, "it is too late", (0xFFFF, 0xFFFF))));
        byte[] wrong = Frame(ManagementOpcode.SetNumVFs, Fields(0, 1));
        wrong[24] ^= 1;
        Assert.That(Parse(client.AskRaw(wrong)).Status, Is.EqualTo(ManagementStatus.WrongCrc));
        Assert.That(client.Ask(ManagementOpcode.SetNumVFs, 0).Status, Is.EqualTo(ManagementStatus.WrongLength));
        Assert.That(host.Asked, Is.EqualTo((0xFFFF, 0xFFFF)), "not asked");
    }

    [Test]
    public void The_end_of_the_server_closes_every_client_and_frees_every_descriptor()
    {
        int descriptors = RawSystem.OpenDescriptors();
        SocketClient[] clients;
        using (var sockets = new ManagementSockets())
        {
            clients = [.. Enumerable.Range(0, 5).Select(_ => sockets.Connect())];
            Assert.That(clients.Select(client => client.Ask(ManagementOpcode.EndpointInfo).Status), Is.All.Zero);
            clients[2].Send([1, 2, 3]);
        }

        Assert.That(clients.Select(client => client.IsClosedByServer()), Is.All.True);
        Array.ForEach(clients, client => client.Dispose());
        Assert.That(RawSystem.OpenDescriptors(), Is.LessThanOrEqualTo(descriptors));
    }

    private sealed class FakeHost : IRootComplexHost
    {
        public HostAnswer Answer { get; set; } = new(ManagementStatus.Ok, ManagementReason.None, null);

        public (int PhysicalFunction, int Count) Asked { get; private set; }

        public HostAnswer SetNumVFs(int physicalFunction, int count)
        {
            Asked = (physicalFunction, count);
            return Answer;
        }
    }
}
