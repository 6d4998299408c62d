// The root port above the endpoint: the host's own function, with the registers that enumeration needs.
using SmartNicFw.Firmware.Config;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Host;

/// <summary>
/// Configuration registers of a root port: type 1 header, power management, PCI Express with ARI Forwarding and CRS
/// Software Visibility. Source: PCI Express Base Specification 5.0, 7.5.1.3 and 7.5.3.
/// </summary>
public sealed class RootPort
{
    // 1AF4:10F0 to 10FF are free for experiments; a root port exists here only as a model of a host's.
    private const int VendorId = 0x1AF4;
    private const int DeviceId = 0x10F0;
    private readonly RegisterTemplate _template;
    private readonly uint[] _state;

    /// <summary>Makes a port after reset: no bus behind it, all windows closed.</summary>
    /// <param name="linkSpeed">Speed of its link, as in Link Capabilities.</param>
    /// <param name="linkWidth">Lanes of its link.</param>
    /// <param name="supportsAri">Whether it can forward to more than eight functions.</param>
    public RootPort(int linkSpeed, int linkWidth, bool supportsAri)
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
        offsets.PciExpress = PciExpress(registers, chain, linkSpeed, linkWidth, supportsAri);
        _template = registers.Build(offsets);
        _state = new uint[_template.SlotCount];
        for (int slot = 0; slot < _state.Length; slot++)
        {
            _state[slot] = _template.ValueAfterReset(slot, 0, ResetKind.Fundamental);
        }
    }

    /// <summary>Bus right behind the port.</summary>
    public int SecondaryBus => Byte(PciBridgeHeader.SecondaryBusOffset);

    /// <summary>Highest bus behind the port.</summary>
    public int SubordinateBus => Byte(PciBridgeHeader.SubordinateBusOffset);

    /// <summary>ARI Forwarding Enable: type 0 requests reach functions 8 to 255 too.</summary>
    public bool ForwardsAri => (Register(PciExpressCapability.DeviceControl2Offset)
        & PciExpressCapability.DeviceControl2AriForwardingMask) != 0;

    /// <summary>CRS Software Visibility Enable: a Vendor ID read that is retried returns 0001h.</summary>
    public bool ShowsRetries => (Register(PciExpressCapability.RootControlOffset)
        & PciExpressCapability.RootControlCrsSoftwareVisibilityMask) != 0;

    /// <summary>Secondary Bus Reset, while it is asserted.</summary>
    public bool HoldsReset => (Word(PciBridgeHeader.BridgeControlOffset)
        & PciBridgeHeader.BridgeControlSecondaryBusResetMask) != 0;

    /// <summary>Whether the port's memory windows pass an address on to the endpoint.</summary>
    public bool Forwards(ulong address)
    {
        if ((Word(PciConfigHeader.CommandOffset) & PciConfigHeader.CommandMemorySpaceEnableMask) == 0)
        {
            return false;
        }

        ulong memoryBase = WindowAddress(PciBridgeHeader.MemoryBaseOffset);
        ulong memoryEnd = WindowAddress(PciBridgeHeader.MemoryLimitOffset) + PciBridgeHeader.WindowGranularityBytes;
        ulong prefetchBase = WindowAddress(PciBridgeHeader.PrefetchableBaseOffset)
            | ((ulong)Read(PciBridgeHeader.PrefetchableBaseUpperOffset) << 32);
        ulong prefetchEnd = (WindowAddress(PciBridgeHeader.PrefetchableLimitOffset)
            | ((ulong)Read(PciBridgeHeader.PrefetchableLimitUpperOffset) << 32)) + PciBridgeHeader.WindowGranularityBytes;
        return (address >= memoryBase && address < memoryEnd) || (address >= prefetchBase && address < prefetchEnd);
    }

    /// <summary>Reads a doubleword.</summary>
    public uint Read(int offset)
    {
        int slot = _template.SlotAt(offset);
        return slot == RegisterTemplate.NoSlot ? _template.ResetValueAt(offset) : _state[slot];
    }

    /// <summary>Writes the enabled bytes of a doubleword.</summary>
    public void Write(int offset, uint data, int byteEnables)
    {
        int slot = _template.SlotAt(offset);
        if (slot != RegisterTemplate.NoSlot)
        {
            _state[slot] = _template.ValueAfterWrite(slot, _state[slot], data, RegisterTemplate.LanesOf(byteEnables));
        }
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
            | PciConfigHeader.CommandSerrEnableMask,
            AccessMode.ReadWrite);
        registers.Field(PciBridgeHeader.PrimaryBusOffset, 0xFF, AccessMode.ReadWrite);
        registers.Field(PciBridgeHeader.SecondaryBusOffset, 0xFF, AccessMode.ReadWrite);
        registers.Field(PciBridgeHeader.SubordinateBusOffset, 0xFF, AccessMode.ReadWrite);

        // Windows start closed: base above limit. There is no I/O window, nor I/O behind the port.
        registers.Constant(PciBridgeHeader.IoBaseOffset, PciBridgeHeader.IoWindowClosed);
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
            PciBridgeHeader.BridgeControlSecondaryBusResetMask | PciBridgeHeader.BridgeControlSerrEnableMask,
            AccessMode.ReadWrite);
    }

    private static void Window(RegisterTemplateBuilder registers, int offset, int address, int type)
    {
        registers.Constant(offset, (uint)(address | type));
        registers.Field(offset, PciBridgeHeader.WindowAddressMask, AccessMode.ReadWrite);
    }

    private static int PciExpress(
        RegisterTemplateBuilder registers, CapabilityChain chain, int linkSpeed, int linkWidth, bool supportsAri)
    {
        int at = chain.Append(PciCapability.IdPciExpress, PciExpressCapability.Bytes);
        registers.Constant(
            at + PciExpressCapability.CapabilitiesOffset,
            PciExpressCapability.Version2 | (PciExpressCapability.PortTypeRootPort << PciExpressCapability.PortTypeShift));
        registers.Constant(
            at + PciExpressCapability.DeviceCapabilitiesOffset, PciExpressCapability.DeviceCapabilitiesRoleBasedErrorMask);
        uint link = (uint)(linkSpeed | (linkWidth << PciExpressCapability.LinkWidthShift));
        registers.Constant(
            at + PciExpressCapability.LinkCapabilitiesOffset,
            link | PciExpressCapability.LinkCapabilitiesActiveReportingMask
            | PciExpressCapability.LinkCapabilitiesAspmOptionalityMask);
        registers.Constant(
            at + PciExpressCapability.LinkStatusOffset, link | PciExpressCapability.LinkStatusDataLinkActiveMask | PciExpressCapability.LinkStatusSlotClockMask);
        registers.Constant(
            at + PciExpressCapability.RootCapabilitiesOffset,
            PciExpressCapability.RootCapabilitiesCrsSoftwareVisibilityMask);
        registers.Field(
            at + PciExpressCapability.RootControlOffset, PciExpressCapability.RootControlCrsSoftwareVisibilityMask,
            AccessMode.ReadWrite);
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

        if (supportsAri)
        {
            registers.Constant(
                at + PciExpressCapability.DeviceCapabilities2Offset, PciExpressCapability.DeviceCapabilities2AriForwardingMask);
            registers.Field(
                at + PciExpressCapability.DeviceControl2Offset, PciExpressCapability.DeviceControl2AriForwardingMask,
                AccessMode.ReadWrite);
        }

        return at;
    }

    private int Byte(int offset) => (int)(Read(offset & ~3) >> ((offset & 3) * 8)) & 0xFF;

    private int Word(int offset) => (int)(Read(offset & ~3) >> ((offset & 2) * 8)) & 0xFFFF;

    private int Register(int offset) => Word(_template.Offsets.PciExpress + offset);

    private ulong WindowAddress(int offset) => (ulong)(Word(offset) & PciBridgeHeader.WindowAddressMask) << 16;
}
