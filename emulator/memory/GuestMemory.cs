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

    private int _remoteCount;
    private bool _wasBusy;
    private bool _isStarved;

    // The region that answered last: most accesses of a turn go to one. A size of 0 answers nothing.
    private ulong _lastIova;
    private ulong _lastSize;
    private byte* _lastHost;

    /// <param name="maxRegions">Regions at the most, 1 upwards.</param>
    public GuestMemory(int maxRegions = 65535) => _maxRegions = maxRegions;

    /// <summary>Number of regions that are mapped.</summary>
    public int RegionCount => _count;

    /// <summary>True while some of it is remote: bytes written there reach the host by <see cref="Send"/> only.</summary>
    public bool HasRemote => _remoteCount != 0;

    /// <summary>
    /// True when a translation failed since this was last asked because remote memory was busy: it may succeed later.
    /// </summary>
    public bool TakeBusy()
    {
        bool wasBusy = _wasBusy;
        _wasBusy = false;
        return wasBusy;
    }

    /// <summary>True when anything was left undone since this was last asked because remote memory was busy.</summary>
    public bool TakeStarved()
    {
        bool wasStarved = _isStarved;
        _isStarved = false;
        return wasStarved;
    }

    /// <summary>Grows whenever a range is mapped or unmapped: who keeps a native address looks it up again then.</summary>
    public long Generation { get; private set; }

    /// <summary>Maps a range.</summary>
    /// <param name="iova">First bus address.</param>
    /// <param name="host">Native memory of that size, valid until the range is unmapped.</param>
    /// <param name="size">Bytes, 1 upwards.</param>
    /// <returns>False, and nothing happened, when it is empty, wraps, overlaps another, or there are too many.</returns>
    public bool Map(ulong iova, byte* host, ulong size) => host != null && Add(iova, host, size, null);

    /// <summary>Maps a range of remote memory, for which native memory is made that stands for it.</summary>
    /// <param name="iova">First bus address.</param>
    /// <param name="size">Bytes, 1 upwards; the caller bounds the sum.</param>
    /// <param name="remote">The memory, valid until the range is unmapped.</param>
    /// <returns>As <see cref="Map"/>; false too when there is no room.</returns>
    public bool MapRemote(ulong iova, ulong size, IRemoteMemory remote)
    {
        Shadow shadow;
        try
        {
            shadow = new Shadow(iova, size, remote);
        }
        catch (OutOfMemoryException)
        {
            return false;
        }

        if (Add(iova, shadow.Start, size, shadow))
        {
            _remoteCount++;
            return true;
        }

        shadow.Dispose();
        return false;
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

        if (_regions[at].Shadow is { } shadow)
        {
            shadow.Dispose();
            _remoteCount--;
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
    /// <param name="isForWriting">The bytes there are of no interest: remote memory need not be asked for them.</param>
    /// <returns>
    /// False when the range is unmapped, wraps, or goes beyond the end of the region that it starts in; or when it is remote and
    /// cannot be read now, which <see cref="TakeBusy"/> tells.
    /// </returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryTranslate(ulong iova, uint length, out byte* host, bool isForWriting = false)
    {
        // Below the region's start the difference wraps to far above its size.
        ulong offset = iova - _lastIova;
        if (offset < _lastSize && length <= _lastSize - offset)
        {
            host = _lastHost + offset;
            return true;
        }

        return TryTranslateElsewhere(iova, length, out host, isForWriting);
    }

    /// <summary>True when native memory stands for remote memory.</summary>
    public bool IsRemote(byte* host) => ShadowOf(host) is not null;

    /// <summary>Gets bytes of native memory that stands for remote memory anew; of other memory there is nothing to get.</summary>
    /// <returns>False when they are what they were: remote memory is busy, or refuses.</returns>
    public bool Fetch(byte* host, uint length) => ShadowOf(host) is not { } shadow || IsDone(shadow.Fetch(host, length));

    /// <summary>Sends bytes of native memory that stands for remote memory to the host; of other memory there is nothing to send.</summary>
    public void Send(byte* host, uint length)
    {
        if (length != 0)
        {
            ShadowOf(host)?.Send(host, length);
        }
    }

    private bool Add(ulong iova, byte* host, ulong size, Shadow? shadow)
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
        _regions[at] = new Region(iova, size, host, shadow);
        _count++;
        Generation++;
        return true;
    }

    private Shadow? ShadowOf(byte* host)
    {
        for (int index = 0; index < _count; index++)
        {
            if (_regions[index].Shadow is { } shadow && shadow.Holds(host))
            {
                return shadow;
            }
        }

        return null;
    }

    private bool IsDone(RemoteAccess access)
    {
        _wasBusy |= access == RemoteAccess.Busy;
        _isStarved |= access == RemoteAccess.Busy;
        return access == RemoteAccess.Done;
    }

    private bool TryTranslateElsewhere(ulong iova, uint length, out byte* host, bool isForWriting)
    {
        int at = FirstAbove(iova) - 1;
        if (at >= 0)
        {
            Region region = _regions[at];
            ulong offset = iova - region.Iova;
            if (offset < region.Size && length <= region.Size - offset)
            {
                host = region.Host + offset;
                if (region.Shadow is { } shadow)
                {
                    // Never remembered as the last: every translation has to ask.
                    return isForWriting || IsDone(shadow.Fetch(host, length));
                }

                _lastIova = region.Iova;
                _lastSize = region.Size;
                _lastHost = region.Host;
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

    private readonly struct Region(ulong iova, ulong size, byte* host, Shadow? shadow)
    {
        public readonly Shadow? Shadow = shadow;
        public readonly ulong Iova = iova;
        public readonly ulong Size = size;
        public readonly byte* Host = host;
    }
}
