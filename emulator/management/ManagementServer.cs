// The management socket of an endpoint: several clients of one user at a time. Knows no message.
using System;
using System.ComponentModel;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Loop;

namespace SmartNicFw.Emulator.Management;

/// <summary>
/// Listens at a path that only its user can open, and asks the kernel who connects: the user of this process or root, nobody else. Each
/// client has a <see cref="ManagementSession"/>. Everything happens on the thread of the loop.
/// </summary>
public sealed class ManagementServer : IDisposable
{
    /// <summary>What a client has for the rest of a frame, and for reading an answer, unless told otherwise.</summary>
    public static readonly TimeSpan DefaultPatience = TimeSpan.FromSeconds(10);

    // rw for the owner: unix(7), who may write to it may connect.
    private const int SocketMode = 0x180;

    private readonly UnixAcceptor _acceptor;
    private readonly ManagementSession?[] _sessions = new ManagementSession?[ManagementLink.MaxClients];
    private bool _isFullTold;
    private bool _isStrangerTold;

    private ManagementServer(
        UnixListener listener, ManagementLink link, IRootComplexHost? host, ControllerLoop loop, ILogger log, TimeSpan patience)
    {
        Link = link;
        Host = host;
        Loop = loop;
        Log = log;
        Patience = patience;
        link.Answered = (client, bytes) => _sessions[client]?.Answer(bytes);
        _acceptor = new UnixAcceptor(listener, loop, Admit, error => ManagementLog.CannotAccept(Log, Path, error));
    }

    /// <summary>Where it listens.</summary>
    public string Path => _acceptor.Path;

    /// <summary>Clients that are there.</summary>
    public int Clients { get; private set; }

    /// <summary>Connections of other users, which were closed.</summary>
    public long Strangers { get; private set; }

    internal ManagementLink Link { get; }

    internal IRootComplexHost? Host { get; }

    internal ControllerLoop Loop { get; }

    internal ILogger Log { get; }

    internal TimeSpan Patience { get; }

    /// <summary>Listens. A socket file that a dead server left is replaced.</summary>
    /// <param name="path">Path of the socket, up to 107 bytes.</param>
    /// <param name="link">Where requests go; it has no other clients.</param>
    /// <param name="loop">The loop of the thread that owns the board.</param>
    /// <param name="host">The host in this process that enables VFs; null: the firmware refuses to.</param>
    /// <param name="log">Hears of clients; null: nobody does.</param>
    /// <param name="patience">What a client has for the rest of a frame and for reading an answer; null: <see cref="DefaultPatience"/>.</param>
    /// <exception cref="SocketPathException">The path cannot be had; the message says why.</exception>
    public static ManagementServer Open(
        string path, ManagementLink link, ControllerLoop loop, IRootComplexHost? host = null, ILogger? log = null, TimeSpan? patience = null)
    {
        ArgumentNullException.ThrowIfNull(link);
        ArgumentNullException.ThrowIfNull(loop);
        UnixListener listener = UnixListener.Open(path, SocketMode);
        return new ManagementServer(listener, link, host, loop, log ?? NullLogger.Instance, patience ?? DefaultPatience);
    }

    /// <summary>Closes every client and the socket, and removes its path. On the loop's thread.</summary>
    public void Dispose()
    {
        _acceptor.Dispose();
        foreach (ManagementSession? session in _sessions)
        {
            session?.Close();
        }

        Link.Answered = null;
    }

    internal void Ended(int client)
    {
        _sessions[client] = null;
        Clients--;
        _isFullTold = false;
        Link.Close(client);
    }

    private void Admit(int socket)
    {
        if (!UnixStream.TryPeerUser(socket, out uint user) || (user != 0 && user != LibC.EffectiveUser()))
        {
            Strangers++;
            if (!_isStrangerTold)
            {
                _isStrangerTold = true;
                ManagementLog.Stranger(Log, Path, UnixStream.PeerProcess(socket), user);
            }

            _ = LibC.Close(socket);
            return;
        }

        int client = Link.Open();
        if (client < 0)
        {
            if (!_isFullTold)
            {
                _isFullTold = true;
                ManagementLog.Full(Log, Path, ManagementLink.MaxClients);
            }

            _ = LibC.Close(socket);
            return;
        }

        try
        {
            _sessions[client] = new ManagementSession(this, socket, client);
            Clients++;
        }
        catch (Win32Exception unwatched)
        {
            ManagementLog.CannotAccept(Log, Path, unwatched.NativeErrorCode);
            Link.Close(client);
            _ = LibC.Close(socket);
        }
    }
}
