// A file of the client's memory, mapped into this process. Knows no bus address.
using System;
using SmartNicFw.Emulator.Loop;

namespace SmartNicFw.Emulator.VfioUser;

/// <summary>
/// One mapping of a whole file, whatever number of ranges lie in it: a client that maps a file page by page costs this process
/// one mapping and no descriptor. Only files that are sealed against shrinking are mapped; touching a page that the client
/// has cut off would end the process.
/// </summary>
internal sealed unsafe class ClientFile
{
    private readonly LibC.FileStatus _status;

    private ClientFile(byte* host, in LibC.FileStatus status)
    {
        Host = host;
        _status = status;
    }

    /// <summary>First byte of the file.</summary>
    public byte* Host { get; private set; }

    /// <summary>Bytes mapped: the file's when it was mapped. It can have grown.</summary>
    public ulong Bytes => _status.Size;

    /// <summary>Ranges that lie in it.</summary>
    public int Ranges { get; set; }

    /// <summary>Looks at a file that a client sent.</summary>
    /// <returns>False when it cannot be shared: no memory file, or not sealed against shrinking.</returns>
    public static bool TryStat(int descriptor, out LibC.FileStatus status)
    {
        // Seals first: with this one in place the size that is read next only grows.
        int seals = LibC.Control(descriptor, LibC.GetSeals, 0);
        status = default;
        if (seals < 0 || (seals & LibC.SealShrink) == 0)
        {
            return false;
        }

        byte empty = 0;
        fixed (LibC.FileStatus* place = &status)
        {
            return LibC.Stat(descriptor, &empty, LibC.AtEmptyPath, LibC.StatInode | LibC.StatSize, place) == 0;
        }
    }

    /// <summary>Maps a file to read and write; null when the kernel refuses.</summary>
    public static ClientFile? TryMap(int descriptor, in LibC.FileStatus status)
    {
        byte* host = LibC.Map(
            null, (nuint)status.Size, LibC.ProtectRead | LibC.ProtectWrite, LibC.MapShared, descriptor, 0);
        return host == LibC.MapFailed ? null : new ClientFile(host, status);
    }

    /// <summary>Whether this is that file, mapped as far as <paramref name="end"/>.</summary>
    public bool Covers(in LibC.FileStatus status, ulong end) =>
        _status.Inode == status.Inode && _status.DeviceMajor == status.DeviceMajor && _status.DeviceMinor == status.DeviceMinor
        && end <= Bytes;

    /// <summary>Lets go of the mapping.</summary>
    public void Unmap()
    {
        if (Host != null)
        {
            _ = LibC.Unmap(Host, (nuint)Bytes);
            Host = null;
        }
    }
}
