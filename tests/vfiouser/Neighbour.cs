// A client of another socket of the same loop, which must not notice what is done to the first.
using System;
using NUnit.Framework;
using SmartNicFw.Emulator.VfioUser;

namespace SmartNicFw.Tests.VfioUser;

/// <summary>Attached with memory and an interrupt before the attack; <see cref="Check"/> afterwards that all is as it was.</summary>
internal sealed unsafe class Neighbour : IDisposable
{
    private const ulong Iova = 0x40000;
    private const int Bytes = 0x10000;

    private readonly ServerUnderTest _server;
    private readonly RawClient _client;
    private readonly int _vector = RawSystem.Eventfd();
    private readonly byte* _guest;
    private readonly int _told;
    private byte _round = 1;

    public Neighbour(ServerUnderTest server)
    {
        _server = server;
        _client = server.Attach(1);
        int file = RawSystem.MemoryFile(Bytes);
        _guest = RawSystem.MapShared(file, Bytes);
        Assert.That(_client.MapDma(Iova, Bytes, file).IsError, Is.False);
        _ = RawSystem.Close(file);
        Assert.That(_client.SetIrqs(0x24, 2, 5, 1, _vector).IsError, Is.False);
        _told = Device.Told.Count;
        Check();
    }

    private FakeDevice Device => _server.Devices[1];

    public void Check()
    {
        byte value = _round++;
        _guest[8] = value;
        byte seen = _server.OnLoop(() =>
        {
            Assert.That(Device.Host!.Memory.TryTranslate(Iova, Bytes, out byte* host), Is.True);
            host[9] = host[8];
            Device.Region(0)[3] = host[8];
            Device.Host!.Trigger(VfioIrq.Msix, 5);
            return host[8];
        });
        Assert.That(seen, Is.EqualTo(value));
        Assert.That(_guest[9], Is.EqualTo(value));
        Assert.That(RawSystem.ReadEventfd(_vector), Is.EqualTo(1));
        Assert.That(_client.ReadRegion(0, 3, 1)[0], Is.EqualTo(value));
        Assert.That(Device.Told, Has.Count.EqualTo(_told), "nothing more was asked of its device");
        Assert.That(Device.Host!.Memory.RegionCount, Is.EqualTo(1));
    }

    public void Dispose()
    {
        _client.Dispose();
        _ = RawSystem.Close(_vector);
        RawSystem.Unmap(_guest, Bytes);
    }
}
