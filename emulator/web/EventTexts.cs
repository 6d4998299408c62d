// What kinds of events are called for a person. Knows no event.
using System.Globalization;
using SmartNicFw.Firmware.Management;

namespace SmartNicFw.Emulator.Web;

/// <summary>One line for each kind.</summary>
internal static class EventTexts
{
    /// <summary>The line of a kind; of one that is not known, its number.</summary>
    public static string Of(int kind) => kind switch
    {
        EventKind.CompletionTimeout => "a read found no completion in time",
        EventKind.PoisonedCompletion => "a read was answered with poisoned data",
        EventKind.UnsupportedRequest => "a read was answered Unsupported Request",
        EventKind.CompleterAbort => "a read was answered Completer Abort",
        EventKind.DrainCutShort => "turns of its reset were cut short",
        _ => string.Create(CultureInfo.InvariantCulture, $"event {kind}"),
    };
}
