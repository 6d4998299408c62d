// How host software learns of a function by configuration accesses alone: capabilities and BAR sizes.
using System.Collections.Generic;
using System.Linq;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Host;

/// <summary>Walks capability chains and sizes BARs, as the kernel's PCI core does.</summary>
public static class ConfigProbe
{
    private const uint NothingThere = 0xFFFFFFFF;

    /// <summary>Walks both chains. A chain that loops or leaves its region ends where it goes wrong.</summary>
    public static IReadOnlyList<HostCapability> Capabilities(RootComplex host, PciAddress address)
    {
        var found = new List<HostCapability>();
        int offset = (int)host.Read(address, PciConfigHeader.CapabilitiesPointerOffset, 1) & ~3;
        while (offset >= PciCapability.FirstOffset && offset < PciCapability.RegionEnd && found.All(earlier => earlier.Offset != offset))
        {
            uint header = host.Read(address, offset, 2);
            found.Add(new HostCapability((int)header & 0xFF, 0, offset, IsExtended: false));
            offset = (int)(header >> 8) & ~3;
        }

        offset = PciExtendedCapability.FirstOffset;
        while (offset >= PciExtendedCapability.FirstOffset && found.All(earlier => earlier.Offset != offset))
        {
            uint header = host.Read(address, offset, 4);
            if (header is 0 or NothingThere)
            {
                break;
            }

            found.Add(new HostCapability(
                (int)(header & PciExtendedCapability.HeaderIdMask),
                (int)((header & PciExtendedCapability.HeaderVersionMask) >> PciExtendedCapability.HeaderVersionShift),
                offset, IsExtended: true));
            offset = (int)(header >> PciExtendedCapability.HeaderNextShift) & ~3;
        }

        return found;
    }

    /// <summary>
    /// Sizes the BARs from an offset: all ones written, the value read, the old value restored
    /// (PCI Express Base Specification 5.0, 7.5.1.2.1). The function must not decode memory meanwhile.
    /// </summary>
    public static IReadOnlyList<HostBar> SizeBars(RootComplex host, PciAddress address, int bar0)
    {
        var bars = new List<HostBar>();
        for (int index = 0; index < PciConfigHeader.BarCount; index++)
        {
            int offset = bar0 + (index * PciConfigHeader.BarBytes);
            uint lower = SizeRegister(host, address, offset);
            if (lower == 0)
            {
                continue;
            }

            bool is64Bit = (lower & PciConfigHeader.BarTypeMask) == PciConfigHeader.BarType64;
            ulong mask = lower & PciConfigHeader.BarMemoryAddressMask;
            mask |= (ulong)(is64Bit ? SizeRegister(host, address, offset + PciConfigHeader.BarBytes) : 0xFFFFFFFF) << 32;
            bars.Add(new HostBar(index, ~mask + 1, is64Bit, (lower & PciConfigHeader.BarPrefetchableMask) != 0));
            index += is64Bit ? 1 : 0;
        }

        return bars;
    }

    /// <summary>Writes the address of a BAR.</summary>
    public static void WriteBar(RootComplex host, PciAddress address, int bar0, HostBar bar)
    {
        int offset = bar0 + (bar.Index * PciConfigHeader.BarBytes);
        host.Write(address, offset, 4, (uint)bar.Address);
        if (bar.Is64Bit)
        {
            host.Write(address, offset + PciConfigHeader.BarBytes, 4, (uint)(bar.Address >> 32));
        }
    }

    private static uint SizeRegister(RootComplex host, PciAddress address, int offset)
    {
        uint before = host.Read(address, offset, 4);
        host.Write(address, offset, 4, 0xFFFFFFFF);
        uint sized = host.Read(address, offset, 4);
        host.Write(address, offset, 4, before);
        return sized;
    }
}
