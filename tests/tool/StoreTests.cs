// Policy over restarts of a real endpoint, which is also killed while it keeps one.
using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using NUnit.Framework;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Tool;

[NonParallelizable]
public sealed class StoreTests
{
    private const int Vfs = 64;
    private const int Kills = 12;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("smartnic-store-");

    [OneTimeTearDown]
    public void End() => _folder.Delete(recursive: true);

    [Test]
    public void Hostile_32_an_endpoint_that_is_killed_comes_back_with_the_old_policy_or_the_new_one_and_with_the_new_one_once_it_said_so()
    {
        string[] files = [.. Enumerable.Range(0, 2).Select(FileOf)];
        string[] wanted = new string[2];
        double whole = 0;
        for (int variant = 0; variant < 2; variant++)
        {
            using RunningEmulator emulator = Start();
            ToolRun tool = ToolRun.At(emulator.Socket);
            long start = Stopwatch.GetTimestamp();
            _ = tool.Text("apply " + files[variant]);
            whole = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            wanted[variant] = tool.Text("export");
        }

        Assert.That(wanted[0], Is.Not.EqualTo(wanted[1]));
        var random = new Random(1);
        int now = 1;
        int[] outcomes = [0, 0];
        for (int kill = 0; kill < Kills; kill++)
        {
            int next = 1 - now;
            Task<ProgramRun> apply;
            using (RunningEmulator emulator = Start())
            {
                ToolRun tool = ToolRun.At(emulator.Socket);
                Assert.That(tool.Text("export"), Is.EqualTo(wanted[now]), $"kill {kill}: another start forgot the policy");
                apply = Task.Factory.StartNew(
                    () => tool.Run("apply " + files[next]), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
                Thread.Sleep((int)((0.2 + (0.8 * random.NextDouble())) * whole));
                emulator.Kill();
            }

            bool isAnswered = apply.Result.ExitCode == 0;
            using RunningEmulator again = Start();
            int found = Array.IndexOf(wanted, ToolRun.At(again.Socket).Text("export"));
            Assert.That(found, Is.Not.Negative, $"kill {kill}: neither the old policy nor the new one");
            Assert.That(found == next || !isAnswered, Is.True, $"kill {kill}: what was answered is forgotten");
            outcomes[found == next ? 1 : 0]++;
            now = found;
        }

        TestContext.Out.WriteLine($"{outcomes[0]} came back with the old policy, {outcomes[1]} with the new one; a whole run takes {whole:0} ms");
    }

    // The slot that the first change is kept in, the second one, is 1 MB and 4 KB behind the beginning: its signature, and a setting near its end.
    [TestCase((1 << 20) + 4096 + 16)]
    [TestCase((1 << 20) + 4096 + 19)]
    [TestCase(-8)]
    public void A_store_that_is_damaged_is_told_and_defaults_are_used(int place)
    {
        string path = Path.Combine(_folder.FullName, $"damaged{place}.store");
        string before;
        using (var emulator = new RunningEmulator("--vfs", "2", "--store", path))
        {
            ToolRun tool = ToolRun.At(emulator.Socket);
            before = tool.Text("export");
            _ = tool.Text("vf 1 set vlan 77");
        }

        byte[] bytes = File.ReadAllBytes(path);
        bytes[place < 0 ? bytes.Length + place : place] ^= 0x10;

        File.WriteAllBytes(path, bytes);
        using var damaged = new RunningEmulator("--vfs", "2", "--store", path);
        ToolRun told = ToolRun.At(damaged.Socket);
        JsonElement[] events = [.. told.Json("events", "events").GetProperty("events").EnumerateArray()];

        Assert.That(told.Text("export"), Is.EqualTo(before));
        Assert.That(events.Select(happened => happened.GetProperty("kind").GetString()), Does.Contain("store_damaged"));
        Assert.That(told.Text("health"), Does.Contain("the store of the policy was damaged"));
    }

    [Test]
    public void A_file_of_something_else_stays_as_it_is_and_a_store_has_one_owner()
    {
        string letter = Path.Combine(_folder.FullName, "letter.txt");
        string store = Path.Combine(_folder.FullName, "owned.store");
        string functions = Path.Combine(_folder.FullName, "functions");
        File.WriteAllText(letter, "Dear Sir,\n");
        ProgramRun wrong = ProgramRun.OfProduct("emulator", "run", "--function-dir", functions, "--store", letter);
        using var owner = new RunningEmulator("--vfs", "2", "--store", store);
        ProgramRun second = ProgramRun.OfProduct("emulator", "run", "--function-dir", functions, "--store", store);

        Assert.That(wrong.Errors, Is.EqualTo(
            $"emulator: --store: {letter} is a file of something else, not a store of a policy: it stays as it is; name another, or none that is there\n"));
        Assert.That(File.ReadAllText(letter), Is.EqualTo("Dear Sir,\n"));
        Assert.That(second.Errors, Does.StartWith("emulator: --store: ").And.Contain(store).And.Contain("used by another process"));
        Assert.That((wrong.ExitCode, second.ExitCode), Is.EqualTo((2, 2)));
    }

    private RunningEmulator Start() =>
        new("--vfs", "4", "--total-vfs", $"{Vfs}", "--store", Path.Combine(_folder.FullName, "policy.store"));

    private string FileOf(int variant)
    {
        string path = Path.Combine(_folder.FullName, $"policy{variant}.yaml");
        File.WriteAllText(path, "version: 1\nfunctions:\n" + string.Concat(Enumerable.Range(0, Vfs).Select(vf =>
            $"  vf{vf}: {{mac: 02:00:5e:20:{variant:x2}:{vf:x2}, vlan: {vf + 1 + variant}, weight: {2 + variant}, max_tx_rate: {100 + vf + variant}}}\n")));
        return path;
    }
}
