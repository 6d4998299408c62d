// A random tree of groups and functions, and what every part of it is to get. Knows weights, and nothing of how they are kept.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Firmware.Arbitration;
using SmartNicFw.Firmware.Management;

namespace SmartNicFw.Tests.Properties.Arbitration;

/// <summary>Sizes of the frames of a queue.</summary>
internal enum FrameMix
{
    Small,
    Large,
    Mixed,
}

/// <summary>Who is where, with which weight and how many queues. Number 0 is the port among groups, and the PF among functions.</summary>
internal sealed class ArbitrationTree
{
    private const int MaxNested = 4;

    public ArbitrationTree(int functions, int groups)
    {
        Group = new int[functions];
        Weight = Enumerable.Repeat(1, functions).ToArray();
        Queues = Enumerable.Repeat(1, functions).ToArray();
        Mix = new FrameMix[functions];
        Parent = new int[groups + 1];
        GroupWeight = Enumerable.Repeat(1, groups + 1).ToArray();
    }

    /// <summary>A tree that follows from a number.</summary>
    public static ArbitrationTree Random(Random random, int functions, int groups, int queues)
    {
        var tree = new ArbitrationTree(functions, groups);
        var depth = new int[groups + 1];
        for (int group = 1; group <= groups; group++)
        {
            int parent = random.Next(group);
            tree.Parent[group] = depth[parent] < MaxNested ? parent : 0;
            depth[group] = depth[tree.Parent[group]] + 1;
            tree.GroupWeight[group] = AnyWeight(random);
        }

        FrameMix? all = random.Next(2) == 0 ? (FrameMix)random.Next(3) : null;
        for (int function = 0; function < functions; function++)
        {
            tree.Group[function] = random.Next(groups + 1);
            tree.Weight[function] = AnyWeight(random);
            tree.Queues[function] = random.Next(1, queues + 1);
            tree.Mix[function] = all ?? (FrameMix)random.Next(3);
        }

        return tree;
    }

    public int[] Group { get; }

    public int[] Weight { get; }

    public int[] Queues { get; }

    public FrameMix[] Mix { get; }

    public int[] Parent { get; }

    public int[] GroupWeight { get; }

    public int Functions => Group.Length;

    public int Groups => Parent.Length;

    /// <summary>What each function, then each group, is to get of a port that all functions given want more of.</summary>
    public double[] Shares(Func<int, bool> isActive)
    {
        var shares = new double[Functions + Groups];
        Divide(0, 1, isActive, shares);
        return shares;
    }

    /// <summary>Adds for every group what the functions in it, at any depth, have.</summary>
    public void Sum(Span<long> bytes)
    {
        for (int function = 0; function < Functions; function++)
        {
            int group = Group[function];
            while (true)
            {
                bytes[Functions + group] += bytes[function];
                if (group == 0)
                {
                    break;
                }

                group = Parent[group];
            }
        }
    }

    /// <summary>Tells the operator's interface.</summary>
    public string? Tell(ArbitrationPolicy policy)
    {
        string? fault = null;
        for (int group = 1; group < Groups; group++)
        {
            fault ??= policy.AddGroup(group) ?? policy.SetParent(group, Parent[group]) ?? policy.SetGroupWeight(group, GroupWeight[group]);
        }

        for (int function = 0; function < Functions; function++)
        {
            fault ??= policy.SetWeight(function, Weight[function]) ?? policy.SetGroup(function, Group[function]);
        }

        return fault;
    }

    public override string ToString()
    {
        var text = new StringBuilder();
        for (int group = 1; group < Groups; group++)
        {
            text.Append($"group {group} in {Parent[group]} weight {GroupWeight[group]}; ");
        }

        for (int function = 0; function < Functions; function++)
        {
            text.Append($"function {function} in {Group[function]} weight {Weight[function]} queues {Queues[function]} {Mix[function]}; ");
        }

        return text.ToString();
    }

    private static int AnyWeight(Random random) => random.Next(4) switch
    {
        0 => 1,
        1 => random.Next(1, 11),
        2 => 1 << random.Next(10),
        _ => random.Next(1, DeficitRounds.MaxWeight + 1),
    };

    private bool IsActive(int group, Func<int, bool> isActive) =>
        Enumerable.Range(0, Functions).Any(function => Group[function] == group && isActive(function))
        || Enumerable.Range(1, Groups - 1).Any(child => Parent[child] == group && IsActive(child, isActive));

    private void Divide(int group, double share, Func<int, bool> isActive, double[] shares)
    {
        shares[Functions + group] = share;
        List<int> functions = [.. Enumerable.Range(0, Functions).Where(function => Group[function] == group && isActive(function))];
        List<int> groups = [.. Enumerable.Range(1, Groups - 1).Where(child => Parent[child] == group && IsActive(child, isActive))];
        double weights = functions.Sum(function => (double)Weight[function]) + groups.Sum(child => (double)GroupWeight[child]);
        foreach (int function in functions)
        {
            shares[function] = share * Weight[function] / weights;
        }

        foreach (int child in groups)
        {
            Divide(child, share * GroupWeight[child] / weights, isActive, shares);
        }
    }
}
