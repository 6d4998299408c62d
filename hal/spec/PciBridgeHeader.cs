// What a type 1 header (bridge, root port) has where a type 0 header has its BARs and subsystem IDs.
namespace SmartNicFw.Hal.Spec
{
    /// <summary>Type 1 configuration space header, from offset 10h. Source: PCI Express Base Specification 5.0, 7.5.1.3.</summary>
    public static class PciBridgeHeader
    {
        /// <summary>First of two 32-bit base address registers (7.5.1.3.1).</summary>
        public const int Bar0Offset = 0x10;

        /// <summary>Second base address register (7.5.1.3.1).</summary>
        public const int Bar1Offset = 0x14;

        /// <summary>Bus number of the bridge's own side, 8 bits (7.5.1.3.2).</summary>
        public const int PrimaryBusOffset = 0x18;

        /// <summary>Bus number right behind the bridge, 8 bits (7.5.1.3.3).</summary>
        public const int SecondaryBusOffset = 0x19;

        /// <summary>Highest bus number behind the bridge, 8 bits (7.5.1.3.4).</summary>
        public const int SubordinateBusOffset = 0x1A;

        /// <summary>Secondary latency timer, 8 bits: zero in PCI Express (7.5.1.3.5).</summary>
        public const int SecondaryLatencyTimerOffset = 0x1B;

        /// <summary>I/O base, bits 15:12 of the address in bits 7:4 (7.5.1.3.6).</summary>
        public const int IoBaseOffset = 0x1C;

        /// <summary>I/O limit (7.5.1.3.6).</summary>
        public const int IoLimitOffset = 0x1D;

        /// <summary>Secondary status, 16 bits (7.5.1.3.7).</summary>
        public const int SecondaryStatusOffset = 0x1E;

        /// <summary>Memory base, 16 bits: bits 31:20 of the address in bits 15:4 (7.5.1.3.8).</summary>
        public const int MemoryBaseOffset = 0x20;

        /// <summary>Memory limit, 16 bits, inclusive (7.5.1.3.8).</summary>
        public const int MemoryLimitOffset = 0x22;

        /// <summary>Prefetchable memory base, 16 bits (7.5.1.3.9).</summary>
        public const int PrefetchableBaseOffset = 0x24;

        /// <summary>Prefetchable memory limit, 16 bits, inclusive (7.5.1.3.9).</summary>
        public const int PrefetchableLimitOffset = 0x26;

        /// <summary>Upper 32 bits of the prefetchable base (7.5.1.3.10).</summary>
        public const int PrefetchableBaseUpperOffset = 0x28;

        /// <summary>Upper 32 bits of the prefetchable limit (7.5.1.3.10).</summary>
        public const int PrefetchableLimitUpperOffset = 0x2C;

        /// <summary>Upper 16 bits of the I/O base (7.5.1.3.11).</summary>
        public const int IoBaseUpperOffset = 0x30;

        /// <summary>Upper 16 bits of the I/O limit (7.5.1.3.11).</summary>
        public const int IoLimitUpperOffset = 0x32;

        /// <summary>Offset of the first capability, 8 bits (7.5.1.1.11).</summary>
        public const int CapabilitiesPointerOffset = 0x34;

        /// <summary>Expansion ROM base address, 32 bits (7.5.1.3.12).</summary>
        public const int ExpansionRomBaseOffset = 0x38;

        /// <summary>Interrupt line, 8 bits (7.5.1.1.12).</summary>
        public const int InterruptLineOffset = 0x3C;

        /// <summary>Interrupt pin, 8 bits (7.5.1.1.13).</summary>
        public const int InterruptPinOffset = 0x3D;

        /// <summary>Bridge control, 16 bits (7.5.1.3.13).</summary>
        public const int BridgeControlOffset = 0x3E;

        public const int BridgeControlParityErrorResponseMask = 0x0001;
        public const int BridgeControlSerrEnableMask = 0x0002;
        public const int BridgeControlSecondaryBusResetMask = 0x0040;

        /// <summary>Address bits 31:20 of the memory and prefetchable windows sit in bits 15:4 (7.5.1.3.8).</summary>
        public const int WindowAddressMask = 0xFFF0;

        /// <summary>Bits 3:0 of the prefetchable base and limit, value 1: the window has 64-bit addresses (7.5.1.3.9).</summary>
        public const int PrefetchableWindow64 = 0x1;

        /// <summary>Granularity and alignment of the memory and prefetchable windows: 1 MB (7.5.1.3.8).</summary>
        public const uint WindowGranularityBytes = 0x100000;
    }
}
