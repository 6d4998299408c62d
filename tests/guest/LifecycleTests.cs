// Functions that are reset, unbound, or lose their driver while they carry traffic, and guests that start again.
using System;
using NUnit.Framework;

namespace SmartNicFw.Tests.Guest;

public sealed class LifecycleTests : GuestFixture
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    private const string UnderTraffic = """
        # start_traffic NAME: TCP from vf-a to vf-b, told as NAME.bytes once it moves.
        start_traffic() {
            in_namespace vf-a iperf3 -c 10.0.0.2 -t 60 >/dev/null 2>&1 &
            traffic=$!
            sleep 1.5
            say "$1.bytes" "$(in_namespace vf-a cat "/sys/class/net/$v0/statistics/tx_bytes")"
        }
        stop_traffic() {
            kill "$traffic" 2>/dev/null
            wait "$traffic" 2>/dev/null
        }
        again() {
            v0=$(netdev_of "$f0")
            place "$v0" vf-a 10.0.0.1/24
            [[ -z $1 ]] || place "$(netdev_of "$f1")" vf-b 10.0.0.2/24
        }
        enable_our_vfs 3
        v0=$(vf_netdev "$pf" 0) v1=$(vf_netdev "$pf" 1)
        f0=$(vf_of "$pf" 0) f1=$(vf_of "$pf" 1)
        pair vf "$v0" "$v1"
        serve vf-b

        """;

    [Test]
    public void FLR_unbind_and_removal_of_the_driver_under_traffic_touch_no_neighbour()
    {
        using var emulator = new EmulatorProcess("--hierarchy", "{0}/vmd.sock");
        GuestResults results = Guest.Run(
            Lab,
            UnderTraffic + """
            place "$(netdev_of "$pf")" pf 10.0.0.3/24
            address=$(in_namespace vf-a cat "/sys/class/net/$v0/address")
            reach neighbour.first vf-b 10.0.0.3 1
            in_namespace vf-b ping -i 0.05 -c 80 10.0.0.3 >/tmp/neighbour 2>&1 &
            neighbour=$!
            start_traffic flr
            start=$(monotonic_us)
            reset_function "$f0"
            say flr.us $(($(monotonic_us) - start))
            run silent in_namespace vf-a ping -c 2 -i 0.2 -W 1 10.0.0.2
            stop_traffic
            echo "$f0" >"$pci/$f0/driver/unbind"
            echo "$f0" >/sys/bus/pci/drivers/virtio-pci/bind
            again ""
            reach flr.after vf-a 10.0.0.2 3
            say flr.address "$address $(in_namespace vf-a cat "/sys/class/net/$v0/address")"
            wait "$neighbour"
            tell neighbour </tmp/neighbour

            start_traffic unbind
            echo "$f0" >"$pci/$f0/driver/unbind"
            stop_traffic
            say unbind.driver "$(driver_of "$f0")"
            echo "$f0" >/sys/bus/pci/drivers/virtio-pci/bind
            again ""
            reach unbind.after vf-a 10.0.0.2 3

            start_traffic driver
            run driver.rmmod modprobe -r virtio_net
            stop_traffic
            say driver.devices "$(ls /sys/class/net | wc -l)"
            modprobe virtio_net || die "virtio_net is not loaded again"
            again too
            reach driver.after vf-a 10.0.0.2 3
            check_kernel_log log
            """,
            Options(emulator),
            Limit);

        Assert.That(results["silent"], Does.Contain(" 0 received"), "its driver does not know of the reset");
        string[] addresses = results["flr.address"].Split(' ');
        Assert.That(addresses[1], Is.EqualTo(addresses[0]));
        Assert.That(results["neighbour"], Does.Contain("80 packets transmitted, 80 received, 0% packet loss"));
        Assert.That(results["unbind.driver"], Is.EqualTo("none"));
        Assert.That(results["driver.rmmod.exit"], Is.EqualTo("0"), () => results["driver.rmmod"]);
        Assert.That(results["driver.devices"], Is.EqualTo("1"), "lo");
        foreach (string step in new[] { "flr", "unbind", "driver" })
        {
            Assert.That(results.Number(step + ".bytes"), Is.GreaterThan(100_000), step);
            Assert.That(results[step + ".after.lost"], Is.EqualTo("0"), () => results[step + ".after"]);
        }

        Assert.That(results["log.count"], Is.EqualTo("0"), () => results["log"]);
        TestContext.Out.WriteLine($"FLR through sysfs: {results.Number("flr.us") / 1000} ms, of which the kernel waits 100");
    }

    [Test]
    public void Vmd_is_removed_under_traffic_and_finds_everything_again()
    {
        using var emulator = new EmulatorProcess("--hierarchy", "{0}/vmd.sock");
        GuestResults results = Guest.Run(
            Lab,
            UnderTraffic + """
            start_traffic vmd
            run vmd.rmmod modprobe -r vmd
            stop_traffic
            say vmd.functions "$(our_functions | wc -l)"
            load_vmd
            enable_our_vfs 3
            again too
            reach vmd.after vf-a 10.0.0.2 3
            check_kernel_log log
            """,
            Options(emulator),
            Limit);

        Assert.That(results.Number("vmd.bytes"), Is.GreaterThan(100_000));
        Assert.That(results["vmd.rmmod.exit"], Is.EqualTo("0"), () => results["vmd.rmmod"]);
        Assert.That(results["vmd.functions"], Is.EqualTo("0"));
        Assert.That(results["vmd.after.lost"], Is.EqualTo("0"), () => results["vmd.after"]);
        Assert.That(results["log.count"], Is.EqualTo("0"), () => results["log"]);
    }

    [Test]
    public void A_guest_that_reboots_finds_the_endpoint_as_new()
    {
        using var emulator = new EmulatorProcess("--hierarchy", "{0}/vmd.sock");
        using Guest guest = Guest.Start(
            Lab,
            """
            load_vmd
            say before "$(our_functions | wc -l)"
            enable_our_vfs 2
            pair vf "$(vf_netdev "$pf" 0)" "$(vf_netdev "$pf" 1)"
            check_kernel_log log
            if [[ $(ask up) == reboot ]]; then
                reboot -f
                sleep 60
            fi
            """,
            Options(emulator) with { RebootEnds = false });
        guest.WaitFor("up", 1, Limit);
        guest.Answer("reboot");
        guest.WaitFor("up", 2, Limit);
        guest.Answer("end");
        GuestResults results = guest.Finish(Limit);

        Assert.That(results.All("before"), Is.EqualTo(new[] { "1", "1" }), "VFs do not outlive the reboot");
        Assert.That(results.All("vf.ping.lost"), Is.EqualTo(new[] { "0", "0" }));
        Assert.That(results.All("log.count"), Is.EqualTo(new[] { "0", "0" }), () => results["log"]);
    }

    private static GuestOptions Options(EmulatorProcess emulator) => new() { Devices = [GuestOptions.VfioUser(emulator.PathOf("vmd.sock"))] };
}
