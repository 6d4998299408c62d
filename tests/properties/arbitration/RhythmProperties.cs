// Functions that come and go in any rhythm against one that always has work: coming and going earns nobody anything.
using System;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;

namespace SmartNicFw.Tests.Properties.Arbitration;

public sealed class RhythmProperties
{
    private const int Cases = 10_000;
    private const int Turns = 1500;

    // A thousand turns of a quantum. Of shorter turns there are many in one quantum, and one quantum and frame of another is no share: the loss
    // is the same in bytes over windows four times as long.
    private const double LeastBytes = 16 << 20;

    [Test]
    public void Who_always_has_work_gets_its_share_whatever_rhythm_others_come_and_go_in()
    {
        double worst = 0;
        Prop.ForAll(Arb.From(Gen.Choose(0, int.MaxValue - 1)), seed =>
        {
            var random = new Random(seed);
            ArbitrationTree tree = ArbitrationTree.Random(random, random.Next(2, 7), random.Next(4), 1);
            int victim = random.Next(tree.Functions);
            double missing = Missing(tree, victim, random, seed);
            worst = Math.Max(worst, missing);
            return true;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Cases));
        TestContext.Out.WriteLine($"worst loss {worst:F4} of the port");
        Assert.That(worst, Is.LessThanOrEqualTo(0.01));
    }

    // A fixed rhythm for each of the others: frames, their size, and turns of silence after the last of them.
    private static double Missing(ArbitrationTree tree, int victim, Random random, int seed)
    {
        var lab = new ArbitrationLab(tree.Functions, tree.Groups - 1, 1, seed);
        Assert.That(tree.Tell(lab.Policy), Is.Null);
        lab.Backlog(victim, 0, tree.Mix[victim]);
        var frames = new int[tree.Functions];
        var sizes = new int[tree.Functions];
        var silence = new int[tree.Functions];
        var next = new int[tree.Functions];
        for (int function = 0; function < tree.Functions; function++)
        {
            frames[function] = random.Next(3) switch { 0 => 1, 1 => random.Next(1, 4), _ => random.Next(1, 600) };
            sizes[function] = random.Next(3) switch { 0 => 60, 1 => random.Next(60, 9015), _ => 65_550 };
            silence[function] = random.Next(0, 12);
        }

        var shares = new BackloggedShares(tree, Turns);
        for (int turn = 0; turn < Turns; turn++)
        {
            for (int function = 0; function < tree.Functions; function++)
            {
                if (function != victim && next[function] == turn)
                {
                    lab.Post(function, 0, frames[function], sizes[function]);
                    next[function] = -1;
                }
            }

            if (lab.TryTurn(out LabTurn taken))
            {
                shares.Add(taken.Function, taken.LineBytes);
            }

            for (int function = 0; function < tree.Functions; function++)
            {
                if (next[function] < 0 && lab.Waiting(function, 0) == 0)
                {
                    next[function] = turn + 1 + silence[function];
                }
            }
        }

        return shares.Least(victim, tree.Shares(_ => true)[victim], LeastBytes);
    }
}
