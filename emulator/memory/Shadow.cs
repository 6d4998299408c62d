// Native memory that stands for remote memory: what was fetched, and what is yet to be sent. Knows no ring.
using System;
using System.Runtime.InteropServices;

namespace SmartNicFw.Emulator.Memory;

/// <summary>
/// One range of remote memory. It takes room when it is first used, and its pages only once they are. Bytes are as the host has them only right after
/// <see cref="Fetch"/>, and reach the host only by <see cref="Send"/>.
/// </summary>
internal sealed unsafe class Shadow : IDisposable
{
    /// <summary>
    /// Bytes that one access fetches at the most: no frame and no command is longer, and a guest must not make the board wait
    /// for more.
    /// </summary>
    public const uint MaxFetchBytes = 128 * 1024;

    // Rings ask for up to 16 bytes.
    private const nuint Alignment = 4096;

    private readonly IRemoteMemory _remote;
    private readonly ulong _iova;
    private void* _room;
    private bool _isRefused;

    public Shadow(ulong iova, ulong size, IRemoteMemory remote)
    {
        _iova = iova;
        _remote = remote;
        Size = size;
    }

    /// <summary>First byte; null when there is no room for it.</summary>
    public byte* Start
    {
        get
        {
            if (_room == null && !_isRefused)
            {
                MakeRoom();
            }

            return _room == null ? null : (byte*)(((nuint)_room + Alignment - 1) & ~(Alignment - 1));
        }
    }

    /// <summary>Bytes.</summary>
    public ulong Size { get; }

    /// <summary>True when a native address lies within.</summary>
    public bool Holds(byte* host) => _room != null && host >= Start && (ulong)(host - Start) < Size;

    /// <summary>Gets bytes from the host; of more than <see cref="MaxFetchBytes"/> none.</summary>
    public RemoteAccess Fetch(byte* host, uint length) =>
        length is 0 or > MaxFetchBytes ? RemoteAccess.Done : _remote.Read(Iova(host), new Span<byte>(host, (int)length));

    /// <summary>Sends bytes to the host.</summary>
    public void Send(byte* host, uint length) => _remote.Write(Iova(host), new ReadOnlySpan<byte>(host, (int)length));

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.Free(_room);
        _room = null;
        _isRefused = true;
    }

    // Zeroed: the system makes pages of it when they are touched, and nothing of ours is in them.
    private void MakeRoom()
    {
        try
        {
            _room = NativeMemory.AllocZeroed(checked((nuint)Size + Alignment));
        }
        catch (Exception noRoom) when (noRoom is OutOfMemoryException or OverflowException)
        {
            _isRefused = true;
        }
    }

    private ulong Iova(byte* host) => _iova + (ulong)(host - Start);
}
