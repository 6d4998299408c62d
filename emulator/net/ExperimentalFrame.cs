// Frames that carry nothing but what a run or a test wants to find in them again. Knows no payload.
using System;

namespace SmartNicFw.Emulator.Net;

/// <summary>A frame without tag, of an EtherType that is no protocol. Source: IEEE 802-2014, 9.2.4 (Local Experimental EtherType 1).</summary>
public static class ExperimentalFrame
{
    private static ReadOnlySpan<byte> EtherType => [0x88, 0xB5];

    /// <summary>Writes the header.</summary>
    /// <param name="frame">The frame, <see cref="Ethernet.HeaderBytes"/> upwards.</param>
    /// <param name="destination">6 bytes.</param>
    /// <param name="source">6 bytes.</param>
    public static void WriteHeader(Span<byte> frame, ReadOnlySpan<byte> destination, ReadOnlySpan<byte> source)
    {
        destination.CopyTo(frame);
        source.CopyTo(frame[Ethernet.AddressBytes..]);
        EtherType.CopyTo(frame[Ethernet.TypeOffset..]);
    }

    /// <summary>Whether a frame is of this EtherType.</summary>
    public static bool Is(ReadOnlySpan<byte> frame) =>
        frame.Length >= Ethernet.HeaderBytes && frame[Ethernet.TypeOffset..Ethernet.HeaderBytes].SequenceEqual(EtherType);
}
