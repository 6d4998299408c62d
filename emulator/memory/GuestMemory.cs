// Memory of the host as the device may reach it: bus addresses to native memory, checked. Knows no ring, no function, no
// socket; who maps a range keeps it alive until it is unmapped, and stops the queues that use it first.
using System;
using System.Runtime.CompilerServices;

namespace SmartNicFw.Emulator.Memory;

/// <summary>What the device does to memory, or may do.</summary>
[Flags]
public enum MemoryAccess
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>It reads.</summary>
    Read = 1,

    /// <summary>It writes, whatever is there.</summary>
    Write = 2,

    /// <summary>Both.</summary>
    ReadWrite = Read | Write,
}

/// <summary>
/// The ranges of bus addresses (IOVA) that one DMA owner may reach. One thread owns it. Nothing here throws on an address
/// that a guest chose; nothing is allocated but by mapping.
/// </summary>
public sealed unsafe partial class GuestMemory
{
    private const int FirstCapacity = 16;

    // Regions that one access may run through. An IOMMU maps pages: a frame of 64 KB lies in 17 of them.
    private const int MaxRun = 64;

    private readonly int _maxRegions;

    // Sorted by Iova, disjoint.
    private Region[] _regions = new Region[FirstCapacity];
    private int _count;

    // The region that answered last, if it is native and allows all: most accesses of a turn go to one. A size of 0 answers
    // nothing.
    private ulong _lastIova;
    private ulong _lastSize;
    private byte* _lastHost;

    /// <param name="maxRegions">Regions at the most, 1 upwards.</param>
    public GuestMemory(int maxRegions = 65535) => _maxRegions = maxRegions;

    /// <summary>Number of regions that are mapped.</summary>
    public int RegionCount => _count;

    /// <summary>Grows whenever a range is mapped or unmapped: who keeps a native address looks it up again then.</summary>
    public long Generation { get; private set; }

    /// <summary>Maps a range.</summary>
    /// <param name="iova">First bus address.</param>
    /// <param name="host">Native memory of that size, valid until the range is unmapped.</param>
    /// <param name="size">Bytes, 1 upwards.</param>
    /// <param name="allowed">What the device may do there.</param>
    /// <returns>False, and nothing happened, when it is empty, wraps, overlaps another, or there are too many.</returns>
    public bool Map(ulong iova, byte* host, ulong size, MemoryAccess allowed = MemoryAccess.ReadWrite) =>
        host != null && Add(iova, host, size, allowed, null);

    /// <summary>Unmaps a range that was mapped by one call of <see cref="Map"/> or <see cref="MapRemote"/>.</summary>
    /// <returns>False, and nothing happened, when no mapped range has that address and size.</returns>
    public bool Unmap(ulong iova, ulong size)
    {
        int at = FirstAbove(iova) - 1;
        if (at < 0 || _regions[at].Iova != iova || _regions[at].Size != size)
        {
            return false;
        }

        Forget(_regions[at]);
        _count--;
        Array.Copy(_regions, at + 1, _regions, at, _count - at);
        _regions[_count] = default;
        _lastSize = 0;
        Generation++;
        return true;
    }

    /// <summary>Finds native memory for a range of bus addresses.</summary>
    /// <param name="iova">First bus address.</param>
    /// <param name="length">Bytes; of a length of 0 the address must be mapped nevertheless.</param>
    /// <param name="host">The memory, valid for <paramref name="length"/> bytes; null when false is returned.</param>
    /// <param name="access">
    /// What it is for. Read: the bytes are as the host has them, also of remote memory. Write, or both: of remote memory they are
    /// whatever they are.
    /// </param>
    /// <returns>
    /// False when the range is unmapped, wraps, does not allow the access, or does not lie in native memory in one piece; or when it
    /// is remote and cannot be read now, which <see cref="TakeBusy"/> tells.
    /// </returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryTranslate(ulong iova, uint length, out byte* host, MemoryAccess access = MemoryAccess.ReadWrite)
    {
        // Below the region's start the difference wraps to far above its size.
        ulong offset = iova - _lastIova;
        if (offset < _lastSize && length <= _lastSize - offset)
        {
            host = _lastHost + offset;
            return true;
        }

        return TryTranslateElsewhere(iova, length, out host, access);
    }

    private bool TryTranslateElsewhere(ulong iova, uint length, out byte* host, MemoryAccess access)
    {
        host = null;
        int at = FirstAbove(iova) - 1;
        if (at < 0)
        {
            return false;
        }

        ref Region region = ref _regions[at];
        ulong offset = iova - region.Iova;
        if (offset >= region.Size || (region.Allowed & access) != access
            || (length > region.Size - offset && !RunsOn(at, length - (region.Size - offset), access)))
        {
            return false;
        }

        if (region.Shadow is { } shadow)
        {
            // Never remembered as the last: every translation has to ask.
            return TryReachShadow(shadow, offset, length, out host, access);
        }

        if (region.Allowed == MemoryAccess.ReadWrite)
        {
            _lastIova = region.Iova;
            _lastSize = region.Size;
            _lastHost = region.Host;
        }

        host = region.Host + offset;
        return true;
    }

    // Whether native memory goes on behind a region for so many bytes, as bus addresses do.
    private bool RunsOn(int at, ulong left, MemoryAccess access)
    {
        for (int next = at + 1; next < _count && next - at < MaxRun; next++)
        {
            ref Region before = ref _regions[next - 1];
            ref Region region = ref _regions[next];
            if (region.Iova != before.Iova + before.Size || region.Host != before.Host + before.Size
                || region.Shadow is not null || before.Shadow is not null || (region.Allowed & access) != access)
            {
                return false;
            }

            if (left <= region.Size)
            {
                return true;
            }

            left -= region.Size;
        }

        return false;
    }

    private bool Add(ulong iova, byte* host, ulong size, MemoryAccess allowed, Shadow? shadow)
    {
        if (size == 0 || iova + (size - 1) < iova || _count == _maxRegions)
        {
            return false;
        }

        int at = FirstAbove(iova);
        if ((at > 0 && iova - _regions[at - 1].Iova < _regions[at - 1].Size)
            || (at < _count && _regions[at].Iova - iova < size))
        {
            return false;
        }

        if (_count == _regions.Length)
        {
            Array.Resize(ref _regions, _count * 2);
        }

        Array.Copy(_regions, at, _regions, at + 1, _count - at);
        _regions[at] = new Region(iova, size, host, allowed, shadow);
        _count++;
        Generation++;
        return true;
    }

    // Index of the first region that starts above the address; the one before it is the only one that may hold it.
    private int FirstAbove(ulong iova)
    {
        int low = 0;
        int high = _count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (_regions[middle].Iova <= iova)
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

    private readonly struct Region(ulong iova, ulong size, byte* host, MemoryAccess allowed, Shadow? shadow)
    {
        public readonly ulong Iova = iova;
        public readonly ulong Size = size;
        public readonly byte* Host = host;
        public readonly MemoryAccess Allowed = allowed;
        public readonly Shadow? Shadow = shadow;
    }
}
