// The serial number that all functions of one device share.
namespace SmartNicFw.Hal.Spec
{
    /// <summary>Device Serial Number extended capability. Source: PCI Express Base Specification 5.0, 7.9.3.</summary>
    public static class DeviceSerialNumberCapability
    {
        /// <summary>Size in bytes.</summary>
        public const int Bytes = 12;

        /// <summary>Structure version (7.9.3.1).</summary>
        public const int Version = 1;

        /// <summary>Extended capability header, 32 bits (7.9.3.1).</summary>
        public const int HeaderOffset = 0x00;

        /// <summary>EUI-64, lower 32 bits (7.9.3.2).</summary>
        public const int LowerOffset = 0x04;

        /// <summary>EUI-64, upper 32 bits (7.9.3.2).</summary>
        public const int UpperOffset = 0x08;
    }
}
