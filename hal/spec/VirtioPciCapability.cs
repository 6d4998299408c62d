// The vendor-specific capabilities by which a VIRTIO driver finds the device's registers in its BARs.
namespace SmartNicFw.Hal.Spec
{
    /// <summary>PCI identity of VIRTIO devices. Source: VIRTIO 1.4, 4.1.2.</summary>
    public static class VirtioPciId
    {
        /// <summary>Vendor ID (4.1.2).</summary>
        public const int Vendor = 0x1AF4;

        /// <summary>Device ID of a non-transitional device is this plus the VIRTIO device ID (4.1.2).</summary>
        public const int DeviceBase = 0x1040;

        /// <summary>VIRTIO device ID of a network device (5.1.1).</summary>
        public const int NetworkDevice = 1;

        /// <summary>Lowest Revision ID of a non-transitional device (4.1.2.1).</summary>
        public const int MinRevision = 1;

        /// <summary>Lowest Subsystem ID that keeps legacy drivers away from a non-transitional device (4.1.2.1).</summary>
        public const int MinSubsystem = 0x40;
    }

    /// <summary>virtio_pci_cap, and its two longer forms. Source: VIRTIO 1.4, 4.1.4.</summary>
    public static class VirtioPciCapability
    {
        /// <summary>Size in bytes of the plain structure.</summary>
        public const int Bytes = 16;

        /// <summary>cap_vndr and cap_next, 16 bits.</summary>
        public const int HeaderOffset = 0x00;

        /// <summary>cap_len, 8 bits: size of the whole structure in bytes.</summary>
        public const int LengthOfCapOffset = 0x02;

        /// <summary>cfg_type, 8 bits.</summary>
        public const int CfgTypeOffset = 0x03;

        /// <summary>bar, 8 bits: 0 to 5.</summary>
        public const int BarOffset = 0x04;

        /// <summary>id, 8 bits: tells several structures of one type apart.</summary>
        public const int IdOffset = 0x05;

        /// <summary>padding, 16 bits.</summary>
        public const int PaddingOffset = 0x06;

        /// <summary>offset, 32 bits: place of the structure within the BAR.</summary>
        public const int OffsetOffset = 0x08;

        /// <summary>length, 32 bits: size of the structure in bytes.</summary>
        public const int LengthOffset = 0x0C;

        /// <summary>notify_off_multiplier of the notification capability, 32 bits (4.1.4.4).</summary>
        public const int NotifyMultiplierOffset = 0x10;

        /// <summary>Size in bytes of the notification capability (4.1.4.4).</summary>
        public const int NotifyBytes = 20;

        /// <summary>pci_cfg_data of the configuration access capability, 4 bytes (4.1.4.9).</summary>
        public const int PciCfgDataOffset = 0x10;

        /// <summary>Size in bytes of the configuration access capability (4.1.4.9).</summary>
        public const int PciCfgBytes = 20;

        public const int CfgTypeCommon = 1;
        public const int CfgTypeNotify = 2;
        public const int CfgTypeIsr = 3;
        public const int CfgTypeDevice = 4;
        public const int CfgTypePciCfg = 5;
    }
}
