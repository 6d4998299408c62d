// PCI Express capability: what a port or endpoint can do on the link, and how software sets it.
namespace SmartNicFw.Hal.Spec
{
    /// <summary>PCI Express capability, version 2. Source: PCI Express Base Specification 5.0, 7.5.3.</summary>
    public static class PciExpressCapability
    {
        /// <summary>Size in bytes of the version 2 structure.</summary>
        public const int Bytes = 0x3C;

        /// <summary>Capability ID and next pointer, 16 bits (7.5.3.1).</summary>
        public const int HeaderOffset = 0x00;

        /// <summary>PCI Express Capabilities, 16 bits (7.5.3.2).</summary>
        public const int CapabilitiesOffset = 0x02;

        public const int CapabilitiesVersionMask = 0x000F;
        public const int CapabilitiesPortTypeMask = 0x00F0;
        public const int CapabilitiesSlotImplementedMask = 0x0100;
        public const int CapabilitiesInterruptMessageNumberMask = 0x3E00;

        public const int Version2 = 2;
        public const int PortTypeShift = 4;

        /// <summary>Port type of an endpoint (7.5.3.2).</summary>
        public const int PortTypeEndpoint = 0x0;

        /// <summary>Port type of a root port (7.5.3.2).</summary>
        public const int PortTypeRootPort = 0x4;

        /// <summary>Port type of a root complex integrated endpoint (7.5.3.2).</summary>
        public const int PortTypeIntegratedEndpoint = 0x9;

        /// <summary>Device Capabilities, 32 bits (7.5.3.3).</summary>
        public const int DeviceCapabilitiesOffset = 0x04;

        public const uint DeviceCapabilitiesMaxPayloadSizeMask = 0x00000007;
        public const uint DeviceCapabilitiesPhantomFunctionsMask = 0x00000018;
        public const uint DeviceCapabilitiesExtendedTagMask = 0x00000020;
        public const uint DeviceCapabilitiesL0sLatencyMask = 0x000001C0;
        public const uint DeviceCapabilitiesL1LatencyMask = 0x00000E00;
        public const uint DeviceCapabilitiesRoleBasedErrorMask = 0x00008000;
        public const uint DeviceCapabilitiesErrCorSubclassMask = 0x00010000;
        public const uint DeviceCapabilitiesSlotPowerLimitMask = 0x0FFC0000;
        public const uint DeviceCapabilitiesFunctionLevelResetMask = 0x10000000;

        /// <summary>Device Control, 16 bits (7.5.3.4).</summary>
        public const int DeviceControlOffset = 0x08;

        public const int DeviceControlCorrectableReportingMask = 0x0001;
        public const int DeviceControlNonFatalReportingMask = 0x0002;
        public const int DeviceControlFatalReportingMask = 0x0004;
        public const int DeviceControlUnsupportedReportingMask = 0x0008;
        /// <summary>All four enables of error reporting (7.5.3.4).</summary>
        public const int DeviceControlErrorReporting =
            DeviceControlCorrectableReportingMask | DeviceControlNonFatalReportingMask | DeviceControlFatalReportingMask
            | DeviceControlUnsupportedReportingMask;

        public const int DeviceControlRelaxedOrderingMask = 0x0010;
        public const int DeviceControlMaxPayloadSizeMask = 0x00E0;
        public const int DeviceControlExtendedTagMask = 0x0100;
        public const int DeviceControlPhantomFunctionsMask = 0x0200;
        public const int DeviceControlAuxPowerMask = 0x0400;
        public const int DeviceControlNoSnoopMask = 0x0800;
        public const int DeviceControlMaxReadRequestSizeMask = 0x7000;

        /// <summary>Initiate Function Level Reset: writing 1 resets the function; always reads 0 (7.5.3.4, 6.6.2).</summary>
        public const int DeviceControlInitiateFlrMask = 0x8000;

        public const int MaxPayloadSizeShift = 5;
        public const int MaxReadRequestSizeShift = 12;

        /// <summary>Encoding 010b of Max_Read_Request_Size, its value after reset: 512 bytes (7.5.3.4).</summary>
        public const int MaxReadRequestSize512 = 2;

        /// <summary>Smallest Max_Payload_Size in bytes; encoding n stands for 128 shifted left by n (7.5.3.4).</summary>
        public const int MinPayloadBytes = 128;

        /// <summary>Largest Max_Payload_Size in bytes (7.5.3.4).</summary>
        public const int MaxPayloadBytes = 4096;

        /// <summary>Device Status, 16 bits (7.5.3.5).</summary>
        public const int DeviceStatusOffset = 0x0A;

        public const int DeviceStatusCorrectableDetectedMask = 0x0001;
        public const int DeviceStatusNonFatalDetectedMask = 0x0002;
        public const int DeviceStatusFatalDetectedMask = 0x0004;
        public const int DeviceStatusUnsupportedDetectedMask = 0x0008;
        public const int DeviceStatusAuxPowerMask = 0x0010;
        public const int DeviceStatusTransactionsPendingMask = 0x0020;
        public const int DeviceStatusEmergencyPowerReductionMask = 0x0040;

        /// <summary>Link Capabilities, 32 bits (7.5.3.6).</summary>
        public const int LinkCapabilitiesOffset = 0x0C;

        public const uint LinkCapabilitiesMaxLinkSpeedMask = 0x0000000F;
        public const uint LinkCapabilitiesMaxLinkWidthMask = 0x000003F0;
        public const uint LinkCapabilitiesAspmSupportMask = 0x00000C00;
        public const uint LinkCapabilitiesL0sExitLatencyMask = 0x00007000;
        public const uint LinkCapabilitiesL1ExitLatencyMask = 0x00038000;
        public const uint LinkCapabilitiesClockPowerManagementMask = 0x00040000;
        public const uint LinkCapabilitiesSurpriseDownMask = 0x00080000;
        public const uint LinkCapabilitiesActiveReportingMask = 0x00100000;
        public const uint LinkCapabilitiesBandwidthNotificationMask = 0x00200000;
        public const uint LinkCapabilitiesAspmOptionalityMask = 0x00400000;
        public const uint LinkCapabilitiesPortNumberMask = 0xFF000000;

        public const int LinkWidthShift = 4;

        /// <summary>Link Control, 16 bits (7.5.3.7).</summary>
        public const int LinkControlOffset = 0x10;

        public const int LinkControlAspmMask = 0x0003;
        public const int LinkControlReadCompletionBoundaryMask = 0x0008;
        public const int LinkControlLinkDisableMask = 0x0010;
        public const int LinkControlRetrainLinkMask = 0x0020;
        public const int LinkControlCommonClockMask = 0x0040;
        public const int LinkControlExtendedSynchMask = 0x0080;
        public const int LinkControlClockPowerManagementMask = 0x0100;
        public const int LinkControlAutonomousWidthDisableMask = 0x0200;
        public const int LinkControlBandwidthInterruptMask = 0x0400;
        public const int LinkControlAutonomousBandwidthInterruptMask = 0x0800;
        public const int LinkControlDrsSignalingMask = 0xC000;

        /// <summary>Link Status, 16 bits (7.5.3.8).</summary>
        public const int LinkStatusOffset = 0x12;

        public const int LinkStatusCurrentSpeedMask = 0x000F;
        public const int LinkStatusNegotiatedWidthMask = 0x03F0;
        public const int LinkStatusTrainingMask = 0x0800;
        public const int LinkStatusSlotClockMask = 0x1000;
        public const int LinkStatusDataLinkActiveMask = 0x2000;
        public const int LinkStatusBandwidthMask = 0x4000;
        public const int LinkStatusAutonomousBandwidthMask = 0x8000;

        /// <summary>Slot Capabilities, 32 bits: downstream ports only (7.5.3.9).</summary>
        public const int SlotCapabilitiesOffset = 0x14;

        public const uint SlotCapabilitiesAttentionButtonMask = 0x00000001;
        public const uint SlotCapabilitiesPowerControllerMask = 0x00000002;
        public const uint SlotCapabilitiesMrlSensorMask = 0x00000004;
        public const uint SlotCapabilitiesAttentionIndicatorMask = 0x00000008;
        public const uint SlotCapabilitiesPowerIndicatorMask = 0x00000010;
        public const uint SlotCapabilitiesHotPlugSurpriseMask = 0x00000020;
        public const uint SlotCapabilitiesHotPlugCapableMask = 0x00000040;
        public const uint SlotCapabilitiesPowerLimitValueMask = 0x00007F80;
        public const uint SlotCapabilitiesPowerLimitScaleMask = 0x00018000;
        public const uint SlotCapabilitiesInterlockMask = 0x00020000;
        public const uint SlotCapabilitiesNoCommandCompletedMask = 0x00040000;
        public const uint SlotCapabilitiesPhysicalSlotNumberMask = 0xFFF80000;

        public const int PhysicalSlotNumberShift = 19;

        /// <summary>Slot Power Limit Value in watts sits here when the scale is 1 (7.5.3.9).</summary>
        public const int SlotPowerLimitValueShift = 7;

        /// <summary>Slot Control, 16 bits: downstream ports only (7.5.3.10).</summary>
        public const int SlotControlOffset = 0x18;

        public const int SlotControlAttentionButtonEnableMask = 0x0001;
        public const int SlotControlPowerFaultEnableMask = 0x0002;
        public const int SlotControlMrlSensorEnableMask = 0x0004;
        public const int SlotControlPresenceDetectEnableMask = 0x0008;
        public const int SlotControlCommandCompletedEnableMask = 0x0010;
        public const int SlotControlHotPlugInterruptEnableMask = 0x0020;
        public const int SlotControlAttentionIndicatorMask = 0x00C0;
        public const int SlotControlPowerIndicatorMask = 0x0300;
        public const int SlotControlPowerControllerMask = 0x0400;
        public const int SlotControlInterlockMask = 0x0800;
        public const int SlotControlLinkStateEnableMask = 0x1000;
        public const int SlotControlAutomaticPowerLimitDisableMask = 0x2000;
        public const int SlotControlInBandPresenceDisableMask = 0x4000;

        /// <summary>Slot Status, 16 bits: downstream ports only (7.5.3.11).</summary>
        public const int SlotStatusOffset = 0x1A;

        public const int SlotStatusAttentionButtonMask = 0x0001;
        public const int SlotStatusPowerFaultMask = 0x0002;
        public const int SlotStatusMrlSensorChangedMask = 0x0004;
        public const int SlotStatusPresenceDetectChangedMask = 0x0008;
        public const int SlotStatusCommandCompletedMask = 0x0010;
        public const int SlotStatusMrlSensorMask = 0x0020;
        public const int SlotStatusPresenceDetectMask = 0x0040;
        public const int SlotStatusInterlockMask = 0x0080;
        public const int SlotStatusLinkStateChangedMask = 0x0100;

        /// <summary>Root Control, 16 bits: root ports only (7.5.3.12).</summary>
        public const int RootControlOffset = 0x1C;

        /// <summary>PME Interrupt Enable (7.5.3.12).</summary>
        public const int RootControlPmeInterruptMask = 0x0008;

        /// <summary>CRS Software Visibility Enable (7.5.3.12).</summary>
        public const int RootControlCrsSoftwareVisibilityMask = 0x0010;

        /// <summary>Root Capabilities, 16 bits: root ports only (7.5.3.13).</summary>
        public const int RootCapabilitiesOffset = 0x1E;

        /// <summary>CRS Software Visibility (7.5.3.13).</summary>
        public const int RootCapabilitiesCrsSoftwareVisibilityMask = 0x0001;

        /// <summary>Root Status, 32 bits: root ports only (7.5.3.14).</summary>
        public const int RootStatusOffset = 0x20;

        /// <summary>Device Capabilities 2, 32 bits (7.5.3.15).</summary>
        public const int DeviceCapabilities2Offset = 0x24;

        public const uint DeviceCapabilities2CompletionTimeoutRangesMask = 0x0000000F;
        public const uint DeviceCapabilities2CompletionTimeoutDisableMask = 0x00000010;
        public const uint DeviceCapabilities2AriForwardingMask = 0x00000020;
        public const uint DeviceCapabilities2NoRelaxedOrderingMask = 0x00000400;
        public const uint DeviceCapabilities2LtrMask = 0x00000800;
        public const uint DeviceCapabilities2TphCompleterMask = 0x00003000;
        public const uint DeviceCapabilities2TenBitTagCompleterMask = 0x00010000;
        public const uint DeviceCapabilities2TenBitTagRequesterMask = 0x00020000;
        public const uint DeviceCapabilities2ObffMask = 0x000C0000;
        public const uint DeviceCapabilities2ExtendedFmtMask = 0x00100000;

        /// <summary>Completion time-out ranges A to D: 50 us to 64 s (7.5.3.15).</summary>
        public const uint CompletionTimeoutRangesAll = 0xF;

        /// <summary>Device Control 2, 16 bits (7.5.3.16).</summary>
        public const int DeviceControl2Offset = 0x28;

        public const int DeviceControl2CompletionTimeoutValueMask = 0x000F;
        public const int DeviceControl2CompletionTimeoutDisableMask = 0x0010;
        public const int DeviceControl2AriForwardingMask = 0x0020;
        public const int DeviceControl2IdoRequestMask = 0x0100;
        public const int DeviceControl2IdoCompletionMask = 0x0200;
        public const int DeviceControl2LtrMask = 0x0400;
        public const int DeviceControl2TenBitTagRequesterMask = 0x1000;
        public const int DeviceControl2ObffMask = 0x6000;

        /// <summary>Device Status 2, 16 bits: reserved (7.5.3.17).</summary>
        public const int DeviceStatus2Offset = 0x2A;

        /// <summary>Link Capabilities 2, 32 bits (7.5.3.18).</summary>
        public const int LinkCapabilities2Offset = 0x2C;

        public const uint LinkCapabilities2SupportedSpeedsMask = 0x000000FE;

        /// <summary>Bit of the slowest speed, 2.5 GT/s, in the vector of supported speeds (7.5.3.18).</summary>
        public const int SupportedSpeedsShift = 1;

        /// <summary>Link Control 2, 16 bits (7.5.3.19).</summary>
        public const int LinkControl2Offset = 0x30;

        public const int LinkControl2TargetSpeedMask = 0x000F;
        public const int LinkControl2EnterComplianceMask = 0x0010;
        public const int LinkControl2AutonomousSpeedDisableMask = 0x0020;
        public const int LinkControl2SelectableDeemphasisMask = 0x0040;
        public const int LinkControl2TransmitMarginMask = 0x0380;
        public const int LinkControl2EnterModifiedComplianceMask = 0x0400;
        public const int LinkControl2ComplianceSosMask = 0x0800;
        public const int LinkControl2CompliancePresetMask = 0xF000;

        /// <summary>Link Status 2, 16 bits (7.5.3.20).</summary>
        public const int LinkStatus2Offset = 0x32;

        public const int LinkStatus2DeemphasisMask = 0x0001;
        public const int LinkStatus2EqualizationCompleteMask = 0x0002;
        public const int LinkStatus2EqualizationPhase1Mask = 0x0004;
        public const int LinkStatus2EqualizationPhase2Mask = 0x0008;
        public const int LinkStatus2EqualizationPhase3Mask = 0x0010;
        public const int LinkStatus2EqualizationRequestMask = 0x0020;

        /// <summary>What Link Status 2 shows after equalization at 8 GT/s or above (7.5.3.20).</summary>
        public const int LinkStatus2EqualizationDone =
            LinkStatus2EqualizationCompleteMask | LinkStatus2EqualizationPhase1Mask | LinkStatus2EqualizationPhase2Mask
            | LinkStatus2EqualizationPhase3Mask;

        /// <summary>Slot Capabilities 2, 32 bits: reserved (7.5.3.21).</summary>
        public const int SlotCapabilities2Offset = 0x34;

        /// <summary>Slot Control 2, 16 bits: reserved (7.5.3.22).</summary>
        public const int SlotControl2Offset = 0x38;

        /// <summary>Slot Status 2, 16 bits: reserved (7.5.3.23).</summary>
        public const int SlotStatus2Offset = 0x3A;

        /// <summary>Link speed encodings of Max Link Speed and Current Link Speed (7.5.3.6, 7.5.3.18).</summary>
        public const int Speed2500MTs = 1;

        public const int Speed5000MTs = 2;
        public const int Speed8000MTs = 3;
        public const int Speed16000MTs = 4;

        /// <summary>Time software waits after it initiates a function level reset: 100 ms (6.6.2).</summary>
        public const int FunctionLevelResetWaitUs = 100_000;

        /// <summary>Time software waits after a conventional reset before the first configuration request: 100 ms (6.6.1).</summary>
        public const int ConventionalResetWaitUs = 100_000;

        /// <summary>Time after a reset within which a function must complete a configuration request successfully: 1 s (6.6.1).</summary>
        public const int ReadyDeadlineUs = 1_000_000;
    }
}
