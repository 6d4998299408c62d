// A whole endpoint with a host and drivers on its VFs, in the test's hand: real firmware, real rings, real switch.
using System;
using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Emulator.Memory;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Emulator.Trace;
using SmartNicFw.Firmware;

namespace SmartNicFw.Tests.Fakes;

/// <summary>A frame as a driver received it.</summary>
internal sealed record Received(byte[] Payload, FrameOffload Offload, int Pair);

/// <summary>An endpoint with one PF and some VFs, each with a driver that keeps what it receives.</summary>
internal sealed class NetLab : IDisposable
{
    private readonly NetHost _host;

    /// <param name="remoteSeed">The host's memory is only to be had by asking, and busy by this seed; null: it is mapped.</param>
    /// <param name="trace">Traces the board; null: nobody does.</param>
    public NetLab(int vfs, long memoryBytes = 64 << 20, int? remoteSeed = null, BoardTrace? trace = null)
    {
        Board = new EmulatedBoard(new EndpointConfiguration { TotalVFs = vfs }, trace: trace);
        _host = new NetHost(Board, vfs, memoryBytes);
        if (remoteSeed is int seed)
        {
            Remote = new SlowMemory(Memory, seed);
            Board.Memory = new GuestMemory();
            Board.Memory.MapRemote(HostMemory.BaseAddress, (ulong)Memory.Bytes, Remote, MemoryAccess.ReadWrite);
        }

        Inbox = new List<Received>[vfs];
    }

    public EmulatedBoard Board { get; }

    public HostMemory Memory => _host.Memory;

    public SlowMemory? Remote { get; }

    public RootComplex Host => _host.Root;

    public PciEnumerator Found => _host.Found;

    public InterruptController Interrupts => _host.Interrupts;

    public HostFunction Pf => _host.Pf;

    public IReadOnlyList<HostFunction> VFs => _host.VFs;

    public NetDriver[] Drivers => _host.Drivers;

    public List<Received>[] Inbox { get; }

    /// <summary>Brings a driver up on a VF.</summary>
    public NetDriver Start(int vf, NetDriverOptions options)
    {
        Inbox[vf] = [];
        return _host.Start(vf, options, (in ReceivedFrame frame) =>
            Inbox[vf].Add(new Received(frame.Payload.ToArray(), frame.Offload, frame.Pair)));
    }

    /// <summary>Index of a VF, as firmware numbers functions.</summary>
    public int Index(int vf) => Board.Firmware.Numbering.VirtualFunction(0, vf);

    /// <summary>A frame from one VF to another, with a recognizable payload.</summary>
    public byte[] Frame(int from, int to, int bytes, int seed = 0)
    {
        var frame = new byte[bytes];
        for (int index = Ethernet.HeaderBytes; index < bytes; index++)
        {
            frame[index] = (byte)((index * 7) + (index >> 8) + seed);
        }

        ExperimentalFrame.WriteHeader(frame, Drivers[to].MacAddress, Drivers[from].MacAddress);
        return frame;
    }

    /// <summary>Sends frames of growing size from one VF to another, one by one, and requires that each arrives as it was sent.</summary>
    public void Exchange(int from, int to, int count)
    {
        int before = Inbox[to].Count;
        var expected = new List<byte[]>();
        for (int index = 0; index < count; index++)
        {
            byte[] frame = Frame(from, to, 60 + (index * 11), index);
            expected.Add(frame);
            Assert.That(Drivers[from].TrySend(frame), Is.True);
            Drivers[from].Flush();
            Settle();
        }

        Assert.That(Inbox[to].Skip(before).Select(received => received.Payload), Is.EqualTo(expected));
    }

    /// <summary>Steps and polls until nothing moves any more.</summary>
    public void Settle() => Board.Settle(() => Drivers.Sum(driver => driver is { IsRunning: true } ? driver.Poll() : 0));

    public void Dispose() => _host.Dispose();
}
