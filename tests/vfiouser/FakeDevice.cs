// A device for the server under test: plain memory in every region, and a list of what it was told.
using System;
using System.Collections.Generic;
using System.Linq;
using SmartNicFw.Emulator.VfioUser;

namespace SmartNicFw.Tests.VfioUser;

/// <summary>Belongs to the loop's thread; a test reads it after an answer has come.</summary>
internal sealed class FakeDevice : IVfioUserDevice
{
    public const int ConfigBytes = 4096;
    public const int Bar0Bytes = 1 << 21;
    public const int Vectors = 64;

    private readonly byte[]?[] _regions = new byte[VfioRegion.Count][];

    public FakeDevice()
    {
        _regions[VfioRegion.Bar0] = new byte[Bar0Bytes];
        _regions[VfioRegion.Config] = new byte[ConfigBytes];
    }

    public List<string> Told { get; } = [];

    public IVfioUserHost? Host { get; private set; }

    public int Attachments { get; private set; }

    public int Detachments { get; private set; }

    public int Resets { get; private set; }

    /// <summary>Done within a read or a write, after it: region and offset.</summary>
    public Action<int, ulong>? During { get; set; }

    public byte[] Region(int region) => _regions[region]!;

    public ulong RegionBytes(int region) => (ulong)(_regions[region]?.Length ?? 0);

    public int IrqCount(int index) => index switch { VfioIrq.Intx => 1, VfioIrq.Msix => Vectors, _ => 0 };

    public void Read(int region, ulong offset, Span<byte> data)
    {
        _regions[region].AsSpan((int)offset, data.Length).CopyTo(data);
        During?.Invoke(region, offset);
    }

    public void Write(int region, ulong offset, ReadOnlySpan<byte> data)
    {
        data.CopyTo(_regions[region].AsSpan((int)offset));
        Tell($"write {region} {offset:X} {Convert.ToHexString(data[..Math.Min(data.Length, 8)])}");
        During?.Invoke(region, offset);
    }

    public void Reset()
    {
        Resets++;
        Tell("reset");
    }

    public void Attach(IVfioUserHost host)
    {
        Attachments++;
        Host = host;
        Tell("attach");
    }

    public void Detach()
    {
        Detachments++;
        Host = null;
        Tell("detach");
    }

    /// <summary>What was told of eventfds, in order.</summary>
    public List<string> Eventfds { get; } = [];

    /// <summary>Ranges that were mapped.</summary>
    public void SetEventfds(int index, int first, int count, bool isThere) => Eventfds.Add($"{index} {first} {count} {isThere}");

    public void Unmapping(ulong iova, ulong size) => Tell($"unmapping {iova:X} {size:X} of {Host!.Memory.RegionCount}");

    public string[] Writes() => [.. Told.Where(line => line.StartsWith("write", StringComparison.Ordinal))];

    private void Tell(string line)
    {
        if (Told.Count < 10_000)
            Told.Add(line);
    }
}
