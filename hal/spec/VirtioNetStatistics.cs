// Device statistics of the network device: types, what a driver asks, and what it is answered.
namespace SmartNicFw.Hal.Spec
{
    /// <summary>Numbers of the types: bit n of types_bitmap, and type of a reply. Source: VIRTIO 1.4, 5.1.6.5.10.</summary>
    public static class VirtioNetStatisticsType
    {
        public const int RxBasic = 0;
        public const int RxCsum = 1;
        public const int RxGso = 2;
        public const int RxSpeed = 3;
        public const int TxBasic = 16;
        public const int TxCsum = 17;
        public const int TxGso = 18;
        public const int TxSpeed = 19;
        public const int Cvq = 32;
    }

    /// <summary>One entry of virtio_net_ctrl_queue_stats. Source: VIRTIO 1.4, 5.1.6.5.10.2.</summary>
    public static class VirtioNetQueueStats
    {
        /// <summary>Size in bytes.</summary>
        public const int Bytes = 16;

        public const int VqIndexOffset = 0x00;
        public const int ReservedOffset = 0x02;
        public const int TypesBitmapOffset = 0x08;
    }

    /// <summary>virtio_net_stats_reply_hdr, with which every reply begins. Source: VIRTIO 1.4, 5.1.6.5.10.2.</summary>
    public static class VirtioNetStatsReply
    {
        /// <summary>Size in bytes.</summary>
        public const int Bytes = 8;

        public const int TypeOffset = 0x00;
        public const int ReservedOffset = 0x01;
        public const int VqIndexOffset = 0x02;
        public const int Reserved1Offset = 0x04;

        /// <summary>size: that of the whole reply in bytes, this header included.</summary>
        public const int SizeOffset = 0x06;
    }

    /// <summary>virtio_net_stats_cvq behind its header. Source: VIRTIO 1.4, 5.1.6.5.10.3.</summary>
    public static class VirtioNetStatsCvq
    {
        /// <summary>Size in bytes, the header included.</summary>
        public const int Bytes = 0x18;

        public const int CommandNumOffset = 0x08;
        public const int OkNumOffset = 0x10;
    }

    /// <summary>virtio_net_stats_rx_basic behind its header. Source: VIRTIO 1.4, 5.1.6.5.10.4.</summary>
    public static class VirtioNetStatsRxBasic
    {
        /// <summary>Size in bytes, the header included.</summary>
        public const int Bytes = 0x38;

        public const int RxNotificationsOffset = 0x08;
        public const int RxPacketsOffset = 0x10;
        public const int RxBytesOffset = 0x18;
        public const int RxInterruptsOffset = 0x20;
        public const int RxDropsOffset = 0x28;
        public const int RxDropOverrunsOffset = 0x30;
    }

    /// <summary>virtio_net_stats_tx_basic behind its header. Source: VIRTIO 1.4, 5.1.6.5.10.5.</summary>
    public static class VirtioNetStatsTxBasic
    {
        /// <summary>Size in bytes, the header included.</summary>
        public const int Bytes = 0x38;

        public const int TxNotificationsOffset = 0x08;
        public const int TxPacketsOffset = 0x10;
        public const int TxBytesOffset = 0x18;
        public const int TxInterruptsOffset = 0x20;
        public const int TxDropsOffset = 0x28;
        public const int TxDropMalformedOffset = 0x30;
    }
}
