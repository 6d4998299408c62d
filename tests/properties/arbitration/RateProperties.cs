// Limits and guarantees against the line's time: random trees, all queues backlogged.
using System;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Firmware.Arbitration;

namespace SmartNicFw.Tests.Properties.Arbitration;

public sealed class RateProperties
{
    private const int Cases = 10_000;
    private const int Turns = 1300;
    private const int LimitsAtOnce = 5;
    private const int WarmUp = 300;

    // Bytes of a turn are those of frames, and the last frame is begun below them: what the line has on top.
    private const int Overdraft = EthernetLine.MaxFrameBytes + (TransmitScheduler.FramesPerTurn * EthernetLine.OverheadBytes);

    [TestCase(1)]
    [TestCase(4)]
    public void A_limit_of_a_function_or_a_group_never_lets_more_pass_than_rate_times_time_and_burst(int underWay)
    {
        double worst = 0;
        Prop.ForAll(Arb.From(Gen.Choose(0, int.MaxValue - 1)), seed =>
        {
            var random = new Random(seed);
            ArbitrationTree tree = ArbitrationTree.Random(random, random.Next(2, 7), random.Next(5), 3);
            var lab = new ArbitrationLab(tree.Functions, tree.Groups - 1, 3, seed, underWay);
            var limits = new int[tree.Functions + tree.Groups];
            Assert.That(tree.Tell(lab.Policy), Is.Null);
            for (int owner = 0; owner < limits.Length; owner++)
            {
                limits[owner] = random.Next(3) == 0 ? random.Next(1, 1 << random.Next(4, 15)) : 0;
                string? fault = owner < tree.Functions
                    ? lab.Policy.SetRates(owner, 0, limits[owner])
                    : lab.Policy.SetGroupRates(owner - tree.Functions, 0, limits[owner]);
                Assert.That(fault, Is.Null);
            }

            Backlog(tree, lab);
            return Limited(tree, lab, limits, underWay, ref worst);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Cases));
        TestContext.Out.WriteLine($"fullest bucket {worst:F3} of what may pass at once");
    }

    [Test]
    public void A_limit_that_is_set_during_a_turn_is_given_nothing_back_that_it_never_reserved()
    {
        var lab = new ArbitrationLab(1, 0, 1, 1);
        lab.Pending.Add(lab.Index(0, 0));
        int queue = lab.Transmit.TryTake(out _, out _);
        Assert.That(queue, Is.EqualTo(lab.Index(0, 0)));
        lab.Transmit.Begin(queue);
        Assert.That(lab.Policy.SetRates(0, 0, 100), Is.Null);
        lab.Transmit.EndTurn(queue, 0, 0, 0, AfterTurn.More);
        Assert.That(lab.Transmit.TryTake(out _, out _), Is.EqualTo(-1), "its bucket starts empty");

        lab.Pass(1_200_000);
        lab.Transmit.TimerDue(0);
        Assert.That(lab.Transmit.TryTake(out int bytes, out _), Is.EqualTo(queue));
        Assert.That(bytes, Is.LessThanOrEqualTo(15_000), "1.2 ms of 100 Mbit/s");
    }

    [Test]
    public void Turns_under_way_at_a_time_have_of_a_limit_what_one_would_have()
    {
        const int UnderWay = 8;
        const int LimitMbps = 100;
        const int FrameBytes = 1514;
        var tree = new ArbitrationTree(UnderWay, 1);
        Array.Fill(tree.Group, 1);
        var lab = new ArbitrationLab(UnderWay, 1, 1, 1, UnderWay);
        Assert.That(tree.Tell(lab.Policy) ?? lab.Policy.SetGroupRates(1, 0, LimitMbps), Is.Null);
        for (int function = 0; function < UnderWay; function++)
        {
            lab.Backlog(function, 0, FrameBytes);
        }

        double level = 0;
        double most = 0;
        long atNs = 0;
        for (int turns = 0; turns < 2000;)
        {
            if (lab.TryTurn(out LabTurn taken))
            {
                turns++;
                level = Math.Max(0, level - ((taken.EndNs - atNs) * LimitMbps / 8000.0)) + taken.LineBytes;
                atNs = taken.EndNs;
                most = Math.Max(most, level);
            }
        }

        // Each ends with a frame at the most beyond what was reserved, and with what the line has on top.
        TestContext.Out.WriteLine($"at most {most:F0} bytes at once");
        Assert.That(most, Is.LessThanOrEqualTo(TokenBuckets.BurstBytes(LimitMbps) + (UnderWay * 2 * FrameBytes)));
    }

    [Test]
    public void A_limit_is_reached_within_a_percent_over_every_second()
    {
        double worst = 0;
        int limits = 0;
        Prop.ForAll(Arb.From(Gen.Choose(0, int.MaxValue - 1)), seed =>
        {
            var random = new Random(seed);
            int mbps = random.Next(64) == 0 ? 10_000 : 1000;
            var lab = new ArbitrationLab(2 + LimitsAtOnce, LimitsAtOnce, 1, seed, mbps: mbps);
            var limit = new int[2 + LimitsAtOnce];
            int left = mbps * 9 / 10;
            for (int function = 2; function < limit.Length; function++)
            {
                // Of a function, or of a group that it is alone in.
                limit[function] = random.Next(mbps / 50, left - ((limit.Length - 1 - function) * mbps / 50));
                left -= limit[function];
                int group = function - 1;
                Assert.That(lab.Policy.AddGroup(group) ?? lab.Policy.SetGroupWeight(group, 1000) ?? lab.Policy.SetWeight(function, 1000), Is.Null);
                Assert.That(random.Next(2) == 0
                    ? lab.Policy.SetGroup(function, group) ?? lab.Policy.SetGroupRates(group, 0, limit[function])
                    : lab.Policy.SetRates(function, 0, limit[function]), Is.Null);
            }

            for (int function = 0; function < limit.Length; function++)
            {
                lab.Backlog(function, 0, random.Next(4) switch { 0 => random.Next(60, 1514), 1 => random.Next(1514, 9015), _ => 1514 });
            }

            double most = WorstSecond(lab, limit);
            worst = Math.Max(worst, most);
            limits += LimitsAtOnce;
            return most <= 0.01;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Cases / LimitsAtOnce));
        TestContext.Out.WriteLine($"worst difference {worst:F4} of the limit, {limits} limits");
        Assert.That(limits, Is.EqualTo(Cases));
    }

    [Test]
    public void Guarantees_come_first_and_what_is_left_goes_by_weights()
    {
        double worst = 0;
        Prop.ForAll(Arb.From(Gen.Choose(0, int.MaxValue - 1)), seed =>
        {
            var random = new Random(seed);
            int functions = random.Next(2, 7);
            var tree = new ArbitrationTree(functions, 0);
            var lab = new ArbitrationLab(functions, 0, 1, seed);
            int left = ArbitrationLab.Mbps * 9 / 10;
            var guarantee = new int[functions];
            for (int function = 0; function < functions; function++)
            {
                tree.Weight[function] = random.Next(1, 1 << random.Next(1, 10));
                tree.Mix[function] = (FrameMix)random.Next(3);
                guarantee[function] = random.Next(2) == 0 ? random.Next(left / 2) : 0;
                left -= guarantee[function];
                Assert.That(lab.Policy.SetRates(function, guarantee[function], 0), Is.Null);
            }

            Assert.That(tree.Tell(lab.Policy), Is.Null);
            Backlog(tree, lab);
            var bytes = new double[functions];
            long startNs = 0;
            for (int turn = 0; turn < Turns + WarmUp; turn++)
            {
                if (turn == WarmUp)
                {
                    startNs = lab.NowNs;
                }

                if (lab.TryTurn(out LabTurn taken) && turn >= WarmUp)
                {
                    bytes[taken.Function] += taken.LineBytes;
                }
            }

            // The line's time goes to turns as well as to bytes, so the guarantee is a part of what was sent in that time.
            double all = bytes.Sum();
            double line = (lab.NowNs - startNs) * (double)ArbitrationLab.Mbps / 8000;
            double most = 0;
            for (int function = 0; function < functions; function++)
            {
                double guaranteed = guarantee[function] * line / ArbitrationLab.Mbps;
                double rest = all - (guarantee.Sum() * line / ArbitrationLab.Mbps);
                double expected = guaranteed + (rest * tree.Weight[function] / tree.Weight.Sum());
                most = Math.Max(most, Math.Abs(bytes[function] - expected) / all);
            }

            worst = Math.Max(worst, most);
            return most <= 0.01;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Cases));
        TestContext.Out.WriteLine($"worst difference {worst:F4} of the port");
    }

    // Windows of a second that begin every tenth, the burst before the first.
    private static double WorstSecond(ArbitrationLab lab, int[] limit)
    {
        const int Tenths = 12;
        const long TenthNs = 100_000_000;
        var sent = new long[limit.Length, Tenths];
        while (lab.NowNs < Tenths * TenthNs)
        {
            if (lab.TryTurn(out LabTurn turn) && turn.EndNs < Tenths * TenthNs)
            {
                sent[turn.Function, turn.EndNs / TenthNs] += turn.LineBytes;
            }
        }

        double worst = 0;
        for (int function = 0; function < limit.Length; function++)
        {
            for (int first = 1; first + 10 <= Tenths && limit[function] != 0; first++)
            {
                double rate = Enumerable.Range(first, 10).Sum(tenth => sent[function, tenth]) * 8 / 1e6;
                worst = Math.Max(worst, Math.Abs((rate / limit[function]) - 1));
            }
        }

        return worst;
    }

    private static void Backlog(ArbitrationTree tree, ArbitrationLab lab)
    {
        for (int function = 0; function < tree.Functions; function++)
        {
            for (int pair = 0; pair < tree.Queues[function]; pair++)
            {
                lab.Backlog(function, pair, tree.Mix[function]);
            }
        }
    }

    // A bucket of our own for each limit: how full it ever was says of every stretch of time at once what passed in it.
    private static bool Limited(ArbitrationTree tree, ArbitrationLab lab, int[] limits, int underWay, ref double worst)
    {
        var level = new double[limits.Length];
        var atNs = new long[limits.Length];
        Span<long> bytes = stackalloc long[limits.Length];
        for (int turn = 0; turn < Turns; turn++)
        {
            if (!lab.TryTurn(out LabTurn taken))
            {
                continue;
            }

            bytes.Clear();
            bytes[taken.Function] = taken.LineBytes;
            tree.Sum(bytes);
            for (int owner = 0; owner < limits.Length; owner++)
            {
                if (limits[owner] == 0 || bytes[owner] == 0)
                {
                    continue;
                }

                level[owner] = Math.Max(0, level[owner] - ((taken.EndNs - atNs[owner]) * (double)limits[owner] / 8000)) + bytes[owner];
                atNs[owner] = taken.EndNs;
                double most = TokenBuckets.BurstBytes(limits[owner]) + ((double)underWay * Overdraft);
                worst = Math.Max(worst, level[owner] / most);
                if (level[owner] > most)
                {
                    TestContext.Out.WriteLine($"owner {owner}, limit {limits[owner]}: {level[owner]} of {most}, {tree}");
                    return false;
                }
            }
        }

        return true;
    }
}
