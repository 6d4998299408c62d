// emulator enumerate: the endpoint as a host found it, as a tree or as JSON.
using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Text.Json;
using SmartNicFw.Emulator.Host;

namespace SmartNicFw.Emulator.Commands;

/// <summary>Boots the firmware, lets a host enumerate the endpoint and enable its VFs, and prints what the host found.</summary>
internal static class EnumerateCommand
{
    private const int JsonVersion = 1;
    private static readonly JsonSerializerOptions JsonFormat = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var json = new Option<bool>("--json", "-j") { Description = "Print JSON with stable names" };
        var endpoint = new EndpointOptions();
        var command = new Command("enumerate", "Boot the firmware, enumerate the endpoint as a host does, print the tree") { json };
        endpoint.AddTo(command);
        command.SetAction(options =>
        {
            HostedEndpoint hosted = endpoint.Start(options);
            if (options.GetValue(json))
            {
                Console.Out.WriteLine(JsonSerializer.Serialize(Describe(hosted), JsonFormat));
            }
            else
            {
                PrintTree(hosted, Console.Out);
            }

            return 0;
        });
        return command;
    }

    private static void PrintTree(HostedEndpoint hosted, TextWriter output)
    {
        RootPort port = hosted.Host.Port;
        PciEnumerator found = hosted.Enumerator;
        output.WriteLine(
            $"{RootComplex.RootPortAddress} root port, buses {port.SecondaryBus:x2} to {port.SubordinateBus:x2}, "
            + $"ARI forwarding {(port.ForwardsAri ? "on" : "off")}, "
            + $"window {PciEnumerator.FirstAddress:x} to {found.EndAddress - 1:x}");
        foreach (HostFunction pf in found.PhysicalFunctions)
        {
            bool isLastPf = pf == found.PhysicalFunctions[^1];
            output.WriteLine($"{(isLastPf ? "└─" : "├─")} {Line(pf)}{SriovSuffix(pf)}");
            IReadOnlyList<HostFunction> vfs = pf.Sriov?.VFs ?? [];
            foreach (HostFunction vf in vfs)
            {
                output.WriteLine($"{(isLastPf ? "  " : "│ ")}  {(vf == vfs[^1] ? "└─" : "├─")} {Line(vf)}");
            }
        }

        int enabled = found.Functions.Count() - found.PhysicalFunctions.Count;
        output.WriteLine(
            $"{Plural(found.PhysicalFunctions.Count, "PF")}, {Plural(enabled, "VF")}; {hosted.Host.Accesses} configuration accesses, "
            + $"{hosted.Host.Retries} retried, {hosted.Host.NowUs / 1000} ms of the host's time");
    }

    private static string Line(HostFunction function) =>
        $"{function.Address} {function.Name,-9} {function.VendorId:x4}:{function.DeviceId:x4} class {function.ClassCode:x6}  "
        + string.Join("  ", function.Bars.Select(bar => $"BAR{bar.Index} {bar.Address:x} [{Size(bar.Bytes)}]"));

    private static string SriovSuffix(HostFunction pf) => pf.Sriov is not { } sriov
        ? ""
        : $"  VFs {sriov.VFs.Count} of {sriov.TotalVFs}"
            + (sriov.VFs.Count == 0 ? "" : $", offset {sriov.FirstVfOffset}, stride {sriov.VfStride}");

    private static string Plural(int count, string noun) => count == 1 ? $"1 {noun}" : $"{count} {noun}s";

    private static string Size(ulong bytes) => bytes >= 1 << 20 ? $"{bytes >> 20}M" : $"{bytes >> 10}K";

    private static object Describe(HostedEndpoint hosted)
    {
        RootPort port = hosted.Host.Port;
        return new
        {
            Version = JsonVersion,
            RootPort = new
            {
                Address = RootComplex.RootPortAddress.ToString(),
                port.SecondaryBus,
                port.SubordinateBus,
                AriForwarding = port.ForwardsAri,
                WindowBase = PciEnumerator.FirstAddress,
                WindowBytes = hosted.Enumerator.EndAddress - PciEnumerator.FirstAddress,
            },
            PhysicalFunctions = hosted.Enumerator.PhysicalFunctions.Select(pf => new
            {
                pf.Name,
                Address = pf.Address.ToString(),
                pf.VendorId,
                pf.DeviceId,
                pf.ClassCode,
                pf.Revision,
                Bars = Bars(pf),
                Capabilities = Capabilities(pf),
                Sriov = pf.Sriov is not { } sriov ? null : new
                {
                    TotalVfs = sriov.TotalVFs,
                    NumVfs = sriov.VFs.Count,
                    sriov.FirstVfOffset,
                    sriov.VfStride,
                    sriov.PageBytes,
                    Vfs = sriov.VFs.Select(vf => new
                    {
                        vf.Name,
                        Address = vf.Address.ToString(),
                        vf.VendorId,
                        vf.DeviceId,
                        Bars = Bars(vf),
                        Capabilities = Capabilities(vf),
                    }),
                },
            }),
            ConfigAccesses = hosted.Host.Accesses,
            ConfigRetries = hosted.Host.Retries,
        };
    }

    private static IEnumerable<object> Bars(HostFunction function) => function.Bars.Select(bar => new
    {
        bar.Index,
        bar.Address,
        bar.Bytes,
        Is64Bit = bar.Is64Bit,
        bar.IsPrefetchable,
    });

    private static IEnumerable<object> Capabilities(HostFunction function) => function.Capabilities.Select(capability => new
    {
        capability.Id,
        capability.Offset,
        capability.Version,
        capability.IsExtended,
    });
}
