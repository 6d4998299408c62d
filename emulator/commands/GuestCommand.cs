// emulator guest: a real Linux guest with the endpoint on its bus, and a person in its shell.
using System.CommandLine;
using System.IO;
using System.Linq;
using Microsoft.Extensions.Logging;
using SmartNicFw.Emulator.Guest;
using SmartNicFw.Emulator.Hierarchy;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Emulator.Service;
using SmartNicFw.Firmware;

namespace SmartNicFw.Emulator.Commands;

/// <summary>Runs an endpoint and, on its hierarchy socket, the guest lab's QEMU; ends with the guest.</summary>
internal static class GuestCommand
{
    private const int StandardVFs = 8;
    private const string StandardKernel = "newest";

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        Option<int> vfs = EndpointOptions.Number("--vfs", "N", "VFs that the guest enables", 0, RunCommand.StandardVFs, StandardVFs);
        var kernel = new Option<string?>("--kernel") { Description = $"Kernel of the guest lab: 6.1, 6.12 or newest ({StandardKernel})", HelpName = "NAME" };
        var port = new Option<string?>("--port")
        {
            Description = $"What the endpoint's Ethernet port is connected to: {WireOption.Forms}",
            HelpName = "WIRE",
        };
        var verbose = new Option<bool>("--verbose", "-v") { Description = "Log what happens to hosts, functions and queues" };
        var command = new Command("guest", "Boot a Linux guest with the endpoint on its bus and leave a shell in it") { vfs, kernel, port, verbose };
        command.SetAction(options =>
        {
            GuestLab lab = GuestLab.Find();
            string name = options.GetValue(kernel) ?? StandardKernel;
            if (!lab.Kernels.Contains(name))
            {
                throw new UsageException($"--kernel is '{name}'; allowed: {string.Join(", ", lab.Kernels)}");
            }

            return Run(
                lab, name, options.GetValue(vfs), options.GetValue(port) ?? WireOption.Standard,
                new ErrorOutputLog(options.GetValue(verbose) ? LogLevel.Debug : LogLevel.Warning));
        });
        return command;
    }

    private static int Run(GuestLab lab, string kernel, int vfs, string wire, ILogger log)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("smartnic-shell-");
        try
        {
            using var service = new EndpointService();
            var configuration = new EndpointConfiguration { TotalVFs = RunCommand.StandardVFs };
            var endpoint = new RunningEndpoint(configuration, WireOption.Open(wire), service.Loop, log);
            service.Add(endpoint);
            string socket = Path.Combine(folder.FullName, "hierarchy.sock");
            endpoint.OpenHierarchy(socket, new VmdOptions());
            using QemuGuest guest = QemuGuest.Start(
                lab, kernel, folder.FullName, QemuArguments.Device(socket, QemuArguments.FirstSlot), [.. QemuArguments.HotPlug], vfs, service.Loop.Stop);
            service.Run();

            // It runs still when a signal ended the service.
            return guest.ExitCode is null or 0 ? 0 : throw new HostException($"QEMU failed: it ended with {guest.ExitCode}");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
