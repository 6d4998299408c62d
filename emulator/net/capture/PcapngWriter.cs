// Writes pcapng files: one little-endian section, interfaces with names, enhanced packets in nanoseconds.
using System;
using System.IO;

namespace SmartNicFw.Emulator.Net.Capture;

/// <summary>A pcapng file.</summary>
public sealed class PcapngWriter : CaptureWriter
{
    private byte[] _block = new byte[PcapngBlock.MaxDescriptionBytes];
    private int _interfaces;

    /// <summary>Writes the section header.</summary>
    public PcapngWriter(Stream stream)
        : base(stream) => Put(PcapngBlock.WriteSection(_block, ""));

    /// <inheritdoc/>
    public override int AddInterface(string name)
    {
        Put(PcapngBlock.WriteInterface(_block, CaptureLimits.LinkTypeEthernet, name, ""));
        return _interfaces++;
    }

    /// <inheritdoc/>
    public override void Write(int interfaceId, ReadOnlySpan<byte> frame, long timestampNs)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)interfaceId, (uint)_interfaces);
        int bytes = PcapngBlock.PacketBytes(frame.Length, PacketDirection.None, 0);
        if (bytes > _block.Length)
        {
            _block = new byte[bytes];
        }

        Put(PcapngBlock.WritePacket(_block, interfaceId, timestampNs, frame, PacketDirection.None, []));
        FramesWritten++;
    }

    private void Put(int bytes) => Stream.Write(_block.AsSpan(0, bytes));
}
