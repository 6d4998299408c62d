// One trace on its way to one reader: pcapng blocks in a bounded buffer. What has no room is lost and counted. Knows no socket.
using System;
using System.Buffers.Binary;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Emulator.Net.Capture;

namespace SmartNicFw.Emulator.Trace;

/// <summary>
/// Interface 0 is the endpoint's, for records; the others are those of stations, for frames, described right before the first frame of
/// each. Room for what ends the trace is always kept. Made by <see cref="BoardTrace.TryOpen"/>; belongs to the board's thread.
/// </summary>
public sealed class RunningTrace
{
    /// <summary>Room that a trace has when nothing else is said, bytes.</summary>
    public const int DefaultBufferBytes = 4 << 20;

    /// <summary>Every function is traced.</summary>
    public const int AllFunctions = -1;

    private const int Undescribed = -1;
    private const int ResumePart = 4;
    private static readonly int LostBlockBytes = PcapngBlock.LossBytes(TraceLost.Bytes);

    private readonly BoardTrace _trace;
    private readonly TraceBuffer _buffer;
    private readonly int _function;

    // By station, the wire first; what is counted of records stands behind them.
    private readonly int[] _interfaces;
    private readonly ulong[] _received;
    private readonly ulong[] _dropped;
    private readonly byte[] _lostRecord = new byte[TraceLost.Bytes];
    private int _interfaceCount;
    private ulong _lostSince;
    private long _lostSinceNs;
    private uint _number;
    private bool _isOver;

    internal RunningTrace(BoardTrace trace, int functions, int function, int bufferBytes)
    {
        _trace = trace;
        _function = function;
        _buffer = new TraceBuffer(bufferBytes);
        _interfaces = new int[functions + 2];
        _received = new ulong[functions + 2];
        _dropped = new ulong[functions + 2];
        Array.Fill(_interfaces, Undescribed);
        Span<byte> room = _buffer.Reserve(2 * PcapngBlock.MaxDescriptionBytes);
        int bytes = PcapngBlock.WriteSection(room, "SmartNicFw emulator");
        _buffer.Add(bytes + Describe(room[bytes..], _interfaces.Length - 1, "endpoint", "configuration requests, BAR accesses, doorbells, MSI-X, DMA, arbitration"));
    }

    /// <summary>Called when there is something to read where nothing was. It may not end the trace.</summary>
    public Action? Filled { get; set; }

    /// <summary>True when there is nothing to read now.</summary>
    public bool IsEmpty => _buffer.IsEmpty;

    /// <summary>The oldest bytes that were not taken; empty when there are none.</summary>
    public ReadOnlySpan<byte> Oldest => _buffer.Oldest;

    /// <summary>Records and frames lost for want of room.</summary>
    public ulong Lost { get; private set; }

    private int RecordRow => _interfaces.Length - 1;

    // What the end of the trace takes at the most.
    private int EndBytes => LostBlockBytes + (_interfaceCount * PcapngBlock.StatisticsBytes);

    /// <summary>Takes bytes away that were read.</summary>
    /// <param name="bytes">Up to as many as <see cref="Oldest"/> has.</param>
    public void Remove(int bytes) => _buffer.Remove(bytes);

    /// <summary>Ends the trace: what is left to read ends with the statistics of every interface, and nothing is added any more.</summary>
    public void End()
    {
        if (_isOver)
        {
            return;
        }

        _isOver = true;
        _trace.Close(this);
        long nowNs = _trace.NowNs;
        Span<byte> room = _buffer.Reserve(EndBytes);
        int bytes = _lostSince > 0 ? WriteLost(room, nowNs) : 0;
        for (int row = 0; row < _interfaces.Length; row++)
        {
            if (_interfaces[row] != Undescribed)
            {
                bytes += PcapngBlock.WriteStatistics(room[bytes..], _interfaces[row], nowNs, _received[row], _dropped[row]);
            }
        }

        Add(bytes);
    }

    /// <summary>Adds a record; its number is written into it.</summary>
    /// <param name="function">Whose it is, or <see cref="TraceRecord.None"/>.</param>
    internal void AddRecord(Span<byte> record, int function, long nowNs)
    {
        if (_function == AllFunctions || function == _function || function == TraceRecord.None)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(record[TraceRecord.NumberOffset..], _number);
            Add(RecordRow, record, PacketDirection.None, [], nowNs);
            _number++;
        }
    }

    /// <summary>Adds a frame.</summary>
    /// <param name="station">A function, or <see cref="PacketSwitch.Port"/>.</param>
    internal void AddFrame(int station, ReadOnlySpan<byte> frame, PacketDirection direction, ReadOnlySpan<byte> comment, long nowNs)
    {
        if (_function == AllFunctions || station == _function)
        {
            Add(station + 1, frame, direction, comment, nowNs);
        }
    }

    private void Add(int row, ReadOnlySpan<byte> data, PacketDirection direction, ReadOnlySpan<byte> comment, long nowNs)
    {
        bool isNew = _interfaces[row] == Undescribed;
        int needed = PcapngBlock.PacketBytes(data.Length, direction, comment.Length) + EndBytes + LostBlockBytes
            + (isNew ? PcapngBlock.MaxDescriptionBytes + PcapngBlock.StatisticsBytes : 0);

        // What was lost once goes on being lost until there is room for more than the next: one gap, rather than many small ones.
        needed = Math.Max(needed, _lostSince > 0 ? _buffer.Capacity / ResumePart : 0);
        Span<byte> room = _buffer.Reserve(needed);
        if (room.IsEmpty)
        {
            Lose(row, nowNs);
            return;
        }

        int bytes = _lostSince > 0 ? WriteLost(room, nowNs) : 0;
        if (isNew)
        {
            string name = _trace.NameOf(row - 1);
            bytes += Describe(room[bytes..], row, name, row == 0 ? "frames to and from the wire" : $"frames to and from {name}");
        }

        bytes += PcapngBlock.WritePacket(room[bytes..], _interfaces[row], nowNs, data, direction, comment);
        _received[row]++;
        Add(bytes);
    }

    private void Add(int bytes)
    {
        bool wasEmpty = _buffer.IsEmpty;
        _buffer.Add(bytes);
        if (wasEmpty)
        {
            Filled?.Invoke();
        }
    }

    private void Lose(int row, long nowNs)
    {
        _lostSinceNs = _lostSince == 0 ? nowNs : _lostSinceNs;
        _lostSince++;
        Lost++;
        _dropped[row]++;
    }

    private int Describe(Span<byte> room, int row, string name, string description)
    {
        _interfaces[row] = _interfaceCount++;
        int linkType = row == RecordRow ? CaptureLimits.LinkTypeUser0 : CaptureLimits.LinkTypeEthernet;
        return PcapngBlock.WriteInterface(room, linkType, name, description);
    }

    // Has the number of the record after it: it takes none.
    private int WriteLost(Span<byte> room, long nowNs)
    {
        BoardTrace.WriteHead(_lostRecord, TraceKind.Lost, TraceLost.Bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(_lostRecord.AsSpan(TraceRecord.NumberOffset), _number);
        BinaryPrimitives.WriteUInt64LittleEndian(_lostRecord.AsSpan(TraceLost.CountOffset), _lostSince);
        BinaryPrimitives.WriteUInt64LittleEndian(_lostRecord.AsSpan(TraceLost.TotalOffset), Lost);
        BinaryPrimitives.WriteInt64LittleEndian(_lostRecord.AsSpan(TraceLost.SinceOffset), _lostSinceNs);
        int bytes = PcapngBlock.WriteLoss(room, _interfaces[RecordRow], nowNs, _lostRecord, _lostSince);
        _lostSince = 0;
        _received[RecordRow]++;
        return bytes;
    }
}
