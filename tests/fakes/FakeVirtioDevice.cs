// The BARs of a VIRTIO network function for the tests of the driver: registers and rings as the specification has them.
using System;
using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Tests.Fakes;

/// <summary>Does nothing by itself but answer commands; a test takes and uses buffers when it wants.</summary>
internal sealed class FakeVirtioDevice(HostMemory memory, InterruptController interrupts) : IEndpointMemory
{
    public const int Queues = 17;
    private const int Pairs = 8;

    private readonly byte[] _table = new byte[0x2000];
    private readonly FakeQueue[] _queues = [.. Enumerable.Range(0, Queues).Select(_ => new FakeQueue())];
    private int _deviceSelect;
    private int _driverSelect;
    private int _queueSelect;
    private int _configVector = VirtioCommonConfig.NoVector;

    public static readonly byte[] Mac = [0x02, 0x11, 0x22, 0x33, 0x44, 0x55];

    public ulong Offered { get; set; } = ulong.MaxValue & ~(1UL << VirtioFeature.NotifConfigData);

    /// <summary>Clears FEATURES_OK whatever the driver wrote.</summary>
    public bool RefusesFeatures { get; set; }

    public int MaxQueueSize { get; set; } = 256;

    public ulong DriverFeatures { get; private set; }

    public int Status { get; private set; }

    /// <summary>Every value written to device_status, in order.</summary>
    public List<int> StatusWrites { get; } = [];

    /// <summary>Every register of a queue that was written, in order: queue, offset in the common configuration.</summary>
    public List<(int Queue, int Offset)> QueueWrites { get; } = [];

    /// <summary>Every doorbell: queue by its place, bytes, value, device_status at that moment.</summary>
    public List<(int Queue, int Bytes, uint Value, int Status)> Doorbells { get; } = [];

    /// <summary>Answers to commands: takes the driver's bytes, returns ack and result.</summary>
    public Func<byte[], byte[]> Answer { get; set; } = _ => [0];

    /// <summary>Commands that arrived.</summary>
    public List<byte[]> Commands { get; } = [];

    public int ControlQueue => Has(VirtioNetFeature.Mq) || Has(VirtioNetFeature.Rss) ? 2 * Pairs : 2;

    public FakeQueue this[int queue] => _queues[queue];

    public FakeRing Ring(int queue) => _queues[queue].Ring ?? throw new InvalidOperationException($"queue {queue} is not enabled");

    public ulong Read(DecodedAddress address, int bytes)
    {
        if (address.Bar == BarMap.MsixBar)
        {
            return address.Offset < (ulong)_table.Length ? BitConverter.ToUInt32(_table, (int)address.Offset) : 0;
        }

        int offset = (int)address.Offset;
        Assert.That(address.Bar, Is.EqualTo(BarMap.ControlBar), "a doorbell was read");
        return offset switch
        {
            < BarMap.CommonConfigBytes => ReadCommon(offset),
            >= BarMap.DeviceConfigOffset => ReadDevice(offset - BarMap.DeviceConfigOffset),
            _ => 0,
        };
    }

    public void Write(DecodedAddress address, int bytes, ulong value)
    {
        int offset = (int)address.Offset;
        if (address.Bar == BarMap.MsixBar)
        {
            BitConverter.TryWriteBytes(_table.AsSpan(offset), (uint)value);
        }
        else if (address.Bar == BarMap.NotifyBar)
        {
            Ring(offset / BarMap.NotifyOffMultiplier, bytes, (uint)value);
        }
        else
        {
            WriteCommon(offset, (uint)value);
        }
    }

    /// <summary>Sends the interrupt of a queue as its table entry says.</summary>
    public void Interrupt(int queue) => Send(_queues[queue].Vector);

    /// <summary>Asks for a reset as a device does that found a broken ring.</summary>
    public void AskForReset()
    {
        Status |= VirtioDeviceStatus.DeviceNeedsReset;
        Send(_configVector);
    }

    private bool Has(int feature) => ((DriverFeatures >> feature) & 1) != 0;

    private void Send(int vector)
    {
        Assert.That(vector, Is.Not.EqualTo(VirtioCommonConfig.NoVector));
        int at = vector * MsixTableEntry.Bytes;
        Assert.That(BitConverter.ToUInt32(_table, at + MsixTableEntry.VectorControlOffset), Is.Zero, $"vector {vector} is masked");
        interrupts.Deliver(BitConverter.ToUInt64(_table, at), BitConverter.ToUInt32(_table, at + MsixTableEntry.DataOffset));
    }

    private void Ring(int queue, int bytes, uint value)
    {
        Doorbells.Add((queue, bytes, value, Status));
        if (queue != ControlQueue || _queues[queue].Ring is not { } ring)
        {
            return;
        }

        while (ring.Take() is { } chain)
        {
            byte[] command = ring.Readable(chain);
            Commands.Add(command);
            ring.Use(chain, ring.Write(chain, Answer(command)));
        }
    }

    private ulong ReadCommon(int offset)
    {
        FakeQueue? queue = _queueSelect < Queues ? _queues[_queueSelect] : null;
        return offset switch
        {
            VirtioCommonConfig.DeviceFeatureOffset => (uint)(_deviceSelect < 2 ? Offered >> (32 * _deviceSelect) : 0),
            VirtioCommonConfig.ConfigMsixVectorOffset => (uint)_configVector,
            VirtioCommonConfig.NumQueuesOffset => Queues,
            VirtioCommonConfig.DeviceStatusOffset => (uint)Status,
            VirtioCommonConfig.QueueSizeOffset => (uint)(queue is null ? 0 : queue.Size == 0 ? MaxQueueSize : queue.Size),
            VirtioCommonConfig.QueueMsixVectorOffset => (uint)(queue?.Vector ?? 0),
            VirtioCommonConfig.QueueEnableOffset => queue?.Ring is null ? 0u : 1u,
            VirtioCommonConfig.QueueNotifyOffOffset => (uint)_queueSelect,
            _ => 0,
        };
    }

    private static ulong ReadDevice(int offset) => offset switch
    {
        < VirtioNetConfig.StatusOffset => Mac[offset],
        VirtioNetConfig.StatusOffset => VirtioNetConfig.LinkUp,
        VirtioNetConfig.MaxVirtqueuePairsOffset => Pairs,
        VirtioNetConfig.MtuOffset => 9000,
        _ => 0,
    };

    private void WriteCommon(int offset, uint value)
    {
        if (offset == VirtioCommonConfig.DeviceStatusOffset)
        {
            WriteStatus((int)value);
        }
        else if (offset == VirtioCommonConfig.DeviceFeatureSelectOffset)
        {
            _deviceSelect = (int)value;
        }
        else if (offset == VirtioCommonConfig.DriverFeatureSelectOffset)
        {
            _driverSelect = (int)value;
        }
        else if (offset == VirtioCommonConfig.DriverFeatureOffset)
        {
            int shift = 32 * _driverSelect;
            DriverFeatures = (DriverFeatures & ~((ulong)uint.MaxValue << shift)) | ((ulong)value << shift);
        }
        else if (offset == VirtioCommonConfig.ConfigMsixVectorOffset)
        {
            _configVector = (int)value;
        }
        else if (offset == VirtioCommonConfig.QueueSelectOffset)
        {
            _queueSelect = (int)value;
        }
        else
        {
            QueueWrites.Add((_queueSelect, offset));
            _queues[_queueSelect].Write(offset, value, memory, DriverFeatures);
        }
    }

    private void WriteStatus(int value)
    {
        StatusWrites.Add(value);
        if (value == 0)
        {
            DriverFeatures = 0;
            _configVector = VirtioCommonConfig.NoVector;
            Array.ForEach(_queues, queue => queue.Reset());
        }

        Status = RefusesFeatures ? value & ~VirtioDeviceStatus.FeaturesOk : value;
    }
}

/// <summary>Registers of a queue, and its ring once it is enabled.</summary>
internal sealed class FakeQueue
{
    private ulong _descriptors;
    private ulong _driver;
    private ulong _device;

    public int Size { get; private set; }

    public int Vector { get; private set; } = VirtioCommonConfig.NoVector;

    public FakeRing? Ring { get; private set; }

    public void Reset()
    {
        Ring = null;
        Size = 0;
        Vector = VirtioCommonConfig.NoVector;
    }

    public void Write(int offset, uint value, HostMemory memory, ulong features)
    {
        switch (offset)
        {
            case VirtioCommonConfig.QueueSizeOffset:
                Size = (int)value;
                break;
            case VirtioCommonConfig.QueueMsixVectorOffset:
                Vector = (int)value;
                break;
            case VirtioCommonConfig.QueueEnableOffset:
                Assert.That((value, Ring), Is.EqualTo((1u, (FakeRing?)null)), "queue_enable takes a 1, once");
                bool hasEventIdx = ((features >> VirtioFeature.EventIdx) & 1) != 0;
                Ring = ((features >> VirtioFeature.RingPacked) & 1) != 0
                    ? new FakePackedRing(memory, Size, hasEventIdx, _descriptors, _driver, _device)
                    : new FakeSplitRing(memory, Size, hasEventIdx, _descriptors, _driver, _device);
                break;
            case VirtioCommonConfig.QueueResetOffset:
                Assert.That((value, Ring), Is.EqualTo((1u, Ring)).And.Not.EqualTo((1u, (FakeRing?)null)));
                Reset();
                break;
            default:
                Set(ref _descriptors, offset - VirtioCommonConfig.QueueDescOffset, value);
                Set(ref _driver, offset - VirtioCommonConfig.QueueDriverOffset, value);
                Set(ref _device, offset - VirtioCommonConfig.QueueDeviceOffset, value);
                break;
        }
    }

    private static void Set(ref ulong register, int offset, uint value)
    {
        if (offset is 0 or 4)
        {
            int shift = offset * 8;
            register = (register & ~((ulong)uint.MaxValue << shift)) | ((ulong)value << shift);
        }
    }
}
