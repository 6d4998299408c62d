// What the engine says in the log: of queues, never of frames.
using Microsoft.Extensions.Logging;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Emulator.Engine;

/// <summary>Messages of the engine. A guest can cause each of them once for every time firmware starts one of its queues.</summary>
internal static partial class EngineLog
{
    [LoggerMessage(1, LogLevel.Debug, "function {Function}: {Role} queue {Queue} started with {Size} entries")]
    public static partial void QueueStarted(ILogger log, int function, int queue, QueueRole role, int size);

    [LoggerMessage(2, LogLevel.Debug, "function {Function}: queue {Queue} stopped")]
    public static partial void QueueStopped(ILogger log, int function, int queue);

    [LoggerMessage(3, LogLevel.Warning, "function {Function}: queue {Queue} of {Size} entries refused: its areas cannot be reached")]
    public static partial void QueueRefused(ILogger log, int function, int queue, int size);

    [LoggerMessage(4, LogLevel.Warning, "function {Function}: the driver broke the ring of queue {Queue}; the function needs a reset")]
    public static partial void QueueBroken(ILogger log, int function, int queue);
}
