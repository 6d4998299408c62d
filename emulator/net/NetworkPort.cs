// The wire side of the switch as the engine sees it. Knows nothing of what is behind a port.
using System;

namespace SmartNicFw.Emulator.Net;

/// <summary>An Ethernet port: frames without check sequence, never waiting for one. One thread owns it.</summary>
public abstract class NetworkPort : IDisposable
{
    /// <summary>True while frames can pass.</summary>
    public abstract bool IsLinkUp { get; }

    /// <summary>Takes the next frame that has arrived.</summary>
    /// <param name="buffer">Receives it.</param>
    /// <param name="length">Its bytes.</param>
    /// <returns>False when none waits.</returns>
    public abstract bool TryReceive(Span<byte> buffer, out int length);

    /// <summary>Sends a frame; one that cannot be sent is lost, as on a wire.</summary>
    public abstract void Send(ReadOnlySpan<byte> frame);

    /// <summary>Closes the port.</summary>
    public abstract void Dispose();
}
