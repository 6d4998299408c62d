// What ethtool shows and sets of coalescing, and that the interrupts which a guest counts follow it.
using System;
using System.Linq;
using NUnit.Framework;

namespace SmartNicFw.Tests.Guest;

public sealed class CoalescingTests : GuestFixture
{
    // The same in each round, 10 ms apart: apart enough that each has an interrupt of its own where none waits.
    private const int Frames = 400;

    [Test]
    public void Interrupts_in_proc_follow_what_ethtool_sets()
    {
        using var emulator = new EmulatorProcess("--hierarchy", "{0}/vmd.sock");
        GuestResults results = Guest.Run(
            Lab,
            $$"""
            # inputs_of VIRTIO-DEVICE: interrupts of its receive queues so far, by all processors.
            inputs_of() {
                awk -v name="$1-input" '
                    NR == 1 { processors = NF; next }
                    index($NF, name) == 1 { for (column = 2; column <= 1 + processors; column++) sum += $column }
                    END { print sum + 0 }' /proc/interrupts
            }
            # count_round NAME: frames to the second VF; tells how many interrupts and how many frames it had.
            count_round() {
                local interrupts frames
                interrupts=$(inputs_of "$device")
                frames=$(count_of vf-b "$v1" rx_packets)
                run "$1.ping" in_namespace vf-a ping -q -c {{Frames}} -i 0.01 -W 3 10.0.0.2
                say "$1.interrupts" $(($(inputs_of "$device") - interrupts))
                say "$1.frames" $(($(count_of vf-b "$v1" rx_packets) - frames))
            }
            enable_our_vfs 2
            v0=$(vf_netdev "$pf" 0) v1=$(vf_netdev "$pf" 1)
            device=$(basename "$pci/$(vf_of "$pf" 1)"/virtio*)
            pair vf "$v0" "$v1"
            # Nobody asks for addresses anew while frames are counted.
            in_namespace vf-a ip neigh replace 10.0.0.2 lladdr "$(mac_of vf-b "$v1")" dev "$v0" nud permanent
            in_namespace vf-b ip neigh replace 10.0.0.1 lladdr "$(mac_of vf-a "$v0")" dev "$v1" nud permanent
            in_namespace vf-b ethtool -c "$v1" | tell before
            count_round none
            run set in_namespace vf-b ethtool -C "$v1" rx-usecs 300000 rx-frames 16
            in_namespace vf-b ethtool -c "$v1" | tell after
            count_round some
            run queue in_namespace vf-b ethtool --per-queue "$v1" queue_mask 0x1 --coalesce rx-usecs 300000 rx-frames 4
            in_namespace vf-b ethtool --per-queue "$v1" queue_mask 0x1 --show-coalesce | tell queue.after
            count_round few
            run unset in_namespace vf-b ethtool -C "$v1" rx-usecs 0 rx-frames 0
            count_round again
            check_kernel_log log
            """,
            new GuestOptions { Kernel = "6.12", Devices = [GuestOptions.VfioUser(emulator.PathOf("vmd.sock"))] },
            TimeSpan.FromMinutes(5));

        foreach (string name in new[] { "set", "queue", "unset", "none.ping", "some.ping", "few.ping", "again.ping" })
        {
            Assert.That(results[name + ".exit"], Is.EqualTo("0"), () => results[name]);
        }

        Assert.That(Shown(results, "before"), Is.EqualTo(("0", "0")), () => results["before"]);
        Assert.That(Shown(results, "after"), Is.EqualTo(("300000", "16")), () => results["after"]);
        Assert.That(Shown(results, "queue.after"), Is.EqualTo(("300000", "4")), () => results["queue.after"]);
        foreach (string round in new[] { "none", "some", "few", "again" })
        {
            TestContext.Out.WriteLine($"{round}: {results[round + ".frames"]} frames, {results[round + ".interrupts"]} interrupts");
            Assert.That(results.Number(round + ".frames"), Is.EqualTo(Frames), round);
        }

        double none = results.Number("none.interrupts");
        double some = results.Number("some.interrupts");
        double few = results.Number("few.interrupts");
        double again = results.Number("again.interrupts");
        Assert.That(none, Is.GreaterThan(Frames / 2), "each frame has its interrupt, but for those that a busy guest takes together");
        Assert.That(some, Is.Positive.And.LessThan(none / 4), "16 frames have one, or those of 300 ms");
        Assert.That(few, Is.GreaterThan(some * 1.5).And.LessThan(none * 0.6), "4 frames have one");
        Assert.That(again, Is.GreaterThan(Frames / 2));
        Assert.That(results["log.count"], Is.EqualTo("0"), () => results["log"]);
    }

    private static (string Usecs, string Frames) Shown(GuestResults results, string name) =>
        (Value(results, name, "rx-usecs"), Value(results, name, "rx-frames"));

    private static string Value(GuestResults results, string name, string label) => results.Lines(name)
        .Select(line => line.Split(':'))
        .Single(words => words.Length == 2 && words[0].Trim() == label)[1].Trim();
}
