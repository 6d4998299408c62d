// Requests for counters, events and health.
using System;
using System.Collections.Generic;
using SmartNicFw.Hal.Regs;
using static System.Buffers.Binary.BinaryPrimitives;

namespace SmartNicFw.HostTools.Client;

internal sealed partial class ManagementClient
{
    /// <summary>Reads the counters of a function.</summary>
    public FunctionStatistics GetFunctionStatistics(int function)
    {
        WriteFunction(function);
        return FunctionStatistics.Read(Ask(ManagementOpcode.FunctionStatistics, ManagementFunctionStatistics.Bytes));
    }

    /// <summary>Reads the counters of a queue.</summary>
    /// <param name="queue">vq_index, 0 upwards.</param>
    public QueueStatistics GetQueueStatistics(int function, int queue)
    {
        WriteUInt16LittleEndian(Payload[ManagementQueueNumber.FunctionOffset..], (ushort)function);
        WriteUInt16LittleEndian(Payload[ManagementQueueNumber.QueueOffset..], (ushort)queue);
        return QueueStatistics.Read(Ask(ManagementOpcode.QueueStatistics, ManagementQueueStatistics.Bytes));
    }

    /// <summary>Reads a frame's worth of events.</summary>
    /// <param name="first">Number of the first one wanted; one that is no longer there stands for the oldest that is.</param>
    public EventPage GetEvents(uint first)
    {
        WriteUInt32LittleEndian(Payload[ManagementEventsRequest.FirstOffset..], first);
        WriteUInt16LittleEndian(Payload[ManagementEventsRequest.CountOffset..], 0);
        WriteUInt16LittleEndian(Payload[ManagementEventsRequest.ReservedOffset..], 0);
        ReadOnlySpan<byte> page = Ask(ManagementOpcode.Events, ManagementEvents.Bytes);
        int count = ReadUInt16LittleEndian(page[ManagementEvents.CountOffset..]);
        int stride = ReadUInt16LittleEndian(page[ManagementEvents.EntryBytesOffset..]);
        ReadOnlySpan<byte> body = page[ManagementEvents.EntriesOffset..];
        if (count > 0 && (stride < ManagementEvent.Bytes || (long)count * stride > body.Length))
        {
            throw Nonsense("sent a list that is longer than its frame");
        }

        uint number = ReadUInt32LittleEndian(page[ManagementEvents.FirstOffset..]);
        var events = new List<EventInfo>(count);
        for (int at = 0; at < count; at++)
        {
            events.Add(EventInfo.Read(number + (uint)at, body[(at * stride)..]));
        }

        return new EventPage(
            number,
            ReadUInt32LittleEndian(page[ManagementEvents.NextOffset..]),
            ReadUInt32LittleEndian(page[ManagementEvents.LostOffset..]),
            events);
    }

    /// <summary>Asks whether a function is well.</summary>
    /// <param name="function">Its index, or <see cref="ManagementFunctionNumber.Endpoint"/>.</param>
    public HealthInfo GetHealth(int function)
    {
        WriteFunction(function);
        return HealthInfo.Read(Ask(ManagementOpcode.Health, ManagementHealth.Bytes));
    }
}
