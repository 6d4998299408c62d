// Which names a server on an address is asked for by. Knows no connection.
using System;
using System.Net;

namespace SmartNicFw.Emulator.Http;

/// <summary>
/// A page of elsewhere can have its own name lead to our address (DNS rebinding) and so have a browser on this machine read what is served
/// to this machine alone. The name that it asked for tells: it is none of ours. An address cannot be made to lead elsewhere.
/// </summary>
internal sealed class HostNames
{
    private const string ThisMachine = "localhost";

    private readonly IPAddress _bound;
    private readonly bool _isAny;

    /// <summary>Names for one server.</summary>
    /// <param name="bound">The address that is served.</param>
    /// <param name="isKnownByName">It may be called anything, unless it serves this machine alone.</param>
    public HostNames(IPAddress bound, bool isKnownByName)
    {
        _bound = bound;
        _isAny = isKnownByName && !IPAddress.IsLoopback(bound);
    }

    /// <summary>
    /// True for a name or an address of this machine alone, for the bound address, and, where every address is bound, for any address.
    /// The port is not looked at: it may have been forwarded.
    /// </summary>
    /// <param name="host">The header Host; null or empty in requests of HTTP/1.0, which no browser sends.</param>
    public bool IsOurs(string? host)
    {
        if (_isAny || string.IsNullOrEmpty(host))
        {
            return true;
        }

        int colon = host.LastIndexOf(':');
        string name = colon > host.LastIndexOf(']') ? host[..colon] : host;
        if (name.Equals(ThisMachine, StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        bool isBracketed = name.Length > 2 && name[0] == '[' && name[^1] == ']';
        if (!IPAddress.TryParse(isBracketed ? name[1..^1] : name, out IPAddress? address))
        {
            return false;
        }

        return IPAddress.IsLoopback(address) || address.Equals(_bound) || _bound.Equals(IPAddress.Any) || _bound.Equals(IPAddress.IPv6Any);
    }
}
