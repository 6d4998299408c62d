// The VIRTIO header that a receiver gets with a frame: what the sender asked for, and the hash. Knows no ring.
using System;
using System.Buffers.Binary;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Engine;

/// <summary>virtio_net_hdr on the way to a driver. Source: VIRTIO 1.4, 5.1.6 and 5.1.6.4.</summary>
internal struct ReceiveHeader
{
    /// <summary>Checksum and segmentation, left to the receiver.</summary>
    public OffloadHeader Offload;

    /// <summary>hash_value.</summary>
    public uint HashValue;

    /// <summary>hash_report.</summary>
    public int HashReport;

    /// <summary>Whether a receiver with these features takes a frame as its sender left it.</summary>
    public static bool IsAcceptable(in OffloadHeader offload, ulong features)
    {
        if (offload.IsPlain)
        {
            return true;
        }

        bool isEcn = (offload.GsoType & VirtioNetHeader.GsoEcn) != 0;
        return Has(features, VirtioNetFeature.GuestCsum) && (!isEcn || Has(features, VirtioNetFeature.GuestEcn))
            && offload.GsoKind switch
            {
                VirtioNetHeader.GsoNone => true,
                VirtioNetHeader.GsoTcpV4 => Has(features, VirtioNetFeature.GuestTso4),
                VirtioNetHeader.GsoTcpV6 => Has(features, VirtioNetFeature.GuestTso6),
                VirtioNetHeader.GsoUdpL4 => Has(features, VirtioNetFeature.GuestUso4) && Has(features, VirtioNetFeature.GuestUso6),
                _ => false,
            };
    }

    /// <summary>Writes the header.</summary>
    /// <param name="bytes">12 or 20 bytes; the hash fields are written when there is room for them.</param>
    /// <param name="buffers">Buffers that the frame takes, 1 upwards.</param>
    public readonly void Write(Span<byte> bytes, int buffers)
    {
        Offload.Write(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[VirtioNetHeader.NumBuffersOffset..], (ushort)buffers);
        if (bytes.Length >= VirtioNetHeader.HashBytes)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[VirtioNetHeader.HashValueOffset..], HashValue);
            BinaryPrimitives.WriteUInt16LittleEndian(bytes[VirtioNetHeader.HashReportOffset..], (ushort)HashReport);
            BinaryPrimitives.WriteUInt16LittleEndian(bytes[VirtioNetHeader.PaddingOffset..], 0);
        }
    }

    private static bool Has(ulong features, int feature) => (features & (1UL << feature)) != 0;
}
