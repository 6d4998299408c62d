// How capabilities are chained in configuration space, and their IDs. Each capability's own registers have a file of their own.
namespace SmartNicFw.Hal.Spec
{
    /// <summary>
    /// Header of a PCI-compatible capability, and the capability IDs in use.
    /// Source: PCI Express Base Specification 5.0, 7.5.2 to 7.7; PCI Code and ID Assignment Specification 1.11, 2.
    /// </summary>
    public static class PciCapability
    {
        /// <summary>Size of the header in bytes.</summary>
        public const int HeaderBytes = 2;

        /// <summary>Capability ID, 8 bits.</summary>
        public const int IdOffset = 0x00;

        /// <summary>Offset of the next capability, 8 bits; 0 ends the chain. Bits 1:0 are reserved.</summary>
        public const int NextOffset = 0x01;

        /// <summary>First offset after the header that a capability may use.</summary>
        public const int FirstOffset = 0x40;

        /// <summary>End of the PCI-compatible region of configuration space, in bytes.</summary>
        public const int RegionEnd = 0x100;

        public const int IdPowerManagement = 0x01;
        public const int IdMsi = 0x05;
        public const int IdVendorSpecific = 0x09;
        public const int IdPciExpress = 0x10;
        public const int IdMsix = 0x11;
    }

    /// <summary>
    /// Header of an extended capability, and the extended capability IDs in use.
    /// Source: PCI Express Base Specification 5.0, 7.6.3; PCI Code and ID Assignment Specification 1.11, 3.
    /// </summary>
    public static class PciExtendedCapability
    {
        /// <summary>Size of the header in bytes.</summary>
        public const int HeaderBytes = 4;

        /// <summary>Bits 15:0 of the header: extended capability ID.</summary>
        public const uint HeaderIdMask = 0x0000FFFF;

        /// <summary>Bits 19:16 of the header: version of the structure.</summary>
        public const uint HeaderVersionMask = 0x000F0000;

        public const int HeaderVersionShift = 16;

        /// <summary>Bits 31:20 of the header: offset of the next extended capability; 0 ends the chain.</summary>
        public const uint HeaderNextMask = 0xFFF00000;

        public const int HeaderNextShift = 20;

        /// <summary>Offset of the first extended capability.</summary>
        public const int FirstOffset = 0x100;

        /// <summary>Size of a function's configuration space in bytes (7.2.1).</summary>
        public const int RegionEnd = 0x1000;

        public const int IdAer = 0x0001;
        public const int IdDeviceSerialNumber = 0x0003;
        public const int IdAcs = 0x000D;
        public const int IdAri = 0x000E;
        public const int IdSriov = 0x0010;
        public const int IdTphRequester = 0x0017;
        public const int IdLtr = 0x0018;
        public const int IdSecondaryPciExpress = 0x0019;
    }
}
