// How long a single queue waits at the most: random trees in which everybody always has work, against the bound that is stated.
using System;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using SmartNicFw.Firmware.Arbitration;

namespace SmartNicFw.Tests.Properties.Arbitration;

public sealed class StarvationProperties
{
    private const int Cases = 10_000;
    private const int Turns = 400;
    private const int MaxWeight = 8;
    private const double LongestTurn = TransmitScheduler.BytesPerTurn + EthernetLine.MaxFrameBytes;

    [Test]
    public void No_queue_waits_for_more_bytes_of_others_than_is_stated()
    {
        double closest = 0;
        Prop.ForAll(Arb.From(Gen.Choose(0, int.MaxValue - 1)), seed =>
        {
            var random = new Random(seed);
            ArbitrationTree tree = ArbitrationTree.Random(random, random.Next(2, 5), random.Next(3), 3);
            Lighten(tree, random);
            var lab = new ArbitrationLab(tree.Functions, tree.Groups - 1, 3, seed);
            Assert.That(tree.Tell(lab.Policy), Is.Null);
            for (int function = 0; function < tree.Functions; function++)
            {
                for (int pair = 0; pair < tree.Queues[function]; pair++)
                {
                    lab.Backlog(function, pair, tree.Mix[function]);
                }
            }

            double[] longest = [.. Enumerable.Range(0, tree.Functions).Select(function => LongestWait(tree, function))];
            var waited = new long[tree.Functions, 3];
            for (int turn = 0; turn < Turns; turn++)
            {
                Assert.That(lab.TryTurn(out LabTurn taken), Is.True);
                for (int function = 0; function < tree.Functions; function++)
                {
                    for (int pair = 0; pair < tree.Queues[function]; pair++)
                    {
                        bool isOwn = function == taken.Function && pair == taken.Queue;
                        waited[function, pair] = isOwn ? 0 : waited[function, pair] + taken.LineBytes;
                        closest = Math.Max(closest, waited[function, pair] / longest[function]);
                    }
                }
            }

            return closest <= 1;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Cases));
        TestContext.Out.WriteLine($"longest wait {closest:F3} of what is stated for its queue");
        Assert.That(closest, Is.GreaterThan(0.1), "and the bound is not beyond all that happens");
    }

    // With weights that differ by hundreds nothing short of a long run comes near the bound.
    private static void Lighten(ArbitrationTree tree, Random random)
    {
        for (int function = 0; function < tree.Functions; function++)
        {
            tree.Weight[function] = random.Next(1, MaxWeight + 1);
        }

        for (int group = 1; group < tree.Groups; group++)
        {
            tree.GroupWeight[group] = random.Next(1, MaxWeight + 1);
        }
    }

    // As TransmitScheduler states it, level by level upwards.
    private static double LongestWait(ArbitrationTree tree, int function)
    {
        double bytes = Level(LongestTurn, 1, [.. Enumerable.Repeat(1, tree.Queues[function])]);
        int weight = tree.Weight[function];
        int group = tree.Group[function];
        while (true)
        {
            int[] weights =
            [
                .. Enumerable.Range(0, tree.Functions).Where(other => tree.Group[other] == group).Select(other => tree.Weight[other]),
                .. Enumerable.Range(1, tree.Groups - 1).Where(other => tree.Parent[other] == group && HasWork(tree, other))
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

    private static bool HasWork(ArbitrationTree tree, int group) =>
        tree.Group.Contains(group)
        || Enumerable.Range(1, tree.Groups - 1).Any(other => tree.Parent[other] == group && HasWork(tree, other));

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
