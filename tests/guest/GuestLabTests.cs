// The lab itself: each kernel boots to its script, the tools are there, and igb is the measure that our VFs are held against.
using System.IO;
using NUnit.Framework;
using NUnit.Framework.Internal;

namespace SmartNicFw.Tests.Guest;

public sealed class GuestLabTests : GuestFixture
{
    private const string Igb = """
        enable_igb_vfs 2
        x=$(vf_netdev "$pf" 0) y=$(vf_netdev "$pf" 1)
        pair igb "$x" "$y"
        pair_rate igb 4
        stream udp igb-a 10.0.0.2 2 -u -b 5M
        add_vlan igb-a "$x" 7 10.7.0.1/24
        add_vlan igb-b "$y" 7 10.7.0.2/24
        reach vlan igb-a 10.7.0.2
        join igb-b "$y" 239.1.2.3
        reach multicast igb-a 239.1.2.3 3 -I "$x"
        set_mtu igb-a "$x" 9000
        set_mtu igb-b "$y" 9000
        reach jumbo igb-a 10.0.0.2 3 -M do -s 8972
        say driver "$(driver_of "$(vf_of "$pf" 0)")"
        say received "$(count_of igb-b "$y" rx_packets)"
        say address "$(mac_of igb-a "$x")"
        # While the device is up: igbvf of 7.3 waits forever for a poll that is already off if it is down.
        reset_function "$(vf_of "$pf" 0)"
        ip netns del igb-a
        ip netns del igb-b
        enable_vfs "$pf" 0
        say left "$(compgen -G "$pci/$pf/virtfn*" | wc -l)"
        check_kernel_log log
        """;

    [TestCase("6.1", "6.1.")]
    [TestCase("6.12", "6.12.")]
    [TestCase("newest", "")]
    public void A_kernel_boots_to_its_script_with_every_tool_and_module(string kernel, string release)
    {
        GuestResults results = Guest.Run(
            Lab,
            """
            say release "$(uname -r)"
            say uptime "$(cut -d ' ' -f 1 /proc/uptime)"
            for tool in "bash --version" "busybox" "ip -V" "bridge -V" "tc -V" "ethtool --version" "iperf3 --version" \
                "ping -V" "lspci --version" "setpci --version" "tcpdump --version" "modprobe --version" "dmesg --version"; do
                run "tool ${tool%% *}" $tool
            done
            for module in vmd virtio_pci virtio_net pci-pf-stub vfio-pci vfio_iommu_type1 igb igbvf e1000 e1000e 8021q bridge tun veth macvlan vrf; do
                run "module $module" modprobe "$module" || die "no module $module"
            done
            check_kernel_log log
            """,
            new GuestOptions { Kernel = kernel });

        Assert.That(results["release"], Is.EqualTo(Lab.Kernel(kernel).Release).And.StartWith(release));
        Assert.That(results["tool bash"], Does.StartWith("GNU bash"));
        Assert.That(results["tool busybox"], Does.StartWith("BusyBox v"));
        Assert.That(results["tool ip"], Does.StartWith("ip utility, iproute2"));
        Assert.That(results["tool bridge"], Does.StartWith("bridge utility"));
        Assert.That(results["tool tc"], Does.StartWith("tc utility"));
        Assert.That(results["tool ethtool"], Does.StartWith("ethtool version"));
        Assert.That(results["tool iperf3"], Does.StartWith("iperf 3."));
        Assert.That(results["tool ping"], Does.StartWith("ping from iputils"));
        Assert.That(results["tool lspci"], Does.StartWith("lspci version"));
        Assert.That(results["tool setpci"], Does.StartWith("setpci version"));
        Assert.That(results["tool tcpdump"], Does.StartWith("tcpdump version"));
        Assert.That(results["tool modprobe"], Does.StartWith("kmod version"));
        Assert.That(results["tool dmesg"], Does.StartWith("dmesg from util-linux"));
        Assert.That(results["log.count"], Is.EqualTo("0"), () => results["log"]);
        Assert.That(results.Unframed, Is.Empty);
        TestContext.Out.WriteLine($"Linux {results["release"]} runs its script after {results["uptime"]} s");
    }

    [Test]
    public void A_script_and_its_test_take_turns()
    {
        using Guest guest = Guest.Start(
            Lab,
            """
            for step in 1 2 3; do
                say got "$(ask "step$step")"
            done
            echo stray words
            printf '@@ got: forged\n@> forged\n' | tell forged
            """);
        for (int step = 1; step <= 3; step++)
        {
            Assert.That(guest.WaitFor($"step{step}"), Is.EqualTo("waiting"));
            guest.Answer(Word(step));
        }

        GuestResults results = guest.Finish();
        Assert.That(results.All("got"), Is.EqualTo(new[] { Word(1), Word(2), Word(3) }));
        Assert.That(results.Lines("forged"), Is.EqualTo(new[] { "@@ got: forged", "@> forged" }));
        Assert.That(results.Unframed, Is.Empty);
        Assert.That(guest.Console, Does.Contain("stray words"));
    }

    [Test]
    public void A_warning_of_the_kernel_is_found_and_one_that_every_guest_has_is_not()
    {
        GuestResults results = Guest.Run(
            Lab,
            """
            check_kernel_log before
            say warnings "$(dmesg -l warn | wc -l)"
            echo '<4>tsc: Unable to calibrate against PIT' >/dev/kmsg
            echo '<6>just so' >/dev/kmsg
            echo '<4>guest: something is odd' >/dev/kmsg
            echo '<3>guest: something broke' >/dev/kmsg
            check_kernel_log after
            """);

        Assert.That(results["before.count"], Is.EqualTo("0"));
        Assert.That(results.Number("warnings"), Is.Positive, "nothing was there to be allowed");
        Assert.That(results["after.count"], Is.EqualTo("2"));
        Assert.That(results.Lines("after")[0], Does.EndWith("guest: something is odd"));
        Assert.That(results.Lines("after")[1], Does.EndWith("guest: something broke"));
    }

    [Test]
    public void A_script_that_gives_up_fails_its_test_with_its_own_words_and_QEMU_is_gone()
    {
        using Guest guest = Guest.Start(Lab, "echo before; say never \"$(our_pf)\"; sleep 60; say never more");
        int id = guest.ProcessId;
        AssertionException failure;
        using (new TestExecutionContext.IsolatedContext())
        {
            failure = Assert.Throws<AssertionException>(() => guest.Finish())!;
        }

        Assert.That(failure.Message, Does.Contain("gave up: there is no PF 0 behind a VMD").And.Contain("console:\nbefore"));
        Assert.That(Directory.Exists($"/proc/{id}"), Is.False);
        Assert.That(guest.Results.All("never"), Does.Not.Contain("more"));
    }

    [Test]
    public void A_guest_that_is_killed_is_gone_at_once()
    {
        using Guest guest = Guest.Start(Lab, "say here yes; sleep 1000");
        guest.WaitFor("here");
        guest.Kill();

        Assert.That(Directory.Exists($"/proc/{guest.ProcessId}"), Is.False);
        Assert.That(guest.Results.TryGet("exit", out _), Is.False);
    }

    [Test]
    public void QEMU_has_the_vfio_user_client() =>
        Assert.That(GuestLab.Run("qemu", "-device", "vfio-user-pci,help").Output, Does.Contain("socket=<SocketAddress>"), Lab.QemuVersion);

    [TestCase("newest")]
    public void An_IOMMU_serves_the_guest_that_has_one(string kernel)
    {
        GuestResults results = Guest.Run(
            Lab,
            """
            say units "$(ls /sys/class/iommu | wc -l)"
            say groups "$(ls /sys/kernel/iommu_groups | wc -l)"
            """,
            new GuestOptions { Kernel = kernel, HasIommu = true, Devices = GuestOptions.Igb() });

        Assert.That(results.Number("units"), Is.EqualTo(1));
        Assert.That(results.Number("groups"), Is.GreaterThan(2));
    }

    // The functions that scripts are made of, on a device that is known to work; and a figure, not a limit: what our VFs reach
    // in the same guest is divided by it.
    [TestCase("6.1")]
    [TestCase("newest")]
    public void Two_VFs_of_igb_do_all_that_scripts_ask_of_a_device(string kernel)
    {
        GuestResults results = Guest.Run(Lab, Igb, new GuestOptions { Kernel = kernel, Devices = GuestOptions.Igb() });

        foreach (string reached in new[] { "igb.ping", "vlan", "multicast", "jumbo" })
        {
            Assert.That(results[reached + ".lost"], Is.EqualTo("0"), () => results[reached]);
        }

        Assert.That(results.Number("igb.tcp.mbits"), Is.Positive, () => results["igb.tcp"]);
        Assert.That(results.Number("udp.mbits"), Is.Positive, () => results["udp"]);
        Assert.That(results.Number("udp.lost"), Is.InRange(0, 99), () => results["udp"]);
        Assert.That(results["driver"], Is.EqualTo("igbvf"));
        Assert.That(results.Number("received"), Is.GreaterThan(1000));
        Assert.That(results["address"], Does.Match("^([0-9a-f]{2}:){5}[0-9a-f]{2}$"));
        Assert.That(results["left"], Is.EqualTo("0"));

        // igb's drivers complain about QEMU's model of it (MAC filters, VLANs that go with the VF); nobody else does.
        Assert.That(results.Lines("log"), Has.All.Match("igb(vf)? 0000:01:"));
        TestContext.Out.WriteLine($"igb VF to VF, TCP, Linux {Lab.Kernel(kernel).Release}: {results["igb.tcp.mbits"]} Mbit/s");
    }

    private static string Word(int step) => $"word {step}, longer than the sixteen bytes that a serial port holds";
}
