// Shares of the line against weights: all queues backlogged, random trees and known ones, every window of 1,000 turns.
using System;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Firmware.Arbitration;

namespace SmartNicFw.Tests.Properties.Arbitration;

public sealed class ShareProperties
{
    private const int Cases = 10_000;
    private const int Window = 1000;

    [Test]
    public void Shares_are_within_a_percent_of_weights_over_every_1000_turns() => CheckShares(1, Cases);

    // The more turns are under way, the longer it takes until it is known what they took.
    [TestCase(2, Cases)]
    [TestCase(8, Cases / 20)]
    public void Shares_are_within_a_percent_over_every_1000_turns_for_each_that_is_under_way(int underWay, int cases) =>
        CheckShares(underWay, cases);

    // What a turn gets back when it is over is no visit: with it as one, quanta would be lost turn for turn, and it adds up.
    [TestCase(2)]
    [TestCase(8)]
    public void Long_runs_are_exact_with_turns_under_way_that_take_other_than_expected(int underWay)
    {
        const int Turns = 40_000;
        int[] weights = [984, 997, 7, 2];
        FrameMix[] mixes = [FrameMix.Mixed, FrameMix.Small, FrameMix.Mixed, FrameMix.Small];
        var tree = new ArbitrationTree(weights.Length, 0);
        weights.CopyTo(tree.Weight, 0);
        var lab = new ArbitrationLab(weights.Length, 0, 4, 1, underWay) { IsInOrder = true };
        for (int function = 0; function < weights.Length; function++)
        {
            for (int pair = 0; pair < 4; pair++)
            {
                lab.Backlog(function, pair, mixes[function]);
            }
        }

        double points = Run(tree, lab, Turns, Turns).Points;
        TestContext.Out.WriteLine($"{points:F5} of the port");
        Assert.That(points, Is.LessThanOrEqualTo(0.001));
    }

    // Weights, and a frame size for each; of two that differ the more, the better they are told apart.
    [TestCase(new[] { 3, 1 }, new[] { 64, 64 })]
    [TestCase(new[] { 3, 1 }, new[] { 65550, 64 })]
    [TestCase(new[] { 3, 1 }, new[] { 64, 65550 })]
    [TestCase(new[] { 1000, 1 }, new[] { 64, 9000 })]
    [TestCase(new[] { 1000, 1 }, new[] { 1500, 1500 })]
    [TestCase(new[] { 1, 1 }, new[] { 64, 9000 })]
    [TestCase(new[] { 1, 1 }, new[] { 64, 65550 })]
    [TestCase(new[] { 1, 1 }, new[] { 1, 65550 })]
    [TestCase(new[] { 511, 512 }, new[] { 14, 1500 })]
    [TestCase(new[] { 1, 2, 4, 8, 16, 32, 64, 128, 256, 512 }, new[] { 64, 9000, 64, 1500, 64, 65550, 64, 64, 64, 64 })]
    public void Known_weights_have_known_shares(int[] weights, int[] sizes)
    {
        var tree = new ArbitrationTree(weights.Length, 0);
        weights.CopyTo(tree.Weight, 0);
        var lab = new ArbitrationLab(weights.Length, 0, 1, 1);
        for (int function = 0; function < weights.Length; function++)
        {
            lab.Backlog(function, 0, sizes[function]);
        }

        Assert.That(Run(tree, lab, 5000, Window).Points, Is.LessThanOrEqualTo(0.01));
    }

    [Test]
    public void Ninety_nine_of_weight_1_have_together_what_one_of_99_has()
    {
        var tree = new ArbitrationTree(100, 0) { Weight = { [0] = 99 } };
        var lab = new ArbitrationLab(100, 0, 1, 1);
        for (int function = 0; function < 100; function++)
        {
            lab.Backlog(function, 0, function % 3 == 0 ? 1500 : 64);
        }

        Assert.That(Run(tree, lab, 10_000, Window).Points, Is.LessThanOrEqualTo(0.01));
    }

    [Test]
    public void Each_of_ten_lists_is_within_two_turns_of_its_share_at_any_time()
    {
        // Weights each of which is alone in its list: the heaviest is not to wait until each of the others has had a turn.
        const int FrameBytes = 1514;
        double worst = 0;
        Prop.ForAll(Arb.From(Gen.Choose(0, int.MaxValue - 1)), seed =>
        {
            var random = new Random(seed);
            var tree = new ArbitrationTree(DeficitRounds.Strata, 0);
            var lab = new ArbitrationLab(tree.Functions, 0, 1, seed);
            double turn = 0;
            for (int function = 0; function < tree.Functions; function++)
            {
                tree.Weight[function] = Math.Min(random.Next(1 << function, 2 << function), DeficitRounds.MaxWeight);
                turn = Math.Max(turn, DeficitRounds.Quantum(tree.Weight[function]) + (2 * FrameBytes));
                lab.Backlog(function, 0, FrameBytes);
            }

            Assert.That(tree.Tell(lab.Policy), Is.Null);
            double[] shares = tree.Shares(_ => true);
            var behind = new double[tree.Functions];
            var least = new double[tree.Functions];
            double most = 0;
            for (int count = 0; count < 300; count++)
            {
                Assert.That(lab.TryTurn(out LabTurn taken), Is.True);
                for (int function = 0; function < tree.Functions; function++)
                {
                    behind[function] += (shares[function] * taken.LineBytes) - (function == taken.Function ? taken.LineBytes : 0);
                    least[function] = Math.Min(least[function], behind[function]);
                    most = Math.Max(most, (behind[function] - least[function]) / turn);
                }
            }

            worst = Math.Max(worst, most);
            return most <= 2;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Cases));
        TestContext.Out.WriteLine($"at most {worst:F3} turns behind");
    }

    [Test]
    public void Equal_weights_have_a_Jain_index_of_0_999_at_mixed_frame_sizes()
    {
        int[] sizes = [1, 60, 128, 576, 1500, 1514, 9014, 65_550];
        var lab = new ArbitrationLab(sizes.Length, 0, 1, 1);
        for (int function = 0; function < sizes.Length; function++)
        {
            lab.Backlog(function, 0, sizes[function]);
        }

        double least = 1;
        var bytes = new double[sizes.Length];
        for (int turn = 1; turn <= 20_000; turn++)
        {
            Assert.That(lab.TryTurn(out LabTurn taken), Is.True);
            bytes[taken.Function] += taken.LineBytes;
            if (turn % 1000 == 0)
            {
                least = Math.Min(least, bytes.Sum() * bytes.Sum() / (bytes.Length * bytes.Sum(one => one * one)));
                Array.Clear(bytes);
            }
        }

        TestContext.Out.WriteLine($"least index {least:F6}");
        Assert.That(least, Is.GreaterThanOrEqualTo(0.999));
    }

    [Test]
    public void A_weight_that_was_idle_until_the_time_of_the_port_had_wrapped_has_its_share_at_once()
    {
        // Turns that cost as much as a turn can: a flood that is copied to every function of the largest board.
        const long HalfOfAllTime = 1L << (63 - 20);
        var lab = new ArbitrationLab(3, 0, 1, 1);
        Assert.That(lab.Policy.SetWeight(2, 2), Is.Null);
        lab.Post(2, 0, 1, 64);
        Assert.That(lab.TryTurn(out _), Is.True);
        lab.Backlog(0, 0, 64);
        long cost = 0;
        while (cost < HalfOfAllTime + (HalfOfAllTime / 2))
        {
            int taken = lab.Pending.TryTake(out _, out _);
            Assert.That(taken, Is.EqualTo(lab.Index(0, 0)));
            lab.Transmit.Begin(taken);
            lab.Transmit.EndTurn(taken, 1, 84, int.MaxValue, AfterTurn.More);
            cost += int.MaxValue;
        }

        lab.Backlog(2, 0, 64);
        var turns = new int[3];
        for (int turn = 0; turn < 300; turn++)
        {
            Assert.That(lab.TryTurn(out LabTurn taken), Is.True);
            turns[taken.Function]++;
        }

        Assert.That(turns[2], Is.EqualTo(200).Within(3));
    }

    private static void CheckShares(int underWay, int cases)
    {
        double worst = 0;
        double worstRelative = 0;
        int window = Window * underWay;
        Prop.ForAll(Arb.From(Gen.Choose(0, int.MaxValue - 1)), seed =>
        {
            var random = new Random(seed);
            ArbitrationTree tree = ArbitrationTree.Random(random, random.Next(2, 9), random.Next(6), 4);
            var lab = new ArbitrationLab(tree.Functions, tree.Groups - 1, 4, seed, underWay) { IsInOrder = true };
            for (int function = 0; function < tree.Functions; function++)
            {
                for (int pair = 0; pair < tree.Queues[function]; pair++)
                {
                    lab.Backlog(function, pair, tree.Mix[function]);
                }
            }

            (double points, double relative) = Run(tree, lab, window * 13 / 10, window);
            worst = Math.Max(worst, points);
            worstRelative = Math.Max(worstRelative, relative);
            return points <= 0.01;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(cases));
        TestContext.Out.WriteLine($"worst difference {worst:F4} of the port, {worstRelative:F4} of a share above 5 %");
    }

    private static (double Points, double Relative) Run(ArbitrationTree tree, ArbitrationLab lab, int turns, int window)
    {
        Assert.That(tree.Tell(lab.Policy), Is.Null);
        var shares = new BackloggedShares(tree, turns);
        for (int turn = 0; turn < turns; turn++)
        {
            Assert.That(lab.TryTurn(out LabTurn taken), Is.True);
            shares.Add(taken.Function, taken.LineBytes);
        }

        return shares.Worst(tree.Shares(_ => true), window);
    }
}
