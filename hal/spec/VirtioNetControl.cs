// Commands of the network device's control queue.
namespace SmartNicFw.Hal.Spec
{
    /// <summary>virtio_net_ctrl: class, command, data, ack, result. Source: VIRTIO 1.4, 5.1.6.5.</summary>
    public static class VirtioNetControl
    {
        public const int ClassOffset = 0x00;
        public const int CommandOffset = 0x01;
        public const int DataOffset = 0x02;

        /// <summary>ack.</summary>
        public const int Ok = 0;
        public const int Error = 1;

        /// <summary>Receive filtering (5.1.6.5.1): each command has one byte, on or off.</summary>
        public const int ClassRx = 0;
        public const int RxPromiscuous = 0;
        public const int RxAllMulticast = 1;
        public const int RxAllUnicast = 2;
        public const int RxNoMulticast = 3;
        public const int RxNoUnicast = 4;
        public const int RxNoBroadcast = 5;

        /// <summary>MAC addresses (5.1.6.5.2).</summary>
        public const int ClassMac = 1;
        public const int MacTableSet = 0;
        public const int MacAddressSet = 1;

        /// <summary>VLAN filtering (5.1.6.5.3).</summary>
        public const int ClassVlan = 2;
        public const int VlanAdd = 0;
        public const int VlanDelete = 1;

        /// <summary>Multiqueue, RSS and hash (5.1.6.5.5 to 5.1.6.5.7).</summary>
        public const int ClassMq = 4;
        public const int MqPairsSet = 0;
        public const int MqRssConfig = 1;
        public const int MqHashConfig = 2;

        /// <summary>Notification coalescing (5.1.6.5.9).</summary>
        public const int ClassNotfCoal = 6;
        public const int NotfCoalTxSet = 0;
        public const int NotfCoalRxSet = 1;
        public const int NotfCoalVqSet = 2;
        public const int NotfCoalVqGet = 3;

        /// <summary>Device statistics (5.1.6.5.10).</summary>
        public const int ClassStats = 8;
        public const int StatsQuery = 0;
        public const int StatsGet = 1;
    }

    /// <summary>virtio_net_ctrl_coal: data of TX_SET and RX_SET, result of VQ_GET. Source: VIRTIO 1.4, 5.1.6.5.9.</summary>
    public static class VirtioNetCtrlCoal
    {
        /// <summary>Size in bytes.</summary>
        public const int Bytes = 0x08;

        public const int MaxPacketsOffset = 0x00;
        public const int MaxUsecsOffset = 0x04;
    }

    /// <summary>
    /// virtio_net_ctrl_coal_vq: data of VQ_SET; of VQ_GET what stands before coal. Source: VIRTIO 1.4, 5.1.6.5.9.
    /// </summary>
    public static class VirtioNetCtrlCoalVq
    {
        /// <summary>Size in bytes.</summary>
        public const int Bytes = 0x0C;

        public const int VqIndexOffset = 0x00;
        public const int ReservedOffset = 0x02;

        /// <summary>coal: <see cref="VirtioNetCtrlCoal"/>.</summary>
        public const int CoalOffset = 0x04;
    }
}
