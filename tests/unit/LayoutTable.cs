// Every register layout of hal/spec as data: which registers follow each other, how large they are, which bits are reserved.
using System;
using System.Collections.Generic;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Tests.Unit;

/// <summary>One register, or one gap, of a layout.</summary>
/// <param name="Name">Name of the register: its constant is Name + "Offset". Null for a gap.</param>
/// <param name="Bytes">Size in bytes.</param>
/// <param name="Reserved">Bits without a name, for a register that has named bits.</param>
/// <param name="MaskPrefix">What the names of its masks start with, when not with the register's own.</param>
/// <param name="Why">What a gap is.</param>
internal sealed record LayoutRow(string? Name, int Bytes, uint? Reserved = null, string? MaskPrefix = null, string? Why = null);

/// <summary>A structure: the class that defines it, its place, its size, its rows in order.</summary>
internal sealed record Layout(Type Type, int Start, int End, LayoutRow[] Rows)
{
    public override string ToString() => Type.Name;
}

internal static class LayoutTable
{
    public static IEnumerable<Layout> All =>
    [
        new(typeof(PciConfigHeader), 0, PciConfigHeader.Bytes,
        [
            Plain("VendorId", 2), Plain("DeviceId", 2), Bits("Command", 2, 0xFAB8), Bits("Status", 2, 0x06E6),
            Plain("RevisionId", 1), Plain("ProgrammingInterface", 1), Plain("SubClass", 1), Plain("BaseClass", 1),
            Plain("CacheLineSize", 1), Plain("LatencyTimer", 1), Bits("HeaderType", 1, 0), Plain("Bist", 1),
            Plain("Bar0", PciConfigHeader.BarCount * PciConfigHeader.BarBytes), Plain("CardbusCisPointer", 4),
            Plain("SubsystemVendorId", 2), Plain("SubsystemId", 2), Plain("ExpansionRomBase", 4),
            Plain("CapabilitiesPointer", 1), Gap(7, "35h to 3Bh are reserved"),
            Plain("InterruptLine", 1), Plain("InterruptPin", 1), Plain("MinGnt", 1), Plain("MaxLat", 1),
        ]),
        new(typeof(PciBridgeHeader), PciConfigHeader.Bar0Offset, PciConfigHeader.Bytes,
        [
            Plain("Bar0", 4), Plain("Bar1", 4), Plain("PrimaryBus", 1), Plain("SecondaryBus", 1), Plain("SubordinateBus", 1),
            Plain("SecondaryLatencyTimer", 1), Plain("IoBase", 1), Plain("IoLimit", 1), Plain("SecondaryStatus", 2),
            Plain("MemoryBase", 2), Plain("MemoryLimit", 2), Plain("PrefetchableBase", 2), Plain("PrefetchableLimit", 2),
            Plain("PrefetchableBaseUpper", 4), Plain("PrefetchableLimitUpper", 4), Plain("IoBaseUpper", 2), Plain("IoLimitUpper", 2),
            Plain("CapabilitiesPointer", 1), Gap(3, "35h to 37h are reserved"), Plain("ExpansionRomBase", 4),
            Plain("InterruptLine", 1), Plain("InterruptPin", 1), Bits("BridgeControl", 2, 0xFFBC),
        ]),
        new(typeof(PciCapability), 0, PciCapability.HeaderBytes, [Plain("Id", 1), Plain("Next", 1)]),
        new(typeof(PowerManagementCapability), 0, PowerManagementCapability.Bytes,
        [
            Plain("Header", 2), Bits("Capabilities", 2, 0), Bits("ControlStatus", 2, 0x00F4),
            Gap(1, "06h is reserved: it was the bridge extensions of conventional PCI"), Plain("Data", 1),
        ]),
        new(typeof(MsiCapability), 0, MsiCapability.Bytes,
        [
            Plain("Header", 2), Bits("MessageControl", 2, 0xF800), Bits("Address", 4, 0x3), Plain("UpperAddress", 4), Plain("Data", 2),
            Plain("ExtendedData", 2),
        ]),
        new(typeof(MsixCapability), 0, MsixCapability.Bytes,
        [
            Plain("Header", 2), Bits("MessageControl", 2, 0x3800), Bits("Table", 4, 0), Bits("Pba", 4, 0),
        ]),
        new(typeof(MsixTableEntry), 0, MsixTableEntry.Bytes,
        [
            Plain("Address", 4), Plain("UpperAddress", 4), Plain("Data", 4), Bits("VectorControl", 4, 0x0000FFFE),
        ]),
        new(typeof(PciExpressCapability), 0, PciExpressCapability.Bytes,
        [
            Plain("Header", 2), Bits("Capabilities", 2, 0xC000), Bits("DeviceCapabilities", 4, 0xE0027000),
            Bits("DeviceControl", 2, 0), Bits("DeviceStatus", 2, 0xFF80),
            Bits("LinkCapabilities", 4, 0x00800000), Bits("LinkControl", 2, 0x3004), Bits("LinkStatus", 2, 0x0400),
            Bits("SlotCapabilities", 4, 0), Bits("SlotControl", 2, 0x8000), Bits("SlotStatus", 2, 0xFE00),
            Bits("RootControl", 2, 0xFFE7), Bits("RootCapabilities", 2, 0xFFFE), Plain("RootStatus", 4),
            Bits("DeviceCapabilities2", 4, 0xFFE0C3C0), Bits("DeviceControl2", 2, 0x88C0), Plain("DeviceStatus2", 2),
            Bits("LinkCapabilities2", 4, 0xFFFFFF01), Bits("LinkControl2", 2, 0), Bits("LinkStatus2", 2, 0xFFC0),
            Plain("SlotCapabilities2", 4), Plain("SlotControl2", 2), Plain("SlotStatus2", 2),
        ]),
        new(typeof(AerCapability), 0, AerCapability.Bytes,
        [
            Plain("Header", 4), Errors("UncorrectableStatus", "Uncorrectable"), Errors("UncorrectableMask", "Uncorrectable"),
            Errors("UncorrectableSeverity", "Uncorrectable"),
            new LayoutRow("CorrectableStatus", 4, 0xFFFF0E3E, "Correctable"),
            new LayoutRow("CorrectableMask", 4, 0xFFFF0E3E, "Correctable"),
            Bits("Control", 4, 0xFFFFE000), Plain("HeaderLog", AerCapability.HeaderLogWords * 4),
        ]),
        new(typeof(SriovCapability), 0, SriovCapability.Bytes,
        [
            Plain("Header", 4), Bits("Capabilities", 4, 0x001FFFF8), Bits("Control", 2, 0xFFC0), Bits("Status", 2, 0xFFFE),
            Plain("InitialVFs", 2), Plain("TotalVFs", 2), Plain("NumVFs", 2), Plain("FunctionDependencyLink", 1),
            Gap(1, "13h is reserved"), Plain("FirstVfOffset", 2), Plain("VfStride", 2), Gap(2, "18h is reserved"),
            Plain("VfDeviceId", 2), Plain("SupportedPageSizes", 4), Plain("SystemPageSize", 4),
            Plain("VfBar0", PciConfigHeader.BarCount * PciConfigHeader.BarBytes), Plain("VfMigrationStateArray", 4),
        ]),
        new(typeof(AriCapability), 0, AriCapability.Bytes,
        [
            Plain("Header", 4), Bits("Capability", 2, 0x00FC), Bits("Control", 2, 0xFF8C),
        ]),
        new(typeof(DeviceSerialNumberCapability), 0, DeviceSerialNumberCapability.Bytes,
            [Plain("Header", 4), Plain("Lower", 4), Plain("Upper", 4)]),
        new(typeof(AcsCapability), 0, AcsCapability.Bytes, [Plain("Header", 4), Plain("Capability", 2), Plain("Control", 2)]),
        new(typeof(LtrCapability), 0, LtrCapability.Bytes,
        [
            Plain("Header", 4), Bits("MaxSnoop", 2, 0xE000), Bits("MaxNoSnoop", 2, 0xE000),
        ]),
        new(typeof(TphRequesterCapability), 0, TphRequesterCapability.Bytes,
        [
            Plain("Header", 4), Bits("Capability", 4, 0xF800F8F8), Bits("Control", 4, 0xFFFFFCF8),
        ]),
        new(typeof(SecondaryPciExpressCapability), 0,
            SecondaryPciExpressCapability.FixedBytes + SecondaryPciExpressCapability.LaneBytes,
        [
            Plain("Header", 4), Plain("LinkControl3", 4), Plain("LaneErrorStatus", 4), Plain("LaneEqualization", 2),
        ]),
        new(typeof(VirtioPciCapability), 0, VirtioPciCapability.PciCfgBytes,
        [
            Plain("Header", 2), Plain("LengthOfCap", 1), Plain("CfgType", 1), Plain("Bar", 1), Plain("Id", 1), Plain("Padding", 2),
            Plain("Offset", 4), Plain("Length", 4), Plain("PciCfgData", 4),
        ]),
        new(typeof(VirtioCommonConfig), 0, VirtioCommonConfig.Bytes,
        [
            Plain("DeviceFeatureSelect", 4), Plain("DeviceFeature", 4), Plain("DriverFeatureSelect", 4), Plain("DriverFeature", 4),
            Plain("ConfigMsixVector", 2), Plain("NumQueues", 2), Plain("DeviceStatus", 1), Plain("ConfigGeneration", 1),
            Plain("QueueSelect", 2), Plain("QueueSize", 2), Plain("QueueMsixVector", 2), Plain("QueueEnable", 2),
            Plain("QueueNotifyOff", 2), Plain("QueueDesc", 8), Plain("QueueDriver", 8), Plain("QueueDevice", 8),
            Plain("QueueNotifConfigData", 2), Plain("QueueReset", 2), Plain("AdminQueueIndex", 2), Plain("AdminQueueNum", 2),
        ]),
        new(typeof(SplitDescriptor), 0, SplitDescriptor.Bytes,
            [Plain("Address", 8), Plain("Length", 4), Plain("Flags", 2), Plain("Next", 2)]),
        new(typeof(PackedDescriptor), 0, PackedDescriptor.Bytes,
            [Plain("Address", 8), Plain("Length", 4), Plain("Id", 2), Plain("Flags", 2)]),
        new(typeof(AvailRing), 0, AvailRing.RingOffset + AvailRing.EntryBytes, [Plain("Flags", 2), Plain("Idx", 2), Plain("Ring", 2)]),
        new(typeof(UsedRing), 0, UsedRing.RingOffset + UsedRing.EntryBytes, [Plain("Flags", 2), Plain("Idx", 2), Plain("Ring", 8)]),
        new(typeof(PackedEvent), 0, PackedEvent.Bytes, [Bits("Descriptor", 2, 0), Plain("Flags", 2)]),
        new(typeof(VirtioNetConfig), 0, VirtioNetConfig.Bytes,
        [
            Plain("Mac", 6), Plain("Status", 2), Plain("MaxVirtqueuePairs", 2), Plain("Mtu", 2), Plain("Speed", 4), Plain("Duplex", 1),
            Plain("RssMaxKeySize", 1), Plain("RssMaxIndirectionTableLength", 2), Plain("SupportedHashTypes", 4),
            Plain("SupportedTunnelTypes", 4),
        ]),
        new(typeof(VirtioNetHeader), 0, VirtioNetHeader.HashBytes,
        [
            Plain("Flags", 1), Plain("GsoType", 1), Plain("HdrLen", 2), Plain("GsoSize", 2), Plain("CsumStart", 2), Plain("CsumOffset", 2),
            Plain("NumBuffers", 2), Plain("HashValue", 4), Plain("HashReport", 2), Plain("Padding", 2),
        ]),
        new(typeof(VirtioNetQueueStats), 0, VirtioNetQueueStats.Bytes,
            [Plain("VqIndex", 2), Plain("Reserved", 6), Plain("TypesBitmap", 8)]),
        new(typeof(VirtioNetStatsReply), 0, VirtioNetStatsReply.Bytes,
            [Plain("Type", 1), Plain("Reserved", 1), Plain("VqIndex", 2), Plain("Reserved1", 2), Plain("Size", 2)]),
        new(typeof(VirtioNetStatsCvq), VirtioNetStatsReply.Bytes, VirtioNetStatsCvq.Bytes, [Plain("CommandNum", 8), Plain("OkNum", 8)]),
        new(typeof(VirtioNetStatsRxBasic), VirtioNetStatsReply.Bytes, VirtioNetStatsRxBasic.Bytes,
        [
            Plain("RxNotifications", 8), Plain("RxPackets", 8), Plain("RxBytes", 8), Plain("RxInterrupts", 8), Plain("RxDrops", 8),
            Plain("RxDropOverruns", 8),
        ]),
        new(typeof(VirtioNetStatsTxBasic), VirtioNetStatsReply.Bytes, VirtioNetStatsTxBasic.Bytes,
        [
            Plain("TxNotifications", 8), Plain("TxPackets", 8), Plain("TxBytes", 8), Plain("TxInterrupts", 8), Plain("TxDrops", 8),
            Plain("TxDropMalformed", 8),
        ]),
        new(typeof(VirtioNetCtrlCoal), 0, VirtioNetCtrlCoal.Bytes, [Plain("MaxPackets", 4), Plain("MaxUsecs", 4)]),
        new(typeof(VirtioNetCtrlCoalVq), 0, VirtioNetCtrlCoalVq.Bytes, [Plain("VqIndex", 2), Plain("Reserved", 2), Plain("Coal", 8)]),
        new(typeof(VirtioNetControl), 0, VirtioNetControl.DataOffset + 1, [Plain("Class", 1), Plain("Command", 1), Plain("Data", 1)]),
    ];

    internal static LayoutRow Plain(string name, int bytes) => new(name, bytes);

    internal static LayoutRow Bits(string name, int bytes, uint reserved) => new(name, bytes, reserved);

    private static LayoutRow Errors(string name, string prefix) => new(name, 4, 0xFF800FCF, prefix);

    internal static LayoutRow Gap(int bytes, string why) => new(null, bytes, Why: why);
}
