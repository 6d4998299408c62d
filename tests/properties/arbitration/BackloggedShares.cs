// How far the shares of a run were from what they ought to be, over every window of it. Computes from frames that were seen.
using System;

namespace SmartNicFw.Tests.Properties.Arbitration;

/// <summary>Line bytes of every turn, summed up, so that any window of turns is a difference.</summary>
internal sealed class BackloggedShares(ArbitrationTree tree, int turns)
{
    /// <summary>Turns of a window.</summary>
    public const int Window = 1000;

    private readonly int _owners = tree.Functions + tree.Groups;
    private readonly long[] _sums = new long[(turns + 1) * (tree.Functions + tree.Groups)];
    private int _turns;

    public void Add(int function, long lineBytes)
    {
        Span<long> before = _sums.AsSpan(_turns * _owners, _owners);
        _turns++;
        Span<long> now = _sums.AsSpan(_turns * _owners, _owners);
        before.CopyTo(now);
        now[function] += lineBytes;
        int group = tree.Group[function];
        while (group != 0)
        {
            now[tree.Functions + group] += lineBytes;
            group = tree.Parent[group];
        }

        now[tree.Functions] += lineBytes;
    }

    /// <summary>The largest difference of a share of the port from the one expected, and the largest part of it that is missing or too much.</summary>
    public (double Points, double Relative) Worst(double[] expected, int window = Window)
    {
        double points = 0;
        double relative = 0;
        for (int first = 0; first + window <= _turns; first++)
        {
            int from = first * _owners;
            int to = (first + window) * _owners;
            double total = _sums[to + tree.Functions] - _sums[from + tree.Functions];
            for (int owner = 0; owner < _owners; owner++)
            {
                double error = Math.Abs(((_sums[to + owner] - _sums[from + owner]) / total) - expected[owner]);
                points = Math.Max(points, error);
                if (expected[owner] > 0.05)
                {
                    relative = Math.Max(relative, error / expected[owner]);
                }
            }
        }

        return (points, relative);
    }

    /// <summary>The most of the port that an owner missed of what is expected for it.</summary>
    /// <param name="leastBytes">A window in which less was sent counts as if it had been so much: one long frame is no share.</param>
    public double Least(int owner, double expected, double leastBytes, int window = Window)
    {
        double missing = 0;
        for (int first = 0; first + window <= _turns; first++)
        {
            double total = _sums[((first + window) * _owners) + tree.Functions] - _sums[(first * _owners) + tree.Functions];
            double got = _sums[((first + window) * _owners) + owner] - _sums[(first * _owners) + owner];
            missing = Math.Max(missing, ((expected * total) - got) / Math.Max(total, leastBytes));
        }

        return missing;
    }
}
