// The parts of a transaction layer packet that firmware reads or writes: configuration request headers and completion status.
namespace SmartNicFw.Hal.Spec
{
    /// <summary>Completion Status field of a completion. Source: PCI Express Base Specification 5.0, 2.2.9.</summary>
    public static class CompletionStatus
    {
        /// <summary>Successful Completion (SC).</summary>
        public const int Successful = 0;

        /// <summary>Unsupported Request (UR).</summary>
        public const int UnsupportedRequest = 1;

        /// <summary>Configuration Request Retry Status (CRS).</summary>
        public const int ConfigurationRequestRetry = 2;

        /// <summary>Completer Abort (CA).</summary>
        public const int CompleterAbort = 4;
    }

    /// <summary>
    /// Header of a configuration request, three doublewords, first byte highest as the header log of AER shows it.
    /// Source: PCI Express Base Specification 5.0, 2.2.1 and 2.2.7.
    /// </summary>
    public static class ConfigurationRequestHeader
    {
        /// <summary>Doublewords of the header.</summary>
        public const int Words = 3;

        /// <summary>Word 0, Fmt and Type of a type 0 configuration read (2.2.1, table 2-3).</summary>
        public const uint FmtTypeRead0 = 0x04000000;

        /// <summary>Added to Fmt when the request carries data: a write (2.2.1, table 2-2).</summary>
        public const uint FmtWithData = 0x40000000;

        /// <summary>Added to Type for a type 1 request (2.2.1, table 2-3).</summary>
        public const uint TypeType1 = 0x01000000;

        /// <summary>Word 0, EP: the data is poisoned (2.7.2.2).</summary>
        public const uint PoisonedMask = 0x00004000;

        /// <summary>Word 0, bit 9 of a 10-bit tag (2.2.6.2).</summary>
        public const uint Tag9Mask = 0x00800000;

        /// <summary>Word 0, bit 8 of a 10-bit tag (2.2.6.2).</summary>
        public const uint Tag8Mask = 0x00080000;

        /// <summary>Word 0, Length of every configuration request: one doubleword (2.2.7).</summary>
        public const uint LengthOneWord = 0x00000001;

        /// <summary>Word 1, Requester ID above Tag above byte enables (2.2.6, 2.2.7).</summary>
        public const int RequesterIdShift = 16;

        /// <summary>Word 1, bits 7:0 of the tag (2.2.6.2).</summary>
        public const int TagShift = 8;

        /// <summary>Word 2, Routing ID of the target above the register number (2.2.7).</summary>
        public const int RoutingIdShift = 16;

        /// <summary>Bits 11:2 of word 2: extended register number and register number, which is the doubleword's offset.</summary>
        public const uint RegisterMask = 0x00000FFC;
    }

    /// <summary>Routing ID: bus, device and function, or bus and ARI function number. Source: PCI Express Base Specification 5.0, 2.2.4.2.</summary>
    public static class RoutingId
    {
        public const int BusShift = 8;

        /// <summary>Device and function number, or ARI function number.</summary>
        public const int DevfnMask = 0xFF;

        /// <summary>Routing IDs on one bus.</summary>
        public const int PerBus = 256;

        /// <summary>Functions of a device without ARI.</summary>
        public const int FunctionsPerDevice = 8;

        public const int DeviceShift = 3;
    }
}
