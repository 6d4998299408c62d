// Text that a device sent, made fit for a terminal: hostile bytes move no cursor. Knows no layout.
using System;
using System.Text;

namespace SmartNicFw.HostTools.Client;

/// <summary>Printable ASCII as it is, anything else as ?.</summary>
internal static class PrintableText
{
    /// <summary>The text of bytes.</summary>
    public static string Of(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        foreach (byte letter in bytes)
        {
            text.Append(letter is >= (byte)' ' and <= (byte)'~' ? (char)letter : '?');
        }

        return text.ToString();
    }
}
