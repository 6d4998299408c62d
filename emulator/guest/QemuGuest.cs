// A Linux guest in QEMU on the console of this process. Knows how to start and to end it, not what it does.
using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using SmartNicFw.Emulator.Host;

namespace SmartNicFw.Emulator.Guest;

/// <summary>QEMU as a child that has this process's standard input and output. Disposing ends it, whatever it is at.</summary>
internal sealed class QemuGuest : IDisposable
{
    private const int MemoryMegabytes = 1024;
    private const string AcceleratorVariable = "SMARTNIC_GUEST_ACCEL";
    private const string InitResource = "guest-init";

    private readonly Process _process;

    private QemuGuest(Process process) => _process = process;

    /// <summary>Exit code, 128 and the signal's number if a signal ended it; null while it runs.</summary>
    public int? ExitCode => _process.HasExited ? _process.ExitCode : null;

    /// <summary>Starts a guest.</summary>
    /// <param name="folder">Where its archive is written.</param>
    /// <param name="device">The device that attaches, as QEMU's -device takes it.</param>
    /// <param name="machine">Further arguments that the machine needs.</param>
    /// <param name="vfs">VFs that the guest enables.</param>
    /// <param name="ended">Called on another thread when it has ended.</param>
    /// <exception cref="HostException">It cannot be started.</exception>
    public static QemuGuest Start(
        GuestLab lab, string kernel, string folder, string device, string[] machine, int vfs, Action ended)
    {
        string initramfs = Path.Combine(folder, "initramfs");
        WriteInitramfs(initramfs, lab.Tools, lab.Modules(kernel));
        string accelerator = Environment.GetEnvironmentVariable(AcceleratorVariable) is { Length: > 0 } named ? named : "tcg";
        string megabytes = MemoryMegabytes.ToString(CultureInfo.InvariantCulture);
        var start = new ProcessStartInfo(lab.Qemu)
        {
            UseShellExecute = false,
            ArgumentList =
            {
                "-accel", accelerator, "-cpu", "max", "-smp", "1", "-m", $"{megabytes}M",
                "-object", $"memory-backend-memfd,id=mem0,size={megabytes}M,share=on", "-machine", "q35,memory-backend=mem0",
                "-nodefaults", "-display", "none", "-serial", "mon:stdio", "-no-reboot", "-kernel", lab.Kernel(kernel), "-initrd", initramfs,
                "-append", string.Create(CultureInfo.InvariantCulture, $"console=ttyS0 quiet loglevel=4 panic=-1 smartnic.vfs={vfs}"),
                "-device", device,
            },
        };
        foreach (string argument in machine)
        {
            start.ArgumentList.Add(argument);
        }

        try
        {
            var process = new Process { StartInfo = start, EnableRaisingEvents = true };
            process.Exited += (_, _) => ended();
            process.Start();
            return new QemuGuest(process);
        }
        catch (System.ComponentModel.Win32Exception problem)
        {
            throw new HostException($"{lab.Qemu} cannot be started: {problem.Message}");
        }
    }

    /// <summary>Ends the guest and waits for it.</summary>
    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.WaitForExit();
        _process.Dispose();
    }

    // Archives one after the other, as the kernel takes them; the last has the first process.
    private static void WriteInitramfs(string path, params string[] archives)
    {
        using FileStream output = File.Create(path);
        foreach (string archive in archives)
        {
            using FileStream input = File.OpenRead(archive);
            input.CopyTo(output);
        }

        using Stream script = typeof(QemuGuest).Assembly.GetManifestResourceStream(InitResource)
            ?? throw new InvalidOperationException($"there is no {InitResource} in this program");
        using var contents = new MemoryStream();
        script.CopyTo(contents);
        var archiveOfOurs = new CpioArchive(output);
        archiveOfOurs.AddExecutable("init", contents.ToArray());
        archiveOfOurs.End();
    }
}
