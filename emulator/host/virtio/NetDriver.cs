// A driver for one network function: initialization, polling, reset and removal. Its queues have rooms of their own.
// Knows nothing of the device but what configuration space, BARs, rings and interrupts tell.
using System;
using System.Collections.Generic;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Host.Virtio;

/// <summary>
/// The driver's half of VIRTIO 1.4, 3.1 and 5.1. One thread calls; interrupts only leave a note for the next poll.
/// </summary>
public sealed partial class NetDriver : IDisposable
{
    private const int MacBytes = 6;
    private const int ResetPolls = 10_000;
    private const int PollIntervalUs = 100;
    private const int ConfigVector = 0;

    private readonly RootComplex _host;
    private readonly HostMemory _memory;
    private readonly InterruptController? _controller;
    private readonly NetDriverOptions _options;
    private readonly List<NetReceiver> _receivers = [];
    private readonly List<NetTransmitter> _transmitters = [];
    private readonly List<DriverVirtqueue>[] _queuesOfVector;
    private readonly byte[] _mac = new byte[MacBytes];
    private bool _isConfigPending;

    /// <summary>Looks at a function; nothing is written but the window of the configuration access capability.</summary>
    /// <param name="memory">Where rings and buffers lie: memory that the function's device can reach.</param>
    /// <param name="interrupts">Gives out messages; null: MSI-X is not used.</param>
    /// <exception cref="HostException">The function lacks a structure that every VIRTIO device has.</exception>
    public NetDriver(
        RootComplex host, HostFunction function, HostMemory memory, InterruptController? interrupts = null,
        NetDriverOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(function);
        ArgumentNullException.ThrowIfNull(memory);
        _host = host;
        _memory = memory;
        _controller = interrupts;
        _options = options ?? new NetDriverOptions();
        Transport = new VirtioPciTransport(host, function, _options.UsesConfigWindow);
        Msix = interrupts is not null && _options.UsesMsix ? new HostMsix(host, function) : null;
        _queuesOfVector = new List<DriverVirtqueue>[Msix?.TableSize ?? 0];
        for (int vector = 0; vector < _queuesOfVector.Length; vector++)
        {
            _queuesOfVector[vector] = [];
        }
    }

    /// <summary>The function's registers.</summary>
    public VirtioPciTransport Transport { get; }

    /// <summary>The function's interrupts; null when MSI-X is not used.</summary>
    public HostMsix? Msix { get; }

    /// <summary>Features that were negotiated, bit n for feature n.</summary>
    public ulong Features { get; private set; }

    /// <summary>Features that the device offered.</summary>
    public ulong OfferedFeatures { get; private set; }

    /// <summary>True from DRIVER_OK until reset or removal.</summary>
    public bool IsRunning { get; private set; }

    /// <summary>The device has asked for a reset (DEVICE_NEEDS_RESET).</summary>
    public bool NeedsReset { get; private set; }

    /// <summary>Whether the link is up, as the device said last; up when it does not say.</summary>
    public bool IsLinkUp { get; private set; } = true;

    /// <summary>The function's address, 6 bytes; zero when the device does not say.</summary>
    public ReadOnlySpan<byte> MacAddress => _mac;

    /// <summary>max_virtqueue_pairs; 1 when the device does not say.</summary>
    public int MaxPairs { get; private set; } = 1;

    /// <summary>mtu, bytes; 0 when the device does not say.</summary>
    public int Mtu { get; private set; }

    /// <summary>Configuration interrupts handled.</summary>
    public long ConfigurationChanges { get; private set; }

    /// <summary>Takes received frames; frames that arrive while it is null are dropped.</summary>
    public ReceivedFrameHandler? FrameHandler { get; set; }

    /// <summary>Receive queues in use, by pair.</summary>
    public IReadOnlyList<NetReceiver> Receivers => _receivers;

    /// <summary>Transmit queues in use, by pair.</summary>
    public IReadOnlyList<NetTransmitter> Transmitters => _transmitters;

    /// <summary>The control queue; null when it was not negotiated.</summary>
    public NetControl? Control { get; private set; }

    /// <summary>Messages of all vectors that arrived since the start.</summary>
    public long Interrupts
    {
        get
        {
            long all = 0;
            for (int vector = 0; vector < (Msix?.Interrupts.Count ?? 0); vector++)
            {
                all += Msix!.Interrupts[vector].Count;
            }

            return all;
        }
    }

    /// <summary>Takes what has arrived on all queues, whether or not an interrupt told of it.</summary>
    /// <param name="budget">Frames at the most of each receive queue.</param>
    /// <returns>Frames received and sent frames completed.</returns>
    public int Poll(int budget = int.MaxValue)
    {
        int count = 0;
        for (int pair = 0; pair < _receivers.Count; pair++)
        {
            count += PollReceive(pair, budget) + PollTransmit(pair);
        }

        HandleConfiguration();
        return count;
    }

    /// <summary>Takes what has arrived on the queues whose interrupts have arrived, and on no other.</summary>
    /// <param name="budget">Frames at the most of each receive queue; with more waiting the note of the interrupt stays.</param>
    /// <returns>Frames received and sent frames completed.</returns>
    public int PollInterrupted(int budget = int.MaxValue)
    {
        int count = 0;
        for (int pair = 0; pair < _receivers.Count; pair++)
        {
            count += _receivers[pair].Queue.IsPending ? PollReceive(pair, budget) : 0;
            count += _transmitters[pair].Queue.IsPending ? PollTransmit(pair) : 0;
        }

        HandleConfiguration();
        return count;
    }

    /// <summary>Copies a frame into a transmit buffer; the device sees it after <see cref="Flush"/>.</summary>
    /// <returns>False when the queue is full: nothing was sent.</returns>
    public bool TrySend(ReadOnlySpan<byte> frame, in FrameOffload offload = default, int pair = 0) =>
        _transmitters[pair].TrySend(frame, offload);

    /// <summary>Lets the device see all frames sent, and rings the doorbells that it wants.</summary>
    public void Flush()
    {
        foreach (NetTransmitter transmitter in _transmitters)
        {
            transmitter.Flush();
        }
    }

    /// <summary>Resets one queue and enables it again, empty or with fresh receive buffers (RING_RESET).</summary>
    /// <param name="queue">Number of a receive or transmit queue in use.</param>
    /// <exception cref="HostException">It was not negotiated, or the device does not finish.</exception>
    public void RestartQueue(int queue)
    {
        int pair = queue / 2;
        if (queue % 2 == 0)
        {
            NetReceiver receiver = _receivers[pair];
            receiver.Queue.Reset();
            receiver.Fill();
            receiver.Queue.Enable(VectorOf(queue));
            receiver.Queue.Flush();
            Arm(receiver.Queue, _options.InterruptAfter);
        }
        else
        {
            NetTransmitter transmitter = _transmitters[pair];
            transmitter.Queue.Reset();
            transmitter.Reset();
            transmitter.Queue.Enable(VectorOf(queue));
            Arm(transmitter.Queue, _options.TransmitInterruptAfter);
        }
    }

    /// <summary>Resets the device, gives all memory and interrupts back. The driver may be started again.</summary>
    /// <exception cref="HostException">The device does not finish the reset; memory stays taken, for it may still be written.</exception>
    public void Remove()
    {
        IsRunning = false;
        ResetDevice();
        Msix?.Disable();
        foreach (List<DriverVirtqueue> queues in _queuesOfVector)
        {
            queues.Clear();
        }

        _receivers.ForEach(receiver => receiver.Dispose());
        _transmitters.ForEach(transmitter => transmitter.Dispose());
        _receivers.Clear();
        _transmitters.Clear();
        Control?.Dispose();
        Control = null;
    }

    /// <summary>Removes the driver if it is running.</summary>
    public void Dispose()
    {
        if (IsRunning)
        {
            Remove();
        }
    }

    private void Note(int vector)
    {
        _isConfigPending |= vector == ConfigVector;
        foreach (DriverVirtqueue queue in _queuesOfVector[vector])
        {
            queue.IsPending = true;
        }
    }

    private int PollReceive(int pair, int budget)
    {
        NetReceiver receiver = _receivers[pair];
        DriverRing ring = receiver.Queue.Ring;
        int count = 0;
        bool hasMore;
        do
        {
            receiver.Queue.IsPending = false;
            count += receiver.Poll(FrameHandler ?? Drop, budget - count);

            // Arm, fence, look again: what arrived before the device saw that we want an interrupt brings none.
            hasMore = count < budget && Arm(receiver.Queue, _options.InterruptAfter);
        }
        while (hasMore && !ring.IsBroken);
        receiver.Queue.IsPending |= count >= budget;
        return count;
    }

    private int PollTransmit(int pair)
    {
        NetTransmitter transmitter = _transmitters[pair];
        int count = 0;
        do
        {
            transmitter.Queue.IsPending = false;
            count += transmitter.Reap();
        }
        while (Arm(transmitter.Queue, _options.TransmitInterruptAfter) && !transmitter.Queue.Ring.IsBroken);
        return count;
    }

    private static bool Arm(DriverVirtqueue queue, int after)
    {
        if (after > 0)
        {
            return queue.Ring.EnableInterrupts(after);
        }

        queue.Ring.DisableInterrupts();
        return false;
    }

    private static void Drop(in ReceivedFrame frame)
    {
    }

    private void HandleConfiguration()
    {
        if (!_isConfigPending)
        {
            return;
        }

        _isConfigPending = false;
        ConfigurationChanges++;
        NeedsReset = (Transport.Status & VirtioDeviceStatus.DeviceNeedsReset) != 0;
        ReadConfiguration();
    }
}
