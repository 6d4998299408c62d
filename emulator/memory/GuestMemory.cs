// Memory of the host as the device may reach it: bus addresses to native memory, checked. Knows no ring, no function, no
// socket; who maps a range keeps it alive until it is unmapped, and stops the queues that use it first.
using System;
using System.Runtime.CompilerServices;

namespace SmartNicFw.Emulator.Memory;

/// <summary>
/// The ranges of bus addresses (IOVA) that one DMA owner may reach. One thread owns it. Nothing here throws on an address
/// that a guest chose; nothing is allocated but by <see cref="Map"/>.
/// </summary>
public sealed unsafe class GuestMemory
{
    private const int FirstCapacity = 16;

    private readonly int _maxRegions;

    // Sorted by Iova, disjoint.
    private Region[] _regions = new Region[FirstCapacity];
    private int _count;

    // The region that answered last: most accesses of a turn go to one. A size of 0 answers nothing.
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
    /// <returns>False, and nothing happened, when it is empty, wraps, overlaps another, or there are too many.</returns>
    public bool Map(ulong iova, byte* host, ulong size)
    {
        if (size == 0 || host == null || iova + (size - 1) < iova || _count == _maxRegions)
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
        _regions[at] = new Region(iova, size, host);
        _count++;
        Generation++;
        return true;
    }

    /// <summary>Unmaps a range that was mapped by one call of <see cref="Map"/>.</summary>
    /// <returns>False, and nothing happened, when no mapped range has that address and size.</returns>
    public bool Unmap(ulong iova, ulong size)
    {
        int at = FirstAbove(iova) - 1;
        if (at < 0 || _regions[at].Iova != iova || _regions[at].Size != size)
        {
            return false;
        }

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
    /// <returns>False when the range is unmapped, wraps, or goes beyond the end of the region that it starts in.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryTranslate(ulong iova, uint length, out byte* host)
    {
        // Below the region's start the difference wraps to far above its size.
        ulong offset = iova - _lastIova;
        if (offset < _lastSize && length <= _lastSize - offset)
        {
            host = _lastHost + offset;
            return true;
        }

        return TryTranslateElsewhere(iova, length, out host);
    }

    private bool TryTranslateElsewhere(ulong iova, uint length, out byte* host)
    {
        int at = FirstAbove(iova) - 1;
        if (at >= 0)
        {
            Region region = _regions[at];
            ulong offset = iova - region.Iova;
            if (offset < region.Size && length <= region.Size - offset)
            {
                _lastIova = region.Iova;
                _lastSize = region.Size;
                _lastHost = region.Host;
                host = region.Host + offset;
                return true;
            }
        }

        host = null;
        return false;
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

    private readonly struct Region(ulong iova, ulong size, byte* host)
    {
        public readonly ulong Iova = iova;
        public readonly ulong Size = size;
        public readonly byte* Host = host;
    }
}
