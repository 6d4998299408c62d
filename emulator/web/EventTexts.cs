// What kinds of events are called for a person. Knows no event.
using System.Globalization;
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.Emulator.Web;

/// <summary>One line for each kind.</summary>
internal static class EventTexts
{
    /// <summary>The line of a kind; of one that is not known, its number.</summary>
    public static string Of(int kind) => kind switch
    {
        ManagementEventKind.CompletionTimeout => "a read found no completion in time",
        ManagementEventKind.PoisonedCompletion => "a read was answered with poisoned data",
        ManagementEventKind.UnsupportedRequest => "a read was answered Unsupported Request",
        ManagementEventKind.CompleterAbort => "a read was answered Completer Abort",
        ManagementEventKind.DrainCutShort => "turns of its reset were cut short",
        ManagementEventKind.DeviceBroken => "its driver broke it",
        ManagementEventKind.FunctionReset => "a reset of it has begun",
        ManagementEventKind.VFsChanged => "VFs came or went",
        ManagementEventKind.LinkUp => "the link of the port came up",
        ManagementEventKind.LinkDown => "the link of the port went down",
        ManagementEventKind.PolicyChanged => "policy was changed",
        ManagementEventKind.RequestDenied => "a request was denied",
        ManagementEventKind.StoreDamaged => "the store of the policy was damaged; defaults are used",
        ManagementEventKind.StoreFault => "the policy could not be kept for the next start",
        _ => string.Create(CultureInfo.InvariantCulture, $"event {kind}"),
    };
}
