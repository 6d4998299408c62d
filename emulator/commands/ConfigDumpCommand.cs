// emulator config dump: the whole configuration space of a function, in the text that lspci reads back.
using System;
using System.CommandLine;
using System.IO;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Commands;

/// <summary>Prints what <c>lspci -xxxx</c> would print, so that <c>lspci -vvv -F FILE</c> decodes it.</summary>
internal static class ConfigDumpCommand
{
    private const int BytesPerLine = 16;

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var function = new Argument<string?>("FUNCTION")
        {
            Description = $"Which function: {FunctionName.Forms}",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var raw = new Option<bool>("--raw")
        {
            Description = "Show a VF's own Vendor and Device ID (FFFF) instead of those that host software gives it",
        };
        var endpoint = new EndpointOptions();
        var command = new Command("dump", "Print a function's 4 KB of configuration space as lspci -xxxx does")
        {
            function,
            raw,
        };
        endpoint.AddTo(command);
        command.SetAction(options =>
        {
            string name = options.GetValue(function)
                ?? throw new UsageException($"name a FUNCTION; allowed: {FunctionName.Forms}");
            HostedEndpoint hosted = endpoint.Start(options);
            foreach (PciAddress address in FunctionName.Resolve(name, hosted.Enumerator))
            {
                Dump(hosted, address, options.GetValue(raw), Console.Out);
            }

            return 0;
        });
        return command;
    }

    /// <summary>Prints one function.</summary>
    internal static void Dump(HostedEndpoint hosted, PciAddress address, bool isRaw, TextWriter output)
    {
        var bytes = new byte[PciExtendedCapability.RegionEnd];
        for (int offset = 0; offset < bytes.Length; offset += 4)
        {
            Hal.LittleEndian.WriteU32(bytes, offset, hosted.Host.Read(address, offset, 4));
        }

        // A VF's IDs read FFFFh; software takes them from its PF (9.3.4.1), and hypervisors show guests those.
        if (!isRaw && FindVf(hosted, address) is { } vf)
        {
            Hal.LittleEndian.WriteU16(bytes, PciConfigHeader.VendorIdOffset, (ushort)vf.VendorId);
            Hal.LittleEndian.WriteU16(bytes, PciConfigHeader.DeviceIdOffset, (ushort)vf.DeviceId);
        }

        int baseClass = bytes[PciConfigHeader.BaseClassOffset];
        string kind = baseClass == PciConfigHeader.BaseClassBridge ? "PCI bridge" : "Ethernet controller";
        output.WriteLine(
            $"{address} {kind}: Device {Hal.LittleEndian.ReadU16(bytes, PciConfigHeader.VendorIdOffset):x4}:"
            + $"{Hal.LittleEndian.ReadU16(bytes, PciConfigHeader.DeviceIdOffset):x4} (rev {bytes[PciConfigHeader.RevisionIdOffset]:x2})");
        for (int line = 0; line < bytes.Length; line += BytesPerLine)
        {
            output.Write($"{line:x2}:");
            for (int column = 0; column < BytesPerLine; column++)
            {
                output.Write($" {bytes[line + column]:x2}");
            }

            output.WriteLine();
        }

        output.WriteLine();
    }

    private static HostFunction? FindVf(HostedEndpoint hosted, PciAddress address)
    {
        foreach (HostFunction function in hosted.Enumerator.Functions)
        {
            if (function.Address == address)
            {
                return function.PhysicalFunction is null ? null : function;
            }
        }

        return null;
    }
}
