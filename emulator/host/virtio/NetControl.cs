// The control queue as a driver uses it: one command at a time, each waited for.
using System;
using System.Buffers.Binary;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Host.Virtio;

/// <summary>Commands of VIRTIO 1.4, 5.1.6.5. Each returns whether the device answered VIRTIO_NET_OK.</summary>
public sealed class NetControl : IDisposable
{
    /// <summary>Elements of a command: head, data, ack, result.</summary>
    internal const int MaxElements = 4;

    /// <summary>Descriptors wanted of the control queue.</summary>
    internal const int WantedSize = 64;

    private const int HeadBytes = 2;
    private const int DataBytes = 8192;
    private const int ResultBytes = 4096;
    private const int MacBytes = 6;
    private const int StatsRequestBytes = 16;
    private const int Polls = 10_000;
    private const int PollIntervalUs = 10;
    private const byte NotAnswered = 0xFF;

    private readonly RootComplex _host;
    private readonly DriverVirtqueue _queue;
    private readonly HostMemory _memory;
    private readonly HostBuffer _command;
    private readonly HostBuffer _reply;
    private readonly byte[] _scratch = new byte[DataBytes];

    internal NetControl(RootComplex host, DriverVirtqueue queue, HostMemory memory)
    {
        _host = host;
        _queue = queue;
        _memory = memory;
        _command = memory.Allocate(HeadBytes + DataBytes);
        _reply = memory.Allocate(1 + ResultBytes);
    }

    /// <summary>The queue.</summary>
    public DriverVirtqueue Queue => _queue;

    /// <summary>Ack of the command sent last; FFh when the device did not answer.</summary>
    public byte LastAck { get; private set; } = NotAnswered;

    /// <summary>Commands that the device has not answered in time.</summary>
    public long Unanswered { get; private set; }

    /// <summary>Puts the device's receive filter into a mode (5.1.6.5.1).</summary>
    /// <param name="command">One of the commands of class RX.</param>
    public bool SetReceiveMode(int command, bool isOn) => Send(VirtioNetControl.ClassRx, command, [isOn ? (byte)1 : (byte)0]);

    /// <summary>Sets the table of further addresses to receive (5.1.6.5.2).</summary>
    /// <param name="unicast">Addresses of 6 bytes each, one after the other.</param>
    /// <param name="multicast">Addresses of 6 bytes each, one after the other.</param>
    public bool SetMacTable(ReadOnlySpan<byte> unicast, ReadOnlySpan<byte> multicast)
    {
        int at = AppendTable(_scratch, unicast);
        at += AppendTable(_scratch.AsSpan(at), multicast);
        return Send(VirtioNetControl.ClassMac, VirtioNetControl.MacTableSet, _scratch.AsSpan(0, at));
    }

    /// <summary>Changes the function's own address (5.1.6.5.2).</summary>
    /// <param name="address">6 bytes.</param>
    public bool SetMacAddress(ReadOnlySpan<byte> address) =>
        Send(VirtioNetControl.ClassMac, VirtioNetControl.MacAddressSet, address);

    /// <summary>Adds a VLAN to those received (5.1.6.5.3).</summary>
    public bool AddVlan(int vlan) => SendU16(VirtioNetControl.ClassVlan, VirtioNetControl.VlanAdd, vlan);

    /// <summary>Takes a VLAN from those received (5.1.6.5.3).</summary>
    public bool DeleteVlan(int vlan) => SendU16(VirtioNetControl.ClassVlan, VirtioNetControl.VlanDelete, vlan);

    /// <summary>Sets the number of queue pairs in use (5.1.6.5.6).</summary>
    public bool SetQueuePairs(int pairs) => SendU16(VirtioNetControl.ClassMq, VirtioNetControl.MqPairsSet, pairs);

    /// <summary>Configures receive-side scaling (5.1.6.5.7.1).</summary>
    /// <param name="hashTypes">Types that are hashed.</param>
    /// <param name="unclassifiedPair">Queue pair for frames without hash, 0 upwards.</param>
    /// <param name="pairs">Indirection table: queue pairs, 0 upwards; a power of two of them.</param>
    /// <param name="transmitQueues">Transmit queues that will be used.</param>
    /// <param name="key">Hash key, at most 255 bytes.</param>
    public bool SetRss(uint hashTypes, int unclassifiedPair, ReadOnlySpan<ushort> pairs, int transmitQueues, ReadOnlySpan<byte> key)
    {
        // A receive queue is named by bits 16:1 of its index, which is the number of its pair.
        Span<byte> data = _scratch;
        BinaryPrimitives.WriteUInt32LittleEndian(data, hashTypes);
        BinaryPrimitives.WriteUInt16LittleEndian(data[4..], (ushort)(pairs.Length - 1));
        BinaryPrimitives.WriteUInt16LittleEndian(data[6..], (ushort)unclassifiedPair);
        int at = 8;
        foreach (ushort pair in pairs)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(data[at..], pair);
            at += sizeof(ushort);
        }

        BinaryPrimitives.WriteUInt16LittleEndian(data[at..], (ushort)transmitQueues);
        at = AppendKey(at + sizeof(ushort), key);
        return Send(VirtioNetControl.ClassMq, VirtioNetControl.MqRssConfig, _scratch.AsSpan(0, at));
    }

    /// <summary>Configures hash reports without receive-side scaling (5.1.6.5.6.4).</summary>
    public bool SetHash(uint hashTypes, ReadOnlySpan<byte> key)
    {
        const int ReservedBytes = 8;
        BinaryPrimitives.WriteUInt32LittleEndian(_scratch, hashTypes);
        _scratch.AsSpan(sizeof(uint), ReservedBytes).Clear();
        int at = AppendKey(sizeof(uint) + ReservedBytes, key);
        return Send(VirtioNetControl.ClassMq, VirtioNetControl.MqHashConfig, _scratch.AsSpan(0, at));
    }

    /// <summary>Asks which statistics the device has (5.1.6.5.10.1).</summary>
    /// <param name="types">supported_stats_types, bit n for type n.</param>
    public bool QueryStatistics(out ulong types)
    {
        Span<byte> result = stackalloc byte[sizeof(ulong)];
        bool isOk = Send(VirtioNetControl.ClassStats, VirtioNetControl.StatsQuery, [], result, out int length) && length == result.Length;
        types = isOk ? BinaryPrimitives.ReadUInt64LittleEndian(result) : 0;
        return isOk;
    }

    /// <summary>Reads statistics of one queue (5.1.6.5.10.2).</summary>
    /// <param name="types">Bit n for type n.</param>
    /// <param name="result">Receives replies, each with its header.</param>
    /// <param name="length">Bytes of <paramref name="result"/> that the device wrote.</param>
    public bool GetStatistics(int queue, ulong types, Span<byte> result, out int length)
    {
        Span<byte> request = stackalloc byte[StatsRequestBytes];
        request.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(request, (ushort)queue);
        BinaryPrimitives.WriteUInt64LittleEndian(request[sizeof(ulong)..], types);
        return Send(VirtioNetControl.ClassStats, VirtioNetControl.StatsGet, request, result, out length);
    }

    /// <summary>Sets for how many frames and how long notifications of all queues of a direction wait at the most (5.1.6.5.9).</summary>
    /// <param name="packets">max_packets; 0: they do not wait.</param>
    /// <param name="usecs">max_usecs; 0: they do not wait.</param>
    public bool SetCoalescing(bool isTransmit, uint packets, uint usecs)
    {
        Span<byte> data = stackalloc byte[VirtioNetCtrlCoal.Bytes];
        WriteCoalescing(data, packets, usecs);
        return Send(VirtioNetControl.ClassNotfCoal, isTransmit ? VirtioNetControl.NotfCoalTxSet : VirtioNetControl.NotfCoalRxSet, data);
    }

    /// <summary>Sets the same for one queue (5.1.6.5.9).</summary>
    /// <param name="queue">Number of an enabled receive or transmit queue.</param>
    /// <param name="packets">max_packets; 0: they do not wait.</param>
    /// <param name="usecs">max_usecs; 0: they do not wait.</param>
    public bool SetQueueCoalescing(int queue, uint packets, uint usecs)
    {
        Span<byte> data = stackalloc byte[VirtioNetCtrlCoalVq.Bytes];
        data.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(data[VirtioNetCtrlCoalVq.VqIndexOffset..], (ushort)queue);
        WriteCoalescing(data[VirtioNetCtrlCoalVq.CoalOffset..], packets, usecs);
        return Send(VirtioNetControl.ClassNotfCoal, VirtioNetControl.NotfCoalVqSet, data);
    }

    /// <summary>Reads what is set for a queue (5.1.6.5.9).</summary>
    /// <param name="queue">Number of an enabled receive or transmit queue.</param>
    public bool GetQueueCoalescing(int queue, out uint packets, out uint usecs)
    {
        Span<byte> request = stackalloc byte[VirtioNetCtrlCoalVq.CoalOffset];
        request.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(request[VirtioNetCtrlCoalVq.VqIndexOffset..], (ushort)queue);
        Span<byte> result = stackalloc byte[VirtioNetCtrlCoal.Bytes];
        bool isOk = Send(VirtioNetControl.ClassNotfCoal, VirtioNetControl.NotfCoalVqGet, request, result, out int length)
            && length == result.Length;
        packets = isOk ? BinaryPrimitives.ReadUInt32LittleEndian(result[VirtioNetCtrlCoal.MaxPacketsOffset..]) : 0;
        usecs = isOk ? BinaryPrimitives.ReadUInt32LittleEndian(result[VirtioNetCtrlCoal.MaxUsecsOffset..]) : 0;
        return isOk;
    }

    /// <summary>Sends any command, well-formed or not, and waits for its answer.</summary>
    public bool Send(int commandClass, int command, ReadOnlySpan<byte> data) => Send(commandClass, command, data, [], out _);

    /// <summary>Sends any command, well-formed or not, and waits for its answer.</summary>
    /// <param name="data">Command-specific data, at most 8192 bytes.</param>
    /// <param name="result">Receives the command-specific result, at most 4096 bytes.</param>
    /// <param name="length">Bytes of the result that the device wrote.</param>
    /// <returns>Whether the device answered VIRTIO_NET_OK.</returns>
    public bool Send(int commandClass, int command, ReadOnlySpan<byte> data, Span<byte> result, out int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(data.Length, DataBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(result.Length, ResultBytes);
        length = 0;
        LastAck = NotAnswered;
        Span<byte> bytes = _command.Span;
        bytes[VirtioNetControl.ClassOffset] = (byte)commandClass;
        bytes[VirtioNetControl.CommandOffset] = (byte)command;
        data.CopyTo(bytes[VirtioNetControl.DataOffset..]);
        _reply.Span[0] = NotAnswered;

        Span<RingElement> elements = stackalloc RingElement[MaxElements];
        int count = 0;
        elements[count++] = new RingElement(_command.Address, HeadBytes);
        if (data.Length > 0)
        {
            elements[count++] = new RingElement(_command.Address + HeadBytes, (uint)data.Length);
        }

        int readable = count;
        elements[count++] = new RingElement(_reply.Address, 1);
        if (result.Length > 0)
        {
            elements[count++] = new RingElement(_reply.Address + 1, (uint)result.Length);
        }

        if (!_queue.Ring.TryAdd(elements[..count], readable, 0, isIndirect: true) || !Await(out uint written))
        {
            Unanswered++;
            return false;
        }

        LastAck = written > 0 ? _reply.Span[0] : NotAnswered;
        length = (int)Math.Min(written > 0 ? written - 1 : 0, (uint)result.Length);
        _reply.Span.Slice(1, length).CopyTo(result);
        return LastAck == VirtioNetControl.Ok;
    }

    /// <summary>Gives its memory back, after the device has let go of it.</summary>
    public void Dispose()
    {
        _memory.Free(_command);
        _memory.Free(_reply);
        _queue.Dispose();
    }

    private static int AppendTable(Span<byte> data, ReadOnlySpan<byte> addresses)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(data, (uint)(addresses.Length / MacBytes));
        addresses.CopyTo(data[sizeof(uint)..]);
        return sizeof(uint) + addresses.Length;
    }

    private static void WriteCoalescing(Span<byte> data, uint packets, uint usecs)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(data[VirtioNetCtrlCoal.MaxPacketsOffset..], packets);
        BinaryPrimitives.WriteUInt32LittleEndian(data[VirtioNetCtrlCoal.MaxUsecsOffset..], usecs);
    }

    private int AppendKey(int at, ReadOnlySpan<byte> key)
    {
        _scratch[at] = checked((byte)key.Length);
        key.CopyTo(_scratch.AsSpan(at + 1));
        return at + 1 + key.Length;
    }

    private bool SendU16(int commandClass, int command, int value)
    {
        Span<byte> data = stackalloc byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16LittleEndian(data, (ushort)value);
        return Send(commandClass, command, data);
    }

    private bool Await(out uint written)
    {
        _queue.Flush();
        for (int poll = 0; poll < Polls; poll++)
        {
            if (_queue.Ring.TryTake(out _, out written))
            {
                return true;
            }

            _host.Wait(PollIntervalUs);
        }

        written = 0;
        return false;
    }
}
