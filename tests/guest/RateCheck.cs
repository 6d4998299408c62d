// A limit against what iperf3 counted behind it. Knows the bytes of a datagram on the line, and no device.
using System.Globalization;
using System.Linq;
using NUnit.Framework;

namespace SmartNicFw.Tests.Guest;

/// <summary>For what <c>rate</c> of scripts/operator.sh tells as <c>rate.MBIT</c>, one number for each second.</summary>
internal static class RateCheck
{
    private const double Tolerance = 0.03;

    // As long as the MTU lets them be, and around each UDP, IP, Ethernet, and what a frame costs on the line besides: IEEE 802.3-2018, 3.1.1 and 4.4.2.
    private const double DatagramBytes = 8972;
    private const double LineBytes = DatagramBytes + 8 + 20 + 14 + 24;

    /// <summary>Judges the limit, and prints what was reached.</summary>
    /// <param name="limitMbps">What was set.</param>
    /// <param name="isReached">Whether a guest under TCG sends so much. Where it may not, the limit is judged from above only.</param>
    public static void Expect(GuestResults results, int limitMbps, bool isReached)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"rate.{limitMbps}");
        double[] seconds = [.. results.Lines(name).Select(line => double.Parse(line, CultureInfo.InvariantCulture) * LineBytes / DatagramBytes)];
        double reached = seconds.Average();
        TestContext.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"max_tx_rate {limitMbps}: {reached:0.00} Mbit/s on the line ({string.Join(", ", seconds.Select(second => second.ToString("0.0", CultureInfo.InvariantCulture)))})"));
        Assert.That(reached, Is.LessThanOrEqualTo(limitMbps * (1 + Tolerance)), name);
        if (isReached)
        {
            Assert.That(reached, Is.GreaterThanOrEqualTo(limitMbps * (1 - Tolerance)), name);
        }
    }
}
