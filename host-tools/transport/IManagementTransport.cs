// The way to one device: a frame goes there, a frame comes back. Knows no opcode and judges no frame.
using System;

namespace SmartNicFw.HostTools.Transport;

/// <summary>One request at a time. Whatever fails is a <see cref="Failure.ToolException"/> that names the device.</summary>
internal interface IManagementTransport : IDisposable
{
    /// <summary>What the device is named in messages: the path of a socket, or a PCI address.</summary>
    string Name { get; }

    /// <summary>The PF in the host's sysfs, or null when the device is at the other end of a socket.</summary>
    SysfsFunction? Host { get; }

    /// <summary>Sends a request and waits for the response.</summary>
    /// <param name="request">A whole frame.</param>
    /// <param name="response">Receives the response: room for the largest frame.</param>
    /// <param name="limit">How long it may take in all.</param>
    /// <returns>Bytes of the response. They are as they came: cut, wrong or hostile.</returns>
    int Exchange(ReadOnlySpan<byte> request, Span<byte> response, TimeSpan limit);

    /// <summary>Keeps other programs of this host out until the result is disposed, for requests that belong together.</summary>
    /// <param name="limit">How long to wait for one that is at it.</param>
    IDisposable Reserve(TimeSpan limit);
}
