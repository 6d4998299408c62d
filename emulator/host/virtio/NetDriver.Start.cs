// How a network driver brings its device up: reset, features, configuration, interrupts, queues.
using System;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Host.Virtio;

/// <content>Initialization in the order of VIRTIO 1.4, 3.1.1, 4.1.5.1 and 5.1.5.</content>
public sealed partial class NetDriver
{
    /// <summary>Brings the device up in the order of 3.1.1.</summary>
    /// <exception cref="HostException">The device refuses; it was told FAILED and holds no memory of ours.</exception>
    public void Start()
    {
        ResetDevice();
        try
        {
            Transport.Status |= VirtioDeviceStatus.Acknowledge;
            Transport.Status |= VirtioDeviceStatus.Driver;
            Negotiate();
            ReadConfiguration();
            EnableInterrupts();
            MakeQueues();
            Transport.Status |= VirtioDeviceStatus.DriverOk;
            IsRunning = true;
            StartQueues();
        }
        catch (HostException)
        {
            Transport.Status |= VirtioDeviceStatus.Failed;
            Remove();
            throw;
        }
    }

    private void StartQueues()
    {
        foreach (NetReceiver receiver in _receivers)
        {
            receiver.Queue.Flush();
            Arm(receiver.Queue, _options.InterruptAfter);
        }

        foreach (NetTransmitter transmitter in _transmitters)
        {
            Arm(transmitter.Queue, _options.TransmitInterruptAfter);
        }

        Control?.Queue.Ring.DisableInterrupts();
        if (_receivers.Count > 1 && Control is { } control && !control.SetQueuePairs(_receivers.Count))
        {
            throw new HostException($"{Transport.Function.Name} refuses {_receivers.Count} queue pairs");
        }
    }

    private void ResetDevice()
    {
        NeedsReset = false;
        _isConfigPending = false;
        Transport.Status = 0;
        for (int poll = 0; Transport.Status != 0; poll++)
        {
            if (poll == ResetPolls)
            {
                throw new HostException($"{Transport.Function.Name} does not finish its reset");
            }

            _host.Wait(PollIntervalUs);
        }
    }

    private void Negotiate()
    {
        OfferedFeatures = Transport.ReadDeviceFeatures();
        Features = _options.ForcedFeatures ?? NetFeatures.Accept(OfferedFeatures, _options.WantedFeatures);
        if (_options.ForcedFeatures is null && !NetFeatures.Has(Features, VirtioFeature.Version1))
        {
            throw new HostException($"{Transport.Function.Name} does not offer VERSION_1");
        }

        Transport.WriteDriverFeatures(Features);
        Transport.Status |= VirtioDeviceStatus.FeaturesOk;
        if ((Transport.Status & VirtioDeviceStatus.FeaturesOk) == 0)
        {
            throw new HostException($"{Transport.Function.Name} refuses the features {Features:x16}");
        }
    }

    private void ReadConfiguration()
    {
        int generation;
        do
        {
            generation = Transport.ConfigGeneration;
            for (int index = 0; index < MacBytes; index++)
            {
                _mac[index] = NetFeatures.Has(Features, VirtioNetFeature.Mac)
                    ? (byte)Transport.ReadDevice(VirtioNetConfig.MacOffset + index, 1)
                    : (byte)0;
            }

            IsLinkUp = !NetFeatures.Has(Features, VirtioNetFeature.Status)
                || (Transport.ReadDevice(VirtioNetConfig.StatusOffset, 2) & VirtioNetConfig.LinkUp) != 0;
            MaxPairs = HasManyPairs ? (int)Transport.ReadDevice(VirtioNetConfig.MaxVirtqueuePairsOffset, 2) : 1;
            Mtu = NetFeatures.Has(Features, VirtioNetFeature.Mtu) ? (int)Transport.ReadDevice(VirtioNetConfig.MtuOffset, 2) : 0;
        }
        while (generation != Transport.ConfigGeneration);
    }

    private bool HasManyPairs =>
        NetFeatures.Has(Features, VirtioNetFeature.Mq) || NetFeatures.Has(Features, VirtioNetFeature.Rss);

    private int Pairs => Math.Clamp(_options.QueuePairs, 1, Math.Max(1, MaxPairs));

    private void EnableInterrupts()
    {
        if (Msix is null)
        {
            return;
        }

        // One vector for the configuration and one for each queue in use; with fewer, queues share them in turn.
        int wanted = 1 + (2 * Pairs) + (NetFeatures.Has(Features, VirtioNetFeature.CtrlVq) ? 1 : 0);
        Msix.Enable(_controller!, Math.Min(wanted, Msix.TableSize), Note);
        Transport.WriteCommon(VirtioCommonConfig.ConfigMsixVectorOffset, 2, ConfigVector);
        if (Transport.ReadCommon(VirtioCommonConfig.ConfigMsixVectorOffset, 2) != ConfigVector)
        {
            throw new HostException($"{Transport.Function.Name} has no interrupt vector for configuration changes");
        }
    }

    private void MakeQueues()
    {
        for (int pair = 0; pair < Pairs; pair++)
        {
            DriverVirtqueue receive = MakeQueue(2 * pair, _options.QueueSize, _options.ReceiveElements);
            var receiver = new NetReceiver(receive, _memory, pair, Features, _options);
            _receivers.Add(receiver);
            receiver.Fill();
            receive.Enable(VectorOf(receive.Index));
            DriverVirtqueue transmit = MakeQueue(
                (2 * pair) + 1, _options.QueueSize, NetTransmitter.MaxElements(_options.TransmitLayout));
            _transmitters.Add(new NetTransmitter(transmit, _memory, Features, _options.TransmitFrameBytes, _options.TransmitLayout));
            transmit.Enable(VectorOf(transmit.Index));
        }

        if (NetFeatures.Has(Features, VirtioNetFeature.CtrlVq))
        {
            DriverVirtqueue control = MakeQueue(2 * MaxPairs, NetControl.WantedSize, NetControl.MaxElements);
            Control = new NetControl(_host, control, _memory);
            control.Enable(VectorOf(control.Index));
        }
    }

    private DriverVirtqueue MakeQueue(int index, int size, int maxElements)
    {
        var queue = new DriverVirtqueue(_host, Transport, _memory, index, Features, size, maxElements);
        if (VectorOf(index) is int vector && vector < _queuesOfVector.Length)
        {
            _queuesOfVector[vector].Add(queue);
        }

        return queue;
    }

    private int VectorOf(int queue)
    {
        if (Msix is null)
        {
            return VirtioCommonConfig.NoVector;
        }

        // The control queue's vector follows those of the queues in use, whatever its number is.
        int order = Math.Min(queue, 2 * Pairs);
        int forQueues = Msix.Interrupts.Count - 1;
        return forQueues == 0 ? ConfigVector : 1 + (order % forQueues);
    }
}
