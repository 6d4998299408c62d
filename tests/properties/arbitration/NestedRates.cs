// Guarantees and limits of functions and groups in nested trees, against the fluid that is promised: long-run rates of random trees.
using System;
using System.Collections.Generic;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using SmartNicFw.Emulator.Board;

namespace SmartNicFw.Tests.Properties.Arbitration;

public sealed class NestedRates
{
    private const int Cases = 10_000;
    private const int PortMbps = 10_000;
    private const int Pairs = 2;
    private const long SettlingNs = 8_000_000;
    private const long CountedNs = 64_000_000;

    // For the few trees that are far off: what lies at the edges weighs less, and what is left are rates.
    private const long CountedLongerNs = 512_000_000;

    // Of the port. What is left of quanta and buckets at the edges of the window is most of it: nearly all trees are far below.
    private const double Tolerance = 0.01;
    private const double ToleranceOfNearlyAll = 0.0025;

    // With several turns under way as much more lies at the edges.
    [TestCase(1, Cases, ToleranceOfNearlyAll)]
    [TestCase(4, Cases / 10, 2 * ToleranceOfNearlyAll)]
    public void Nested_guarantees_limits_and_weights_give_the_rates_of_the_fluid_that_is_promised(
        int underWay, int cases, double toleranceOfNearlyAll)
    {
        var errors = new List<double>();
        Prop.ForAll(Arb.From(Gen.Choose(0, int.MaxValue - 1)), seed =>
        {
            errors.Add(Worst(seed, underWay, out string rates));
            if (errors[^1] > Tolerance)
            {
                TestContext.Out.WriteLine(rates);
            }

            return errors[^1] <= Tolerance;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(cases));
        errors.Sort();
        TestContext.Out.WriteLine($"worst difference {errors[^1]:F4} of the port, {errors[cases * 99 / 100]:F4} in 99 of 100 trees");
        Assert.That(errors[cases * 99 / 100], Is.LessThanOrEqualTo(toleranceOfNearlyAll));
    }

    [Test]
    public void A_group_has_its_guarantee_though_who_comes_first_in_it_is_at_its_limit()
    {
        var lab = new ArbitrationLab(3, 1, 1, 1, turnNs: 0);
        Assert.That(lab.Policy.AddGroup(1) ?? lab.Policy.SetGroup(0, 1) ?? lab.Policy.SetGroup(1, 1), Is.Null);
        Assert.That(lab.Policy.SetRates(0, 0, 500) ?? lab.Policy.SetGroupRates(1, 12_000, 0) ?? lab.Policy.SetWeight(2, 1000), Is.Null);
        Assert.That(RateOf(lab, function: 1), Is.EqualTo(11_500).Within(100), "all that the one that is at its limit leaves");
    }

    [Test]
    public void A_function_has_its_guarantee_though_the_group_that_it_is_in_has_one_and_is_at_its_limit()
    {
        // Nothing but the order decides here: all that the group may send is guaranteed to it, and the other has nearly all of its weight.
        var lab = new ArbitrationLab(2, 1, 1, 1, turnNs: 0);
        Assert.That(lab.Policy.AddGroup(1) ?? lab.Policy.SetGroup(0, 1) ?? lab.Policy.SetGroup(1, 1), Is.Null);
        Assert.That(lab.Policy.SetRates(0, 1000, 0) ?? lab.Policy.SetGroupRates(1, 1139, 1140) ?? lab.Policy.SetWeight(1, 256), Is.Null);
        Assert.That(RateOf(lab, function: 0), Is.EqualTo(1000).Within(20));
    }

    [Test]
    public void What_a_group_is_guaranteed_beyond_those_in_it_is_divided_by_weights()
    {
        // 2,000 are one's own. Of the other 8,000 of the group, as of the 2,000 that are left of the port, it has half of its group's.
        var lab = new ArbitrationLab(3, 1, 1, 1, mbps: 12_000, turnNs: 0);
        Assert.That(lab.Policy.AddGroup(1) ?? lab.Policy.SetGroup(0, 1) ?? lab.Policy.SetGroup(1, 1), Is.Null);
        Assert.That(lab.Policy.SetRates(0, 2000, 0) ?? lab.Policy.SetGroupRates(1, 10_000, 0), Is.Null);
        Assert.That(RateOf(lab, function: 0), Is.EqualTo(2000 + 4000 + 500).Within(60));
    }

    private static double RateOf(ArbitrationLab lab, int function)
    {
        for (int other = 0; other < lab.Functions; other++)
        {
            lab.Backlog(other, 0, 1514);
        }

        return Rates(lab)[function];
    }

    private static double Worst(int seed, int underWay, out string rates)
    {
        var random = new Random(seed);
        bool isLarge = random.Next(16) == 0;
        ArbitrationTree tree = ArbitrationTree.Random(random, random.Next(2, isLarge ? 17 : 6), random.Next(isLarge ? 8 : 5), Pairs);
        var lab = new ArbitrationLab(tree.Functions, tree.Groups - 1, Pairs, seed, underWay, PortMbps, turnNs: 0) { IsInOrder = true };
        Assert.That(tree.Tell(lab.Policy), Is.Null);
        (double[] guarantees, double[] limits) = SetRates(tree, lab, random);
        var isActive = new bool[tree.Functions];
        for (int function = 0; function < tree.Functions; function++)
        {
            isActive[function] = random.Next(6) != 0 || function == tree.Functions - 1;
            for (int pair = 0; pair < tree.Queues[function] && isActive[function]; pair++)
            {
                lab.Backlog(function, pair, AnySize(random, tree.Mix[function]));
            }
        }

        double[] expected = new FluidRates(tree, guarantees, limits, function => isActive[function]).Of(PortMbps);
        double[] seen = Sums(tree, Rates(lab));
        double worst = Difference(seen, expected);
        if (worst > Tolerance / 2)
        {
            seen = Sums(tree, Rates(lab, CountedLongerNs));
            worst = Difference(seen, expected);
        }

        rates = worst <= Tolerance ? "" : $"seed {seed}: {tree}" + string.Concat(Enumerable.Range(0, seen.Length).Select(owner =>
            $"\n  {(owner < tree.Functions ? "function " + owner : "group " + (owner - tree.Functions))} guarantee {guarantees[owner]} limit "
            + $"{limits[owner]}: {seen[owner]:F0} of {expected[owner]:F0}"));
        return worst;
    }

    private static double Difference(double[] seen, double[] expected) =>
        seen.Zip(expected, (one, other) => Math.Abs(one - other)).Max() / PortMbps;

    // What may not be is refused: then there is none.
    private static (double[] Guarantees, double[] Limits) SetRates(ArbitrationTree tree, ArbitrationLab lab, Random random)
    {
        var guarantees = new double[tree.Functions + tree.Groups];
        var limits = new double[tree.Functions + tree.Groups];
        int[] order = [.. Enumerable.Range(0, limits.Length)];
        random.Shuffle(order);
        foreach (int owner in order)
        {
            int guarantee = owner != tree.Functions && random.Next(3) == 0 ? random.Next(1, PortMbps / random.Next(1, 8)) : 0;
            int limit = random.Next(3) == 0 ? guarantee + random.Next(1, PortMbps / random.Next(1, 8)) : 0;
            string? fault = owner < tree.Functions
                ? lab.Policy.SetRates(owner, guarantee, limit)
                : lab.Policy.SetGroupRates(owner - tree.Functions, guarantee, limit);
            guarantees[owner] = fault is null ? guarantee : 0;
            limits[owner] = fault is null ? limit : 0;
        }

        return (guarantees, limits);
    }

    private static double[] Rates(ArbitrationLab lab, long countedNs = CountedNs)
    {
        while (lab.NowNs < SettlingNs)
        {
            lab.TryTurn(out _);
        }

        long start = lab.NowNs;
        var bytes = new double[lab.Functions];
        while (lab.NowNs < start + countedNs)
        {
            if (lab.TryTurn(out LabTurn taken))
            {
                bytes[taken.Function] += taken.LineBytes;
            }
        }

        return [.. bytes.Select(sum => sum * 8000 / (lab.NowNs - start))];
    }

    private static double[] Sums(ArbitrationTree tree, double[] rates)
    {
        var sums = new long[tree.Functions + tree.Groups];
        for (int function = 0; function < tree.Functions; function++)
        {
            sums[function] = (long)(rates[function] * 1000);
        }

        tree.Sum(sums);
        return [.. sums.Select(sum => sum / 1000.0)];
    }

    private static int AnySize(Random random, FrameMix mix) => random.Next(4) switch
    {
        0 => random.Next(60, 200),
        1 => random.Next(1500, 9015),
        2 when mix == FrameMix.Large => random.Next(9000, 65_551),
        _ => 1514,
    };
}
