// smartnic show: the endpoint, its port and firmware, its PFs and VFs, one line each.
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using SmartNicFw.Hal.Regs;
using SmartNicFw.HostTools.Client;
using SmartNicFw.HostTools.Output;
using SmartNicFw.HostTools.Vocabulary;

namespace SmartNicFw.HostTools.Commands;

/// <summary>VFs that are not enabled are left out unless --all is said.</summary>
internal static class ShowCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(GlobalOptions global)
    {
        var all = new Option<bool>("--all", "-a") { Description = "Also VFs that are not enabled" };
        var command = new Command("show", "Print the endpoint, its link and firmware, its PFs and VFs, one line each") { all };
        command.SetAction(options =>
        {
            Printer printer = global.Printer(options);
            using ManagementClient client = global.Open(options);
            EndpointInfo endpoint = client.Endpoint;
            FunctionInfo[] functions = [.. client.GetFunctions().Where(function => function.IsEnabled || options.GetValue(all))];
            IReadOnlyDictionary<int, string> groups = FunctionDocument.GroupNames(client, functions);

            JsonObject document = Printer.Document(client.Device);
            document["endpoint"] = Json(endpoint, client.ProtocolVersion);
            document["functions"] = new JsonArray([.. functions.Select(function => FunctionDocument.Json(function, groups))]);
            printer.Print(document, text =>
            {
                PrintEndpoint(text, client, endpoint);
                FunctionTable.Print(text, functions, groups);
            });
            return 0;
        });
        return ExampleHelp.With(command, "smartnic --device /run/endpoint.sock show", "smartnic -j show --all");
    }

    private static JsonObject Json(EndpointInfo endpoint, string protocol) => new()
    {
        ["firmware"] = endpoint.FirmwareVersion,
        ["protocol"] = protocol,
        ["serial_number"] = Serial(endpoint),
        ["subsystem_vendor_id"] = endpoint.SubsystemVendorId,
        ["subsystem_id"] = endpoint.SubsystemId,
        ["link_up"] = endpoint.IsLinkUp,
        ["speed"] = Units.BytesPerSecond(endpoint.EthernetMbps),
        ["mtu"] = endpoint.Mtu,
        ["physical_functions"] = endpoint.PhysicalFunctions,
        ["total_vfs"] = endpoint.TotalVFs,
        ["rate_groups"] = endpoint.RateGroups,
        ["pf_queues"] = endpoint.PfQueuePairs,
        ["vf_queues"] = endpoint.VfQueuePairs,
        ["pf_msix"] = endpoint.PfMsixVectors,
        ["vf_msix"] = endpoint.VfMsixVectors,
        ["pcie_speed"] = Pcie.TransferRate(endpoint.LinkSpeed),
        ["pcie_width"] = endpoint.LinkWidth,
        ["max_payload"] = endpoint.MaxPayloadBytes,
        ["time_us"] = endpoint.TimeUs,
    };

    private static void PrintEndpoint(TextWriter text, ManagementClient client, EndpointInfo endpoint)
    {
        TextTable.PrintParagraph(text, Terminal.Width, $"{client.Device}:",
        [
            $"firmware {endpoint.FirmwareVersion}",
            $"link {(endpoint.IsLinkUp ? "up" : "down")}",
            Units.Rate(endpoint.EthernetMbps),
            $"mtu {endpoint.Mtu}",
            $"pcie {Pcie.TransferRate(endpoint.LinkSpeed)} x{endpoint.LinkWidth}",
            $"serial {Serial(endpoint)}",
            string.Create(CultureInfo.InvariantCulture, $"{endpoint.PhysicalFunctions} {(endpoint.PhysicalFunctions == 1 ? "PF" : "PFs")}"),
            $"up to {endpoint.TotalVFs} VFs each",
        ]);
    }

    private static string Serial(EndpointInfo endpoint)
    {
        string digits = endpoint.SerialNumber.ToString("x16", CultureInfo.InvariantCulture);
        return string.Join('-', Enumerable.Range(0, digits.Length / 2).Select(at => digits.Substring(at * 2, 2)));
    }
}
