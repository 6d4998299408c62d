// A management socket as the emulator opens it, on a loop with a thread of its own, and clients over real connections.
using System;
using System.IO;
using System.Net.Sockets;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Loop;
using SmartNicFw.Emulator.Management;
using SmartNicFw.Firmware;
using SmartNicFw.Tests.VfioUser;

namespace SmartNicFw.Tests.Management;

/// <summary>Everything but the path belongs to the loop's thread.</summary>
internal sealed class ManagementSockets : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mg").FullName;
    private readonly ControllerLoop _loop;
    private readonly LoopThread _thread;

    public ManagementSockets(IRootComplexHost? host = null, TimeSpan? patience = null)
    {
        Board = new EmulatedBoard(new EndpointConfiguration { PhysicalFunctions = 2, TotalVFs = 8 });
        _loop = new ControllerLoop(Step);
        Server = ManagementServer.Open(Path, Board.Management, _loop, host, Log, patience);
        _thread = new LoopThread(_loop);
    }

    public string Path => $"{_folder}/management.sock";

    public EmulatedBoard Board { get; }

    public ManagementServer Server { get; }

    public RecordingLog Log { get; } = new();

    /// <summary>While true the board does not step: requests wait.</summary>
    public bool IsHeld { get; set; }

    public T OnLoop<T>(Func<T> job) => _thread.Do(job);

    public void OnLoop(Action job) => _thread.Do(job);

    public bool Eventually(Func<bool> condition) => _thread.Eventually(condition);

    public SocketClient Connect() => new(Path);

    public void Dispose()
    {
        _thread.Dispose();
        Server.Dispose();
        _loop.Dispose();
        Directory.Delete(_folder, recursive: true);
        _thread.ThrowIfDead();
    }

    private bool Step()
    {
        if (!IsHeld && Board.HasWork)
        {
            Board.Step();
        }

        return !IsHeld && Board.HasWork;
    }
}

/// <summary>One connection; a receive that takes more than ten seconds throws.</summary>
internal sealed class SocketClient : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    public SocketClient(string path)
    {
        _socket.Connect(new UnixDomainSocketEndPoint(path));
        _socket.ReceiveTimeout = 10_000;
        _socket.SendTimeout = 10_000;
    }

    public Socket Socket => _socket;

    /// <summary>Bytes that came while <see cref="IsClosedByServer"/> waited.</summary>
    public int Heard { get; private set; }

    public Answer Ask(int opcode, params object[] fields) => ManagementLab.Parse(AskRaw(ManagementLab.Frame(opcode, ManagementLab.Fields(fields))));

    public byte[] AskRaw(byte[] request)
    {
        Send(request);
        return Receive();
    }

    public void Send(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[_socket.Send(bytes)..];
        }
    }

    public byte[] Receive()
    {
        byte[] header = Exactly(24);
        return [.. header, .. Exactly(BitConverter.ToUInt16(header, 16))];
    }

    /// <summary>Whether the server has closed, after whatever it still said.</summary>
    public bool IsClosedByServer()
    {
        byte[] rest = new byte[4096];
        try
        {
            for (int count = _socket.Receive(rest); count > 0; count = _socket.Receive(rest))
            {
                Heard += count;
            }
        }
        catch (SocketException reset) when (reset.SocketErrorCode is SocketError.ConnectionReset)
        {
            return true;
        }

        return true;
    }

    public void Dispose() => _socket.Dispose();

    private byte[] Exactly(int bytes)
    {
        byte[] buffer = new byte[bytes];
        for (int at = 0; at < bytes;)
        {
            int count = _socket.Receive(buffer.AsSpan(at));
            if (count == 0)
            {
                throw new IOException("closed");
            }

            at += count;
        }

        return buffer;
    }
}
