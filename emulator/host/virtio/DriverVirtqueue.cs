// One queue of a device: its ring, its registers and its doorbell. Knows nothing of what buffers hold.
using System;
using System.Numerics;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Host.Virtio;

/// <summary>Sets a queue up as VIRTIO 1.4, 4.1.5.1.3 says, and rings its doorbell when the device wants it.</summary>
public sealed class DriverVirtqueue : IDisposable
{
    private const int ResetPolls = 1000;
    private const int PollIntervalUs = 100;

    private readonly RootComplex _host;
    private readonly VirtioPciTransport _transport;
    private readonly ulong _features;
    private int _notifyOff;
    private int _notifyValue;

    /// <summary>Makes a queue with a ring of the wanted size, or of the device's maximum if that is less.</summary>
    /// <param name="features">Features that were negotiated.</param>
    /// <param name="wantedSize">Queue size, 1 to 32768; for a split ring a power of two.</param>
    /// <param name="maxElements">Most elements of a buffer.</param>
    /// <exception cref="HostException">The device has no such queue.</exception>
    public DriverVirtqueue(
        RootComplex host, VirtioPciTransport transport, HostMemory memory, int index, ulong features, int wantedSize, int maxElements)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(transport);
        _host = host;
        _transport = transport;
        _features = features;
        Index = index;
        Select();
        MaxSize = (int)transport.ReadCommon(VirtioCommonConfig.QueueSizeOffset, 2);
        if (MaxSize == 0)
        {
            throw new HostException($"{transport.Function.Name} has no queue {index}");
        }

        bool isPacked = NetFeatures.Has(features, VirtioFeature.RingPacked);
        int size = Math.Min(wantedSize, isPacked ? MaxSize : (int)(BitOperations.RoundUpToPowerOf2((uint)MaxSize + 1) / 2));
        Ring = isPacked
            ? new DriverPackedRing(memory, size, features, maxElements)
            : new DriverSplitRing(memory, size, features, maxElements);
    }

    /// <summary>Number of the queue.</summary>
    public int Index { get; }

    /// <summary>Largest size that the device allows.</summary>
    public int MaxSize { get; }

    /// <summary>Its ring.</summary>
    public DriverRing Ring { get; }

    /// <summary>Whether an interrupt has arrived since this was cleared.</summary>
    public bool IsPending { get; set; }

    /// <summary>Doorbells rung.</summary>
    public long Doorbells { get; private set; }

    /// <summary>Publications of which the device did not want to hear.</summary>
    public long DoorbellsSaved { get; private set; }

    /// <summary>Gives the device the ring and enables it.</summary>
    /// <param name="vector">MSI-X vector, or <see cref="VirtioCommonConfig.NoVector"/>.</param>
    /// <exception cref="HostException">The device refuses the vector or does not enable the queue.</exception>
    public void Enable(int vector)
    {
        Select();
        _transport.WriteCommon(VirtioCommonConfig.QueueSizeOffset, 2, (uint)Ring.Size);
        _transport.WriteCommon(VirtioCommonConfig.QueueMsixVectorOffset, 2, (uint)vector);
        if (_transport.ReadCommon(VirtioCommonConfig.QueueMsixVectorOffset, 2) != (uint)vector)
        {
            throw new HostException($"{_transport.Function.Name} has no interrupt vector {vector} for queue {Index}");
        }

        _transport.WriteCommon64(VirtioCommonConfig.QueueDescOffset, Ring.DescriptorArea);
        _transport.WriteCommon64(VirtioCommonConfig.QueueDriverOffset, Ring.DriverArea);
        _transport.WriteCommon64(VirtioCommonConfig.QueueDeviceOffset, Ring.DeviceArea);
        _notifyOff = (int)_transport.ReadCommon(VirtioCommonConfig.QueueNotifyOffOffset, 2);
        _notifyValue = NetFeatures.Has(_features, VirtioFeature.NotifConfigData)
            ? (int)_transport.ReadCommon(VirtioCommonConfig.QueueNotifConfigDataOffset, 2)
            : Index;
        _transport.WriteCommon(VirtioCommonConfig.QueueEnableOffset, 2, 1);
        if (_transport.ReadCommon(VirtioCommonConfig.QueueEnableOffset, 2) != 1)
        {
            throw new HostException($"{_transport.Function.Name} does not enable queue {Index}");
        }
    }

    /// <summary>Publishes what was added to the ring and rings the doorbell unless the device wants no notification.</summary>
    public void Flush()
    {
        int before = Ring.NotificationOffset;
        if (Ring.Publish())
        {
            Notify();
        }
        else
        {
            DoorbellsSaved += Ring.NotificationOffset != before ? 1 : 0;
        }
    }

    /// <summary>Rings the doorbell (4.1.5.2).</summary>
    public void Notify()
    {
        Doorbells++;
        if (NetFeatures.Has(_features, VirtioFeature.NotificationData))
        {
            _transport.Notify(_notifyOff, 4, (uint)(_notifyValue | (Ring.NotificationOffset << 16)));
        }
        else
        {
            _transport.Notify(_notifyOff, 2, (uint)_notifyValue);
        }
    }

    /// <summary>Resets the queue alone (2.6.1, 4.1.4.3.2); all its buffers are the driver's afterwards.</summary>
    /// <exception cref="HostException">RING_RESET was not negotiated, or the device does not finish.</exception>
    public void Reset()
    {
        if (!NetFeatures.Has(_features, VirtioFeature.RingReset))
        {
            throw new HostException($"{_transport.Function.Name}: RING_RESET was not negotiated");
        }

        Select();
        _transport.WriteCommon(VirtioCommonConfig.QueueResetOffset, 2, 1);
        for (int poll = 0; poll < ResetPolls; poll++)
        {
            Select();
            if (_transport.ReadCommon(VirtioCommonConfig.QueueResetOffset, 2) == 0
                && _transport.ReadCommon(VirtioCommonConfig.QueueEnableOffset, 2) == 0)
            {
                Ring.Reset();
                return;
            }

            _host.Wait(PollIntervalUs);
        }

        throw new HostException($"{_transport.Function.Name} does not finish the reset of queue {Index}");
    }

    /// <summary>Gives the ring's memory back, after the device has let go of it.</summary>
    public void Dispose() => Ring.Dispose();

    private void Select() => _transport.WriteCommon(VirtioCommonConfig.QueueSelectOffset, 2, (uint)Index);
}
