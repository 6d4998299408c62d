// emulator run: endpoints that real hosts attach to, until it is told to stop.
using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using Microsoft.Extensions.Logging;
using SmartNicFw.Emulator.Hierarchy;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Emulator.Service;
using SmartNicFw.Firmware;

namespace SmartNicFw.Emulator.Commands;

/// <summary>
/// Opens the sockets, says how a host attaches to each, prints <c>ready</c>, and then runs. Lines on standard input are what a
/// hand at the slot does.
/// </summary>
internal static class RunCommand
{
    /// <summary>TotalVFs of an endpoint when nothing is said.</summary>
    public const int StandardVFs = 64;

    // MAC addresses follow from serial numbers: more than an endpoint has functions lie between those of two endpoints.
    private const ulong SerialNumbersEach = 0x2000;

    private const string Hands = "unplug [N], plug [N], quit";

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        Option<int> physicalFunctions = EndpointOptions.Number(
            "--pfs", "P", "Physical functions", 1, EndpointConfiguration.MaxPhysicalFunctions, 1);
        Option<int> vfs = EndpointOptions.Number(
            "--vfs", "N", "VFs that a host can enable on each PF: --total-vfs by another name", 0, EndpointConfiguration.MaxTotalVFs, StandardVFs);
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
        var port = new Option<string[]>("--port")
        {
            Description = $"What the endpoint's Ethernet port is connected to, once for each endpoint: {WireOption.Forms}",
            HelpName = "WIRE",
        };
        Option<int> mtu = EndpointOptions.Number(
            "--mtu", "BYTES", "Largest frame without its Ethernet header, as functions report it", EndpointConfiguration.MinMtu,
            EndpointConfiguration.MaxMtu, new EndpointConfiguration().Mtu);
        var noPacked = new Option<bool>("--no-packed") { Description = "Functions offer split virtqueues only" };
        var verbose = new Option<bool>("--verbose", "-v") { Description = "Log what happens to hosts, functions and queues" };
        var command = new Command("run", "Run endpoints that QEMU attaches to")
        {
            physicalFunctions, vfs, totalVFs, mtu, noPacked, hierarchy, remap, port, verbose,
        };
        command.SetAction(options =>
        {
            bool hasTotal = options.GetResult(totalVFs) is { Implicit: false };
            int total = options.GetValue(hasTotal ? totalVFs : vfs);
            if (hasTotal && options.GetResult(vfs) is { Implicit: false } && options.GetValue(vfs) > total)
            {
                throw new UsageException($"--vfs is {options.GetValue(vfs)}; allowed: 0 to {total} (--total-vfs)");
            }

            // One for each endpoint: they differ in their serial numbers.
            EndpointConfiguration Configure() => new()
            {
                PhysicalFunctions = options.GetValue(physicalFunctions),
                TotalVFs = total,
                Mtu = options.GetValue(mtu),
                OffersPackedRings = !options.GetValue(noPacked),
            };
            using var service = new EndpointService();
            Open(
                service, Configure, options.GetValue(hierarchy) ?? [], options.GetValue(remap), options.GetValue(port) ?? [],
                new ErrorOutputLog(options.GetValue(verbose) ? LogLevel.Debug : LogLevel.Warning), Console.Out);
            using var input = new LineInput(service.Loop, line => Console.Out.WriteLine(Obey(service, line)));
            Console.Out.WriteLine("ready");
            service.Run();
            return 0;
        });
        return command;
    }

    /// <summary>Makes the endpoints and says how hosts attach to them.</summary>
    internal static void Open(
        EndpointService service, Func<EndpointConfiguration> configure, string[] hierarchies, bool offersRemap, string[] ports, ILogger log,
        TextWriter output)
    {
        if (hierarchies.Length == 0)
        {
            throw new UsageException("there is no way to attach; name a socket: --hierarchy SOCKET");
        }

        if (ports.Length > hierarchies.Length)
        {
            throw new UsageException($"--port is given {ports.Length} times for {hierarchies.Length} --hierarchy: one for each at the most");
        }

        for (int index = 0; index < hierarchies.Length; index++)
        {
            string wire = index < ports.Length ? ports[index] : WireOption.Standard;
            string socket = Path.GetFullPath(hierarchies[index]);
            EndpointConfiguration configuration = configure();
            configuration.SerialNumber += SerialNumbersEach * (ulong)index;
            var endpoint = new RunningEndpoint(configuration, WireOption.Open(wire), service.Loop, log);
            service.Add(endpoint);
            endpoint.OpenHierarchy(socket, new VmdOptions { OffersRemap = offersRemap, SlotNumber = index + 1 });
            output.WriteLine(
                $"endpoint {index + 1}: {configuration.PhysicalFunctions} PF, {configuration.TotalVFs} VFs each, wire {wire}, hierarchy {socket}");
        }

        output.WriteLine("QEMU 10.1 or later attaches with these arguments, the size being that of its memory (-m):");
        foreach (string argument in QemuArguments.Machine)
        {
            output.WriteLine($"  {argument}");
        }

        for (int index = 0; index < hierarchies.Length; index++)
        {
            output.WriteLine($"  {QemuArguments.Hierarchy(Path.GetFullPath(hierarchies[index]), QemuArguments.FirstSlot + index)}");
        }
    }

    /// <summary>Does what a line asks for.</summary>
    /// <returns>One line that says what happened.</returns>
    internal static string Obey(EndpointService service, string line)
    {
        string[] words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        int number = 1;
        bool isNumbered = words.Length == 2;
        if (words.Length > 2 || (isNumbered
            && (!int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out number) || number < 1 || number > service.Endpoints.Count)))
        {
            return $"'{line}' is not understood; allowed: {Hands}, with N from 1 to {service.Endpoints.Count}";
        }

        RunningEndpoint endpoint = service.Endpoints[number - 1];
        switch (words[0])
        {
            case "unplug":
                return endpoint.Unplug() ? $"endpoint {number} is unplugged" : $"endpoint {number} is not plugged in";
            case "plug":
                return endpoint.Plug() ? $"endpoint {number} is plugged in" : $"endpoint {number} is plugged in already";
            case "quit" when !isNumbered:
                service.Loop.Stop();
                return "stopping";
            default:
                return $"'{line}' is not understood; allowed: {Hands}";
        }
    }
}
