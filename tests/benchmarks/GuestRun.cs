// A guest of the lab that runs one script, and the emulator that it attaches to. Knows command lines, and no measurement.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.Json;

namespace SmartNicFw.Benchmarks;

/// <summary>Runs <c>tests/guest/lab run</c>.</summary>
internal static class GuestRun
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    /// <summary>The folder of the solution, which holds the program that runs.</summary>
    public static string Repository()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "SmartNicFw.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("the benchmarks do not lie in the repository");
    }

    /// <summary>Boots a guest that runs a script.</summary>
    /// <param name="lab">Path of the lab's command.</param>
    /// <param name="script">What the guest runs.</param>
    /// <param name="arguments">Further arguments of QEMU.</param>
    /// <returns>The lines that it told; null where there is no lab.</returns>
    public static IReadOnlyList<string>? Of(string lab, string script, params string[] arguments)
    {
        using Process path = Start("bash", lab, "path");
        string folder = path.StandardOutput.ReadToEnd().TrimEnd();
        path.WaitForExit();
        if (!File.Exists(Path.Combine(folder, "lab.env")))
        {
            return null;
        }

        string file = Path.GetTempFileName();
        File.WriteAllText(file, script);
        try
        {
            using Process guest = Start("bash", [lab, "run", file, .. arguments]);
            System.Threading.Tasks.Task<string> output = guest.StandardOutput.ReadToEndAsync();
            if (!guest.WaitForExit(Limit))
            {
                guest.Kill(entireProcessTree: true);
                throw new InvalidOperationException($"the guest did not end within {Limit.TotalSeconds} s");
            }

            return output.Result.Split('\n').Select(line => line.TrimEnd('\r')).ToList();
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>The device behind a socket, as QEMU's -device takes it.</summary>
    public static string VfioUser(string socket) =>
        "{\"driver\":\"vfio-user-pci\",\"socket\":{\"path\":" + JsonSerializer.Serialize(socket) + ",\"type\":\"unix\"},\"bus\":\"pcie.0\",\"addr\":\"3\"}";

    private static Process Start(string program, params string[] arguments) =>
        Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardInput = true })!;
}

/// <summary><c>emulator run</c> with one hierarchy, as a process of its own that ends when this is disposed.</summary>
internal sealed class EmulatorRun : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("smartnic-benchmark-");
    private readonly Process _process;

    /// <summary>Starts it and waits until it listens.</summary>
    public EmulatorRun(params string[] arguments)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "emulator.dll");
        _process = Process.Start(new ProcessStartInfo("dotnet", [program, "run", "--hierarchy", Socket, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        while (_process.StandardOutput.ReadLine() is { } line)
        {
            if (line == "ready")
            {
                return;
            }
        }

        throw new InvalidOperationException("the emulator did not start");
    }

    /// <summary>Where hosts attach.</summary>
    public string Socket => Path.Combine(_folder.FullName, "vmd.sock");

    /// <summary>Processor time that it has taken.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _folder.Delete(recursive: true);
    }
}
