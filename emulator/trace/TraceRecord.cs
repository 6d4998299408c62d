// Layout of the records that a trace has beside frames, in packets of LINKTYPE_USER0. Knows no file and no board.
namespace SmartNicFw.Emulator.Trace;

/// <summary>What a record tells. Numbers are never given to something else.</summary>
public enum TraceKind
{
    /// <summary>The trace begins: the first record of every trace.</summary>
    Start = 1,

    /// <summary>Records and frames were lost for want of room, since the last record of this kind.</summary>
    Lost = 2,

    /// <summary>The link or the slot signals a reset of the endpoint.</summary>
    LinkEvent = 3,

    /// <summary>Firmware takes a configuration request.</summary>
    ConfigRequest = 16,

    /// <summary>Firmware completes the configuration request before it.</summary>
    ConfigCompletion = 17,

    /// <summary>Firmware takes an access to a BAR other than the doorbells.</summary>
    BarRequest = 18,

    /// <summary>Firmware completes the BAR read before it.</summary>
    BarCompletion = 19,

    /// <summary>Firmware takes a doorbell; however often a host rang before that, it is one.</summary>
    Doorbell = 20,

    /// <summary>Firmware sends an MSI-X message.</summary>
    MsixMessage = 21,

    /// <summary>What a turn asked of the link, inferred from what it moved by the model of the link.</summary>
    Dma = 22,

    /// <summary>Firmware allows or forbids a function to issue memory requests.</summary>
    BusMaster = 23,

    /// <summary>A queue is granted a turn.</summary>
    TurnGranted = 32,

    /// <summary>The engine did not take the turn before it.</summary>
    TurnRefused = 33,

    /// <summary>A turn is over.</summary>
    TurnOver = 34,

    /// <summary>Buffers were used, and the driver wants to hear of it.</summary>
    Used = 35,

    /// <summary>The driver's ring is broken.</summary>
    Broken = 36,

    /// <summary>A request of a turn failed.</summary>
    Faulted = 37,

    /// <summary>A queue starts, or is refused.</summary>
    QueueStart = 38,

    /// <summary>A queue stops.</summary>
    QueueStop = 39,
}

/// <summary>
/// The head of every record. Fields are little-endian, without gaps; what has no name is zero. A later version of the same
/// <see cref="Version"/> adds kinds, and fields behind those of a kind: who reads goes by the length.
/// </summary>
public static class TraceRecord
{
    /// <summary>32 bits: <see cref="Signature"/>, for other programs use LINKTYPE_USER0 too.</summary>
    public const int SignatureOffset = 0x00;

    /// <summary>8 bits: <see cref="Version"/>.</summary>
    public const int VersionOffset = 0x04;

    /// <summary>8 bits: a <see cref="TraceKind"/>.</summary>
    public const int KindOffset = 0x05;

    /// <summary>16 bits: size of the record in bytes, this head included.</summary>
    public const int LengthOffset = 0x06;

    /// <summary>16 bits: index of the function, as firmware numbers functions; <see cref="None"/> when it is none's.</summary>
    public const int FunctionOffset = 0x08;

    /// <summary>16 bits: the PF that the function is or belongs to; <see cref="None"/>.</summary>
    public const int PhysicalFunctionOffset = 0x0A;

    /// <summary>16 bits: number of the VF within the PF; <see cref="None"/> for a PF.</summary>
    public const int VfOffset = 0x0C;

    /// <summary>16 bits: number of the queue within the function; <see cref="None"/>.</summary>
    public const int QueueOffset = 0x0E;

    /// <summary>8 bits: what the queue is for, as Hal.Contracts.QueueRole has it; <see cref="NoRole"/>.</summary>
    public const int RoleOffset = 0x10;

    /// <summary>8 bits: bit 0 is <see cref="Inferred"/>.</summary>
    public const int FlagsOffset = 0x11;

    /// <summary>16 bits, zero.</summary>
    public const int ReservedOffset = 0x12;

    /// <summary>32 bits: records of the trace before this one, those that were lost counted; it wraps.</summary>
    public const int NumberOffset = 0x14;

    /// <summary>Size of the head in bytes: where the fields of the kind begin.</summary>
    public const int HeadBytes = 0x18;

    /// <summary>"SNFT".</summary>
    public const uint Signature = 0x54464E53;

    /// <summary>Version of the layout.</summary>
    public const int Version = 1;

    /// <summary>No function, PF, VF or queue.</summary>
    public const int None = 0xFFFF;

    /// <summary>No queue, or one that is not known.</summary>
    public const int NoRole = 0xFF;

    /// <summary>The record was not seen but concluded from others.</summary>
    public const int Inferred = 1;

    /// <summary>Size of the largest record in bytes.</summary>
    public const int MaxBytes = 0x48;
}
