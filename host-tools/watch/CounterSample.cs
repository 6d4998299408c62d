// Counters of functions at one moment, and what was added between two of them. Prints nothing.
using System.Collections.Generic;
using System.Linq;
using SmartNicFw.HostTools.Client;

namespace SmartNicFw.HostTools.Watch;

/// <summary>What functions had counted at a time of the device's clock.</summary>
/// <param name="TimeUs">Microseconds.</param>
internal sealed record CounterSample(ulong TimeUs, IReadOnlyList<FunctionInfo> Functions, IReadOnlyList<FunctionStatistics> Statistics)
{
    // Those of the firmware wrap at 2^32, the switch's at 2^64.
    private const string FirstOfFirmware = "turns";
    private static readonly int FirmwareFrom = FunctionStatistics.Names.Select(counter => counter.Name).ToList().IndexOf(FirstOfFirmware);

    /// <summary>Asks a device for the functions that are enabled.</summary>
    /// <param name="names">Functions that are wanted, by name; none for all.</param>
    public static CounterSample Read(ManagementClient client, IReadOnlyCollection<string> names)
    {
        FunctionInfo[] functions =
        [
            .. client.GetFunctions().Where(function => names.Count == 0 ? function.IsEnabled : names.Contains(function.Name)),
        ];
        FunctionStatistics[] statistics = [.. functions.Select(function => client.GetFunctionStatistics(function.Index))];
        return new CounterSample(client.GetEndpoint().TimeUs, functions, statistics);
    }

    /// <summary>What was added since another one; a function that was not in it has added nothing.</summary>
    /// <remarks>A counter of the switch that is less than before has begun anew with its device: what it has counted since is what was added.</remarks>
    public IReadOnlyList<FunctionStatistics> Since(CounterSample before)
    {
        var values = before.Statistics.ToDictionary(statistics => statistics.Function, statistics => statistics.Values);
        return
        [
            .. Statistics.Select(now => new FunctionStatistics(
                now.Function, [.. now.Values.Select((value, at) => values.TryGetValue(now.Function, out IReadOnlyList<ulong>? was) ? Added(was[at], value, at) : 0)])),
        ];
    }

    private static ulong Added(ulong before, ulong now, int counter) =>
        now >= before ? now - before
        : counter >= FirmwareFrom ? unchecked((uint)now - (uint)before)
        : now;
}
