// How long a single queue waits at the most: random trees in which everybody always has work, against the bound that is stated.
using System;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Firmware.Arbitration;

namespace SmartNicFw.Tests.Properties.Arbitration;

public sealed class StarvationProperties
{
    private const int Cases = 10_000;
    private const int Turns = 400;
    private const int LongTurns = 20_000;
    private const int Pairs = 3;
    private const int SmallWeight = 8;
    private const double LongestTurn = TransmitScheduler.LongestSharedTurn;

    // Of one that competes with nobody below the owner of a guarantee.
    private const double LongestGuaranteed =
        TransmitScheduler.BytesPerTurn + EthernetLine.MaxFrameBytes + (TransmitScheduler.FramesPerTurn * EthernetLine.OverheadBytes);

    private static readonly int[] PriorityOf = [0, 4, 6, 7];

    [Test]
    public void No_queue_waits_for_more_bytes_of_others_than_is_stated()
    {
        double closest = 0;
        Prop.ForAll(Arb.From(Gen.Choose(0, int.MaxValue - 1)), seed =>
        {
            var random = new Random(seed);
            ArbitrationTree tree = ArbitrationTree.Random(random, random.Next(2, 5), random.Next(3), Pairs);

            // With weights that differ by hundreds nothing short of a long run comes near the bound.
            Lighten(tree, random);
            double most = Waits(tree, new int[tree.Functions], new int[tree.Functions + tree.Groups], seed, Turns);
            closest = Math.Max(closest, most);
            return most <= 1;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Cases));
        TestContext.Out.WriteLine($"longest wait {closest:F3} of what is stated for its queue");
        Assert.That(closest, Is.GreaterThan(0.2), "and the bound is not beyond all that happens");
    }

    [Test]
    public void No_queue_waits_for_more_whatever_weights_classes_guarantees_and_groups_there_are()
    {
        double closest = 0;
        double guaranteed = 0;
        Prop.ForAll(Arb.From(Gen.Choose(0, int.MaxValue - 1)), seed =>
        {
            var random = new Random(seed);
            ArbitrationTree tree = ArbitrationTree.Random(random, random.Next(2, 7), random.Next(6), Pairs);
            int classes = random.Next(1, PriorityClasses.Count + 1);
            var classOf = new int[tree.Functions];
            var guarantees = new int[tree.Functions + tree.Groups];
            for (int function = 0; function < tree.Functions; function++)
            {
                classOf[function] = random.Next(classes);
            }

            bool hasGuarantees = random.Next(2) == 0;
            for (int owner = 0; owner < guarantees.Length && hasGuarantees; owner++)
            {
                guarantees[owner] = owner != tree.Functions && random.Next(3) == 0 ? random.Next(1, ArbitrationLab.Mbps / random.Next(1, 9)) : 0;
            }

            double most = Waits(tree, classOf, guarantees, seed, random.Next(200) == 0 ? LongTurns : Turns);
            closest = Math.Max(closest, hasGuarantees ? 0 : most);
            guaranteed = Math.Max(guaranteed, hasGuarantees ? most : 0);
            return most <= 1;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Cases));
        TestContext.Out.WriteLine($"longest wait {closest:F3} of what is stated for its queue, {guaranteed:F3} beside guarantees");
    }

    // The longest wait of a queue as a part of what is stated for it: bytes of its class, of which guarantees may take their rates and bursts.
    private static double Waits(ArbitrationTree tree, int[] classOf, int[] guarantees, int seed, int turns)
    {
        var lab = new ArbitrationLab(tree.Functions, tree.Groups - 1, Pairs, seed);
        Assert.That(tree.Tell(lab.Policy), Is.Null);
        double burst = 0;
        double rate = 0;
        for (int owner = 0; owner < guarantees.Length; owner++)
        {
            string? fault = owner < tree.Functions
                ? lab.Policy.SetPriority(owner, PriorityOf[classOf[owner]]) ?? lab.Policy.SetRates(owner, guarantees[owner], 0)
                : lab.Policy.SetGroupRates(owner - tree.Functions, guarantees[owner], 0);

            // What would be more than the port is refused.
            if (fault is null && guarantees[owner] != 0)
            {
                burst += TokenBuckets.BurstBytes(guarantees[owner]) + LongestGuaranteed;
                rate += guarantees[owner] / 8000.0;
            }
        }

        double[] longest = [.. Enumerable.Range(0, tree.Functions).Select(function => LongestWait(tree, classOf, function))];
        for (int function = 0; function < tree.Functions; function++)
        {
            for (int pair = 0; pair < tree.Queues[function]; pair++)
            {
                lab.Backlog(function, pair, tree.Mix[function]);
            }
        }

        double most = 0;
        var waited = new long[tree.Functions, Pairs];
        var sinceNs = new long[tree.Functions, Pairs];
        for (int turn = 0; turn < turns; turn++)
        {
            Assert.That(lab.TryTurn(out LabTurn taken), Is.True);
            for (int function = 0; function < tree.Functions; function++)
            {
                for (int pair = 0; pair < tree.Queues[function]; pair++)
                {
                    if (function == taken.Function && pair == taken.Queue)
                    {
                        waited[function, pair] = 0;
                        sinceNs[function, pair] = taken.EndNs;
                    }
                    else if (classOf[function] == classOf[taken.Function])
                    {
                        waited[function, pair] += taken.LineBytes;
                        double ofGuarantees = burst + (rate * (taken.EndNs - sinceNs[function, pair]));
                        most = Math.Max(most, (waited[function, pair] - ofGuarantees) / longest[function]);
                    }
                }
            }
        }

        return most;
    }

    private static void Lighten(ArbitrationTree tree, Random random)
    {
        for (int function = 0; function < tree.Functions; function++)
        {
            tree.Weight[function] = random.Next(1, SmallWeight + 1);
        }

        for (int group = 1; group < tree.Groups; group++)
        {
            tree.GroupWeight[group] = random.Next(1, SmallWeight + 1);
        }
    }

    // As TransmitScheduler states it, level by level upwards.
    private static double LongestWait(ArbitrationTree tree, int[] classOf, int function)
    {
        double bytes = Level(LongestTurn, 1, [.. Enumerable.Repeat(1, tree.Queues[function])]);
        int weight = tree.Weight[function];
        int group = tree.Group[function];
        int number = classOf[function];
        while (true)
        {
            int[] weights =
            [
                .. Enumerable.Range(0, tree.Functions).Where(other => tree.Group[other] == group && classOf[other] == number)
                    .Select(other => tree.Weight[other]),
                .. Enumerable.Range(1, tree.Groups - 1).Where(other => tree.Parent[other] == group && HasWork(tree, classOf, number, other))
                    .Select(other => tree.GroupWeight[other]),
            ];
            bytes = Level(bytes + LongestTurn, weight, weights);
            if (group == 0)
            {
                return bytes;
            }

            weight = tree.GroupWeight[group];
            group = tree.Parent[group];
        }
    }

    private static bool HasWork(ArbitrationTree tree, int[] classOf, int number, int group) =>
        Enumerable.Range(0, tree.Functions).Any(function => tree.Group[function] == group && classOf[function] == number)
        || Enumerable.Range(1, tree.Groups - 1).Any(other => tree.Parent[other] == group && HasWork(tree, classOf, number, other));

    // Bytes of all that compete, itself included, within which one of them gets so many.
    private static double Level(double bytes, int weight, int[] weights)
    {
        if (weights.Length == 1)
        {
            return bytes;
        }

        double rounds = Math.Ceiling(bytes / DeficitRounds.Quantum(weight)) + 2;
        int[] list = [.. weights.Where(other => DeficitRounds.Stratum(other) == DeficitRounds.Stratum(weight))];
        double ofList = list.Sum(other => (rounds * DeficitRounds.Quantum(other)) + LongestTurn);
        return list.Length == weights.Length ? ofList : ((ofList + (2 * LongestTurn)) * weights.Sum() / list.Sum()) + LongestTurn;
    }
}
