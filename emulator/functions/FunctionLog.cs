// What function sockets say in the log: of functions, never of accesses.
using Microsoft.Extensions.Logging;

namespace SmartNicFw.Emulator.Functions;

/// <summary>Messages about functions that were handed out.</summary>
internal static partial class FunctionLog
{
    [LoggerMessage(1, LogLevel.Error, "{Function} was not reset: {Reason}")]
    public static partial void NotReset(ILogger log, string function, string reason);
}
