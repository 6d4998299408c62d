// A listening unix socket at a path: takes the place of a dead server's, never of a live one's. Knows no protocol.
using System;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;

namespace SmartNicFw.Emulator.Loop;

/// <summary>Made by <see cref="Open"/>; removes its path when it is closed.</summary>
internal sealed unsafe class UnixListener : IDisposable
{
    private const int Backlog = 64;

    private readonly LibC.SocketPath _address;
    private readonly LibC.FileStatus _file;

    private UnixListener(int descriptor, string path, in LibC.SocketPath address)
    {
        Descriptor = descriptor;
        Path = path;
        _address = address;
        _ = TryStat(address, out _file);
    }

    /// <summary>The listening socket, not blocking.</summary>
    public int Descriptor { get; private set; }

    /// <summary>Where it listens.</summary>
    public string Path { get; }

    /// <summary>Binds and listens.</summary>
    /// <param name="path">Up to 107 bytes in UTF-8.</param>
    /// <param name="mode">Permissions of the path, less what the process's umask takes; 0 for all that it leaves.</param>
    /// <exception cref="SocketPathException">It cannot be had; the message is one line that says why.</exception>
    public static UnixListener Open(string path, int mode = 0)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        LibC.SocketPath address = Address(path);
        int descriptor = LibC.Socket(LibC.FamilyUnix, LibC.SocketStream | LibC.NonBlocking | LibC.CloseOnExec, 0);
        if (descriptor < 0)
        {
            throw Refusal(path, Reason());
        }

        if (mode != 0)
        {
            // What the socket has when it is bound, its path gets: there is no moment at which others could connect.
            _ = LibC.ChangeMode(descriptor, mode);
        }

        int problem = Bind(descriptor, address);
        if (problem == Errno.AddressInUse)
        {
            string? occupant = Occupant(address);
            if (occupant is not null)
            {
                _ = LibC.Close(descriptor);
                throw Refusal(path, occupant);
            }

            // The server that bound it is dead: nobody can connect to it any more.
            _ = LibC.Unlink(address.Path);
            problem = Bind(descriptor, address);
        }

        if (problem != 0 || LibC.Listen(descriptor, Backlog) < 0)
        {
            string reason = Reason();
            _ = LibC.Close(descriptor);
            throw Refusal(path, reason);
        }

        return new UnixListener(descriptor, path, address);
    }

    /// <summary>Takes the next client: its descriptor, not blocking; -1 and <paramref name="error"/> when there is none.</summary>
    public int Accept(out int error)
    {
        int client = LibC.Accept(Descriptor, null, null, LibC.NonBlocking | LibC.CloseOnExec);
        error = client < 0 ? Marshal.GetLastPInvokeError() : 0;
        return client;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Descriptor < 0)
        {
            return;
        }

        _ = LibC.Close(Descriptor);
        Descriptor = -1;

        // Another server may have taken the path meanwhile: only what was bound here is removed.
        LibC.SocketPath address = _address;
        if (TryStat(address, out LibC.FileStatus now) && now.Inode == _file.Inode
            && now.DeviceMajor == _file.DeviceMajor && now.DeviceMinor == _file.DeviceMinor)
        {
            _ = LibC.Unlink(address.Path);
        }
    }

    private static LibC.SocketPath Address(string path)
    {
        LibC.SocketPath address = default;
        address.Family = LibC.FamilyUnix;
        int bytes = Encoding.UTF8.GetByteCount(path);
        if (bytes >= LibC.SocketPathBytes)
        {
            throw Refusal(path, $"the path has {bytes} bytes, and a socket's has {LibC.SocketPathBytes - 1} at the most");
        }

        Encoding.UTF8.GetBytes(path, new Span<byte>(address.Path, LibC.SocketPathBytes));
        return address;
    }

    private static int Bind(int descriptor, LibC.SocketPath address) =>
        LibC.Bind(descriptor, &address, (uint)sizeof(LibC.SocketPath)) == 0 ? 0 : Marshal.GetLastPInvokeError();

    // Who has the path, in words; null when it is the socket of a server that is dead, or nobody any more.
    private static string? Occupant(LibC.SocketPath address)
    {
        if (!TryStat(address, out LibC.FileStatus file))
        {
            return null;
        }

        if ((file.Mode & LibC.ModeTypeMask) != LibC.ModeSocket)
        {
            return "something that is no socket is there";
        }

        int probe = LibC.Socket(LibC.FamilyUnix, LibC.SocketStream | LibC.NonBlocking | LibC.CloseOnExec, 0);
        int problem = LibC.Connect(probe, &address, (uint)sizeof(LibC.SocketPath)) == 0 ? 0 : Marshal.GetLastPInvokeError();
        string? occupant = problem == Errno.ConnectionRefused ? null : "another server listens there";
        _ = LibC.Close(probe);
        return occupant;
    }

    private static bool TryStat(LibC.SocketPath address, out LibC.FileStatus status)
    {
        fixed (LibC.FileStatus* place = &status)
        {
            return LibC.Stat(LibC.AtWorkingFolder, address.Path, LibC.AtNoFollow, LibC.StatType | LibC.StatInode, place) == 0;
        }
    }

    private static string Reason() => Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError());

    private static SocketPathException Refusal(string path, string reason) => new($"socket {path}: {reason}");
}

/// <summary>A socket's path cannot be had; the message is one line for the user.</summary>
public sealed class SocketPathException : IOException
{
    /// <summary>Says which path and why.</summary>
    public SocketPathException(string message)
        : base(message)
    {
    }
}
