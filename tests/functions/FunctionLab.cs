// An endpoint whose functions are handed out one by one, and the machines that have them. All in the test's hand: real
// firmware, real rings, real switch; no socket.
using System;
using System.Collections.Generic;
using System.Linq;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Functions;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Firmware;
using SmartNicFw.Tests.Fakes;
using SmartNicFw.Tests.VfioUser;

namespace SmartNicFw.Tests.Functions;

/// <summary>The host in this process, and a device for each function that a test asks for.</summary>
internal sealed class FunctionLab : IDisposable
{
    private readonly List<FunctionMachine> _machines = [];

    /// <param name="vfs">VFs that are enabled on each PF.</param>
    /// <param name="physicalFunctions">PFs.</param>
    public FunctionLab(int vfs, int physicalFunctions = 1)
    {
        Board = new EmulatedBoard(new EndpointConfiguration { PhysicalFunctions = physicalFunctions, TotalVFs = 8 });
        Root = new RootComplex(Board);
        Found = new PciEnumerator(Root);
        Found.Enumerate();
        foreach (HostFunction physical in Found.PhysicalFunctions.Where(_ => vfs > 0))
        {
            Found.EnableVFs(physical, vfs);
        }
    }

    public EmulatedBoard Board { get; }

    public RootComplex Root { get; }

    public PciEnumerator Found { get; }

    public RecordingLog Log { get; } = new();

    public HostFunction Pf => Found.PhysicalFunctions[0];

    public IReadOnlyList<HostFunction> VFs => Pf.Sriov!.VFs;

    /// <summary>Attaches a machine to a function.</summary>
    /// <param name="memoryBytes">Its memory.</param>
    /// <param name="unusedBytes">The first so many bytes of it are used by nothing.</param>
    public FunctionMachine Attach(HostFunction function, int memoryBytes = 8 << 20, int unusedBytes = 0)
    {
        var machine = new FunctionMachine(Board, new FunctionDevice(Board, Root, function, Log), memoryBytes);
        _machines.Add(machine);
        if (unusedBytes > 0)
        {
            machine.Ram.Allocate(unusedBytes);
        }

        machine.Attach();
        return machine;
    }

    /// <summary>Steps and lets the machines poll until nothing moves any more.</summary>
    public void Settle() => Board.Settle(() => _machines.Sum(machine => machine.Poll()));

    /// <summary>Steps until nothing moves any more; no machine does anything.</summary>
    public void SettleAlone() => Board.Settle(() => 0);

    /// <summary>Reads a function's own configuration space, as the host in this process does.</summary>
    public uint[] Space(HostFunction function)
    {
        var space = new uint[1024];
        for (int word = 0; word < space.Length; word++)
        {
            space[word] = Root.Read(function.Address, word * sizeof(uint), 4);
        }

        return space;
    }

    public void Dispose()
    {
        foreach (FunctionMachine machine in _machines)
        {
            machine.Dispose();
        }
    }
}
