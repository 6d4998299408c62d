// The five VIRTIO vendor capabilities, alike in PF and VF: they say where in the BARs a driver finds the registers.
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Firmware.Config
{
    /// <summary>Declares the VIRTIO capabilities. Source: VIRTIO 1.4, 4.1.4.</summary>
    internal static class VirtioCapabilities
    {
        public static void Declare(RegisterTemplateBuilder registers, CapabilityChain chain, CapabilityOffsets offsets)
        {
            offsets.VirtioCommon = Locate(
                registers, chain, VirtioPciCapability.CfgTypeCommon, VirtioPciCapability.Bytes,
                BarMap.ControlBar, BarMap.CommonConfigOffset, BarMap.CommonConfigBytes);
            offsets.VirtioNotify = Locate(
                registers, chain, VirtioPciCapability.CfgTypeNotify, VirtioPciCapability.NotifyBytes,
                BarMap.NotifyBar, 0, BarMap.NotifyBytes);
            registers.Constant(
                offsets.VirtioNotify + VirtioPciCapability.NotifyMultiplierOffset, BarMap.NotifyOffMultiplier);
            offsets.VirtioIsr = Locate(
                registers, chain, VirtioPciCapability.CfgTypeIsr, VirtioPciCapability.Bytes,
                BarMap.ControlBar, BarMap.IsrOffset, BarMap.IsrBytes);
            offsets.VirtioDevice = Locate(
                registers, chain, VirtioPciCapability.CfgTypeDevice, VirtioPciCapability.Bytes,
                BarMap.ControlBar, BarMap.DeviceConfigOffset, BarMap.DeviceConfigBytes);

            // The window: the driver chooses where it points (4.1.4.9); bar, offset and length are its to write.
            int window = Locate(
                registers, chain, VirtioPciCapability.CfgTypePciCfg, VirtioPciCapability.PciCfgBytes, 0, 0, 0);
            registers.Field(window + VirtioPciCapability.BarOffset, 0xFF, AccessMode.ReadWrite);
            registers.Field(window + VirtioPciCapability.OffsetOffset, 0xFFFFFFFF, AccessMode.ReadWrite);
            registers.Field(window + VirtioPciCapability.LengthOffset, 0xFFFFFFFF, AccessMode.ReadWrite);
            registers.OnWrite(window + VirtioPciCapability.PciCfgDataOffset, WriteEffect.PciCfgData);
            offsets.VirtioPciCfg = window;
        }

        private static int Locate(
            RegisterTemplateBuilder registers, CapabilityChain chain, int cfgType, int bytes, int bar, int offset, int length)
        {
            int at = chain.Append(PciCapability.IdVendorSpecific, bytes);
            registers.Constant(at + VirtioPciCapability.LengthOfCapOffset, (uint)bytes);
            registers.Constant(at + VirtioPciCapability.CfgTypeOffset, (uint)cfgType);
            registers.Constant(at + VirtioPciCapability.BarOffset, (uint)bar);
            registers.Constant(at + VirtioPciCapability.OffsetOffset, (uint)offset);
            registers.Constant(at + VirtioPciCapability.LengthOffset, (uint)length);
            return at;
        }
    }
}
