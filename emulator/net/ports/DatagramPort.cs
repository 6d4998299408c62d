// A port whose far side exchanges frames as datagrams, one each, as QEMU's -netdev dgram does. Knows no frame format.
using System;
using System.IO;
using System.Net;
using System.Net.Sockets;

namespace SmartNicFw.Emulator.Net;

/// <summary>
/// UDP or UNIX datagrams. For QEMU, with its ends crossed: <c>-netdev dgram,id=n0,local.type=inet,local.host=127.0.0.1,
/// local.port=5001,remote.type=inet,remote.host=127.0.0.1,remote.port=5000</c>. Over UDP only
/// datagrams of the far side named are taken; a UNIX path is protected by its permissions. A datagram that cannot be sent or is longer than the buffer is lost and counted.
/// </summary>
public sealed class DatagramPort : NetworkPort
{
    private readonly Socket _socket;
    private readonly SocketAddress? _remote;
    private readonly string? _path;

    private DatagramPort(Socket socket, EndPoint remote, string? path)
    {
        _socket = socket;
        _socket.Blocking = false;
        _path = path;
        if (path is null)
        {
            // The system keeps strangers out.
            _socket.Connect(remote);
        }
        else
        {
            // A UNIX socket can be connected only when the other is there already; so each datagram is addressed.
            _remote = remote.Serialize();
        }
    }

    /// <summary>Where the port listens.</summary>
    public EndPoint LocalEndPoint => _socket.LocalEndPoint!;

    /// <summary>Opens a UDP port.</summary>
    /// <param name="local">Where to listen; port 0 for any that is free.</param>
    /// <param name="remote">The far side.</param>
    /// <exception cref="PortException">The local address cannot be had.</exception>
    public static DatagramPort OpenUdp(IPEndPoint local, IPEndPoint remote)
    {
        ArgumentNullException.ThrowIfNull(local);
        ArgumentNullException.ThrowIfNull(remote);
        return Open(new Socket(local.AddressFamily, SocketType.Dgram, ProtocolType.Udp), local, remote, null);
    }

    /// <summary>Opens a UNIX datagram port; the local path is removed when it is closed.</summary>
    /// <exception cref="PortException">The local path cannot be had.</exception>
    public static DatagramPort OpenUnix(string localPath, string remotePath) => Open(
        new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified),
        new UnixDomainSocketEndPoint(localPath),
        new UnixDomainSocketEndPoint(remotePath),
        localPath);

    /// <inheritdoc/>
    public override int Descriptor => (int)_socket.Handle;

    /// <inheritdoc/>
    public override bool TryReceive(Span<byte> buffer, out int length)
    {
        length = 0;

        // Bounded by what has arrived: datagrams that are too long are passed over. Asking first keeps
        // an empty socket from costing an exception.
        while (_socket.Poll(0, SelectMode.SelectRead))
        {
            try
            {
                length = _socket.Receive(buffer, SocketFlags.None);
                return true;
            }
            catch (SocketException problem)
            {
                // Refused: an earlier datagram found nobody. Anything else than too long a datagram leaves nothing to take.
                if (problem.SocketErrorCode is not (SocketError.ConnectionRefused or SocketError.MessageSize))
                {
                    length = 0;
                    return false;
                }
            }

            Lost++;
            length = 0;
        }

        return false;
    }

    /// <inheritdoc/>
    public override void Send(ReadOnlySpan<byte> frame)
    {
        try
        {
            _ = _remote is null ? _socket.Send(frame, SocketFlags.None) : _socket.SendTo(frame, SocketFlags.None, _remote);
        }
        catch (SocketException)
        {
            // Nobody listens, or its queue is full: a wire without a far side loses frames too.
            Lost++;
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _socket.Dispose();
        if (_path is not null)
        {
            File.Delete(_path);
        }
    }

    private static DatagramPort Open(Socket socket, EndPoint local, EndPoint remote, string? path)
    {
        try
        {
            socket.Bind(local);
            return new DatagramPort(socket, remote, path);
        }
        catch (SocketException problem)
        {
            socket.Dispose();
            throw new PortException($"datagram port {local}: {problem.Message}");
        }
    }
}
