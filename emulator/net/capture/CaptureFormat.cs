// Numbers of the two capture formats. Sources: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng.
namespace SmartNicFw.Emulator.Net.Capture;

/// <summary>pcap. Source: draft-ietf-opsawg-pcap-05, 4 and 5.</summary>
internal static class PcapFormat
{
    public const uint MagicMicroseconds = 0xA1B2C3D4;
    public const uint MagicNanoseconds = 0xA1B23C4D;

    /// <summary>Bytes of the file header, its magic number included.</summary>
    public const int FileHeaderBytes = 24;
    public const int MajorVersionOffset = 4;
    public const int MajorVersion = 2;
    public const int MinorVersion = 4;
    public const int SnapLenOffset = 16;
    public const int LinkTypeOffset = 20;

    /// <summary>Above it are flags and the length of a frame check sequence.</summary>
    public const int LinkTypeMask = 0xFFFF;

    public const int RecordHeaderBytes = 16;
    public const int FractionOffset = 4;
    public const int CapturedOffset = 8;
    public const int OriginalOffset = 12;
}

/// <summary>pcapng. Source: draft-ietf-opsawg-pcapng-03, 3 and 4.</summary>
internal static class PcapngFormat
{
    /// <summary>Reads the same in both byte orders.</summary>
    public const uint SectionHeader = 0x0A0D0D0A;
    public const uint InterfaceDescription = 1;
    public const uint SimplePacket = 3;
    public const uint InterfaceStatistics = 5;
    public const uint EnhancedPacket = 6;

    public const uint ByteOrderMagic = 0x1A2B3C4D;

    /// <summary>Type and length, before a block's body.</summary>
    public const int BlockHeaderBytes = 8;

    /// <summary>The length again, behind a block's body.</summary>
    public const int BlockTrailerBytes = 4;

    /// <summary>Bytes of bodies without options and data.</summary>
    public const int SectionBodyBytes = 16;
    public const int InterfaceBodyBytes = 8;
    public const int EnhancedBodyBytes = 20;
    public const int SimpleBodyBytes = 4;
    public const int StatisticsBodyBytes = 12;

    /// <summary>Code and length, before a value that is padded to a multiple of 4 bytes.</summary>
    public const int OptionHeaderBytes = 4;

    /// <summary>Of every block.</summary>
    public const int OptionComment = 1;

    /// <summary>Of a section header.</summary>
    public const int OptionApplication = 4;

    /// <summary>Of an interface description.</summary>
    public const int OptionInterfaceName = 2;
    public const int OptionInterfaceDescription = 3;
    public const int OptionTimestampResolution = 9;

    /// <summary>Of an enhanced packet.</summary>
    public const int OptionFlags = 2;

    /// <summary>Of an enhanced packet, 64 bits: packets that were lost before it.</summary>
    public const int OptionDropCount = 4;

    /// <summary>Of interface statistics, 64 bits each: packets that were written, and those that were lost for want of room.</summary>
    public const int OptionReceived = 4;
    public const int OptionDropped = 5;

    /// <summary>if_tsresol without the option: 10^-6 s.</summary>
    public const int DefaultResolution = 6;

    /// <summary>if_tsresol that we write: 10^-9 s.</summary>
    public const int NanosecondResolution = 9;
}

/// <summary>What both formats share.</summary>
internal static class CaptureLimits
{
    /// <summary>LINKTYPE_ETHERNET.</summary>
    public const int LinkTypeEthernet = 1;

    /// <summary>LINKTYPE_USER0: the first of those that mean what their users agree on.</summary>
    public const int LinkTypeUser0 = 147;

    /// <summary>Longest frame that is read or announced, bytes; what tcpdump calls its maximum too.</summary>
    public const int MaxFrameBytes = 262144;

    /// <summary>Longest block that is read whole: a frame with options of 64 KB.</summary>
    public const int MaxBlockBytes = MaxFrameBytes + 65536;
}

/// <summary>Which way a packet went, as epb_flags has it (bits 1:0). Source: draft-ietf-opsawg-pcapng-03, 4.3.1.</summary>
internal enum PacketDirection
{
    /// <summary>Not said: the option is left out.</summary>
    None = 0,

    /// <summary>To the station that the interface stands for.</summary>
    Inbound = 1,

    /// <summary>From it.</summary>
    Outbound = 2,
}
