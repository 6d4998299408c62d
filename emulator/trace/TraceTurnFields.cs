// Layouts of the records of arbitration and of queues: offsets from the beginning of the record. Knows no value.
namespace SmartNicFw.Emulator.Trace;

/// <summary>After the head of <see cref="TraceKind.TurnGranted"/>.</summary>
internal static class TraceGrant
{
    /// <summary>32 bits: frames at the most.</summary>
    public const int FramesOffset = 0x18;

    /// <summary>32 bits: bytes after which no further frame is begun: what the queue's deficit, limits and credits leave it.</summary>
    public const int BytesOffset = 0x1C;

    /// <summary>32 bits: bytes that the DMA channels may still read together, this turn's own taken off.</summary>
    public const int ReadCreditsOffset = 0x20;

    /// <summary>32 bits: bytes that they may still write.</summary>
    public const int WriteCreditsOffset = 0x24;

    /// <summary>16 bits: turns of the function under way before this one.</summary>
    public const int UnderWayOffset = 0x28;

    /// <summary>16 bits: turns of all functions.</summary>
    public const int UnderWayTotalOffset = 0x2A;

    /// <summary>16 bits: rate group of the function; 0 for none.</summary>
    public const int GroupOffset = 0x2C;

    /// <summary>16 bits: weight among those of its group and class.</summary>
    public const int WeightOffset = 0x2E;

    /// <summary>8 bits: 802.1p priority of the function.</summary>
    public const int PriorityOffset = 0x30;

    /// <summary>8 bits: class of that priority, 0 the lowest.</summary>
    public const int ClassOffset = 0x31;

    /// <summary>16 bits, zero.</summary>
    public const int ReservedOffset = 0x32;

    public const int Bytes = 0x34;
}

/// <summary>After the head of <see cref="TraceKind.TurnRefused"/>.</summary>
internal static class TraceRefusal
{
    /// <summary>32 bits: as Hal.Contracts.HalStatus has it.</summary>
    public const int StatusOffset = 0x18;

    public const int Bytes = 0x1C;
}

/// <summary>After the head of <see cref="TraceKind.TurnOver"/>.</summary>
internal static class TraceTurn
{
    /// <summary>32 bits: frames moved.</summary>
    public const int FramesOffset = 0x18;

    /// <summary>32 bits: their bytes, each at 60 at the least.</summary>
    public const int BytesOffset = 0x1C;

    /// <summary>32 bits: bytes that the turn cost, each copy and each segment counted.</summary>
    public const int CopiedBytesOffset = 0x20;

    /// <summary>32 bits: bit 0 is <see cref="More"/>, bit 1 <see cref="Blocked"/>.</summary>
    public const int FlagsOffset = 0x24;

    public const int Bytes = 0x28;
    public const int More = 1;
    public const int Blocked = 2;
}

/// <summary>After the head of <see cref="TraceKind.Used"/>.</summary>
internal static class TraceUsed
{
    /// <summary>32 bits: frames, or commands, since the last such record of the queue.</summary>
    public const int FramesOffset = 0x18;

    public const int Bytes = 0x1C;
}

/// <summary>After the head of <see cref="TraceKind.Faulted"/>.</summary>
internal static class TraceFault
{
    /// <summary>32 bits: as Hal.Contracts.DmaFault has it.</summary>
    public const int FaultOffset = 0x18;

    public const int Bytes = 0x1C;
}

/// <summary>After the head of <see cref="TraceKind.QueueStart"/>.</summary>
internal static class TraceQueueStart
{
    /// <summary>32 bits: entries.</summary>
    public const int SizeOffset = 0x18;

    /// <summary>32 bits: as Hal.Contracts.HalStatus has it; 0 when the queue runs.</summary>
    public const int StatusOffset = 0x1C;

    /// <summary>64 bits: features that were negotiated.</summary>
    public const int FeaturesOffset = 0x20;

    /// <summary>64 bits: bus address of the descriptor area.</summary>
    public const int DescriptorAreaOffset = 0x28;

    /// <summary>64 bits: of the driver area.</summary>
    public const int DriverAreaOffset = 0x30;

    /// <summary>64 bits: of the device area.</summary>
    public const int DeviceAreaOffset = 0x38;

    public const int Bytes = 0x40;
}
