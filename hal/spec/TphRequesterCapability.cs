// TLP Processing Hints: the requester's side, with its steering tags in the MSI-X table.
namespace SmartNicFw.Hal.Spec
{
    /// <summary>TPH Requester extended capability without an own steering tag table. Source: PCI Express Base Specification 5.0, 7.9.13.</summary>
    public static class TphRequesterCapability
    {
        /// <summary>Size in bytes without a steering tag table.</summary>
        public const int Bytes = 12;

        /// <summary>Structure version (7.9.13.1).</summary>
        public const int Version = 1;

        /// <summary>Extended capability header, 32 bits (7.9.13.1).</summary>
        public const int HeaderOffset = 0x00;

        /// <summary>TPH Requester Capability, 32 bits (7.9.13.2).</summary>
        public const int CapabilityOffset = 0x04;

        public const uint CapabilityNoStModeMask = 0x00000001;
        public const uint CapabilityInterruptVectorModeMask = 0x00000002;
        public const uint CapabilityDeviceSpecificModeMask = 0x00000004;
        public const uint CapabilityExtendedTphMask = 0x00000100;
        public const uint CapabilityStTableLocationMask = 0x00000600;
        public const uint CapabilityStTableSizeMask = 0x07FF0000;

        public const int StTableLocationShift = 9;
        public const int StTableSizeShift = 16;

        /// <summary>Steering tags sit in the upper half of each MSI-X table entry's Vector Control (7.9.13.2).</summary>
        public const uint StTableInMsixTable = 2;

        /// <summary>TPH Requester Control, 32 bits (7.9.13.3).</summary>
        public const int ControlOffset = 0x08;

        public const uint ControlStModeSelectMask = 0x00000007;
        public const uint ControlRequesterEnableMask = 0x00000300;
    }
}
