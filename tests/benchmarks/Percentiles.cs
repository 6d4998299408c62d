// Orders of many figures. Knows no unit.
using System;

namespace SmartNicFw.Benchmarks;

/// <summary>What many figures come to.</summary>
internal static class Percentiles
{
    /// <summary>The figure that a share of all does not exceed.</summary>
    /// <param name="values">One or more; are put in order.</param>
    /// <param name="percent">0 to 100.</param>
    public static double Of(double[] values, int percent)
    {
        Array.Sort(values);
        return values[Math.Min(values.Length - 1, values.Length * percent / 100)];
    }

    /// <summary>The middle one.</summary>
    public static double Median(double[] values) => Of(values, 50);
}
