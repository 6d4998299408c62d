// What the first bytes of a frame say: Ethernet, VLAN tags, IPv4 or IPv6, TCP or UDP. Knows neither functions nor VIRTIO.
using System;
using System.Buffers.Binary;

namespace SmartNicFw.Emulator.Net;

/// <summary>Why the Ethernet header of a frame cannot be read.</summary>
public enum HeaderFault
{
    /// <summary>It can be read.</summary>
    None = 0,

    /// <summary>The frame is shorter than an Ethernet header, or ends within a VLAN tag.</summary>
    Runt = 1,

    /// <summary>More VLAN tags than <see cref="FrameHeader.MaxTags"/>.</summary>
    TooManyTags = 2,
}

/// <summary>Constants of Ethernet and of the protocols above it that the switch looks at.</summary>
public static class Ethernet
{
    /// <summary>Destination, source and type, bytes. Source: IEEE 802.3, 3.1.1.</summary>
    public const int HeaderBytes = 14;

    /// <summary>Bytes of the shortest frame without its check sequence: a shorter one is padded to it. Source: IEEE 802.3, 3.2.8 and 4.4.2.</summary>
    public const int MinFrameBytes = 60;

    /// <summary>Bytes of an address.</summary>
    public const int AddressBytes = 6;

    /// <summary>Offset of the type, or of the first VLAN tag.</summary>
    public const int TypeOffset = 12;

    /// <summary>Bytes of a VLAN tag: TPID and TCI. Source: IEEE 802.1Q, 9.4.</summary>
    public const int TagBytes = 4;

    /// <summary>VLAN Identifier within a TCI; the priority is in bits 15:13. Source: IEEE 802.1Q, 9.6.</summary>
    public const int VlanMask = 0xFFF;

    /// <summary>Shift of the priority within a TCI.</summary>
    public const int PriorityShift = 13;

    /// <summary>Mask of an address in a ulong, first byte of the wire in bits 7:0.</summary>
    public const ulong AddressMask = 0xFFFF_FFFF_FFFF;

    public const int TypeIpV4 = 0x0800;
    public const int TypeIpV6 = 0x86DD;

    /// <summary>Customer VLAN tag. Source: IEEE 802.1Q, table 9-1.</summary>
    public const int TypeVlan = 0x8100;

    /// <summary>Service VLAN tag. Source: IEEE 802.1Q, table 9-1.</summary>
    public const int TypeServiceVlan = 0x88A8;

    /// <summary>MAC control, of which pause is one. Source: IEEE 802.3, 31.4.</summary>
    public const int TypeMacControl = 0x8808;

    /// <summary>Link layer discovery. Source: IEEE 802.1AB, 7.4.</summary>
    public const int TypeLldp = 0x88CC;

    /// <summary>Protocol numbers of IP. Source: IANA protocol numbers.</summary>
    public const int ProtocolTcp = 6;
    public const int ProtocolUdp = 17;
}

/// <summary>
/// The headers of one frame, read from a contiguous prefix of it. It lends the prefix, and so cannot outlive it.
/// Whatever the bytes are, parsing is bounded and throws nothing; what is not there, or reaches beyond the prefix, is
/// reported as absent.
/// </summary>
public ref struct FrameHeader
{
    /// <summary>VLAN tags that are read; a frame with more is refused.</summary>
    public const int MaxTags = 2;

    /// <summary>IPv6 extension headers that are skipped; behind more of them no transport header is looked for.</summary>
    public const int MaxExtensionHeaders = 8;

    /// <summary>Bytes of a frame that are worth handing over.</summary>
    public const int MaxPrefixBytes = 256;

    /// <summary>The prefix that was parsed.</summary>
    public ReadOnlySpan<byte> Prefix { get; private set; }

    /// <summary>Destination address, first byte of the wire in bits 7:0.</summary>
    public ulong Destination { get; private set; }

    /// <summary>Source address, first byte of the wire in bits 7:0.</summary>
    public ulong Source { get; private set; }

    /// <summary>Number of VLAN tags, 0 to <see cref="MaxTags"/>.</summary>
    public int TagCount { get; private set; }

    /// <summary>True when the outer tag is a service tag.</summary>
    public bool IsServiceTag { get; private set; }

    /// <summary>TCI of the outer tag; 0 without one.</summary>
    public int Tci { get; private set; }

    /// <summary>Type behind the tags; below 600h it is a length (IEEE 802.3, 3.2.6).</summary>
    public int EtherType { get; private set; }

    /// <summary>Offset of what is behind the type, bytes.</summary>
    public int L3Offset { get; private set; }

    /// <summary>4 or 6 when there is a whole IP header, 0 otherwise.</summary>
    public int IpVersion { get; private set; }

    /// <summary>Protocol behind the IP header and its extensions; -1 when unknown.</summary>
    public int Protocol { get; private set; }

    /// <summary>Offset of the transport header; 0 when there is none, as in a fragment other than the first.</summary>
    public int L4Offset { get; private set; }

    /// <summary>True for a fragment, the first one included.</summary>
    public bool IsFragment { get; private set; }

    /// <summary>True when IPv6 extension headers were skipped.</summary>
    public bool HasExtensionHeaders { get; private set; }

    /// <summary>VLAN Identifier of the outer tag; 0 without one, and for a priority tag.</summary>
    public readonly int Vlan => Tci & Ethernet.VlanMask;

    /// <summary>True when the destination is a group, the broadcast address included.</summary>
    public readonly bool IsGroup => (Destination & 1) != 0;

    /// <summary>True when the destination is the broadcast address.</summary>
    public readonly bool IsBroadcast => Destination == Ethernet.AddressMask;

    /// <summary>True when the ports of TCP or UDP are within the prefix and belong to this frame alone.</summary>
    public readonly bool HasPorts =>
        !IsFragment && L4Offset != 0 && Protocol is Ethernet.ProtocolTcp or Ethernet.ProtocolUdp && L4Offset + 4 <= Prefix.Length;

    /// <summary>Parses everything.</summary>
    /// <param name="prefix">The first bytes of the frame; all of them when it is short.</param>
    /// <param name="header">The headers; meaningful up to where the fault is.</param>
    public static HeaderFault Parse(ReadOnlySpan<byte> prefix, out FrameHeader header)
    {
        HeaderFault fault = ParseEthernet(prefix, out header);
        if (fault == HeaderFault.None)
        {
            header.ParseNetwork();
        }

        return fault;
    }

    /// <summary>Parses the Ethernet header and its tags only.</summary>
    public static HeaderFault ParseEthernet(ReadOnlySpan<byte> prefix, out FrameHeader header)
    {
        header = default;
        header.Prefix = prefix;
        header.Protocol = -1;
        if (prefix.Length < Ethernet.HeaderBytes)
        {
            return HeaderFault.Runt;
        }

        header.Destination = BinaryPrimitives.ReadUInt64LittleEndian(prefix) & Ethernet.AddressMask;
        header.Source = BinaryPrimitives.ReadUInt64LittleEndian(prefix[Ethernet.AddressBytes..]) & Ethernet.AddressMask;
        header.EtherType = BinaryPrimitives.ReadUInt16BigEndian(prefix[Ethernet.TypeOffset..]);
        header.L3Offset = Ethernet.HeaderBytes;
        return header.EtherType is Ethernet.TypeVlan or Ethernet.TypeServiceVlan ? header.ParseTags() : HeaderFault.None;
    }

    /// <summary>Goes on with IP and the transport header, after <see cref="ParseEthernet"/> found no fault.</summary>
    public void ParseNetwork()
    {
        if (EtherType == Ethernet.TypeIpV4)
        {
            ParseIpV4();
        }
        else if (EtherType == Ethernet.TypeIpV6)
        {
            ParseIpV6();
        }
    }

    private HeaderFault ParseTags()
    {
        IsServiceTag = EtherType == Ethernet.TypeServiceVlan;
        while (EtherType is Ethernet.TypeVlan or Ethernet.TypeServiceVlan)
        {
            if (TagCount == MaxTags)
            {
                return HeaderFault.TooManyTags;
            }

            if (L3Offset + Ethernet.TagBytes > Prefix.Length)
            {
                return HeaderFault.Runt;
            }

            int tci = BinaryPrimitives.ReadUInt16BigEndian(Prefix[L3Offset..]);
            Tci = TagCount == 0 ? tci : Tci;
            TagCount++;
            EtherType = BinaryPrimitives.ReadUInt16BigEndian(Prefix[(L3Offset + 2)..]);
            L3Offset += Ethernet.TagBytes;
        }

        return HeaderFault.None;
    }

    private void ParseIpV4()
    {
        ReadOnlySpan<byte> ip = Prefix[L3Offset..];
        if (ip.Length < IpV4.MinHeaderBytes || ip[0] >> 4 != 4)
        {
            return;
        }

        int bytes = (ip[0] & 0xF) * 4;
        int fragment = BinaryPrimitives.ReadUInt16BigEndian(ip[IpV4.FragmentOffset..]);
        if (bytes < IpV4.MinHeaderBytes || bytes > ip.Length)
        {
            return;
        }

        IpVersion = 4;
        Protocol = ip[IpV4.ProtocolOffset];
        IsFragment = (fragment & (IpV4.MoreFragments | IpV4.FragmentMask)) != 0;
        L4Offset = (fragment & IpV4.FragmentMask) == 0 ? L3Offset + bytes : 0;
    }

    private void ParseIpV6()
    {
        ReadOnlySpan<byte> ip = Prefix[L3Offset..];
        if (ip.Length < IpV6.HeaderBytes || ip[0] >> 4 != 6)
        {
            return;
        }

        IpVersion = 6;
        int next = ip[IpV6.NextHeaderOffset];
        int offset = IpV6.HeaderBytes;
        for (int count = 0; IpV6.IsExtension(next); count++)
        {
            // Every extension header has at least 8 bytes (RFC 8200, 4.2).
            if (count == MaxExtensionHeaders || offset + 8 > ip.Length)
            {
                return;
            }

            HasExtensionHeaders = true;
            if (next == IpV6.ExtensionFragment)
            {
                // An atomic fragment, offset 0 and nothing to follow, is none (RFC 6946).
                int fragment = BinaryPrimitives.ReadUInt16BigEndian(ip[(offset + 2)..]);
                IsFragment |= (fragment & (IpV6.MoreFragments | IpV6.FragmentMask)) != 0;
                if ((fragment & IpV6.FragmentMask) != 0)
                {
                    Protocol = ip[offset];
                    return;
                }
            }

            int bytes = IpV6.ExtensionBytes(next, ip[offset + 1]);
            next = ip[offset];
            offset += bytes;
        }

        Protocol = next;
        L4Offset = offset <= ip.Length ? L3Offset + offset : 0;
    }
}
