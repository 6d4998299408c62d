// What kinds of events are called for a person. Knows no event.
using System.Globalization;
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.Emulator.Web;

/// <summary>One line for each kind.</summary>
internal static class EventTexts
{
    // From here on a detail of a request that was denied is a command of a driver.
    private const uint FirstCommand = 0x10000;

    /// <summary>The line of a kind; of one that is not known, its number.</summary>
    public static string Of(int kind, uint detail) => kind switch
    {
        ManagementEventKind.CompletionTimeout => "a read found no completion in time",
        ManagementEventKind.PoisonedCompletion => "a read was answered with poisoned data",
        ManagementEventKind.UnsupportedRequest => "a read was answered Unsupported Request",
        ManagementEventKind.CompleterAbort => "a read was answered Completer Abort",
        ManagementEventKind.DrainCutShort => "turns of its reset were cut short",
        ManagementEventKind.DeviceBroken => "its driver broke it, and it needs a reset",
        ManagementEventKind.FunctionReset => "a reset has begun",
        ManagementEventKind.VFsChanged => Format($"{detail} VFs are enabled"),
        ManagementEventKind.LinkUp => "the link came up",
        ManagementEventKind.LinkDown => "the link went down",
        ManagementEventKind.PolicyChanged => "policy was changed",
        ManagementEventKind.RequestDenied when detail >= FirstCommand => Format($"command {(detail - FirstCommand) >> 8}/{detail & 0xFF} of its driver was denied"),
        ManagementEventKind.RequestDenied => Format($"request {detail} was denied"),
        ManagementEventKind.StoreDamaged => "the store of the policy was damaged",
        ManagementEventKind.StoreFault => "the policy could not be stored",
        _ => Format($"event {kind}"),
    };

    private static string Format(System.FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
