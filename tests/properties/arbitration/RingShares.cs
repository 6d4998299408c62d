// Shares, limits and order on real rings of both kinds: random weights and limits, set while four VFs send, over windows of the whole board.
using System;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Firmware.Arbitration;

namespace SmartNicFw.Tests.Properties.Arbitration;

public sealed class RingShares
{
    private const int Cases = 10_000;
    private const int MaxWeight = 8;
    private const long SettlingNs = 1_000_000;
    private const long CountedNs = 4_000_000;

    // A window cuts rounds in two: a VF may have had one quantum more or less than its share.
    private const int EdgeBytes = DeficitRounds.QuantumBytes;

    [TestCase(false)]
    [TestCase(true)]
    public void Shares_limits_and_order_hold_on_real_rings_whatever_is_set_under_traffic(bool isPacked)
    {
        using var board = new NeighbourBoard(isPacked, isBacklogged: true);
        double worst = 0;
        Prop.ForAll(Arb.From(Gen.Choose(0, int.MaxValue - 1)), seed =>
        {
            var random = new Random(seed);
            var weight = new int[NeighbourBoard.VFs];
            int limited = random.Next(-1, NeighbourBoard.VFs);
            int limitMbps = random.Next(50, 1000);
            for (int vf = 0; vf < NeighbourBoard.VFs; vf++)
            {
                weight[vf] = random.Next(1, MaxWeight + 1);
                string? refusal = board.Policy.SetWeight(board.Index(vf), weight[vf])
                    ?? board.Policy.SetRates(board.Index(vf), 0, vf == limited ? limitMbps : 0);
                Assert.That(refusal, Is.Null);
            }

            board.Run(SettlingNs);
            board.Forget();
            long start = board.Clock.Ns;
            board.Run(CountedNs);
            long ns = board.Clock.Ns - start;
            if (limited >= 0)
            {
                // Where its share is less than its limit, it is one of the others: then the limit says nothing.
                double most = (limitMbps * ns / 8000.0) + TokenBuckets.BurstBytes(limitMbps) + EdgeBytes;
                if (board.Flows[limited].LineBytes > most)
                {
                    return false;
                }
            }

            double all = 0;
            double weights = 0;
            for (int vf = 0; vf < NeighbourBoard.VFs; vf++)
            {
                all += vf == limited ? 0 : board.Flows[vf].LineBytes;
                weights += vf == limited ? 0 : weight[vf];
            }

            for (int vf = 0; vf < NeighbourBoard.VFs; vf++)
            {
                double missing = vf == limited ? 0 : Math.Abs(board.Flows[vf].LineBytes - (all * weight[vf] / weights));
                worst = Math.Max(worst, missing / all);
                if (missing > (0.01 * all) + EdgeBytes)
                {
                    return false;
                }
            }

            return board.Wrong == 0 && board.Flows.Sum(flow => flow.LineBytes) * 8000.0 / ns >= 0.98 * NeighbourBoard.PortMbps;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Cases));
        TestContext.Out.WriteLine($"worst share {worst:F4} of the port off, edges of windows included");
    }
}
