// The operator's calls under traffic: what may not be is refused and changes nothing, what may be loses no frame and no order.
using System;
using System.Collections.Generic;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Firmware.Arbitration;
using SmartNicFw.Firmware.Management;

namespace SmartNicFw.Tests.Properties.Arbitration;

public sealed class PolicyProperties
{
    private const int Cases = 10_000;
    private const int Functions = 5;
    private const int Groups = 6;
    private const int Frames = 400;
    private const int MaxNested = 4;

    [TestCase(1)]
    [TestCase(3)]
    public void Any_calls_under_traffic_do_what_a_model_does_and_every_frame_is_sent_once(int underWay)
    {
        int refused = 0;
        int done = 0;
        Prop.ForAll(Arb.From(Gen.Choose(0, int.MaxValue - 1)), seed =>
        {
            var random = new Random(seed);
            var lab = new ArbitrationLab(Functions, Groups, 1, seed, underWay);
            var model = new Model();
            for (int function = 0; function < Functions; function++)
            {
                lab.Post(function, 0, Frames, random.Next(60, 9000));
            }

            var sent = new int[Functions];
            for (int call = 0; call < 60; call++)
            {
                if (!Agree(lab.Policy, model, random, ref refused, ref done) || !model.Equals(lab.Policy))
                {
                    return false;
                }

                if (lab.TryTurn(out LabTurn turn))
                {
                    sent[turn.Function] += turn.Frames;
                }
            }

            // Nobody is held back for good: limits of 1 Mbit/s are slow, so they go first.
            for (int owner = 0; owner < Functions + Groups + 1; owner++)
            {
                _ = owner < Functions ? lab.Policy.SetRates(owner, 0, 0) : lab.Policy.SetGroupRates(owner - Functions, 0, 0);
            }

            for (int turn = 0; turn < 3000 && sent.Sum() < Functions * Frames; turn++)
            {
                if (lab.TryTurn(out LabTurn taken))
                {
                    sent[taken.Function] += taken.Frames;
                }
            }

            return sent.All(frames => frames == Frames);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Cases));
        TestContext.Out.WriteLine($"{done} calls took effect, {refused} were refused");
        Assert.That(refused, Is.GreaterThan(Cases));
        Assert.That(done, Is.GreaterThan(Cases));
    }

    [Test]
    public void Each_refusal_names_its_reason()
    {
        ArbitrationPolicy policy = new ArbitrationLab(3, 6, 1, 1).Policy;
        Assert.That(policy.SetRates(0, 20_000, 0) ?? policy.AddGroup(1) ?? policy.AddGroup(2) ?? policy.SetParent(2, 1), Is.Null);
        Assert.That(policy.SetRates(1, 5_001, 0), Is.EqualTo("guarantees in the port would add up to 25001 Mbit/s; it may send 25000"));
        Assert.That(policy.SetParent(1, 2), Is.EqualTo("group 1 cannot be in group 2, which is in it"));
        Assert.That(policy.SetParent(1, 1), Is.EqualTo("group 1 cannot be in group 1, which is in it"));
        Assert.That(policy.RemoveGroup(1), Is.EqualTo("group 1 is not empty: group 2 is in it"));
        Assert.That(policy.AddGroup(1), Is.EqualTo("group 1 is there already"));
        Assert.That(policy.AddGroup(7), Is.EqualTo("a new group is 1 to 6, not 7"));
        Assert.That(policy.SetGroup(1, 3), Is.EqualTo("there is no group 3"));
        Assert.That(policy.SetWeight(1, 1001), Is.EqualTo("a weight is 1 to 1000, not 1001"));
        Assert.That(policy.SetWeight(3, 1), Is.EqualTo("a function is 0 to 2, not 3"));
        Assert.That(policy.SetRates(0, 20_000, 10_000), Is.EqualTo("PF 0 would be limited to 10000 Mbit/s with guarantees of 20000"));
        Assert.That(policy.SetPriority(0, 8), Is.EqualTo("a priority is 0 to 7, not 8"));
        Assert.That(policy.SetGroupRates(0, 1, 0), Is.EqualTo("the port has no guarantee"));
        Assert.That(policy.SetGroupRates(0, 0, 25_001), Is.EqualTo("the port's limit is at most its speed, 25000 Mbit/s"));
        Assert.That(policy.SetGroupWeight(0, 2), Is.EqualTo("the port is no group that can be changed so"));
        for (int group = 3; group <= 5; group++)
        {
            Assert.That(policy.AddGroup(group), Is.Null);
        }

        Assert.That(policy.SetParent(3, 2) ?? policy.SetParent(4, 3), Is.Null);
        Assert.That(policy.SetParent(5, 4), Is.EqualTo("groups would be nested 5 deep under the port; allowed: 4"));
    }

    private static bool Agree(ArbitrationPolicy policy, Model model, Random random, ref int refused, ref int done)
    {
        int function = random.Next(-1, Functions + 1);
        int group = random.Next(-1, Groups + 2);
        int other = random.Next(-1, Groups + 2);
        int weight = random.Next(8) == 0 ? random.Next(-1, 1200) : random.Next(1, 1001);
        int guarantee = random.Next(2) == 0 ? 0 : random.Next(9000);
        int limit = random.Next(2) == 0 ? 0 : random.Next(26_000);
        Model changed = model.Copy();
        string? fault;
        switch (random.Next(9))
        {
            case 0:
                changed.Add(group);
                fault = policy.AddGroup(group);
                break;
            case 1:
                changed.Remove(group);
                fault = policy.RemoveGroup(group);
                break;
            case 2:
                changed.Move(Functions + group, other, isGroup: true);
                fault = policy.SetParent(group, other);
                break;
            case 3:
                changed.Move(function, other, isGroup: false);
                fault = policy.SetGroup(function, other);
                break;
            case 4:
                changed.Weigh(function, weight, isGroup: false);
                fault = policy.SetWeight(function, weight);
                break;
            case 5:
                changed.Weigh(Functions + group, weight, isGroup: true);
                fault = policy.SetGroupWeight(group, weight);
                break;
            case 6:
                changed.Rate(function, guarantee, limit, isGroup: false);
                fault = policy.SetRates(function, guarantee, limit);
                break;
            case 7:
                changed.Rate(Functions + group, guarantee, limit, isGroup: true);
                fault = policy.SetGroupRates(group, guarantee, limit);
                break;
            default:
                int priority = random.Next(-1, 9);
                changed.Prioritize(function, priority);
                fault = policy.SetPriority(function, priority);
                break;
        }

        bool isAllowed = changed.IsValid();
        refused += isAllowed ? 0 : 1;
        done += isAllowed ? 1 : 0;
        if (isAllowed)
        {
            model.Take(changed);
        }

        return isAllowed == (fault is null);
    }

    // The state after a call, and whether it can be: said of the whole, never of the call.
    private sealed class Model
    {
        private int[] _parent = new int[Functions + Groups + 1];
        private int[] _weight = Enumerable.Repeat(1, Functions + Groups + 1).ToArray();
        private int[] _guarantee = new int[Functions + Groups + 1];
        private int[] _limit = new int[Functions + Groups + 1];
        private int[] _priority = new int[Functions];
        private bool[] _exists = [true, .. new bool[Groups]];
        private bool _isImpossible;

        public Model Copy() => new()
        {
            _parent = [.. _parent],
            _weight = [.. _weight],
            _guarantee = [.. _guarantee],
            _limit = [.. _limit],
            _priority = [.. _priority],
            _exists = [.. _exists],
        };

        public void Take(Model other) => (_parent, _weight, _guarantee, _limit, _priority, _exists) =
            (other._parent, other._weight, other._guarantee, other._limit, other._priority, other._exists);

        public void Add(int group)
        {
            if (Check(group >= 1 && group <= Groups && !_exists[group]))
            {
                _exists[group] = true;
            }
        }

        public void Remove(int group)
        {
            if (Check(group >= 1 && group <= Groups && _exists[group] && Below(group).Count == 0))
            {
                _exists[group] = false;
                int owner = Functions + group;
                (_parent[owner], _weight[owner], _guarantee[owner], _limit[owner]) = (0, 1, 0, 0);
            }
        }

        public void Move(int owner, int to, bool isGroup)
        {
            if (Check(Is(owner, isGroup) && owner != Functions && to >= 0 && to <= Groups && _exists[to]))
            {
                _parent[owner] = to;
            }
        }

        public void Weigh(int owner, int weight, bool isGroup)
        {
            if (Check(Is(owner, isGroup) && owner != Functions && weight is >= 1 and <= 1000))
            {
                _weight[owner] = weight;
            }
        }

        public void Rate(int owner, int guarantee, int limit, bool isGroup)
        {
            if (Check(Is(owner, isGroup)))
            {
                _guarantee[owner] = guarantee;
                _limit[owner] = limit;
            }
        }

        public void Prioritize(int function, int priority)
        {
            if (Check(Is(function, false) && priority is >= 0 and <= 7))
            {
                _priority[function] = priority;
            }
        }

        public bool IsValid()
        {
            if (_isImpossible || _guarantee[Functions] != 0 || _limit[Functions] > ArbitrationLab.Mbps)
            {
                return false;
            }

            for (int group = 1; group <= Groups; group++)
            {
                int depth = 0;
                for (int above = group; above != 0; above = _parent[Functions + above])
                {
                    if (++depth > MaxNested)
                    {
                        return false;
                    }
                }
            }

            return Enumerable.Range(0, Functions + Groups + 1).All(owner =>
                Needed(owner) <= (_limit[owner] != 0 ? _limit[owner] : owner == Functions ? ArbitrationLab.Mbps : int.MaxValue));
        }

        public bool Equals(ArbitrationPolicy policy) =>
            Enumerable.Range(0, Functions).All(function =>
                policy.GroupOf(function) == _parent[function] && policy.Weight(function) == _weight[function]
                && policy.Guarantee(function) == _guarantee[function] && policy.Limit(function) == _limit[function]
                && policy.Priority(function) == _priority[function])
            && Enumerable.Range(0, Groups + 1).All(group =>
                policy.Exists(group) == _exists[group] && policy.ParentOf(group) == _parent[Functions + group]
                && policy.GroupWeight(group) == _weight[Functions + group]
                && policy.GroupGuarantee(group) == _guarantee[Functions + group]
                && policy.GroupLimit(group) == _limit[Functions + group]);

        private bool Check(bool isPossible)
        {
            _isImpossible |= !isPossible;
            return isPossible;
        }

        private bool Is(int owner, bool isGroup) => isGroup
            ? owner >= Functions && owner <= Functions + Groups && _exists[owner - Functions]
            : owner >= 0 && owner < Functions;

        private List<int> Below(int group) => [.. Enumerable.Range(0, Functions + Groups + 1)
            .Where(owner => owner != Functions && _parent[owner] == group && (owner < Functions || _exists[owner - Functions]))];

        private int Needed(int owner) => owner < Functions
            ? _guarantee[owner]
            : Math.Max(_guarantee[owner], Below(owner - Functions).Sum(Needed));
    }
}
