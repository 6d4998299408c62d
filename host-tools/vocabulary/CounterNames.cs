// Names of counters as metrics, JSON and tables have them alike. Asks no device.
using System.Text.Json.Nodes;
using SmartNicFw.HostTools.Client;

namespace SmartNicFw.HostTools.Vocabulary;

/// <summary>sriov_vf_ or sriov_pf_, then the counter's own name.</summary>
internal static class CounterNames
{
    private const string Vf = "sriov_vf_";
    private const string Pf = "sriov_pf_";

    /// <summary>What stands before a function's counters.</summary>
    public static string Prefix(EndpointInfo endpoint, int function) => function < endpoint.PhysicalFunctions ? Pf : Vf;

    /// <summary>Counters of a function by name.</summary>
    public static JsonObject Json(string prefix, FunctionStatistics statistics)
    {
        var values = new JsonObject();
        for (int at = 0; at < statistics.Values.Count; at++)
        {
            values[prefix + FunctionStatistics.Names[at].Name] = statistics.Values[at];
        }

        return values;
    }
}
