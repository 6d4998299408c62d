// Changes of policy, one by one and in transactions, against a second statement of the rules: the same verdict, the same table.
using System;
using System.Collections.Generic;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using SmartNicFw.Firmware;
using SmartNicFw.Firmware.Config;
using SmartNicFw.Firmware.Management;
using SmartNicFw.Hal;
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.Tests.Properties.Policy;

public sealed class TransactionProperties
{
    private const int Cases = 10_000;
    private const int Functions = 5;
    private const int Groups = 6;
    private const int PortMbps = 1_000;

    [Test]
    public void Any_changes_have_the_verdict_of_a_model_of_the_whole_and_what_is_refused_changes_nothing()
    {
        int refused = 0;
        int done = 0;
        var reasons = new HashSet<int>();
        Prop.ForAll(Arb.From(Gen.Choose(0, int.MaxValue - 1)), seed =>
        {
            var random = new Random(seed);
            PolicyControl control = NewControl();
            PolicyModel model = NewModel(control);
            for (int round = 0; round < 12; round++)
            {
                int count = random.Next(2) == 0 ? 1 : random.Next(1, 12);
                bool isCheckOnly = count > 1 && random.Next(6) == 0;
                PolicyModel wanted = model.Copy();
                bool isRight = count == 1
                    ? One(control, wanted, Change(random), out bool isDone)
                    : Many(control, wanted, [.. Enumerable.Range(0, count).Select(_ => Change(random))], isCheckOnly, out isDone);
                if (isDone && !isCheckOnly)
                {
                    model.Take(wanted);
                }
                else if (!isDone)
                {
                    reasons.Add(control.FaultReason);
                }

                refused += isDone ? 0 : 1;
                done += isDone ? 1 : 0;
                if (!isRight || !IsSame(control, model))
                {
                    TestContext.Out.WriteLine($"seed {seed}, round {round}: {control.FaultText} ({control.FaultReason}); the model: {string.Join(',', wanted.Faults())}");
                    return false;
                }
            }

            return control.Transaction == 0;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Cases));
        TestContext.Out.WriteLine($"{done} took effect, {refused} were refused, for {reasons.Count} reasons");
        Assert.That(refused, Is.GreaterThan(Cases));
        Assert.That(done, Is.GreaterThan(Cases));
        Assert.That(reasons, Is.SupersetOf(new[]
        {
            ManagementReason.NoSuchFunction, ManagementReason.NoSuchAttribute, ManagementReason.NoSuchGroup, ManagementReason.OutOfRange,
            ManagementReason.WrongKindOfFunction, ManagementReason.UnusableMac, ManagementReason.GroupExists, ManagementReason.GroupNotEmpty,
            ManagementReason.GroupWithinItself, ManagementReason.GuaranteeTooLarge, ManagementReason.NoneFree,
        }));
    }

    [Test]
    public void Changes_of_different_things_have_the_same_verdict_and_result_in_any_order()
    {
        int done = 0;
        int refused = 0;
        Prop.ForAll(Arb.From(Gen.Choose(0, int.MaxValue - 1)), seed =>
        {
            var random = new Random(seed);
            PolicyControl first = NewControl();
            PolicyControl second = NewControl();
            PolicyChange[] before = [.. Enumerable.Range(0, 10).Select(_ => Change(random))];
            foreach (PolicyChange change in before)
            {
                if (Send(first, change) != Send(second, change))
                {
                    return false;
                }
            }

            PolicyChange[] changes = [.. Enumerable.Range(0, 8).Select(_ => Change(random)).DistinctBy(change => change.Thing)];
            int verdict = Commit(first, changes);
            random.Shuffle(changes);
            bool isSame = verdict == Commit(second, changes)
                && Enumerable.Range(0, Functions).All(function => Enumerable.Range(1, ManagementAttributeKind.Last).All(
                    attribute => Value(first, function, attribute) == Value(second, function, attribute)))
                && Enumerable.Range(0, Groups + 1).All(group => Layout(first, group).AsSpan().SequenceEqual(Layout(second, group)));
            done += verdict == ManagementStatus.Ok ? 1 : 0;
            refused += verdict == ManagementStatus.Ok ? 0 : 1;
            return isSame;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Cases));
        Assert.That((done, refused), Is.GreaterThan((Cases / 10, Cases / 10)));
        Assert.That(refused, Is.GreaterThan(Cases / 10));
    }

    private static PolicyControl NewControl()
    {
        var configuration = new EndpointConfiguration
        {
            TotalVFs = Functions - 1,
            RateGroups = Groups,
            EthernetMbps = PortMbps,
            MaxVfQueuePairs = PolicyModel.RoomForPairs,
            MaxVfMsixVectors = PolicyModel.RoomForVectors,
        };
        var numbering = new FunctionNumbering(1, Functions - 1);
        return new PolicyControl(configuration, numbering, new PolicyTable(configuration, numbering), null);
    }

    private static PolicyModel NewModel(PolicyControl control) =>
        new(Functions, Groups, PortMbps, (function, attribute) => Value(control, function, attribute));

    private static bool One(PolicyControl control, PolicyModel model, PolicyChange change, out bool isDone)
    {
        bool isPossible = model.TryChange(change);
        HashSet<int> faults = isPossible ? model.Faults() : [];
        isDone = Send(control, change) == ManagementStatus.Ok;
        return isDone == (isPossible && faults.Count == 0) && (isDone || Names(control, isPossible, faults));
    }

    private static bool Many(PolicyControl control, PolicyModel model, PolicyChange[] changes, bool isCheckOnly, out bool isDone)
    {
        isDone = false;
        uint sent = 0;
        if (control.Begin(out uint transaction) != ManagementStatus.Ok || control.Begin(out _) != ManagementStatus.Busy)
        {
            return false;
        }

        foreach (PolicyChange change in changes)
        {
            bool isPossible = model.TryChange(change);
            if ((Send(control, change) == ManagementStatus.Ok) != isPossible || (!isPossible && !Names(control, false, [])))
            {
                return false;
            }

            sent += isPossible ? 1u : 0;
        }

        HashSet<int> faults = model.Faults();
        isDone = control.Commit(transaction, sent, isCheckOnly) == ManagementStatus.Ok;
        return isDone == (faults.Count == 0) && (isDone || (Names(control, true, faults) && control.FaultChange < sent))
            && control.Commit(transaction, sent, false) == ManagementStatus.WrongState
            && control.Abort(transaction) == ManagementStatus.WrongState
            && (isDone || control.FaultReason == ManagementReason.NoSuchTransaction);
    }

    // A line, and one of the reasons that there are.
    private static bool Names(PolicyControl control, bool isPossible, HashSet<int> faults) =>
        control.FaultText is { Length: > 0 and <= ManagementRefusal.MaxTextBytes }
        && (isPossible ? faults.Contains(control.FaultReason) : control.FaultReason != ManagementReason.None);

    private static int Commit(PolicyControl control, PolicyChange[] changes)
    {
        control.Begin(out uint transaction);
        uint sent = (uint)changes.Count(change => Send(control, change) == ManagementStatus.Ok);
        return control.Commit(transaction, sent, false);
    }

    private static int Send(PolicyControl control, PolicyChange change) => change.Kind switch
    {
        "set" => control.SetAttribute(change.Index, change.Attribute, change.Value),
        "add" => control.AddRateGroup(change.Layout(), 0),
        "change" => control.SetRateGroup(change.Layout(), 0),
        _ => control.DeleteRateGroup(change.Index),
    };

    private static ulong Value(PolicyControl control, int function, int attribute)
    {
        Assert.That(control.GetAttribute(function, attribute, out ulong value), Is.EqualTo(ManagementStatus.Ok));
        return value;
    }

    private static byte[] Layout(PolicyControl control, int group)
    {
        var bytes = new byte[ManagementRateGroup.Bytes];
        return control.WriteRateGroup(group, bytes, 0) ? bytes : [];
    }

    private static bool IsSame(PolicyControl control, PolicyModel model)
    {
        for (int function = 0; function < Functions; function++)
        {
            for (int attribute = 1; attribute <= ManagementAttributeKind.Last; attribute++)
            {
                if (control.GetAttribute(function, attribute, out ulong value) != ManagementStatus.Ok || value != model.Value(function, attribute))
                {
                    return false;
                }
            }
        }

        for (int group = 0; group <= Groups + 1; group++)
        {
            byte[] wanted = model.Group(group) is { } fields ? new PolicyChange("change", group, 0, 0, fields).Layout() : [];
            if (!Layout(control, group).AsSpan().SequenceEqual(wanted))
            {
                return false;
            }
        }

        return control.GetAttribute(Functions, 1, out _) == ManagementStatus.BadArgument;
    }

    private static PolicyChange Change(Random random)
    {
        bool isOdd = random.Next(25) == 0;
        if (random.Next(3) != 0)
        {
            int attribute = isOdd ? random.Next(-1, ManagementAttributeKind.Last + 3) : random.Next(1, ManagementAttributeKind.Last + 1);
            int function = isOdd ? random.Next(-1, Functions + 1) : random.Next(Functions);
            return new PolicyChange("set", function, attribute, isOdd ? Odd(random) : Usual(random, attribute), new Dictionary<int, ulong>());
        }

        string kind = random.Next(7) switch { < 3 => "add", < 6 => "change", _ => "delete" };
        var fields = new Dictionary<int, ulong>();
        for (int field = 1; field <= ManagementRateGroup.FieldsNameMask && kind != "delete"; field <<= 1)
        {
            if (random.Next(3) == 0)
            {
                // No wider than its field.
                ulong most = field == ManagementRateGroup.FieldsPriorityMask ? 256UL : 1280UL;
                fields[field] = isOdd && field != ManagementRateGroup.FieldsNameMask
                    ? (ulong)random.NextInt64((long)most)
                    : UsualField(random, field);
            }
        }

        return new PolicyChange(kind, random.Next(isOdd ? -1 : 0, Groups + (isOdd ? 2 : 1)), 0, 0, fields);
    }

    private static ulong Odd(Random random) => random.Next(4) switch
    {
        0 => (ulong)random.NextInt64(),
        1 => ulong.MaxValue,
        2 => 1UL << random.Next(64),
        _ => 0,
    };

    private static ulong Usual(Random random, int attribute) => attribute switch
    {
        ManagementAttributeKind.Mac => 0x0200_0000_0000UL + (2 * (ulong)random.Next(20)),
        ManagementAttributeKind.Vlan => random.Next(4) == 0
            ? (ulong)random.Next(8) << 13
            : (random.Next(2) == 0 ? 0x8100_0000UL : 0x88A8_0000UL) | ((ulong)random.Next(8) << 13) | (uint)random.Next(1, 4095),
        ManagementAttributeKind.MaxTxRate => random.Next(2) == 0 ? 0 : (ulong)random.Next(1, 1200),
        ManagementAttributeKind.MinTxRate => random.Next(2) == 0 ? 0 : (ulong)random.Next(1, 500),
        ManagementAttributeKind.LinkState => (ulong)random.Next(3),
        ManagementAttributeKind.Weight => (ulong)random.Next(1, 1001),
        ManagementAttributeKind.QueuePairs => (ulong)random.Next(1, PolicyModel.RoomForPairs + 1),
        ManagementAttributeKind.MsixVectors => (ulong)random.Next(10, PolicyModel.RoomForVectors + 1),
        ManagementAttributeKind.RateGroup => (ulong)random.Next(Groups + 1),
        ManagementAttributeKind.InterruptCeiling => (ulong)random.Next(1_000_001),
        _ => (ulong)random.Next(2),
    };

    private static ulong UsualField(Random random, int field) => field switch
    {
        ManagementRateGroup.FieldsParentMask => (ulong)random.Next(Groups + 1),
        ManagementRateGroup.FieldsWeightMask => (ulong)random.Next(1, 1001),
        ManagementRateGroup.FieldsMaxTxRateMask => random.Next(2) == 0 ? 0 : (ulong)random.Next(1, 1000),
        ManagementRateGroup.FieldsMinTxRateMask => random.Next(2) == 0 ? 0 : (ulong)random.Next(1, 500),
        ManagementRateGroup.FieldsPriorityMask => (ulong)random.Next(8),
        _ => random.Next(3) == 0 ? 0 : 0x6B6Fu + (ulong)random.Next(6),
    };
}
