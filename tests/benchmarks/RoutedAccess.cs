// Whether an access costs more the more functions there are: one function against all 4,100.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using SmartNicFw.Firmware;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Benchmarks;

/// <summary>
/// Reads of a register that every function stores, so that the functions' state is touched and not their template
/// alone. Steps are full, so that the fixed cost of a step does not hide what routing costs.
/// </summary>
internal static class RoutedAccess
{
    private const double FlatWithin = 1.5;
    private const int ShuffleSeed = 1;

    // A multiple of a full step and several times around all targets: about a millisecond.
    private const int AccessesPerRound = 32 * 1024;

    /// <summary>Both sides, and their ratio.</summary>
    public static IEnumerable<Result> Measure()
    {
        var one = new Endpoint(physicalFunctions: 1, totalVFs: 0);
        Endpoint all = WithAllFunctions();
        ConfigTarget[] targets = all.EveryFunction(PciConfigHeader.CommandOffset);
        new Random(ShuffleSeed).Shuffle(targets);

        // As many targets on the side of one function, so that walking them costs both sides the same.
        ConfigTarget[] sameTarget = new ConfigTarget[targets.Length];
        Array.Fill(sameTarget, one.EveryFunction(PciConfigHeader.CommandOffset)[0]);
        one.Source.Read(sameTarget);
        all.Source.Read(targets);

        Comparison comparison = AlternatingRounds.Measure(() => NanosecondsPerAccess(one), () => NanosecondsPerAccess(all));
        return
        [
            new Result("routed_access_one_function", "routed access, 1 function", comparison.FirstNs, "ns"),
            new Result(
                "routed_access_all_functions", $"routed access, {targets.Length:N0} functions in random order",
                comparison.SecondNs, "ns"),
            new Result("routed_access_ratio", "routed access, all functions against 1", comparison.Ratio, "x", FlatWithin),
        ];
    }

    /// <summary>The largest endpoint there is, with every VF of every PF enabled.</summary>
    public static Endpoint WithAllFunctions()
    {
        var endpoint = new Endpoint(EndpointConfiguration.MaxPhysicalFunctions, EndpointConfiguration.MaxTotalVFs);
        for (int physicalFunction = 0; physicalFunction < EndpointConfiguration.MaxPhysicalFunctions; physicalFunction++)
        {
            endpoint.EnableVFs(physicalFunction, EndpointConfiguration.MaxTotalVFs);
        }

        return endpoint;
    }

    private static double NanosecondsPerAccess(Endpoint endpoint)
    {
        long start = Stopwatch.GetTimestamp();
        endpoint.Access(AccessesPerRound, Endpoint.FullStep);
        return Stopwatch.GetElapsedTime(start).TotalNanoseconds / AccessesPerRound;
    }
}
