// A folder with a socket for every function of an endpoint: the host in this process owns the endpoint, and hands its functions out.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Microsoft.Extensions.Logging;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Emulator.Loop;
using SmartNicFw.Emulator.VfioUser;

namespace SmartNicFw.Emulator.Functions;

/// <summary>
/// Enumerates the endpoint and opens <c>pf0.sock</c>; enables VFs, each with its socket for as long as it is enabled: <c>vf3.sock</c>
/// of PF 0, <c>pf1vf3.sock</c> of PF 1.
/// </summary>
internal sealed class FunctionFolder : IDisposable
{
    private readonly EmulatedBoard _board;
    private readonly ControllerLoop _loop;
    private readonly ILogger _log;
    private readonly RootComplex _root;
    private readonly PciEnumerator _enumerator;
    private readonly List<Handed> _functions = [];

    /// <summary>Enumerates the endpoint and hands out its PFs.</summary>
    /// <param name="folder">Where the sockets are; made if it is not there.</param>
    /// <exception cref="IOException">The folder or a socket cannot be had; the message says why.</exception>
    /// <exception cref="HostException">The endpoint is not sound.</exception>
    public FunctionFolder(EmulatedBoard board, string folder, ControllerLoop loop, ILogger log)
    {
        _board = board;
        _loop = loop;
        _log = log;
        Path = folder;
        Make(folder);
        _root = new RootComplex(board);
        _enumerator = new PciEnumerator(_root);
        _enumerator.Enumerate();
        try
        {
            foreach (HostFunction physical in _enumerator.PhysicalFunctions)
            {
                HandOut(physical);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>Functions that are handed out and the paths of their sockets: PFs first, then VFs.</summary>
    public IEnumerable<(string Name, string Socket)> Sockets =>
        _functions.Select(handed => (NameOf(handed.Function), handed.Server.Path));

    /// <summary>Number of PFs.</summary>
    public int PhysicalFunctions => _enumerator.PhysicalFunctions.Count;

    /// <summary>VFs that each PF can have.</summary>
    public int TotalVFs => _enumerator.PhysicalFunctions[0].Sriov?.TotalVFs ?? 0;

    /// <summary>VFs that are enabled on each PF.</summary>
    public int EnabledVFs => _enumerator.PhysicalFunctions[0].Sriov?.VFs.Count ?? 0;

    /// <summary>The device behind the socket of a function; null when it is not handed out.</summary>
    public FunctionDevice? Find(string name) => _functions.Find(handed => NameOf(handed.Function) == name)?.Device;

    /// <summary>
    /// Enables VFs on each PF, or disables them all: what <c>echo N > sriov_numvfs</c> does, and more, for VFs that stay notice nothing.
    /// Sockets come and go with them, and the client of a socket that goes is closed.
    /// </summary>
    /// <param name="count">Number of VFs of each PF; 0 disables them.</param>
    /// <exception cref="HostException">The number is not possible now; nothing was changed.</exception>
    /// <exception cref="SocketPathException">A socket cannot be had; no VF has come.</exception>
    public void SetVFs(int count)
    {
        int[] before = [.. _enumerator.PhysicalFunctions.Select(physical => physical.Sriov?.VFs.Count ?? 0)];
        for (int number = 0; number < before.Length; number++)
        {
            try
            {
                SetVFs(number, count);
            }
            catch
            {
                // One PF could, another could not. What has come can go again.
                for (int other = 0; other < number; other++)
                {
                    SetVFs(other, Math.Min(before[other], count));
                }

                throw;
            }
        }
    }

    /// <summary>The same for one PF.</summary>
    /// <param name="physicalFunction">Its number, below <see cref="PhysicalFunctions"/>.</param>
    /// <exception cref="HostException">The number is not possible now; nothing was changed.</exception>
    /// <exception cref="SocketPathException">A socket cannot be had; no VF has come.</exception>
    public void SetVFs(int physicalFunction, int count)
    {
        HostFunction physical = _enumerator.PhysicalFunctions[physicalFunction];
        int before = physical.Sriov?.VFs.Count ?? 0;
        if (count <= before)
        {
            Shrink(physical, count);
            return;
        }

        if (before == 0)
        {
            _enumerator.EnableVFs(physical, count);
        }
        else
        {
            _enumerator.ResizeVFs(physical, count);
        }

        try
        {
            foreach (HostFunction vf in physical.Sriov!.VFs.Skip(before))
            {
                HandOut(vf);
            }
        }
        catch
        {
            Shrink(physical, before);
            throw;
        }
    }

    /// <summary>Closes all sockets, VFs' first.</summary>
    public void Dispose()
    {
        foreach (HostFunction physical in _enumerator.PhysicalFunctions)
        {
            Shrink(physical, 0);
        }

        TakeBack(_ => true);
    }

    private static void Make(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"folder {folder} cannot be made; name one in a folder that can be written", refused);
        }
    }

    private static string NameOf(HostFunction function) => function.PhysicalFunction is { Number: 0 } ? $"vf{function.Number}" : function.Name;

    private void HandOut(HostFunction function)
    {
        var device = new FunctionDevice(_board, _root, function, _log);
        try
        {
            VfioUserServer server = VfioUserServer.Open(System.IO.Path.Combine(Path, NameOf(function) + ".sock"), device, _loop, _log);
            _functions.Add(new Handed(function, device, server));
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    // Clients first: each function is reset and lets go of its client's memory while it is still there.
    private void Shrink(HostFunction physical, int count)
    {
        TakeBack(function => function.PhysicalFunction == physical && function.Number >= count);
        if (count == 0)
        {
            _enumerator.DisableVFs(physical);
        }
        else if (count < physical.Sriov!.VFs.Count)
        {
            _enumerator.ResizeVFs(physical, count);
        }
    }

    private void TakeBack(Predicate<HostFunction> isWanted)
    {
        foreach (Handed handed in _functions.FindAll(handed => isWanted(handed.Function)))
        {
            _functions.Remove(handed);
            handed.Server.Dispose();
            handed.Device.Dispose();
        }
    }

    private sealed record Handed(HostFunction Function, FunctionDevice Device, VfioUserServer Server);
}
