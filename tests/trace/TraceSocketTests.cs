// Traces over a management socket: whole to who reads, bounded for who does not, over for who is gone; and nobody else's matter.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net.Sockets;
using NUnit.Framework;
using SmartNicFw.Emulator.Loop;
using SmartNicFw.Emulator.Management;
using SmartNicFw.Emulator.Trace;
using SmartNicFw.Hal;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Tests.Fakes;
using SmartNicFw.Tests.VfioUser;

namespace SmartNicFw.Tests.Trace;

public sealed class TraceSocketTests
{
    private const int All = ManagementFunctionNumber.Endpoint;
    private DirectoryInfo _folder = null!;
    private TraceLab _lab = null!;
    private ControllerLoop _loop = null!;
    private LoopThread _thread = null!;
    private ManagementServer _server = null!;

    private string Path => System.IO.Path.Combine(_folder.FullName, "m.sock");

    [SetUp]
    public void Open()
    {
        _folder = Directory.CreateTempSubdirectory("trace-socket-");
        _lab = new TraceLab(2, isTraced: false);
        _lab.Start(0);
        _lab.Start(1);
        _loop = new ControllerLoop(() =>
        {
            _lab.Board.Step();
            return _lab.Board.HasWork;
        });
        _server = ManagementServer.Open(Path, _lab.Board.Management, _loop, trace: _lab.Trace);
        _thread = new LoopThread(_loop);
    }

    [TearDown]
    public void Close()
    {
        _thread.Dispose();
        _server.Dispose();
        _loop.Dispose();
        _lab.Dispose();
        _folder.Delete(recursive: true);
    }

    [Test]
    public void A_trace_comes_over_the_connection_until_the_client_ends_its_sending_and_is_whole()
    {
        using Socket client = Connect();
        Assert.That(Ask(client, All), Is.EqualTo(ManagementStatus.Ok));
        byte[][] frames = Send(20);
        PcapngFile file = PcapngFile.Read(Finish(client));
        Assert.That(file.Frames.Where(frame => frame.Interface.Name == "vf1").Select(frame => frame.Data), Is.EqualTo(frames));
        Assert.That(file.Interfaces.Select(one => one.Dropped), Is.All.EqualTo(0UL));
        Assert.That(_thread.Do(() => _lab.Trace.IsOn), Is.False);
        Assert.That(_thread.Eventually(() => _server.Clients == 0), Is.True);
    }

    [Test]
    public void A_client_that_never_reads_loses_records_and_holds_up_nobody_and_has_a_whole_file_in_the_end()
    {
        using Socket silent = Connect();
        Assert.That(Ask(silent, All), Is.EqualTo(ManagementStatus.Ok));
        byte[][] frames = Send(2500);
        Assert.That(_lab.Inbox[1], Is.EqualTo(frames), "the frames went all the same");
        using Socket other = Connect();
        Assert.That(Ask(other, _lab.Index(1)), Is.EqualTo(ManagementStatus.Ok), "and others are answered");
        PcapngFile few = PcapngFile.Read(Finish(other));
        Assert.That(few.Frames, Is.Empty);

        PcapngFile file = PcapngFile.Read(Finish(silent));
        ulong lost = file.Interfaces.Aggregate(0UL, (sum, one) => sum + one.Dropped!.Value);
        Told[] told = [.. file.Records.Select(Told.Of).Where(record => record.Kind == TraceKind.Lost)];
        Assert.That(lost, Is.GreaterThan(1000));
        Assert.That(told[^1].U64(TraceLost.TotalOffset), Is.EqualTo(lost));
        Assert.That(file.Packets.Sum(packet => packet.Data.Length), Is.LessThan(RunningTrace.DefaultBufferBytes + (1 << 20)), "no more than there is room for");
    }

    [Test]
    public void A_client_that_closes_in_the_middle_of_a_block_ends_its_trace_alone()
    {
        using Socket stays = Connect();
        Assert.That(Ask(stays, All), Is.EqualTo(ManagementStatus.Ok));
        using (Socket leaves = Connect())
        {
            Assert.That(Ask(leaves, All), Is.EqualTo(ManagementStatus.Ok));
            Send(3);
            Assert.That(leaves.Receive(new byte[101]), Is.EqualTo(101));
        }

        Assert.That(_thread.Eventually(() => _server.Clients == 1), Is.True);
        byte[][] frames = Send(5);
        Assert.That(_thread.Do(() => _lab.Trace.IsOn), Is.True);
        PcapngFile file = PcapngFile.Read(Finish(stays));
        Assert.That(file.Frames.Where(frame => frame.Interface.Name == "vf1").Select(frame => frame.Data).TakeLast(5), Is.EqualTo(frames));
        Assert.That(_thread.Do(() => _lab.Trace.IsOn), Is.False);
    }

    [Test]
    public void Whatever_a_client_sends_while_it_traces_ends_the_trace()
    {
        using Socket client = Connect();
        Assert.That(Ask(client, All), Is.EqualTo(ManagementStatus.Ok));
        client.Send(Request(All));
        Send(2);
        var rest = new MemoryStream();
        var buffer = new byte[4096];
        client.ReceiveTimeout = 10_000;
        for (int count; (count = Receive(client, buffer)) > 0;)
        {
            rest.Write(buffer, 0, count);
        }

        Assert.That(PcapngFile.Read(rest.ToArray()).Interfaces[0].Received, Is.Not.Null, "with its statistics");
    }

    [Test]
    public void Of_a_function_that_is_not_there_and_of_a_fifth_trace_the_refusal_says_why()
    {
        using Socket client = Connect();
        Assert.That(Ask(client, _lab.Board.Firmware.Numbering.Count), Is.EqualTo(ManagementStatus.BadArgument));
        Assert.That(Ask(client, All, reserved: 1), Is.EqualTo(ManagementStatus.BadArgument));
        Socket[] four = [.. Enumerable.Range(0, BoardTrace.MaxTraces).Select(_ => Connect())];
        Assert.That(four.Select(one => Ask(one, All)), Is.All.EqualTo(ManagementStatus.Ok));
        Assert.That(Ask(client, All), Is.EqualTo(ManagementStatus.Busy));
        four[2].Dispose();
        Assert.That(_thread.Eventually(() => _server.Clients == 4), Is.True);
        Assert.That(Ask(client, All), Is.EqualTo(ManagementStatus.Ok), "the same connection, after two refusals");
        foreach (Socket one in four)
        {
            one.Dispose();
        }
    }

    [Test]
    public void Firmware_itself_does_not_know_the_request()
    {
        string path = System.IO.Path.Combine(_folder.FullName, "without.sock");
        var lab = new TraceLab(1, isTraced: false);
        using var loop = new ControllerLoop(() =>
        {
            lab.Board.Step();
            return lab.Board.HasWork;
        });
        ManagementServer server = ManagementServer.Open(path, lab.Board.Management, loop);
        using (var thread = new LoopThread(loop))
        {
            using Socket client = Connect(path);
            Assert.That(Ask(client, All), Is.EqualTo(ManagementStatus.UnknownOpcode));
            thread.Do(server.Dispose);
        }

        lab.Dispose();
    }

    // Sent and arrived when it returns.
    private byte[][] Send(int count) => _thread.Do(() =>
    {
        byte[][] frames = [.. Enumerable.Range(0, count).Select(seed => _lab.Frame(_lab.Drivers[1].MacAddress, 0, 1514, seed))];
        foreach (byte[][] some in frames.Chunk(50))
        {
            _lab.Send(0, some);
        }

        return frames;
    });

    private Socket Connect(string? path = null)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = 10_000 };
        socket.Connect(new UnixDomainSocketEndPoint(path ?? Path));
        return socket;
    }

    private static byte[] Request(int function, int reserved = 0)
    {
        var frame = new byte[ManagementFrame.HeaderBytes + ManagementFunctionNumber.Bytes];
        LittleEndian.WriteU16(frame, ManagementFrame.PayloadOffset + ManagementFunctionNumber.FunctionOffset, (ushort)function);
        LittleEndian.WriteU16(frame, ManagementFrame.PayloadOffset + ManagementFunctionNumber.ReservedOffset, (ushort)reserved);
        ManagementCodec.WriteRequest(frame, 0, ManagementOpcode.StartTrace, 77, ManagementFunctionNumber.Bytes);
        return frame;
    }

    private static int Ask(Socket client, int function, int reserved = 0)
    {
        client.Send(Request(function, reserved));
        var response = new byte[ManagementFrame.MaxBytes];
        Fill(client, response.AsSpan(0, ManagementFrame.HeaderBytes));
        int bytes = ManagementCodec.FrameBytes(response, 0, ManagementFrame.HeaderBytes);
        Fill(client, response.AsSpan(ManagementFrame.HeaderBytes, bytes - ManagementFrame.HeaderBytes));
        Assert.That(ManagementCodec.Check(response, 0, bytes, ManagementFrame.Response), Is.EqualTo(ManagementStatus.Ok));
        Assert.That(ManagementCodec.IsAnswerTo(response, 0, ManagementOpcode.StartTrace, 77), Is.True);
        return ManagementCodec.Status(response, 0);
    }

    private static void Fill(Socket client, Span<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int count = client.Receive(bytes);
            Assert.That(count, Is.Positive, "the connection ended");
            bytes = bytes[count..];
        }
    }

    private static byte[] Finish(Socket client)
    {
        client.Shutdown(SocketShutdown.Send);
        var rest = new MemoryStream();
        var buffer = new byte[10_000];
        for (int count; (count = client.Receive(buffer)) > 0;)
        {
            rest.Write(buffer, 0, count);
        }

        return rest.ToArray();
    }

    // A server that closes with bytes unread resets the connection, once everything before is received.
    private static int Receive(Socket client, byte[] buffer)
    {
        try
        {
            return client.Receive(buffer);
        }
        catch (SocketException reset) when (reset.SocketErrorCode == SocketError.ConnectionReset)
        {
            return 0;
        }
    }
}
