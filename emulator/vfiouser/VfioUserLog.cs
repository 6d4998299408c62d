// What the server says in the log: of clients, never of messages.
using Microsoft.Extensions.Logging;

namespace SmartNicFw.Emulator.VfioUser;

/// <summary>Messages of the server. A client can cause each of them once for every time it connects.</summary>
internal static partial class VfioUserLog
{
    [LoggerMessage(1, LogLevel.Debug, "{Socket}: process {Process} attached")]
    public static partial void Attached(ILogger log, string socket, int process);

    [LoggerMessage(2, LogLevel.Debug, "{Socket}: process {Process} detached: {Reason}")]
    public static partial void Detached(ILogger log, string socket, int process, string reason);

    [LoggerMessage(3, LogLevel.Warning, "{Socket}: process {Process} closed before it attached: {Reason}")]
    public static partial void NotAttached(ILogger log, string socket, int process, string reason);

    [LoggerMessage(4, LogLevel.Warning, "{Socket}: process {Process} came while another is attached, and was closed")]
    public static partial void SecondClient(ILogger log, string socket, int process);

    [LoggerMessage(5, LogLevel.Warning, "{Socket}: command {Command} of process {Process} refused with error {Error}; more of its refusals are not told")]
    public static partial void Refused(ILogger log, string socket, int command, int process, int error);

    [LoggerMessage(6, LogLevel.Warning,
        "{Socket}: memory at {Iova:X} of process {Process} is in no file that is sealed against shrinking, so that only messages reach it")]
    public static partial void NotShared(ILogger log, string socket, ulong iova, int process);

    [LoggerMessage(7, LogLevel.Warning, "{Socket}: {Dropped} writes to process {Process} were lost: it did not read")]
    public static partial void Dropped(ILogger log, string socket, long dropped, int process);

    [LoggerMessage(8, LogLevel.Warning, "{Socket}: no client can be taken now: error {Error}")]
    public static partial void CannotAccept(ILogger log, string socket, int error);
}
