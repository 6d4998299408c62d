// A host of this process with an endpoint in its slot: RAM that functions reach, VFs enabled, network drivers on them. Knows no traffic.
using System;
using System.Collections.Generic;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Host.Virtio;

/// <summary>One PF with VFs behind one root port; what runs on the drivers is up to their owner.</summary>
public sealed class NetHost : IDisposable
{
    private const int CommandBytes = 2;

    /// <summary>Maps all of the RAM, takes the board's interrupts, enumerates, and enables VFs of PF 0.</summary>
    /// <param name="vfs">VFs, 1 upwards.</param>
    /// <param name="memoryBytes">Size of the RAM.</param>
    /// <exception cref="HostException">The endpoint is not sound, or does not have as many VFs.</exception>
    public unsafe NetHost(EmulatedBoard board, int vfs, long memoryBytes)
    {
        ArgumentNullException.ThrowIfNull(board);
        Memory = new HostMemory(memoryBytes);
        board.Memory.Map(HostMemory.BaseAddress, Memory.Start, (ulong)Memory.Bytes);
        board.Interrupts = Interrupts;
        Root = new RootComplex(board);
        Found = new PciEnumerator(Root);
        Found.Enumerate();
        Found.EnableVFs(Pf, vfs);
        Drivers = new NetDriver[vfs];
    }

    /// <summary>The root complex.</summary>
    public RootComplex Root { get; }

    /// <summary>What was found behind it.</summary>
    public PciEnumerator Found { get; }

    /// <summary>RAM: rings and buffers.</summary>
    public HostMemory Memory { get; }

    /// <summary>Takes the interrupts.</summary>
    public InterruptController Interrupts { get; } = new();

    /// <summary>PF 0.</summary>
    public HostFunction Pf => Found.PhysicalFunctions[0];

    /// <summary>Its VFs.</summary>
    public IReadOnlyList<HostFunction> VFs => Pf.Sriov!.VFs;

    /// <summary>The drivers, by VF; null where none was started.</summary>
    public NetDriver[] Drivers { get; }

    /// <summary>Lets a VF be bus master and brings a driver up on it, in the place of the one that was there.</summary>
    /// <param name="handler">Takes the frames that arrive; null: they are dropped.</param>
    /// <exception cref="HostException">The device refuses.</exception>
    public NetDriver Start(int vf, NetDriverOptions options, ReceivedFrameHandler? handler = null)
    {
        Root.Write(VFs[vf].Address, PciConfigHeader.CommandOffset, CommandBytes, PciConfigHeader.CommandBusMasterEnableMask);
        Drivers[vf] = new NetDriver(Root, VFs[vf], Memory, Interrupts, options) { FrameHandler = handler };
        Drivers[vf].Start();
        return Drivers[vf];
    }

    /// <summary>Takes the drivers down, and then the RAM away.</summary>
    public void Dispose()
    {
        foreach (NetDriver? driver in Drivers)
        {
            driver?.Dispose();
        }

        Memory.Dispose();
    }
}
