// An endpoint with a host and drivers, traced from its first configuration request on; what the host and the wire saw, beside the trace.
using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Emulator.Timing;
using SmartNicFw.Emulator.Trace;
using SmartNicFw.Firmware;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Trace;

/// <summary>A record of a trace, taken apart as far as its head goes.</summary>
internal sealed record Told(TraceKind Kind, int Function, int Queue, uint Number, byte[] Bytes)
{
    public uint U32(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(Bytes.AsSpan(offset));

    public ulong U64(int offset) => BinaryPrimitives.ReadUInt64LittleEndian(Bytes.AsSpan(offset));

    public static Told Of(byte[] record)
    {
        int U16(int offset) => BinaryPrimitives.ReadUInt16LittleEndian(record.AsSpan(offset));
        return new Told(
            (TraceKind)record[TraceRecord.KindOffset], U16(TraceRecord.FunctionOffset), U16(TraceRecord.QueueOffset),
            BinaryPrimitives.ReadUInt32LittleEndian(record.AsSpan(TraceRecord.NumberOffset)), record);
    }
}

/// <summary>A wire that keeps what it is sent, and has what a test puts on it.</summary>
internal sealed class KeepingPort : NetworkPort
{
    private readonly Queue<byte[]> _waiting = new();

    public List<byte[]> Sent { get; } = [];

    public override bool HasWaiting => _waiting.Count > 0;

    public void Put(byte[] frame) => _waiting.Enqueue(frame);

    public override bool TryReceive(Span<byte> buffer, out int length)
    {
        length = 0;
        if (!_waiting.TryDequeue(out byte[]? frame))
        {
            return false;
        }

        frame.CopyTo(buffer);
        length = frame.Length;
        return true;
    }

    public override void Send(ReadOnlySpan<byte> frame) => Sent.Add(frame.ToArray());

    public override void Dispose()
    {
    }
}

internal sealed class TraceLab : IDisposable
{
    private readonly NetHost _host;

    /// <param name="isTraced">Whether a trace is open from the beginning on: <see cref="Running"/>.</param>
    public TraceLab(int vfs, bool isTraced = true, int mtu = 1500)
    {
        Board = new EmulatedBoard(new EndpointConfiguration { TotalVFs = vfs, Mtu = mtu }, clock: Clock, trace: Trace);
        Board.Engine.Port = Wire;
        Running = isTraced ? Trace.TryOpen() : null;
        _host = new NetHost(Board, vfs, 32 << 20);
        Inbox = [.. Enumerable.Range(0, vfs).Select(_ => new List<byte[]>())];
    }

    public VirtualClock Clock { get; } = new();

    public BoardTrace Trace { get; } = new();

    public RunningTrace? Running { get; }

    public EmulatedBoard Board { get; }

    public NetHost Host => _host;

    public KeepingPort Wire { get; } = new();

    public NetDriver[] Drivers => _host.Drivers;

    public List<byte[]>[] Inbox { get; }

    public NetDriver Start(int vf, NetDriverOptions? options = null) =>
        _host.Start(vf, options ?? new NetDriverOptions { QueueSize = 64 }, (in ReceivedFrame frame) => Inbox[vf].Add(frame.Payload.ToArray()));

    public int Index(int vf) => Board.Firmware.Numbering.VirtualFunction(0, vf);

    /// <summary>A frame to an address, with bytes that tell it from others.</summary>
    public byte[] Frame(ReadOnlySpan<byte> to, int from, int bytes, int seed = 0)
    {
        var frame = new byte[bytes];
        for (int index = Ethernet.HeaderBytes; index < bytes; index++)
        {
            frame[index] = (byte)((index * 3) + seed);
        }

        ExperimentalFrame.WriteHeader(frame, to, Drivers[from].MacAddress);
        return frame;
    }

    public void Send(int vf, params byte[][] frames)
    {
        foreach (byte[] frame in frames)
        {
            Drivers[vf].TrySend(frame);
        }

        Drivers[vf].Flush();
        Settle();
    }

    public void Settle() => Board.Settle(() => Drivers.Sum(driver => driver is { IsRunning: true } ? driver.Poll() : 0));

    /// <summary>Everything that waits of a trace, as a reader takes it: a piece at a time.</summary>
    public static byte[] Drain(RunningTrace trace, int piece = 1000)
    {
        var taken = new MemoryStream();
        while (!trace.IsEmpty)
        {
            ReadOnlySpan<byte> oldest = trace.Oldest;
            oldest = oldest[..Math.Min(oldest.Length, piece)];
            taken.Write(oldest);
            trace.Remove(oldest.Length);
        }

        return taken.ToArray();
    }

    /// <summary>Ends the trace.</summary>
    public byte[] Finish()
    {
        Running!.End();
        return Drain(Running);
    }

    public void Dispose() => _host.Dispose();
}
