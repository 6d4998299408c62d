// emulator run and emulator guest as a person or a script meets them.
using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using NUnit.Framework;
using SmartNicFw.Emulator.Commands;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Hierarchy;

public sealed class RunCommandTests
{
    private const int LimitMs = 30_000;
    private DirectoryInfo _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("smartnic-run-");

    [TearDown]
    public void RemoveFolder() => _folder.Delete(recursive: true);

    [TestCase("run", "there is no way to attach; name a socket or a folder: --hierarchy SOCKET, --function-dir DIR")]
    [TestCase("run --hierarchy a --port sink --port sink", "--port is given 2 times for 1 --hierarchy and --function-dir: one for each at the most")]
    [TestCase("run --hierarchy FOLDER/a --port cable", "--port is 'cable'; allowed: tap:NAME, pcap:IN,OUT, dgram:LOCAL,REMOTE, loopback, sink, none")]
    [TestCase("run --hierarchy FOLDER/a --port pcap:", "--port is 'pcap:'; allowed: tap:NAME, pcap:IN,OUT, dgram:LOCAL,REMOTE, loopback, sink, none")]
    [TestCase("run --hierarchy FOLDER/a --port pcap:,", "--port is 'pcap:,'; allowed: tap:NAME, pcap:IN,OUT, dgram:LOCAL,REMOTE, loopback, sink, none")]
    [TestCase("run --hierarchy FOLDER/a --port dgram:here,there", "--port dgram:here,there: LOCAL and REMOTE are both ADDRESS:PORT, or both paths with a /")]
    [TestCase("run --hierarchy FOLDER/a --vfs 9 --total-vfs 8", "--vfs is 9; allowed: 0 to 8 (--total-vfs)")]
    [TestCase("run --hierarchy FOLDER/a --pfs 5", "--pfs is '5'; allowed: 1 to 4")]
    [TestCase("run --hierarchy FOLDER/a --metrics localhost", "--metrics is 'localhost'; allowed: PORT or :PORT (both of 127.0.0.1), IPV4:PORT, [IPV6]:PORT, with PORT from 0 (any that is free) to 65535")]
    [TestCase("run --hierarchy FOLDER/a --metrics 65536", "--metrics is '65536'; allowed: PORT or :PORT (both of 127.0.0.1), IPV4:PORT, [IPV6]:PORT, with PORT from 0 (any that is free) to 65535")]
    [TestCase("run --hierarchy FOLDER/a --metrics 127.1:9100", "--metrics is '127.1:9100'; allowed: PORT or :PORT (both of 127.0.0.1), IPV4:PORT, [IPV6]:PORT, with PORT from 0 (any that is free) to 65535")]
    [TestCase("run --hierarchy FOLDER/a --metrics ::1:9100", "--metrics is '::1:9100'; allowed: PORT or :PORT (both of 127.0.0.1), IPV4:PORT, [IPV6]:PORT, with PORT from 0 (any that is free) to 65535")]
    [TestCase("run --hierarchy FOLDER/a --metrics [127.0.0.1]:9100", "--metrics is '[127.0.0.1]:9100'; allowed: PORT or :PORT (both of 127.0.0.1), IPV4:PORT, [IPV6]:PORT, with PORT from 0 (any that is free) to 65535")]
    [TestCase("run --hierarchy FOLDER/a --web example.org:80", "--web is 'example.org:80'; allowed: PORT or :PORT (both of 127.0.0.1), IPV4:PORT, [IPV6]:PORT, with PORT from 0 (any that is free) to 65535")]
    [TestCase("guest --vfs 65", "--vfs is '65'; allowed: 0 to 64")]
    public void Wrong_usage_is_one_line_and_exit_code_1(string arguments, string message)
    {
        ProgramRun run = ProgramRun.OfProduct("emulator", arguments.Replace("FOLDER", _folder.FullName, StringComparison.Ordinal).Split(' '));

        Assert.That(run.Errors, Is.EqualTo($"emulator: {message}\n"));
        Assert.That(run.Output, Is.Empty);
        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(_folder.EnumerateFileSystemInfos(), Is.Empty);
    }

    [TestCase("FOLDER/no/such/folder/a")]
    [TestCase("/proc/a")]
    public void A_socket_that_cannot_be_had_is_one_line_and_exit_code_2(string path)
    {
        ProgramRun run = ProgramRun.OfProduct("emulator", "run", "--hierarchy", path.Replace("FOLDER", _folder.FullName, StringComparison.Ordinal));

        Assert.That(run.Errors, Does.StartWith("emulator: ").And.EndsWith("\n"));
        Assert.That(run.Errors.Count(letter => letter == '\n'), Is.EqualTo(1), run.Errors);
        Assert.That(run.ExitCode, Is.EqualTo(2));
    }

    [Test]
    public void A_lab_that_is_not_built_is_one_line_that_says_how()
    {
        string missing = Path.Combine(_folder.FullName, "lab");
        var start = new ProcessStartInfo("dotnet", [Program, "guest"]) { RedirectStandardError = true, RedirectStandardOutput = true };
        start.Environment["SMARTNIC_GUEST_LAB"] = missing;
        using Process process = Process.Start(start)!;
        string errors = process.StandardError.ReadToEnd();

        Assert.That(process.WaitForExit(LimitMs), Is.True);
        Assert.That(errors, Is.EqualTo($"emulator: there is no guest lab in {missing}; in the repository, this builds it: tests/guest/lab build\n"));
        Assert.That(process.ExitCode, Is.EqualTo(2));
    }

    [TestCase("SIGTERM")]
    [TestCase("SIGINT")]
    [TestCase("quit")]
    public void It_says_how_to_attach_then_ready_and_stops_in_order(string how)
    {
        string[] sockets = [Path.Combine(_folder.FullName, "a.sock"), Path.Combine(_folder.FullName, "b.sock")];
        using Process process = Start("run", "--hierarchy", sockets[0], "--hierarchy", sockets[1], "--port", "loopback", "--pfs", "2", "--vfs", "8");
        string said = ReadUntil(process, "ready");
        Assert.That(said, Does.Contain($"endpoint 1: 2 PF, 8 VFs each, wire loopback, hierarchy {sockets[0]}\n"));
        Assert.That(said, Does.Contain($"endpoint 2: 2 PF, 8 VFs each, wire sink, hierarchy {sockets[1]}\n"));
        Assert.That(said, Does.Contain("share=on").And.Contain($"\"path\":\"{sockets[1]}\""));
        Assert.That(sockets.All(File.Exists), Is.True);
        if (how == "quit")
        {
            process.StandardInput.WriteLine(how);
        }
        else
        {
            Process.Start("kill", ["-s", how[3..], process.Id.ToString(CultureInfo.InvariantCulture)])!.WaitForExit();
        }

        Assert.That(process.WaitForExit(LimitMs), Is.True);
        Assert.That(process.ExitCode, Is.Zero);
        Assert.That(process.StandardError.ReadToEnd(), Is.Empty);
        Assert.That(_folder.EnumerateFileSystemInfos(), Is.Empty, "the sockets are gone");
    }

    [TestCase("2:group=1,min=101", "guarantees in group 1 would add up to 101 Mbit/s; it may send 100")]
    [TestCase("2:interrupts=1000001", "a ceiling in interrupts a second is 0 to 1000000, not 1000001")]
    public void Shares_that_the_policy_refuses_are_one_line_and_exit_code_2(string setting, string refusal)
    {
        using Process process = Start(
            "run", "--hierarchy", Path.Combine(_folder.FullName, "a.sock"), "--group", "1:max=100", "--vf", setting);
        string errors = process.StandardError.ReadToEnd();

        Assert.That(process.WaitForExit(LimitMs), Is.True);
        Assert.That(errors, Is.EqualTo($"emulator: {refusal}\n"));
        Assert.That(process.ExitCode, Is.EqualTo(2));
        Assert.That(_folder.EnumerateFileSystemInfos(), Is.Empty, "there is no socket yet");
    }

    [Test]
    public void Counters_are_served_on_this_machine_alone_to_whoever_scrapes()
    {
        using Process process = Start(
            "run", "--function-dir", Path.Combine(_folder.FullName, "a"), "--function-dir", Path.Combine(_folder.FullName, "b"),
            "--vfs", "2", "--metrics", "0");
        string page = ReadUntil(process, "ready").Split('\n').Single(line => line.StartsWith("metrics ", StringComparison.Ordinal))["metrics ".Length..];
        Assert.That(page, Does.Match("^http://127\\.0\\.0\\.1:[1-9][0-9]*/metrics$"));

        using var client = new HttpClient();
        var text = new MetricsText(client.GetStringAsync(page).Result);
        foreach (string function in new[] { "pf0vf0", "pf0vf1" })
        {
            foreach (string endpoint in new[] { "1", "2" })
            {
                Assert.That(text.Samples, Does.ContainKey(MetricsText.Key("sriov_vf_rx_bytes_total", [("endpoint", endpoint), ("function", function)])));
            }
        }

        Assert.That(text.Samples.Keys, Has.None.Contains("pf0vf2"));

        // While a scraper hangs, another process cannot have the port, and this one is answered, and ends in order.
        using var hanging = new TcpClient("127.0.0.1", new Uri(page).Port);
        hanging.GetStream().Write("GET /metrics HTTP/1.1\r\nHos"u8);
        ProgramRun second = ProgramRun.OfProduct(
            "emulator", "run", "--hierarchy", Path.Combine(_folder.FullName, "c.sock"), "--metrics", $":{new Uri(page).Port}");
        Assert.That(second.Errors, Is.EqualTo($"emulator: metrics at 127.0.0.1:{new Uri(page).Port}: Address already in use\n"));
        Assert.That(second.ExitCode, Is.EqualTo(2));
        Assert.That(File.Exists(Path.Combine(_folder.FullName, "c.sock")), Is.False);
        process.StandardInput.WriteLine("numvfs 0\nnumvfs 3");
        Assert.That(process.StandardOutput.ReadLine(), Is.EqualTo("endpoint 1: no VF is enabled"));
        Assert.That(process.StandardOutput.ReadLine(), Does.StartWith("endpoint 1: 3 VFs"));
        Assert.That(() => client.GetStringAsync(page).Result, Does.Contain("pf0vf2").After(LimitMs, 50), "a reading is told again for a moment");
        process.StandardInput.WriteLine("quit");
        Assert.That(process.WaitForExit(LimitMs), Is.True);
        Assert.That((process.ExitCode, process.StandardError.ReadToEnd()), Is.EqualTo((0, "")));
    }

    [Test]
    public void The_picture_of_all_endpoints_of_a_run_is_served_to_browsers_beside_the_counters()
    {
        using Process process = Start(
            "run", "--function-dir", Path.Combine(_folder.FullName, "a"), "--hierarchy", Path.Combine(_folder.FullName, "b.sock"),
            "--vfs", "2", "--group", "3:max=800", "--vf", "1:group=3", "--web", "[::1]:0", "--metrics", "0");
        string page = ReadUntil(process, "ready").Split('\n').Single(line => line.StartsWith("web ", StringComparison.Ordinal))["web ".Length..];
        Assert.That(page, Does.Match("^http://\\[::1\\]:[1-9][0-9]*/$"));

        using var client = new HttpClient();
        Assert.That(client.GetStringAsync(page).Result, Does.StartWith("<!doctype html>"));
        JsonNode told = JsonNode.Parse(client.GetStringAsync(page + "endpoints.json").Result)!;
        Assert.That(
            told["endpoints"]!.AsArray().Select(endpoint => ((int)endpoint!["number"]!, (string)endpoint["attachment"]!, (string)endpoint["wire"]!)),
            Is.EqualTo(new[] { (1, $"hierarchy {_folder.FullName}/b.sock", "sink"), (2, $"functions {_folder.FullName}/a", "sink") }));
        Assert.That(told["endpoints"]!.AsArray().Select(endpoint => endpoint!["functions"]!.AsArray().Count), Is.EqualTo(new[] { 1, 3 }));
        Assert.That((int)told["endpoints"]![1]!["functions"]![2]!["group"]!, Is.EqualTo(3));

        ProgramRun second = ProgramRun.OfProduct(
            "emulator", "run", "--hierarchy", Path.Combine(_folder.FullName, "c.sock"), "--web", page["http://".Length..^1]);
        Assert.That(second.Errors, Is.EqualTo($"emulator: web at {page["http://".Length..^1]}: Address already in use\n"));
        Assert.That(second.ExitCode, Is.EqualTo(2));
        process.StandardInput.WriteLine("quit");
        Assert.That(process.WaitForExit(LimitMs), Is.True);
        Assert.That((process.ExitCode, process.StandardError.ReadToEnd()), Is.EqualTo((0, "")));
    }

    [TestCase("9100", "127.0.0.1:9100")]
    [TestCase(":0", "127.0.0.1:0")]
    [TestCase("0.0.0.0:65535", "0.0.0.0:65535")]
    [TestCase("192.0.2.1:80", "192.0.2.1:80")]
    [TestCase("[::1]:9100", "[::1]:9100")]
    public void Who_names_no_address_for_counters_means_this_machine_alone(string text, string address) =>
        Assert.That(ListenOption.Parse("--metrics", text).ToString(), Is.EqualTo(address));

    [Test]
    public void A_hand_at_the_slot_is_answered_line_by_line()
    {
        using Process process = Start(
            "run", "--hierarchy", Path.Combine(_folder.FullName, "a.sock"), "--hierarchy", Path.Combine(_folder.FullName, "b.sock"),
            "--vf", "4:interrupts=20000,adaptive=on");
        ReadUntil(process, "ready");
        (string Line, string Answer)[] talk =
        [
            ("plug", "endpoint 1 is plugged in already"), ("unplug", "endpoint 1 is unplugged"), ("unplug 1", "endpoint 1 is not plugged in"),
            (" unplug  2 ", "endpoint 2 is unplugged"), ("plug 2", "endpoint 2 is plugged in"), ("plug", "endpoint 1 is plugged in"),
            ("unplug 3", "'unplug 3' is not understood; allowed: unplug [N], plug [N], numvfs VFS [N], FUNCTION SETTING... [N], group GROUP SETTING... [N], quit, with N from 1 to 2"),
            ("unplug -1", "'unplug -1' is not understood; allowed: unplug [N], plug [N], numvfs VFS [N], FUNCTION SETTING... [N], group GROUP SETTING... [N], quit, with N from 1 to 2"),
            ("explode", "'explode' is not understood; allowed: unplug [N], plug [N], numvfs VFS [N], FUNCTION SETTING... [N], group GROUP SETTING... [N], quit"),
            ("vf3 weight=3 max=100", "endpoint 1: vf3 has weight=3 max=100 min=0 group=port priority=0 interrupts=0 adaptive=off mac=02:00:00:00:00:05 vlan=0 proto=802.1Q spoofchk=on trust=off state=auto queues=2 msix=16"),
            ("vf3 min=101 2", "endpoint 2: vf3 has weight=1 max=0 min=101 group=port priority=0 interrupts=0 adaptive=off mac=02:00:00:00:20:05 vlan=0 proto=802.1Q spoofchk=on trust=off state=auto queues=2 msix=16"),
            ("vf3 min=101", "endpoint 1: VF 3 would be limited to 100 Mbit/s with guarantees of 101"),
            ("group 1 max=200", "endpoint 1: group 1 has weight=1 max=200 min=0 parent=port"), ("group port max=500", "endpoint 1: port has max=500"),
            ("vf3 interrupts=20000 adaptive=on", "endpoint 1: vf3 has weight=3 max=100 min=0 group=port priority=0 interrupts=20000 adaptive=on mac=02:00:00:00:00:05 vlan=0 proto=802.1Q spoofchk=on trust=off state=auto queues=2 msix=16"),
            ("vf3 adaptive=off 2", "endpoint 2: vf3 has weight=1 max=0 min=101 group=port priority=0 interrupts=0 adaptive=off mac=02:00:00:00:20:05 vlan=0 proto=802.1Q spoofchk=on trust=off state=auto queues=2 msix=16"),
            ("vf4 weight=2", "endpoint 1: vf4 has weight=2 max=0 min=0 group=port priority=0 interrupts=20000 adaptive=on mac=02:00:00:00:00:06 vlan=0 proto=802.1Q spoofchk=on trust=off state=auto queues=2 msix=16"),
            ("vf3 interrupts=1000001", "endpoint 1: a ceiling in interrupts a second is 0 to 1000000, not 1000001"),
            ("vf3 max=1 3", "'vf3 max=1 3' is not understood; allowed: unplug [N], plug [N], numvfs VFS [N], FUNCTION SETTING... [N], group GROUP SETTING... [N], quit, with N from 1 to 2"),
            ("vf3 fast", "'vf3 fast' is not understood; allowed: FUNCTION weight=W max=MBIT min=MBIT group=GROUP priority=P interrupts=I adaptive=on|off mac=ADDR vlan=ID qos=P proto=802.1Q|802.1ad spoofchk=on|off trust=on|off state=auto|enable|disable queues=N msix=N [N], group GROUP weight=W max=MBIT min=MBIT parent=GROUP [N], each at least one setting; FUNCTION is one of pfP, vfN (of pf0), pfPvfN; GROUP is a number or port"),
            ("quit", "stopping"),
        ];
        foreach ((string line, string answer) in talk)
        {
            process.StandardInput.WriteLine(line);
            Assert.That(process.StandardOutput.ReadLine(), Is.EqualTo(answer), line);
        }

        Assert.That(process.WaitForExit(LimitMs), Is.True);
        Assert.That(process.ExitCode, Is.Zero);
    }

    [Test]
    public void The_end_of_standard_input_and_lines_without_end_do_not_stop_it()
    {
        using Process process = Start("run", "--hierarchy", Path.Combine(_folder.FullName, "a.sock"));
        ReadUntil(process, "ready");
        process.StandardInput.Write(new string('x', 100_000) + "\nunplug\n");
        process.StandardInput.Flush();
        Assert.That(process.StandardOutput.ReadLine(), Is.EqualTo("endpoint 1 is unplugged"));
        process.StandardInput.Close();
        Assert.That(process.WaitForExit(500), Is.False);
        Process.Start("kill", [process.Id.ToString(CultureInfo.InvariantCulture)])!.WaitForExit();
        Assert.That(process.WaitForExit(LimitMs), Is.True);
        Assert.That(process.ExitCode, Is.Zero);
    }

    private static string Program => Path.Combine(TestContext.CurrentContext.TestDirectory, "emulator.dll");

    private static Process Start(params string[] arguments) => Process.Start(new ProcessStartInfo("dotnet", [Program, .. arguments])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;

    private static string ReadUntil(Process process, string last)
    {
        string all = "";
        while (process.StandardOutput.ReadLine() is { } line)
        {
            if (line == last)
            {
                return all;
            }

            all += line + '\n';
        }

        process.WaitForExit(LimitMs);
        Assert.Fail($"it ended: {process.StandardError.ReadToEnd()}");
        return all;
    }
}
