// lspci, the judge from outside: it reads what we dump and must know every capability it finds.
using System;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using NUnit.Framework;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Flow;

/// <summary>
/// Golden files hold the dump, which is ours, and what lspci makes of it, which differs from one version of pciutils to
/// the next: one file a version. UPDATE_GOLDEN=1 writes them anew; look at the difference before you commit it.
/// </summary>
public sealed partial class LspciTests
{
    private static readonly string[] NotUnderstood =
        ["<?>", "<chain looped>", "<chain broken>", "<access denied>", "<unknown>", "unknown", "Capability ID", "<broken"];

    private static readonly bool Updates = Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1";

    [TestCase("pf0", "")]
    [TestCase("vf3", "")]
    [TestCase("rp", "")]
    [TestCase("pf3", "--pfs 4")]
    [TestCase("pf2vf1", "--pfs 4")]
    [TestCase("pf0", "--total-vfs 0 --vfs 0")]
    public void Lspci_decodes_every_capability(string function, string options)
    {
        string decoded = Decode(Dump(function, options));

        string[] strange = [.. decoded.Split('\n').Where(line => NotUnderstood.Any(word => line.Contains(word, StringComparison.Ordinal)))];
        string[] expected = function == "rp" ? [] :
        [
            // Link Status is the PF's (9.3.5.8), so a VF's link has no speed.
            .. IsVf(function) ? new[] { "\t\tLnkSta:\tSpeed unknown (downgraded), Width x0 (downgraded)" } : [],

            // VIRTIO 1.4, 4.1.4.9 requires the capability by which a driver reaches BARs through configuration space;
            // lspci has no name for its type in any version. This line, once, and no other.
            $"\tCapabilities: [{PciCfgOffset(function):x2}] Vendor Specific Information: VirtIO: <unknown>",
        ];
        Assert.That(strange, Is.EqualTo(expected));
        foreach (string capability in Expected(function, options))
        {
            Assert.That(decoded, Does.Contain(capability));
        }
    }

    [TestCase("pf0")]
    [TestCase("vf3")]
    public void The_dump_is_what_the_golden_file_holds(string function) => Compare($"{function}.dump", Dump(function, ""));

    [TestCase("pf0")]
    [TestCase("vf3")]
    public void What_lspci_makes_of_it_is_what_the_golden_file_of_its_version_holds(string function)
    {
        string version = Version().Match(Run("--version")).Groups[1].Value;
        string file = $"{function}.lspci-{version}";
        if (!Updates && !File.Exists(GoldenPath(file)))
        {
            Assert.Ignore($"no golden file for pciutils {version}; the decoding itself is tested above. UPDATE_GOLDEN=1 makes one");
        }

        Compare(file, Decode(Dump(function, "")));
    }

    [Test]
    public void Lspci_sees_the_hierarchy_behind_the_root_port()
    {
        string path = Path.GetTempFileName();
        File.WriteAllText(path, Dump("all", "--pfs 2 --vfs 2"));
        string tree = Run("-F", path, "-t", "-n");
        File.Delete(path);

        Assert.That(tree.Split('\n')[0], Does.StartWith("-[0000:00]---01.0-[01-03]--+-00.0"));
        Assert.That(Regex.Count(tree, "00\\.[0-9]"), Is.EqualTo(6), "2 PFs and 4 VFs");
    }

    private static string Decode(string dump)
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, dump);
            return Run("-vvv", "-n", "-F", path);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static string Dump(string function, string options)
    {
        ProgramRun run = ProgramRun.OfProduct(
            "emulator", ["config", "dump", function, .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        Assert.That(run.ExitCode, Is.Zero, run.Errors);
        return run.Output;
    }

    private static string[] Expected(string function, string options)
    {
        if (function == "rp")
        {
            return ["Express (v2) Root Port", "ARIFwd+", "Power Management version 3"];
        }

        string[] both =
        [
            "MSI-X: Enable- Count=", "Express (v2) Endpoint", "FLReset+", "LnkCap:\tPort #0, Speed 16GT/s, Width x8",
            "VirtIO: CommonCfg", "VirtIO: Notify", "VirtIO: ISR", "VirtIO: DeviceCfg", "Advanced Error Reporting",
            "Alternative Routing-ID Interpretation (ARI)",
        ];
        string[] pf = ["Power Management version 3", "Device Serial Number 02-00-00-ff-fe-00-00-01", "Transaction Processing Hints"];
        string[] sriov = ["Single Root I/O Virtualization (SR-IOV)", "Initial VFs: 256, Total VFs: 256, Number of VFs: 8", "Access Control Services"];
        string[] functionZero = ["Latency Tolerance Reporting", "Secondary PCI Express"];
        bool isPf = !IsVf(function);
        return
        [
            .. both,
            .. isPf ? pf : [],
            .. isPf && !options.Contains("--total-vfs 0", StringComparison.Ordinal) ? sriov : [],
            .. function == "pf0" ? functionZero : [],
        ];
    }

    private static bool IsVf(string function) => function.Contains("vf", StringComparison.Ordinal);

    private static int PciCfgOffset(string function)
    {
        var endpoint = new EndpointUnderTest();
        return IsVf(function) ? endpoint.Vf.VirtioPciCfg : endpoint.Pf().VirtioPciCfg;
    }

    private static string Run(params string[] arguments)
    {
        ProgramRun run;
        try
        {
            run = ProgramRun.Of("lspci", arguments);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Fail("lspci is not installed; install it with: apt-get install pciutils");
            throw;
        }

        Assert.That(run.ExitCode, Is.Zero, run.Errors);
        return run.Output;
    }

    private static void Compare(string file, string text)
    {
        if (Updates)
        {
            File.WriteAllText(GoldenPath(file), text);
        }

        Assert.That(text, Is.EqualTo(File.ReadAllText(GoldenPath(file))), file);
    }

    private static string GoldenPath(string file) => Gates.Repository.File("tests", "golden", file);

    [GeneratedRegex("([0-9]+\\.[0-9]+\\.[0-9]+)")]
    private static partial Regex Version();
}
