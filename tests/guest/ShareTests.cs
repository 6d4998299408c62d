// Shares and limits as Linux's own counters see them: iperf3 saturates VFs, and what arrives is set against what was asked for.
using System;
using System.Globalization;
using System.Linq;
using NUnit.Framework;

namespace SmartNicFw.Tests.Guest;

public sealed class ShareTests : GuestFixture
{
    private const double Tolerance = 0.05;
    private const int OverheadBytes = 24;

    // So low that the smallest burst (32 KB) is 16 ms and more of the rates: what is not sent while a busy machine keeps the emulator from
    // running is made up for afterwards.
    private const double GroupMbps = 16;
    private const double LimitMbps = 4;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    // What a guest under TCG can send is far below any port, so a group's limit is what VFs 0 and 1 compete for. Each sends to a VF
    // of its own; these only receive. UDP, and buffers that keep a few hundred milliseconds of frames waiting in the ring and behind
    // it: however late a busy machine lets the guest run, the queues do not run dry, which the test looks at.
    [Test]
    public void Weights_of_3_to_1_within_a_limit_of_their_group_and_a_third_with_its_own_limit_are_kept_and_changed_under_traffic()
    {
        using var emulator = new EmulatorProcess(
            "--hierarchy", "{0}/vmd.sock", "--vfs", "8", "--group", $"1:max={GroupMbps}", "--vf", "0:weight=3,group=1", "--vf", "1:group=1",
            "--vf", $"2:max={LimitMbps}");
        using Guest guest = Guest.Start(
            Lab,
            """
            enable_our_vfs 6
            sysctl -q -w net.core.wmem_max=16777216 2>/dev/null || echo 16777216 >/proc/sys/net/core/wmem_max
            for vf in 0 1 2; do
                device[vf]=$(vf_netdev "$pf" $vf)
                sink[vf]=$(vf_netdev "$pf" $((vf + 3)))
            done
            for vf in 0 1 2; do
                place "${device[vf]}" from-$vf 10.0.$vf.1/24
                place "${sink[vf]}" to-$vf 10.0.$vf.2/24
                reach ping.$vf from-$vf 10.0.$vf.2 1
                serve to-$vf
            done
            for vf in 0 1 2; do
                in_namespace from-$vf iperf3 -c 10.0.$vf.2 -u -b 0 -l 8972 -w 8M -t 600 >/tmp/iperf.$vf 2>&1 &
            done
            saturated() { (($(waiting 0) > 0 && $(waiting 1) > 0 && $(waiting 2) > 0)); }
            # Bytes that wait for a place in the ring.
            waiting() { tc -n from-$1 -s qdisc show dev "${device[$1]}" | sed -nE 's/.*backlog [0-9]+[KMG]?b ([0-9]+)p.*/\1/p' | sort -n | tail -n 1; }
            sample() {
                local vf
                for vf in 0 1 2; do
                    say "$1.waiting.$vf" "$(waiting $vf)"
                    say "$1.$vf" "$(in_namespace to-$vf sh -c "
                        read -r up rest </proc/uptime
                        cd /sys/class/net/${sink[vf]}/statistics
                        read -r bytes <rx_bytes; read -r packets <rx_packets; read -r dropped <rx_dropped
                        echo \$up \$bytes \$packets \$dropped")"
                done
            }
            wait_for 60 "backlog in all three senders" saturated
            sleep 3
            sample begin
            sleep 5
            sample middle
            sleep 5
            sample end
            ask changed >/dev/null
            sleep 3
            sample second.begin
            sleep 10
            sample second.end
            kill $(jobs -p)
            for vf in 0 1 2; do tell iperf.$vf </tmp/iperf.$vf; done
            check_kernel_log log
            """,
            new GuestOptions { Devices = [GuestOptions.VfioUser(emulator.PathOf("vmd.sock"))] });

        guest.WaitFor("changed", 1, Limit);
        emulator.Say("vf0 weight=1");
        emulator.WaitForLine(line => line.StartsWith("endpoint 1: vf0 has weight=1 ", StringComparison.Ordinal));
        emulator.Say("group 1 max=8");
        emulator.WaitForLine(line => line.StartsWith("endpoint 1: group 1 has weight=1 max=8 ", StringComparison.Ordinal));
        guest.Answer();
        GuestResults results = guest.Finish(Limit);

        string[] samples = ["begin", "middle", "end", "second.begin", "second.end"];
        foreach (string place in samples.SelectMany(sample => Enumerable.Range(0, 3).Select(vf => $"{sample}.waiting.{vf}")))
        {
            Assert.That(results.Number(place), Is.Positive, $"{place}: the queue ran dry, and shares say nothing");
        }

        Expect("3:1", results, "begin", "end", GroupMbps * 3 / 4, GroupMbps / 4);
        Expect("1:1 in half the limit", results, "second.begin", "second.end", GroupMbps / 4, GroupMbps / 4);
        Assert.That(results["log.count"], Is.EqualTo("0"), () => results["log"]);
    }

    private static void Expect(string what, GuestResults results, string begin, string end, double first, double second)
    {
        double[] expected = [first, second, LimitMbps];
        double[] rates = [.. Enumerable.Range(0, 3).Select(vf => LineMbps(results, $"{begin}.{vf}", $"{end}.{vf}"))];
        TestContext.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{what}: {rates[0]:0.00}, {rates[1]:0.00} and {rates[2]:0.00} Mbit/s, {rates[0] / rates[1]:0.000}:1"));
        for (int vf = 0; vf < rates.Length; vf++)
        {
            Assert.That(rates[vf], Is.EqualTo(expected[vf]).Within(expected[vf] * Tolerance), $"{what}, VF {vf}");
        }

        Assert.That(rates[0] / rates[1], Is.EqualTo(first / second).Within(first / second * Tolerance), what);
    }

    // A frame costs 24 bytes more on the line than the kernel counts. Source: IEEE 802.3-2018, 3.1.1 and 4.4.2.
    private static double LineMbps(GuestResults results, string begin, string end)
    {
        double[] from = Numbers(results[begin]);
        double[] to = Numbers(results[end]);
        return (to[1] - from[1] + (OverheadBytes * (to[2] - from[2]))) * 8 / 1e6 / (to[0] - from[0]);
    }

    private static double[] Numbers(string text) =>
        [.. text.Split(' ').Select(number => double.Parse(number, CultureInfo.InvariantCulture))];
}
