// A whole endpoint with a host and drivers on its VFs, in the test's hand: real firmware, real rings, real switch.
using System;
using System.Collections.Generic;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Emulator.Memory;
using SmartNicFw.Firmware;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Tests.Fakes;

/// <summary>A frame as a driver received it.</summary>
internal sealed record Received(byte[] Payload, FrameOffload Offload, int Pair);

/// <summary>An endpoint with one PF and some VFs, each with a driver that keeps what it receives.</summary>
internal sealed unsafe class NetLab : IDisposable
{
    private const int MaxRounds = 10_000;

    /// <param name="remoteSeed">The host's memory is only to be had by asking, and busy by this seed; null: it is mapped.</param>
    public NetLab(int vfs, long memoryBytes = 64 << 20, int? remoteSeed = null)
    {
        Board = new EmulatedBoard(new EndpointConfiguration { TotalVFs = vfs });
        Memory = new HostMemory(memoryBytes);
        if (remoteSeed is int seed)
        {
            Remote = new SlowMemory(Memory, seed);
            Board.Memory.MapRemote(HostMemory.BaseAddress, (ulong)Memory.Bytes, Remote, MemoryAccess.ReadWrite);
        }
        else
        {
            Board.Memory.Map(HostMemory.BaseAddress, Memory.Start, (ulong)Memory.Bytes);
        }

        Board.Interrupts = Interrupts;
        Host = new RootComplex(Board);
        Found = new PciEnumerator(Host);
        Found.Enumerate();
        Found.EnableVFs(Pf, vfs);
        Drivers = new NetDriver[vfs];
        Inbox = new List<Received>[vfs];
    }

    public EmulatedBoard Board { get; }

    public HostMemory Memory { get; }

    public SlowMemory? Remote { get; }

    public RootComplex Host { get; }

    public PciEnumerator Found { get; }

    public InterruptController Interrupts { get; } = new();

    public HostFunction Pf => Found.PhysicalFunctions[0];

    public IReadOnlyList<HostFunction> VFs => Pf.Sriov!.VFs;

    public NetDriver[] Drivers { get; }

    public List<Received>[] Inbox { get; }

    /// <summary>Brings a driver up on a VF.</summary>
    public NetDriver Start(int vf, NetDriverOptions options)
    {
        Host.Write(VFs[vf].Address, PciConfigHeader.CommandOffset, 2, PciConfigHeader.CommandBusMasterEnableMask);
        Inbox[vf] = [];
        Drivers[vf] = new NetDriver(Host, VFs[vf], Memory, Interrupts, options)
        {
            FrameHandler = (in ReceivedFrame frame) =>
                Inbox[vf].Add(new Received(frame.Payload.ToArray(), frame.Offload, frame.Pair)),
        };
        Drivers[vf].Start();
        return Drivers[vf];
    }

    /// <summary>Index of a VF, as firmware numbers functions.</summary>
    public int Index(int vf) => Board.Firmware.Numbering.VirtualFunction(0, vf);

    /// <summary>A frame from one VF to another, with a recognizable payload.</summary>
    public byte[] Frame(int from, int to, int bytes, int seed = 0)
    {
        var frame = new byte[bytes];
        for (int index = 14; index < bytes; index++)
        {
            frame[index] = (byte)((index * 7) + (index >> 8) + seed);
        }

        Drivers[to].MacAddress.CopyTo(frame);
        Drivers[from].MacAddress.CopyTo(frame.AsSpan(6));
        frame[12] = 0x88;
        frame[13] = 0xB5;
        return frame;
    }

    /// <summary>Steps and polls until nothing moves any more.</summary>
    public void Settle()
    {
        int idle = 0;
        for (int round = 0; idle < 3 && round < MaxRounds; round++)
        {
            long turns = Board.Engine.Turns;
            Board.Step();
            int moved = 0;
            foreach (NetDriver? driver in Drivers)
            {
                moved += driver is { IsRunning: true } ? driver.Poll() : 0;
            }

            idle = moved == 0 && turns == Board.Engine.Turns && !Board.HasWork ? idle + 1 : 0;
        }
    }

    public void Dispose()
    {
        foreach (NetDriver? driver in Drivers)
        {
            driver?.Dispose();
        }

        Memory.Dispose();
    }
}
