// Which registers a root port has, and what each bit allows.
using SmartNicFw.Firmware.Config;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Host;

/// <content>The registers, field by field.</content>
public sealed partial class RootPort
{
    // 1AF4:10F0 to 10FF are free for experiments; a root port exists here only as a model of a host's.
    private const int VendorId = 0x1AF4;
    private const int DeviceId = 0x10F0;
    private const uint SlotPowerWatts = 75;

    private static (RegisterTemplate Template, int Msi) BuildTemplate(
        int linkSpeed, int linkWidth, bool supportsAri, int slotNumber)
    {
        var registers = new RegisterTemplateBuilder();
        var chain = new CapabilityChain(registers);
        var offsets = new CapabilityOffsets();
        Header(registers);
        offsets.PowerManagement = chain.Append(PciCapability.IdPowerManagement, PowerManagementCapability.Bytes);
        registers.Constant(
            offsets.PowerManagement + PowerManagementCapability.CapabilitiesOffset, PowerManagementCapability.Version3);
        registers.Constant(
            offsets.PowerManagement + PowerManagementCapability.ControlStatusOffset,
            PowerManagementCapability.ControlStatusNoSoftResetMask);
        int msi = Msi(registers, chain);
        int express = chain.Append(PciCapability.IdPciExpress, PciExpressCapability.Bytes);
        offsets.PciExpress = express;
        Device(registers, express, supportsAri);
        Link(registers, express, linkSpeed, linkWidth);
        Slot(registers, express, slotNumber);
        Root(registers, express);
        return (registers.Build(offsets), msi);
    }

    private static void Header(RegisterTemplateBuilder registers)
    {
        registers.Constant(PciConfigHeader.VendorIdOffset, VendorId);
        registers.Constant(PciConfigHeader.DeviceIdOffset, DeviceId);
        registers.Constant(PciConfigHeader.StatusOffset, PciConfigHeader.StatusCapabilitiesListMask);
        registers.Constant(PciConfigHeader.SubClassOffset, PciConfigHeader.SubClassPciBridge);
        registers.Constant(PciConfigHeader.BaseClassOffset, PciConfigHeader.BaseClassBridge);
        registers.Constant(PciConfigHeader.HeaderTypeOffset, PciConfigHeader.LayoutType1);
        registers.Field(
            PciConfigHeader.CommandOffset,
            PciConfigHeader.CommandMemorySpaceEnableMask | PciConfigHeader.CommandBusMasterEnableMask
            | PciConfigHeader.CommandSerrEnableMask | PciConfigHeader.CommandInterruptDisableMask,
            AccessMode.ReadWrite);
        registers.Field(PciBridgeHeader.PrimaryBusOffset, 0xFF, AccessMode.ReadWrite);
        registers.Field(PciBridgeHeader.SecondaryBusOffset, 0xFF, AccessMode.ReadWrite);
        registers.Field(PciBridgeHeader.SubordinateBusOffset, 0xFF, AccessMode.ReadWrite);

        // Windows start closed: base above limit. There is no I/O window, so its registers read zero (7.5.1.3.6).
        Window(registers, PciBridgeHeader.MemoryBaseOffset, PciBridgeHeader.WindowAddressMask, 0);
        Window(registers, PciBridgeHeader.MemoryLimitOffset, 0, 0);
        Window(
            registers, PciBridgeHeader.PrefetchableBaseOffset, PciBridgeHeader.WindowAddressMask,
            PciBridgeHeader.PrefetchableWindow64);
        Window(registers, PciBridgeHeader.PrefetchableLimitOffset, 0, PciBridgeHeader.PrefetchableWindow64);
        registers.Field(PciBridgeHeader.PrefetchableBaseUpperOffset, 0xFFFFFFFF, AccessMode.ReadWrite);
        registers.Field(PciBridgeHeader.PrefetchableLimitUpperOffset, 0xFFFFFFFF, AccessMode.ReadWrite);
        registers.Field(PciBridgeHeader.InterruptLineOffset, 0xFF, AccessMode.ReadWrite);
        registers.Field(
            PciBridgeHeader.BridgeControlOffset,
            PciBridgeHeader.BridgeControlSecondaryBusResetMask | PciBridgeHeader.BridgeControlSerrEnableMask
            | PciBridgeHeader.BridgeControlParityErrorResponseMask,
            AccessMode.ReadWrite);
    }

    private static void Window(RegisterTemplateBuilder registers, int offset, int address, int type)
    {
        registers.Constant(offset, (uint)(address | type));
        registers.Field(offset, PciBridgeHeader.WindowAddressMask, AccessMode.ReadWrite);
    }

    // One message, for hot-plug and PME alike: Interrupt Message Number stays 0.
    private static int Msi(RegisterTemplateBuilder registers, CapabilityChain chain)
    {
        int at = chain.Append(PciCapability.IdMsi, MsiCapability.Bytes);
        registers.Constant(at + MsiCapability.MessageControlOffset, MsiCapability.MessageControl64BitMask);
        registers.Field(
            at + MsiCapability.MessageControlOffset,
            MsiCapability.MessageControlEnableMask | MsiCapability.MessageControlMultipleEnableMask, AccessMode.ReadWrite);
        registers.Field(at + MsiCapability.AddressOffset, MsiCapability.AddressMask, AccessMode.ReadWrite);
        registers.Field(at + MsiCapability.UpperAddressOffset, 0xFFFFFFFF, AccessMode.ReadWrite);
        registers.Field(at + MsiCapability.DataOffset, 0xFFFF, AccessMode.ReadWrite);
        return at;
    }

    private static void Device(RegisterTemplateBuilder registers, int at, bool supportsAri)
    {
        registers.Constant(
            at + PciExpressCapability.CapabilitiesOffset,
            PciExpressCapability.Version2 | (PciExpressCapability.PortTypeRootPort << PciExpressCapability.PortTypeShift)
            | PciExpressCapability.CapabilitiesSlotImplementedMask);
        registers.Constant(
            at + PciExpressCapability.DeviceCapabilitiesOffset, PciExpressCapability.DeviceCapabilitiesRoleBasedErrorMask);
        registers.Field(
            at + PciExpressCapability.DeviceControlOffset,
            PciExpressCapability.DeviceControlErrorReporting,
            AccessMode.ReadWrite);
        if (supportsAri)
        {
            registers.Constant(
                at + PciExpressCapability.DeviceCapabilities2Offset, PciExpressCapability.DeviceCapabilities2AriForwardingMask);
            registers.Field(
                at + PciExpressCapability.DeviceControl2Offset, PciExpressCapability.DeviceControl2AriForwardingMask,
                AccessMode.ReadWrite);
        }
    }

    private static void Link(RegisterTemplateBuilder registers, int at, int linkSpeed, int linkWidth)
    {
        uint link = (uint)(linkSpeed | (linkWidth << PciExpressCapability.LinkWidthShift));
        registers.Constant(
            at + PciExpressCapability.LinkCapabilitiesOffset,
            link | PciExpressCapability.LinkCapabilitiesActiveReportingMask
            | PciExpressCapability.LinkCapabilitiesAspmOptionalityMask);
        registers.Constant(at + PciExpressCapability.LinkStatusOffset, link | PciExpressCapability.LinkStatusSlotClockMask);
        registers.Field(
            at + PciExpressCapability.LinkStatusOffset, PciExpressCapability.LinkStatusDataLinkActiveMask, AccessMode.ReadOnlyStatus);
        registers.Constant(
            at + PciExpressCapability.LinkCapabilities2Offset,
            ((1u << linkSpeed) - 1) << PciExpressCapability.SupportedSpeedsShift);
        registers.Constant(at + PciExpressCapability.LinkControl2Offset, (uint)linkSpeed);
        registers.Field(
            at + PciExpressCapability.LinkControl2Offset, PciExpressCapability.LinkControl2TargetSpeedMask, AccessMode.ReadWrite);
        if (linkSpeed >= PciExpressCapability.Speed8000MTs)
        {
            registers.Constant(
                at + PciExpressCapability.LinkStatus2Offset, PciExpressCapability.LinkStatus2EqualizationDone);
        }
    }

    // Nothing on the slot takes commands, so none is ever completed late: No Command Completed Support.
    private static void Slot(RegisterTemplateBuilder registers, int at, int slotNumber)
    {
        registers.Constant(
            at + PciExpressCapability.SlotCapabilitiesOffset,
            PciExpressCapability.SlotCapabilitiesHotPlugCapableMask | PciExpressCapability.SlotCapabilitiesHotPlugSurpriseMask
            | PciExpressCapability.SlotCapabilitiesNoCommandCompletedMask
            | (SlotPowerWatts << PciExpressCapability.SlotPowerLimitValueShift)
            | ((uint)slotNumber << PciExpressCapability.PhysicalSlotNumberShift));

        // Both indicators off: what these fields hold in a slot that has none is free (7.5.3.10), and 0 is no state of one.
        registers.Constant(
            at + PciExpressCapability.SlotControlOffset,
            PciExpressCapability.SlotControlAttentionIndicatorMask | PciExpressCapability.SlotControlPowerIndicatorMask);
        registers.Field(
            at + PciExpressCapability.SlotControlOffset,
            PciExpressCapability.SlotControlPresenceDetectEnableMask | PciExpressCapability.SlotControlHotPlugInterruptEnableMask
            | PciExpressCapability.SlotControlLinkStateEnableMask,
            AccessMode.ReadWrite);
        registers.Field(
            at + PciExpressCapability.SlotStatusOffset,
            PciExpressCapability.SlotStatusPresenceDetectChangedMask | PciExpressCapability.SlotStatusLinkStateChangedMask,
            AccessMode.WriteOneToClear);
        registers.Field(
            at + PciExpressCapability.SlotStatusOffset, PciExpressCapability.SlotStatusPresenceDetectMask, AccessMode.ReadOnlyStatus);
    }

    private static void Root(RegisterTemplateBuilder registers, int at)
    {
        registers.Constant(
            at + PciExpressCapability.RootCapabilitiesOffset,
            PciExpressCapability.RootCapabilitiesCrsSoftwareVisibilityMask);
        registers.Field(
            at + PciExpressCapability.RootControlOffset,
            PciExpressCapability.RootControlCrsSoftwareVisibilityMask | PciExpressCapability.RootControlPmeInterruptMask,
            AccessMode.ReadWrite);
    }
}
