// Frames between a network driver and whoever uses it, with the fields of virtio_net_hdr.
using System;

namespace SmartNicFw.Emulator.Host.Virtio;

/// <summary>What a driver asks of the device with a frame: fields of virtio_net_hdr (VIRTIO 1.4, 5.1.6.2).</summary>
public readonly record struct FrameOffload
{
    /// <summary>flags.</summary>
    public byte Flags { get; init; }

    /// <summary>gso_type.</summary>
    public byte GsoType { get; init; }

    /// <summary>hdr_len, bytes.</summary>
    public ushort HdrLen { get; init; }

    /// <summary>gso_size, bytes.</summary>
    public ushort GsoSize { get; init; }

    /// <summary>csum_start, bytes.</summary>
    public ushort CsumStart { get; init; }

    /// <summary>csum_offset, bytes.</summary>
    public ushort CsumOffset { get; init; }
}

/// <summary>A frame that arrived; lent for the call.</summary>
public readonly ref struct ReceivedFrame
{
    /// <summary>Queue pair it came on, 0 upwards.</summary>
    public int Pair { get; init; }

    /// <summary>Header fields that have the same meaning as in a frame that is sent.</summary>
    public FrameOffload Offload { get; init; }

    /// <summary>num_buffers as the device wrote it.</summary>
    public ushort NumBuffers { get; init; }

    /// <summary>hash_value; 0 without HASH_REPORT.</summary>
    public uint HashValue { get; init; }

    /// <summary>hash_report; 0 without HASH_REPORT.</summary>
    public ushort HashReport { get; init; }

    /// <summary>The frame from its destination address on, without FCS.</summary>
    public ReadOnlySpan<byte> Payload { get; init; }
}

/// <summary>Takes a frame; may send, must not poll.</summary>
public delegate void ReceivedFrameHandler(in ReceivedFrame frame);

/// <summary>How transmit buffers are cut into elements.</summary>
/// <param name="HeaderElements">Elements for virtio_net_hdr alone, 0 to 20; 0: it shares one with the start of the frame.</param>
/// <param name="FrameElements">Elements for the frame, 1 upwards.</param>
/// <param name="IsIndirect">Whether they lie in an indirect table, when that was negotiated.</param>
public readonly record struct TransmitLayout(int HeaderElements, int FrameElements, bool IsIndirect)
{
    /// <summary>Header and frame in one element.</summary>
    public static readonly TransmitLayout Whole = new(0, 1, false);
}
