// Ranges that no native address reaches: native memory stands for them, fetched and sent. Knows no message.
using System;

namespace SmartNicFw.Emulator.Memory;

/// <content>Remote memory.</content>
public sealed unsafe partial class GuestMemory
{
    private int _writableCount;
    private bool _isBusy;

    /// <summary>
    /// True while some of what the device may write is remote: bytes written there reach the host by <see cref="Send"/> only.
    /// </summary>
    public bool HasRemote => _writableCount != 0;

    /// <summary>Number of regions that are remote.</summary>
    public int RemoteCount { get; private set; }

    /// <summary>Maps a range of remote memory, for which native memory is made that stands for it.</summary>
    /// <param name="iova">First bus address.</param>
    /// <param name="size">Bytes, 1 upwards; the caller bounds the sum.</param>
    /// <param name="remote">The memory, valid until the range is unmapped.</param>
    /// <param name="allowed">What the device may do there.</param>
    /// <returns>As <see cref="Map"/>.</returns>
    public bool MapRemote(ulong iova, ulong size, IRemoteMemory remote, MemoryAccess allowed)
    {
        if (!Add(iova, null, size, allowed, new Shadow(iova, size, remote)))
        {
            return false;
        }

        RemoteCount++;
        _writableCount += (allowed & MemoryAccess.Write) != 0 ? 1 : 0;
        return true;
    }

    /// <summary>
    /// True when a translation or a fetch failed since this was last asked because remote memory was busy: it may succeed later.
    /// </summary>
    public bool TakeBusy()
    {
        bool wasBusy = _isBusy;
        _isBusy = false;
        return wasBusy;
    }

    /// <summary>True when native memory stands for remote memory.</summary>
    public bool IsRemote(byte* host) => ShadowOf(host) is not null;

    /// <summary>Gets bytes of native memory that stands for remote memory anew; of other memory there is nothing to get.</summary>
    /// <returns>False when they are not as the host has them: remote memory is busy, or refuses.</returns>
    public bool Fetch(byte* host, uint length) => ShadowOf(host) is not { } shadow || IsDone(shadow.Fetch(host, length));

    /// <summary>Sends bytes of native memory that stands for remote memory to the host; of other memory there is nothing to send.</summary>
    public void Send(byte* host, uint length)
    {
        if (length != 0)
        {
            ShadowOf(host)?.Send(host, length);
        }
    }

    private bool TryReachShadow(Shadow shadow, ulong offset, uint length, out byte* host, MemoryAccess access)
    {
        host = shadow.Start;
        if (host == null)
        {
            return false;
        }

        host += offset;
        if (access != MemoryAccess.Read || IsDone(shadow.Fetch(host, length)))
        {
            return true;
        }

        host = null;
        return false;
    }

    private void Forget(in Region region)
    {
        if (region.Shadow is { } shadow)
        {
            shadow.Dispose();
            RemoteCount--;
            _writableCount -= (region.Allowed & MemoryAccess.Write) != 0 ? 1 : 0;
        }
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
        _isBusy |= access == RemoteAccess.Busy;
        return access == RemoteAccess.Done;
    }
}
