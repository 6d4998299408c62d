// Advanced Error Reporting: what went wrong, whether it is masked, how severe it is, and the header of the first offender.
namespace SmartNicFw.Hal.Spec
{
    /// <summary>
    /// Advanced Error Reporting extended capability of an endpoint that takes no TLP prefixes.
    /// Source: PCI Express Base Specification 5.0, 7.8.4.
    /// </summary>
    public static class AerCapability
    {
        /// <summary>Size in bytes up to the header log, which is all that an endpoint without TLP prefixes has.</summary>
        public const int Bytes = 0x2C;

        /// <summary>Structure version (7.8.4.1).</summary>
        public const int Version = 2;

        /// <summary>Extended capability header, 32 bits (7.8.4.1).</summary>
        public const int HeaderOffset = 0x00;

        /// <summary>Uncorrectable Error Status, 32 bits (7.8.4.2). Mask and Severity have the same bits.</summary>
        public const int UncorrectableStatusOffset = 0x04;

        /// <summary>Uncorrectable Error Mask, 32 bits (7.8.4.3).</summary>
        public const int UncorrectableMaskOffset = 0x08;

        /// <summary>Uncorrectable Error Severity, 32 bits: 1 = fatal (7.8.4.4).</summary>
        public const int UncorrectableSeverityOffset = 0x0C;

        public const uint UncorrectableDataLinkProtocolMask = 0x00000010;
        public const uint UncorrectableSurpriseDownMask = 0x00000020;
        public const uint UncorrectablePoisonedTlpMask = 0x00001000;
        public const uint UncorrectableFlowControlProtocolMask = 0x00002000;
        public const uint UncorrectableCompletionTimeoutMask = 0x00004000;
        public const uint UncorrectableCompleterAbortMask = 0x00008000;
        public const uint UncorrectableUnexpectedCompletionMask = 0x00010000;
        public const uint UncorrectableReceiverOverflowMask = 0x00020000;
        public const uint UncorrectableMalformedTlpMask = 0x00040000;
        public const uint UncorrectableEcrcMask = 0x00080000;
        public const uint UncorrectableUnsupportedRequestMask = 0x00100000;
        public const uint UncorrectableAcsViolationMask = 0x00200000;
        public const uint UncorrectableInternalMask = 0x00400000;

        /// <summary>Correctable Error Status, 32 bits (7.8.4.5). Mask has the same bits.</summary>
        public const int CorrectableStatusOffset = 0x10;

        /// <summary>Correctable Error Mask, 32 bits (7.8.4.6).</summary>
        public const int CorrectableMaskOffset = 0x14;

        public const uint CorrectableReceiverErrorMask = 0x00000001;
        public const uint CorrectableBadTlpMask = 0x00000040;
        public const uint CorrectableBadDllpMask = 0x00000080;
        public const uint CorrectableReplayRolloverMask = 0x00000100;
        public const uint CorrectableReplayTimeoutMask = 0x00001000;
        public const uint CorrectableAdvisoryNonFatalMask = 0x00002000;
        public const uint CorrectableInternalMask = 0x00004000;
        public const uint CorrectableHeaderLogOverflowMask = 0x00008000;

        /// <summary>Advanced Error Capabilities and Control, 32 bits (7.8.4.7).</summary>
        public const int ControlOffset = 0x18;

        public const uint ControlFirstErrorPointerMask = 0x0000001F;
        public const uint ControlEcrcGenerationCapableMask = 0x00000020;
        public const uint ControlEcrcGenerationEnableMask = 0x00000040;
        public const uint ControlEcrcCheckCapableMask = 0x00000080;
        public const uint ControlEcrcCheckEnableMask = 0x00000100;
        public const uint ControlMultipleHeaderCapableMask = 0x00000200;
        public const uint ControlMultipleHeaderEnableMask = 0x00000400;
        public const uint ControlTlpPrefixLogPresentMask = 0x00000800;
        public const uint ControlCompletionTimeoutLogCapableMask = 0x00001000;

        /// <summary>Header Log, four 32-bit words; the first byte of the TLP is the highest byte of the first word (7.8.4.8).</summary>
        public const int HeaderLogOffset = 0x1C;

        /// <summary>Words in the header log.</summary>
        public const int HeaderLogWords = 4;
    }
}
