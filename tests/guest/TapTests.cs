// A VF and this machine's own kernel on the far side of a TAP: pings, TCP both ways, UDP, tagged frames, large ones; and a capture of
// the wire, which tells whether what a driver left to the device was done.
using System.IO;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Guest;

/// <summary>
/// One guest runs the whole course; each test looks at a part of what it told. What is on the wire is judged by tcpdump, which
/// computes every checksum anew.
/// </summary>
public sealed class TapTests : GuestFixture
{
    private const string Tap = "wire0";

    private const string Script = """
        enable_our_vfs 1
        device=$(vf_netdev "$pf" 0)
        place "$device" vf 10.0.0.1/24
        say mtu "$(in_namespace vf cat "/sys/class/net/$device/mtu")"
        ip -n vf link set "$device" mtu 1500
        in_namespace vf ethtool -k "$device" | tell features

        reach ping vf 10.0.0.9
        ask host-pings
        ip netns exec vf tcpdump -p -Z root -i "$device" -s 96 -U --immediate-mode -w /run/own.pcap &
        wait_for 20 "capture" test -s /run/own.pcap
        stream up vf 10.0.0.9 1
        kill $!
        wait $!
        say segmented "$(tcpdump -Z root -r /run/own.pcap 'greater 1519' | wc -l)"
        stream down vf 10.0.0.9 1 -R
        stream udp vf 10.0.0.9 1 -u -b 5M

        modprobe 8021q || die "there is no 8021q"
        ip -n vf link add link "$device" name tagged type vlan id 7
        ip -n vf address add 10.0.7.1/24 dev tagged
        ip -n vf link set tagged up
        ip -n vf neighbor add 10.0.7.9 lladdr 02:00:00:00:00:99 dev tagged
        run vlan.ping in_namespace vf ping -c 5 -i 0.2 -W 1 10.0.7.9

        ask large
        ip -n vf link set "$device" mtu 9000
        reach large.ping vf 10.0.0.9 5 -M do -s 8972
        stream large.up vf 10.0.0.9 1
        stream large.down vf 10.0.0.9 1 -R
        ip -n vf -s link show "$device" | tell counters
        check_kernel_log log
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("smartnic-tap-");
    private GuestResults _results = null!;
    private string _hostPing = "";

    [OneTimeSetUp]
    public void RunTheCourse()
    {
        using HostNamespace place = HostNamespace.Require(Lab);
        using var emulator = new EmulatorProcess(place, "--hierarchy", "{0}/vmd.sock", "--port", $"tap:{Tap}");
        place.Do("ip", "link", "set", Tap, "mtu", "9000", "up");
        place.Do("ip", "address", "add", "10.0.0.9/24", "dev", Tap);
        using OwnedProcess server = place.Start("iperf3", "-s");
        using Guest guest = Guest.Start(Lab, Script, new GuestOptions { Devices = [GuestOptions.VfioUser(emulator.PathOf("vmd.sock"))] });
        using (Capture(place, "small"))
        {
            guest.WaitFor("host-pings");
            _hostPing = place.Do("ping", "-c", "5", "-i", "0.2", "-W", "10", "10.0.0.1");
            guest.Answer();
            guest.WaitFor("large");
        }

        using (Capture(place, "large"))
        {
            guest.Answer();
            _results = guest.Finish();
        }
    }

    [OneTimeTearDown]
    public void RemoveTheCaptures() => _folder.Delete(recursive: true);

    [Test]
    public void The_guest_pings_the_host_and_the_host_the_guest()
    {
        Assert.That(_results["ping.lost"], Is.EqualTo("0"), () => _results["ping"]);
        Assert.That(_hostPing, Does.Contain(" 0% packet loss"));
        Assert.That(_results["log.count"], Is.EqualTo("0"), () => _results["log"]);
    }

    [Test]
    public void TCP_and_UDP_pass_both_ways()
    {
        Assert.That(_results.Number("up.mbits"), Is.Positive, () => _results["up"]);
        Assert.That(_results.Number("down.mbits"), Is.Positive, () => _results["down"]);
        Assert.That(_results.Number("udp.mbits"), Is.Positive, () => _results["udp"]);
        TestContext.Out.WriteLine(
            $"VF to TAP {_results["up.mbits"]} Mbit/s, TAP to VF {_results["down.mbits"]}, with MTU 9000 {_results["large.up.mbits"]} and {_results["large.down.mbits"]}");
    }

    // Nobody answers: not every kernel that runs the tests has VLANs. QemuWireTests goes both ways.
    [Test]
    public void Frames_of_a_VLAN_leave_with_their_tag()
    {
        Assert.That(Frames("small", "vlan 7 and icmp and src host 10.0.7.1"), Is.EqualTo(5), () => _results["vlan.ping"]);
        Assert.That(Frames("small", "ether[12:2] = 0x8100 and ether[14:2] & 0xfff != 7"), Is.Zero);
    }

    [Test]
    public void Large_frames_pass_whole()
    {
        Assert.That(_results["large.ping.lost"], Is.EqualTo("0"), () => _results["large.ping"]);
        Assert.That(_results.Number("large.up.mbits"), Is.Positive, () => _results["large.up"]);
        Assert.That(_results.Number("large.down.mbits"), Is.Positive, () => _results["large.down"]);

        // Five, and those before them that found out when the far side first answered.
        int requests = Frames("large", "icmp[icmptype] = icmp-echo and len = 9014");
        Assert.That(requests, Is.GreaterThanOrEqualTo(6));
        Assert.That(Frames("large", "icmp[icmptype] = icmp-echoreply and len = 9014"), Is.EqualTo(requests));
    }

    [Test]
    public void The_driver_leaves_segmentation_to_the_device_and_no_frame_on_the_wire_is_too_long()
    {
        Assert.That(_results["mtu"], Is.EqualTo("9000"), "what the device offers is what the kernel begins with");
        Assert.That(_results["features"], Does.Contain("tcp-segmentation-offload: on"));
        Assert.That(_results.Number("segmented"), Is.Positive, "frames above the MTU leave the driver");
        Assert.That(Frames("small", "greater 1519"), Is.Zero);
        Assert.That(Frames("small", "len = 1514 and src host 10.0.0.1"), Is.Positive);
        Assert.That(Frames("large", "greater 9015"), Is.Zero);
        Assert.That(Frames("large", "tcp and len = 9014 and src host 10.0.0.1"), Is.Positive);
    }

    [TestCase("small")]
    [TestCase("large")]
    public void Every_checksum_on_the_wire_is_correct(string capture)
    {
        string[] frames = Read(capture, "-vv", "ip or (vlan and ip)").Split('\n');

        Assert.That(frames.Count(line => line.Contains("(correct)")), Is.GreaterThan(100), "TCP");
        Assert.That(frames.Where(line => line.Contains("incorrect") || line.Contains("bad cksum") || line.Contains("bad udp") || line.Contains("wrong icmp")).Take(5), Is.Empty);
        if (capture == "small")
        {
            Assert.That(frames.Count(line => line.Contains("udp sum ok")), Is.GreaterThan(100), "UDP");
        }
    }

    private string FileOf(string capture) => Path.Combine(_folder.FullName, capture + ".pcap");

    // Written frame by frame, so that it may be ended at any moment.
    private OwnedProcess Capture(HostNamespace place, string name)
    {
        OwnedProcess capture = place.Start("tcpdump", "-Z", "root", "-i", Tap, "--immediate-mode", "-U", "-B", "16384", "-w", FileOf(name));
        Assert.That(() => File.Exists(FileOf(name)), Is.True.After(30_000, 20), () => capture.Errors);
        return capture;
    }

    private int Frames(string capture, string filter) => Read(capture, filter).Split('\n', System.StringSplitOptions.RemoveEmptyEntries).Length;

    private string Read(string capture, params string[] arguments)
    {
        string[] command = [.. Lab.Program("tcpdump"), "-Z", "root", "-n", "-r", FileOf(capture), .. arguments];
        ProgramRun run = ProgramRun.Of(command[0], command[1..]);
        Assert.That(run.ExitCode, Is.Zero, run.Errors);
        return run.Output;
    }
}
