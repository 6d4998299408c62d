// Frames over a unix stream socket: the emulator's management socket. Knows where a frame ends, and nothing of what it says.
using System;
using System.Diagnostics;
using System.IO;
using System.Net.Sockets;
using SmartNicFw.Hal.Regs;
using SmartNicFw.HostTools.Failure;

namespace SmartNicFw.HostTools.Transport;

/// <summary>One connection for the life of the program: the device knows by it whose transaction is whose.</summary>
internal sealed class UnixSocketTransport : IManagementTransport
{
    // The longest path that the kernel takes (man 7 unix: sun_path has 108 bytes with the zero behind).
    private const int MaxPathBytes = 107;

    private readonly Socket _socket;

    private UnixSocketTransport(string path, Socket socket) => (Name, _socket) = (path, socket);

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public SysfsFunction? Host => null;

    /// <summary>Connects.</summary>
    /// <exception cref="ToolException">There is no such socket, nobody listens, or it is not ours to use.</exception>
    public static UnixSocketTransport Connect(string path)
    {
        if (System.Text.Encoding.UTF8.GetByteCount(path) > MaxPathBytes)
        {
            throw new ToolException($"{path} is longer than a socket's path can be", $"name it in {MaxPathBytes} bytes, from a nearer folder");
        }

        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return new UnixSocketTransport(path, socket);
        }
        catch (SocketException refused)
        {
            socket.Dispose();
            throw Explain(path, refused);
        }
    }

    /// <inheritdoc/>
    public int Exchange(ReadOnlySpan<byte> request, Span<byte> response, TimeSpan limit)
    {
        long start = Stopwatch.GetTimestamp();
        try
        {
            while (request.Length > 0)
            {
                Await(SelectMode.SelectWrite, start, limit);
                request = request[_socket.Send(request)..];
            }

            return Receive(response, start, limit);
        }
        catch (SocketException broken)
        {
            throw Closed(broken.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown ? "" : $" ({broken.Message})");
        }
    }

    /// <inheritdoc/>
    public IDisposable Reserve(TimeSpan limit) => Nothing.Instance;

    /// <summary>Receives what comes behind a response, where it is no frame.</summary>
    /// <param name="limit">How long to wait for something.</param>
    /// <returns>Bytes, 1 upwards; 0 at the end; -1 when there was nothing in time.</returns>
    public int Receive(Span<byte> bytes, TimeSpan limit)
    {
        try
        {
            return _socket.Poll(limit, SelectMode.SelectRead) ? _socket.Receive(bytes) : -1;
        }
        catch (SocketException)
        {
            return 0;
        }
    }

    /// <summary>Sends nothing any more, which the device sees; it can still be received.</summary>
    public void EndSending()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The device has closed: the end is received next.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private int Receive(Span<byte> response, long start, TimeSpan limit)
    {
        var header = new byte[ManagementFrame.HeaderBytes];
        int received = 0;
        int wanted = header.Length;
        while (received < wanted)
        {
            Await(SelectMode.SelectRead, start, limit);
            int count = _socket.Receive(response[received..wanted]);
            if (count == 0)
            {
                throw received == 0
                    ? Closed("")
                    : new ToolException($"the device at {Name} ended in the middle of a response", "look whether it still runs, and try again");
            }

            received += count;
            if (received == header.Length && wanted == header.Length)
            {
                response[..received].CopyTo(header);
                wanted = ManagementCodec.FrameBytes(header, 0, received);
                if (wanted == ManagementCodec.NoFrame)
                {
                    // What comes behind is not to be understood either: the client's check names it.
                    return received;
                }
            }
        }

        return received;
    }

    private void Await(SelectMode what, long start, TimeSpan limit)
    {
        TimeSpan left = limit - Stopwatch.GetElapsedTime(start);
        if (left <= TimeSpan.Zero || !_socket.Poll(left, what))
        {
            throw Silence.Of(Name, limit);
        }
    }

    private ToolException Closed(string why) => new(
        $"the device at {Name} closed the connection{why}", "only its own user and root may use it, and as many at a time as it takes");

    private static ToolException Explain(string path, SocketException refused)
    {
        if (Directory.Exists(path))
        {
            return new ToolException($"{path} is a folder, not a socket", "name the socket of 'emulator run --management SOCKET'");
        }

        if (!Path.Exists(path) && refused.SocketErrorCode != SocketError.AccessDenied)
        {
            return new ToolException(
                $"there is no socket {path}", "start 'emulator run --management SOCKET', or name the device with --device");
        }

        return refused.SocketErrorCode switch
        {
            SocketError.AccessDenied => new ToolException($"{path} may not be used by this user", "run as the user that runs the emulator, or as root"),
            SocketError.ConnectionRefused when !IsSocket(path) => new ToolException(
                $"{path} is not a socket", "name the socket of 'emulator run --management SOCKET'"),
            SocketError.ConnectionRefused => new ToolException($"nobody listens at {path}", "its emulator has ended: start it again"),
            _ => new ToolException($"{path} cannot be connected: {refused.Message}", "name the socket of 'emulator run --management SOCKET'"),
        };
    }

    // The kernel does not open a socket as a file (ENXIO).
    private static bool IsSocket(string path)
    {
        int descriptor = LibC.Open(path, LibC.ReadOnly | LibC.CloseOnExec);
        if (descriptor >= 0)
        {
            _ = LibC.Close(descriptor);
            return false;
        }

        return System.Runtime.InteropServices.Marshal.GetLastPInvokeError() == LibC.NoDeviceOrAddress;
    }
}
