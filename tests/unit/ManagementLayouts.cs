// Every layout of hal/regs as data: frame, window and payloads of the management protocol.
using System.Collections.Generic;
using SmartNicFw.Hal.Regs;
using static SmartNicFw.Tests.Unit.LayoutTable;

namespace SmartNicFw.Tests.Unit;

internal static class ManagementLayouts
{
    public static IEnumerable<Layout> All =>
    [
        new(typeof(ManagementFrame), 0, ManagementFrame.HeaderBytes + 1,
        [
            Plain("Signature", 4), Plain("VersionMajor", 1), Plain("VersionMinor", 1), Plain("Kind", 1), Plain("Reserved", 1),
            Plain("Opcode", 2), Plain("Status", 2), Plain("Sequence", 4), Plain("PayloadLength", 2), Plain("Reserved1", 2),
            Plain("Crc", ManagementFrame.CrcBytes), Plain("Payload", 1),
        ]),
        new(typeof(ManagementWindow), 0, ManagementWindow.Bytes,
        [
            Plain("Signature", 4), Bits("Version", 4, 0), Plain("Doorbell", 4), Plain("State", 4), Plain("ResponseBytes", 4),
            Bits("InterruptControl", 4, 0xFFFFFFFE), Plain("InterruptVector", 4),
            Gap(ManagementWindow.BufferOffset - 0x1C, "room for registers below the buffer"),
            Plain("Buffer", ManagementWindow.BufferBytes),
        ]),
        new(typeof(ManagementRefusal), 0, ManagementRefusal.Bytes + 1,
            [Plain("Reason", 2), Plain("TextLength", 2), Plain("Change", 4), Plain("Text", 1)]),
        new(typeof(ManagementFunctionNumber), 0, ManagementFunctionNumber.Bytes, [Plain("Function", 2), Plain("Reserved", 2)]),
        new(typeof(ManagementListRequest), 0, ManagementListRequest.Bytes, [Plain("First", 2), Plain("Count", 2)]),
        new(typeof(ManagementList), 0, ManagementList.Bytes + 1,
            [Plain("First", 2), Plain("Count", 2), Plain("Total", 2), Plain("EntryBytes", 2), Plain("Entries", 1)]),
        new(typeof(ManagementEndpoint), 0, ManagementEndpoint.Bytes,
        [
            Plain("FirmwareMajor", 2), Plain("FirmwareMinor", 2), Plain("FirmwarePatch", 2), Bits("PortState", 2, 0xFFFE),
            Plain("SerialNumber", 8), Plain("SubsystemVendorId", 2), Plain("SubsystemId", 2), Plain("PhysicalFunctions", 2),
            Plain("TotalVFs", 2), Plain("RateGroups", 2), Plain("Mtu", 2), Plain("EthernetMbps", 4), Plain("PfQueuePairs", 2),
            Plain("VfQueuePairs", 2), Plain("PfMsixVectors", 2), Plain("VfMsixVectors", 2), Plain("LinkSpeed", 1), Plain("LinkWidth", 1),
            Plain("MaxPayloadBytes", 2), Plain("Reserved", 4), Plain("TimeUs", 8),
        ]),
        new(typeof(ManagementFunction), 0, ManagementFunction.Bytes,
        [
            Plain("Function", 2), Plain("PhysicalFunction", 2), Plain("Vf", 2), Plain("RoutingIdDistance", 2), Bits("Flags", 2, 0xFC00),
            Plain("LinkState", 1), Plain("RateGroup", 1), Plain("Mac", 6), Plain("Weight", 2), Plain("Vlan", 4), Plain("MaxTxRate", 4),
            Plain("MinTxRate", 4), Plain("InterruptCeiling", 4), Plain("QueuePairs", 2), Plain("MsixVectors", 2),
        ]),
        new(typeof(ManagementNumVFs), 0, ManagementNumVFs.Bytes, [Plain("PhysicalFunction", 2), Plain("NumVFs", 2)]),
        new(typeof(ManagementConfigRead), 0, ManagementConfigRead.Bytes,
            [Plain("Function", 2), Plain("Register", 2), Plain("Length", 2), Plain("Reserved", 2)]),
        new(typeof(ManagementConfigData), 0, ManagementConfigData.Bytes + 1,
            [Plain("Function", 2), Plain("Register", 2), Plain("Length", 2), Plain("Reserved", 2), Plain("Data", 1)]),
        new(typeof(ManagementAttributeRequest), 0, ManagementAttributeRequest.Bytes, [Plain("Function", 2), Plain("Attribute", 2)]),
        new(typeof(ManagementAttributeValue), 0, ManagementAttributeValue.Bytes,
            [Plain("Function", 2), Plain("Attribute", 2), Plain("Reserved", 4), Plain("Value", 8)]),
        new(typeof(ManagementRateGroupNumber), 0, ManagementRateGroupNumber.Bytes, [Plain("Group", 2), Plain("Reserved", 2)]),
        new(typeof(ManagementRateGroup), 0, ManagementRateGroup.Bytes,
        [
            Plain("Group", 2), Bits("Fields", 2, 0xFFC0), Plain("Parent", 2), Plain("Weight", 2), Plain("MaxTxRate", 4),
            Plain("MinTxRate", 4), Plain("Priority", 1), Plain("Reserved", 3), Plain("Name", ManagementRateGroup.NameBytes),
        ]),
        new(typeof(ManagementTransactionNumber), 0, ManagementTransactionNumber.Bytes, [Plain("Transaction", 4)]),
        new(typeof(ManagementCommit), 0, ManagementCommit.Bytes, [Plain("Transaction", 4), Plain("Changes", 4), Bits("Flags", 4, 0xFFFFFFFE)]),
        new(typeof(ManagementFunctionStatistics), 0, ManagementFunctionStatistics.Bytes,
        [
            Plain("Function", 2), Plain("Reserved", 6), Plain("ReceivedFrames", 8), Plain("ReceivedBytes", 8), Plain("TransmittedFrames", 8),
            Plain("TransmittedBytes", 8), Plain("DroppedNoBuffer", 8), Plain("DroppedSpoofed", 8), Plain("DroppedVlan", 8),
            Plain("DroppedMalformed", 8), Plain("DroppedControlFrame", 8), Plain("DroppedNoDestination", 8), Plain("DroppedTooLarge", 8),
            Plain("DroppedLinkDown", 8),
            Plain("Turns", 8), Plain("Interrupts", 8), Plain("DeferredInterrupts", 8), Plain("LimitedInterrupts", 8),
            Plain("UnwantedInterrupts", 8), Plain("Notifications", 8), Plain("Broken", 8), Plain("DmaFaults", 8),
            Plain("DeniedCommands", 8),
        ]),
        new(typeof(ManagementQueueNumber), 0, ManagementQueueNumber.Bytes, [Plain("Function", 2), Plain("Queue", 2)]),
        new(typeof(ManagementQueueStatistics), 0, ManagementQueueStatistics.Bytes,
        [
            Plain("Function", 2), Plain("Queue", 2), Bits("Flags", 2, 0xFFF8), Plain("AdaptiveLevel", 2), Plain("Notifications", 8),
            Plain("Frames", 8), Plain("FrameBytes", 8), Plain("Interrupts", 8), Plain("Dropped", 8), Plain("DroppedNoBuffer", 8),
            Plain("DroppedMalformed", 8),
        ]),
        new(typeof(ManagementEventsRequest), 0, ManagementEventsRequest.Bytes, [Plain("First", 4), Plain("Count", 2), Plain("Reserved", 2)]),
        new(typeof(ManagementEvents), 0, ManagementEvents.Bytes + 1,
            [Plain("First", 4), Plain("Next", 4), Plain("Lost", 4), Plain("Count", 2), Plain("EntryBytes", 2), Plain("Entries", 1)]),
        new(typeof(ManagementEvent), 0, ManagementEvent.Bytes,
            [Plain("TimeUs", 8), Plain("Function", 2), Plain("Kind", 2), Plain("Detail", 4), Plain("LastUs", 8),
            Plain("Times", 4), Plain("Reserved", 4)]),
        new(typeof(ManagementHealth), 0, ManagementHealth.Bytes,
            [Plain("Function", 2), Plain("State", 2), Bits("Reasons", 4, 0xFFFFFF80), Plain("SinceUs", 8)]),
    ];
}
