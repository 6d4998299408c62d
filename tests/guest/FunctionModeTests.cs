// Function mode with real machines: each QEMU has one VF of one endpoint, its kernel an unmodified one with its own virtio_net.
using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;
using NUnit.Framework;

namespace SmartNicFw.Tests.Guest;

public sealed class FunctionModeTests : GuestFixture
{
    // Brings the machine's only function up in the namespace vm; leaves the function in $function, its device in $device.
    internal const string Up = """
        up() {
            modprobe virtio_pci && modprobe virtio_net || die "the VIRTIO drivers cannot be loaded"
            function=$(lspci -D -n -d 1af4:1041 | awk '{ print $1 }')
            [[ $function == 0000:00:03.0 ]] || die "found as 1af4:1041: '$function'"
            device=$(netdev_of "$function")
            say mac "$(<"/sys/class/net/$device/address")"
            place "$device" vm "$1/24"
        }

        # steady ADDRESS: pings in the background, ten by ten, until it is stopped.
        steady() {
            (
                until [[ -e /tmp/stop ]]; do
                    in_namespace vm ping -c 10 -i 0.1 -W 10 "$1"
                done >/tmp/steady
                touch /tmp/stopped
            ) &
        }

        # stop_steady: tells how many pings were sent as sent, and how many were not answered as lost.
        stop_steady() {
            touch /tmp/stop
            wait_for 60 "end of the pings" test -e /tmp/stopped
            say sent "$(awk '/ packets transmitted/ { n += $1 } END { print n + 0 }' /tmp/steady)"
            say lost "$(awk '/ packets transmitted/ { n += $1 - $4 } END { print n + 0 }' /tmp/steady)"
        }

        """;

    private const string Server = Up + """
        up 10.0.0.1
        lspci -vvv -s "$function" | tell lspci
        serve vm
        say driver "$(driver_of "$function")"
        ask ready
        reach back vm 10.0.0.2
        awk '/virtio0-input/ { n += $2 } END { print n }' /proc/interrupts | tell interrupts
        check_kernel_log log
        ask end
        """;

    private const string Client = Up + """
        up 10.0.0.2
        reach ping vm 10.0.0.1 20
        stream tcp vm 10.0.0.1 4
        stream reverse vm 10.0.0.1 4 -R
        stream udp vm 10.0.0.1 2 -u -b 50M
        check_kernel_log log
        ask end
        """;

    // Answers, and pings its neighbour until it is told to stop; answers on until the neighbour has stopped too.
    private static string Neighbour(int own, int other) => Up + $"""
        up 10.0.0.{own}
        ask ready
        steady 10.0.0.{other}
        ask stop
        stop_steady
        grep ' packets transmitted' /tmp/steady | tell steady
        ask end
        check_kernel_log log
        """;

    // Takes floods, each at a port of its own: a server whose client has died in the middle takes no other. What its own full
    // ring loses is its own loss, so nobody counts its pings.
    private const string Flooded = Up + """
        up 10.0.0.4
        serve vm
        for port in 5301 5302 5303 5304; do
            in_namespace vm iperf3 -s -D -p "$port" || die "iperf3 does not serve at port $port"
        done
        ask ready
        check_kernel_log log
        """;

    private static readonly TimeSpan Freed = TimeSpan.FromSeconds(20);

    internal static GuestOptions Machine(EmulatorProcess emulator, string function) => new()
    {
        Kernel = "6.12",
        MemoryMegabytes = 512,
        Devices = [GuestOptions.VfioUser(emulator.PathOf($"{function}.sock"), 3)],
    };

    [Test]
    public void Two_machines_with_a_VF_each_reach_each_other()
    {
        using var emulator = new EmulatorProcess("--function-dir", "{0}", "--vfs", "2");
        using Guest server = Guest.Start(Lab, Server, Machine(emulator, "vf0"));
        server.WaitFor("ready");
        using Guest client = Guest.Start(Lab, Client, Machine(emulator, "vf1"));
        client.WaitFor("end");
        server.Answer();
        server.WaitFor("end");
        server.Answer();
        client.Answer();
        GuestResults results = client.Finish();
        GuestResults served = server.Finish();

        Assert.That(served["driver"], Is.EqualTo("virtio-pci"));
        Assert.That(served["mac"], Is.Not.EqualTo(results["mac"]));
        Assert.That(results["ping.lost"], Is.EqualTo("0"), () => results["ping"]);
        Assert.That(served["back.lost"], Is.EqualTo("0"), () => served["back"]);
        foreach (string stream in new[] { "tcp", "reverse", "udp" })
        {
            Assert.That(results.Number($"{stream}.mbits"), Is.Positive, () => results[stream]);
        }

        Assert.That(served["lspci"], Does.Contain("[1af4:1041]").Or.Contain("Virtio 1.0 network device"));
        Assert.That(served["lspci"], Does.Contain("MSI-X: Enable+").And.Not.Contain("SR-IOV").And.Not.Contain("ARI"));
        Assert.That(results["log.count"], Is.EqualTo("0"), () => results["log"]);
        Assert.That(served["log.count"], Is.EqualTo("0"), () => served["log"]);
        Assert.That(emulator.Errors, Is.Empty);
        TestContext.Out.WriteLine(served["lspci"]);
        Assert.That(served.Number("interrupts"), Is.Positive, "MSI-X of the receive queues");
        TestContext.Out.WriteLine(results["ping"]);
        TestContext.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"VF to VF between two machines, Mbit/s: TCP {results["tcp.mbits"]}, reverse {results["reverse.mbits"]}, UDP {results["udp.mbits"]}"));
    }

    [Test]
    public void A_machine_that_is_killed_under_traffic_loses_nothing_for_its_neighbours_and_another_takes_its_VF_and_the_PF()
    {
        using var emulator = new EmulatorProcess("--function-dir", "{0}", "--vfs", "4");
        using Guest first = Guest.Start(Lab, Neighbour(1, 2), Machine(emulator, "vf0"));
        using Guest second = Guest.Start(Lab, Neighbour(2, 1), Machine(emulator, "vf1"));
        using Guest flooded = Guest.Start(Lab, Flooded, Machine(emulator, "vf3"));
        first.WaitFor("ready");
        second.WaitFor("ready");
        flooded.WaitFor("ready");
        (int descriptors, int maps) = Held(emulator);
        first.Answer();
        second.Answer();

        int port = 5301;
        foreach (string function in new[] { "vf2", "pf0", "pf0", "vf2" })
        {
            using Guest victim = Guest.Start(
                Lab, Up + $"""
                    up 10.0.0.3
                    reach ping vm 10.0.0.1
                    stream tcp vm 10.0.0.4 1
                    say running yes
                    stream more vm 10.0.0.4 1000 -p {port++}
                    """,
                Machine(emulator, function));
            victim.WaitFor("running");
            Assert.That(victim.Results["ping.lost"], Is.EqualTo("0"), () => victim.Results["ping"]);
            Assert.That(victim.Results.Number("tcp.mbits"), Is.Positive);
            Assert.That(Held(emulator).Maps, Is.GreaterThan(maps));
            victim.Kill();

            long start = Stopwatch.GetTimestamp();
            while (Held(emulator) != (descriptors, maps))
            {
                Assert.That(Stopwatch.GetElapsedTime(start), Is.LessThan(Freed), () => $"{function}: before {(descriptors, maps)}, now {Held(emulator)}");
                Thread.Sleep(1);
            }

            TestContext.Out.WriteLine(
                $"{function}: TCP {victim.Results["tcp.mbits"]} Mbit/s; everything of the dead was freed within {Stopwatch.GetElapsedTime(start).TotalMilliseconds:F0} ms");
        }

        flooded.Answer();
        GuestResults took = flooded.Finish();
        Assert.That(took["log.count"], Is.EqualTo("0"), () => took["log"]);
        foreach (Guest neighbour in new[] { first, second })
        {
            neighbour.WaitFor("stop");
            neighbour.Answer();
        }

        foreach (Guest neighbour in new[] { first, second })
        {
            neighbour.WaitFor("end");
        }

        first.Answer();
        second.Answer();
        foreach (Guest neighbour in new[] { first, second })
        {
            GuestResults results = neighbour.Finish();
            Assert.That(results.Number("sent"), Is.GreaterThan(50));
            Assert.That(results["lost"], Is.EqualTo("0"), () => results["steady"]);
            Assert.That(results["log.count"], Is.EqualTo("0"), () => results["log"]);
            TestContext.Out.WriteLine($"{results["sent"]} pings of a neighbour, {results["lost"]} lost");
        }

        Assert.That(emulator.Errors, Is.Empty);
        Assert.That(emulator.Quit(), Is.Zero);
    }

    // Sockets and eventfds that the emulator has open, and mappings of machines' memory. Its runtime has some of other kinds.
    private static (int Descriptors, int Maps) Held(EmulatorProcess emulator) => (
        Directory.EnumerateFileSystemEntries($"/proc/{emulator.ProcessId}/fd").Count(IsOfMachine),
        File.ReadLines($"/proc/{emulator.ProcessId}/maps").Count(line => line.Contains("memfd:memory-backend", StringComparison.Ordinal)));

    private static bool IsOfMachine(string descriptor)
    {
        try
        {
            string? target = File.ResolveLinkTarget(descriptor, returnFinalTarget: false)?.Name;
            return target is not null && (target.StartsWith("socket:", StringComparison.Ordinal) || target == "anon_inode:[eventfd]");
        }
        catch (FileNotFoundException)
        {
            // Closed between the listing and the look.
            return false;
        }
    }

    [Test]
    public void A_function_outlives_resets_of_its_machine_rebinding_of_its_driver_and_VFs_that_come_and_go()
    {
        using var emulator = new EmulatorProcess("--function-dir", "{0}", "--vfs", "2");
        using Guest neighbour = Guest.Start(Lab, Neighbour(1, 1), Machine(emulator, "vf0"));
        neighbour.WaitFor("ready");
        using Guest guest = Guest.Start(Lab, Up + """
            up 10.0.0.2
            reach ping vm 10.0.0.1
            step=$(ask step)
            if [[ $step == reboot ]]; then
                say boots again
                busybox reboot -f
                sleep 60
            fi
            rebind() {
                ip netns delete vm
                echo "$function" >/sys/bus/pci/drivers/virtio-pci/unbind || die "$function is not unbound"
                "$@"
                echo "$function" >/sys/bus/pci/drivers/virtio-pci/bind || die "$function is not bound"
                up 10.0.0.2
            }
            for round in 1 2 3; do
                rebind reset_function "$function"
                reach "flr$round" vm 10.0.0.1
            done
            rebind true
            reach rebind vm 10.0.0.1
            ip netns delete vm
            for round in 1 2 3; do
                modprobe -r virtio_net || die "virtio_net stays"
                modprobe virtio_net || die "virtio_net does not come"
            done
            up 10.0.0.2
            reach reload vm 10.0.0.1
            check_kernel_log log
            """, Machine(emulator, "vf1") with { RebootEnds = false });
        guest.WaitFor("step");
        guest.Answer("reboot");
        guest.WaitFor("step", 2);
        guest.Answer("go on");
        GuestResults results = guest.Finish();
        Assert.That(results.All("ping.lost"), Is.EqualTo(new[] { "0", "0" }), () => results["ping"]);
        foreach (string reached in new[] { "flr1", "flr2", "flr3", "rebind", "reload" })
        {
            Assert.That(results[$"{reached}.lost"], Is.EqualTo("0"), () => results[reached]);
        }

        Assert.That(results["log.count"], Is.EqualTo("0"), () => results["log"]);

        emulator.Say("numvfs 4");
        emulator.WaitForLine(line => line.StartsWith("endpoint 1: 4 VFs of each PF are enabled", StringComparison.Ordinal));
        emulator.Say("numvfs 0");
        emulator.WaitForLine(line => line == "endpoint 1: no VF is enabled");
        Assert.That(Names(emulator), Is.EqualTo(new[] { "pf0.sock" }));
        emulator.Say("numvfs 3");
        emulator.WaitForLine(line => line.StartsWith("endpoint 1: 3 VFs of each PF are enabled", StringComparison.Ordinal));
        Assert.That(Names(emulator), Is.EqualTo(new[] { "pf0.sock", "vf0.sock", "vf1.sock", "vf2.sock" }));
        GuestResults again = Guest.Run(Lab, Up + "up 10.0.0.2; check_kernel_log log", Machine(emulator, "vf0"));
        Assert.That(again["log.count"], Is.EqualTo("0"), () => again["log"]);
        Assert.That(emulator.Errors, Is.Empty);
        Assert.That(emulator.Quit(), Is.Zero);
    }

    private static string[] Names(EmulatorProcess emulator) =>
        [.. Directory.EnumerateFileSystemEntries(emulator.PathOf("")).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
}
