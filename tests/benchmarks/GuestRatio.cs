// TCP from VF to VF inside a Linux guest, on our VFs and on those of QEMU's igb by turns: what share of igb's rate ours reach.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;

namespace SmartNicFw.Benchmarks;

/// <summary>
/// One guest of tests/guest/lab under TCG with both NICs; the emulator is a process of its own, as it is in use. igb runs in
/// QEMU's own threads: on two processors ours has the second one for the device, and igb for QEMU's main loop.
/// </summary>
internal static class GuestRatio
{
    private const double Least = 1.0;
    private const int Rounds = 7;
    private const int Seconds = 3;

    /// <summary>Both rates and their ratio; nothing, and a line that says why, where there is no lab.</summary>
    public static IEnumerable<Result> Measure()
    {
        string lab = Path.Combine(GuestRun.Repository(), "tests", "guest", "lab");
        using var emulator = new EmulatorRun("--vfs", "8");
        IReadOnlyList<string>? lines = GuestRun.Of(
            lab, $"compare_with_igb {Rounds} {Seconds}", "-device", GuestRun.VfioUser(emulator.Socket),
            "-device", "pcie-root-port,id=igb-port,chassis=1,slot=1", "-device", "igb,bus=igb-port");
        if (lines is null)
        {
            Console.Error.WriteLine("benchmarks: no guest lab, so nothing is measured in guests; build it with: tests/guest/lab build");
            return [];
        }

        double[] ours = Rates(lines, "@@ ours.tcp.mbits: ");
        double[] igb = Rates(lines, "@@ igb.tcp.mbits: ");
        if (ours.Length != Rounds || igb.Length != Rounds)
        {
            throw new InvalidOperationException($"the guest did not finish: {string.Join('\n', lines.TakeLast(20))}");
        }

        return
        [
            new Result("guest_tcp_ours", "TCP in a guest, VF to VF", Percentiles.Median(ours), "Mbit/s"),
            new Result("guest_tcp_igb", "TCP in a guest, VF to VF of QEMU's igb", Percentiles.Median(igb), "Mbit/s"),
            new Result(
                "guest_tcp_ratio", "TCP in a guest, VF to VF, ours against igb",
                Percentiles.Median([.. ours.Zip(igb, (our, its) => our / its)]), "x", Least, AimIsLeast: true),
        ];
    }

    private static double[] Rates(IEnumerable<string> lines, string name) =>
    [
        .. lines.Where(line => line.StartsWith(name, StringComparison.Ordinal))
            .Select(line => double.Parse(line[name.Length..], CultureInfo.InvariantCulture)),
    ];
}
