// Latency Tolerance Reporting: the largest latencies that platform software lets the device ask for.
namespace SmartNicFw.Hal.Spec
{
    /// <summary>LTR extended capability; in function 0 only. Source: PCI Express Base Specification 5.0, 7.8.2.</summary>
    public static class LtrCapability
    {
        /// <summary>Size in bytes.</summary>
        public const int Bytes = 8;

        /// <summary>Structure version (7.8.2.1).</summary>
        public const int Version = 1;

        /// <summary>Extended capability header, 32 bits (7.8.2.1).</summary>
        public const int HeaderOffset = 0x00;

        /// <summary>Max Snoop Latency, 16 bits (7.8.2.2).</summary>
        public const int MaxSnoopOffset = 0x04;

        public const int MaxSnoopLatencyValueMask = 0x03FF;
        public const int MaxSnoopLatencyScaleMask = 0x1C00;

        /// <summary>Max No-Snoop Latency, 16 bits (7.8.2.3).</summary>
        public const int MaxNoSnoopOffset = 0x06;

        public const int MaxNoSnoopLatencyValueMask = 0x03FF;
        public const int MaxNoSnoopLatencyScaleMask = 0x1C00;
    }
}
