// Whether an endpoint is well, and what is said to a person when it is not. Knows no cause.
using System.Collections.Generic;
using System.Globalization;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Metrics;
using SmartNicFw.Firmware.Management;
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.Emulator.Web;

/// <summary>Firmware's own judgement, and one of ours: a board without power does not work.</summary>
internal static class HealthTexts
{
    private const int MaxFunctions = 5;

    private static readonly (uint Reason, string Text)[] Texts =
    [
        (ManagementHealth.ReasonsNeedsResetMask, "its driver broke it, and it needs a reset"),
        (ManagementHealth.ReasonsDmaFaultMask, "faults or time-outs ended turns"),
        (ManagementHealth.ReasonsDrainCutShortMask, "turns of its last reset were cut short"),
        (ManagementHealth.ReasonsLinkDownMask, "the wire has no link"),
        (ManagementHealth.ReasonsStoreDamagedMask, "the store of the policy was damaged, and defaults are used"),
        (ManagementHealth.ReasonsStoreFaultMask, "the policy could not be written into its store"),
    ];

    /// <summary>Reads it.</summary>
    /// <param name="reasons">Receives why it is not well: of the endpoint, then of the first functions that are not.</param>
    /// <returns>well, degraded or failed.</returns>
    public static string Read(EndpointCounters counters, List<HealthReason> reasons)
    {
        EmulatedBoard board = counters.Board;
        if (!board.IsPowered)
        {
            reasons.Add(new HealthReason("", "it has no power: it is out of its slot"));
            return "failed";
        }

        Health health = board.Firmware.DataPath.Health;
        Add("", health.Reasons(health.Endpoint), reasons);
        int unwell = 0;
        for (int function = 0; function < health.Endpoint; function++)
        {
            if (health.State(function) != ManagementHealth.Well && ++unwell <= MaxFunctions)
            {
                Add(counters.NameOf(function), health.Reasons(function), reasons);
            }
        }

        if (unwell > MaxFunctions)
        {
            reasons.Add(new HealthReason("", string.Create(CultureInfo.InvariantCulture, $"{unwell - MaxFunctions} more functions are not well")));
        }

        return health.State(health.Endpoint) switch
        {
            ManagementHealth.Well => "well",
            ManagementHealth.Degraded => "degraded",
            _ => "failed",
        };
    }

    private static void Add(string function, uint found, List<HealthReason> reasons)
    {
        foreach ((uint reason, string text) in Texts)
        {
            if ((found & reason) != 0)
            {
                reasons.Add(new HealthReason(function, text));
            }
        }
    }
}
