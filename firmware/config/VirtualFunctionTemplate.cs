// The registers of a virtual function: what is its own. Everything else is the PF's and reads zero here.
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Firmware.Config
{
    /// <summary>Builds the template of a virtual function. Source: PCI Express Base Specification 5.0, 9.3.4 to 9.3.7 and 9.4.2.</summary>
    public static class VirtualFunctionTemplate
    {
        // Errors that a VF sees itself; those of the link are the PF's (9.4.2).
        private const uint Uncorrectable =
            AerCapability.UncorrectablePoisonedTlpMask | AerCapability.UncorrectableCompletionTimeoutMask
            | AerCapability.UncorrectableCompleterAbortMask | AerCapability.UncorrectableUnexpectedCompletionMask
            | AerCapability.UncorrectableUnsupportedRequestMask;

        /// <summary>Builds the template.</summary>
        public static RegisterTemplate Build(EndpointConfiguration configuration)
        {
            RegisterTemplateBuilder registers = new RegisterTemplateBuilder();
            CapabilityChain chain = new CapabilityChain(registers);
            CapabilityOffsets offsets = new CapabilityOffsets();

            // Memory Space Enable, the BARs and Interrupt Pin are zero: VF MSE and the VF BARs of the PF stand for them.
            CommonRegisters.Header(registers, configuration, SriovCapability.VfHeaderId, SriovCapability.VfHeaderId);
            offsets.Msix = CommonRegisters.Msix(registers, chain, configuration.VfMsixVectors, configuration.MaxVectors(true));
            offsets.PciExpress = CommonRegisters.PciExpress(registers, chain, configuration);
            CommonRegisters.DeviceCapabilities2(registers, offsets.PciExpress, 0);
            VirtioCapabilities.Declare(registers, chain, offsets);
            offsets.Aer = CommonRegisters.Aer(registers, chain, Uncorrectable, AerCapability.CorrectableAdvisoryNonFatalMask);
            offsets.Ari = chain.AppendExtended(PciExtendedCapability.IdAri, AriCapability.Version, AriCapability.Bytes);
            offsets.Acs = chain.AppendExtended(PciExtendedCapability.IdAcs, AcsCapability.Version, AcsCapability.Bytes);
            return registers.Build(offsets);
        }
    }
}
