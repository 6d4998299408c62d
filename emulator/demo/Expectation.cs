// Who should receive what, by the rules as a person would state them: a second opinion on the switch, one frame at a time.
using System;
using System.Collections.Generic;
using System.Linq;

namespace SmartNicFw.Emulator.Demo;

/// <summary>A participant of the demo: a VF with a driver, as the rules see it.</summary>
/// <param name="Vf">Number of the VF.</param>
/// <param name="Mac">Its address, six bytes.</param>
/// <param name="PortVlan">Its port VLAN, 0 for none.</param>
/// <param name="TakesAllMulticast">Whether its driver asked for all multicast frames.</param>
internal sealed record Station(int Vf, byte[] Mac, int PortVlan, bool TakesAllMulticast);

/// <summary>
/// Keeps, for every station and for the wire, the frames that it should have received and compares them with those that it
/// did receive: byte for byte, and in order.
/// </summary>
internal sealed class Expectation(IReadOnlyList<Station> stations)
{
    private const int AddressBytes = 6;
    private const int TypeOffset = 12;
    private const int TagBytes = 4;
    private const int CustomerTag = 0x8100;
    private const int ServiceTag = 0x88A8;
    private const int MacControl = 0x8808;
    private const int Lldp = 0x88CC;
    private readonly Queue<byte[]>[] _expected = [.. stations.Select(_ => new Queue<byte[]>())];
    private readonly Queue<byte[]> _onWire = new();

    /// <summary>Frames that arrived as they should.</summary>
    public long Right { get; private set; }

    /// <summary>Frames that arrived but should not have: not there, not then, or not so.</summary>
    public long Wrong { get; private set; }

    /// <summary>Frames that should have arrived and did not.</summary>
    public long Missing => _expected.Sum(queue => queue.Count) + _onWire.Count;

    /// <summary>A frame is sent.</summary>
    /// <param name="sender">The station, or null for the wire.</param>
    /// <param name="frame">As the sender sends it.</param>
    public void Sent(Station? sender, byte[] frame)
    {
        if (!MayPass(sender, frame))
        {
            return;
        }

        byte[] tagged = sender is { PortVlan: > 0 } ? WithTag(frame, sender.PortVlan) : frame;
        int vlan = VlanOf(tagged);
        bool isGroup = (frame[0] & 1) != 0;
        bool isBroadcast = frame.AsSpan(0, AddressBytes).IndexOfAnyExcept((byte)0xFF) < 0;
        bool isOwned = false;
        foreach (Station station in stations)
        {
            bool isTheirs = frame.AsSpan(0, AddressBytes).SequenceEqual(station.Mac);
            isOwned |= isTheirs && (station.PortVlan == 0 || station.PortVlan == vlan);
            bool isWanted = isGroup ? isBroadcast || station.TakesAllMulticast : isTheirs;

            // Drivers that can filter VLANs take none that they have not added, and these add none. A port VLAN takes its
            // own, and only what is untagged after one customer tag.
            bool isInVlan = station.PortVlan == vlan
                && (station.PortVlan == 0 || (TagsOf(tagged) == 1 && TypeAt(tagged, TypeOffset) == CustomerTag));
            if (station != sender && isWanted && isInVlan)
            {
                _expected[IndexOf(station)].Enqueue(station.PortVlan > 0 ? WithoutTag(tagged) : tagged);
            }
        }

        if (sender is not null && (isGroup || !isOwned))
        {
            _onWire.Enqueue(tagged);
        }
    }

    /// <summary>A frame has arrived.</summary>
    /// <param name="receiver">The station, or null for the wire.</param>
    public void Arrived(Station? receiver, ReadOnlySpan<byte> frame)
    {
        Queue<byte[]> queue = receiver is null ? _onWire : _expected[IndexOf(receiver)];
        if (queue.TryPeek(out byte[]? expected) && frame.SequenceEqual(expected))
        {
            queue.Dequeue();
            Right++;
        }
        else
        {
            Wrong++;
        }
    }

    /// <summary>The VLAN of a frame's outer tag, or 0.</summary>
    public static int VlanOf(ReadOnlySpan<byte> frame) => TagsOf(frame) > 0 ? TypeAt(frame, TypeOffset + 2) & 0xFFF : 0;

    /// <summary>Whether the frame bears one customer tag of a VLAN that a port can have.</summary>
    public static bool HasOneTag(ReadOnlySpan<byte> frame) =>
        TagsOf(frame) == 1 && TypeAt(frame, TypeOffset) == CustomerTag && VlanOf(frame) is > 0 and < 4095;

    /// <summary>The frame without its outer tag.</summary>
    public static byte[] WithoutTag(ReadOnlySpan<byte> frame) => [.. frame[..TypeOffset], .. frame[(TypeOffset + TagBytes)..]];

    // Nobody sends from a group's address or from none; nobody stacks three tags; pause ends at the wire; what belongs to
    // the link no function sends, nor from an address that is not its own.
    private static bool MayPass(Station? sender, byte[] frame)
    {
        Span<byte> source = frame.AsSpan(AddressBytes, AddressBytes);
        int tags = TagsOf(frame);
        if ((source[0] & 1) != 0 || source.IndexOfAnyExcept((byte)0) < 0 || tags > 2
            || frame.Length < TypeOffset + 2 + (tags * TagBytes))
        {
            return false;
        }

        int type = TypeAt(frame, TypeOffset + (tags * TagBytes));
        bool isForLink = frame.AsSpan(0, AddressBytes - 1).SequenceEqual<byte>([0x01, 0x80, 0xC2, 0x00, 0x00]) && frame[5] < 16;
        return sender is null
            ? type != MacControl && !(isForLink && frame[5] == 1)
            : !isForLink && type != MacControl && type != Lldp && source.SequenceEqual(sender.Mac)
                && (sender.PortVlan == 0 || tags == 0);
    }

    private static int TagsOf(ReadOnlySpan<byte> frame)
    {
        int tags = 0;
        while (tags < 3 && frame.Length >= TypeOffset + ((tags + 1) * TagBytes)
            && TypeAt(frame, TypeOffset + (tags * TagBytes)) is CustomerTag or ServiceTag)
        {
            tags++;
        }

        return tags;
    }

    private static int TypeAt(ReadOnlySpan<byte> frame, int offset) => (frame[offset] << 8) | frame[offset + 1];

    private static byte[] WithTag(byte[] frame, int vlan) =>
        [.. frame.AsSpan(0, TypeOffset), 0x81, 0x00, (byte)(vlan >> 8), (byte)vlan, .. frame.AsSpan(TypeOffset)];

    private int IndexOf(Station station)
    {
        for (int index = 0; index < stations.Count; index++)
        {
            if (stations[index] == station)
            {
                return index;
            }
        }

        throw new ArgumentException($"VF {station.Vf} is not a station");
    }
}
