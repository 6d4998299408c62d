// A Linux guest in the lab's QEMU that runs one script. Knows how it is started and how it is ended; knows no device.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Guest;

/// <summary>
/// The script is bash. All functions of <c>tests/guest/scripts</c> are there; it tells results with <c>say</c>, <c>tell</c> and
/// <c>run</c>, and may wait for the test with <c>ask</c>. What it prints otherwise goes to the console, as the kernel's messages do,
/// and is shown when something fails. Limits of time only keep a hung guest from hanging the tests.
/// </summary>
internal sealed class Guest : IDisposable
{
    /// <summary>How long a guest may take for anything at all, unless a test says otherwise.</summary>
    public static readonly TimeSpan DefaultLimit = TimeSpan.FromMinutes(5);

    // Nothing but its clocks, and only for their sake: a guest under TCG on a busy machine gets its timer interrupts late. Kernel 6.1
    // with an IOMMU then takes the timer for broken and stops (no_timer_check), and any kernel its TSC for unsteady (tsc=reliable).
    // Source: Linux, Documentation/admin-guide/kernel-parameters.txt.
    private const string KernelParameters = "console=ttyS0 quiet loglevel=4 panic=-1 no_timer_check tsc=reliable";

    private const int ShownConsoleLines = 60;

    private readonly string _folder = Directory.CreateTempSubdirectory("smartnic-guest-").FullName;
    private readonly OwnedProcess _qemu;

    private Guest(GuestLab lab, string script, GuestOptions options)
    {
        try
        {
            string initramfs = Initramfs(lab, lab.Kernel(options.Kernel), script, options.Files);
            _qemu = new OwnedProcess(lab.Qemu, Arguments(lab, options, initramfs), Results.Take, Results.Close);
        }
        catch
        {
            Directory.Delete(_folder, recursive: true);
            throw;
        }
    }

    /// <summary>What the script told.</summary>
    public GuestResults Results { get; } = new();

    /// <summary>QEMU's process id.</summary>
    public int ProcessId => _qemu.ProcessId;

    /// <summary>What the kernel and programs printed on the console so far.</summary>
    public string Console
    {
        get
        {
            string file = ConsoleFile;
            if (!File.Exists(file))
            {
                return "";
            }

            using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
            return reader.ReadToEnd();
        }
    }

    private string ConsoleFile => Path.Combine(_folder, "console.log");

    /// <summary>Starts a guest; it runs beside the test until it ends or is disposed.</summary>
    public static Guest Start(GuestLab lab, string script, GuestOptions? options = null) => new(lab, script, options ?? new GuestOptions());

    /// <summary>Starts a guest and waits until its script has ended well.</summary>
    public static GuestResults Run(GuestLab lab, string script, GuestOptions? options = null, TimeSpan? limit = null)
    {
        using Guest guest = Start(lab, script, options);
        return guest.Finish(limit);
    }

    /// <summary>Waits until the script has ended; fails the test, with all that is known, unless it ended with 0.</summary>
    public GuestResults Finish(TimeSpan? limit = null)
    {
        if (!_qemu.WaitForEnd(limit ?? DefaultLimit))
        {
            Assert.Fail(Describe($"the guest did not end within {(limit ?? DefaultLimit).TotalSeconds} s"));
        }

        if (Results.TryGet("error", out string? error))
        {
            Assert.Fail(Describe($"the script of the guest gave up: {error}"));
        }

        if (!Results.TryGet("exit", out string? exit))
        {
            Assert.Fail(Describe("the guest ended before its script did"));
        }

        Assert.That(exit, Is.EqualTo("0"), () => Describe("the script of the guest failed"));
        Assert.That(_qemu.ExitCode, Is.Zero, () => Describe("QEMU failed"));
        return Results;
    }

    /// <summary>Waits until the script tells a name for the given time, counted from 1; the test fails if it never does.</summary>
    public string WaitFor(string name, int times = 1, TimeSpan? limit = null)
    {
        string? text = Results.Wait(name, times, limit ?? DefaultLimit);
        if (text is null)
        {
            Assert.Fail(Describe($"the guest did not tell '{name}'"));
        }

        return text!;
    }

    /// <summary>Answers the script's <c>ask</c>.</summary>
    public void Answer(string line = "") => _qemu.WriteLine(line);

    /// <summary>Ends QEMU with SIGKILL, as a crash of the host program would.</summary>
    public void Kill() => _qemu.Kill();

    public void Dispose()
    {
        _qemu.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    // The archives, one after another: tools, modules of the kernel, and the only one that is this guest's own.
    private string Initramfs(GuestLab lab, GuestKernel kernel, string script, IReadOnlyList<GuestFile> files)
    {
        string file = Path.Combine(_folder, "initramfs");
        string own = Path.Combine(_folder, "own");
        string text = Path.Combine(_folder, "test.sh");
        File.WriteAllText(text, script.ReplaceLineEndings("\n"));
        ProgramRun overlay = GuestLab.Run(["overlay", own, text, .. files.SelectMany(added => new[] { added.From, added.To })]);
        Assert.That(overlay.ExitCode, Is.Zero, overlay.Errors);
        using FileStream initramfs = File.Create(file);
        foreach (string archive in new[] { lab.Tools, kernel.Modules, own })
        {
            using FileStream part = File.OpenRead(archive);
            part.CopyTo(initramfs);
        }

        return file;
    }

    private List<string> Arguments(GuestLab lab, GuestOptions options, string initramfs)
    {
        string memory = options.MemoryMegabytes.ToString(CultureInfo.InvariantCulture) + "M";
        string accelerator = Environment.GetEnvironmentVariable("SMARTNIC_GUEST_ACCEL") ?? "tcg";
        List<string> arguments =
        [
            "-accel", accelerator, "-cpu", "max", "-smp", options.Processors.ToString(CultureInfo.InvariantCulture), "-m", memory,

            // Shared, or DMA of a device server would go to a copy; sealed, which memfd is by default.
            "-object", $"memory-backend-memfd,id=mem0,size={memory},share=on", "-machine", "q35,memory-backend=mem0",
            "-nodefaults", "-display", "none", "-monitor", "none",

            // The first serial port is the console, the second one the results: kernel messages never reach it.
            "-chardev", $"file,id=console,path={ConsoleFile}", "-serial", "chardev:console", "-serial", "stdio",
            "-kernel", lab.Kernel(options.Kernel).Image, "-initrd", initramfs,
            "-append", $"{KernelParameters}{(options.HasIommu ? " intel_iommu=on" : "")} {options.KernelParameters}".TrimEnd(),
        ];
        if (options.RebootEnds)
        {
            arguments.Add("-no-reboot");
        }

        // Before the devices that it serves. Caching mode: device servers are told of each mapping (QEMU, intel_iommu.c).
        string[] iommu = options.HasIommu ? ["intel-iommu,intremap=on,caching-mode=on"] : [];
        arguments.AddRange(iommu.Concat(options.Devices).SelectMany(device => new[] { "-device", device }));
        arguments.AddRange(options.Arguments);
        return arguments;
    }

    private string Describe(string what)
    {
        string[] console = Console.TrimEnd().Split('\n');
        return $"""
            {what}
            it told: {string.Join(", ", Results.Names)}
            {string.Join('\n', Results.Unframed)}
            QEMU: {_qemu.Errors}
            console:
            {string.Join('\n', console.TakeLast(ShownConsoleLines))}
            """;
    }
}
