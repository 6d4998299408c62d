// The 64-byte header at the start of every function's configuration space: the part common to all functions,
// and the rest of a type 0 header. PciBridgeHeader has the rest of a type 1 header.
namespace SmartNicFw.Hal.Spec
{
    /// <summary>
    /// Type 0 configuration space header. Source: PCI Express Base Specification 5.0, 7.5.1.1 (common registers)
    /// and 7.5.1.2 (type 0).
    /// </summary>
    public static class PciConfigHeader
    {
        /// <summary>Size of a type 0 or type 1 header in bytes.</summary>
        public const int Bytes = 0x40;

        /// <summary>Vendor ID, 16 bits (7.5.1.1.1). FFFFh in a VF (9.3.4.1.1).</summary>
        public const int VendorIdOffset = 0x00;

        /// <summary>Device ID, 16 bits (7.5.1.1.2). FFFFh in a VF (9.3.4.1.2).</summary>
        public const int DeviceIdOffset = 0x02;

        /// <summary>Command, 16 bits (7.5.1.1.3).</summary>
        public const int CommandOffset = 0x04;

        public const int CommandIoSpaceEnableMask = 0x0001;
        public const int CommandMemorySpaceEnableMask = 0x0002;
        public const int CommandBusMasterEnableMask = 0x0004;
        public const int CommandParityErrorResponseMask = 0x0040;
        public const int CommandSerrEnableMask = 0x0100;
        public const int CommandInterruptDisableMask = 0x0400;

        /// <summary>Status, 16 bits (7.5.1.1.4).</summary>
        public const int StatusOffset = 0x06;

        public const int StatusImmediateReadinessMask = 0x0001;
        public const int StatusInterruptStatusMask = 0x0008;
        public const int StatusCapabilitiesListMask = 0x0010;
        public const int StatusMasterDataParityErrorMask = 0x0100;
        public const int StatusSignaledTargetAbortMask = 0x0800;
        public const int StatusReceivedTargetAbortMask = 0x1000;
        public const int StatusReceivedMasterAbortMask = 0x2000;
        public const int StatusSignaledSystemErrorMask = 0x4000;
        public const int StatusDetectedParityErrorMask = 0x8000;

        /// <summary>Revision ID, 8 bits (7.5.1.1.5).</summary>
        public const int RevisionIdOffset = 0x08;

        /// <summary>Programming interface, the lowest byte of the class code (7.5.1.1.6).</summary>
        public const int ProgrammingInterfaceOffset = 0x09;

        /// <summary>Sub-class, the middle byte of the class code (7.5.1.1.6).</summary>
        public const int SubClassOffset = 0x0A;

        /// <summary>Base class, the highest byte of the class code (7.5.1.1.6).</summary>
        public const int BaseClassOffset = 0x0B;

        /// <summary>Cache line size, 8 bits: read-write and without effect in PCI Express (7.5.1.1.7).</summary>
        public const int CacheLineSizeOffset = 0x0C;

        /// <summary>Latency timer, 8 bits: zero in PCI Express (7.5.1.1.8).</summary>
        public const int LatencyTimerOffset = 0x0D;

        /// <summary>Header type, 8 bits (7.5.1.1.9).</summary>
        public const int HeaderTypeOffset = 0x0E;

        public const int HeaderTypeLayoutMask = 0x7F;
        public const int HeaderTypeMultiFunctionMask = 0x80;

        /// <summary>Header layout of an endpoint (7.5.1.1.9).</summary>
        public const int LayoutType0 = 0x00;

        /// <summary>Header layout of a bridge (7.5.1.1.9).</summary>
        public const int LayoutType1 = 0x01;

        /// <summary>Built-in self test, 8 bits; zero when there is none (7.5.1.1.10).</summary>
        public const int BistOffset = 0x0F;

        /// <summary>First of six 32-bit base address registers (7.5.1.2.1).</summary>
        public const int Bar0Offset = 0x10;

        /// <summary>Number of base address registers of a type 0 header; a 64-bit BAR takes two (7.5.1.2.1).</summary>
        public const int BarCount = 6;

        /// <summary>Size of one base address register in bytes.</summary>
        public const int BarBytes = 4;

        /// <summary>Memory BAR (7.5.1.2.1): bit 0 clear. The address starts at bit 4.</summary>
        public const uint BarMemoryAddressMask = 0xFFFFFFF0;

        /// <summary>BAR bit 0: the range is in I/O space (7.5.1.2.1).</summary>
        public const uint BarIoSpaceMask = 0x1;

        /// <summary>BAR bits 2:1, value 10b: the base is 64 bits wide and the next register holds the upper half (7.5.1.2.1).</summary>
        public const uint BarType64 = 0x4;

        /// <summary>BAR bits 2:1 (7.5.1.2.1).</summary>
        public const uint BarTypeMask = 0x6;

        /// <summary>BAR bit 3: prefetchable (7.5.1.2.1).</summary>
        public const uint BarPrefetchableMask = 0x8;

        /// <summary>CardBus CIS pointer, 32 bits: zero in PCI Express (7.5.1.2.2).</summary>
        public const int CardbusCisPointerOffset = 0x28;

        /// <summary>Subsystem vendor ID, 16 bits (7.5.1.2.3).</summary>
        public const int SubsystemVendorIdOffset = 0x2C;

        /// <summary>Subsystem ID, 16 bits (7.5.1.2.3).</summary>
        public const int SubsystemIdOffset = 0x2E;

        /// <summary>Expansion ROM base address, 32 bits; zero when there is no ROM (7.5.1.2.4).</summary>
        public const int ExpansionRomBaseOffset = 0x30;

        /// <summary>Offset of the first capability, 8 bits (7.5.1.1.11).</summary>
        public const int CapabilitiesPointerOffset = 0x34;

        /// <summary>Interrupt line, 8 bits, scratch for software (7.5.1.1.12).</summary>
        public const int InterruptLineOffset = 0x3C;

        /// <summary>Interrupt pin, 8 bits: 0 = uses no INTx (7.5.1.1.13).</summary>
        public const int InterruptPinOffset = 0x3D;

        /// <summary>Minimum grant, 8 bits: zero in PCI Express (7.5.1.2.5).</summary>
        public const int MinGntOffset = 0x3E;

        /// <summary>Maximum latency, 8 bits: zero in PCI Express (7.5.1.2.5).</summary>
        public const int MaxLatOffset = 0x3F;

        /// <summary>Class code 02h 00h 00h: Ethernet controller (PCI Code and ID Assignment Specification 1.11, 1.3).</summary>
        public const int BaseClassNetwork = 0x02;

        /// <summary>Sub-class of an Ethernet controller (PCI Code and ID Assignment Specification 1.11, 1.3).</summary>
        public const int SubClassEthernet = 0x00;

        /// <summary>Base class of mass storage (PCI Code and ID Assignment Specification 1.11, 1.2).</summary>
        public const int BaseClassStorage = 0x01;

        /// <summary>Sub-class of a RAID controller (PCI Code and ID Assignment Specification 1.11, 1.2).</summary>
        public const int SubClassRaid = 0x04;

        /// <summary>Base class of a bridge (PCI Code and ID Assignment Specification 1.11, 1.7).</summary>
        public const int BaseClassBridge = 0x06;

        /// <summary>Sub-class of a PCI-to-PCI bridge (PCI Code and ID Assignment Specification 1.11, 1.7).</summary>
        public const int SubClassPciBridge = 0x04;
    }
}
