using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using NUnit.Framework;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Emulator.Net.Capture;
using SmartNicFw.Tests.Unit;

namespace SmartNicFw.Tests.Flow;

public sealed class NetPortTests
{
    private static readonly byte[] Frame = NetFrames.Ethernet("FF:FF:FF:FF:FF:FF", "02:00:00:00:00:01", 0x88B5, new byte[46]);

    private readonly byte[] _buffer = new byte[PacketSwitch.MaxFrameBytes];

    [Test]
    public void Without_cable_frames_are_lost_and_the_link_is_down()
    {
        using var port = new NonePort();
        port.Send(Frame);
        Assert.That(port.IsLinkUp, Is.False);
        Assert.That(port.Lost, Is.EqualTo(1));
        Assert.That(port.TryReceive(_buffer, out _), Is.False);
    }

    [Test]
    public void A_loopback_plug_returns_frames_in_order_and_loses_what_finds_no_room()
    {
        using var port = new LoopbackPort(frames: 3, frameBytes: 100);
        for (int round = 0; round < 4; round++)
        {
            for (int length = 60; length < 64; length++)
                port.Send(new byte[length]);
            port.Send(new byte[101]);
            for (int length = 60; length < 63; length++)
            {
                Assert.That(port.TryReceive(_buffer, out int received), Is.True);
                Assert.That(received, Is.EqualTo(length));
            }

            Assert.That(port.TryReceive(_buffer, out _), Is.False);
            Assert.That(port.Lost, Is.EqualTo((round + 1) * 2));
        }

        port.Send(new byte[60]);
        port.Send(new byte[61]);
        Assert.That(port.TryReceive(new byte[59], out _), Is.False, "both are too long");
        Assert.That(port.Lost, Is.EqualTo(10));
    }

    [Test]
    public void A_damaged_capture_delivers_the_frames_before_the_damage_and_then_says_what_it_is()
    {
        var file = new MemoryStream();
        using (var writer = new PcapngWriter(file))
        {
            using var recorder = new PcapPort(null, writer);
            for (int index = 0; index < 3; index++)
                recorder.Send(Frame);
            Assert.That(recorder.TryReceive(_buffer, out _), Is.False);
        }

        using var port = new PcapPort(new PcapReader(new MemoryStream(file.ToArray()[..^10]), "cut.pcapng"), null);
        for (int index = 0; index < 2; index++)
        {
            Assert.That(port.TryReceive(_buffer, out int length), Is.True);
            Assert.That(_buffer.AsSpan(0, length).ToArray(), Is.EqualTo(Frame));
            Assert.That(port.Damage, Is.Null);
        }

        Assert.That(port.TryReceive(_buffer, out _), Is.False);
        Assert.That(port.Damage!.Message, Does.StartWith("cut.pcapng: byte "));
        Assert.That(port.IsOver, Is.True);
    }

    [Test]
    public void Datagrams_carry_one_frame_each_both_ways_and_strangers_are_not_heard()
    {
        using var far = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        far.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using DatagramPort port = DatagramPort.OpenUdp(new IPEndPoint(IPAddress.Loopback, 0), (IPEndPoint)far.LocalEndPoint!);
        Assert.That(port.TryReceive(_buffer, out _), Is.False);

        using var stranger = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        stranger.SendTo(new byte[70], port.LocalEndPoint);
        far.SendTo(Frame, port.LocalEndPoint);
        Assert.That(Wait(port, out int length), Is.True);
        Assert.That(_buffer.AsSpan(0, length).ToArray(), Is.EqualTo(Frame));
        Assert.That(port.TryReceive(_buffer, out _), Is.False);

        port.Send(Frame);
        far.ReceiveTimeout = 5000;
        var received = new byte[2000];
        Assert.That(far.Receive(received), Is.EqualTo(Frame.Length));
        Assert.That(received[..Frame.Length], Is.EqualTo(Frame));

        far.Close();
        for (int index = 0; index < 10; index++)
            port.Send(Frame);
        Assert.That(port.TryReceive(_buffer, out _), Is.False, "a far side that is gone is no error");
    }

    [Test]
    public void UNIX_datagrams_work_and_an_address_in_use_is_one_clear_line()
    {
        string folder = Directory.CreateTempSubdirectory("net-port").FullName;
        try
        {
            using (DatagramPort left = DatagramPort.OpenUnix(folder + "/a", folder + "/b"))
            using (DatagramPort right = DatagramPort.OpenUnix(folder + "/b", folder + "/a"))
            {
                left.Send(Frame);
                Assert.That(Wait(right, out int length), Is.True);
                Assert.That(length, Is.EqualTo(Frame.Length));
                Assert.That(() => DatagramPort.OpenUnix(folder + "/a", folder + "/b"), Throws.TypeOf<PortException>().With.Message.Match("^datagram port .*/a: .+$"));
            }

            Assert.That(Directory.EnumerateFileSystemEntries(folder), Is.Empty);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Test]
    public void A_TAP_name_that_cannot_be_is_refused() =>
        Assert.That(() => TapPort.Open("a-name-that-is-too-long"), Throws.TypeOf<PortException>().With.Message.Contain("1 to 15 bytes"));

    [Test]
    public void The_kernel_sends_and_receives_frames_over_TAP()
    {
        TapPort port;
        try
        {
            port = TapPort.Open("snfwtest%d");
        }
        catch (PortException problem)
        {
            Assert.Ignore(problem.Message);
            return;
        }

        using (port)
        {
            Assert.That(port.Name, Does.Match(@"^snfwtest\d+$"));
            Assert.That(port.TryReceive(_buffer, out _), Is.False);
            string statistics = $"/sys/class/net/{port.Name}/statistics/rx_packets";
            if (!Ip("link", "set", port.Name, "up") || !File.Exists(statistics))
                Assert.Ignore("the interface cannot be brought up here");
            long before = long.Parse(File.ReadAllText(statistics), null);
            port.Send(Frame);
            Assert.That(port.Lost, Is.Zero);
            Assert.That(() => long.Parse(File.ReadAllText(statistics), null), Is.GreaterThan(before).After(2000, 10));

            // The kernel announces itself by IPv6 neighbour discovery, or is asked to by ARP.
            Ip("addr", "add", "192.0.2.1/24", "dev", port.Name);
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.SendTo(new byte[1], new IPEndPoint(IPAddress.Parse("192.0.2.2"), 9));
            Assert.That(Wait(port, out int length), Is.True);
            Assert.That(FrameHeader.Parse(_buffer.AsSpan(0, length), out FrameHeader header), Is.EqualTo(HeaderFault.None));
            Assert.That(header.IsGroup, Is.True);
        }
    }

    private static bool Ip(params string[] arguments)
    {
        try
        {
            using Process process = Process.Start("ip", arguments);
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private bool Wait(NetworkPort port, out int length)
    {
        long start = Stopwatch.GetTimestamp();
        while (!port.TryReceive(_buffer, out length))
        {
            if (Stopwatch.GetElapsedTime(start) > TimeSpan.FromSeconds(5))
                return false;
            Thread.Sleep(1);
        }

        return true;
    }
}
