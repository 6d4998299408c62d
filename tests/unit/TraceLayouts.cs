// Every layout of a trace's records as data.
using System.Collections.Generic;
using SmartNicFw.Emulator.Trace;
using static SmartNicFw.Tests.Unit.LayoutTable;

namespace SmartNicFw.Tests.Unit;

internal static class TraceLayouts
{
    public static IEnumerable<Layout> All =>
    [
        new(typeof(TraceRecord), 0, TraceRecord.HeadBytes,
        [
            Plain("Signature", 4), Plain("Version", 1), Plain("Kind", 1), Plain("Length", 2), Plain("Function", 2),
            Plain("PhysicalFunction", 2), Plain("Vf", 2), Plain("Queue", 2), Plain("Role", 1), Plain("Flags", 1), Plain("Reserved", 2),
            Plain("Number", 4),
        ]),
        Of(typeof(TraceStart), TraceStart.Bytes,
            Plain("PhysicalFunctions", 2), Plain("TotalVFs", 2), Plain("OnlyFunction", 2), Plain("Flags", 2), Plain("BufferBytes", 4)),
        Of(typeof(TraceLost), TraceLost.Bytes, Plain("Count", 8), Plain("Total", 8), Plain("Since", 8)),
        Of(typeof(TraceLinkEvent), TraceLinkEvent.Bytes, Plain("Event", 4)),
        Of(typeof(TraceConfig), TraceConfig.Bytes,
            Plain("RoutingId", 2), Plain("RequesterId", 2), Plain("Tag", 2), Plain("Register", 2), Plain("ByteEnables", 1), Plain("Flags", 1),
            Plain("Status", 1), Plain("Reserved", 1), Plain("Data", 4)),
        Of(typeof(TraceBar), TraceBar.Bytes,
            Plain("Bar", 1), Plain("Size", 1), Plain("Flags", 1), Plain("Reserved", 1), Plain("Address", 4), Plain("Data", 8)),
        Of(typeof(TraceMsix), TraceMsix.Bytes, Plain("Address", 8), Plain("Data", 4)),
        Of(typeof(TraceDma), TraceDma.Bytes,
            Plain("Frames", 4), Plain("Bytes", 4), Plain("Copies", 4), Plain("CopiedBytes", 4), Plain("ReadRequests", 4), Plain("Writes", 4),
            Plain("UpstreamBytes", 4), Plain("DownstreamBytes", 4), Plain("WriteDataCredits", 4), Plain("MaxPayload", 2),
            Plain("MaxReadRequest", 2)),
        Of(typeof(TraceBusMaster), TraceBusMaster.Bytes, Plain("Allowed", 4)),
        Of(typeof(TraceGrant), TraceGrant.Bytes,
            Plain("Frames", 4), Plain("Bytes", 4), Plain("ReadCredits", 4), Plain("WriteCredits", 4), Plain("UnderWay", 2),
            Plain("UnderWayTotal", 2), Plain("Group", 2), Plain("Weight", 2), Plain("Priority", 1), Plain("Class", 1), Plain("Reserved", 2)),
        Of(typeof(TraceRefusal), TraceRefusal.Bytes, Plain("Status", 4)),
        Of(typeof(TraceTurn), TraceTurn.Bytes, Plain("Frames", 4), Plain("Bytes", 4), Plain("CopiedBytes", 4), Plain("Flags", 4)),
        Of(typeof(TraceUsed), TraceUsed.Bytes, Plain("Frames", 4)),
        Of(typeof(TraceFault), TraceFault.Bytes, Plain("Fault", 4)),
        Of(typeof(TraceQueueStart), TraceQueueStart.Bytes,
            Plain("Size", 4), Plain("Status", 4), Plain("Features", 8), Plain("DescriptorArea", 8), Plain("DriverArea", 8),
            Plain("DeviceArea", 8)),
    ];

    // What follows the head.
    private static Layout Of(System.Type type, int end, params LayoutRow[] rows) => new(type, TraceRecord.HeadBytes, end, rows);
}
