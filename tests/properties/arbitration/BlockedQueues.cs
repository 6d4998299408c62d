// Queues that their receivers block, in any pattern: they keep their place and what is left of their quantum, and hold up nobody.
using System;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using SmartNicFw.Firmware.Arbitration;

namespace SmartNicFw.Tests.Properties.Arbitration;

public sealed class BlockedQueues
{
    private const int Cases = 10_000;
    private const int Pairs = 2;
    private const int Turns = 150;
    private const int ShareTurns = 1300;

    // A thousand turns of a quantum are twice as much.
    private const double LeastBytes = 8 << 20;

    [Test]
    public void A_queue_that_is_blocked_and_woken_between_turns_goes_on_as_one_that_was_not()
    {
        int blocked = 0;
        Prop.ForAll(Arb.From(Gen.Choose(0, int.MaxValue - 1)), seed =>
        {
            var random = new Random(seed);
            ArbitrationTree tree = ArbitrationTree.Random(random, random.Next(2, 6), random.Next(4), Pairs);
            ArbitrationLab calm = Start(tree, seed);
            ArbitrationLab other = Start(tree, seed);
            int oneIn = random.Next(1, 5);
            bool isBlocked = false;
            other.IsBlocked = _ => isBlocked = random.Next(oneIn) == 0;
            for (int turn = 0; turn < Turns; turn++)
            {
                isBlocked = false;
                Assert.That(calm.TryTurn(out LabTurn expected) && other.TryTurn(out LabTurn taken) && expected == taken, Is.True, $"turn {turn} of {seed}, {tree}");
                if (isBlocked)
                {
                    blocked++;
                    other.Ring(expected.Function, expected.Queue);
                }
            }

            return true;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Cases));
        TestContext.Out.WriteLine($"blocked {blocked} times");
        Assert.That(blocked, Is.GreaterThan(Cases * Turns / 10));
    }

    [Test]
    public void A_queue_that_wakes_with_something_left_of_its_quantum_is_next_of_its_list_and_has_no_more_than_that()
    {
        Prop.ForAll(Arb.From(Gen.Choose(0, int.MaxValue - 1)), seed =>
        {
            var random = new Random(seed);
            int functions = random.Next(2, 7);
            var lab = new ArbitrationLab(functions, 0, 1, seed);
            for (int function = 0; function < functions; function++)
            {
                lab.Backlog(function, 0, 1514);
            }

            // What is sent of a quantum of the first, before it is blocked for some turns of the others.
            int blockedAt = random.Next(1, DeficitRounds.QuantumBytes / 1538);
            int frames = blockedAt;
            bool isFirst = true;
            lab.IsBlocked = index => index == lab.Index(0, 0) && isFirst;
            lab.Post(0, 0, -int.MaxValue + frames, 1514);
            LabTurn taken;
            do
            {
                Assert.That(lab.TryTurn(out taken), Is.True);
            }
            while (taken.Function != 0);

            Assert.That(taken.Frames, Is.EqualTo(frames));
            isFirst = false;
            for (int turn = random.Next(30); turn > 0; turn--)
            {
                Assert.That(lab.TryTurn(out taken) && taken.Function != 0, Is.True, "others go on, and it has no turn while it is blocked");
            }

            lab.Backlog(0, 0, 1514);
            long sent = 0;
            while (lab.TryTurn(out taken) && taken.Function == 0)
            {
                sent += taken.LineBytes;
            }

            // At once, and up to a quantum in all, to the frame that it ends in, and the turn that is a quantum at the least.
            return sent > 0 && (frames * 1538) + sent <= (2 * DeficitRounds.QuantumBytes) + 1538;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Cases));
    }

    [Test]
    public void Who_is_not_blocked_gets_its_share_whoever_is_and_for_how_long()
    {
        double worst = 0;
        Prop.ForAll(Arb.From(Gen.Choose(0, int.MaxValue - 1)), seed =>
        {
            var random = new Random(seed);
            ArbitrationTree tree = ArbitrationTree.Random(random, random.Next(2, 6), random.Next(4), 1);
            ArbitrationLab lab = Start(tree, seed);
            int victim = random.Next(tree.Functions);
            var oneIn = new int[tree.Functions];
            var wakesAt = new int[tree.Functions];
            int longest = random.Next(1, 20);
            for (int function = 0; function < tree.Functions; function++)
            {
                oneIn[function] = random.Next(1, 6);
            }

            bool isBlocked = false;
            lab.IsBlocked = index => isBlocked = index != lab.Index(victim, 0) && random.Next(oneIn[index % tree.Functions]) == 0;
            var shares = new BackloggedShares(tree, ShareTurns);
            for (int turn = 0; turn < ShareTurns; turn++)
            {
                isBlocked = false;
                if (lab.TryTurn(out LabTurn taken))
                {
                    shares.Add(taken.Function, taken.LineBytes);
                    wakesAt[taken.Function] = isBlocked ? turn + random.Next(longest) : 0;
                }

                for (int function = 0; function < tree.Functions; function++)
                {
                    if (function != victim && wakesAt[function] == turn)
                    {
                        lab.Ring(function, 0);
                    }
                }
            }

            worst = Math.Max(worst, shares.Least(victim, tree.Shares(_ => true)[victim], LeastBytes));
            return worst <= 0.01;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Cases));
        TestContext.Out.WriteLine($"worst loss {worst:F4} of the port");
    }

    private static ArbitrationLab Start(ArbitrationTree tree, int seed)
    {
        var lab = new ArbitrationLab(tree.Functions, tree.Groups - 1, Pairs, seed);
        Assert.That(tree.Tell(lab.Policy), Is.Null);
        for (int function = 0; function < tree.Functions; function++)
        {
            for (int pair = 0; pair < tree.Queues[function]; pair++)
            {
                lab.Backlog(function, pair, tree.Mix[function] switch { FrameMix.Small => 200, FrameMix.Large => 9014, _ => 1514 });
            }
        }

        return lab;
    }
}
