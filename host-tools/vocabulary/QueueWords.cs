// A queue's counters and what the queue is, as JSON and tables have them alike. Asks no device.
using System.Collections.Generic;
using System.Linq;
using System.Text.Json.Nodes;
using SmartNicFw.Hal.Regs;
using SmartNicFw.HostTools.Client;

namespace SmartNicFw.HostTools.Vocabulary;

/// <summary>Counts since the queue was started.</summary>
internal static class QueueWords
{
    /// <summary>receive, transmit or control.</summary>
    public static string Kind(QueueStatistics queue) => (queue.Flags & ManagementQueueStatistics.FlagsControlMask) != 0 ? "control"
        : (queue.Flags & ManagementQueueStatistics.FlagsTransmitMask) != 0 ? "transmit" : "receive";

    /// <summary>Whether it runs.</summary>
    public static bool IsEnabled(QueueStatistics queue) => (queue.Flags & ManagementQueueStatistics.FlagsEnabledMask) != 0;

    /// <summary>Its counters by name.</summary>
    public static IReadOnlyList<(string Name, ulong Value)> Counters(QueueStatistics queue) =>
    [
        ("notifications", queue.Notifications),
        ("frames", queue.Frames),
        ("bytes", queue.FrameBytes),
        ("interrupts", queue.Interrupts),
        ("dropped", queue.Dropped),
        ("dropped_no_buffer", queue.DroppedNoBuffer),
        ("dropped_malformed", queue.DroppedMalformed),
    ];

    /// <summary>The queue as JSON.</summary>
    public static JsonObject Json(QueueStatistics queue) => new()
    {
        ["queue"] = queue.Queue,
        ["kind"] = Kind(queue),
        ["enabled"] = IsEnabled(queue),
        ["adaptive_level"] = queue.AdaptiveLevel,
        ["statistics"] = new JsonObject(Counters(queue).Select(counter => KeyValuePair.Create(counter.Name, (JsonNode?)counter.Value))),
    };
}
