// Frames between functions as Linux sends them: ping, TCP, UDP, jumbo frames, VLANs, multicast, and who overhears what.
using System;
using NUnit.Framework;

namespace SmartNicFw.Tests.Guest;

public sealed class TrafficTests : GuestFixture
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    [Test]
    public void TCP_UDP_and_jumbo_frames_pass_between_VFs_and_to_the_PF()
    {
        using var emulator = new EmulatorProcess("--hierarchy", "{0}/vmd.sock");
        GuestResults results = Guest.Run(
            Lab,
            """
            enable_our_vfs 2
            v0=$(vf_netdev "$pf" 0) v1=$(vf_netdev "$pf" 1) p=$(netdev_of "$pf")
            say mtu "$(<"/sys/class/net/$v0/mtu")"
            pair vf "$v0" "$v1"
            place "$p" pf 10.0.0.3/24
            reach pf.ping vf-a 10.0.0.3
            serve vf-b
            serve pf
            reach jumbo vf-a 10.0.0.2 3 -M do -s 8972
            run longer in_namespace vf-a ping -c 1 -W 1 -M do -s 8973 10.0.0.2
            stream jumbo.tcp vf-a 10.0.0.2 1
            for place in "vf-a $v0" "vf-b $v1" "pf $p"; do ip -n ${place% *} link set "${place#* }" mtu 1500; done
            stream vf.tso vf-a 10.0.0.2 2
            stream pf.tso vf-a 10.0.0.3 1
            run tso in_namespace vf-a ethtool -K "$v0" tso off
            in_namespace vf-a ethtool -k "$v0" | tell features
            stream vf.plain vf-a 10.0.0.2 1
            stream pf.plain vf-a 10.0.0.3 1
            stream vf.udp vf-a 10.0.0.2 1 -u -b 20M
            stream pf.udp vf-a 10.0.0.3 1 -u -b 20M
            check_kernel_log log
            """,
            Options(emulator),
            Limit);

        Assert.That(results["mtu"], Is.EqualTo("9000"));
        foreach (string ping in new[] { "vf.ping", "pf.ping", "jumbo" })
        {
            Assert.That(results[ping + ".lost"], Is.EqualTo("0"), () => results[ping]);
        }

        Assert.That(results["jumbo"], Does.Contain("8980 bytes from 10.0.0.2"));
        Assert.That(results["longer"], Does.Contain("Message too long"));
        Assert.That(results["features"], Does.Contain("tx-tcp-segmentation: off"));
        foreach (string stream in new[] { "jumbo.tcp", "vf.tso", "pf.tso", "vf.plain", "pf.plain", "vf.udp", "pf.udp" })
        {
            Assert.That(results[stream + ".exit"], Is.EqualTo("0"));
            Assert.That(results.Number(stream + ".mbits"), Is.Positive, () => results[stream]);
            TestContext.Out.WriteLine($"{stream}: {results[stream + ".mbits"]} Mbit/s");
        }

        TestContext.Out.WriteLine($"VF to VF, {results.Lines("vf.ping")[^1]}");
        TestContext.Out.WriteLine($"VF to PF, {results.Lines("pf.ping")[^1]}");
        Assert.That(results["log.count"], Is.EqualTo("0"), () => results["log"]);
    }

    [Test]
    public void VLANs_keep_apart_multicast_reaches_all_and_a_bystander_overhears_nothing()
    {
        using var emulator = new EmulatorProcess("--hierarchy", "{0}/vmd.sock");
        GuestResults results = Guest.Run(
            Lab,
            """
            modprobe 8021q
            enable_our_vfs 3
            v0=$(vf_netdev "$pf" 0) v1=$(vf_netdev "$pf" 1) v2=$(vf_netdev "$pf" 2) p=$(netdev_of "$pf")
            pair vf "$v0" "$v1"
            place "$p" pf 10.0.0.3/24
            place "$v2" by 10.0.0.4/24
            tag() {
                ip -n "$1" link add link "$2" name tagged type vlan id "$3"
                ip -n "$1" address add "$4/24" dev tagged
                ip -n "$1" link set tagged up
            }
            tag vf-a "$v0" 100 10.1.0.1
            tag vf-b "$v1" 100 10.1.0.2
            tag pf "$p" 100 10.1.0.3
            tag by "$v2" 200 10.1.0.4
            reach vlan.vf vf-a 10.1.0.2 3
            reach vlan.pf vf-a 10.1.0.3 3
            run vlan.other in_namespace vf-a ping -c 2 -i 0.2 -W 1 10.1.0.4
            for place in "vf-a $v0" "vf-b $v1" "by $v2"; do
                ip netns exec ${place% *} sh -c "echo 0 >/proc/sys/net/ipv6/conf/${place#* }/disable_ipv6; echo 0 >/proc/sys/net/ipv4/icmp_echo_ignore_broadcasts"
                ip -n ${place% *} link set "${place#* }" down
                ip -n ${place% *} link set "${place#* }" up
            done
            settled() { ip -n vf-a -6 addr show dev "$v0" scope link | grep -q fe80 && ! ip -n vf-a -6 addr show tentative | grep -q fe80; }
            wait_for 20 "IPv6 address" settled
            sleep 1
            run six in_namespace vf-a ping -6 -c 3 -W 2 "ff02::1%$v0"
            run four in_namespace vf-a ping -c 3 -W 2 -I "$v0" 224.0.0.1
            in_namespace by timeout 5 tcpdump -Z root -p -l -n -i "$v2" icmp >/tmp/by 2>/tmp/by.errors &
            wait_for 10 "tcpdump of the bystander" grep -q listening /tmp/by.errors
            in_namespace vf-b timeout 4 tcpdump -Z root -p -l -n -i "$v1" icmp >/tmp/b 2>/tmp/b.errors &
            wait_for 10 "tcpdump of the receiver" grep -q listening /tmp/b.errors
            reach heard vf-a 10.0.0.2 3
            wait
            say by.heard "$(grep -c ICMP /tmp/by)"
            tell by </tmp/by
            say b.heard "$(grep -c ICMP /tmp/b)"
            check_kernel_log log
            """,
            Options(emulator),
            Limit);

        foreach (string ping in new[] { "vf.ping", "vlan.vf", "vlan.pf", "heard" })
        {
            Assert.That(results[ping + ".lost"], Is.EqualTo("0"), () => results[ping]);
        }

        Assert.That(results["vlan.other"], Does.Contain(" 0 received"));
        Assert.That(results["six"], Does.Contain("from fe80::ff:fe00:3%").And.Contain("from fe80::ff:fe00:4%"));
        Assert.That(results["four"], Does.Contain("from 10.0.0.2:").And.Contain("from 10.0.0.4:"));
        Assert.That(results["by.heard"], Is.EqualTo("0"), () => results["by"]);
        Assert.That(results.Number("b.heard"), Is.GreaterThanOrEqualTo(6));
        Assert.That(results["log.count"], Is.EqualTo("0"), () => results["log"]);
    }

    private static GuestOptions Options(EmulatorProcess emulator) => new() { Devices = [GuestOptions.VfioUser(emulator.PathOf("vmd.sock"))] };
}
