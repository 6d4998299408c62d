// Layouts of what follows the head of each kind of record: offsets from the beginning of the record. Knows no value.
namespace SmartNicFw.Emulator.Trace;

/// <summary>After the head of <see cref="TraceKind.Start"/>.</summary>
internal static class TraceStart
{
    /// <summary>16 bits.</summary>
    public const int PhysicalFunctionsOffset = 0x18;

    /// <summary>16 bits: VFs that each PF can have.</summary>
    public const int TotalVFsOffset = 0x1A;

    /// <summary>16 bits: the one function that is traced, or <see cref="TraceRecord.None"/> for all.</summary>
    public const int OnlyFunctionOffset = 0x1C;

    /// <summary>16 bits: bit 0 is set when the time is that of a modelled link.</summary>
    public const int FlagsOffset = 0x1E;

    /// <summary>32 bits: room for what is not taken yet, bytes.</summary>
    public const int BufferBytesOffset = 0x20;

    public const int Bytes = 0x24;
    public const int ModelledLink = 1;
}

/// <summary>After the head of <see cref="TraceKind.Lost"/>.</summary>
internal static class TraceLost
{
    /// <summary>64 bits: records and frames lost since the last record of this kind.</summary>
    public const int CountOffset = 0x18;

    /// <summary>64 bits: since the trace began.</summary>
    public const int TotalOffset = 0x20;

    /// <summary>64 bits: when the first of them was lost, ns on the clock of the trace.</summary>
    public const int SinceOffset = 0x28;

    public const int Bytes = 0x30;
}

/// <summary>After the head of <see cref="TraceKind.LinkEvent"/>.</summary>
internal static class TraceLinkEvent
{
    /// <summary>32 bits: as Hal.Contracts.LinkEvent has it.</summary>
    public const int EventOffset = 0x18;

    public const int Bytes = 0x1C;
}

/// <summary>After the head of <see cref="TraceKind.ConfigRequest"/> and <see cref="TraceKind.ConfigCompletion"/>.</summary>
internal static class TraceConfig
{
    /// <summary>16 bits: Routing ID that the request is addressed to.</summary>
    public const int RoutingIdOffset = 0x18;

    /// <summary>16 bits: Routing ID of the requester.</summary>
    public const int RequesterIdOffset = 0x1A;

    /// <summary>16 bits: tag.</summary>
    public const int TagOffset = 0x1C;

    /// <summary>16 bits: offset in configuration space, bytes.</summary>
    public const int RegisterOffset = 0x1E;

    /// <summary>8 bits, of a request: First Doubleword Byte Enables.</summary>
    public const int ByteEnablesOffset = 0x20;

    /// <summary>8 bits: bit 0 is <see cref="Write"/>, bit 1 <see cref="Type1"/>, bit 2 <see cref="Poisoned"/>.</summary>
    public const int FlagsOffset = 0x21;

    /// <summary>8 bits, of a completion: its status, as Hal.Spec.CompletionStatus has it.</summary>
    public const int StatusOffset = 0x22;

    /// <summary>8 bits, zero.</summary>
    public const int ReservedOffset = 0x23;

    /// <summary>32 bits: of a write's request and of a read's successful completion; else 0.</summary>
    public const int DataOffset = 0x24;

    public const int Bytes = 0x28;
    public const int Write = 1;
    public const int Type1 = 2;
    public const int Poisoned = 4;
}

/// <summary>After the head of <see cref="TraceKind.BarRequest"/> and <see cref="TraceKind.BarCompletion"/>.</summary>
internal static class TraceBar
{
    /// <summary>8 bits: index of the BAR's lower register.</summary>
    public const int BarOffset = 0x18;

    /// <summary>8 bits: size of the access, bytes.</summary>
    public const int SizeOffset = 0x19;

    /// <summary>8 bits: bit 0 is set for a write.</summary>
    public const int FlagsOffset = 0x1A;

    /// <summary>8 bits, zero.</summary>
    public const int ReservedOffset = 0x1B;

    /// <summary>32 bits: offset within the function's range, bytes.</summary>
    public const int AddressOffset = 0x1C;

    /// <summary>64 bits: of a write's request and of a completion; else 0.</summary>
    public const int DataOffset = 0x20;

    public const int Bytes = 0x28;
    public const int Write = 1;
}

/// <summary>After the head of <see cref="TraceKind.MsixMessage"/>.</summary>
internal static class TraceMsix
{
    /// <summary>64 bits: message address.</summary>
    public const int AddressOffset = 0x18;

    /// <summary>32 bits: message data.</summary>
    public const int DataOffset = 0x20;

    public const int Bytes = 0x24;
}

/// <summary>After the head of <see cref="TraceKind.Dma"/>: 32 bits each, but for the last two.</summary>
internal static class TraceDma
{
    /// <summary>Frames read from host memory.</summary>
    public const int FramesOffset = 0x18;

    /// <summary>Their bytes, each at 60 at the least.</summary>
    public const int BytesOffset = 0x1C;

    /// <summary>Frames written to host memory.</summary>
    public const int CopiesOffset = 0x20;

    /// <summary>Their bytes.</summary>
    public const int CopiedBytesOffset = 0x24;

    /// <summary>Memory read requests: each takes a tag.</summary>
    public const int ReadRequestsOffset = 0x28;

    /// <summary>Memory writes towards the host.</summary>
    public const int WritesOffset = 0x2C;

    /// <summary>Bytes of TLPs towards the host.</summary>
    public const int UpstreamBytesOffset = 0x30;

    /// <summary>Bytes of TLPs towards the endpoint.</summary>
    public const int DownstreamBytesOffset = 0x34;

    /// <summary>Posted data credits of 16 bytes.</summary>
    public const int WriteDataCreditsOffset = 0x38;

    /// <summary>16 bits: Max_Payload_Size that was reckoned with, bytes.</summary>
    public const int MaxPayloadOffset = 0x3C;

    /// <summary>16 bits: Max_Read_Request_Size, bytes.</summary>
    public const int MaxReadRequestOffset = 0x3E;

    public const int Bytes = 0x40;
}

/// <summary>After the head of <see cref="TraceKind.BusMaster"/>.</summary>
internal static class TraceBusMaster
{
    /// <summary>32 bits: 1 when it may.</summary>
    public const int AllowedOffset = 0x18;

    public const int Bytes = 0x1C;
}
