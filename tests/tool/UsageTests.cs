// smartnic as it is mistyped: one line that says what is wrong and what is allowed, exit code 1, and no device asked. And its help.
using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.HostTools.Commands;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Tool;

public sealed class UsageTests
{
    private const string NoDevice = "/nowhere/at/all.sock";

    [TestCase("shwo", "'shwo' is not understood here; did you mean show? allowed: show, ")]
    [TestCase("show --al", "'--al' is not understood here; did you mean --all? allowed: --all, ")]
    [TestCase("@file", "'@file' is not understood here; allowed: show, ")]
    [TestCase("", "name a command; allowed: show, numvfs, vf set, vf show, vf reset, vf stats, rate group add, ")]
    [TestCase("rate group", "name a command; allowed: group add, group set, group del, group show")]
    [TestCase("vf", "name a command; allowed: vf set, vf show, vf reset, vf stats")]
    [TestCase("vf 3", "name a command; allowed: vf set, vf show, vf reset, vf stats")]
    [TestCase("vf 3 shwo", "'shwo' is not understood here; did you mean show? allowed: set, show, reset, stats, ")]
    [TestCase("vf eth0 show", "'eth0' names no function; allowed: N or vfN (of pf0), pfPvfN, pfP")]
    [TestCase("vf 03 reset", "'03' names no function; allowed: N or vfN (of pf0), pfPvfN, pfP")]
    [TestCase("vf 3 set", "name an attribute and its value; allowed: mac, vlan, qos, proto, max_tx_rate, min_tx_rate, spoofchk, trust, state, weight, queues, msix, group, interrupts, adaptive")]
    [TestCase("vf 3 set mca 1", "there is no attribute 'mca'; did you mean mac? allowed: mac, ")]
    [TestCase("vf 3 set spoofcheck on", "there is no attribute 'spoofcheck'; did you mean spoofchk? allowed: mac, ")]
    [TestCase("vf 3 set mac", "mac takes a value; allowed: six bytes as in 02:00:00:00:00:01")]
    [TestCase("vf 3 set mac 02:00:00:00:00", "mac is '02:00:00:00:00'; allowed: six bytes as in 02:00:00:00:00:01")]
    [TestCase("vf 3 set mac 02:00:00:00:00:0g", "mac is '02:00:00:00:00:0g'; allowed: six bytes as in 02:00:00:00:00:01")]
    [TestCase("vf 3 set vlan 4095", "vlan is '4095'; allowed: 0 to 4094")]
    [TestCase("vf 3 set vlan -1", "vlan is '-1'; allowed: 0 to 4094")]
    [TestCase("vf 3 set qos 8", "qos is '8'; allowed: 0 to 7")]
    [TestCase("vf 3 set proto 802.1q", "proto is '802.1q'; did you mean 802.1Q? allowed: 802.1Q, 802.1ad")]
    [TestCase("vf 3 set max_tx_rate fast", "max_tx_rate is 'fast'; allowed: Mbit/s, or a number with kbit, mbit, gbit, tbit (or kbps, mbps, gbps: bytes), as in 100mbit; 0 for none")]
    [TestCase("vf 3 set max_tx_rate 1500kbit", "max_tx_rate is '1500kbit'; allowed: whole numbers of Mbit/s, 0 to 4294967295")]
    [TestCase("vf 3 set spoofchk yes", "spoofchk is 'yes'; allowed: on, off")]
    [TestCase("vf 3 set state up", "state is 'up'; allowed: auto, enable, disable")]
    [TestCase("vf 3 set state enabled", "state is 'enabled'; did you mean enable? allowed: auto, enable, disable")]
    [TestCase("vf 3 set weight 0", "weight is '0'; allowed: 1 to 1000")]
    [TestCase("vf 3 set weight 1 weight 2", "weight is there twice; each attribute once")]
    [TestCase("vf 3 set vlan 5 mac", "mac takes a value; allowed: six bytes as in 02:00:00:00:00:01")]
    [TestCase("vf 3 stats --queue x", "--queue is 'x'; allowed: 0 to 65535")]
    [TestCase("rate group add port", "'port' cannot be a group's name; allowed: 1 to 16 printable letters without a space, not a number, not port or none")]
    [TestCase("rate group add 17", "'17' cannot be a group's name; allowed: 1 to 16 printable letters without a space, not a number, not port or none")]
    [TestCase("rate group add abcdefghijklmnopq", "'abcdefghijklmnopq' cannot be a group's name; allowed: 1 to 16 printable letters without a space, not a number, not port or none")]
    [TestCase("rate group add web tx_mx 1", "a rate group has no 'tx_mx'; did you mean tx_max? allowed: tx_share, tx_max, tx_priority, tx_weight, parent")]
    [TestCase("rate group add web tx_max", "tx_max takes a value; allowed: Mbit/s, or a number with kbit, mbit, gbit, tbit (or kbps, mbps, gbps: bytes), as in 100mbit; 0 for none")]
    [TestCase("rate group set web", "name what the group is to have; allowed: tx_share, tx_max, tx_priority, tx_weight, parent")]
    [TestCase("rate group set web tx_max 1 tx_max 2", "tx_max is there twice; each word once")]
    [TestCase("numvfs", "name N; VFs that the PF is to have; 0 takes all away")]
    [TestCase("numvfs many", "N is 'many'; allowed: 0 to 65535")]
    [TestCase("numvfs 3 --pf vf1", "--pf is 'vf1'; allowed: pf0, pf1 and so on")]
    [TestCase("numvfs 3 --pf 1", "--pf is '1'; allowed: pf0, pf1 and so on")]
    [TestCase("config dump", "name FUNCTION; Which function: N or vfN (of pf0), pfPvfN, pfP, all (that are enabled)")]
    [TestCase("config dump eth0", "'eth0' names no function; allowed: N or vfN (of pf0), pfPvfN, pfP")]
    [TestCase("trace", "name FILE; The pcapng file that is written, over what is there; - for standard output")]
    [TestCase("trace x --seconds 0", "--seconds is '0'; allowed: seconds, above 0, up to 604800, as in 0.5")]
    [TestCase("trace x --frames 0", "--frames is '0'; allowed: 1 to 4294967295")]
    [TestCase("--timeout never show", "--timeout is 'never'; allowed: seconds, above 0, up to 3600, as in 0.5")]
    [TestCase("--timeout 0 show", "--timeout is '0'; allowed: seconds, above 0, up to 3600, as in 0.5")]
    [TestCase("show --timeout", "--timeout takes a value; How long each answer may take (2 when nothing is said)")]
    [TestCase("completion bahs", "there is no completion for 'bahs'; did you mean bash? allowed: bash, zsh, pwsh")]
    [TestCase("completion fish", "there is no completion for 'fish'; allowed: bash, zsh, pwsh")]
    public void Wrong_usage_is_one_line_that_says_what_is_allowed_and_exit_code_1(string line, string message) =>
        Assert.That(ToolRun.Here(NoDevice).Failure(line, exitCode: 1), Does.StartWith(message));

    [TestCase("shwo")]
    [TestCase("vf 3 set mac 1")]
    public void The_program_says_so_as_a_process(string line) =>
        Assert.That(ToolRun.At(NoDevice).Failure(line, exitCode: 1), Is.EqualTo(ToolRun.Here(NoDevice).Failure(line, exitCode: 1)));

    [Test]
    public void Every_command_has_help_with_an_example_that_the_command_line_understands()
    {
        RootCommand root = HostTools.Program.Root(new GlobalOptions(System.IO.TextWriter.Null));
        Command[] commands = [.. Below(root)];
        Assert.That(commands, Has.Length.GreaterThan(15));
        foreach (Command command in commands)
        {
            IReadOnlyList<string> examples = ExampleHelp.Of(command);
            Assert.That(examples, Is.Not.Empty, command.Name);
            Assert.That(command.Description, Is.Not.Empty, command.Name);
            foreach (string example in examples.Where(example => example.StartsWith("smartnic ", StringComparison.Ordinal)))
            {
                string[] words = example.Split('>', ';', '|')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..];
                ParseResult parsed = root.Parse(words);
                Assert.That(parsed.Errors.Select(error => error.Message), Is.Empty, example);
                Assert.That(Above(parsed.CommandResult.Command), Does.Contain(command), example);
            }
        }
    }

    [TestCase("--help")]
    [TestCase("vf 3 set --help")]
    [TestCase("rate group add --help")]
    [TestCase("config dump -h")]
    public void Help_fits_its_terminal_and_ends_with_examples(string line)
    {
        string help = ToolRun.At(NoDevice).With("COLUMNS", "80").Text(line);
        Assert.That(help, Does.Contain("Usage:\n  smartnic").And.Contain("Example"));
        Assert.That(help.Split("Example")[0].Split('\n').Where(row => row.TrimEnd().Length > 80), Is.Empty);
    }

    [Test]
    public void Version_needs_no_device()
    {
        ProgramRun run = ProgramRun.OfProduct("smartnic", new Dictionary<string, string> { ["SMARTNIC_DEVICE"] = "" }, "version");
        Assert.That(run.Output, Does.Match("^smartnic [0-9]+\\.[0-9]+\\.[0-9]+, management protocol 1\\.0\n$"), run.Errors);
        ProgramRun json = ProgramRun.OfProduct("smartnic", new Dictionary<string, string> { ["SMARTNIC_DEVICE"] = "" }, "version", "-p");
        Assert.That(ToolRun.Judge("version", json.Output).GetProperty("firmware").ValueKind, Is.EqualTo(System.Text.Json.JsonValueKind.Null));
        Assert.That(json.Output.Count(letter => letter == '\n'), Is.GreaterThan(3), "-p is JSON over several lines");
    }

    // All but those that only lead to others, and the program itself.
    private static IEnumerable<Command> Below(Command command) => command.Subcommands.SelectMany(sub => Below(sub).Append(sub))
        .Where(sub => sub.Subcommands.Count == 0 || sub.Name is "vf" or "group" or "config");

    private static IEnumerable<Command> Above(Command command)
    {
        for (Command? at = command; at is not null; at = at.Parents.OfType<Command>().FirstOrDefault())
        {
            yield return at;
        }
    }
}
