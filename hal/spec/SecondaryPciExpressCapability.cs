// Secondary PCI Express: equalization at 8 GT/s and above, one control word a lane.
namespace SmartNicFw.Hal.Spec
{
    /// <summary>
    /// Secondary PCI Express extended capability: required of a port at 8 GT/s and above, in function 0 only.
    /// Source: PCI Express Base Specification 5.0, 7.7.3.
    /// </summary>
    public static class SecondaryPciExpressCapability
    {
        /// <summary>Size in bytes before the words of the lanes.</summary>
        public const int FixedBytes = 0x0C;

        /// <summary>Size of one lane's equalization control in bytes (7.7.3.4).</summary>
        public const int LaneBytes = 2;

        /// <summary>Structure version (7.7.3.1).</summary>
        public const int Version = 1;

        /// <summary>Extended capability header, 32 bits (7.7.3.1).</summary>
        public const int HeaderOffset = 0x00;

        /// <summary>Link Control 3, 32 bits: for downstream ports; zero in an endpoint (7.7.3.2).</summary>
        public const int LinkControl3Offset = 0x04;

        /// <summary>Lane Error Status, 32 bits, one RW1CS bit a lane (7.7.3.3).</summary>
        public const int LaneErrorStatusOffset = 0x08;

        /// <summary>Lane Equalization Control of lane 0, 16 bits; the other lanes follow (7.7.3.4).</summary>
        public const int LaneEqualizationOffset = 0x0C;
    }
}
