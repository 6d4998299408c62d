// What every vfio-user message begins with. Knows no command.
using System;
using System.Buffers.Binary;

namespace SmartNicFw.Emulator.VfioUser;

/// <summary>Header of a message. Source: vfio-user specification, Protocol Specification, Header. All fields are little-endian here.</summary>
internal static class VfioUserHeader
{
    public const int MessageIdOffset = 0;
    public const int CommandOffset = 2;
    public const int MessageSizeOffset = 4;
    public const int FlagsOffset = 8;
    public const int ErrorOffset = 12;
    public const int Bytes = 16;

    public const uint TypeMask = 0xF;
    public const uint TypeCommand = 0;
    public const uint TypeReply = 1;
    public const uint NoReply = 0x10;
    public const uint Error = 0x20;

    /// <summary>Bytes of the whole message, as its header says.</summary>
    public static uint MessageSize(ReadOnlySpan<byte> message) => BinaryPrimitives.ReadUInt32LittleEndian(message[MessageSizeOffset..]);

    /// <summary>Writes a header.</summary>
    public static void Write(Span<byte> message, ushort id, ushort command, int size, uint flags, int error = 0)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(message[MessageIdOffset..], id);
        BinaryPrimitives.WriteUInt16LittleEndian(message[CommandOffset..], command);
        BinaryPrimitives.WriteUInt32LittleEndian(message[MessageSizeOffset..], (uint)size);
        BinaryPrimitives.WriteUInt32LittleEndian(message[FlagsOffset..], flags);
        BinaryPrimitives.WriteUInt32LittleEndian(message[ErrorOffset..], (uint)error);
    }
}

/// <summary>Numbers of commands. Source: vfio-user specification, Commands; 14 is of its older revisions and QEMU's protocol.h.</summary>
internal static class VfioUserCommand
{
    public const ushort Version = 1;
    public const ushort DmaMap = 2;
    public const ushort DmaUnmap = 3;
    public const ushort DeviceGetInfo = 4;
    public const ushort DeviceGetRegionInfo = 5;
    public const ushort DeviceGetRegionIoFds = 6;
    public const ushort DeviceGetIrqInfo = 7;
    public const ushort DeviceSetIrqs = 8;
    public const ushort RegionRead = 9;
    public const ushort RegionWrite = 10;
    public const ushort DmaRead = 11;
    public const ushort DmaWrite = 12;
    public const ushort DeviceReset = 13;
    public const ushort DirtyPages = 14;
    public const ushort RegionWriteMulti = 15;
    public const ushort DeviceFeature = 16;
    public const ushort MigDataRead = 17;
    public const ushort MigDataWrite = 18;
}

/// <summary>Limits that both sides assume or negotiate. Source: vfio-user specification, VFIO_USER_VERSION, Capabilities.</summary>
internal static class VfioUserLimits
{
    /// <summary>Descriptors of one message. QEMU refuses a server that says more than 16.</summary>
    public const int MaxMsgFds = 16;

    /// <summary>Bytes of data of one message, as it is when nothing is negotiated.</summary>
    public const int MaxDataXferSize = 1 << 20;

    public const int MaxDmaMaps = 65535;
    public const int PageSize = 4096;

    /// <summary>A whole message: header, the widest fixed part before data, data.</summary>
    public const int MaxMessageBytes = VfioUserHeader.Bytes + 32 + MaxDataXferSize;
}
