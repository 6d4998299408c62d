// Hosts and emulators that are killed at work: neighbours lose nothing, everything is given back, and whoever comes next is served.
using System;
using System.Diagnostics;
using System.IO;
using System.Threading;
using NUnit.Framework;

namespace SmartNicFw.Tests.Guest;

/// <summary>Item 37 of the hostile inputs, with real hosts: QEMU or the emulator killed at any moment.</summary>
public sealed class HostDeathTests : GuestFixture
{
    private const int Deaths = 3;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    // Pings between VFs of its own, five a second, from beginning to end, and whatever it is asked for besides.
    private const string Survivor = """
        enable_our_vfs 2
        pair own "$(vf_netdev "$pf" 0)" "$(vf_netdev "$pf" 1)"
        ip netns exec own-a ping -i 0.2 10.0.0.2 >/run/pings &
        pings=$!
        while true; do
            case $(ask next) in
                reach) reach cross own-a 10.0.0.11 ;;
                count) say count "$(grep -c 'icmp_seq=' /run/pings)" ;;
                *) break ;;
            esac
        done
        kill -INT $pings
        wait $pings
        tell pings </run/pings
        sed -nE 's/.*icmp_seq=([0-9]+) ttl=.*/\1/p' /run/pings | tell sequence
        check_kernel_log log
        """;

    // Reaches the other guest, and is then at work on all of its VFs and on the wire.
    private const string Victim = """
        enable_our_vfs 2
        place "$(vf_netdev "$pf" 0)" left 10.0.0.11/24
        place "$(vf_netdev "$pf" 1)" right 10.0.0.12/24
        reach cross left 10.0.0.1
        check_kernel_log log
        serve right
        in_namespace left ping -f -s 1400 10.0.0.1 >/dev/null &
        in_namespace left iperf3 -c 10.0.0.12 -t 1000 >/dev/null &
        received() { (($(in_namespace right sh -c 'cat /sys/class/net/*/statistics/rx_bytes' | sort -n | tail -n 1) > 5000000)); }
        wait_for 60 "traffic" received
        [[ $(ask traffic) == go ]] || sleep 1000
        """;

    [Test]
    public void A_killed_host_costs_its_neighbour_nothing_gives_everything_back_and_its_socket_takes_the_next_three_times()
    {
        int here = QemuWireTests.FreePort();
        int there = QemuWireTests.FreePort();
        using var emulator = new EmulatorProcess(
            "--hierarchy", "{0}/survivor.sock", "--port", $"dgram:127.0.0.1:{here},127.0.0.1:{there}",
            "--hierarchy", "{0}/victim.sock", "--port", $"dgram:127.0.0.1:{there},127.0.0.1:{here}");
        using Guest survivor = Attach(emulator.PathOf("survivor.sock"), Survivor);
        survivor.WaitFor("next", limit: Limit);
        ProcessUse alone = ProcessUse.Of(emulator.ProcessId);
        Assert.That(alone.GuestMappings, Is.Positive);
        int asked = 1;
        for (int death = 1; death <= Deaths + 1; death++)
        {
            using Guest victim = Attach(emulator.PathOf("victim.sock"), Victim);
            victim.WaitFor("traffic", limit: Limit);
            Assert.That(victim.Results["cross.lost"], Is.EqualTo("0"), () => victim.Results["cross"]);
            Assert.That(victim.Results["log.count"], Is.EqualTo("0"), () => victim.Results["log"]);
            survivor.Answer("reach");
            survivor.WaitFor("next", ++asked, Limit);
            Assert.That(survivor.Results["cross.lost"], Is.EqualTo("0"), () => survivor.Results["cross"]);
            ProcessUse both = ProcessUse.Of(emulator.ProcessId);
            Assert.That(both.GuestMappings, Is.GreaterThan(alone.GuestMappings));
            Assert.That(both.Sockets, Is.EqualTo(alone.Sockets + 1));
            if (death > Deaths)
            {
                victim.Answer("go");
                victim.Finish();
                break;
            }

            int before = Count(survivor, ref asked);
            victim.Kill();
            TestContext.Out.WriteLine($"death {death}: {both} is {alone} again after {Freed(emulator, alone):0} ms");
            Assert.That(() => Count(survivor, ref asked), Is.GreaterThan(before + 5).After(60_000, 500), "pings go on");
        }

        survivor.Answer("end");
        GuestResults results = survivor.Finish();
        string[] answered = results.Lines("sequence");
        Assert.That(int.Parse(answered[^1], null), Is.EqualTo(answered.Length), () => results["pings"]);
        Assert.That(results["pings"], Does.Not.Contain("DUP"));
        Assert.That(results["log.count"], Is.EqualTo("0"), () => results["log"]);
        Assert.That(emulator.Quit(), Is.Zero, emulator.Errors);
        TestContext.Out.WriteLine($"{answered.Length} pings of the neighbour, none lost");
    }

    [Test]
    public void An_emulator_that_is_killed_leaves_guests_a_dead_device_and_its_socket_to_the_next_one()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("smartnic-death-");
        try
        {
            string socket = Path.Combine(folder.FullName, "vmd.sock");
            using var first = new EmulatorProcess("--hierarchy", socket);
            using Guest bereaved = Attach(socket, """
                enable_our_vfs 2
                pair own "$(vf_netdev "$pf" 0)" "$(vf_netdev "$pf" 1)"
                ip netns exec own-a ping -i 0.2 10.0.0.2 >/run/pings &
                ask kill
                say vendor "$(setpci -s "$pf" VENDOR_ID)"
                run lspci lspci -n
                run ping in_namespace own-a ping -c 3 -i 0.2 -W 1 10.0.0.2
                say processes "$(in_namespace own-b sh -c 'echo alive')"
                sleep 3
                dmesg | grep -E 'BUG:|Oops|Call Trace|Kernel panic|soft lockup' | tell crashes
                ask end
                sleep 1000
                """);
            bereaved.WaitFor("kill", limit: Limit);
            Assert.That(bereaved.Results["own.ping.lost"], Is.EqualTo("0"), () => bereaved.Results["own.ping"]);
            first.Kill();
            Assert.That(File.Exists(socket), Is.True, "nobody was there to remove it");
            bereaved.Answer();
            bereaved.WaitFor("end", limit: Limit);
            Assert.That(bereaved.Results["vendor"], Is.EqualTo("ffff"));
            Assert.That(bereaved.Results["ping"], Does.Contain("100% packet loss"));
            Assert.That(bereaved.Results["lspci"], Does.Contain("1af4:1041"));
            Assert.That(bereaved.Results["processes"], Is.EqualTo("alive"));
            Assert.That(bereaved.Results["crashes"], Is.Empty);

            using var second = new EmulatorProcess("--hierarchy", socket);
            using Guest next = Attach(socket, """
                enable_our_vfs 2
                pair own "$(vf_netdev "$pf" 0)" "$(vf_netdev "$pf" 1)"
                check_kernel_log log
                """);
            GuestResults results = next.Finish();
            Assert.That(results["own.ping.lost"], Is.EqualTo("0"), () => results["own.ping"]);
            Assert.That(results["log.count"], Is.EqualTo("0"), () => results["log"]);
            Assert.That(second.Quit(), Is.Zero, second.Errors);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private Guest Attach(string socket, string script) =>
        Guest.Start(Lab, script, new GuestOptions { Devices = [GuestOptions.VfioUser(socket)] });

    private static int Count(Guest survivor, ref int asked)
    {
        survivor.Answer("count");
        survivor.WaitFor("next", ++asked, Limit);
        return (int)survivor.Results.Number("count");
    }

    // Milliseconds until the process holds what it held before; the test fails if it never does.
    private static double Freed(EmulatorProcess emulator, ProcessUse before)
    {
        long start = Stopwatch.GetTimestamp();
        ProcessUse now;
        do
        {
            Thread.Sleep(1);
            now = ProcessUse.Of(emulator.ProcessId);
        }
        while (now != before && Stopwatch.GetElapsedTime(start) < Limit);

        double milliseconds = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        Assert.That(now, Is.EqualTo(before));
        return milliseconds;
    }
}
