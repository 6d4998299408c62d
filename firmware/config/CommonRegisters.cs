// Registers that a PF and a VF have alike, or that differ in a few bits only.
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Firmware.Config
{
    /// <summary>Declares the registers common to both kinds of function.</summary>
    internal static class CommonRegisters
    {
        /// <summary>Status bits that software clears by writing 1 (7.5.1.1.4).</summary>
        public const uint StatusErrors =
            PciConfigHeader.StatusMasterDataParityErrorMask | PciConfigHeader.StatusSignaledTargetAbortMask
            | PciConfigHeader.StatusReceivedTargetAbortMask | PciConfigHeader.StatusReceivedMasterAbortMask
            | PciConfigHeader.StatusSignaledSystemErrorMask | PciConfigHeader.StatusDetectedParityErrorMask;

        /// <summary>Device Status bits that software clears by writing 1 (7.5.3.5).</summary>
        public const uint DeviceStatusErrors =
            PciExpressCapability.DeviceStatusCorrectableDetectedMask | PciExpressCapability.DeviceStatusNonFatalDetectedMask
            | PciExpressCapability.DeviceStatusFatalDetectedMask | PciExpressCapability.DeviceStatusUnsupportedDetectedMask;

        /// <summary>Identity and status of the header; the IDs that differ are passed in.</summary>
        public static void Header(RegisterTemplateBuilder registers, EndpointConfiguration configuration, int vendorId, int deviceId)
        {
            registers.Constant(PciConfigHeader.VendorIdOffset, (uint)vendorId);
            registers.Constant(PciConfigHeader.DeviceIdOffset, (uint)deviceId);
            registers.Constant(PciConfigHeader.StatusOffset, PciConfigHeader.StatusCapabilitiesListMask);
            registers.Field(PciConfigHeader.StatusOffset, StatusErrors, AccessMode.WriteOneToClear);
            registers.Field(PciConfigHeader.CommandOffset, PciConfigHeader.CommandBusMasterEnableMask, AccessMode.ReadWrite);
            registers.OnWrite(PciConfigHeader.CommandOffset, WriteEffect.Command);
            registers.Constant(PciConfigHeader.RevisionIdOffset, VirtioPciId.MinRevision);
            registers.Constant(PciConfigHeader.SubClassOffset, PciConfigHeader.SubClassEthernet);
            registers.Constant(PciConfigHeader.BaseClassOffset, PciConfigHeader.BaseClassNetwork);
            registers.Constant(PciConfigHeader.SubsystemVendorIdOffset, (uint)configuration.SubsystemVendorId);
            registers.Constant(PciConfigHeader.SubsystemIdOffset, (uint)configuration.SubsystemId);
        }

        /// <summary>MSI-X, with its table and pending bits where <see cref="BarMap"/> has them.</summary>
        public static int Msix(RegisterTemplateBuilder registers, CapabilityChain chain, int vectors, int room)
        {
            int at = chain.Append(PciCapability.IdMsix, MsixCapability.Bytes);
            int control = at + MsixCapability.MessageControlOffset;
            registers.Constant(control, (uint)(vectors - 1));
            registers.Field(control, MsixCapability.MessageControlTableSizeMask, AccessMode.HwInit);
            registers.Field(
                control, MsixCapability.MessageControlEnableMask | MsixCapability.MessageControlFunctionMaskMask,
                AccessMode.ReadWrite);
            registers.OnWrite(control, WriteEffect.MessageControl);
            registers.Constant(at + MsixCapability.TableOffset, BarMap.MsixBar);
            registers.Constant(at + MsixCapability.PbaOffset, (uint)(BarMap.PbaOffset(room) | BarMap.MsixBar));
            return at;
        }

        /// <summary>
        /// What the PCI Express capability of every function says alike: capabilities of device and link, and error
        /// status. The control registers belong to the PF; a VF has only Initiate FLR (9.3.5.4).
        /// </summary>
        public static int PciExpress(RegisterTemplateBuilder registers, CapabilityChain chain, EndpointConfiguration configuration)
        {
            int at = chain.Append(PciCapability.IdPciExpress, PciExpressCapability.Bytes);
            registers.Constant(
                at + PciExpressCapability.CapabilitiesOffset,
                PciExpressCapability.Version2 | (PciExpressCapability.PortTypeEndpoint << PciExpressCapability.PortTypeShift));
            registers.Constant(
                at + PciExpressCapability.DeviceCapabilitiesOffset,
                (uint)PayloadEncoding(configuration.MaxPayloadBytes) | PciExpressCapability.DeviceCapabilitiesExtendedTagMask
                | PciExpressCapability.DeviceCapabilitiesRoleBasedErrorMask
                | PciExpressCapability.DeviceCapabilitiesFunctionLevelResetMask);
            registers.OnWrite(at + PciExpressCapability.DeviceControlOffset, WriteEffect.DeviceControl);
            registers.Field(at + PciExpressCapability.DeviceStatusOffset, DeviceStatusErrors, AccessMode.WriteOneToClear);
            registers.Field(
                at + PciExpressCapability.DeviceStatusOffset, PciExpressCapability.DeviceStatusTransactionsPendingMask,
                AccessMode.ReadOnlyStatus);
            registers.Constant(
                at + PciExpressCapability.LinkCapabilitiesOffset,
                (uint)(configuration.LinkSpeed | (configuration.LinkWidth << PciExpressCapability.LinkWidthShift))
                | PciExpressCapability.LinkCapabilitiesAspmOptionalityMask);
            registers.Constant(
                at + PciExpressCapability.LinkCapabilities2Offset,
                (uint)((1 << configuration.LinkSpeed) - 1) << PciExpressCapability.SupportedSpeedsShift);
            return at;
        }

        /// <summary>
        /// Device Capabilities 2, which a PF and a VF share but for LTR: 10-bit tags as requester are the PF's here,
        /// and stand for VFs in the SR-IOV capability (9.3.3.2).
        /// </summary>
        public static void DeviceCapabilities2(RegisterTemplateBuilder registers, int express, uint more)
        {
            registers.Constant(
                express + PciExpressCapability.DeviceCapabilities2Offset,
                PciExpressCapability.CompletionTimeoutRangesAll | PciExpressCapability.DeviceCapabilities2CompletionTimeoutDisableMask
                | PciExpressCapability.DeviceCapabilities2TenBitTagCompleterMask
                | PciExpressCapability.DeviceCapabilities2ExtendedFmtMask | more);
        }

        /// <summary>Encoding of a Max_Payload_Size: 128 bytes shifted left by it.</summary>
        public static int PayloadEncoding(int bytes)
        {
            int encoding = 0;
            while ((PciExpressCapability.MinPayloadBytes << encoding) < bytes)
            {
                encoding++;
            }

            return encoding;
        }

        /// <summary>The part of AER that records errors of the function itself; masks and severities are the PF's (9.4.2).</summary>
        public static int Aer(RegisterTemplateBuilder registers, CapabilityChain chain, uint uncorrectable, uint correctable)
        {
            int at = chain.AppendExtended(PciExtendedCapability.IdAer, AerCapability.Version, AerCapability.Bytes);
            registers.Field(at + AerCapability.UncorrectableStatusOffset, uncorrectable, AccessMode.WriteOneToClearSticky);
            registers.Field(at + AerCapability.CorrectableStatusOffset, correctable, AccessMode.WriteOneToClearSticky);
            registers.Field(
                at + AerCapability.ControlOffset, AerCapability.ControlFirstErrorPointerMask, AccessMode.ReadOnlySticky);
            for (int word = 0; word < AerCapability.HeaderLogWords; word++)
            {
                registers.Field(at + AerCapability.HeaderLogOffset + (word * 4), 0xFFFFFFFF, AccessMode.ReadOnlySticky);
            }

            return at;
        }
    }
}
