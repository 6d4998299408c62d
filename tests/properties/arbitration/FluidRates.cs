// What rates ought to be: a fluid that is poured down a tree, guarantees first, the rest by weights, limits kept. Knows nothing of turns.
using System;
using System.Collections.Generic;
using System.Linq;

namespace SmartNicFw.Tests.Properties.Arbitration;

/// <summary>
/// The promise about rates, written down by itself. Guarantees come first: every function that has work has its own, and a group what its own is
/// more than those in it have together. What is left of the port goes down level by level, by weights among those that have work; so does what a
/// group has beyond what is guaranteed in it. Whoever reaches its limit leaves what it cannot take to the others of its level.
/// </summary>
internal sealed class FluidRates(ArbitrationTree tree, double[] guarantees, double[] limits, Func<int, bool> isActive)
{
    // By function, then by group: the most that may pass, what is guaranteed of it, of which so much is the group's own, and what is poured.
    private readonly double[] _most = new double[tree.Functions + tree.Groups];
    private readonly double[] _first = new double[tree.Functions + tree.Groups];
    private readonly double[] _own = new double[tree.Functions + tree.Groups];
    private readonly double[] _rates = new double[tree.Functions + tree.Groups];

    /// <summary>Rates of each function, then of each group, of a port of this speed.</summary>
    public double[] Of(double port)
    {
        int root = tree.Functions;
        Gather(root);
        Pour(root, Math.Min(port, _most[root]) - _first[root]);
        return _rates;
    }

    private List<int> Below(int owner) =>
    [
        .. Enumerable.Range(0, tree.Functions).Where(function => tree.Functions + tree.Group[function] == owner && isActive(function)),
        .. Enumerable.Range(1, tree.Groups - 1).Where(group => tree.Functions + tree.Parent[group] == owner).Select(group => tree.Functions + group)
            .Where(group => _most[group] > 0),
    ];

    private double Weight(int owner) => owner < tree.Functions ? tree.Weight[owner] : tree.GroupWeight[owner - tree.Functions];

    private void Gather(int owner)
    {
        _most[owner] = double.PositiveInfinity;
        if (owner >= tree.Functions)
        {
            for (int group = 1; group < tree.Groups; group++)
            {
                if (tree.Functions + tree.Parent[group] == owner)
                {
                    Gather(tree.Functions + group);
                }
            }

            List<int> below = Below(owner);
            foreach (int child in below.Where(child => child < tree.Functions))
            {
                Gather(child);
            }

            _most[owner] = below.Sum(child => _most[child]);
            _first[owner] = below.Sum(child => _first[child]);
        }

        _most[owner] = limits[owner] == 0 ? _most[owner] : Math.Min(_most[owner], limits[owner]);
        _own[owner] = Math.Max(0, Math.Min(guarantees[owner], _most[owner]) - _first[owner]);
        _first[owner] += _own[owner];
    }

    // An owner gets so much beside what is guaranteed to it and those in it.
    private void Pour(int owner, double rest)
    {
        _rates[owner] = _first[owner] + rest;
        rest += _own[owner];
        List<int> open = Below(owner);
        while (open.Count > 0)
        {
            double weights = open.Sum(Weight);
            List<int> full = [.. open.Where(child => _most[child] - _first[child] <= rest * Weight(child) / weights)];
            foreach (int child in full.Count > 0 ? full : open)
            {
                double part = full.Count > 0 ? _most[child] - _first[child] : rest * Weight(child) / weights;
                Pour(child, part);
            }

            if (full.Count == 0)
            {
                return;
            }

            rest -= full.Sum(child => _most[child] - _first[child]);
            open.RemoveAll(full.Contains);
        }
    }
}
