// What the engine tells of frames, as packets of the interfaces of their stations.
using System;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Emulator.Net.Capture;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Emulator.Trace;

/// <content>Frames.</content>
public sealed partial class BoardTrace : IFrameTap
{
    private static ReadOnlySpan<byte> Offloading => "offload: checksum or segments are left to the device"u8;

    private static ReadOnlySpan<byte> Offloaded => "offload: checksum or segments are left to the receiver"u8;

    /// <inheritdoc/>
    public void CameIn(int station, ReadOnlySpan<byte> frame, int drop, bool isOffloading) => AddFrame(
        station, frame, station == PacketSwitch.Port ? PacketDirection.Inbound : PacketDirection.Outbound,
        drop != 0 ? ReasonOf(drop) : isOffloading ? Offloading : []);

    /// <inheritdoc/>
    public void WentOut(int station, ReadOnlySpan<byte> frame, int drop, bool isOffloading) => AddFrame(
        station, frame, station == PacketSwitch.Port ? PacketDirection.Outbound : PacketDirection.Inbound,
        drop != 0 ? ReasonOf(drop) : isOffloading ? Offloaded : []);

    private static ReadOnlySpan<byte> ReasonOf(int drop) => drop switch
    {
        Counter.DroppedNoBuffer => "dropped: no receive buffer"u8,
        Counter.DroppedSpoofed => "dropped: the source address is not the function's"u8,
        Counter.DroppedVlan => "dropped: a VLAN tag that the function may not send"u8,
        Counter.DroppedMalformed => "dropped: a header or a length that cannot be"u8,
        Counter.DroppedControlFrame => "dropped: a control frame of the link"u8,
        Counter.DroppedNoDestination => "dropped: no function and no port takes it"u8,
        Counter.DroppedTooLarge => "dropped: too large for the receiver's buffers or MTU"u8,
        Counter.DroppedLinkDown => "dropped: the operator has taken the function's link down"u8,
        _ => "dropped"u8,
    };

    private void AddFrame(int station, ReadOnlySpan<byte> frame, PacketDirection direction, ReadOnlySpan<byte> comment)
    {
        long nowNs = NowNs;
        foreach (RunningTrace trace in _traces)
        {
            trace.AddFrame(station, frame, direction, comment, nowNs);
        }
    }
}
