// The demo's wire: frames handed in one at a time, and a handler for those that leave.
using System;
using SmartNicFw.Emulator.Net;

namespace SmartNicFw.Emulator.Demo;

/// <summary>A port whose other end is the demo itself.</summary>
internal sealed class DemoWire : NetworkPort
{
    private byte[]? _incoming;

    /// <summary>Called with every frame that the endpoint sends to the wire; the span is lent.</summary>
    public Action<byte[]>? Sent { get; set; }

    /// <inheritdoc/>
    public override bool IsLinkUp => true;

    /// <summary>Puts a frame on the wire towards the endpoint.</summary>
    public void Put(byte[] frame) => _incoming = frame;

    /// <inheritdoc/>
    public override bool TryReceive(Span<byte> buffer, out int length)
    {
        length = 0;
        if (_incoming is null)
        {
            return false;
        }

        _incoming.CopyTo(buffer);
        length = _incoming.Length;
        _incoming = null;
        return true;
    }

    /// <inheritdoc/>
    public override void Send(ReadOnlySpan<byte> frame) => Sent?.Invoke(frame.ToArray());

    /// <inheritdoc/>
    public override void Dispose()
    {
    }
}
