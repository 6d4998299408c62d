// The guest lab as the tests find it: QEMU, kernels, archives. Knows the script that builds it, and no guest.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Guest;

/// <summary>A kernel of the lab.</summary>
/// <param name="Name">6.1, 6.12 or newest.</param>
/// <param name="Release">What uname -r says in a guest that runs it.</param>
/// <param name="Image">Path of the kernel.</param>
/// <param name="Modules">Path of the archive with its modules.</param>
internal sealed record GuestKernel(string Name, string Release, string Image, string Modules);

/// <summary>
/// What <c>tests/guest/lab build</c> leaves. The tests build it themselves where CI is true or SMARTNIC_GUEST_BUILD is 1;
/// elsewhere a person builds it once, and until then every test that needs it is reported as skipped, with the command.
/// </summary>
internal sealed class GuestLab
{
    // A build takes a minute on two processors and a fast mirror; another build that is waited for takes its own.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(15);

    private static readonly Lazy<GuestLab?> Found = new(Find);

    private static string _reason = "";

    private readonly Dictionary<string, string> _values;

    private GuestLab(IEnumerable<string> lines) =>
        _values = lines.Select(line => line.Split('=', 2)).Where(pair => pair.Length == 2).ToDictionary(pair => pair[0], pair => pair[1]);

    /// <summary>Path of the script.</summary>
    public static string Script { get; } = Gates.Repository.File("tests", "guest", "lab");

    /// <summary>The command that runs the lab's QEMU, and is replaced by it.</summary>
    public string Qemu => _values["QEMU"];

    public string QemuVersion => _values["QEMU_VERSION"];

    /// <summary>Path of the archive that every guest begins with.</summary>
    public string Tools => _values["TOOLS"];

    private string Root => Path.Combine(Path.GetDirectoryName(Qemu)!, "root", "usr");

    private string Libraries => Path.Combine(Root, "lib", "x86_64-linux-gnu");

    /// <summary>The command and first arguments that run a program of the lab's root, such as iperf3, beside any system.</summary>
    public string[] Program(string name) =>
        [Path.Combine(Root, "lib64", "ld-linux-x86-64.so.2"), "--library-path", Libraries, Path.Combine(Root, "bin", name)];

    /// <summary>A library of the lab's root, for a guest whose tools do without it.</summary>
    public GuestFile Library(string name) => new(Path.Combine(Libraries, name), $"/usr/lib/x86_64-linux-gnu/{name}");

    /// <summary>The lab; a test that asks where there is none is skipped here and now.</summary>
    public static GuestLab Require()
    {
        if (Found.Value is null)
        {
            Assert.Ignore(_reason);
        }

        return Found.Value!;
    }

    /// <summary>A kernel by its short name.</summary>
    public GuestKernel Kernel(string name)
    {
        string key = "KERNEL_" + name.Replace('.', '_').Replace('-', '_');
        return new GuestKernel(name, _values[key + "_RELEASE"], _values[key], _values[key + "_MODULES"]);
    }

    /// <summary>Version of a Debian package in the lab.</summary>
    public string PackageVersion(string package) => _values["PACKAGE_" + package.ToUpperInvariant().Replace('-', '_').Replace('.', '_')];

    /// <summary>Runs the lab's script.</summary>
    public static ProgramRun Run(params string[] arguments) => ProgramRun.Of(Limit, "bash", [Script, .. arguments]);

    private static GuestLab? Find()
    {
        if (!OperatingSystem.IsLinux())
        {
            _reason = "the guest lab needs Linux";
            return null;
        }

        if (Environment.GetEnvironmentVariable("SMARTNIC_GUEST_BUILD") == "1" || Environment.GetEnvironmentVariable("CI") == "true")
        {
            ProgramRun build = Run("build");
            if (build.ExitCode != 0)
            {
                _reason = $"no guest lab, and no QEMU without it: {build.Errors.TrimEnd().Split('\n')[^1]}; build it with: tests/guest/lab build";
                return null;
            }
        }

        string file = Path.Combine(Run("path").Output.TrimEnd(), "lab.env");
        if (!File.Exists(file))
        {
            _reason = "no guest lab, and no QEMU without it; build it (about a minute) with: tests/guest/lab build";
            return null;
        }

        return new GuestLab(File.ReadLines(file));
    }
}
