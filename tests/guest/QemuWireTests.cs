// The wire of an endpoint goes to QEMU itself: a VF, and a NIC that QEMU emulates, exchange frames as datagrams.
using System.IO;
using System.Net;
using System.Net.Sockets;
using NUnit.Framework;

namespace SmartNicFw.Tests.Guest;

/// <summary>Both NICs are in one guest, in namespaces: our port and QEMU's -netdev dgram are each other's far side.</summary>
public sealed class QemuWireTests : GuestFixture
{
    private const string Script = """
        tag() {
            local device=$(ip -n "$1" -br link show up | awk '$1 != "lo" { print $1 }')
            in_namespace "$1" ip link add link "$device" name tagged type vlan id 7 || die "$device has no VLANs"
            ip -n "$1" address add "$2/24" dev tagged
            ip -n "$1" link set tagged up
        }
        enable_our_vfs 1
        place "$(vf_netdev "$pf" 0)" vf 10.0.0.1/24
        modprobe e1000e || die "there is no e1000e"
        nic=$(lspci -D -n -d ::0200 | awk 'length($1) == 12 { print $1 }')
        place "$(netdev_of "$nic")" qemu 10.0.0.2/24
        say driver "$(driver_of "$nic")"
        reach ping vf 10.0.0.2
        reach back qemu 10.0.0.1
        serve qemu
        stream out vf 10.0.0.2 2
        stream in vf 10.0.0.2 2 -R
        modprobe 8021q || die "there is no 8021q"
        tag vf 10.0.7.1
        tag qemu 10.0.7.2
        reach vlan.ping vf 10.0.7.2
        stream vlan.out vf 10.0.7.2 1
        stream vlan.in vf 10.0.7.2 1 -R
        check_kernel_log log
        """;

    [Test]
    public void A_VF_and_an_e1000e_of_QEMU_meet_over_UDP()
    {
        int ours = FreePort();
        int theirs = FreePort();
        Meet(
            "e1000e",
            $"dgram:127.0.0.1:{ours},127.0.0.1:{theirs}",
            $"local.type=inet,local.host=127.0.0.1,local.port={theirs},remote.type=inet,remote.host=127.0.0.1,remote.port={ours}");
    }

    [Test]
    public void A_VF_and_a_VIRTIO_NIC_of_QEMU_meet_over_UNIX_datagrams()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("smartnic-wire-");
        try
        {
            string ours = Path.Combine(folder.FullName, "ours");
            string theirs = Path.Combine(folder.FullName, "theirs");
            Meet("virtio-net-pci", $"dgram:{ours},{theirs}", $"local.type=unix,local.path={theirs},remote.type=unix,remote.path={ours}");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private void Meet(string nic, string wire, string netdev)
    {
        using var emulator = new EmulatorProcess("--hierarchy", "{0}/vmd.sock", "--port", wire);
        var options = new GuestOptions
        {
            Devices = [GuestOptions.VfioUser(emulator.PathOf("vmd.sock")), $"{nic},netdev=wire,romfile="],
            Arguments = ["-netdev", $"dgram,id=wire,{netdev}"],
        };
        GuestResults results = Guest.Run(Lab, Script, options);

        Assert.That(results["driver"], Is.EqualTo(nic == "e1000e" ? "e1000e" : "virtio-pci"));
        Assert.That(results["ping.lost"], Is.EqualTo("0"), () => results["ping"]);
        Assert.That(results["back.lost"], Is.EqualTo("0"), () => results["back"]);
        Assert.That(results.Number("out.mbits"), Is.Positive, () => results["out"]);
        Assert.That(results.Number("in.mbits"), Is.Positive, () => results["in"]);
        Assert.That(results["vlan.ping.lost"], Is.EqualTo("0"), () => results["vlan.ping"]);
        Assert.That(results.Number("vlan.out.mbits"), Is.Positive, () => results["vlan.out"]);
        Assert.That(results.Number("vlan.in.mbits"), Is.Positive, () => results["vlan.in"]);
        Assert.That(results["log.count"], Is.EqualTo("0"), () => results["log"]);
        TestContext.Out.WriteLine($"VF to {nic} {results["out.mbits"]} Mbit/s, back {results["in.mbits"]}, in a VLAN {results["vlan.out.mbits"]} and {results["vlan.in.mbits"]}");
    }

    // Free now, and taken a moment later: nobody else asks for just this one.
    internal static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
