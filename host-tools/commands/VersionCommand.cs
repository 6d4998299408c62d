// smartnic version: of this program, of the protocol, and of the device's firmware where one is named.
using System.CommandLine;
using System.Reflection;
using System.Text.Json.Nodes;
using SmartNicFw.Hal.Regs;
using SmartNicFw.HostTools.Client;
using SmartNicFw.HostTools.Output;

namespace SmartNicFw.HostTools.Commands;

/// <summary>Needs no device: it says so when there is none.</summary>
internal static class VersionCommand
{
    /// <summary>This program's version.</summary>
    public static string Tool { get; } =
        typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <summary>Makes the command.</summary>
    public static Command Create(GlobalOptions global)
    {
        var command = new Command("version", "Print the versions of this program and of the management protocol, and the firmware's of a device");
        command.SetAction(options =>
        {
            Printer printer = global.Printer(options);
            string protocol = $"{ManagementFrame.Major}.{ManagementFrame.Minor}";
            (string? firmware, string? device) = Ask(global, options);
            printer.Print(
                new JsonObject
                {
                    ["version"] = Printer.Version,
                    ["tool"] = Tool,
                    ["protocol"] = protocol,
                    ["device"] = device,
                    ["firmware"] = firmware,
                },
                text =>
                {
                    text.WriteLine($"smartnic {Tool}, management protocol {protocol}");
                    if (firmware is not null)
                    {
                        text.WriteLine($"firmware {firmware} at {device}");
                    }
                });
            return 0;
        });
        return ExampleHelp.With(command, "smartnic version", "smartnic --device /run/endpoint.sock version");
    }

    private static (string? Firmware, string? Device) Ask(GlobalOptions global, ParseResult options)
    {
        if (!global.NamesDevice(options))
        {
            return (null, null);
        }

        using ManagementClient client = global.Open(options);
        return (client.Endpoint.FirmwareVersion, client.Device);
    }
}
