// Offsets and flags of IPv4, IPv6, TCP and UDP headers, as their documents number them. Knows no frame.
namespace SmartNicFw.Emulator.Net;

/// <summary>IPv4 header. Source: RFC 791, 3.1.</summary>
public static class IpV4
{
    /// <summary>Bytes of a header without options.</summary>
    public const int MinHeaderBytes = 20;

    public const int TotalLengthOffset = 2;
    public const int IdentificationOffset = 4;
    public const int FragmentOffset = 6;
    public const int ProtocolOffset = 9;
    public const int ChecksumOffset = 10;
    public const int SourceOffset = 12;

    /// <summary>Bytes of an address; the destination follows the source.</summary>
    public const int AddressBytes = 4;

    public const int MoreFragments = 0x2000;
    public const int FragmentMask = 0x1FFF;
}

/// <summary>IPv6 header and its extensions. Source: RFC 8200, 3 and 4.</summary>
public static class IpV6
{
    /// <summary>Bytes of the header without extensions.</summary>
    public const int HeaderBytes = 40;

    public const int PayloadLengthOffset = 4;
    public const int NextHeaderOffset = 6;
    public const int SourceOffset = 8;

    /// <summary>Bytes of an address; the destination follows the source.</summary>
    public const int AddressBytes = 16;

    public const int MoreFragments = 0x0001;
    public const int FragmentMask = 0xFFF8;

    public const int ExtensionFragment = 44;
    private const int ExtensionAuthentication = 51;

    /// <summary>Whether a next-header value names an extension header that can be skipped. Source: IANA, IPv6 extension headers.</summary>
    public static bool IsExtension(int nextHeader) =>
        nextHeader is 0 or 43 or ExtensionFragment or ExtensionAuthentication or 60 or 135 or 139 or 140;

    /// <summary>Bytes of an extension header.</summary>
    /// <param name="kind">Its next-header value.</param>
    /// <param name="length">Its second byte.</param>
    /// <returns>8 to 2048.</returns>
    public static int ExtensionBytes(int kind, int length) => kind switch
    {
        ExtensionFragment => 8,
        ExtensionAuthentication => System.Math.Max(8, (length + 2) * 4),
        _ => (length + 1) * 8,
    };
}

/// <summary>TCP header. Source: RFC 9293, 3.1.</summary>
public static class Tcp
{
    /// <summary>Bytes of a header without options.</summary>
    public const int MinHeaderBytes = 20;

    public const int SequenceOffset = 4;
    public const int DataOffsetOffset = 12;
    public const int FlagsOffset = 13;
    public const int ChecksumOffset = 16;

    public const int FlagFin = 0x01;
    public const int FlagPsh = 0x08;

    /// <summary>Congestion window reduced. Source: RFC 3168, 6.1.</summary>
    public const int FlagCwr = 0x80;
}

/// <summary>UDP header. Source: RFC 768.</summary>
public static class Udp
{
    public const int HeaderBytes = 8;
    public const int LengthOffset = 4;
    public const int ChecksumOffset = 6;
}
