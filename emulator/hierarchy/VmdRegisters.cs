// Registers of an Intel Volume Management Device as far as the Linux driver uses them. There is no public specification:
// what is known is what drivers/pci/controller/vmd.c reads and writes.
namespace SmartNicFw.Emulator.Hierarchy;

/// <summary>Identity, configuration registers and BARs of a VMD. Source: Linux, drivers/pci/controller/vmd.c.</summary>
internal static class VmdRegisters
{
    public const int VendorId = 0x8086;

    /// <summary>The VMD of Xeon processors: shadowed MEMBARs, bus restrictions, interrupts with or without remapping.</summary>
    public const int DeviceId = 0x28C0;

    /// <summary>VMCAP, 16 bits: bit 0 says that the buses start at another number than 0.</summary>
    public const int CapabilitiesOffset = 0x40;

    /// <summary>VMCONFIG, 16 bits.</summary>
    public const int ConfigurationOffset = 0x44;

    /// <summary>Set: interrupts of the devices behind pass unchanged. Clear: they name vectors of the VMD.</summary>
    public const int ConfigurationBypassMask = 0x0002;

    /// <summary>VMLOCK, 32 bits.</summary>
    public const int LockOffset = 0x70;

    /// <summary>Set: the shadow registers tell which addresses the MEMBARs have for the devices behind.</summary>
    public const int LockShadowMask = 0x0002;

    /// <summary>BAR with the configuration space of the devices behind, 1 MB a bus.</summary>
    public const int ConfigurationBar = 0;

    /// <summary>BAR with 32-bit memory of the devices behind.</summary>
    public const int MemoryBar1 = 2;

    /// <summary>BAR with the VMD's own registers, and behind them 64-bit memory of the devices behind.</summary>
    public const int MemoryBar2 = 4;

    /// <summary>Bytes of a bus in the configuration BAR.</summary>
    public const int BusShift = 20;

    /// <summary>Bytes of a function in the configuration BAR.</summary>
    public const int FunctionShift = 12;

    /// <summary>Buses behind the VMD.</summary>
    public const int Buses = 32;

    /// <summary>MSI-X table, offset in MEMBAR2.</summary>
    public const int MsixTableOffset = 0x0000;

    /// <summary>MSI-X pending bits, offset in MEMBAR2.</summary>
    public const int MsixPbaOffset = 0x1000;

    /// <summary>Shadow of MEMBAR1 and, 8 bytes on, of MEMBAR2: offset in MEMBAR2.</summary>
    public const int ShadowOffset = 0x2000;

    /// <summary>What the devices behind cannot have of MEMBAR2.</summary>
    public const int OwnBytes = 0x2010;

    /// <summary>Bits 19:12 of a message's address name the vector of the VMD while interrupts are remapped.</summary>
    public const int MessageVectorShift = 12;

    public const int MessageVectorMask = 0xFF;
}
