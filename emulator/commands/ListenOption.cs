// What a person writes for where something is served to browsers and scrapers, and the address that it stands for.
using System;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace SmartNicFw.Emulator.Commands;

/// <summary>Forms of <c>--metrics</c> and <c>--web</c>. Who names no address means this machine alone.</summary>
internal static class ListenOption
{
    /// <summary>The forms that are understood, for help and messages.</summary>
    public const string Forms = "PORT or :PORT (both of 127.0.0.1), IPV4:PORT, [IPV6]:PORT, with PORT from 0 (any that is free) to 65535";

    /// <summary>Takes a text apart.</summary>
    /// <param name="option">The option that it is of, for a message.</param>
    /// <exception cref="UsageException">The text is not understood.</exception>
    public static IPEndPoint Parse(string option, string text)
    {
        int colon = text.LastIndexOf(':');
        string host = colon < 0 ? "" : text[..colon];
        return ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port)
            && Address(host) is { } address
            ? new IPEndPoint(address, port)
            : throw new UsageException($"{option} is '{text}'; allowed: {Forms}");
    }

    // Four numbers or brackets: other ways to write an address, which would be taken for it, are more often mistakes.
    private static IPAddress? Address(string host)
    {
        if (host.Length == 0)
        {
            return IPAddress.Loopback;
        }

        bool isBracketed = host[0] == '[' && host[^1] == ']';
        if (!IPAddress.TryParse(isBracketed ? host[1..^1] : host, out IPAddress? address))
        {
            return null;
        }

        return (isBracketed, address.AddressFamily) switch
        {
            (true, AddressFamily.InterNetworkV6) => address,
            (false, AddressFamily.InterNetwork) when address.ToString() == host => address,
            _ => null,
        };
    }
}
