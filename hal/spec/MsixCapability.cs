// MSI-X: the capability in configuration space, and the entry layout of the table in a BAR.
namespace SmartNicFw.Hal.Spec
{
    /// <summary>MSI-X capability. Source: PCI Express Base Specification 5.0, 7.7.2.</summary>
    public static class MsixCapability
    {
        /// <summary>Size in bytes.</summary>
        public const int Bytes = 12;

        /// <summary>Capability ID and next pointer, 16 bits.</summary>
        public const int HeaderOffset = 0x00;

        /// <summary>Message Control, 16 bits (7.7.2.2).</summary>
        public const int MessageControlOffset = 0x02;

        public const int MessageControlTableSizeMask = 0x07FF;
        public const int MessageControlFunctionMaskMask = 0x4000;
        public const int MessageControlEnableMask = 0x8000;

        /// <summary>Table Offset/Table BIR, 32 bits (7.7.2.3).</summary>
        public const int TableOffset = 0x04;

        public const uint TableBirMask = 0x00000007;
        public const uint TableTableOffsetMask = 0xFFFFFFF8;

        /// <summary>PBA Offset/PBA BIR, 32 bits (7.7.2.4).</summary>
        public const int PbaOffset = 0x08;

        public const uint PbaBirMask = 0x00000007;
        public const uint PbaPbaOffsetMask = 0xFFFFFFF8;

        /// <summary>Largest number of vectors; Table Size holds the number less one (7.7.2.2).</summary>
        public const int MaxVectors = 2048;

        /// <summary>Vectors in one quadword of the pending bit array (7.7.2.9).</summary>
        public const int VectorsPerPbaQuadword = 64;
    }

    /// <summary>One entry of the MSI-X table. Source: PCI Express Base Specification 5.0, 7.7.2.5 to 7.7.2.8.</summary>
    public static class MsixTableEntry
    {
        /// <summary>Size in bytes.</summary>
        public const int Bytes = 16;

        /// <summary>Message Address, lower 32 bits.</summary>
        public const int AddressOffset = 0x00;

        /// <summary>Message Address, upper 32 bits.</summary>
        public const int UpperAddressOffset = 0x04;

        /// <summary>Message Data, 32 bits.</summary>
        public const int DataOffset = 0x08;

        /// <summary>Vector Control, 32 bits.</summary>
        public const int VectorControlOffset = 0x0C;

        public const uint VectorControlMaskBitMask = 0x00000001;
        public const uint VectorControlSteeringTagMask = 0xFFFF0000;
    }
}
