// The VIRTIO network device: features, configuration, the header before each frame, and hashes. VirtioNetControl has its commands.
namespace SmartNicFw.Hal.Spec
{
    /// <summary>Numbers of the network device's feature bits. Source: VIRTIO 1.4, 5.1.3.</summary>
    public static class VirtioNetFeature
    {
        public const int Csum = 0;
        public const int GuestCsum = 1;
        public const int CtrlGuestOffloads = 2;
        public const int Mtu = 3;
        public const int Mac = 5;
        public const int GuestTso4 = 7;
        public const int GuestTso6 = 8;
        public const int GuestEcn = 9;
        public const int HostTso4 = 11;
        public const int HostTso6 = 12;
        public const int HostEcn = 13;
        public const int MrgRxbuf = 15;
        public const int Status = 16;
        public const int CtrlVq = 17;
        public const int CtrlRx = 18;
        public const int CtrlVlan = 19;
        public const int CtrlRxExtra = 20;
        public const int Mq = 22;
        public const int CtrlMacAddr = 23;
        public const int DeviceStats = 50;
        public const int VqNotfCoal = 52;
        public const int NotfCoal = 53;
        public const int GuestUso4 = 54;
        public const int GuestUso6 = 55;
        public const int HostUso = 56;
        public const int HashReport = 57;
        public const int Rss = 60;
        public const int SpeedDuplex = 63;
    }

    /// <summary>virtio_net_config. Source: VIRTIO 1.4, 5.1.4.</summary>
    public static class VirtioNetConfig
    {
        /// <summary>Size in bytes.</summary>
        public const int Bytes = 0x1C;

        public const int MacOffset = 0x00;
        public const int StatusOffset = 0x06;
        public const int MaxVirtqueuePairsOffset = 0x08;
        public const int MtuOffset = 0x0A;
        public const int SpeedOffset = 0x0C;
        public const int DuplexOffset = 0x10;
        public const int RssMaxKeySizeOffset = 0x11;
        public const int RssMaxIndirectionTableLengthOffset = 0x12;
        public const int SupportedHashTypesOffset = 0x14;
        public const int SupportedTunnelTypesOffset = 0x18;

        /// <summary>VIRTIO_NET_S_LINK_UP in status.</summary>
        public const int LinkUp = 1;

        /// <summary>duplex: full (5.1.4).</summary>
        public const int FullDuplex = 1;
    }

    /// <summary>virtio_net_hdr, before every frame. Source: VIRTIO 1.4, 5.1.6.</summary>
    public static class VirtioNetHeader
    {
        /// <summary>Size in bytes without hash fields.</summary>
        public const int Bytes = 12;

        /// <summary>Size in bytes with VIRTIO_NET_F_HASH_REPORT.</summary>
        public const int HashBytes = 20;

        public const int FlagsOffset = 0x00;
        public const int GsoTypeOffset = 0x01;
        public const int HdrLenOffset = 0x02;
        public const int GsoSizeOffset = 0x04;
        public const int CsumStartOffset = 0x06;
        public const int CsumOffsetOffset = 0x08;
        public const int NumBuffersOffset = 0x0A;
        public const int HashValueOffset = 0x0C;
        public const int HashReportOffset = 0x10;
        public const int PaddingOffset = 0x12;

        /// <summary>flags.</summary>
        public const int NeedsCsum = 1;
        public const int DataValid = 2;

        /// <summary>gso_type.</summary>
        public const int GsoNone = 0;
        public const int GsoTcpV4 = 1;
        public const int GsoTcpV6 = 4;
        public const int GsoUdpL4 = 5;
        public const int GsoEcn = 0x80;
    }

    /// <summary>Hash types and reports. Source: VIRTIO 1.4, 5.1.6.4.3.</summary>
    public static class VirtioNetHash
    {
        public const uint TypeIpV4 = 0x0001;
        public const uint TypeTcpV4 = 0x0002;
        public const uint TypeUdpV4 = 0x0004;
        public const uint TypeIpV6 = 0x0008;
        public const uint TypeTcpV6 = 0x0010;
        public const uint TypeUdpV6 = 0x0020;

        public const int ReportNone = 0;
        public const int ReportIpV4 = 1;
        public const int ReportTcpV4 = 2;
        public const int ReportUdpV4 = 3;
        public const int ReportIpV6 = 4;
        public const int ReportTcpV6 = 5;
        public const int ReportUdpV6 = 6;

        /// <summary>Bytes of a Toeplitz key (5.1.4: rss_max_key_size is at least 40).</summary>
        public const int KeyBytes = 40;

        /// <summary>Entries of an indirection table (5.1.4: at least 128).</summary>
        public const int IndirectionEntries = 128;
    }
}
