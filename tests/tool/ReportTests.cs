// smartnic stats, events, health and top as processes at a real endpoint: text, JSON by its schema, and what goes on.
using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.Json;
using NUnit.Framework;
using SmartNicFw.HostTools.Client;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Tool;

[NonParallelizable]
public sealed class ReportTests
{
    private RunningEmulator _emulator = null!;
    private ToolRun _tool = null!;

    [OneTimeSetUp]
    public void Start()
    {
        _emulator = new RunningEmulator("--vfs", "2", "--total-vfs", "4", "--port", "loopback");
        _tool = ToolRun.At(_emulator.Socket);
    }

    [OneTimeTearDown]
    public void End() => _emulator.Dispose();

    [Test]
    public void Stats_name_every_counter_of_every_enabled_function()
    {
        JsonElement[] functions = [.. _tool.Json("stats", "stats").GetProperty("functions").EnumerateArray()];

        Assert.That(functions.Select(function => function.GetProperty("function").GetString()), Is.EqualTo(new[] { "pf0", "vf0", "vf1" }));
        Assert.That(
            functions[1].GetProperty("statistics").EnumerateObject().Select(counter => counter.Name),
            Is.EqualTo(FunctionStatistics.Names.Select(counter => "sriov_vf_" + counter.Name)));
        Assert.That(functions[0].GetProperty("statistics").TryGetProperty("sriov_pf_rx_bytes", out _), Is.True);
        Assert.That(_tool.Text("stats vf1").Split('\n')[..2].Select(line => line.Split(' ')[0]), Is.EqualTo(new[] { "NAME", "vf1" }));
    }

    [Test]
    public void Stats_of_queues_have_each_queue_of_each_function_that_is_named()
    {
        JsonElement function = _tool.Json("stats", "stats vf1 --queues").GetProperty("functions").EnumerateArray().Single();

        Assert.That(
            function.GetProperty("queues").EnumerateArray().Select(queue => queue.GetProperty("kind").GetString()),
            Is.EqualTo(new[] { "receive", "transmit", "receive", "transmit", "receive" }), "which is the control queue is for a driver to say");
        Assert.That(_tool.Text("stats vf1 --queues"), Does.Contain("vf1/3  transmit  off\n"));
    }

    [Test]
    public void Stats_that_are_watched_are_a_document_a_line()
    {
        string[] lines = _tool.Text("-j stats vf0 --watch --interval 0.05 --count 3").TrimEnd('\n').Split('\n');
        ulong[] times = [.. lines.Select(line => ToolRun.Judge("stats", line).GetProperty("time_us").GetUInt64())];

        Assert.That(lines, Has.Length.EqualTo(3));
        Assert.That(times, Is.Ordered.And.Unique);
        Assert.That(_tool.Text("stats vf0 --watch --interval 0.05 --count 2"), Does.Match("^NAME\nvf0\n\nadded in [0-9.]+ s:\nNAME\nvf0\n$"));
    }

    [Test]
    public void Events_tell_what_happened_in_order_and_go_on_when_followed()
    {
        string[] before = Kinds();
        _ = _tool.Text("vf 1 set weight 7");
        _ = _tool.Text("vf 1 reset");
        JsonElement events = _tool.Json("events", "events").GetProperty("events");
        string[] added = [.. Kinds().Skip(before.Length)];

        Assert.That(before, Does.Contain("vfs_changed"));
        Assert.That(added, Is.EqualTo(new[] { "policy_changed", "function_reset" }));
        Assert.That(events[events.GetArrayLength() - 2].GetProperty("text").GetString(), Is.EqualTo("policy was changed: weight"));
        Assert.That(_tool.Text("events"), Does.Match("(?m)^ +[0-9]+\\.[0-9]{6}  vf1       a reset of it has begun$"));

        using Process follower = Process.Start(new ProcessStartInfo(
            "dotnet", [Path.Combine(TestContext.CurrentContext.TestDirectory, "smartnic.dll"), "--device", _emulator.Socket, "-j", "events", "--follow"])
        {
            RedirectStandardOutput = true,
        })!;
        for (int number = 0; number < before.Length + 2; number++)
        {
            JsonElement one = ToolRun.Judge("events-follow", follower.StandardOutput.ReadLine()!).GetProperty("event");
            Assert.That(one.GetProperty("number").GetInt32(), Is.EqualTo(number));
        }

        _ = _tool.Text("vf 0 set weight 8");
        JsonElement next = ToolRun.Judge("events-follow", follower.StandardOutput.ReadLine()!).GetProperty("event");
        follower.Kill();
        follower.WaitForExit();
        Assert.That(next.GetProperty("function").GetString(), Is.EqualTo("vf0"));
        Assert.That(next.GetProperty("kind").GetString(), Is.EqualTo("policy_changed"));
    }

    [Test]
    public void Health_is_of_the_endpoint_and_of_functions_that_are_not_well_or_of_all()
    {
        JsonElement some = _tool.Json("health", "health");
        JsonElement all = _tool.Json("health", "health --all");

        Assert.That(some.GetProperty("endpoint").GetProperty("state").GetString(), Is.EqualTo("well"));
        Assert.That(some.GetProperty("functions").GetArrayLength(), Is.Zero);
        Assert.That(
            all.GetProperty("functions").EnumerateArray().Select(function => function.GetProperty("function").GetString()),
            Is.EqualTo(new[] { "pf0", "vf0", "vf1" }));
        Assert.That(_tool.Text("health"), Does.Match("^NAME      HEALTH  SINCE *\nendpoint  well    [^\n]+\n$"));
    }

    [TestCase("", 0)]
    [TestCase("40", 40)]
    [TestCase("80", 80)]
    [TestCase("200", 200)]
    public void Top_without_a_terminal_is_plain_text_within_the_width(string columns, int width)
    {
        string text = _tool.With("COLUMNS", columns).Text("top --count 2 --interval 0.05");
        string[] tables = text.Split("\n\n");

        Assert.That(tables, Has.Length.EqualTo(2));
        Assert.That(text, Does.Not.Contain("\u001b"));
        foreach (string table in tables)
        {
            Assert.That(table.TrimEnd('\n').Split('\n').Select(line => line.Split(' ')[0]), Is.EqualTo(new[] { "NAME", "pf0", "vf0", "vf1" }));
            Assert.That(table.Split('\n').Max(line => line.Length), width == 0 ? Is.Positive : Is.LessThanOrEqualTo(width));
        }
    }

    [Test]
    public void Top_as_JSON_is_a_document_an_interval_and_sorts_and_filters()
    {
        JsonElement once = _tool.Json("top", "top --once --interval 0.05 --filter VF");

        Assert.That(once.GetProperty("functions").EnumerateArray().Select(row => row.GetProperty("function").GetString()), Is.EqualTo(new[] { "vf0", "vf1" }));
        Assert.That(once.GetProperty("interval_us").GetUInt64(), Is.GreaterThanOrEqualTo(50_000));
        Assert.That(_tool.Text("-j top --count 3 --interval 0.05").TrimEnd('\n').Split('\n').Select(line => ToolRun.Judge("top", line)).Count(), Is.EqualTo(3));
    }

    [TestCase("stats vf9", 2, "there is no vf9; there are pf0, each with vf0 to vf3")]
    [TestCase("stats eth0", 1, "'eth0' names no function; allowed: N or vfN (of pf0), pfPvfN, pfP")]
    [TestCase("stats --interval 0", 1, "--interval is '0'; allowed: 0.05 to 3600 seconds")]
    [TestCase("stats --watch --count 0", 1, "--count is '0'; allowed: 1 to 4294967295")]
    [TestCase("top --sort size", 1, "--sort is 'size'; allowed: name, tx, rx, drops, interrupts")]
    [TestCase("top --interval soon", 1, "--interval is 'soon'; allowed: 0.05 to 3600 seconds")]
    public void Wrong_usage_is_one_line(string line, int exitCode, string message) => Assert.That(_tool.Failure(line, exitCode), Is.EqualTo(message));

    [TestCase("apply")]
    [TestCase("export")]
    [TestCase("stats")]
    [TestCase("events")]
    [TestCase("health")]
    [TestCase("top")]
    public void Help_has_an_example(string command)
    {
        string help = _tool.Text(command + " --help");

        Assert.That(help, Does.Match($"(?m)^Examples?:\n(  smartnic .*{command}.*\n)+"));
    }

    private string[] Kinds() =>
        [.. _tool.Json("events", "events").GetProperty("events").EnumerateArray().Select(happened => happened.GetProperty("kind").GetString()!)];
}
