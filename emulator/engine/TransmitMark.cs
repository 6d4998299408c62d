// What the switch had counted for a sender when a turn of one of its queues began: the difference is the queue's.
using SmartNicFw.Emulator.Net;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Emulator.Engine;

/// <summary>
/// Counts a turn of a transmit queue at its end, so that no frame pays for it. Right as long as a turn moves frames of one queue
/// only, and nothing else counts what the function sends meanwhile: turns are done at once, on one thread.
/// </summary>
internal readonly struct TransmitMark
{
    private readonly ulong _frames;
    private readonly ulong _bytes;
    private readonly ulong _paddedBytes;
    private readonly ulong _malformed;

    /// <summary>A turn of the function begins.</summary>
    public TransmitMark(PacketSwitch packetSwitch, int function)
    {
        _frames = packetSwitch.Read(function, Counter.TransmittedFrames);
        _bytes = packetSwitch.Read(function, Counter.TransmittedBytes);
        _paddedBytes = packetSwitch.ReadPaddedBytes(function);
        _malformed = packetSwitch.Read(function, Counter.DroppedMalformed);
    }

    /// <summary>The turn is over.</summary>
    /// <param name="taken">Frames that were taken from the queue: those that were not sent were dropped.</param>
    /// <returns>Bytes of the frames that were sent, each at <see cref="Ethernet.MinFrameBytes"/> at the least.</returns>
    public int Count(PacketSwitch packetSwitch, int function, QueueCounters counters, int row, int taken)
    {
        int sent = (int)(packetSwitch.Read(function, Counter.TransmittedFrames) - _frames);
        int malformed = (int)(packetSwitch.Read(function, Counter.DroppedMalformed) - _malformed);
        long bytes = (long)(packetSwitch.Read(function, Counter.TransmittedBytes) - _bytes);
        counters.CountFrames(row, sent, bytes);
        if (sent != taken)
        {
            counters.CountMalformed(row, malformed);
            counters.CountDropped(row, taken - sent - malformed);
        }

        return (int)long.Min((long)(packetSwitch.ReadPaddedBytes(function) - _paddedBytes), int.MaxValue);
    }
}
