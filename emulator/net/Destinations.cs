// What the switch says of one frame: forwarded or why not, to whom, and with which VLAN edit. Knows no table.
using System;
using System.Buffers.Binary;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Emulator.Net;

/// <summary>What becomes of a frame. Drops have the number of their counter.</summary>
public enum SwitchVerdict
{
    /// <summary>To the destinations listed.</summary>
    Forward = 0,

    DropSpoofed = Counter.DroppedSpoofed,
    DropVlan = Counter.DroppedVlan,
    DropMalformed = Counter.DroppedMalformed,
    DropControlFrame = Counter.DroppedControlFrame,
    DropNoDestination = Counter.DroppedNoDestination,
    DropLinkDown = Counter.DroppedLinkDown,
}

/// <summary>What is done to a frame's outer VLAN tag on the way to one destination.</summary>
public enum VlanEdit : byte
{
    /// <summary>The frame goes as it came.</summary>
    None = 0,

    /// <summary>A tag with <see cref="Destinations.Tag"/> goes in at offset 12: 4 bytes more.</summary>
    Insert = 1,

    /// <summary>The tag at offset 12 is left out: 4 bytes less.</summary>
    Strip = 2,
}

/// <summary>Destinations of one frame; made once, filled by each look-up. The arrays are never longer than the number of functions.</summary>
public sealed class Destinations
{
    /// <summary>Makes room.</summary>
    /// <param name="functions">Number of functions of the switch.</param>
    public Destinations(int functions)
    {
        Functions = new int[functions];
        Edits = new VlanEdit[functions];
    }

    /// <summary>Functions that receive the frame, the first <see cref="Count"/> are valid; each at most once, never the sender.</summary>
    public int[] Functions { get; }

    /// <summary>What is done to the tag for each of them.</summary>
    public VlanEdit[] Edits { get; }

    /// <summary>Number of functions that receive the frame.</summary>
    public int Count { get; internal set; }

    /// <summary>True when the frame leaves through the port too.</summary>
    public bool ToPort { get; internal set; }

    /// <summary>What is done to the tag for the port: None or Insert.</summary>
    public VlanEdit PortEdit { get; internal set; }

    /// <summary>The tag to insert: its protocol in bits 31:16, its TCI below.</summary>
    public uint Tag { get; internal set; }
}

/// <summary>Writes VLAN tags.</summary>
public static class VlanTag
{
    /// <summary>Change of a frame's length, bytes.</summary>
    public static int LengthChange(VlanEdit edit) => edit switch
    {
        VlanEdit.Insert => Ethernet.TagBytes,
        VlanEdit.Strip => -Ethernet.TagBytes,
        _ => 0,
    };

    /// <summary>Writes TPID and TCI, for offset <see cref="Ethernet.TypeOffset"/> of a frame.</summary>
    /// <param name="tag">At least <see cref="Ethernet.TagBytes"/> bytes.</param>
    /// <param name="value">Protocol, and below it priority and VLAN.</param>
    public static void Write(Span<byte> tag, uint value) => BinaryPrimitives.WriteUInt32BigEndian(tag, value);

    /// <summary>A tag's value.</summary>
    public static uint Value(int protocol, int vlan, int priority) =>
        ((uint)protocol << 16) | ((uint)(priority & 7) << Ethernet.PriorityShift) | (uint)(vlan & Ethernet.VlanMask);

    /// <summary>Copies a whole frame with an edit.</summary>
    /// <param name="frame">The frame, at least as long as its header (with a tag, for Strip).</param>
    /// <param name="target">Room for the frame after the edit.</param>
    /// <returns>Bytes written.</returns>
    public static int Copy(ReadOnlySpan<byte> frame, VlanEdit edit, uint tag, Span<byte> target)
    {
        int rest = Ethernet.TypeOffset;
        int written = Ethernet.TypeOffset;
        frame[..Ethernet.TypeOffset].CopyTo(target);
        if (edit == VlanEdit.Insert)
        {
            Write(target[Ethernet.TypeOffset..], tag);
            written += Ethernet.TagBytes;
        }
        else if (edit == VlanEdit.Strip)
        {
            rest += Ethernet.TagBytes;
        }

        frame[rest..].CopyTo(target[written..]);
        return written + frame.Length - rest;
    }
}
