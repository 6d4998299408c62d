// What the queue engine is asked and says, as records; and what a turn asked of the link, concluded from what it moved.
using System;
using SmartNicFw.Emulator.Link;
using SmartNicFw.Firmware.Dma;
using SmartNicFw.Firmware.Management;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Trace;

/// <content>Records of the data flow.</content>
public sealed partial class BoardTrace
{
    private const int ReadCredits = 0;
    private const int WriteCredits = 2;
    private const int ReadCompletionBoundary = 64;

    private TransferRules? _transfers;
    private LinkTraffic? _traffic;

    internal void BusMaster(int function, bool isBusMaster)
    {
        Span<byte> record = Begin(TraceKind.BusMaster, TraceBusMaster.Bytes, function);
        Put32(record, TraceBusMaster.AllowedOffset, isBusMaster ? 1U : 0);
        End(record, function);
    }

    internal void QueueStart(QueueSetup setup, HalStatus status)
    {
        Span<byte> record = Begin(TraceKind.QueueStart, TraceQueueStart.Bytes, setup.Function, setup.Queue);
        record[TraceRecord.RoleOffset] = (byte)setup.Role;
        Put32(record, TraceQueueStart.SizeOffset, (uint)setup.Size);
        Put32(record, TraceQueueStart.StatusOffset, (uint)status);
        Put64(record, TraceQueueStart.FeaturesOffset, setup.Features);
        Put64(record, TraceQueueStart.DescriptorAreaOffset, setup.DescriptorArea);
        Put64(record, TraceQueueStart.DriverAreaOffset, setup.DriverArea);
        Put64(record, TraceQueueStart.DeviceAreaOffset, setup.DeviceArea);
        End(record, setup.Function);
    }

    internal void QueueStop(int function, int queue) => End(Begin(TraceKind.QueueStop, TraceRecord.HeadBytes, function, queue), function);

    internal void TurnGranted(int function, int queue, int frames, int bytes)
    {
        Firmware.DataPath path = _firmware!.DataPath;
        ArbitrationPolicy policy = path.Arbitration;
        int priority = policy.Priority(function);
        Span<byte> record = Begin(TraceKind.TurnGranted, TraceGrant.Bytes, function, queue);
        Put32(record, TraceGrant.FramesOffset, (uint)frames);
        Put32(record, TraceGrant.BytesOffset, (uint)bytes);
        Put32(record, TraceGrant.ReadCreditsOffset, Free(path.Turns.Credits, ReadCredits));
        Put32(record, TraceGrant.WriteCreditsOffset, Free(path.Turns.Credits, WriteCredits));
        Put16(record, TraceGrant.UnderWayOffset, path.Turns.Count(function));
        Put16(record, TraceGrant.UnderWayTotalOffset, path.Turns.Total);
        Put16(record, TraceGrant.GroupOffset, policy.GroupOf(function));
        Put16(record, TraceGrant.WeightOffset, policy.Weight(function));
        record[TraceGrant.PriorityOffset] = (byte)priority;
        record[TraceGrant.ClassOffset] = (byte)path.Pending.Transmit.Classes.ClassOf(priority);
        End(record, function);
    }

    internal void TurnRefused(int function, int queue, HalStatus status)
    {
        Span<byte> record = Begin(TraceKind.TurnRefused, TraceRefusal.Bytes, function, queue);
        Put32(record, TraceRefusal.StatusOffset, (uint)status);
        End(record, function);
    }

    internal void QueueReport(QueueEvent report)
    {
        switch (report.Kind)
        {
            case QueueEventKind.TurnOver:
                TurnOver(report);
                break;
            case QueueEventKind.Used:
                Report(TraceKind.Used, TraceUsed.Bytes, TraceUsed.FramesOffset, report, (uint)report.Frames);
                break;
            case QueueEventKind.Faulted:
                Report(TraceKind.Faulted, TraceFault.Bytes, TraceFault.FaultOffset, report, (uint)report.Fault);
                break;
            default:
                End(Begin(TraceKind.Broken, TraceRecord.HeadBytes, report.Function, report.Queue), report.Function);
                break;
        }
    }

    private void Report(TraceKind kind, int bytes, int offset, QueueEvent report, uint value)
    {
        Span<byte> record = Begin(kind, bytes, report.Function, report.Queue);
        Put32(record, offset, value);
        End(record, report.Function);
    }

    private void TurnOver(QueueEvent report)
    {
        Span<byte> record = Begin(TraceKind.TurnOver, TraceTurn.Bytes, report.Function, report.Queue);
        Put32(record, TraceTurn.FramesOffset, (uint)report.Frames);
        Put32(record, TraceTurn.BytesOffset, (uint)report.Bytes);
        Put32(record, TraceTurn.CopiedBytesOffset, (uint)report.CopiedBytes);
        Put32(record, TraceTurn.FlagsOffset, (report.HasMore ? TraceTurn.More : 0U) | (report.IsBlocked ? TraceTurn.Blocked : 0U));
        End(record, report.Function);
        if (report.Frames > 0)
        {
            Dma(report);
        }
    }

    // A queue that sends has its frames read, and written once for each copy; one that receives has those written that had waited.
    private void Dma(QueueEvent report)
    {
        int function = report.Function;
        bool isPacked = _firmware!.DataPath.State.IsNegotiated(function, 1UL << VirtioFeature.RingPacked);
        bool isSending = _firmware.DataPath.State.RoleOf(function, report.Queue) == QueueRole.Transmit;
        LinkTraffic traffic = _timed?.Traffic ?? TrafficOf(function, isPacked);
        int frames = isSending ? report.Frames : 0;
        int copies = LinkTraffic.CopiesOf(report.Frames, report.Bytes, report.CopiedBytes);
        LinkLoad load = traffic.Turn(frames, report.Bytes, copies, report.CopiedBytes);
        Span<byte> record = Begin(TraceKind.Dma, TraceDma.Bytes, function, report.Queue);
        record[TraceRecord.FlagsOffset] = TraceRecord.Inferred;
        Put32(record, TraceDma.FramesOffset, (uint)frames);
        Put32(record, TraceDma.BytesOffset, isSending ? (uint)report.Bytes : 0);
        Put32(record, TraceDma.CopiesOffset, (uint)copies);
        Put32(record, TraceDma.CopiedBytesOffset, (uint)report.CopiedBytes);
        Put32(record, TraceDma.ReadRequestsOffset, (uint)load.ReadRequests);
        Put32(record, TraceDma.WritesOffset, (uint)load.Writes);
        Put32(record, TraceDma.UpstreamBytesOffset, (uint)load.UpstreamBytes);
        Put32(record, TraceDma.DownstreamBytesOffset, (uint)load.DownstreamBytes);
        Put32(record, TraceDma.WriteDataCreditsOffset, (uint)load.WriteDataCredits);
        Put16(record, TraceDma.MaxPayloadOffset, traffic.Rules.MaxPayload);
        Put16(record, TraceDma.MaxReadRequestOffset, traffic.Rules.MaxReadRequest);
        End(record, function);
    }

    // The last one serves as long as it fits: settings of functions seldom differ.
    private LinkTraffic TrafficOf(int function, bool isPacked)
    {
        int maxPayload = _transfers!.MaxPayloadBytes(function);
        int maxReadRequest = _transfers.MaxReadRequestBytes(function);
        if (_traffic is null || _traffic.IsPacked != isPacked || _traffic.Rules.MaxPayload != maxPayload
            || _traffic.Rules.MaxReadRequest != maxReadRequest)
        {
            _traffic = new LinkTraffic(new TransactionRules(maxPayload, maxReadRequest, ReadCompletionBoundary), isPacked);
        }

        return _traffic;
    }

    private uint Free(DmaCredits credits, int kind)
    {
        long free = 0;
        for (int channel = 0; channel < _configuration.DmaChannels; channel++)
        {
            free += credits.Free(channel, kind);
        }

        return (uint)Math.Min(free, uint.MaxValue);
    }
}
