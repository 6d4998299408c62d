// What ethtool shows of PF and VFs, and that several queues share the work of two processors.
using System;
using System.Globalization;
using System.Linq;
using NUnit.Framework;

namespace SmartNicFw.Tests.Guest;

public sealed class EthtoolTests : GuestFixture
{
    [Test]
    public void Driver_channels_rings_features_and_counters_of_PF_and_VF()
    {
        using var emulator = new EmulatorProcess("--hierarchy", "{0}/vmd.sock");
        GuestResults results = Guest.Run(
            Lab,
            """
            enable_our_vfs 2
            v0=$(vf_netdev "$pf" 0) v1=$(vf_netdev "$pf" 1) p=$(netdev_of "$pf")
            for option in i l g k S; do
                run "pf.$option" ethtool "-$option" "$p"
                run "vf.$option" ethtool "-$option" "$v0"
            done
            run pf.link ethtool "$p"
            run many ethtool -L "$p" combined 5
            run one ethtool -L "$v0" combined 1
            ethtool -l "$v0" | tell one.l
            run two ethtool -L "$v0" combined 2
            ethtool -l "$v0" | tell two.l
            run rings ethtool -G "$v0" rx 128 tx 64
            ethtool -g "$v0" | tell rings.g
            pair vf "$v0" "$v1"
            serve vf-b
            stream parallel vf-a 10.0.0.2 2 -P 16
            in_namespace vf-a ethtool -S "$v0" | tell sent
            in_namespace vf-b ethtool -S "$v1" | tell received
            check_kernel_log log
            """,
            new GuestOptions { Processors = 2, Devices = [GuestOptions.VfioUser(emulator.PathOf("vmd.sock"))] },
            TimeSpan.FromMinutes(5));

        Assert.That(results["pf.i"], Does.Contain("driver: virtio_net").And.Contain("bus-info: 10000:01:00.0"));
        Assert.That(results["vf.i"], Does.Contain("driver: virtio_net").And.Contain("bus-info: 10000:01:00.1"));
        Assert.That(Numbers(results, "pf.l", "Combined"), Is.EqualTo(new[] { 4, 2 }), "at the most, and at present");
        Assert.That(Numbers(results, "vf.l", "Combined"), Is.EqualTo(new[] { 2, 2 }));
        Assert.That(results["many.exit"], Is.Not.EqualTo("0"));
        Assert.That(results["one.exit"], Is.EqualTo("0"), () => results["one"]);
        Assert.That(Numbers(results, "one.l", "Combined"), Is.EqualTo(new[] { 2, 1 }));
        Assert.That(Numbers(results, "two.l", "Combined"), Is.EqualTo(new[] { 2, 2 }));
        foreach (string ring in new[] { "pf.g", "vf.g" })
        {
            Assert.That(Numbers(results, ring, "RX"), Is.EqualTo(new[] { 256, 256 }));
            Assert.That(Numbers(results, ring, "TX"), Is.EqualTo(new[] { 256, 256 }));
        }

        Assert.That(results["rings.exit"], Is.EqualTo("0"), () => results["rings"]);
        Assert.That(Numbers(results, "rings.g", "RX"), Is.EqualTo(new[] { 256, 128 }));
        Assert.That(Numbers(results, "rings.g", "TX"), Is.EqualTo(new[] { 256, 64 }));
        foreach (string features in new[] { "pf.k", "vf.k" })
        {
            foreach (string feature in new[]
                {
                    "rx-checksumming: on", "tx-checksum-ip-generic: on", "tx-tcp-segmentation: on", "tx-tcp6-segmentation: on",
                    "tx-udp-segmentation: on", "rx-vlan-filter: on", "scatter-gather: on",
                })
            {
                Assert.That(results[features], Does.Contain(feature));
            }
        }

        Assert.That(results["pf.link"], Does.Contain("Speed: 25000Mb/s").And.Contain("Duplex: Full").And.Contain("Link detected: yes"));
        Assert.That(results["vf.ping.lost"], Is.EqualTo("0"));
        Assert.That(results.Number("parallel.mbits"), Is.Positive);
        foreach (int queue in new[] { 0, 1 })
        {
            Assert.That(Numbers(results, "sent", $"tx{queue}_hw_packets").Single(), Is.Positive, () => results["sent"]);
            Assert.That(Numbers(results, "received", $"rx{queue}_hw_packets").Single(), Is.Positive, () => results["received"]);
        }

        Assert.That(Numbers(results, "sent", "tx_hw_packets").Single(), Is.EqualTo(Numbers(results, "sent", "tx0_hw_packets").Single() + Numbers(results, "sent", "tx1_hw_packets").Single()));
        Assert.That(Numbers(results, "vf.S", "cq_hw_command_num").Single(), Is.EqualTo(Numbers(results, "vf.S", "cq_hw_ok_num").Single()));
        Assert.That(results["log.count"], Is.EqualTo("0"), () => results["log"]);
    }

    private static int[] Numbers(GuestResults results, string name, string label) =>
    [
        .. results.Lines(name)
            .Select(line => line.Trim().Split(':'))
            .Where(words => words.Length == 2 && words[0] == label)
            .Select(words => int.Parse(words[1], CultureInfo.InvariantCulture)),
    ];
}
