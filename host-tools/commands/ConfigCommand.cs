// smartnic config dump|walk FUNCTION: a function's configuration space, as lspci reads it or decoded.
using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using SmartNicFw.Hal;
using SmartNicFw.Hal.Spec;
using SmartNicFw.HostTools.Client;
using SmartNicFw.HostTools.Config;
using SmartNicFw.HostTools.Failure;
using SmartNicFw.HostTools.Output;

namespace SmartNicFw.HostTools.Commands;

/// <summary>The device reads it itself: no host's view, no access that a host would see.</summary>
internal static class ConfigCommand
{
    private const string All = "all";

    // Longer lines of many words are hard to read, also in a file.
    private const int WidestLine = 100;
    private const string PlainDomain = "0000:";

    /// <summary>Makes the command.</summary>
    public static Command Create(GlobalOptions global) => ExampleHelp.With(
        new Command("config", "Look at configuration space") { Dump(global), Walk(global) },
        "smartnic config dump vf3 > vf3.txt; lspci -vvv -F vf3.txt");

    private static Command Dump(GlobalOptions global)
    {
        var name = new Argument<string>("FUNCTION") { Description = $"Which function: {FunctionName.Forms}, all (that are enabled)" };
        var raw = new Option<bool>("--raw") { Description = "Show a VF's own Vendor and Device ID (FFFF) instead of those that host software gives it" };
        var command = new Command("dump", "Print a function's 4 KB of configuration space as lspci -xxxx does") { name, raw };
        command.SetAction(options =>
        {
            Printer printer = global.Printer(options);
            using ManagementClient client = Open(global, options, options.GetValue(name)!);
            JsonObject document = Printer.Document(client.Device);
            var functions = new JsonArray();
            document["functions"] = functions;
            foreach (FunctionInfo function in Resolve(client, options.GetValue(name)!))
            {
                byte[] config = Read(client, function, options.GetValue(raw));
                if (printer.IsJson)
                {
                    functions.Add((JsonNode)new JsonObject
                    {
                        ["function"] = function.Name,
                        ["address"] = ConfigText.Address(RoutingIdOf(client, function)),
                        ["config"] = Convert.ToHexStringLower(config),
                    });
                }
                else
                {
                    ConfigText.Print(printer.Writer, config, RoutingIdOf(client, function), Domain(client));
                }
            }

            if (printer.IsJson)
            {
                printer.Print(document);
            }

            return ToolException.Done;
        });
        return ExampleHelp.With(command, "smartnic config dump vf3 > vf3.txt; lspci -vvv -F vf3.txt", "smartnic -j config dump all");
    }

    private static Command Walk(GlobalOptions global)
    {
        var name = new Argument<string>("FUNCTION") { Description = $"Which function: {FunctionName.Forms}, all (that are enabled)" };
        var command = new Command("walk", "Print the capabilities of a function, decoded") { name };
        command.SetAction(options =>
        {
            Printer printer = global.Printer(options);
            using ManagementClient client = Open(global, options, options.GetValue(name)!);
            JsonObject document = Printer.Document(client.Device);
            var functions = new JsonArray();
            document["functions"] = functions;
            foreach (FunctionInfo function in Resolve(client, options.GetValue(name)!))
            {
                byte[] config = Read(client, function, isRaw: false);
                IReadOnlyList<FoundCapability> capabilities = CapabilityWalk.Of(config, out string? fault);
                if (printer.IsJson)
                {
                    functions.Add((JsonNode)Json(function, config, capabilities, fault));
                }
                else
                {
                    Print(printer.Writer, function, config, capabilities, fault);
                }
            }

            if (printer.IsJson)
            {
                printer.Print(document);
            }

            return ToolException.Done;
        });
        return ExampleHelp.With(command, "smartnic config walk pf0", "smartnic -p config walk vf3");
    }

    private static ManagementClient Open(GlobalOptions global, ParseResult options, string name)
    {
        if (name != All)
        {
            FunctionName.Parse(name);
        }

        return global.Open(options);
    }

    private static IReadOnlyList<FunctionInfo> Resolve(ManagementClient client, string name) => name == All
        ? [.. client.GetFunctions().Where(function => function.IsEnabled)]
        : [client.GetFunction(FunctionName.Resolve(client.Endpoint, name))];

    private static byte[] Read(ManagementClient client, FunctionInfo function, bool isRaw)
    {
        byte[] config = client.ReadConfig(function.Index);
        if (function.Vf is not null && !isRaw)
        {
            ConfigText.GiveIds(config, client.ReadConfig(function.PhysicalFunction));
        }

        return config;
    }

    // On a host the PF's place there; else where the emulator's own host places it.
    private static int RoutingIdOf(ManagementClient client, FunctionInfo function)
    {
        int first = ConfigText.PlainBus << RoutingId.BusShift;
        if (client.Host is { } host)
        {
            string[] parts = host.Address.Split(':', '.');
            first = (Hex(parts[^3]) << RoutingId.BusShift) | (Hex(parts[^2]) << RoutingId.DeviceShift);
        }

        return (first + function.PhysicalFunction + function.RoutingIdDistance) & ((RoutingId.DevfnMask << RoutingId.BusShift) | RoutingId.DevfnMask);
    }

    // lspci writes no domain where all are in domain 0.
    private static string Domain(ManagementClient client) =>
        client.Host is { } host && !host.Address.StartsWith(PlainDomain, StringComparison.Ordinal) ? host.Address[..(host.Address.IndexOf(':', StringComparison.Ordinal) + 1)] : "";

    private static int Hex(string digits) => int.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    private static JsonObject Json(FunctionInfo function, byte[] config, IReadOnlyList<FoundCapability> capabilities, string? fault) => new()
    {
        ["function"] = function.Name,
        ["header"] = Fields(CapabilityTable.Header, config, 0),
        ["capabilities"] = new JsonArray([.. capabilities.Select(found => (JsonNode)new JsonObject
        {
            ["offset"] = found.Offset,
            ["id"] = found.Id,
            ["extended"] = found.IsExtended,
            ["version"] = found.IsExtended ? found.Version : null,
            ["name"] = CapabilityTable.Of(found.Id, found.IsExtended).Name,
            ["fields"] = Fields(CapabilityTable.Of(found.Id, found.IsExtended), config, found.Offset),
        })]),
        ["fault"] = fault,
    };

    private static JsonObject Fields(ConfigStructure structure, byte[] config, int offset) => new(
        structure.Within(config, offset).Select(field => KeyValuePair.Create(field.Name, (JsonNode?)ConfigField.Json(field, field.Value(config, offset)))));

    private static void Print(TextWriter text, FunctionInfo function, byte[] config, IReadOnlyList<FoundCapability> capabilities, string? fault)
    {
        text.WriteLine($"{function.Name}: {LittleEndian.ReadU16(config, 0):x4}:{LittleEndian.ReadU16(config, PciConfigHeader.DeviceIdOffset):x4}");
        PrintStructure(text, CapabilityTable.Header, "000", config, 0);
        foreach (FoundCapability found in capabilities)
        {
            ConfigStructure structure = CapabilityTable.Of(found.Id, found.IsExtended);
            string name = structure.Fields.Length > 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" (id {found.Id:x4})");
            PrintStructure(text, structure, found.Offset.ToString("x3", CultureInfo.InvariantCulture) + name, config, found.Offset);
        }

        if (fault is not null)
        {
            text.WriteLine(fault);
        }
    }

    private static void PrintStructure(TextWriter text, ConfigStructure structure, string place, byte[] config, int offset) => TextTable.PrintParagraph(
        text,
        Math.Min(Terminal.Width, WidestLine),
        $"  {place} {structure.Name}",
        structure.Within(config, offset).Select(field => ConfigField.Text(field, field.Value(config, offset))),
        indent: 6);
}
