// emulator run: endpoints that real hosts attach to, until it is told to stop.
using System;
using System.CommandLine;
using System.IO;
using System.Linq;
using Microsoft.Extensions.Logging;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Hierarchy;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Emulator.Service;
using SmartNicFw.Firmware;

namespace SmartNicFw.Emulator.Commands;

/// <summary>
/// Opens the sockets, says how a host attaches to each, prints <c>ready</c>, and then runs. Lines on standard input go to
/// <see cref="RunHand"/>.
/// </summary>
internal static class RunCommand
{
    /// <summary>TotalVFs of an endpoint when nothing is said.</summary>
    public const int StandardVFs = 64;

    // MAC addresses follow from serial numbers: more than an endpoint has functions lie between those of two endpoints.
    private const ulong SerialNumbersEach = 0x2000;

    // What a VF may be given of what others have not: room that costs a desktop little.
    private const int RoomForQueuePairs = 8;
    private const int RoomForVectors = 32;

    /// <summary>VFs that the host in this process enables when nothing is said.</summary>
    public const int StandardEnabledVFs = 8;

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        Option<int> physicalFunctions = EndpointOptions.Number(
            "--pfs", "P", "Physical functions", 1, EndpointConfiguration.MaxPhysicalFunctions, 1);
        Option<int> vfs = EndpointOptions.Number(
            "--vfs", "N", "VFs of each PF: that a host of --hierarchy can enable, as --total-vfs; that are enabled, with --function-dir", 0, EndpointConfiguration.MaxTotalVFs, StandardVFs);
        Option<int> totalVFs = EndpointOptions.Number(
            "--total-vfs", "N", "TotalVFs of each PF", 0, EndpointConfiguration.MaxTotalVFs, StandardVFs);
        var hierarchy = new Option<string[]>("--hierarchy")
        {
            Description = "An endpoint with its whole PCIe hierarchy behind a VMD controller, on this vfio-user socket; again for another endpoint",
            HelpName = "SOCKET",
        };
        var remap = new Option<bool>("--hierarchy-remap")
        {
            Description = "The VMD controller has the host remap interrupts to its own vectors",
        };
        var functions = new Option<string[]>("--function-dir")
        {
            Description = "An endpoint whose PFs and enabled VFs each have a vfio-user socket in this folder, as a hypervisor passes them on; again for another endpoint",
            HelpName = "DIR",
        };
        var port = new Option<string[]>("--port")
        {
            Description = $"What the endpoint's Ethernet port is connected to, once for each endpoint, those of --hierarchy first: {WireOption.Forms}",
            HelpName = "WIRE",
        };
        var management = new Option<string[]>("--management")
        {
            Description = "The endpoint's management socket, for smartnic --device SOCKET of this user or root; once for each endpoint, those of --hierarchy first",
            HelpName = "SOCKET",
        };
        var store = new Option<string[]>("--store")
        {
            Description = "A file that keeps the endpoint's policy over restarts, made if need be; once for each endpoint, those of --hierarchy first",
            HelpName = "FILE",
        };
        Option<int> mtu = EndpointOptions.Number(
            "--mtu", "BYTES", "Largest frame without its Ethernet header, as functions report it", EndpointConfiguration.MinMtu,
            EndpointConfiguration.MaxMtu, new EndpointConfiguration().Mtu);
        var share = new Option<string[]>("--vf")
        {
            Description = "Share, rates (Mbit/s on the line), interrupts (a second at the most; moderated adaptively) and place in the network of a function of every endpoint, a number or a name; again for others: "
                + ShareSetting.FunctionForms,
            HelpName = "FUNCTION:SETTINGS",
        };
        var group = new Option<string[]>("--group")
        {
            Description = $"A rate group of every endpoint, made if need be, before --vf; again for others: {ShareSetting.GroupForms}",
            HelpName = "GROUP:SETTINGS",
        };
        var noPacked = new Option<bool>("--no-packed") { Description = "Functions offer split virtqueues only" };
        var verbose = new Option<bool>("--verbose", "-v") { Description = "Log what happens to hosts, functions and queues" };
        var command = new Command("run", "Run endpoints that QEMU attaches to")
        {
            physicalFunctions, vfs, totalVFs, mtu, noPacked, hierarchy, remap, functions, port, management, store, share, group, verbose,
        };
        command.SetAction(options =>
        {
            bool hasVFs = options.GetResult(vfs) is { Implicit: false };
            bool hasTotal = options.GetResult(totalVFs) is { Implicit: false };
            int wanted = options.GetValue(vfs);
            int total = hasTotal ? options.GetValue(totalVFs) : wanted;
            if (wanted > total && hasVFs)
            {
                throw new UsageException($"--vfs is {wanted}; allowed: 0 to {total} (--total-vfs)");
            }

            var plan = new RunPlan
            {
                PhysicalFunctions = options.GetValue(physicalFunctions),
                Hierarchies = options.GetValue(hierarchy) ?? [],
                HierarchyVFs = total,
                OffersRemap = options.GetValue(remap),
                FunctionFolders = options.GetValue(functions) ?? [],
                FunctionVFs = hasTotal ? total : Math.Max(total, StandardVFs),
                EnabledVFs = hasVFs ? wanted : Math.Min(StandardEnabledVFs, total),
                Wires = options.GetValue(port) ?? [],
                ManagementSockets = options.GetValue(management) ?? [],
                Stores = options.GetValue(store) ?? [],
                Mtu = options.GetValue(mtu),
                OffersPackedRings = !options.GetValue(noPacked),
                Shares =
                [
                    .. (options.GetValue(group) ?? []).Select(ShareSetting.OfGroupOption),
                    .. (options.GetValue(share) ?? []).Select(ShareSetting.OfFunctionOption),
                ],
            };
            using var service = new EndpointService();
            Open(service, plan, new ErrorOutputLog(options.GetValue(verbose) ? LogLevel.Debug : LogLevel.Warning), Console.Out);
            using var input = new LineInput(service.Loop, line => Console.Out.WriteLine(RunHand.Obey(service, line)));
            Console.Out.WriteLine("ready");
            service.Run();
            return 0;
        });
        return command;
    }

    /// <summary>Makes the endpoints and says how hosts attach to them.</summary>
    internal static void Open(EndpointService service, RunPlan plan, ILogger log, TextWriter output)
    {
        int endpoints = plan.Hierarchies.Length + plan.FunctionFolders.Length;
        if (endpoints == 0)
        {
            throw new UsageException("there is no way to attach; name a socket or a folder: --hierarchy SOCKET, --function-dir DIR");
        }

        if (plan.Wires.Length > endpoints)
        {
            throw new UsageException(
                $"--port is given {plan.Wires.Length} times for {endpoints} --hierarchy and --function-dir: one for each at the most");
        }

        if (plan.ManagementSockets.Length > endpoints)
        {
            throw new UsageException(
                $"--management is given {plan.ManagementSockets.Length} times for {endpoints} --hierarchy and --function-dir: one for each at the most");
        }

        if (plan.Stores.Length > endpoints)
        {
            throw new UsageException(
                $"--store is given {plan.Stores.Length} times for {endpoints} --hierarchy and --function-dir: one for each at the most");
        }

        foreach (string hierarchy in plan.Hierarchies)
        {
            RunningEndpoint endpoint = Add(service, plan, plan.HierarchyVFs, log, out string what);
            string socket = Path.GetFullPath(hierarchy);
            endpoint.OpenHierarchy(socket, new VmdOptions { OffersRemap = plan.OffersRemap, SlotNumber = service.Endpoints.Count });
            output.WriteLine($"{what}, hierarchy {socket}{Manage(service, plan)}");
        }

        foreach (string folder in plan.FunctionFolders)
        {
            RunningEndpoint endpoint = Add(service, plan, plan.FunctionVFs, log, out string what);
            endpoint.OpenFunctions(Path.GetFullPath(folder), plan.EnabledVFs);
            output.WriteLine($"{what}, {plan.EnabledVFs} enabled, functions {Path.GetFullPath(folder)}{Manage(service, plan)}");
        }

        SayHowToAttach(service, plan, output);
    }

    private static RunningEndpoint Add(EndpointService service, RunPlan plan, int totalVFs, ILogger log, out string what)
    {
        int index = service.Endpoints.Count;
        string wire = index < plan.Wires.Length ? plan.Wires[index] : WireOption.Standard;
        var configuration = new EndpointConfiguration
        {
            PhysicalFunctions = plan.PhysicalFunctions,
            TotalVFs = totalVFs,
            Mtu = plan.Mtu,
            OffersPackedRings = plan.OffersPackedRings,
            MaxVfQueuePairs = RoomForQueuePairs,
            MaxVfMsixVectors = RoomForVectors,
        };
        configuration.SerialNumber += SerialNumbersEach * (ulong)index;
        FileStore? store = index < plan.Stores.Length ? OpenStore(plan.Stores[index]) : null;
        var endpoint = new RunningEndpoint(configuration, WireOption.Open(wire), service.Loop, log, store);
        service.Add(endpoint);
        if (endpoint.Board.Firmware.DataPath.Store?.Fault is { } fault)
        {
            log.Log(LogLevel.Warning, 0, $"{plan.Stores[index]}: {fault}", null, static (text, _) => text);
        }

        foreach (ShareSetting setting in plan.Shares)
        {
            if (setting.Apply(endpoint.Board.Firmware) is { } refusal)
            {
                throw new HostException(refusal);
            }
        }

        what = $"endpoint {index + 1}: {configuration.PhysicalFunctions} PF, {configuration.TotalVFs} VFs each, wire {wire}";
        return endpoint;
    }

    private static FileStore OpenStore(string path)
    {
        try
        {
            return FileStore.Open(path);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new HostException($"--store: {refused.Message}");
        }
    }

    // Opens the management socket of the endpoint that was added last.
    private static string Manage(EndpointService service, RunPlan plan)
    {
        int index = service.Endpoints.Count - 1;
        if (index >= plan.ManagementSockets.Length)
        {
            return "";
        }

        string socket = Path.GetFullPath(plan.ManagementSockets[index]);
        service.Endpoints[index].OpenManagement(socket);
        return $", management {socket}";
    }

    private static void SayHowToAttach(EndpointService service, RunPlan plan, TextWriter output)
    {
        output.WriteLine("QEMU 10.1 or later attaches with these arguments, the size being that of its memory (-m):");
        foreach (string argument in QemuArguments.Machine)
        {
            output.WriteLine($"  {argument}");
        }

        for (int index = 0; index < plan.Hierarchies.Length; index++)
        {
            output.WriteLine($"  {QemuArguments.ForShell(Path.GetFullPath(plan.Hierarchies[index]), QemuArguments.FirstSlot + index)}");
        }

        // Each for a machine of its own: all take the same slot.
        foreach (RunningEndpoint endpoint in service.Endpoints)
        {
            foreach ((string name, string socket) in endpoint.Functions?.Sockets ?? [])
            {
                output.WriteLine($"  {name}: {QemuArguments.ForShell(socket, QemuArguments.FirstSlot)}");
            }
        }
    }
}
