// Whether enabling VFs takes time in proportion to their number: 256 against 1,024 of one physical function.
using System.Collections.Generic;
using System.Diagnostics;

namespace SmartNicFw.Benchmarks;

/// <summary>
/// Times NumVFs, VF Enable and the steps until every VF is ready, as the firmware's own work: a host's waiting times are
/// not in it. Both sides enable the same number of VFs in a round, one side in more portions.
/// </summary>
internal static class VfEnabling
{
    private const double LinearWithin = 1.5;
    private const int Fewer = 256;
    private const int More = 1024;
    private const int VFsPerRound = 8 * 1024;

    /// <summary>Both sides, and their ratio.</summary>
    public static IEnumerable<Result> Measure()
    {
        // One endpoint for both: NumVFs is all that differs.
        var endpoint = new Endpoint(physicalFunctions: 1, totalVFs: More);
        Comparison comparison = AlternatingRounds.Measure(
            () => NanosecondsPerVf(endpoint, Fewer), () => NanosecondsPerVf(endpoint, More));
        return
        [
            new Result("enable_per_vf_of_256", $"enabling {Fewer:N0} VFs, for each", comparison.FirstNs, "ns"),
            new Result("enable_per_vf_of_1024", $"enabling {More:N0} VFs, for each", comparison.SecondNs, "ns"),
            new Result(
                "enable_per_vf_ratio", $"enabling a VF, of {More:N0} against of {Fewer:N0}", comparison.Ratio, "x",
                LinearWithin),
        ];
    }

    private static double NanosecondsPerVf(Endpoint endpoint, int count)
    {
        long ticks = 0;
        for (int done = 0; done < VFsPerRound; done += count)
        {
            long start = Stopwatch.GetTimestamp();
            endpoint.EnableVFs(0, count);
            ticks += Stopwatch.GetTimestamp() - start;
            endpoint.DisableVFs(0);
        }

        return Stopwatch.GetElapsedTime(0, ticks).TotalNanoseconds / VFsPerRound;
    }
}
