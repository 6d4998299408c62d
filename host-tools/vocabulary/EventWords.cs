// Events and health in words: stable ones for programs, sentences for people. Asks no device.
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using SmartNicFw.Hal.Regs;
using SmartNicFw.HostTools.Client;

namespace SmartNicFw.HostTools.Vocabulary;

/// <summary>Words for <see cref="ManagementEventKind"/>.</summary>
internal static class EventWords
{
    // Above the opcodes: a command of a function's control queue, its class and its number.
    private const uint ControlCommand = 0x10000;
    private const int ClassShift = 8;
    private const uint ByteMask = 0xFF;

    private static readonly Dictionary<int, (string Name, string Meaning)> Kinds = new()
    {
        [ManagementEventKind.CompletionTimeout] = ("completion_timeout", "a read of it found no completion in time"),
        [ManagementEventKind.PoisonedCompletion] = ("poisoned_completion", "a read of it was answered with poisoned data"),
        [ManagementEventKind.UnsupportedRequest] = ("unsupported_request", "a read of it was answered Unsupported Request"),
        [ManagementEventKind.CompleterAbort] = ("completer_abort", "a read of it was answered Completer Abort"),
        [ManagementEventKind.DrainCutShort] = ("drain_cut_short", "turns had to be cut short for its reset"),
        [ManagementEventKind.DeviceBroken] = ("device_broken", "its driver broke it (DEVICE_NEEDS_RESET)"),
        [ManagementEventKind.FunctionReset] = ("function_reset", "a reset of it has begun"),
        [ManagementEventKind.VFsChanged] = ("vfs_changed", "VFs came or went"),
        [ManagementEventKind.LinkUp] = ("link_up", "the port's link came up"),
        [ManagementEventKind.LinkDown] = ("link_down", "the port's link went down"),
        [ManagementEventKind.PolicyChanged] = ("policy_changed", "policy was changed"),
        [ManagementEventKind.RequestDenied] = ("request_denied", "a request was denied"),
        [ManagementEventKind.StoreDamaged] = ("store_damaged", "the store of the policy was damaged at start; defaults are used"),
        [ManagementEventKind.StoreFault] = ("store_fault", "the policy could not be kept for the next start"),
    };

    /// <summary>All stable names.</summary>
    public static IEnumerable<string> Names => Kinds.Values.Select(kind => kind.Name);

    /// <summary>The stable name of a kind.</summary>
    public static string Name(int kind) =>
        Kinds.TryGetValue(kind, out (string Name, string Meaning) words) ? words.Name : string.Create(CultureInfo.InvariantCulture, $"kind_{kind}");

    /// <summary>What happened, in one line.</summary>
    public static string Sentence(EventInfo happened)
    {
        string meaning = Kinds.TryGetValue(happened.Kind, out (string Name, string Meaning) words) ? words.Meaning : "something that this smartnic does not know";
        string detail = Detail(happened);
        return detail.Length == 0 ? meaning : $"{meaning}: {detail}";
    }

    private static string Detail(EventInfo happened) => happened.Kind switch
    {
        ManagementEventKind.VFsChanged => string.Create(CultureInfo.InvariantCulture, $"{happened.Detail} enabled now"),
        ManagementEventKind.PolicyChanged when happened.Function == ManagementFunctionNumber.Endpoint => happened.Detail == 1
            ? "1 change"
            : string.Create(CultureInfo.InvariantCulture, $"{happened.Detail} changes"),
        ManagementEventKind.PolicyChanged => AttributeWord.All.FirstOrDefault(word => word.Kind == happened.Detail)?.Name ?? Hex(happened.Detail),
        ManagementEventKind.RequestDenied when happened.Detail >= ControlCommand => string.Create(
            CultureInfo.InvariantCulture,
            $"control queue, class {(happened.Detail >> ClassShift) & ByteMask}, command {happened.Detail & ByteMask}"),
        ManagementEventKind.RequestDenied => "opcode " + Hex(happened.Detail),
        _ => happened.Detail == 0 ? "" : Hex(happened.Detail),
    };

    private static string Hex(uint number) => number.ToString("X4", CultureInfo.InvariantCulture) + "h";
}

/// <summary>Words for <see cref="ManagementHealth"/>.</summary>
internal static class HealthWords
{
    private static readonly (uint Mask, string Name, string Meaning)[] Known =
    [
        (ManagementHealth.ReasonsNeedsResetMask, "needs_reset", "its driver broke it (DEVICE_NEEDS_RESET): unbind and bind the driver"),
        (ManagementHealth.ReasonsDmaFaultMask, "dma_fault", "faults or time-outs ended turns since its last reset"),
        (ManagementHealth.ReasonsDrainCutShortMask, "drain_cut_short", "turns of its last reset had to be cut short"),
        (ManagementHealth.ReasonsLinkDownMask, "link_down", "the port's link is down"),
        (ManagementHealth.ReasonsStoreDamagedMask, "store_damaged", "the store of the policy was damaged at start; defaults are used"),
        (ManagementHealth.ReasonsStoreFaultMask, "store_fault", "the policy could not be kept for the next start"),
        (ManagementHealth.ReasonsFunctionMask, "function", "a function is not well"),
    ];

    /// <summary>All stable names of reasons.</summary>
    public static IEnumerable<string> Names => Known.Select(reason => reason.Name);

    /// <summary>well, degraded or failed.</summary>
    public static string State(HealthInfo health) => health.State switch
    {
        ManagementHealth.Well => "well",
        ManagementHealth.Degraded => "degraded",
        ManagementHealth.Failed => "failed",
        _ => string.Create(CultureInfo.InvariantCulture, $"state_{health.State}"),
    };

    /// <summary>Why it is not well.</summary>
    public static IReadOnlyList<(string Name, string Meaning)> Reasons(HealthInfo health)
    {
        var reasons = new List<(string Name, string Meaning)>();
        for (uint mask = 1; mask != 0; mask <<= 1)
        {
            if ((health.Reasons & mask) == 0)
            {
                continue;
            }

            (uint Mask, string Name, string Meaning) found = Known.FirstOrDefault(reason => reason.Mask == mask);
            string number = string.Create(CultureInfo.InvariantCulture, $"reason_{mask:x}");
            reasons.Add(found.Mask == 0 ? (number, "a reason that this smartnic does not know") : (found.Name, found.Meaning));
        }

        return reasons;
    }
}
