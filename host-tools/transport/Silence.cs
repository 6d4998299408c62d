// What all transports say alike, and what they hand out when there is nothing to hand out.
using System;
using System.Globalization;
using SmartNicFw.HostTools.Failure;

namespace SmartNicFw.HostTools.Transport;

/// <summary>A device that does not answer.</summary>
internal static class Silence
{
    /// <summary>The failure that says so.</summary>
    /// <param name="device">Its name.</param>
    /// <param name="limit">How long was waited.</param>
    public static ToolException Of(string device, TimeSpan limit) => new(
        string.Create(CultureInfo.InvariantCulture, $"the device at {device} did not answer within {limit.TotalSeconds:0.###} s"),
        "look whether it still runs; --timeout SECONDS waits longer");
}

/// <summary>A reservation where none is needed.</summary>
internal sealed class Nothing : IDisposable
{
    /// <summary>The only one.</summary>
    public static readonly Nothing Instance = new();

    private Nothing()
    {
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
