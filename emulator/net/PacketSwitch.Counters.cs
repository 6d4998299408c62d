// Counters of each function and of the port. Knows only that a row belongs to somebody.
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Emulator.Net;

/// <content>Counters.</content>
public sealed partial class PacketSwitch
{
    // A row is two cache lines; the first row is the port's.
    private const int CounterStride = 16;

    // Behind the counters that are told: bytes that the frames which a function sent lack of the shortest frame.
    private const int Padding = Counter.Count;

    private readonly ulong[] _counters;

    /// <summary>Value of a counter of a function, or of <see cref="Port"/>: what came in from the wire counts there as transmitted.</summary>
    public ulong Read(int function, int counter) => _counters[((function + 1) * CounterStride) + counter];

    /// <summary>
    /// Bytes of the frames that a function has sent, each at <see cref="Ethernet.MinFrameBytes"/> at the least: what they take on a line. No driver
    /// sees it.
    /// </summary>
    public ulong ReadPaddedBytes(int function)
    {
        int row = (function + 1) * CounterStride;
        return _counters[row + Counter.TransmittedBytes] + _counters[row + Padding];
    }

    /// <summary>Counts frames that a function has sent.</summary>
    /// <param name="function">The sender.</param>
    /// <param name="frames">Frames, 0 upwards.</param>
    /// <param name="bytes">Their bytes, without VIRTIO headers.</param>
    /// <param name="paddedBytes">Their bytes, each at <see cref="Ethernet.MinFrameBytes"/> at the least.</param>
    public void CountTransmitted(int function, int frames, long bytes, long paddedBytes)
    {
        int row = (function + 1) * CounterStride;
        _counters[row + Counter.TransmittedFrames] += (uint)frames;
        _counters[row + Counter.TransmittedBytes] += (ulong)bytes;
        _counters[row + Padding] += (ulong)(paddedBytes - bytes);
    }

    /// <summary>Counts frames that a function, or the port, has received.</summary>
    /// <param name="function">The receiver.</param>
    /// <param name="frames">Frames, 0 upwards.</param>
    /// <param name="bytes">Their bytes, without VIRTIO headers.</param>
    public void CountReceived(int function, int frames, long bytes)
    {
        int row = (function + 1) * CounterStride;
        _counters[row + Counter.ReceivedFrames] += (uint)frames;
        _counters[row + Counter.ReceivedBytes] += (ulong)bytes;
    }

    /// <summary>Counts frames that were dropped outside the switch.</summary>
    /// <param name="function">The function it is counted for, or <see cref="Port"/>.</param>
    /// <param name="counter">A drop of <see cref="Counter"/>.</param>
    /// <param name="frames">Frames, 0 upwards.</param>
    public void CountDropped(int function, int counter, int frames = 1) =>
        _counters[((function + 1) * CounterStride) + counter] += (uint)frames;
}
