// What every VIRTIO device has: status, feature bits, and the common configuration structure of the PCI transport.
namespace SmartNicFw.Hal.Spec
{
    /// <summary>Device status bits. Source: VIRTIO 1.4, 2.1.</summary>
    public static class VirtioDeviceStatus
    {
        public const int Acknowledge = 0x01;
        public const int Driver = 0x02;
        public const int DriverOk = 0x04;
        public const int FeaturesOk = 0x08;
        public const int DeviceNeedsReset = 0x40;
        public const int Failed = 0x80;
    }

    /// <summary>Numbers of the feature bits that belong to no device type. Source: VIRTIO 1.4, 6.</summary>
    public static class VirtioFeature
    {
        public const int IndirectDesc = 28;
        public const int EventIdx = 29;
        public const int Version1 = 32;
        public const int AccessPlatform = 33;
        public const int RingPacked = 34;
        public const int InOrder = 35;
        public const int OrderPlatform = 36;
        public const int Sriov = 37;
        public const int NotificationData = 38;
        public const int NotifConfigData = 39;
        public const int RingReset = 40;
        public const int AdminVq = 41;
    }

    /// <summary>virtio_pci_common_cfg. Source: VIRTIO 1.4, 4.1.4.3.</summary>
    public static class VirtioCommonConfig
    {
        /// <summary>Size in bytes.</summary>
        public const int Bytes = 0x40;

        public const int DeviceFeatureSelectOffset = 0x00;
        public const int DeviceFeatureOffset = 0x04;
        public const int DriverFeatureSelectOffset = 0x08;
        public const int DriverFeatureOffset = 0x0C;
        public const int ConfigMsixVectorOffset = 0x10;
        public const int NumQueuesOffset = 0x12;
        public const int DeviceStatusOffset = 0x14;
        public const int ConfigGenerationOffset = 0x15;
        public const int QueueSelectOffset = 0x16;
        public const int QueueSizeOffset = 0x18;
        public const int QueueMsixVectorOffset = 0x1A;
        public const int QueueEnableOffset = 0x1C;
        public const int QueueNotifyOffOffset = 0x1E;
        public const int QueueDescOffset = 0x20;
        public const int QueueDriverOffset = 0x28;
        public const int QueueDeviceOffset = 0x30;
        public const int QueueNotifConfigDataOffset = 0x38;
        public const int QueueResetOffset = 0x3A;
        public const int AdminQueueIndexOffset = 0x3C;
        public const int AdminQueueNumOffset = 0x3E;

        /// <summary>VIRTIO_MSI_NO_VECTOR (4.1.5.1.2).</summary>
        public const int NoVector = 0xFFFF;
    }

    /// <summary>ISR status bits; reading clears them. Source: VIRTIO 1.4, 4.1.4.5.</summary>
    public static class VirtioIsr
    {
        public const int Queue = 0x01;
        public const int Configuration = 0x02;
    }
}
