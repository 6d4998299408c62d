// Counters, events and health as a device reports them, taken out of their layouts. Knows no way to print them.
using System;
using System.Collections.Generic;
using SmartNicFw.Hal.Regs;
using static System.Buffers.Binary.BinaryPrimitives;

namespace SmartNicFw.HostTools.Client;

/// <summary>One counter: its stable name behind sriov_vf_ or sriov_pf_, and where it lies.</summary>
/// <param name="Name">As in rx_bytes.</param>
/// <param name="Offset">In <see cref="ManagementFunctionStatistics"/>.</param>
/// <param name="Meaning">A few words for people.</param>
internal sealed record CounterName(string Name, int Offset, string Meaning);

/// <summary>Counters of a function (<see cref="ManagementFunctionStatistics"/>), in the order of <see cref="Names"/>.</summary>
internal sealed record FunctionStatistics(int Function, IReadOnlyList<ulong> Values)
{
    /// <summary>All counters. Receive is to the function, transmit from it.</summary>
    public static IReadOnlyList<CounterName> Names { get; } =
    [
        new("rx_frames", ManagementFunctionStatistics.ReceivedFramesOffset, "frames received"),
        new("rx_bytes", ManagementFunctionStatistics.ReceivedBytesOffset, "bytes received"),
        new("tx_frames", ManagementFunctionStatistics.TransmittedFramesOffset, "frames sent"),
        new("tx_bytes", ManagementFunctionStatistics.TransmittedBytesOffset, "bytes sent"),
        new("dropped_no_buffer", ManagementFunctionStatistics.DroppedNoBufferOffset, "dropped for want of a receive buffer"),
        new("dropped_spoofed", ManagementFunctionStatistics.DroppedSpoofedOffset, "dropped for a source address not its own"),
        new("dropped_vlan", ManagementFunctionStatistics.DroppedVlanOffset, "dropped for a VLAN tag it may not send"),
        new("dropped_malformed", ManagementFunctionStatistics.DroppedMalformedOffset, "dropped for a header or length that cannot be"),
        new("dropped_control_frame", ManagementFunctionStatistics.DroppedControlFrameOffset, "dropped: control frames of the link"),
        new("dropped_no_destination", ManagementFunctionStatistics.DroppedNoDestinationOffset, "sent to nobody"),
        new("dropped_too_large", ManagementFunctionStatistics.DroppedTooLargeOffset, "too large for the receiver"),
        new("dropped_link_down", ManagementFunctionStatistics.DroppedLinkDownOffset, "sent by it or for it while its link was down"),
        new("turns", ManagementFunctionStatistics.TurnsOffset, "turns granted"),
        new("interrupts", ManagementFunctionStatistics.InterruptsOffset, "MSI-X messages sent"),
        new("interrupts_deferred", ManagementFunctionStatistics.DeferredInterruptsOffset, "notifications that waited for count or time"),
        new("interrupts_limited", ManagementFunctionStatistics.LimitedInterruptsOffset, "notifications over the ceiling"),
        new("interrupts_unwanted", ManagementFunctionStatistics.UnwantedInterruptsOffset, "of both, no longer wanted then"),
        new("notifications", ManagementFunctionStatistics.NotificationsOffset, "doorbells"),
        new("broken", ManagementFunctionStatistics.BrokenOffset, "times its driver broke it"),
        new("dma_faults", ManagementFunctionStatistics.DmaFaultsOffset, "turns ended by a fault or time-out"),
    ];

    /// <summary>Takes a payload of at least <see cref="ManagementFunctionStatistics.Bytes"/> apart.</summary>
    public static FunctionStatistics Read(ReadOnlySpan<byte> bytes)
    {
        var values = new ulong[Names.Count];
        for (int at = 0; at < values.Length; at++)
        {
            values[at] = ReadUInt64LittleEndian(bytes[Names[at].Offset..]);
        }

        return new FunctionStatistics(ReadUInt16LittleEndian(bytes[ManagementFunctionStatistics.FunctionOffset..]), values);
    }
}

/// <summary>Counters of a queue (<see cref="ManagementQueueStatistics"/>).</summary>
/// <param name="Flags">The Flags masks.</param>
/// <param name="AdaptiveLevel">Where adaptive moderation stands, or null.</param>
internal sealed record QueueStatistics(
    int Function, int Queue, int Flags, int? AdaptiveLevel, ulong Notifications, ulong Frames, ulong FrameBytes, ulong Interrupts,
    ulong Dropped, ulong DroppedNoBuffer, ulong DroppedMalformed)
{
    /// <summary>Takes a payload of at least <see cref="ManagementQueueStatistics.Bytes"/> apart.</summary>
    public static QueueStatistics Read(ReadOnlySpan<byte> bytes)
    {
        int level = ReadUInt16LittleEndian(bytes[ManagementQueueStatistics.AdaptiveLevelOffset..]);
        return new QueueStatistics(
            ReadUInt16LittleEndian(bytes[ManagementQueueStatistics.FunctionOffset..]),
            ReadUInt16LittleEndian(bytes[ManagementQueueStatistics.QueueOffset..]),
            ReadUInt16LittleEndian(bytes[ManagementQueueStatistics.FlagsOffset..]),
            level == ManagementQueueStatistics.NoLevel ? null : level,
            U64(bytes, ManagementQueueStatistics.NotificationsOffset),
            U64(bytes, ManagementQueueStatistics.FramesOffset),
            U64(bytes, ManagementQueueStatistics.FrameBytesOffset),
            U64(bytes, ManagementQueueStatistics.InterruptsOffset),
            U64(bytes, ManagementQueueStatistics.DroppedOffset),
            U64(bytes, ManagementQueueStatistics.DroppedNoBufferOffset),
            U64(bytes, ManagementQueueStatistics.DroppedMalformedOffset));
    }

    private static ulong U64(ReadOnlySpan<byte> bytes, int offset) => ReadUInt64LittleEndian(bytes[offset..]);
}

/// <summary>A frame's worth of events (<see cref="ManagementEvents"/>).</summary>
/// <param name="First">Number of the first one in it: more than was asked for says that those between are lost.</param>
/// <param name="Next">Number that the next event to happen will have.</param>
/// <param name="Lost">Events since start whose place newer ones have taken.</param>
internal sealed record EventPage(uint First, uint Next, uint Lost, IReadOnlyList<EventInfo> Events);

/// <summary>One event (<see cref="ManagementEvent"/>).</summary>
/// <param name="Number">Counts from 0 since start.</param>
/// <param name="TimeUs">When it happened first, microseconds of the device's clock.</param>
/// <param name="LastUs">When it happened last.</param>
/// <param name="Times">How often it happened, 1 upwards.</param>
/// <param name="Function">Index of the function, or <see cref="ManagementFunctionNumber.Endpoint"/>.</param>
/// <param name="Kind">One of <see cref="ManagementEventKind"/>.</param>
/// <param name="Detail">What the kind says of it, the last time.</param>
internal sealed record EventInfo(uint Number, ulong TimeUs, ulong LastUs, uint Times, int Function, int Kind, uint Detail)
{
    /// <summary>Takes an entry of at least <see cref="ManagementEvent.Bytes"/> apart.</summary>
    public static EventInfo Read(uint number, ReadOnlySpan<byte> bytes) => new(
        number,
        ReadUInt64LittleEndian(bytes[ManagementEvent.TimeUsOffset..]),
        ReadUInt64LittleEndian(bytes[ManagementEvent.LastUsOffset..]),
        ReadUInt32LittleEndian(bytes[ManagementEvent.TimesOffset..]),
        ReadUInt16LittleEndian(bytes[ManagementEvent.FunctionOffset..]),
        ReadUInt16LittleEndian(bytes[ManagementEvent.KindOffset..]),
        ReadUInt32LittleEndian(bytes[ManagementEvent.DetailOffset..]));
}

/// <summary>Whether a function, or the endpoint, is well (<see cref="ManagementHealth"/>).</summary>
/// <param name="Reasons">The Reasons masks; 0 when it is well.</param>
/// <param name="SinceUs">Since when, microseconds of the device's clock.</param>
internal sealed record HealthInfo(int Function, int State, uint Reasons, ulong SinceUs)
{
    /// <summary>Takes a payload of at least <see cref="ManagementHealth.Bytes"/> apart.</summary>
    public static HealthInfo Read(ReadOnlySpan<byte> bytes) => new(
        ReadUInt16LittleEndian(bytes[ManagementHealth.FunctionOffset..]),
        ReadUInt16LittleEndian(bytes[ManagementHealth.StateOffset..]),
        ReadUInt32LittleEndian(bytes[ManagementHealth.ReasonsOffset..]),
        ReadUInt64LittleEndian(bytes[ManagementHealth.SinceUsOffset..]));
}
