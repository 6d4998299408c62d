// One firmware with its operators: clients of the management port, and hosts at the windows of its PFs. Frames are built and judged here by
// layouts of its own.
using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Text;
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Timing;
using SmartNicFw.Firmware;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Management;

/// <summary>An answer, as it came.</summary>
internal sealed record Answer(int Opcode, uint Sequence, int Status, byte[] Payload)
{
    public int U16(int offset) => BinaryPrimitives.ReadUInt16LittleEndian(Payload.AsSpan(offset));

    public uint U32(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(Payload.AsSpan(offset));

    public ulong U64(int offset) => BinaryPrimitives.ReadUInt64LittleEndian(Payload.AsSpan(offset));

    /// <summary>Reason of a refusal; -1 when there is no payload.</summary>
    public int Reason => Payload.Length == 0 ? -1 : U16(0);

    /// <summary>Text of a refusal, which is all of the rest.</summary>
    public string Text => Payload.Length == 0 ? "" : Encoding.ASCII.GetString(Payload, 8, Payload.Length - 8);
}

internal sealed class ManagementLab
{
    /// <summary>The way of a request that is no window's.</summary>
    public const int Port = -1;

    private const int Patience = 100;
    private readonly Action _step;
    private readonly Func<DecodedAddress, int, ulong> _read;
    private readonly Action<DecodedAddress, int, ulong> _write;
    private readonly Dictionary<int, byte[]> _answers = [];
    private readonly int _vectors;
    private uint _sequence = 1000;
    private int _client = -1;

    /// <summary>On an emulated board.</summary>
    public ManagementLab(EndpointConfiguration? configuration = null)
        : this(new EndpointUnderTest(configuration))
    {
    }

    public ManagementLab(EndpointUnderTest endpoint)
        : this(endpoint.Firmware, endpoint.Board.Management, endpoint.Board.Step, endpoint.Board.Read, endpoint.Board.Write, endpoint.Board.Configuration)
    {
        Endpoint = endpoint;
        Clock = (VirtualClock)endpoint.Board.Clock;
    }

    /// <summary>Between recording contracts, where drivers run.</summary>
    public ManagementLab(DataPathUnderTest nic)
        : this(
            nic.Firmware, nic.Management, nic.Step,
            (at, bytes) => nic.Read(at.Vf + 1, at.Bar, (int)at.Offset, bytes),
            (at, bytes, data) => nic.Write(at.Vf + 1, at.Bar, (int)at.Offset, bytes, data), nic.Configuration) => Clock = nic.Clock;

    private ManagementLab(
        FirmwareRuntime firmware, ManagementLink link, Action step, Func<DecodedAddress, int, ulong> read,
        Action<DecodedAddress, int, ulong> write, EndpointConfiguration configuration)
    {
        Firmware = firmware;
        Link = link;
        _step = step;
        _read = read;
        _write = write;
        _vectors = configuration.PfMsixVectors;
        Link.Answered = (client, bytes) => _answers[client] = Link.Buffer(client)[..bytes];
    }

    public FirmwareRuntime Firmware { get; }

    public ManagementLink Link { get; }

    public VirtualClock Clock { get; } = null!;

    public EndpointUnderTest Endpoint { get; } = null!;

    public void Step() => _step();

    // Frames.
    public static byte[] Frame(int opcode, byte[] payload, uint sequence = 7, int kind = 1, int major = 1, int status = 0)
    {
        byte[] frame = new byte[24 + payload.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(frame, 0x57464E53);
        frame[4] = (byte)major;
        frame[6] = (byte)kind;
        BinaryPrimitives.WriteUInt16LittleEndian(frame.AsSpan(8), (ushort)opcode);
        BinaryPrimitives.WriteUInt16LittleEndian(frame.AsSpan(10), (ushort)status);
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(12), sequence);
        BinaryPrimitives.WriteUInt16LittleEndian(frame.AsSpan(16), (ushort)payload.Length);
        payload.CopyTo(frame, 24);
        Seal(frame);
        return frame;
    }

    /// <summary>Writes the checksum that the other bytes have.</summary>
    public static void Seal(byte[] frame) => BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(20), Checksum(frame));

    /// <summary>Fields of 2 (ushort), 4 (uint), 8 (ulong) and 1 byte, one behind the other.</summary>
    public static byte[] Fields(params object[] fields)
    {
        var bytes = new List<byte>();
        foreach (object field in fields)
        {
            bytes.AddRange(field switch
            {
                byte value => [value],
                ushort value => BitConverter.GetBytes(value),
                uint value => BitConverter.GetBytes(value),
                ulong value => BitConverter.GetBytes(value),
                int value => BitConverter.GetBytes((ushort)value),
                byte[] value => value,
                _ => throw new ArgumentException($"no field: {field}"),
            });
        }

        return [.. bytes];
    }

    /// <summary>Takes an answer apart, which has to be a whole and right frame.</summary>
    public static Answer Parse(byte[] frame)
    {
        Assert.That(frame, Has.Length.InRange(24, 1024));
        Assert.That(BinaryPrimitives.ReadUInt32LittleEndian(frame), Is.EqualTo(0x57464E53));
        Assert.That((frame[4], frame[5], frame[6], frame[7], frame[18], frame[19]), Is.EqualTo((1, 0, 2, 0, 0, 0)));
        Assert.That(BinaryPrimitives.ReadUInt16LittleEndian(frame.AsSpan(16)), Is.EqualTo(frame.Length - 24));
        Assert.That(BinaryPrimitives.ReadUInt32LittleEndian(frame.AsSpan(20)), Is.EqualTo(Checksum(frame)));
        var answer = new Answer(
            BinaryPrimitives.ReadUInt16LittleEndian(frame.AsSpan(8)), BinaryPrimitives.ReadUInt32LittleEndian(frame.AsSpan(12)),
            BinaryPrimitives.ReadUInt16LittleEndian(frame.AsSpan(10)), frame[24..]);
        if (answer.Status != 0 && answer.Payload.Length != 0)
        {
            Assert.That(answer.Payload, Has.Length.InRange(8, 248), "a refusal");
            Assert.That(answer.U16(2), Is.EqualTo(answer.Payload.Length - 8));
            Assert.That(answer.Text, Does.Match("^[ -~]*$"));
        }

        return answer;
    }

    // Requests.
    /// <summary>Asks, and takes the answer, which must be that of the request.</summary>
    /// <param name="way"><see cref="Port"/>, or the PF whose window is used.</param>
    public Answer Ask(int way, int opcode, params object[] fields)
    {
        uint sequence = ++_sequence;
        Answer answer = Parse(AskRaw(way, Frame(opcode, Fields(fields), sequence)));
        Assert.That((answer.Opcode, answer.Sequence), Is.EqualTo((opcode, sequence)));
        return answer;
    }

    /// <summary>Sends bytes and takes the answer, whatever it is.</summary>
    public byte[] AskRaw(int way, byte[] request)
    {
        if (way == Port)
        {
            _client = _client < 0 ? Open() : _client;
            return AskOf(_client, request);
        }

        Put(way, request);
        Ring(way, (uint)request.Length);
        AwaitDone(way);
        return Response(way);
    }

    /// <summary>The client that <see cref="Ask"/> by the port is.</summary>
    public int OwnClient => _client;

    public int Open()
    {
        int client = Link.Open();
        Assert.That(client, Is.Not.Negative);
        return client;
    }

    public byte[] AskOf(int client, byte[] request)
    {
        Send(client, request);
        for (int step = 0; step < Patience && !_answers.ContainsKey(client); step++)
        {
            Step();
        }

        Assert.That(_answers.Remove(client, out byte[]? answer), Is.True, "answered");
        return answer!;
    }

    public Answer AskOf(int client, int opcode, params object[] fields) => Parse(AskOf(client, Frame(opcode, Fields(fields))));

    public void Send(int client, byte[] request)
    {
        _answers.Remove(client);
        request.CopyTo(Link.Buffer(client), 0);
        Link.Send(client, request.Length);
    }

    public bool TryTakeAnswer(int client, out byte[]? answer) => _answers.Remove(client, out answer);

    // The window.
    public int WindowOffset => BarMap.PbaOffset(_vectors) + 0x1000;

    public ulong Read(int pf, int place, int bytes = 4) => _read(At(pf, place), bytes);

    public void Write(int pf, int place, ulong data, int bytes = 4) => _write(At(pf, place), bytes, data);

    public void Put(int pf, byte[] request)
    {
        byte[] padded = new byte[(request.Length + 7) & ~7];
        request.CopyTo(padded, 0);
        for (int at = 0; at < padded.Length; at += 8)
        {
            Write(pf, ManagementWindow.BufferOffset + at, BinaryPrimitives.ReadUInt64LittleEndian(padded.AsSpan(at)), 8);
        }
    }

    public void Ring(int pf, uint bytes) => Write(pf, ManagementWindow.DoorbellOffset, bytes);

    public uint State(int pf) => (uint)Read(pf, ManagementWindow.StateOffset);

    public void AwaitNotBusy(int pf)
    {
        for (int step = 0; step < Patience && State(pf) == ManagementWindow.StateBusy; step++)
        {
            Step();
        }
    }

    public void AwaitDone(int pf)
    {
        AwaitNotBusy(pf);
        Assert.That(State(pf), Is.EqualTo(ManagementWindow.StateDone));
    }

    public byte[] Response(int pf)
    {
        int bytes = (int)Read(pf, ManagementWindow.ResponseBytesOffset);
        byte[] response = new byte[(bytes + 3) & ~3];
        for (int at = 0; at < response.Length; at += 4)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(
                response.AsSpan(at), (uint)Read(pf, ManagementWindow.BufferOffset + at));
        }

        return response[..bytes];
    }

    private DecodedAddress At(int pf, int place) => new(pf, -1, BarMap.MsixBar, (uint)(WindowOffset + place));

    // CRC-32 of IEEE 802.3 bit by bit, the four bytes of its own as zero.
    private static uint Checksum(byte[] frame)
    {
        uint run = uint.MaxValue;
        for (int at = 0; at < frame.Length; at++)
        {
            run ^= at is >= 20 and < 24 ? 0u : frame[at];
            for (int bit = 0; bit < 8; bit++)
            {
                run = (run & 1) != 0 ? (run >> 1) ^ 0xEDB88320 : run >> 1;
            }
        }

        return ~run;
    }
}
