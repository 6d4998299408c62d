// Strict classes and the bound that keeps the lowest alive: random loads of classes, with and without guarantees.
using System;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Firmware.Arbitration;

namespace SmartNicFw.Tests.Properties.Arbitration;

public sealed class ClassProperties
{
    private const int Cases = 10_000;
    private static readonly int[] PriorityOf = [0, 4, 6, 7];

    [Test]
    public void No_class_waits_for_more_turns_than_is_stated_and_the_highest_has_all_others()
    {
        int longest = 0;
        Prop.ForAll(Arb.From(Gen.Choose(0, int.MaxValue - 1)), seed =>
        {
            var random = new Random(seed);
            int functions = random.Next(2, 7);
            var lab = new ArbitrationLab(functions, 0, 2, seed);
            var classOf = new int[functions];
            int present = 0;
            for (int function = 0; function < functions; function++)
            {
                classOf[function] = random.Next(PriorityClasses.Count);
                present |= 1 << classOf[function];
                Assert.That(lab.Policy.SetPriority(function, PriorityOf[classOf[function]]), Is.Null);
                Assert.That(lab.Policy.SetWeight(function, random.Next(1, 1001)), Is.Null);
                lab.Backlog(function, random.Next(2), (FrameMix)random.Next(3));
            }

            var last = new int[PriorityClasses.Count];
            int highest = 31 - int.LeadingZeroCount(present);
            int ofHighest = 0;
            for (int turn = 1; turn <= 600; turn++)
            {
                Assert.That(lab.TryTurn(out LabTurn taken), Is.True);
                int served = classOf[taken.Function];
                ofHighest += served == highest ? 1 : 0;
                longest = Math.Max(longest, turn - last[served] - 1);
                last[served] = turn;
                for (int number = 0; number < PriorityClasses.Count; number++)
                {
                    if ((present & (1 << number)) != 0 && turn - last[number] > PriorityClasses.LongestWait)
                    {
                        return false;
                    }
                }
            }

            // One turn of 32 for each class below, at the most.
            int below = int.PopCount(present) - 1;
            return ofHighest >= 600 - (below * ((600 / (PriorityClasses.PassesInARow + 1)) + 1));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Cases));
        TestContext.Out.WriteLine($"longest wait {longest} turns of others");
        Assert.That(longest, Is.GreaterThan(PriorityClasses.PassesInARow), "and the bound is no larger than it need be");
    }

    [Test]
    public void A_class_is_the_same_in_a_group_that_was_only_added_as_under_the_port()
    {
        var lab = new ArbitrationLab(2, 1, 1, 1);
        Assert.That(lab.Policy.AddGroup(1) ?? lab.Policy.SetGroup(0, 1) ?? lab.Policy.SetPriority(0, PriorityOf[3]), Is.Null);
        lab.Backlog(0, 0, 1514);
        lab.Backlog(1, 0, 1514);
        int low = 0;
        int turns = 0;
        while (turns < 3200)
        {
            if (lab.TryTurn(out LabTurn taken))
            {
                turns++;
                low += taken.Function;
            }
        }

        Assert.That(low, Is.InRange(98, 102), "one turn in so many as a waiting class is passed over, and one more");
    }

    [Test]
    public void Guarantees_of_the_whole_port_leave_the_lowest_class_a_turn_within_the_bound()
    {
        var lab = new ArbitrationLab(5, 0, 1, 1);
        for (int function = 0; function < 4; function++)
        {
            Assert.That(lab.Policy.SetPriority(function, PriorityOf[function]), Is.Null);
            lab.Backlog(function, 0, 64);
        }

        Assert.That(lab.Policy.SetPriority(4, PriorityOf[3]) ?? lab.Policy.SetRates(4, ArbitrationLab.Mbps, 0), Is.Null);
        lab.Backlog(4, 0, 64);
        int last = 0;
        int turns = 0;
        for (int turn = 1; turn <= 60_000; turn++)
        {
            if (lab.TryTurn(out LabTurn taken) && taken.Function == 0)
            {
                turns++;
                last = turn;
            }

            Assert.That(turn - last, Is.LessThanOrEqualTo(TransmitScheduler.LongestWait));
        }

        Assert.That(turns, Is.GreaterThanOrEqualTo(60_000 / (TransmitScheduler.LongestWait + 1)));
    }
}
