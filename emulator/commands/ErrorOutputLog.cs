// The log on standard error, one line a message.
using System;
using Microsoft.Extensions.Logging;

namespace SmartNicFw.Emulator.Commands;

/// <summary>Writes messages from a level on.</summary>
internal sealed class ErrorOutputLog(LogLevel from) : ILogger
{
    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => logLevel >= from;

    /// <inheritdoc/>
    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            Console.Error.WriteLine($"{(logLevel >= LogLevel.Warning ? "warning" : "debug")}: {formatter(state, exception)}");
        }
    }
}
