// smartnic numvfs N: how many VFs a PF has, through the emulator's root complex or through the kernel's sriov_numvfs.
using System;
using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using SmartNicFw.HostTools.Client;
using SmartNicFw.HostTools.Failure;
using SmartNicFw.HostTools.Output;
using SmartNicFw.HostTools.Transport;

namespace SmartNicFw.HostTools.Commands;

/// <summary>On a host NumVFs is the kernel's: the tool writes where "echo N &gt; sriov_numvfs" writes, and says what the kernel holds against it.</summary>
internal static class NumVFsCommand
{
    private static readonly TimeSpan ProgressPause = TimeSpan.FromMilliseconds(200);

    /// <summary>Makes the command.</summary>
    public static Command Create(GlobalOptions global)
    {
        var number = new Argument<string>("N") { Description = "VFs that the PF is to have; 0 takes all away" };
        var pf = new Option<string?>("--pf") { Description = "Which PF (pf0 when nothing is said)", HelpName = "pfP" };
        var command = new Command("numvfs", "Change how many VFs a PF has, as 'echo N > sriov_numvfs' does") { number, pf };
        command.SetAction(options =>
        {
            int wanted = (int)Units.ParseNumber("N", options.GetValue(number)!, 0, ushort.MaxValue);
            string? name = options.GetValue(pf);
            int? named = name is null ? null : FunctionName.Parse(name) is (var physical, null) && !char.IsAsciiDigit(name[0])
                ? physical
                : throw new UsageException($"--pf is '{name}'", "allowed: pf0, pf1 and so on");
            Printer printer = global.Printer(options);
            using ManagementClient client = global.Open(options);
            int physicalFunction = named ?? client.Host?.FunctionNumber ?? 0;
            if (physicalFunction >= client.Endpoint.PhysicalFunctions)
            {
                // The same words as for any function that is not there.
                FunctionName.Resolve(client.Endpoint, FunctionName.Of(physicalFunction, null));
            }

            int? before = Set(client, physicalFunction, wanted);
            JsonObject document = Printer.Document(client.Device);
            document["physical_function"] = FunctionName.Of(physicalFunction, null);
            document["num_vfs"] = wanted;
            document["num_vfs_before"] = before;
            printer.Print(document, text => text.WriteLine(
                $"{FunctionName.Of(physicalFunction, null)} has {Count(wanted)}{(before == wanted ? " already" : "")}"));
            return ToolException.Done;
        });
        return ExampleHelp.With(command, "smartnic --device 01:00.0 numvfs 8", "smartnic --device /run/endpoint.sock numvfs 4 --pf pf1");
    }

    private static int? Set(ManagementClient client, int physicalFunction, int wanted)
    {
        if (client.Host is null)
        {
            client.SetNumVFs(physicalFunction, wanted);
            return null;
        }

        SysfsFunction host = physicalFunction == client.Host.FunctionNumber ? client.Host : client.Host.Sibling(physicalFunction);
        int before = host.NumVFs;
        if (before == wanted)
        {
            return before;
        }

        if (before != 0 && wanted != 0)
        {
            throw new RefusedException(
                $"{host.Address} has {Count(before)}, and Linux changes a number other than 0 by way of 0 only",
                $"smartnic numvfs 0 takes them from whoever uses them, then smartnic numvfs {wanted}");
        }

        if (wanted > host.TotalVFs)
        {
            throw new RefusedException($"{host.Address} cannot have {Count(wanted)}", $"allowed: 0 to {host.TotalVFs}");
        }

        Write(host, before, wanted);
        return before;
    }

    // The kernel adds or removes VFs one by one and binds drivers meanwhile: with 256 that takes seconds.
    private static void Write(SysfsFunction host, int before, int wanted)
    {
        Task<int> work = Task.Run(() => host.SetNumVFs(wanted));
        while (!work.Wait(ProgressPause))
        {
            Progress.Show(string.Create(CultureInfo.InvariantCulture, $"{host.Address}: {host.AddedVFs} VFs, on the way from {before} to {wanted}"));
        }

        Progress.Clear();
        int error = work.Result;
        if (error != 0)
        {
            throw Explain(host, wanted, error);
        }
    }

    /// <summary>What an error number of a write to sriov_numvfs means.</summary>
    internal static ToolException Explain(SysfsFunction host, int wanted, int error) => error switch
    {
        LibC.AccessDenied or LibC.NotPermitted => new ToolException(
            $"sriov_numvfs of {host.Address} may not be written by this user", "run as root: sudo smartnic ..."),
        LibC.NoEntry => new RefusedException(
            $"the driver of {host.Address} ({host.Driver ?? "none is bound"}) does not enable VFs", "bind virtio-pci to the PF, and try again"),
        LibC.Busy => new RefusedException(
            $"the kernel is busy with the VFs of {host.Address} (EBUSY)", "another program changed their number: look with smartnic show, and try again"),
        LibC.NoMemory or LibC.Invalid => new RefusedException(
            $"the kernel has no room for {Count(wanted)} of {host.Address} ({LibC.Message(error)})",
            "their BARs or bus numbers do not fit below the port: look at dmesg"),
        _ => new RefusedException($"the kernel refused {Count(wanted)} for {host.Address}: {LibC.Message(error)}", "look at dmesg"),
    };

    private static string Count(int number) => number == 1 ? "1 VF" : string.Create(CultureInfo.InvariantCulture, $"{number} VFs");
}
