// Guests of other kinds: two endpoints, an IOMMU, split rings, remapped interrupts, a PF driver that knows no VIRTIO.
using System;
using NUnit.Framework;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Tests.Guest;

public sealed class PlatformTests : GuestFixture
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    private const string OneEndpoint = """
        enable_our_vfs 2
        say features "$(cat "$pci/$(vf_of "$pf" 0)"/virtio*/features)"
        pair vf "$(vf_netdev "$pf" 0)" "$(vf_netdev "$pf" 1)"
        pair_rate vf 1
        grep -E 'virtio|vmd' /proc/interrupts | tell interrupts
        check_kernel_log log
        """;

    [TestCase(false)]
    [TestCase(true)]
    public void Two_endpoints_serve_one_guest_with_and_without_an_IOMMU(bool hasIommu)
    {
        using var emulator = new EmulatorProcess("--hierarchy", "{0}/a.sock", "--hierarchy", "{0}/b.sock");
        GuestResults results = Guest.Run(
            Lab,
            """
            load_vmd
            both() { [[ $(our_functions | wc -l) == 2 ]]; }
            wait_for 20 "second endpoint" both
            our_functions | tell functions
            say groups "$(ls /sys/kernel/iommu_groups | wc -l)"
            for number in 0 1; do
                enable_our_vfs 2 "$number"
                say "features$number" "$(cat "$pci/$(vf_of "$pf" 0)"/virtio*/features)"
                pair "e$number" "$(vf_netdev "$pf" 0)" "$(vf_netdev "$pf" 1)"
                pair_rate "e$number" 1
            done
            check_kernel_log log
            """,
            new GuestOptions
            {
                HasIommu = hasIommu,
                Devices = [GuestOptions.VfioUser(emulator.PathOf("a.sock")), GuestOptions.VfioUser(emulator.PathOf("b.sock"))],
            },
            Limit);

        Assert.That(results.Lines("functions"), Is.EqualTo(new[] { "10000:01:00.0", "10001:01:00.0" }));
        Assert.That(results.Number("groups"), hasIommu ? Is.Positive : Is.Zero);
        foreach (int number in new[] { 0, 1 })
        {
            Assert.That(results[$"features{number}"][VirtioFeature.AccessPlatform], Is.EqualTo('1'));
            Assert.That(results[$"e{number}.ping.lost"], Is.EqualTo("0"), () => results[$"e{number}.ping"]);
            Assert.That(results.Number($"e{number}.tcp.mbits"), Is.Positive);
            TestContext.Out.WriteLine($"endpoint {number}, IOMMU {hasIommu}: {results[$"e{number}.tcp.mbits"]} Mbit/s");
        }

        Assert.That(results["log.count"], Is.EqualTo("0"), () => results["log"]);
    }

    [TestCase("newest", true)]
    [TestCase("newest", false)]
    [TestCase("6.1", false)]
    public void Linux_drives_packed_rings_and_split_rings(string kernel, bool offersPacked)
    {
        using EmulatorProcess emulator = offersPacked
            ? new EmulatorProcess("--hierarchy", "{0}/vmd.sock")
            : new EmulatorProcess("--no-packed", "--hierarchy", "{0}/vmd.sock");
        GuestResults results = Guest.Run(Lab, OneEndpoint, Options(emulator) with { Kernel = kernel }, Limit);

        Assert.That(results["features"][VirtioFeature.RingPacked], Is.EqualTo(offersPacked ? '1' : '0'));
        Assert.That(results["vf.ping.lost"], Is.EqualTo("0"), () => results["vf.ping"]);
        Assert.That(results.Number("vf.tcp.mbits"), Is.Positive);
        Assert.That(results["interrupts"], Does.Not.Contain("vmd"), "interrupts pass the controller");
        Assert.That(results["log.count"], Is.EqualTo("0"), () => results["log"]);
        TestContext.Out.WriteLine($"{kernel}, packed {offersPacked}: {results["vf.tcp.mbits"]} Mbit/s");
    }

    [Test]
    public void Interrupts_arrive_through_the_controllers_own_vectors()
    {
        using var emulator = new EmulatorProcess("--hierarchy-remap", "--hierarchy", "{0}/vmd.sock");
        GuestResults results = Guest.Run(Lab, OneEndpoint, Options(emulator), Limit);

        Assert.That(results["interrupts"], Does.Contain("vmd"));
        Assert.That(results["vf.ping.lost"], Is.EqualTo("0"), () => results["vf.ping"]);
        Assert.That(results.Number("vf.tcp.mbits"), Is.Positive);
        Assert.That(results["log.count"], Is.EqualTo("0"), () => results["log"]);
    }

    [Test]
    public void A_PF_driver_that_knows_no_VIRTIO_enables_64_VFs()
    {
        using var emulator = new EmulatorProcess("--total-vfs", "64", "--hierarchy", "{0}/vmd.sock");
        GuestResults results = Guest.Run(
            Lab,
            """
            modprobe pci-pf-stub || die "there is no pci-pf-stub"
            load_vmd
            pf=$(our_pf)
            netdev_of "$pf" >/dev/null
            echo "$pf" >"$pci/$pf/driver/unbind"
            echo pci-pf-stub >"$pci/$pf/driver_override"
            echo "$pf" >/sys/bus/pci/drivers/pci-pf-stub/bind || die "the stub does not take the PF"
            say driver "$(driver_of "$pf")"
            enable_vfs "$pf" 64
            have_netdevs() { [[ $(for function in $(our_functions); do has_netdev "$function" >/dev/null && echo; done | wc -l) == 64 ]]; }
            wait_for 60 "network device of each of 64 VFs" have_netdevs
            say functions "$(our_functions | wc -l)"
            pair vf "$(vf_netdev "$pf" 0)" "$(vf_netdev "$pf" 63)"
            enable_vfs "$pf" 0
            say left "$(our_functions | wc -l)"
            check_kernel_log log
            """,
            Options(emulator) with { Processors = 2 },
            Limit);

        Assert.That(results["driver"], Is.EqualTo("pci-pf-stub"));
        Assert.That(results["functions"], Is.EqualTo("65"));
        Assert.That(results["vf.ping.lost"], Is.EqualTo("0"), () => results["vf.ping"]);
        Assert.That(results["left"], Is.EqualTo("1"));
        Assert.That(results["log.count"], Is.EqualTo("0"), () => results["log"]);
    }

    private static GuestOptions Options(EmulatorProcess emulator) => new() { Devices = [GuestOptions.VfioUser(emulator.PathOf("vmd.sock"))] };
}
