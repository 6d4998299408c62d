// A vfio-user server: one device behind one unix socket, for one client at a time. Knows no message.
using System;
using System.ComponentModel;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using SmartNicFw.Emulator.Loop;

namespace SmartNicFw.Emulator.VfioUser;

/// <summary>
/// Listens at a path and gives each client that comes a <see cref="VfioUserSession"/>. A client that comes while another is
/// attached is closed at once. Everything happens on the thread of the loop; servers share nothing but that.
/// </summary>
public sealed class VfioUserServer : IDisposable
{
    /// <summary>What a client has for a message, an attachment or the reading of a reply, unless told otherwise.</summary>
    public static readonly TimeSpan DefaultPatience = TimeSpan.FromSeconds(10);

    private readonly UnixAcceptor _acceptor;
    private bool _isSecondTold;

    private VfioUserServer(UnixListener listener, IVfioUserDevice device, ControllerLoop loop, ILogger log, TimeSpan patience)
    {
        Device = device;
        Loop = loop;
        Log = log;
        Patience = patience;
        _acceptor = new UnixAcceptor(listener, loop, Admit, error => VfioUserLog.CannotAccept(Log, Path, error));
    }

    /// <summary>Where it listens.</summary>
    public string Path => _acceptor.Path;

    /// <summary>The client that is there, attached or about to; null: none.</summary>
    public VfioUserSession? Session { get; private set; }

    internal IVfioUserDevice Device { get; }

    internal ControllerLoop Loop { get; }

    internal ILogger Log { get; }

    internal TimeSpan Patience { get; }

    // One session at a time: each takes over its buffers.
    internal ReceiveBuffer Received { get; } = new();

    internal SendBuffer Sending { get; } = new();

    /// <summary>Listens. A socket file that a dead server left is replaced.</summary>
    /// <param name="path">Path of the socket, up to 107 bytes; who may connect is what its folder and the process's umask say.</param>
    /// <param name="device">What is behind it.</param>
    /// <param name="loop">The loop of the thread that owns the device.</param>
    /// <param name="log">Hears of clients; null: nobody does.</param>
    /// <param name="patience">
    /// What a client has for the rest of a message, for attaching after it connected, and for reading before it is closed;
    /// null: <see cref="DefaultPatience"/>.
    /// </param>
    /// <exception cref="SocketPathException">The path cannot be had; the message says why.</exception>
    public static VfioUserServer Open(
        string path, IVfioUserDevice device, ControllerLoop loop, ILogger? log = null, TimeSpan? patience = null)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(loop);
        UnixListener listener = UnixListener.Open(path);
        return new VfioUserServer(listener, device, loop, log ?? NullLogger.Instance, patience ?? DefaultPatience);
    }

    /// <summary>Detaches the client, closes the socket and removes its path. On the loop's thread.</summary>
    public void Dispose()
    {
        _acceptor.Dispose();
        Session?.Close("the server ends");
    }

    internal void Ended()
    {
        Session = null;
        _isSecondTold = false;
    }

    private void Admit(int client)
    {
        // A client that was killed is gone before its successor comes, even if the loop hears of the successor first.
        Session?.CloseIfHungUp();
        if (Session is null)
        {
            try
            {
                Session = new VfioUserSession(this, client);
                return;
            }
            catch (Win32Exception unwatched)
            {
                // The kernel's limit of watches; clients that are there already keep theirs.
                VfioUserLog.CannotAccept(Log, Path, unwatched.NativeErrorCode);
            }
        }
        else if (!_isSecondTold)
        {
            _isSecondTold = true;
            VfioUserLog.SecondClient(Log, Path, UnixStream.PeerProcess(client));
        }

        _ = LibC.Close(client);
    }
}
