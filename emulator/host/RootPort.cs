// The root port above the endpoint: the host's own function, its windows and its link. RootPort.Slot.cs has what a hand at
// the slot does, RootPort.Registers.cs which registers there are. Knows nothing of what is behind it.
using SmartNicFw.Firmware.Config;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Host;

/// <summary>
/// A root port with a hot-plug slot: type 1 header, power management, MSI, PCI Express with ARI Forwarding, CRS Software
/// Visibility and link state reporting. Source: PCI Express Base Specification 5.0, 6.7, 7.5.1.3 and 7.5.3.
/// </summary>
public sealed partial class RootPort
{
    private readonly ConfigRegisters _registers;
    private readonly int _msi;

    /// <summary>Makes a port after reset: no bus behind it, all windows closed, the endpoint in its slot.</summary>
    /// <param name="linkSpeed">Speed of its link, as in Link Capabilities.</param>
    /// <param name="linkWidth">Lanes of its link.</param>
    /// <param name="supportsAri">Whether it can forward to more than eight functions.</param>
    /// <param name="slotNumber">Physical Slot Number, 0 to 8191.</param>
    public RootPort(int linkSpeed, int linkWidth, bool supportsAri, int slotNumber = 1)
    {
        (RegisterTemplate template, _msi) = BuildTemplate(linkSpeed, linkWidth, supportsAri, slotNumber);
        _registers = new ConfigRegisters(template);
        Reset();
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

    /// <summary>Whether requests can pass: an endpoint is in the slot and its link is not held in reset.</summary>
    public bool IsLinkActive => IsOccupied && !HoldsReset;

    /// <summary>Gives every register its reset value. What is in the slot stays there.</summary>
    public void Reset()
    {
        _registers.Reset();
        _wasLinkActive = IsLinkActive;
        ShowSlot(events: 0);
    }

    /// <summary>Whether the port passes an address on to the endpoint: it is in a window, and the link is up.</summary>
    public bool Forwards(ulong address) => IsLinkActive && IsInWindow(address);

    /// <summary>Whether an address lies in one of the port's memory windows and the port decodes them.</summary>
    public bool IsInWindow(ulong address)
    {
        if ((Word(PciConfigHeader.CommandOffset) & PciConfigHeader.CommandMemorySpaceEnableMask) == 0)
        {
            return false;
        }

        ulong memoryBase = WindowAddress(PciBridgeHeader.MemoryBaseOffset);
        ulong memoryEnd = WindowAddress(PciBridgeHeader.MemoryLimitOffset) + PciBridgeHeader.WindowGranularityBytes;
        ulong prefetchBase = WindowAddress(PciBridgeHeader.PrefetchableBaseOffset)
            | ((ulong)Read(PciBridgeHeader.PrefetchableBaseUpperOffset) << 32);
        ulong prefetchLast = WindowAddress(PciBridgeHeader.PrefetchableLimitOffset)
            | ((ulong)Read(PciBridgeHeader.PrefetchableLimitUpperOffset) << 32) | (PciBridgeHeader.WindowGranularityBytes - 1);
        return (address >= memoryBase && address < memoryEnd) || (address >= prefetchBase && address <= prefetchLast);
    }

    /// <summary>Reads a doubleword.</summary>
    public uint Read(int offset) => _registers.Read(offset);

    /// <summary>Writes the enabled bytes of a doubleword.</summary>
    public void Write(int offset, uint data, int byteEnables)
    {
        _registers.Write(offset, data, byteEnables);
        LookAtLink();
    }

    private int Byte(int offset) => (int)(Read(offset & ~3) >> ((offset & 3) * 8)) & 0xFF;

    private int Word(int offset) => (int)(Read(offset & ~3) >> ((offset & 2) * 8)) & 0xFFFF;

    private int Register(int offset) => Word(_registers.Offsets.PciExpress + offset);

    private ulong WindowAddress(int offset) => (ulong)(Word(offset) & PciBridgeHeader.WindowAddressMask) << 16;

    private void Show(int offset, int mask, bool isSet) => _registers.Show(_registers.Offsets.PciExpress + offset, mask, isSet);
}
