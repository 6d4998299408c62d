// Our VFs and those of QEMU's igb in one guest. That the comparison works; the figure that counts is the benchmarks'.
using System.Globalization;
using System.Linq;
using NUnit.Framework;

namespace SmartNicFw.Tests.Guest;

public sealed class ComparisonTests : GuestFixture
{
    [Test]
    public void Our_VFs_and_those_of_igb_move_TCP_by_turns()
    {
        using var emulator = new EmulatorProcess("--hierarchy", "{0}/vmd.sock");
        GuestResults results = Guest.Run(
            Lab, "compare_with_igb 2 2", new GuestOptions { Devices = [GuestOptions.VfioUser(emulator.PathOf("vmd.sock")), .. GuestOptions.Igb()] });

        Assert.That(results["ours.ping.lost"], Is.EqualTo("0"), () => results["ours.ping"]);
        Assert.That(results["igb.ping.lost"], Is.EqualTo("0"), () => results["igb.ping"]);
        double[] ours = Rates(results, "ours.tcp.mbits");
        double[] igb = Rates(results, "igb.tcp.mbits");
        Assert.That(ours, Has.Length.EqualTo(2).And.All.Positive);
        Assert.That(igb, Has.Length.EqualTo(2).And.All.Positive);
        TestContext.Out.WriteLine(
            $"Mbit/s, ours {string.Join(", ", ours)}, igb {string.Join(", ", igb)}, ratios {string.Join(", ", ours.Zip(igb, (our, its) => $"{our / its:0.00}"))}");
    }

    private static double[] Rates(GuestResults results, string name) =>
        [.. results.All(name).Select(rate => double.Parse(rate, CultureInfo.InvariantCulture))];
}
