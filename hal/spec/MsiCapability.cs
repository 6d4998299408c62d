// MSI: one message or a few, in configuration space. Ports use it; our endpoint has MSI-X alone.
namespace SmartNicFw.Hal.Spec
{
    /// <summary>MSI capability with 64-bit addresses and without vector masks. Source: PCI Express Base Specification 5.0, 7.7.1.</summary>
    public static class MsiCapability
    {
        /// <summary>Size in bytes, with the extended data that 32-bit messages would use.</summary>
        public const int Bytes = 16;

        /// <summary>Capability ID and next pointer, 16 bits.</summary>
        public const int HeaderOffset = 0x00;

        /// <summary>Message Control, 16 bits (7.7.1.2).</summary>
        public const int MessageControlOffset = 0x02;

        public const int MessageControlEnableMask = 0x0001;
        public const int MessageControlMultipleCapableMask = 0x000E;
        public const int MessageControlMultipleEnableMask = 0x0070;
        public const int MessageControl64BitMask = 0x0080;
        public const int MessageControlVectorMaskingMask = 0x0100;
        public const int MessageControlExtendedDataCapableMask = 0x0200;
        public const int MessageControlExtendedDataEnableMask = 0x0400;

        /// <summary>Message Address, lower 32 bits: bits 1:0 are zero (7.7.1.3).</summary>
        public const int AddressOffset = 0x04;

        public const uint AddressMask = 0xFFFFFFFC;

        /// <summary>Message Address, upper 32 bits (7.7.1.4).</summary>
        public const int UpperAddressOffset = 0x08;

        /// <summary>Message Data, 16 bits (7.7.1.5).</summary>
        public const int DataOffset = 0x0C;

        /// <summary>Extended Message Data, 16 bits: reserved in a function without it (7.7.1.6).</summary>
        public const int ExtendedDataOffset = 0x0E;
    }
}
