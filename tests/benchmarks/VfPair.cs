// Two VFs with a driver each, the first of which sends to the second: what both sides of a data path comparison start from.
using System;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Emulator.Trace;
using SmartNicFw.Firmware;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Benchmarks;

/// <summary>
/// The host's half, the same on either side of a comparison: it fills the rings before the device's half is timed and
/// empties them after, so that its cost is in no figure, and leaves the caches in the same state for both.
/// </summary>
internal sealed class VfPair : IDisposable
{
    /// <summary>Frames of a batch: a whole ring of the size that drivers choose by default.</summary>
    public const int Batch = 256;

    private const int VFs = 2;
    private const int MemoryBytes = 8 << 20;
    private const ulong SplitFeatures = (1UL << VirtioNetFeature.Mac) | (1UL << VirtioNetFeature.MrgRxbuf);

    private readonly NetHost _host;
    private readonly byte[] _frame;
    private long _received;

    /// <summary>Powers a board on, enables its VFs and starts their drivers, which poll and want no interrupts.</summary>
    /// <param name="frameBytes">Bytes of every frame, without header and check sequence.</param>
    /// <param name="isPacked">Packed rings instead of split ones.</param>
    /// <param name="trace">Can trace the board; null: nobody can.</param>
    public VfPair(int frameBytes, bool isPacked, BoardTrace? trace = null)
    {
        Board = new EmulatedBoard(new EndpointConfiguration { TotalVFs = VFs }, trace: trace);
        _host = new NetHost(Board, VFs, MemoryBytes);
        var options = new NetDriverOptions
        {
            WantedFeatures = SplitFeatures | (isPacked ? 1UL << VirtioFeature.RingPacked : 0),
            QueueSize = Batch,
            TransmitFrameBytes = frameBytes,
            InterruptAfter = 0,
            UsesMsix = false,
        };
        Sender = _host.Start(0, options);
        Receiver = _host.Start(1, options, Count);
        _frame = new byte[frameBytes];
        ExperimentalFrame.WriteHeader(_frame, Receiver.MacAddress, Sender.MacAddress);
    }

    /// <summary>The device's half.</summary>
    public EmulatedBoard Board { get; }

    /// <summary>Driver of the VF that sends.</summary>
    public NetDriver Sender { get; }

    /// <summary>Driver of the VF that receives.</summary>
    public NetDriver Receiver { get; }

    /// <summary>Makes a batch available.</summary>
    public void Fill()
    {
        for (int count = 0; count < Batch; count++)
        {
            Sender.TrySend(_frame);
        }

        Sender.Flush();
    }

    /// <summary>Takes the batch back and refills the receiver; throws unless all of it arrived.</summary>
    public void Collect()
    {
        long before = _received;
        Receiver.Poll();
        int moved = Sender.Poll();
        if (_received - before != Batch || moved != Batch)
        {
            throw new InvalidOperationException($"of {Batch} frames {moved} were sent and {_received - before} received");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _host.Dispose();

    // A frame of another length than was sent is not counted, and so refused.
    private void Count(in ReceivedFrame frame) => _received += frame.Payload.Length == _frame.Length ? 1 : 0;
}
