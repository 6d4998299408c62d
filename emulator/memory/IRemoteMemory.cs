// Memory of a host that no native address reaches. Knows no message and no ring.
using System;

namespace SmartNicFw.Emulator.Memory;

/// <summary>What became of an access to memory that is far away.</summary>
public enum RemoteAccess
{
    /// <summary>It was done.</summary>
    Done = 0,

    /// <summary>Not now; nothing happened. It may be done later.</summary>
    Busy = 1,

    /// <summary>It cannot be done.</summary>
    Refused = 2,
}

/// <summary>Memory that is read and written by asking for it. Calls come from the thread that owns the board.</summary>
public interface IRemoteMemory
{
    /// <summary>Reads.</summary>
    /// <param name="data">Receives the bytes; of no meaning unless Done.</param>
    RemoteAccess Read(ulong iova, Span<byte> data);

    /// <summary>Writes, in the order of the calls; the host sees the bytes at some time later.</summary>
    void Write(ulong iova, ReadOnlySpan<byte> data);
}
