// The emulator's command line as a person or a script meets it.
using System.Linq;
using System.Text.Json;
using NUnit.Framework;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Flow;

public sealed class EmulatorCommandTests
{
    [TestCase("", "name a command; allowed: demo, enumerate, predict, run, guest, config dump")]
    [TestCase("config", "name a command; allowed: config dump")]
    [TestCase("frobnicate", "'frobnicate' is not understood here; allowed: demo, enumerate, predict, run, guest, config, --help, --version")]
    [TestCase("enumerate --vfs many", "--vfs is 'many'; allowed: 0 to 1024")]
    [TestCase("enumerate --vfs -1", "--vfs is '-1'; allowed: 0 to 1024")]
    [TestCase("enumerate --vfs 99999999999", "--vfs is '99999999999'; allowed: 0 to 1024")]
    [TestCase("enumerate --vfs", "--vfs takes a value: VFs that the host enables on each PF, 0 to 1024")]
    [TestCase("enumerate --vfs 1 --vfs 2", "--vfs takes one number; allowed: 0 to 1024")]
    [TestCase("enumerate @file", "'@file' is not understood here; allowed: --json, --pfs, --vfs, --total-vfs, --no-ari")]
    [TestCase("enumerate --vfs 300", "--vfs is 300; allowed: 0 to 256 (--total-vfs raises the limit)")]
    [TestCase("enumerate --pfs 5", "--pfs is '5'; allowed: 1 to 4")]
    [TestCase("enumerate --total-vfs 1025", "--total-vfs is '1025'; allowed: 0 to 1024")]
    [TestCase("enumerate --colour", "'--colour' is not understood here; allowed: --json, --pfs, --vfs, --total-vfs, --no-ari")]
    [TestCase("config dump", "name a FUNCTION; allowed: pfP, vfN (of pf0), pfPvfN, BB:DD.F, rp, all")]
    [TestCase("config dump eth0", "'eth0' names no function; allowed: pfP, vfN (of pf0), pfPvfN, BB:DD.F, rp, all")]
    [TestCase("config dump vf8", "there is no vf8; there are: pf0, each with vf0 to vf7")]
    [TestCase("config dump pf1 --vfs 0", "there is no pf1; there are: pf0, no VF is enabled (--vfs)")]
    [TestCase("config dump 01:00.7 --vfs 2", "there is no 01:00.7; there are: pf0, each with vf0 to vf1")]
    [TestCase("predict --link gen9x8", "--link is 'gen9x8'; allowed: gen1 to gen5, then x1, x2, x4, x8 or x16, as in gen4x8")]
    [TestCase("predict --mps 300", "MPS is 300; allowed: 128, 256, 512, 1024, 2048, 4096")]
    [TestCase("predict --vfs 1", "--vfs is '1'; allowed: 2 to 64")]
    [TestCase("run --hierarchy s --vf 2:wait=3", "--vf is '2:wait=3'; allowed: FUNCTION:weight=W max=MBIT min=MBIT group=GROUP priority=P interrupts=I adaptive=on|off mac=ADDR vlan=ID qos=P proto=802.1Q|802.1ad spoofchk=on|off trust=on|off state=auto|enable|disable queues=N msix=N, with commas between them, each at most once; FUNCTION is N (a VF of pf0) or pfP, vfN (of pf0), pfPvfN")]
    [TestCase("run --hierarchy s --vf 2:adaptive=yes", "--vf is '2:adaptive=yes'; allowed: FUNCTION:weight=W max=MBIT min=MBIT group=GROUP priority=P interrupts=I adaptive=on|off mac=ADDR vlan=ID qos=P proto=802.1Q|802.1ad spoofchk=on|off trust=on|off state=auto|enable|disable queues=N msix=N, with commas between them, each at most once; FUNCTION is N (a VF of pf0) or pfP, vfN (of pf0), pfPvfN")]
    [TestCase("run --hierarchy s --group x:max=3", "--group is 'x:max=3'; allowed: GROUP:weight=W,max=MBIT,min=MBIT,parent=GROUP, where port:max=MBIT limits the port, each at most once")]
    public void Wrong_usage_is_one_line_that_says_what_is_allowed_and_exit_code_1(string arguments, string message)
    {
        ProgramRun run = ProgramRun.OfProduct("emulator", Split(arguments));

        Assert.That(run.Errors, Is.EqualTo($"emulator: {message}\n"));
        Assert.That(run.Output, Is.Empty);
        Assert.That(run.ExitCode, Is.EqualTo(1));
    }

    [Test]
    public void Predict_says_what_a_link_permits_and_which_resource_binds()
    {
        ProgramRun run = ProgramRun.OfProduct("emulator", "predict", "--link", "gen4x8", "--vfs", "16", "--frame", "64");
        Assert.That(run.ExitCode, Is.Zero, run.Errors);
        Assert.That(run.Output, Does.StartWith("gen4x8: 126.03 Gbit/s after encoding, 115.77 left for TLPs each way\n"));
        Assert.That(run.Output, Does.EndWith("bound by upstream bytes: the link carries no more\n"));
        Assert.That(run.Output.Split('\n'), Has.All.Length.LessThanOrEqualTo(80));

        ProgramRun few = ProgramRun.OfProduct("emulator", "predict", "--vfs", "2", "--rtt", "100000", "--tags", "1024", "--json");
        using var document = System.Text.Json.JsonDocument.Parse(few.Output);
        Assert.That(document.RootElement.GetProperty("bound_by").GetString(), Is.EqualTo("Latency"));
        Assert.That(document.RootElement.GetProperty("turn_ns_p50").GetDouble(), Is.GreaterThanOrEqualTo(100_000));
    }

    [Test]
    public void Enumerate_prints_a_line_for_every_function_and_a_summary()
    {
        ProgramRun run = ProgramRun.OfProduct("emulator", "enumerate", "--pfs", "2", "--vfs", "3");
        string[] lines = run.Output.TrimEnd('\n').Split('\n');

        Assert.That(run.ExitCode, Is.Zero, run.Errors);
        Assert.That(lines, Has.Length.EqualTo(1 + 2 + 6 + 1));
        Assert.That(lines[1], Does.StartWith("├─ 01:00.0 pf0").And.EndWith("VFs 3 of 256, offset 2, stride 2"));
        Assert.That(lines[4], Does.StartWith("│   └─ 01:00.6 pf0vf2"));
        Assert.That(lines[5], Does.StartWith("└─ 01:00.1 pf1"));
        Assert.That(lines[^1], Does.StartWith("2 PFs, 6 VFs; "));
    }

    [Test]
    public void Fewer_VFs_than_usual_are_enabled_where_there_are_no_more()
    {
        ProgramRun run = ProgramRun.OfProduct("emulator", "enumerate", "--total-vfs", "4");

        Assert.That(run.Output, Does.Contain("1 PF, 4 VFs; "), run.Errors);
    }

    [Test]
    public void Enumerate_json_carries_a_version_and_every_function()
    {
        ProgramRun run = ProgramRun.OfProduct("emulator", "enumerate", "--json", "--vfs", "5", "--total-vfs", "7");
        JsonElement root = JsonDocument.Parse(run.Output).RootElement;
        JsonElement sriov = root.GetProperty("physical_functions")[0].GetProperty("sriov");

        Assert.That(root.GetProperty("version").GetInt32(), Is.EqualTo(1));
        Assert.That(sriov.GetProperty("total_vfs").GetInt32(), Is.EqualTo(7));
        Assert.That(
            sriov.GetProperty("vfs").EnumerateArray().Select(vf => vf.GetProperty("name").GetString()),
            Is.EqualTo(Enumerable.Range(0, 5).Select(vf => $"pf0vf{vf}")));
        Assert.That(
            sriov.GetProperty("vfs")[4].GetProperty("capabilities").EnumerateArray().Count(), Is.EqualTo(7 + 3),
            "MSI-X, PCI Express, five of VIRTIO; AER, ARI, ACS");
    }

    [Test]
    public void The_same_function_is_dumped_by_every_one_of_its_names()
    {
        string byNumber = ProgramRun.OfProduct("emulator", "config", "dump", "vf2").Output;

        Assert.That(byNumber, Does.StartWith("01:00.3 Ethernet controller: Device 1af4:1041 (rev 01)\n00: f4 1a 41 10"));
        Assert.That(ProgramRun.OfProduct("emulator", "config", "dump", "pf0vf2").Output, Is.EqualTo(byNumber));
        Assert.That(ProgramRun.OfProduct("emulator", "config", "dump", "01:00.3").Output, Is.EqualTo(byNumber));
        Assert.That(ProgramRun.OfProduct("emulator", "config", "dump", "0000:01:00.3").Output, Is.EqualTo(byNumber));
        Assert.That(
            ProgramRun.OfProduct("emulator", "config", "dump", "vf2", "--raw").Output,
            Does.StartWith("01:00.3 Ethernet controller: Device ffff:ffff (rev 01)\n00: ff ff ff ff"));
    }

    private static string[] Split(string arguments) => arguments.Length == 0 ? [] : arguments.Split(' ');
}
