// Memory of a host that must be asked for, and is busy now and then: what a client without shared files is.
using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Emulator.Memory;

namespace SmartNicFw.Tests.Fakes;

/// <summary>Copies from and to a host's RAM; one read in a few is refused as busy, and counted.</summary>
internal sealed unsafe class SlowMemory(HostMemory ram, int seed) : IRemoteMemory
{
    private const int BusyOneIn = 7;

    private readonly Random _random = new(seed);

    public long Reads { get; private set; }

    public long Busy { get; private set; }

    public long Writes { get; private set; }

    /// <summary>Bus address of a word of 16 bits whose values, as they are written, are kept in <see cref="Watched"/>.</summary>
    public ulong WatchedIova { get; set; }

    public List<ushort> Watched { get; } = [];

    public RemoteAccess Read(ulong iova, Span<byte> data)
    {
        Reads++;
        if (_random.Next(BusyOneIn) == 0)
        {
            Busy++;
            return RemoteAccess.Busy;
        }

        new ReadOnlySpan<byte>(ram.Start + (iova - HostMemory.BaseAddress), data.Length).CopyTo(data);
        return RemoteAccess.Done;
    }

    public void Write(ulong iova, ReadOnlySpan<byte> data)
    {
        Writes++;
        if (WatchedIova >= iova && WatchedIova + 2 <= iova + (ulong)data.Length)
        {
            Watched.Add(BinaryPrimitives.ReadUInt16LittleEndian(data[(int)(WatchedIova - iova)..]));
        }

        data.CopyTo(new Span<byte>(ram.Start + (iova - HostMemory.BaseAddress), data.Length));
    }
}
