// The VMD controller's own configuration space: who it is, where its BARs are, how interrupts go. Does nothing by itself.
using System;
using System.Numerics;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Firmware;
using SmartNicFw.Firmware.Config;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Hierarchy;

/// <summary>
/// An integrated endpoint of class RAID controller with three memory BARs, PCI Express and MSI-X. The registers of
/// <see cref="VmdRegisters"/> lie where capabilities usually start, so the chain starts behind them.
/// </summary>
internal sealed class VmdConfigSpace
{
    public const int Bytes = PciExtendedCapability.RegionEnd;

    private const int PciExpressOffset = 0x80;
    private const int MsixOffset = 0xC0;
    private const ulong BusBytes = 1UL << VmdRegisters.BusShift;
    private const ulong MinMemoryBytes = 32UL << 20;

    // What Linux adds to the window of a hot-plug port, and what its alignment costs beside the VMD's own registers.
    private const ulong SpareBytes = 4UL << 20;

    private readonly ConfigRegisters _registers;

    /// <summary>Makes the space, as after reset.</summary>
    /// <param name="endpoint">What is behind, so that MEMBAR2 has room for it.</param>
    public VmdConfigSpace(EndpointConfiguration endpoint, VmdOptions options)
    {
        MemoryBar2Bytes = Math.Max(MinMemoryBytes, BitOperations.RoundUpToPowerOf2(EndpointBytes(endpoint) + SpareBytes));
        _registers = new ConfigRegisters(Build(endpoint, options));
    }

    /// <summary>Size of CFGBAR.</summary>
    public static ulong ConfigurationBarBytes => VmdRegisters.Buses * BusBytes;

    /// <summary>Size of MEMBAR1.</summary>
    public static ulong MemoryBar1Bytes => MinMemoryBytes;

    /// <summary>Size of MEMBAR2.</summary>
    public ulong MemoryBar2Bytes { get; }

    /// <summary>True when interrupts of the devices behind pass unchanged.</summary>
    public bool PassesInterrupts => (Read(VmdRegisters.ConfigurationOffset) & VmdRegisters.ConfigurationBypassMask) != 0;

    /// <summary>Address of a BAR, as the host has written it.</summary>
    /// <param name="bar">Index of its lower register.</param>
    public ulong BarAddress(int bar)
    {
        uint lower = Read(PciConfigHeader.Bar0Offset + (bar * PciConfigHeader.BarBytes));
        ulong upper = (lower & PciConfigHeader.BarTypeMask) == PciConfigHeader.BarType64
            ? Read(PciConfigHeader.Bar0Offset + ((bar + 1) * PciConfigHeader.BarBytes))
            : 0;
        return (upper << 32) | (lower & PciConfigHeader.BarMemoryAddressMask);
    }

    /// <summary>Gives every register its reset value.</summary>
    public void Reset() => _registers.Reset();

    /// <summary>Reads a doubleword.</summary>
    public uint Read(int offset) => _registers.Read(offset);

    /// <summary>Writes the enabled bytes of a doubleword.</summary>
    public void Write(int offset, uint data, int byteEnables) => _registers.Write(offset, data, byteEnables);

    // BARs of all functions: those of VFs take their size TotalVFs times, and are aligned to it at the most.
    private static ulong EndpointBytes(EndpointConfiguration endpoint)
    {
        ulong bytes = 0;
        for (int bar = 0; bar < BarMap.RegionCount * BarMap.BarsPerRegion; bar += BarMap.BarsPerRegion)
        {
            bytes += (ulong)endpoint.RegionBytes(bar, isVirtual: false);
            bytes += (ulong)endpoint.RegionBytes(bar, isVirtual: true) * (ulong)endpoint.TotalVFs;
        }

        return bytes * (ulong)endpoint.PhysicalFunctions;
    }

    private RegisterTemplate Build(EndpointConfiguration endpoint, VmdOptions options)
    {
        var registers = new RegisterTemplateBuilder();
        registers.Constant(PciConfigHeader.VendorIdOffset, VmdRegisters.VendorId);
        registers.Constant(PciConfigHeader.DeviceIdOffset, VmdRegisters.DeviceId);
        registers.Constant(PciConfigHeader.StatusOffset, PciConfigHeader.StatusCapabilitiesListMask);
        registers.Constant(PciConfigHeader.SubClassOffset, PciConfigHeader.SubClassRaid);
        registers.Constant(PciConfigHeader.BaseClassOffset, PciConfigHeader.BaseClassStorage);
        registers.Constant(PciConfigHeader.SubsystemVendorIdOffset, (uint)endpoint.SubsystemVendorId);
        registers.Constant(PciConfigHeader.SubsystemIdOffset, (uint)endpoint.SubsystemId);
        registers.Constant(PciConfigHeader.CapabilitiesPointerOffset, PciExpressOffset);
        registers.Field(
            PciConfigHeader.CommandOffset,
            PciConfigHeader.CommandMemorySpaceEnableMask | PciConfigHeader.CommandBusMasterEnableMask
            | PciConfigHeader.CommandInterruptDisableMask,
            AccessMode.ReadWrite);
        registers.Field(PciConfigHeader.InterruptLineOffset, 0xFF, AccessMode.ReadWrite);
        Bar(registers, VmdRegisters.ConfigurationBar, ConfigurationBarBytes, is64Bit: true);
        Bar(registers, VmdRegisters.MemoryBar1, MemoryBar1Bytes, is64Bit: false);
        Bar(registers, VmdRegisters.MemoryBar2, MemoryBar2Bytes, is64Bit: true);
        registers.Field(VmdRegisters.ConfigurationOffset, VmdRegisters.ConfigurationBypassMask, AccessMode.ReadWrite);
        registers.Constant(VmdRegisters.LockOffset, options.OffersRemap ? VmdRegisters.LockShadowMask : 0u);
        PciExpress(registers);
        Msix(registers);
        return registers.Build(new CapabilityOffsets { PciExpress = PciExpressOffset, Msix = MsixOffset });
    }

    private static void Bar(RegisterTemplateBuilder registers, int bar, ulong bytes, bool is64Bit)
    {
        int offset = PciConfigHeader.Bar0Offset + (bar * PciConfigHeader.BarBytes);
        ulong address = ~(bytes - 1);
        registers.Constant(offset, is64Bit ? PciConfigHeader.BarType64 | PciConfigHeader.BarPrefetchableMask : 0);
        registers.Field(offset, (uint)address & PciConfigHeader.BarMemoryAddressMask, AccessMode.ReadWrite);
        if (is64Bit)
        {
            registers.Field(offset + PciConfigHeader.BarBytes, (uint)(address >> 32), AccessMode.ReadWrite);
        }
    }

    // An integrated endpoint has no link (7.5.3.1).
    private static void PciExpress(RegisterTemplateBuilder registers)
    {
        registers.Constant(PciExpressOffset + PciCapability.IdOffset, PciCapability.IdPciExpress);
        registers.Constant(PciExpressOffset + PciCapability.NextOffset, MsixOffset);
        registers.Constant(
            PciExpressOffset + PciExpressCapability.CapabilitiesOffset,
            PciExpressCapability.Version2 | (PciExpressCapability.PortTypeIntegratedEndpoint << PciExpressCapability.PortTypeShift));
        registers.Constant(
            PciExpressOffset + PciExpressCapability.DeviceCapabilitiesOffset, PciExpressCapability.DeviceCapabilitiesRoleBasedErrorMask);
        registers.Field(
            PciExpressOffset + PciExpressCapability.DeviceControlOffset,
            PciExpressCapability.DeviceControlErrorReporting,
            AccessMode.ReadWrite);
    }

    private static void Msix(RegisterTemplateBuilder registers)
    {
        registers.Constant(MsixOffset + PciCapability.IdOffset, PciCapability.IdMsix);
        registers.Constant(MsixOffset + MsixCapability.MessageControlOffset, VmdOptions.Vectors - 1);
        registers.Field(
            MsixOffset + MsixCapability.MessageControlOffset,
            MsixCapability.MessageControlEnableMask | MsixCapability.MessageControlFunctionMaskMask, AccessMode.ReadWrite);
        registers.Constant(MsixOffset + MsixCapability.TableOffset, VmdRegisters.MsixTableOffset | VmdRegisters.MemoryBar2);
        registers.Constant(MsixOffset + MsixCapability.PbaOffset, VmdRegisters.MsixPbaOffset | VmdRegisters.MemoryBar2);
    }
}
