// The registers of a physical function.
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Firmware.Config
{
    /// <summary>
    /// Builds the template of a physical function. Function 0 alone has what belongs to the link or to the device as a
    /// whole: LTR, Secondary PCI Express, and the control fields of the link.
    /// </summary>
    public static class PhysicalFunctionTemplate
    {
        // Errors that a function of this endpoint can see (7.8.4.2). ECRC is neither generated nor checked.
        private const uint Uncorrectable =
            AerCapability.UncorrectableDataLinkProtocolMask | AerCapability.UncorrectablePoisonedTlpMask
            | AerCapability.UncorrectableFlowControlProtocolMask | AerCapability.UncorrectableCompletionTimeoutMask
            | AerCapability.UncorrectableCompleterAbortMask | AerCapability.UncorrectableUnexpectedCompletionMask
            | AerCapability.UncorrectableReceiverOverflowMask | AerCapability.UncorrectableMalformedTlpMask
            | AerCapability.UncorrectableUnsupportedRequestMask | AerCapability.UncorrectableInternalMask;

        // Severity after reset: fatal for what breaks the link (7.8.4.4).
        private const uint UncorrectableFatal =
            AerCapability.UncorrectableDataLinkProtocolMask | AerCapability.UncorrectableFlowControlProtocolMask
            | AerCapability.UncorrectableReceiverOverflowMask | AerCapability.UncorrectableMalformedTlpMask
            | AerCapability.UncorrectableInternalMask;

        private const uint Correctable =
            AerCapability.CorrectableReceiverErrorMask | AerCapability.CorrectableBadTlpMask
            | AerCapability.CorrectableBadDllpMask | AerCapability.CorrectableReplayRolloverMask
            | AerCapability.CorrectableReplayTimeoutMask | AerCapability.CorrectableAdvisoryNonFatalMask;

        /// <summary>Builds the template.</summary>
        /// <param name="isFunctionZero">True for PF 0, false for the other PFs.</param>
        public static RegisterTemplate Build(EndpointConfiguration configuration, bool isFunctionZero)
        {
            RegisterTemplateBuilder registers = new RegisterTemplateBuilder();
            CapabilityChain chain = new CapabilityChain(registers);
            CapabilityOffsets offsets = new CapabilityOffsets();
            Header(registers, configuration);
            offsets.PowerManagement = PowerManagement(registers, chain, configuration);
            offsets.Msix = CommonRegisters.Msix(registers, chain, configuration.PfMsixVectors, configuration.PfMsixVectors);
            offsets.PciExpress = PciExpress(registers, chain, configuration, isFunctionZero);
            VirtioCapabilities.Declare(registers, chain, offsets);
            offsets.Aer = Aer(registers, chain);
            offsets.DeviceSerialNumber = SerialNumber(registers, chain, configuration);
            offsets.Ari = Ari(registers, chain);
            if (configuration.TotalVFs > 0)
            {
                offsets.Sriov = Sriov(registers, chain, configuration, isFunctionZero);
            }

            // Functions of one device that might reach each other say by ACS that they cannot (6.12.1.2): all of its
            // bits are clear, for there is no peer-to-peer path. A lone function has nobody to be kept from.
            if (configuration.PhysicalFunctions > 1 || configuration.TotalVFs > 0)
            {
                offsets.Acs = chain.AppendExtended(PciExtendedCapability.IdAcs, AcsCapability.Version, AcsCapability.Bytes);
            }

            offsets.TphRequester = Tph(registers, chain, configuration);
            if (isFunctionZero)
            {
                offsets.Ltr = Ltr(registers, chain);
                if (configuration.LinkSpeed >= PciExpressCapability.Speed8000MTs)
                {
                    offsets.SecondaryPciExpress = SecondaryPciExpress(registers, chain, configuration);
                }
            }

            return registers.Build(offsets);
        }

        private static void Header(RegisterTemplateBuilder registers, EndpointConfiguration configuration)
        {
            CommonRegisters.Header(
                registers, configuration, VirtioPciId.Vendor, VirtioPciId.DeviceBase + VirtioPciId.NetworkDevice);
            registers.Field(
                PciConfigHeader.CommandOffset,
                PciConfigHeader.CommandMemorySpaceEnableMask | PciConfigHeader.CommandParityErrorResponseMask
                | PciConfigHeader.CommandSerrEnableMask,
                AccessMode.ReadWrite);
            registers.Field(PciConfigHeader.CacheLineSizeOffset, 0xFF, AccessMode.ReadWrite);
            registers.Field(PciConfigHeader.InterruptLineOffset, 0xFF, AccessMode.ReadWrite);
            registers.Constant(
                PciConfigHeader.HeaderTypeOffset,
                PciConfigHeader.LayoutType0
                | (configuration.PhysicalFunctions > 1 ? (uint)PciConfigHeader.HeaderTypeMultiFunctionMask : 0));
            DeclareBars(registers, configuration, PciConfigHeader.Bar0Offset, false, WriteEffect.Bar);
        }

        private static void DeclareBars(
            RegisterTemplateBuilder registers, EndpointConfiguration configuration, int bar0, bool isVirtual, WriteEffect effect)
        {
            for (int region = 0; region < BarMap.RegionCount; region++)
            {
                int bar = region * BarMap.BarsPerRegion;
                int lower = bar0 + (bar * PciConfigHeader.BarBytes);
                int upper = lower + PciConfigHeader.BarBytes;
                registers.Constant(lower, PciConfigHeader.BarType64 | PciConfigHeader.BarPrefetchableMask);
                registers.Field(lower, ~((uint)configuration.RegionBytes(bar, isVirtual) - 1), AccessMode.ReadWrite);
                registers.Field(upper, 0xFFFFFFFF, AccessMode.ReadWrite);
                registers.OnWrite(lower, effect);
                registers.OnWrite(upper, effect);
            }
        }

        private static int PowerManagement(
            RegisterTemplateBuilder registers, CapabilityChain chain, EndpointConfiguration configuration)
        {
            int at = chain.Append(PciCapability.IdPowerManagement, PowerManagementCapability.Bytes);
            int control = at + PowerManagementCapability.ControlStatusOffset;
            registers.Constant(at + PowerManagementCapability.CapabilitiesOffset, PowerManagementCapability.Version3);
            registers.Constant(control, configuration.NoSoftReset ? (uint)PowerManagementCapability.ControlStatusNoSoftResetMask : 0);
            registers.Field(control, PowerManagementCapability.ControlStatusPowerStateMask, AccessMode.ReadWrite);
            registers.OnWrite(control, WriteEffect.PowerState);
            return at;
        }

        private static int PciExpress(
            RegisterTemplateBuilder registers, CapabilityChain chain, EndpointConfiguration configuration, bool isFunctionZero)
        {
            int at = CommonRegisters.PciExpress(registers, chain, configuration);
            int control = at + PciExpressCapability.DeviceControlOffset;
            registers.Constant(
                control,
                PciExpressCapability.DeviceControlRelaxedOrderingMask | PciExpressCapability.DeviceControlNoSnoopMask
                | (PciExpressCapability.MaxReadRequestSize512 << PciExpressCapability.MaxReadRequestSizeShift));
            registers.Field(
                control,
                PciExpressCapability.DeviceControlCorrectableReportingMask | PciExpressCapability.DeviceControlNonFatalReportingMask
                | PciExpressCapability.DeviceControlFatalReportingMask | PciExpressCapability.DeviceControlUnsupportedReportingMask
                | PciExpressCapability.DeviceControlRelaxedOrderingMask | PciExpressCapability.DeviceControlExtendedTagMask
                | PciExpressCapability.DeviceControlNoSnoopMask | PciExpressCapability.DeviceControlMaxReadRequestSizeMask,
                AccessMode.ReadWrite);
            registers.Field(control, PciExpressCapability.DeviceControlMaxPayloadSizeMask, AccessMode.ReadWriteKeptByFlr);
            registers.Field(
                at + PciExpressCapability.LinkControlOffset,
                PciExpressCapability.LinkControlAspmMask | PciExpressCapability.LinkControlReadCompletionBoundaryMask
                | PciExpressCapability.LinkControlCommonClockMask | PciExpressCapability.LinkControlExtendedSynchMask,
                AccessMode.ReadWriteKeptByFlr);
            registers.Constant(
                at + PciExpressCapability.LinkStatusOffset,
                (uint)(configuration.LinkSpeed | (configuration.LinkWidth << PciExpressCapability.LinkWidthShift))
                | PciExpressCapability.LinkStatusSlotClockMask);
            CommonRegisters.DeviceCapabilities2(
                registers, at,
                PciExpressCapability.DeviceCapabilities2TenBitTagRequesterMask | PciExpressCapability.DeviceCapabilities2LtrMask);
            registers.Field(
                at + PciExpressCapability.DeviceControl2Offset,
                PciExpressCapability.DeviceControl2CompletionTimeoutValueMask
                | PciExpressCapability.DeviceControl2CompletionTimeoutDisableMask
                | PciExpressCapability.DeviceControl2TenBitTagRequesterMask
                | (isFunctionZero ? (uint)PciExpressCapability.DeviceControl2LtrMask : 0),
                AccessMode.ReadWrite);
            if (isFunctionZero)
            {
                LinkControl2(registers, at, configuration);
            }

            return at;
        }

        private static void LinkControl2(RegisterTemplateBuilder registers, int express, EndpointConfiguration configuration)
        {
            int control = express + PciExpressCapability.LinkControl2Offset;
            registers.Constant(control, (uint)configuration.LinkSpeed);
            registers.Field(
                control,
                PciExpressCapability.LinkControl2TargetSpeedMask | PciExpressCapability.LinkControl2EnterComplianceMask
                | PciExpressCapability.LinkControl2TransmitMarginMask
                | PciExpressCapability.LinkControl2EnterModifiedComplianceMask
                | PciExpressCapability.LinkControl2ComplianceSosMask | PciExpressCapability.LinkControl2CompliancePresetMask,
                AccessMode.ReadWriteSticky);
            if (configuration.LinkSpeed >= PciExpressCapability.Speed8000MTs)
            {
                registers.Constant(
                    express + PciExpressCapability.LinkStatus2Offset,
                    PciExpressCapability.LinkStatus2EqualizationDone);
            }
        }

        private static int Aer(RegisterTemplateBuilder registers, CapabilityChain chain)
        {
            int at = CommonRegisters.Aer(registers, chain, Uncorrectable, Correctable);
            registers.Field(at + AerCapability.UncorrectableMaskOffset, Uncorrectable, AccessMode.ReadWriteSticky);
            registers.Constant(at + AerCapability.UncorrectableMaskOffset, AerCapability.UncorrectableInternalMask);
            registers.Field(at + AerCapability.UncorrectableSeverityOffset, Uncorrectable, AccessMode.ReadWriteSticky);
            registers.Constant(at + AerCapability.UncorrectableSeverityOffset, UncorrectableFatal);
            registers.Field(at + AerCapability.CorrectableMaskOffset, Correctable, AccessMode.ReadWriteSticky);
            registers.Constant(at + AerCapability.CorrectableMaskOffset, AerCapability.CorrectableAdvisoryNonFatalMask);
            return at;
        }

        private static int SerialNumber(
            RegisterTemplateBuilder registers, CapabilityChain chain, EndpointConfiguration configuration)
        {
            int at = chain.AppendExtended(
                PciExtendedCapability.IdDeviceSerialNumber, DeviceSerialNumberCapability.Version, DeviceSerialNumberCapability.Bytes);
            registers.Constant(at + DeviceSerialNumberCapability.LowerOffset, (uint)configuration.SerialNumber);
            registers.Constant(at + DeviceSerialNumberCapability.UpperOffset, (uint)(configuration.SerialNumber >> 32));
            return at;
        }

        private static int Ari(RegisterTemplateBuilder registers, CapabilityChain chain)
        {
            int at = chain.AppendExtended(PciExtendedCapability.IdAri, AriCapability.Version, AriCapability.Bytes);
            registers.Field(at + AriCapability.CapabilityOffset, AriCapability.CapabilityNextFunctionMask, AccessMode.HwInit);
            return at;
        }

        private static int Sriov(
            RegisterTemplateBuilder registers, CapabilityChain chain, EndpointConfiguration configuration, bool isFunctionZero)
        {
            int at = chain.AppendExtended(PciExtendedCapability.IdSriov, SriovCapability.Version, SriovCapability.Bytes);
            registers.Constant(
                at + SriovCapability.CapabilitiesOffset,
                SriovCapability.CapabilitiesTenBitTagRequesterMask
                | (isFunctionZero ? SriovCapability.CapabilitiesAriHierarchyPreservedMask : 0));
            int control = at + SriovCapability.ControlOffset;
            registers.Field(
                control,
                SriovCapability.ControlVfEnableMask | SriovCapability.ControlVfMseMask
                | SriovCapability.ControlTenBitTagRequesterMask,
                AccessMode.ReadWrite);
            registers.OnWrite(control, WriteEffect.SriovControl);
            if (isFunctionZero)
            {
                // Kept by FLR: it places the VFs of every PF, and the reset of one function must not move another's.
                registers.Field(control, SriovCapability.ControlAriCapableHierarchyMask, AccessMode.ReadWriteKeptByFlr);
            }

            registers.Constant(at + SriovCapability.InitialVFsOffset, (uint)configuration.TotalVFs);
            registers.Constant(at + SriovCapability.TotalVFsOffset, (uint)configuration.TotalVFs);
            registers.Field(at + SriovCapability.NumVFsOffset, 0xFFFF, AccessMode.ReadWrite);
            registers.OnWrite(at + SriovCapability.NumVFsOffset, WriteEffect.NumVFs);
            registers.Field(at + SriovCapability.FunctionDependencyLinkOffset, 0xFF, AccessMode.HwInit);
            registers.Field(at + SriovCapability.FirstVfOffsetOffset, 0xFFFF, AccessMode.ReadOnlyStatus);
            registers.Field(at + SriovCapability.VfStrideOffset, 0xFFFF, AccessMode.ReadOnlyStatus);
            registers.Constant(
                at + SriovCapability.VfDeviceIdOffset, VirtioPciId.DeviceBase + VirtioPciId.NetworkDevice);
            registers.Constant(at + SriovCapability.SupportedPageSizesOffset, SriovCapability.RequiredPageSizes);
            registers.Constant(at + SriovCapability.SystemPageSizeOffset, SriovCapability.SystemPageSizeReset);
            registers.Field(
                at + SriovCapability.SystemPageSizeOffset, SriovCapability.RequiredPageSizes, AccessMode.ReadWrite);
            registers.OnWrite(at + SriovCapability.SystemPageSizeOffset, WriteEffect.SystemPageSize);
            DeclareBars(registers, configuration, at + SriovCapability.VfBar0Offset, true, WriteEffect.VfBar);
            return at;
        }

        private static int Tph(RegisterTemplateBuilder registers, CapabilityChain chain, EndpointConfiguration configuration)
        {
            int at = chain.AppendExtended(
                PciExtendedCapability.IdTphRequester, TphRequesterCapability.Version, TphRequesterCapability.Bytes);
            registers.Constant(
                at + TphRequesterCapability.CapabilityOffset,
                TphRequesterCapability.CapabilityNoStModeMask | TphRequesterCapability.CapabilityInterruptVectorModeMask
                | (TphRequesterCapability.StTableInMsixTable << TphRequesterCapability.StTableLocationShift)
                | ((uint)(configuration.PfMsixVectors - 1) << TphRequesterCapability.StTableSizeShift));
            registers.Field(
                at + TphRequesterCapability.ControlOffset,
                TphRequesterCapability.ControlStModeSelectMask | TphRequesterCapability.ControlRequesterEnableMask,
                AccessMode.ReadWrite);
            return at;
        }

        private static int Ltr(RegisterTemplateBuilder registers, CapabilityChain chain)
        {
            int at = chain.AppendExtended(PciExtendedCapability.IdLtr, LtrCapability.Version, LtrCapability.Bytes);
            registers.Field(
                at + LtrCapability.MaxSnoopOffset,
                LtrCapability.MaxSnoopLatencyValueMask | LtrCapability.MaxSnoopLatencyScaleMask, AccessMode.ReadWrite);
            registers.Field(
                at + LtrCapability.MaxNoSnoopOffset,
                LtrCapability.MaxNoSnoopLatencyValueMask | LtrCapability.MaxNoSnoopLatencyScaleMask, AccessMode.ReadWrite);
            return at;
        }

        private static int SecondaryPciExpress(
            RegisterTemplateBuilder registers, CapabilityChain chain, EndpointConfiguration configuration)
        {
            int at = chain.AppendExtended(
                PciExtendedCapability.IdSecondaryPciExpress, SecondaryPciExpressCapability.Version,
                SecondaryPciExpressCapability.FixedBytes + (configuration.LinkWidth * SecondaryPciExpressCapability.LaneBytes));
            registers.Field(
                at + SecondaryPciExpressCapability.LaneErrorStatusOffset, (uint)(1 << configuration.LinkWidth) - 1,
                AccessMode.WriteOneToClearSticky);
            return at;
        }
    }
}
