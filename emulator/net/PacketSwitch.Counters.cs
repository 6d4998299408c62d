// Counters of each function and of the port. Knows only that a row belongs to somebody.
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Emulator.Net;

/// <content>Counters.</content>
public sealed partial class PacketSwitch
{
    // A row is two cache lines; the first row is the port's.
    private const int CounterStride = 16;

    private readonly ulong[] _counters;

    /// <summary>Value of a counter of a function, or of <see cref="Port"/>: what came in from the wire counts there as transmitted.</summary>
    public ulong Read(int function, int counter) => _counters[((function + 1) * CounterStride) + counter];

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
