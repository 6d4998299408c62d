// What the management socket says in the log: of clients, never of requests.
using Microsoft.Extensions.Logging;

namespace SmartNicFw.Emulator.Management;

/// <summary>Messages of the server, each told once until something changes.</summary>
internal static partial class ManagementLog
{
    [LoggerMessage(1, LogLevel.Warning, "{Socket}: process {Process} of user {User} was closed; more of other users are not told")]
    public static partial void Stranger(ILogger log, string socket, int process, uint user);

    [LoggerMessage(2, LogLevel.Warning, "{Socket}: a client was closed, for there are {Clients} already")]
    public static partial void Full(ILogger log, string socket, int clients);

    [LoggerMessage(3, LogLevel.Warning, "{Socket}: no client can be taken now: error {Error}")]
    public static partial void CannotAccept(ILogger log, string socket, int error);
}
