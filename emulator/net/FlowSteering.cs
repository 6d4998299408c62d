// How the frames of one function are spread over its queue pairs: by Toeplitz hash and table, or by a stable hash of the flow.
using System;
using System.Buffers.Binary;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Net;

/// <summary>Steering of one function; never changes, and knows neither the function nor its queues. Source: VIRTIO 1.4, 5.1.6.4.3.</summary>
internal sealed class FlowSteering
{
    private readonly ToeplitzHash? _toeplitz;
    private readonly uint _types;
    private readonly bool _isRss;
    private readonly int _unclassifiedPair;
    private readonly uint _pairs;
    private readonly ushort[] _table;

    /// <summary>Takes over what it needs of a setup.</summary>
    public FlowSteering(SteeringSetup setup)
    {
        _types = setup.HashTypes;
        _isRss = setup.IsRss;
        _unclassifiedPair = setup.UnclassifiedPair;
        _pairs = (uint)Math.Max(1, setup.Pairs);
        _table = setup.IsRss ? setup.Pair.AsSpan(0, setup.Entries).ToArray() : [];
        _toeplitz = setup.HashTypes != 0 ? new ToeplitzHash(setup.Key) : null;
    }

    /// <summary>Chooses the pair for a frame.</summary>
    public int Select(in FrameHeader header, out uint hash, out int report)
    {
        hash = 0;
        report = _types != 0 ? Report(header) : VirtioNetHash.ReportNone;
        if (report != VirtioNetHash.ReportNone)
        {
            hash = _toeplitz!.Flow(header, report is not (VirtioNetHash.ReportIpV4 or VirtioNetHash.ReportIpV6));
        }

        if (_isRss)
        {
            return report == VirtioNetHash.ReportNone ? _unclassifiedPair : _table[hash & (uint)(_table.Length - 1)];
        }

        return _pairs == 1 ? 0 : (int)(((ulong)FlowHash(header) * _pairs) >> 32);
    }

    // The first enabled type that the packet has the headers for. A fragment has no transport header of its own.
    private int Report(in FrameHeader header)
    {
        bool isTcp = header.HasPorts && header.Protocol == Ethernet.ProtocolTcp;
        bool isUdp = header.HasPorts && header.Protocol == Ethernet.ProtocolUdp;
        return header.IpVersion switch
        {
            4 when isTcp && Has(VirtioNetHash.TypeTcpV4) => VirtioNetHash.ReportTcpV4,
            4 when isUdp && Has(VirtioNetHash.TypeUdpV4) => VirtioNetHash.ReportUdpV4,
            4 when Has(VirtioNetHash.TypeIpV4) => VirtioNetHash.ReportIpV4,
            6 when isTcp && Has(VirtioNetHash.TypeTcpV6) => VirtioNetHash.ReportTcpV6,
            6 when isUdp && Has(VirtioNetHash.TypeUdpV6) => VirtioNetHash.ReportUdpV6,
            6 when Has(VirtioNetHash.TypeIpV6) => VirtioNetHash.ReportIpV6,
            _ => VirtioNetHash.ReportNone,
        };
    }

    private bool Has(uint type) => (_types & type) != 0;

    // Addresses and ports for IP, Ethernet addresses for the rest: the same for all frames of a flow.
    private static uint FlowHash(in FrameHeader header)
    {
        ulong mixed = header.IpVersion == 0 ? header.Source ^ (header.Destination << 16) : 0;
        ReadOnlySpan<byte> addresses = ToeplitzHash.Addresses(header);
        for (; addresses.Length >= 8; addresses = addresses[8..])
        {
            mixed = Mix(mixed ^ BinaryPrimitives.ReadUInt64LittleEndian(addresses));
        }

        if (header.HasPorts)
        {
            mixed ^= BinaryPrimitives.ReadUInt32LittleEndian(header.Prefix[header.L4Offset..]);
        }

        return (uint)(Mix(mixed) >> 32);
    }

    private static ulong Mix(ulong value)
    {
        value *= 0x9E37_79B9_7F4A_7C15;
        return value ^ (value >> 29);
    }
}
