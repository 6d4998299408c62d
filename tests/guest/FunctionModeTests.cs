// Function mode with real machines: each QEMU has one VF of one endpoint, its kernel an unmodified one with its own virtio_net.
using System;
using System.Globalization;
using System.Linq;
using NUnit.Framework;

namespace SmartNicFw.Tests.Guest;

public sealed class FunctionModeTests : GuestFixture
{
    // Brings the machine's only function up in the namespace vm; leaves the function in $function, its device in $device.
    private const string Up = """
        up() {
            modprobe virtio_pci && modprobe virtio_net || die "the VIRTIO drivers cannot be loaded"
            function=$(lspci -D -n -d 1af4:1041 | awk '{ print $1 }')
            [[ $function == 0000:00:03.0 ]] || die "found as 1af4:1041: '$function'"
            device=$(netdev_of "$function")
            say mac "$(<"/sys/class/net/$device/address")"
            place "$device" vm "$1/24"
        }

        """;

    private const string Server = Up + """
        up 10.0.0.1
        lspci -vvv -s "$function" | tell lspci
        grep virtio /proc/interrupts | tell interrupts
        serve vm
        say driver "$(driver_of "$function")"
        ask ready
        reach back vm 10.0.0.2
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

    private static GuestOptions Machine(EmulatorProcess emulator, string function) => new()
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
        TestContext.Out.WriteLine(served["interrupts"]);
        TestContext.Out.WriteLine(results["ping"]);
        TestContext.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"VF to VF between two machines, Mbit/s: TCP {results["tcp.mbits"]}, reverse {results["reverse.mbits"]}, UDP {results["udp.mbits"]}"));
    }
}
