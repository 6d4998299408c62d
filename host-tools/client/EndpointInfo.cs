// What an endpoint and its functions answer about themselves, taken out of their layouts. Knows no way to print it.
using System;
using System.Collections.Generic;
using System.Globalization;
using SmartNicFw.Hal.Regs;
using static System.Buffers.Binary.BinaryPrimitives;

namespace SmartNicFw.HostTools.Client;

/// <summary>What an endpoint is and has (<see cref="ManagementEndpoint"/>).</summary>
internal sealed record EndpointInfo
{
    /// <summary>Version of the firmware: 1.2.3.</summary>
    public required string FirmwareVersion { get; init; }

    /// <summary>The Ethernet port's link is up.</summary>
    public required bool IsLinkUp { get; init; }

    /// <summary>EUI-64 of the device.</summary>
    public required ulong SerialNumber { get; init; }

    /// <summary>Subsystem Vendor ID.</summary>
    public required int SubsystemVendorId { get; init; }

    /// <summary>Subsystem ID.</summary>
    public required int SubsystemId { get; init; }

    /// <summary>PFs, 1 upwards.</summary>
    public required int PhysicalFunctions { get; init; }

    /// <summary>VFs that each PF may have.</summary>
    public required int TotalVFs { get; init; }

    /// <summary>Rate groups that there may be: numbers 1 upwards.</summary>
    public required int RateGroups { get; init; }

    /// <summary>Largest frame without its Ethernet header, bytes.</summary>
    public required int Mtu { get; init; }

    /// <summary>Speed of the Ethernet port, Mbit/s.</summary>
    public required uint EthernetMbps { get; init; }

    /// <summary>Queue pairs of a PF.</summary>
    public required int PfQueuePairs { get; init; }

    /// <summary>Queue pairs of a VF after start.</summary>
    public required int VfQueuePairs { get; init; }

    /// <summary>MSI-X vectors of a PF.</summary>
    public required int PfMsixVectors { get; init; }

    /// <summary>MSI-X vectors of a VF after start.</summary>
    public required int VfMsixVectors { get; init; }

    /// <summary>Max Link Speed as in Link Capabilities: 1 = 2.5 GT/s upwards.</summary>
    public required int LinkSpeed { get; init; }

    /// <summary>Lanes.</summary>
    public required int LinkWidth { get; init; }

    /// <summary>Largest payload of a packet, bytes.</summary>
    public required int MaxPayloadBytes { get; init; }

    /// <summary>Time of the device's clock, microseconds since its start.</summary>
    public required ulong TimeUs { get; init; }

    /// <summary>Functions, enabled or not.</summary>
    public int Functions => PhysicalFunctions + (PhysicalFunctions * TotalVFs);

    /// <summary>Takes a payload of at least <see cref="ManagementEndpoint.Bytes"/> apart.</summary>
    public static EndpointInfo Read(ReadOnlySpan<byte> bytes) => new()
    {
        FirmwareVersion = string.Create(
            CultureInfo.InvariantCulture,
            $"{U16(bytes, ManagementEndpoint.FirmwareMajorOffset)}.{U16(bytes, ManagementEndpoint.FirmwareMinorOffset)}.{U16(bytes, ManagementEndpoint.FirmwarePatchOffset)}"),
        IsLinkUp = (U16(bytes, ManagementEndpoint.PortStateOffset) & ManagementEndpoint.PortStateLinkUpMask) != 0,
        SerialNumber = ReadUInt64LittleEndian(bytes[ManagementEndpoint.SerialNumberOffset..]),
        SubsystemVendorId = U16(bytes, ManagementEndpoint.SubsystemVendorIdOffset),
        SubsystemId = U16(bytes, ManagementEndpoint.SubsystemIdOffset),
        PhysicalFunctions = U16(bytes, ManagementEndpoint.PhysicalFunctionsOffset),
        TotalVFs = U16(bytes, ManagementEndpoint.TotalVFsOffset),
        RateGroups = U16(bytes, ManagementEndpoint.RateGroupsOffset),
        Mtu = U16(bytes, ManagementEndpoint.MtuOffset),
        EthernetMbps = ReadUInt32LittleEndian(bytes[ManagementEndpoint.EthernetMbpsOffset..]),
        PfQueuePairs = U16(bytes, ManagementEndpoint.PfQueuePairsOffset),
        VfQueuePairs = U16(bytes, ManagementEndpoint.VfQueuePairsOffset),
        PfMsixVectors = U16(bytes, ManagementEndpoint.PfMsixVectorsOffset),
        VfMsixVectors = U16(bytes, ManagementEndpoint.VfMsixVectorsOffset),
        LinkSpeed = bytes[ManagementEndpoint.LinkSpeedOffset],
        LinkWidth = bytes[ManagementEndpoint.LinkWidthOffset],
        MaxPayloadBytes = U16(bytes, ManagementEndpoint.MaxPayloadBytesOffset),
        TimeUs = ReadUInt64LittleEndian(bytes[ManagementEndpoint.TimeUsOffset..]),
    };

    private static int U16(ReadOnlySpan<byte> bytes, int offset) => ReadUInt16LittleEndian(bytes[offset..]);
}

/// <summary>One function (<see cref="ManagementFunction"/>): what it is, how its policy is set, how it is.</summary>
internal sealed record FunctionInfo
{
    /// <summary>Index of the function in the protocol.</summary>
    public required int Index { get; init; }

    /// <summary>Its PF, or itself.</summary>
    public required int PhysicalFunction { get; init; }

    /// <summary>Number of the VF within its PF; null for a PF.</summary>
    public required int? Vf { get; init; }

    /// <summary>Distance of its Routing ID from the PF's.</summary>
    public required int RoutingIdDistance { get; init; }

    /// <summary>The Flags masks of <see cref="ManagementFunction"/>.</summary>
    public required int Flags { get; init; }

    /// <summary>One of <see cref="ManagementLinkState"/>.</summary>
    public required int LinkState { get; init; }

    /// <summary>Number of its rate group, 0 for the port.</summary>
    public required int RateGroup { get; init; }

    /// <summary>MAC address as the attribute has it: the first byte lowest.</summary>
    public required ulong Mac { get; init; }

    /// <summary>Its share's weight.</summary>
    public required int Weight { get; init; }

    /// <summary>Port VLAN as <see cref="ManagementVlan"/>, 0 for none.</summary>
    public required uint Vlan { get; init; }

    /// <summary>Limit, Mbit/s; 0 for none.</summary>
    public required uint MaxTxRate { get; init; }

    /// <summary>Guarantee, Mbit/s; 0 for none.</summary>
    public required uint MinTxRate { get; init; }

    /// <summary>Interrupts a second at the most; 0 for any number.</summary>
    public required uint InterruptCeiling { get; init; }

    /// <summary>Queue pairs.</summary>
    public required int QueuePairs { get; init; }

    /// <summary>MSI-X vectors.</summary>
    public required int MsixVectors { get; init; }

    /// <summary>How it is named on the command line: pf0, vf3 (of pf0), pf1vf3.</summary>
    public string Name => FunctionName.Of(PhysicalFunction, Vf);

    /// <summary>It is there: a PF, or a VF that is enabled.</summary>
    public bool IsEnabled => Has(ManagementFunction.FlagsEnabledMask);

    /// <summary>Whether a flag is set.</summary>
    public bool Has(int flag) => (Flags & flag) != 0;

    /// <summary>Takes an entry of at least <see cref="ManagementFunction.Bytes"/> apart.</summary>
    public static FunctionInfo Read(ReadOnlySpan<byte> bytes) => new()
    {
        Index = U16(bytes, ManagementFunction.FunctionOffset),
        PhysicalFunction = U16(bytes, ManagementFunction.PhysicalFunctionOffset),
        Vf = U16(bytes, ManagementFunction.VfOffset) is var vf && vf != ManagementFunction.NoVf ? vf : null,
        RoutingIdDistance = U16(bytes, ManagementFunction.RoutingIdDistanceOffset),
        Flags = U16(bytes, ManagementFunction.FlagsOffset),
        LinkState = bytes[ManagementFunction.LinkStateOffset],
        RateGroup = bytes[ManagementFunction.RateGroupOffset],
        Mac = ReadUInt32LittleEndian(bytes[ManagementFunction.MacOffset..]) | ((ulong)U16(bytes, ManagementFunction.MacOffset + 4) << 32),
        Weight = U16(bytes, ManagementFunction.WeightOffset),
        Vlan = U32(bytes, ManagementFunction.VlanOffset),
        MaxTxRate = U32(bytes, ManagementFunction.MaxTxRateOffset),
        MinTxRate = U32(bytes, ManagementFunction.MinTxRateOffset),
        InterruptCeiling = U32(bytes, ManagementFunction.InterruptCeilingOffset),
        QueuePairs = U16(bytes, ManagementFunction.QueuePairsOffset),
        MsixVectors = U16(bytes, ManagementFunction.MsixVectorsOffset),
    };

    private static int U16(ReadOnlySpan<byte> bytes, int offset) => ReadUInt16LittleEndian(bytes[offset..]);

    private static uint U32(ReadOnlySpan<byte> bytes, int offset) => ReadUInt32LittleEndian(bytes[offset..]);
}
