// The ranges of bus addresses that one client has mapped: those in files that are shared, and those that only messages
// reach. Knows no message and no device.
using System;
using System.Collections.Generic;
using SmartNicFw.Emulator.Loop;
using SmartNicFw.Emulator.Memory;

namespace SmartNicFw.Emulator.VfioUser;

/// <summary>What one client has mapped. Nothing here throws on what a client says; failures are an <see cref="Errno"/>.</summary>
internal sealed unsafe class ClientMemory
{
    /// <summary>
    /// Files mapped for one client at the most, and their bytes together: mappings and address space of the process are shared by
    /// all clients. What is above is reached by messages.
    /// </summary>
    private const int MaxFiles = 256;
    private const ulong MaxFileBytes = 1UL << 40;

    // Memory without a file takes as much of our address space, and room as far as it is used.
    private const ulong MaxRemoteBytes = 1UL << 34;

    private const int FirstCapacity = 16;

    private readonly List<ClientFile> _files = [];
    private readonly IRemoteMemory _remote;
    private ulong _fileBytes;
    private ulong _remoteBytes;

    // Sorted by Iova, disjoint.
    private Range[] _ranges = new Range[FirstCapacity];

    /// <param name="remote">Reaches ranges that are in no shared file.</param>
    public ClientMemory(IRemoteMemory remote) => _remote = remote;

    /// <summary>All that the device may reach: shared files, and what messages reach for it.</summary>
    public GuestMemory Reachable { get; } = new(VfioUserLimits.MaxDmaMaps);

    /// <summary>Ranges of both kinds.</summary>
    public int RangeCount { get; private set; }

    /// <summary>Adds a range.</summary>
    /// <param name="flags">Of <see cref="DmaMapBody"/>.</param>
    /// <param name="descriptor">The file; -1 for none. It stays the caller's to close.</param>
    /// <param name="isShared">Whether it is in a shared file; if not, messages reach it.</param>
    /// <returns>0, or an error and nothing happened.</returns>
    public int Map(ulong iova, ulong size, uint flags, ulong offset, int descriptor, out bool isShared)
    {
        const ulong PageMask = VfioUserLimits.PageSize - 1;
        isShared = false;
        if (size == 0 || iova + (size - 1) < iova || ((iova | size | offset) & PageMask) != 0
            || flags == 0 || (flags & ~(DmaMapBody.Readable | DmaMapBody.Writeable)) != 0)
        {
            return Errno.Invalid;
        }

        int at = FirstAbove(iova);
        if ((at > 0 && iova - _ranges[at - 1].Iova < _ranges[at - 1].Size)
            || (at < RangeCount && _ranges[at].Iova - iova < size))
        {
            return Errno.Exists;
        }

        if (RangeCount == VfioUserLimits.MaxDmaMaps)
        {
            return Errno.NoSpace;
        }

        ClientFile? file = null;
        if (descriptor >= 0 && ClientFile.TryStat(descriptor, out LibC.FileStatus status))
        {
            if (offset > status.Size || size > status.Size - offset)
            {
                return Errno.Invalid;
            }

            file = Share(descriptor, status, offset + size);
        }

        MemoryAccess allowed = ((flags & DmaMapBody.Readable) != 0 ? MemoryAccess.Read : MemoryAccess.None)
            | ((flags & DmaMapBody.Writeable) != 0 ? MemoryAccess.Write : MemoryAccess.None);
        if (file is not null)
        {
            file.Ranges++;
            isShared = Reachable.Map(iova, file.Host + offset, size, allowed);
        }
        else if (size <= MaxRemoteBytes - _remoteBytes && Reachable.MapRemote(iova, size, _remote, allowed))
        {
            _remoteBytes += size;
        }

        Insert(at, new Range(iova, size, flags, file));
        return 0;
    }

    /// <summary>Finds the ranges that lie within given bounds, which must not cut one.</summary>
    /// <param name="last">Last address of the bounds: its end can be 2^64.</param>
    /// <returns>0, or an error.</returns>
    public int Within(ulong iova, ulong last, out int first, out int count)
    {
        first = FirstAbove(iova);
        if (first > 0 && iova - _ranges[first - 1].Iova < _ranges[first - 1].Size)
        {
            first--;
        }

        int end = FirstAbove(last);
        count = end - first;
        bool isCut = count > 0 && (_ranges[first].Iova < iova || _ranges[end - 1].Last > last);
        return isCut ? Errno.Invalid : 0;
    }

    /// <summary>Address and size of a range, by its place in order.</summary>
    public (ulong Iova, ulong Size) RangeAt(int index) => (_ranges[index].Iova, _ranges[index].Size);

    /// <summary>Whether the client has opened a range for messages of one direction, whole and in one piece.</summary>
    /// <param name="flag"><see cref="DmaMapBody.Readable"/> or <see cref="DmaMapBody.Writeable"/>.</param>
    public bool Allows(ulong iova, ulong length, uint flag)
    {
        int at = FirstAbove(iova) - 1;
        if (at < 0)
        {
            return false;
        }

        Range range = _ranges[at];
        ulong offset = iova - range.Iova;
        return offset < range.Size && length <= range.Size - offset && (range.Flags & flag) != 0;
    }

    /// <summary>Removes ranges. Nobody uses memory of them any more.</summary>
    public void Remove(int first, int count)
    {
        // From the end: what lies behind a range moves when it goes, and there may be 65,535.
        for (int index = first + count - 1; index >= first; index--)
        {
            Range range = _ranges[index];
            bool wasReachable = Reachable.Unmap(range.Iova, range.Size);
            if (range.File is not null)
            {
                Release(range.File);
            }
            else if (wasReachable)
            {
                _remoteBytes -= range.Size;
            }
        }

        Array.Copy(_ranges, first + count, _ranges, first, RangeCount - first - count);
        Array.Clear(_ranges, RangeCount - count, count);
        RangeCount -= count;
    }

    /// <summary>Removes all.</summary>
    public void Clear() => Remove(0, RangeCount);

    private ClientFile? Share(int descriptor, in LibC.FileStatus status, ulong end)
    {
        foreach (ClientFile known in _files)
        {
            if (known.Covers(status, end))
            {
                return known;
            }
        }

        if (_files.Count == MaxFiles || status.Size > MaxFileBytes - _fileBytes)
        {
            return null;
        }

        ClientFile? file = ClientFile.TryMap(descriptor, status);
        if (file is not null)
        {
            _files.Add(file);
            _fileBytes += file.Bytes;
        }

        return file;
    }

    private void Release(ClientFile file)
    {
        if (--file.Ranges == 0)
        {
            _files.Remove(file);
            _fileBytes -= file.Bytes;
            file.Unmap();
        }
    }

    private void Insert(int at, Range range)
    {
        if (RangeCount == _ranges.Length)
        {
            Array.Resize(ref _ranges, RangeCount * 2);
        }

        Array.Copy(_ranges, at, _ranges, at + 1, RangeCount - at);
        _ranges[at] = range;
        RangeCount++;
    }

    // Index of the first range that starts above the address; the one before it is the only one that may hold it.
    private int FirstAbove(ulong iova)
    {
        int low = 0;
        int high = RangeCount;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (_ranges[middle].Iova <= iova)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    private readonly struct Range(ulong iova, ulong size, uint flags, ClientFile? file)
    {
        public readonly ulong Iova = iova;
        public readonly ulong Size = size;
        public readonly uint Flags = flags;
        public readonly ClientFile? File = file;

        public ulong Last => Iova + (Size - 1);
    }
}
