// SR-IOV: how software learns of, places, enables and maps the virtual functions of a physical one.
namespace SmartNicFw.Hal.Spec
{
    /// <summary>Single Root I/O Virtualization extended capability. Source: PCI Express Base Specification 5.0, 9.3.3.</summary>
    public static class SriovCapability
    {
        /// <summary>Size in bytes.</summary>
        public const int Bytes = 0x40;

        /// <summary>Structure version (9.3.3.1).</summary>
        public const int Version = 1;

        /// <summary>Extended capability header, 32 bits (9.3.3.1).</summary>
        public const int HeaderOffset = 0x00;

        /// <summary>SR-IOV Capabilities, 32 bits (9.3.3.2).</summary>
        public const int CapabilitiesOffset = 0x04;

        public const uint CapabilitiesVfMigrationMask = 0x00000001;
        public const uint CapabilitiesAriHierarchyPreservedMask = 0x00000002;
        public const uint CapabilitiesTenBitTagRequesterMask = 0x00000004;
        public const uint CapabilitiesVfMigrationInterruptMask = 0xFFE00000;

        /// <summary>SR-IOV Control, 16 bits (9.3.3.3).</summary>
        public const int ControlOffset = 0x08;

        /// <summary>VF Enable (9.3.3.3.1).</summary>
        public const int ControlVfEnableMask = 0x0001;

        /// <summary>VF Migration Enable (9.3.3.3.2).</summary>
        public const int ControlVfMigrationEnableMask = 0x0002;

        /// <summary>VF Migration Interrupt Enable (9.3.3.3.3).</summary>
        public const int ControlVfMigrationInterruptMask = 0x0004;

        /// <summary>VF MSE, Memory Space Enable of all VFs (9.3.3.3.4).</summary>
        public const int ControlVfMseMask = 0x0008;

        /// <summary>ARI Capable Hierarchy: in the lowest-numbered PF only (9.3.3.3.5).</summary>
        public const int ControlAriCapableHierarchyMask = 0x0010;

        /// <summary>VF 10-Bit Tag Requester Enable (9.3.3.3.6).</summary>
        public const int ControlTenBitTagRequesterMask = 0x0020;

        /// <summary>SR-IOV Status, 16 bits (9.3.3.4).</summary>
        public const int StatusOffset = 0x0A;

        public const int StatusVfMigrationMask = 0x0001;

        /// <summary>InitialVFs, 16 bits; equals TotalVFs without VF migration (9.3.3.5).</summary>
        public const int InitialVFsOffset = 0x0C;

        /// <summary>TotalVFs, 16 bits (9.3.3.6).</summary>
        public const int TotalVFsOffset = 0x0E;

        /// <summary>NumVFs, 16 bits (9.3.3.7).</summary>
        public const int NumVFsOffset = 0x10;

        /// <summary>Function Dependency Link, 8 bits (9.3.3.8).</summary>
        public const int FunctionDependencyLinkOffset = 0x12;

        /// <summary>First VF Offset, 16 bits: Routing ID of the first VF less that of its PF (9.3.3.9).</summary>
        public const int FirstVfOffsetOffset = 0x14;

        /// <summary>VF Stride, 16 bits: Routing ID distance from one VF to the next (9.3.3.10).</summary>
        public const int VfStrideOffset = 0x16;

        /// <summary>VF Device ID, 16 bits (9.3.3.11).</summary>
        public const int VfDeviceIdOffset = 0x1A;

        /// <summary>Supported Page Sizes, 32 bits: bit n for pages of 2^(n+12) bytes (9.3.3.12).</summary>
        public const int SupportedPageSizesOffset = 0x1C;

        /// <summary>System Page Size, 32 bits, one bit set (9.3.3.13).</summary>
        public const int SystemPageSizeOffset = 0x20;

        /// <summary>First of six 32-bit VF BARs; the size and place of VF n's range follow from it (9.3.3.14).</summary>
        public const int VfBar0Offset = 0x24;

        /// <summary>VF Migration State Array Offset, 32 bits; zero without VF migration (9.3.3.15).</summary>
        public const int VfMigrationStateArrayOffset = 0x3C;

        /// <summary>Bit 0 of the page size registers stands for 4 KB: 2^12 (9.3.3.12).</summary>
        public const int PageSizeShift = 12;

        /// <summary>Page sizes every device supports: 4 KB, 8 KB, 64 KB, 256 KB, 1 MB, 4 MB (9.3.3.12).</summary>
        public const uint RequiredPageSizes = 0x00000553;

        /// <summary>System Page Size after reset: 4 KB (9.3.3.13).</summary>
        public const uint SystemPageSizeReset = 0x00000001;

        /// <summary>Time software waits after it sets VF Enable before it accesses a VF: 100 ms (9.3.3.3.1).</summary>
        public const int VfEnableWaitUs = 100_000;

        /// <summary>Time software waits after it clears VF Enable before it may set it again: 1 s (9.3.3.3.1).</summary>
        public const int VfDisableWaitUs = 1_000_000;

        /// <summary>Vendor ID and Device ID of every VF's own header; software takes the PF's Vendor ID and VF Device ID (9.3.4.1.1, 9.3.4.1.2).</summary>
        public const int VfHeaderId = 0xFFFF;
    }
}
