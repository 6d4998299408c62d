// What is counted, by the names that it is published under. Knows no board and no format.
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Emulator.Metrics;

/// <summary>One series of a family, for each owner.</summary>
/// <param name="Column">Its place among the counters of an owner.</param>
/// <param name="Cause">Its label <c>cause</c>; null: there is none, and the family has this series only.</param>
internal sealed record CounterSeries(int Column, string? Cause = null);

/// <summary>Counters of one meaning.</summary>
/// <param name="Name">Last part of the name, in the words of Prometheus without the ending <c>_total</c>.</param>
/// <param name="Unit">Unit in the notation of UCUM, as OpenTelemetry wants it.</param>
/// <param name="Help">One sentence for a person.</param>
/// <param name="Series">One without a cause, or one for each cause.</param>
internal sealed record CounterFamily(string Name, string Unit, string Help, params CounterSeries[] Series);

/// <summary>
/// Names follow those that operators of SR-IOV exporters know, <c>sriov_vf_*</c>, and Prometheus' rules for counters. A PF has names of its
/// own, <c>sriov_pf_*</c>, and the wire <c>sriov_port_*</c>: a sum over <c>sriov_vf_rx_bytes_total</c> is what VFs received and nothing else.
/// Source: Prometheus, Metric and label naming.
/// </summary>
internal static class CounterFamilies
{
    /// <summary>Columns from here on are firmware's; those below are numbered by <see cref="Counter"/>.</summary>
    public const int FirstOfFirmware = Counter.Count;

    public const int Turns = FirstOfFirmware;
    public const int Interrupts = FirstOfFirmware + 1;
    public const int DeferredInterrupts = FirstOfFirmware + 2;
    public const int LimitedInterrupts = FirstOfFirmware + 3;
    public const int UnwantedInterrupts = FirstOfFirmware + 4;
    public const int Notifications = FirstOfFirmware + 5;
    public const int Broken = FirstOfFirmware + 6;
    public const int DmaFaults = FirstOfFirmware + 7;

    /// <summary>Columns of a function.</summary>
    public const int FunctionColumns = FirstOfFirmware + 8;

    /// <summary>Columns of the port: those that the hardware counts.</summary>
    public const int PortColumns = Counter.Count;

    public const int StrayNotifications = 0;
    public const int UnexpectedReports = 1;
    public const int UnsuitableAccesses = 2;
    public const int EventsLost = 3;

    /// <summary>Columns of an endpoint as a whole.</summary>
    public const int EndpointColumns = 4;

    private const string Frames = "{frame}";
    private const string Bytes = "By";

    private static readonly CounterFamily Drops = new(
        "dropped_frames", Frames, "Frames that were dropped, by cause.",
        new(Counter.DroppedNoBuffer, "no_buffer"), new(Counter.DroppedSpoofed, "spoofed"), new(Counter.DroppedVlan, "vlan"),
        new(Counter.DroppedMalformed, "malformed"), new(Counter.DroppedControlFrame, "control_frame"),
        new(Counter.DroppedNoDestination, "no_destination"), new(Counter.DroppedTooLarge, "too_large"), new(Counter.DroppedLinkDown, "link_down"));

    /// <summary>What is counted for each PF and each VF.</summary>
    public static readonly CounterFamily[] OfFunctions =
    [
        new("rx_frames", Frames, "Frames that the function received.", new CounterSeries(Counter.ReceivedFrames)),
        new("rx_bytes", Bytes, "Bytes of the frames that the function received.", new CounterSeries(Counter.ReceivedBytes)),
        new("tx_frames", Frames, "Frames that the function sent.", new CounterSeries(Counter.TransmittedFrames)),
        new("tx_bytes", Bytes, "Bytes of the frames that the function sent.", new CounterSeries(Counter.TransmittedBytes)),
        Drops,
        new("turns", "{turn}", "Turns of its queues that firmware granted.", new CounterSeries(Turns)),
        new("interrupts", "{interrupt}", "MSI-X messages sent to its host.", new CounterSeries(Interrupts)),
        new("interrupts_deferred", "{interrupt}", "Interrupts that waited for count or time.", new CounterSeries(DeferredInterrupts)),
        new("interrupts_limited", "{interrupt}", "Interrupts that waited because the function was over its ceiling.", new CounterSeries(LimitedInterrupts)),
        new("interrupts_unwanted", "{interrupt}", "Interrupts that waited and that the driver no longer wanted then.", new CounterSeries(UnwantedInterrupts)),
        new("notifications", "{notification}", "Doorbells that led to one of its queues.", new CounterSeries(Notifications)),
        new("broken", "{fault}", "Times that its driver broke it, so that it needs a reset.", new CounterSeries(Broken)),
        new("dma_faults", "{fault}", "Turns that a fault or a time-out ended.", new CounterSeries(DmaFaults)),
    ];

    /// <summary>What is counted for the wire; received is what came in from it.</summary>
    public static readonly CounterFamily[] OfPort =
    [
        new("rx_frames", Frames, "Frames that came in from the wire.", new CounterSeries(Counter.TransmittedFrames)),
        new("rx_bytes", Bytes, "Bytes of the frames that came in from the wire.", new CounterSeries(Counter.TransmittedBytes)),
        new("tx_frames", Frames, "Frames that went out to the wire.", new CounterSeries(Counter.ReceivedFrames)),
        new("tx_bytes", Bytes, "Bytes of the frames that went out to the wire.", new CounterSeries(Counter.ReceivedBytes)),
        Drops,
    ];

    /// <summary>What is counted for an endpoint as a whole.</summary>
    public static readonly CounterFamily[] OfEndpoints =
    [
        new("stray_notifications", "{notification}", "Doorbells of queues that are not there or do not run.", new CounterSeries(StrayNotifications)),
        new("unexpected_reports", "{report}", "Reports of turns that were not under way.", new CounterSeries(UnexpectedReports)),
        new("unsuitable_accesses", "{access}", "BAR accesses that no register answers.", new CounterSeries(UnsuitableAccesses)),
        new("events_lost", "{event}", "Events whose place newer ones took.", new CounterSeries(EventsLost)),
    ];

    /// <summary>What a kind of owner is called in names, and what is counted for it, in the order in which it is told.</summary>
    public static readonly (OwnerKind Kind, string Name, CounterFamily[] Families)[] All =
    [
        (OwnerKind.VirtualFunction, "vf", OfFunctions),
        (OwnerKind.PhysicalFunction, "pf", OfFunctions),
        (OwnerKind.Port, "port", OfPort),
        (OwnerKind.Endpoint, "endpoint", OfEndpoints),
    ];

    /// <summary>Number of columns of a kind.</summary>
    public static int Columns(OwnerKind kind) => kind switch
    {
        OwnerKind.Endpoint => EndpointColumns,
        OwnerKind.Port => PortColumns,
        _ => FunctionColumns,
    };
}

/// <summary>To whom a row of counters belongs.</summary>
internal enum OwnerKind
{
    /// <summary>A VF.</summary>
    VirtualFunction,

    /// <summary>A PF.</summary>
    PhysicalFunction,

    /// <summary>The wire of an endpoint.</summary>
    Port,

    /// <summary>An endpoint as a whole.</summary>
    Endpoint,
}
