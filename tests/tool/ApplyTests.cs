// smartnic apply and export as processes at a real endpoint: whole or not at all, whatever happens in between.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using NUnit.Framework;
using SmartNicFw.Hal.Regs;
using SmartNicFw.HostTools.Client;
using SmartNicFw.HostTools.Policy;
using SmartNicFw.HostTools.Transport;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Tool;

[NonParallelizable]
public sealed class ApplyTests
{
    private const string Nothing = "version: 1\n";
    private const int Vfs = 256;
    private const int Kills = 100;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("smartnic-apply-");
    private RunningEmulator _emulator = null!;
    private ToolRun _tool = null!;

    [OneTimeSetUp]
    public void Start()
    {
        _emulator = new RunningEmulator("--vfs", "4", "--total-vfs", $"{Vfs}");
        _tool = ToolRun.At(_emulator.Socket);
    }

    [OneTimeTearDown]
    public void End()
    {
        _emulator.Dispose();
        _folder.Delete(recursive: true);
    }

    [SetUp]
    public void Clear() => _ = _tool.Text("apply " + FileOf(Nothing));

    [Test]
    public void A_policy_for_256_VFs_is_applied_whole_and_a_second_time_changes_nothing()
    {
        string file = FileOf(Large(0));
        JsonElement first = _tool.Json("apply", "apply " + file);
        JsonElement second = _tool.Json("apply", "apply " + file);

        Assert.That(first.GetProperty("result").GetString(), Is.EqualTo("applied"));
        Assert.That(first.GetProperty("changes").GetArrayLength(), Is.EqualTo(4 + (Vfs * 11)));
        Assert.That(second.GetProperty("result").GetString(), Is.EqualTo("unchanged"));
        Assert.That(second.GetProperty("changes").GetArrayLength(), Is.Zero);
        Assert.That(_tool.Text("apply " + file), Is.EqualTo("nothing to change: the endpoint has this policy\n"));

        JsonElement last = _tool.Json("vf-show", $"vf {Vfs - 1} show").GetProperty("function");
        Assert.That(last.GetProperty("mac").GetString(), Is.EqualTo("02:00:5e:10:00:ff"));
        Assert.That(last.GetProperty("vlan").GetInt32(), Is.EqualTo(Vfs));
        Assert.That(last.GetProperty("group").GetString(), Is.EqualTo("g3"));
    }

    [Test]
    public void A_dry_run_shows_the_difference_and_changes_nothing()
    {
        string file = FileOf("version: 1\ngroups: {gold: {tx_max: 1gbit}}\nfunctions: {vf0-3: {group: gold, max_tx_rate: 100}, vf2: {trust: on}}\n");
        string before = _tool.Text("export");
        string said = _tool.Text($"apply {file} --dry-run");
        JsonElement json = _tool.Json("apply", $"apply {file} --dry-run");

        Assert.That(
            said,
            Is.EqualTo(
                """
                + group gold  tx_max 1gbit
                ~ vf0-3       max_tx_rate  none -> 100mbit
                ~ vf0-3       group        none -> gold
                ~ vf2         trust        off -> on
                10 changes of 5 owners; the endpoint would accept them (dry run, nothing was changed)

                """));
        Assert.That(json.GetProperty("result").GetString(), Is.EqualTo("checked"));
        Assert.That(json.GetProperty("changes")[1].GetProperty("line").GetInt32(), Is.EqualTo(3));
        Assert.That(_tool.Text("export"), Is.EqualTo(before));
        _ = _tool.Text("apply " + file);
        Assert.That(_tool.Text("export"), Is.Not.EqualTo(before));
    }

    [Test]
    public void What_is_exported_is_found_without_difference()
    {
        _ = _tool.Text("apply " + FileOf(Large(1)));
        string exported = _tool.Text("export");

        Assert.That(_tool.Text("apply " + FileOf(exported)), Is.EqualTo("nothing to change: the endpoint has this policy\n"));
        Assert.That(_tool.Json("export", "export").GetProperty("policy").GetString(), Is.EqualTo(exported));
        _ = _tool.Text("apply " + FileOf(Nothing));
        _ = _tool.Text("apply " + FileOf(exported));
        Assert.That(_tool.Text("export"), Is.EqualTo(exported));
    }

    [TestCase("vf1: {mac: 02:00:00:00:00:01}", "4:14: vf1 mac")]
    [TestCase("vf1: {queues: 9}", "4:17: vf1 queues")]
    public void What_the_device_refuses_is_led_back_to_its_place_and_nothing_changes(string line, string place)
    {
        string file = FileOf($"version: 1\nfunctions:\n  vf0: {{max_tx_rate: 5}}\n  {line}\n");
        string before = _tool.Text("export");
        foreach (string option in new[] { "", " --dry-run" })
        {
            ProgramRun run = _tool.Run("apply " + file + option);
            Assert.That(run.ExitCode, Is.EqualTo(2), run.Output);
            Assert.That(run.Errors, Does.StartWith($"smartnic: {file}:{place}: the device at ").And.EndsWith("; nothing was changed\n"));
        }

        ProgramRun json = _tool.Run("-j apply " + file);
        Assert.That(json.ExitCode, Is.EqualTo(2));
        Assert.That(ToolRun.Judge("error", json.Output).GetProperty("error").GetProperty("change").GetInt32(), Is.EqualTo(1));
        Assert.That(_tool.Text("export"), Is.EqualTo(before));
    }

    [Test]
    public void A_wrong_file_is_told_all_at_once_and_no_device_is_changed_or_needed()
    {
        string file = FileOf("version: 1\nport: {tx_max: fast}\nfunctions: {vf0: {max_rate: 1}, vf999: {vlan: 3}}\n");
        ProgramRun here = _tool.Run("apply " + file);
        ProgramRun nowhere = ToolRun.At("/nowhere/at/all").Run("apply " + file);
        ProgramRun json = _tool.Run("-j apply " + file);

        string[] lines = here.Errors.Split('\n');
        Assert.That(here.ExitCode, Is.EqualTo(1));
        Assert.That(here.Output, Is.Empty);
        Assert.That(lines[0], Does.StartWith($"{file}:2:16: tx_max is 'fast'; allowed: "));
        Assert.That(lines[1], Is.EqualTo($"{file}:3:19: 'max_rate' is no key of vf0; did you mean max_tx_rate?"));
        Assert.That(lines[2], Is.EqualTo($"{file}:3:33: the endpoint has no vf999; it has pf0, each with vf0 to vf255"));
        Assert.That(lines[3], Is.EqualTo($"smartnic: {file} has 3 faults; nothing was changed"));
        Assert.That(nowhere.ExitCode, Is.EqualTo(1));
        Assert.That(nowhere.Errors.Split('\n')[..2], Is.EqualTo(lines[..2]));
        JsonElement faults = ToolRun.Judge("error", json.Output).GetProperty("error").GetProperty("faults");
        Assert.That(faults.EnumerateArray().Select(fault => $"{file}:{fault.GetProperty("line")}:{fault.GetProperty("column")}: {fault.GetProperty("message")}"), Is.EqualTo(lines[..3]));
        Assert.That(_tool.Text("apply " + FileOf(Nothing)), Does.StartWith("nothing to change"));
    }

    [TestCase("apply", "name FILE; A policy file, as 'smartnic export' writes it, or - for standard input")]
    [TestCase("apply /nowhere.yaml", "/nowhere.yaml cannot be read: Could not find file '/nowhere.yaml'; name a policy file, or - for standard input")]
    public void A_file_that_is_not_there_is_wrong_usage(string line, string message) =>
        Assert.That(_tool.Failure(line, exitCode: 1), Is.EqualTo(message));

    [Test]
    public void Of_two_at_once_each_is_applied_whole_and_the_last_one_stays()
    {
        string[] files = [FileOf(Large(2)), FileOf(Large(3))];
        string[] wanted = [.. files.Select(Exported)];
        for (int round = 0; round < 3; round++)
        {
            ProgramRun[] runs = [.. Task.WhenAll(files.Select(file => Task.Run(() => _tool.Run("apply " + file)))).Result];

            Assert.That(runs.Select(run => run.ExitCode), Is.All.Zero, string.Join('\n', runs.Select(run => run.Errors)));
            Assert.That(wanted, Does.Contain(_tool.Text("export")));
        }
    }

    [Test]
    public void What_another_one_changes_while_apply_waits_for_it_is_seen()
    {
        string file = FileOf("version: 1\nfunctions: {vf1: {weight: 5}}\n");
        using var client = new ManagementClient(DeviceDiscovery.Open(_emulator.Socket), ManagementClient.StandardLimit);
        using ManagementTransaction other = client.Begin();
        Task<ProgramRun> run = Task.Run(() => _tool.Run("apply " + file));

        // Its first look finds weight 1 at vf0; the transaction is kept open until then by going on with it.
        int vf0 = client.Endpoint.PhysicalFunctions;
        for (int change = 0; change < 20; change++)
        {
            other.SetAttribute(vf0, ManagementAttributeKind.Weight, (ulong)(change + 2));
            Thread.Sleep(100);
        }

        other.Commit();
        Assert.That(run.Result.ExitCode, Is.Zero, run.Result.Errors);
        Assert.That(run.Result.Output, Does.Contain("~ vf0  weight  21 -> 1\n"));
        Assert.That(_tool.Text("apply " + file), Does.StartWith("nothing to change"));
    }

    [Test]
    public void Hostile_32_killed_at_any_moment_leaves_the_old_policy_or_the_new_one()
    {
        string[] files = [FileOf(Large(4)), FileOf(Large(5))];
        string[] wanted = [.. files.Select(Exported)];
        using var client = new ManagementClient(DeviceDiscovery.Open(_emulator.Socket), ManagementClient.StandardLimit);
        var random = new Random(1);
        int now = 1;
        int[] outcomes = [0, 0];

        // Those to come are made ready while one runs: each has read its options and waits for its file.
        var ready = new Queue<Process>(Enumerable.Range(0, 2).Select(_ => Waiting()));
        double whole = 0;
        for (int kill = 0; kill <= Kills; kill++)
        {
            using Process process = ready.Dequeue();
            int next = 1 - now;
            long start = Stopwatch.GetTimestamp();
            process.StandardInput.Write(File.ReadAllText(files[next]));
            process.StandardInput.Close();
            if (kill == 0)
            {
                process.WaitForExit();
                whole = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            }
            else
            {
                Thread.Sleep((int)(random.NextDouble() * whole));
                process.Kill();
                process.WaitForExit();
            }

            ready.Enqueue(Waiting());

            // A transaction that it had open is over when another one can be opened.
            client.Begin().Dispose();
            int found = Array.IndexOf(wanted, Export(client));
            Assert.That(found, Is.Not.Negative, $"kill {kill}: neither the old policy nor the new one");
            outcomes[found == next ? 1 : 0]++;
            now = found;
        }

        foreach (Process process in ready)
        {
            process.Kill();
            process.WaitForExit();
            process.Dispose();
        }

        TestContext.Out.WriteLine($"{outcomes[0]} kept the old policy, {outcomes[1]} have the new one; a whole run takes {whole:0} ms");
        Assert.That(outcomes.Sum(), Is.EqualTo(Kills + 1));
    }

    // Every attribute of every VF set, each variant another way.
    private static string Large(int variant) =>
        "version: 1\ngroups:\n"
        + string.Concat(Enumerable.Range(0, 4).Select(group => $"  g{group}: {{tx_max: {group + variant + 1}gbit}}\n"))
        + "functions:\n"
        + string.Concat(Enumerable.Range(0, Vfs).Select(vf =>
            $"  vf{vf}: {{mac: 02:00:5e:10:{variant:x2}:{vf:x2}, vlan: {vf + 1}, qos: {(vf + variant) % 8}, max_tx_rate: {50 + vf + variant}, "
            + $"min_tx_rate: {1 + (variant % 3)}, spoofchk: off, trust: on, state: {(variant % 2 == 0 ? "enable" : "disable")}, "
            + $"weight: {2 + variant}, group: g{vf % 4}, interrupts: {20000 + variant}, adaptive: on}}\n"));

    private static string Export(ManagementClient client)
    {
        using var text = new StringWriter();
        PolicyExport.Write(PolicyDevice.Read(client), text);
        return text.ToString();
    }

    private string Exported(string file)
    {
        _ = _tool.Text("apply " + file);
        return _tool.Text("export");
    }

    private Process Waiting() => Process.Start(new ProcessStartInfo(
        "dotnet", [Path.Combine(TestContext.CurrentContext.TestDirectory, "smartnic.dll"), "--device", _emulator.Socket, "apply", "-"])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;

    private string FileOf(string text)
    {
        string path = Path.Combine(_folder.FullName, $"{Math.Abs(text.GetHashCode(StringComparison.Ordinal))}.yaml");
        File.WriteAllText(path, text);
        return path;
    }
}
