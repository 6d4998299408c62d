// Alternative Routing-ID Interpretation: more than eight functions on one device.
namespace SmartNicFw.Hal.Spec
{
    /// <summary>ARI extended capability. Source: PCI Express Base Specification 5.0, 7.8.7.</summary>
    public static class AriCapability
    {
        /// <summary>Size in bytes.</summary>
        public const int Bytes = 8;

        /// <summary>Structure version (7.8.7.1).</summary>
        public const int Version = 1;

        /// <summary>Extended capability header, 32 bits (7.8.7.1).</summary>
        public const int HeaderOffset = 0x00;

        /// <summary>ARI Capability, 16 bits (7.8.7.2).</summary>
        public const int CapabilityOffset = 0x04;

        public const int CapabilityMfvcFunctionGroupsMask = 0x0001;
        public const int CapabilityAcsFunctionGroupsMask = 0x0002;

        /// <summary>Next Function Number: 0 ends the chain; undefined in a VF, which SR-IOV locates instead (7.8.7.2, 9.3.7.7).</summary>
        public const int CapabilityNextFunctionMask = 0xFF00;

        public const int NextFunctionShift = 8;

        /// <summary>ARI Control, 16 bits (7.8.7.3).</summary>
        public const int ControlOffset = 0x06;

        public const int ControlMfvcFunctionGroupsMask = 0x0001;
        public const int ControlAcsFunctionGroupsMask = 0x0002;
        public const int ControlFunctionGroupMask = 0x0070;
    }
}
