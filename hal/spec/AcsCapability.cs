// Access Control Services: what keeps the functions of one device from reaching each other behind the host's back.
namespace SmartNicFw.Hal.Spec
{
    /// <summary>ACS extended capability without an egress control vector. Source: PCI Express Base Specification 5.0, 7.7.8.</summary>
    public static class AcsCapability
    {
        /// <summary>Size in bytes without an egress control vector.</summary>
        public const int Bytes = 8;

        /// <summary>Structure version (7.7.8.1).</summary>
        public const int Version = 1;

        /// <summary>Extended capability header, 32 bits (7.7.8.1).</summary>
        public const int HeaderOffset = 0x00;

        /// <summary>
        /// ACS Capability, 16 bits (7.7.8.2). In a multi-function device each bit that is clear says that the device
        /// has no peer-to-peer path for the service to control (6.12.1.2).
        /// </summary>
        public const int CapabilityOffset = 0x04;

        /// <summary>ACS Control, 16 bits (7.7.8.3).</summary>
        public const int ControlOffset = 0x06;
    }
}
