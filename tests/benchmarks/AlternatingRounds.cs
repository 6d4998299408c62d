// Two sides, measured against each other: in turns, so that what the machine does meanwhile meets both.
using System;

namespace SmartNicFw.Benchmarks;

/// <summary>Medians over the rounds.</summary>
/// <param name="FirstNs">Of the first side.</param>
/// <param name="SecondNs">Of the second side.</param>
/// <param name="Ratio">Of second over first, each taken within one round.</param>
internal readonly record struct Comparison(double FirstNs, double SecondNs, double Ratio);

/// <summary>
/// BenchmarkDotNet measures one side to the end before it begins with the other, seconds to minutes later; on a shared
/// machine their ratio then tells more about the neighbours than about the sides. Here a round is a few milliseconds of
/// each, the order changes from round to round, and a disturbed round is one vote of many in the median.
/// </summary>
internal static class AlternatingRounds
{
    private const int WarmUpRounds = 20;
    private const int Rounds = 301;

    /// <summary>Measures both sides.</summary>
    /// <param name="first">Runs the first side once and returns its time, nanoseconds for one operation.</param>
    /// <param name="second">The same of the second side.</param>
    public static Comparison Measure(Func<double> first, Func<double> second)
    {
        double[] firsts = new double[Rounds];
        double[] seconds = new double[Rounds];
        double[] ratios = new double[Rounds];
        for (int round = -WarmUpRounds; round < Rounds; round++)
        {
            bool isFirstAhead = (round & 1) == 0;
            double ahead = isFirstAhead ? first() : second();
            double behind = isFirstAhead ? second() : first();
            if (round >= 0)
            {
                firsts[round] = isFirstAhead ? ahead : behind;
                seconds[round] = isFirstAhead ? behind : ahead;
                ratios[round] = seconds[round] / firsts[round];
            }
        }

        return new Comparison(Median(firsts), Median(seconds), Median(ratios));
    }

    private static double Median(double[] values)
    {
        Array.Sort(values);
        return values[values.Length / 2];
    }
}
