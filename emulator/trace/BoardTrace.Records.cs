// What the decorators tell, as records. Each method is called only while a trace is open.
using System;
using System.Buffers.Binary;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Emulator.Trace;

/// <content>Records of the configuration flow and of the control flow.</content>
public sealed partial class BoardTrace
{
    private readonly byte[] _record = new byte[TraceRecord.MaxBytes];

    /// <summary>Clears a record and writes the head of one that is nobody's.</summary>
    internal static void WriteHead(Span<byte> record, TraceKind kind, int bytes)
    {
        record[..bytes].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(record, TraceRecord.Signature);
        record[TraceRecord.VersionOffset] = TraceRecord.Version;
        record[TraceRecord.KindOffset] = (byte)kind;
        Put16(record, TraceRecord.LengthOffset, bytes);
        Put16(record, TraceRecord.FunctionOffset, TraceRecord.None);
        Put16(record, TraceRecord.PhysicalFunctionOffset, TraceRecord.None);
        Put16(record, TraceRecord.VfOffset, TraceRecord.None);
        Put16(record, TraceRecord.QueueOffset, TraceRecord.None);
        record[TraceRecord.RoleOffset] = TraceRecord.NoRole;
    }

    internal void LinkEvent(LinkEvent linkEvent)
    {
        Span<byte> record = Begin(TraceKind.LinkEvent, TraceLinkEvent.Bytes, TraceRecord.None);
        Put32(record, TraceLinkEvent.EventOffset, (uint)linkEvent);
        End(record, TraceRecord.None);
    }

    /// <returns>The function that the request is for, or <see cref="TraceRecord.None"/>.</returns>
    internal int ConfigRequest(ConfigRequest request)
    {
        int found = _firmware!.Router.FunctionOf(request);
        int function = found < 0 ? TraceRecord.None : found;
        Span<byte> record = BeginConfig(TraceKind.ConfigRequest, request, function);
        record[TraceConfig.ByteEnablesOffset] = (byte)request.ByteEnables;
        Put32(record, TraceConfig.DataOffset, request.IsWrite ? request.Data : 0);
        End(record, function);
        return function;
    }

    internal void ConfigCompletion(ConfigRequest request, int function, int status, uint data)
    {
        Span<byte> record = BeginConfig(TraceKind.ConfigCompletion, request, function);
        record[TraceConfig.StatusOffset] = (byte)status;
        Put32(record, TraceConfig.DataOffset, request.IsWrite || status != Hal.Spec.CompletionStatus.Successful ? 0 : data);
        End(record, function);
    }

    internal void BarRequest(BarRequest request)
    {
        int function = FunctionOf(request.PhysicalFunction, request.Vf);
        Span<byte> record = BeginBar(TraceKind.BarRequest, request, function);
        Put64(record, TraceBar.DataOffset, request.IsWrite ? request.Data : 0);
        End(record, function);
    }

    internal void BarCompletion(BarRequest request, ulong data)
    {
        int function = FunctionOf(request.PhysicalFunction, request.Vf);
        Span<byte> record = BeginBar(TraceKind.BarCompletion, request, function);
        Put64(record, TraceBar.DataOffset, data);
        End(record, function);
    }

    internal void Doorbell(Doorbell doorbell)
    {
        int function = FunctionOf(doorbell.PhysicalFunction, doorbell.Vf);
        End(Begin(TraceKind.Doorbell, TraceRecord.HeadBytes, function, doorbell.Queue), function);
    }

    internal void MsixMessage(int function, ulong address, uint data)
    {
        Span<byte> record = Begin(TraceKind.MsixMessage, TraceMsix.Bytes, function);
        Put64(record, TraceMsix.AddressOffset, address);
        Put32(record, TraceMsix.DataOffset, data);
        End(record, function);
    }

    private static void Put16(Span<byte> record, int offset, int value) =>
        BinaryPrimitives.WriteUInt16LittleEndian(record[offset..], (ushort)value);

    private static void Put32(Span<byte> record, int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(record[offset..], value);

    private static void Put64(Span<byte> record, int offset, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(record[offset..], value);

    private Span<byte> BeginConfig(TraceKind kind, ConfigRequest request, int function)
    {
        Span<byte> record = Begin(kind, TraceConfig.Bytes, function);
        Put16(record, TraceConfig.RoutingIdOffset, request.RoutingId);
        Put16(record, TraceConfig.RequesterIdOffset, request.RequesterId);
        Put16(record, TraceConfig.TagOffset, request.Tag);
        Put16(record, TraceConfig.RegisterOffset, request.RegisterOffset);
        record[TraceConfig.FlagsOffset] = (byte)((request.IsWrite ? TraceConfig.Write : 0) | (request.IsType1 ? TraceConfig.Type1 : 0)
            | (request.IsPoisoned ? TraceConfig.Poisoned : 0));
        return record;
    }

    private Span<byte> BeginBar(TraceKind kind, BarRequest request, int function)
    {
        Span<byte> record = Begin(kind, TraceBar.Bytes, function);
        record[TraceBar.BarOffset] = (byte)request.Bar;
        record[TraceBar.SizeOffset] = (byte)request.Bytes;
        record[TraceBar.FlagsOffset] = (byte)(request.IsWrite ? TraceBar.Write : 0);
        Put32(record, TraceBar.AddressOffset, (uint)request.Offset);
        return record;
    }

    private int FunctionOf(int physicalFunction, int vf) =>
        vf < 0 ? physicalFunction : _firmware!.Numbering.VirtualFunction(physicalFunction, vf);

    // The one record that is being written: on one thread there is never a second.
    private Span<byte> Begin(TraceKind kind, int bytes, int function, int queue = TraceRecord.None)
    {
        Span<byte> record = _record.AsSpan(0, bytes);
        WriteHead(record, kind, bytes);
        if (function != TraceRecord.None)
        {
            bool isVirtual = _firmware!.Numbering.IsVirtual(function);
            Put16(record, TraceRecord.FunctionOffset, function);
            Put16(record, TraceRecord.PhysicalFunctionOffset, _firmware.Numbering.PhysicalFunctionOf(function));
            Put16(record, TraceRecord.VfOffset, isVirtual ? _firmware.Numbering.VfNumberOf(function) : TraceRecord.None);
            if (queue != TraceRecord.None)
            {
                bool isThere = _firmware.DataPath.State.IndexOf(function, queue) >= 0;
                Put16(record, TraceRecord.QueueOffset, queue);
                record[TraceRecord.RoleOffset] = isThere ? (byte)_firmware.DataPath.State.RoleOf(function, queue) : (byte)TraceRecord.NoRole;
            }
        }

        return record;
    }

    private void End(Span<byte> record, int function)
    {
        long nowNs = NowNs;
        foreach (RunningTrace trace in _traces)
        {
            trace.AddRecord(record, function, nowNs);
        }
    }

    private void WriteStart(RunningTrace trace, int function, int bufferBytes)
    {
        Span<byte> record = Begin(TraceKind.Start, TraceStart.Bytes, TraceRecord.None);
        Put16(record, TraceStart.PhysicalFunctionsOffset, _configuration.PhysicalFunctions);
        Put16(record, TraceStart.TotalVFsOffset, _configuration.TotalVFs);
        Put16(record, TraceStart.OnlyFunctionOffset, function < 0 ? TraceRecord.None : function);
        Put16(record, TraceStart.FlagsOffset, _timed is null ? 0 : TraceStart.ModelledLink);
        Put32(record, TraceStart.BufferBytesOffset, (uint)bufferBytes);
        trace.AddRecord(record, TraceRecord.None, NowNs);
    }
}
