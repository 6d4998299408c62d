// The completion scripts: bash is asked what it would offer, and every script has every command.
using System;
using System.IO;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Tool;

public sealed class CompletionTests
{
    private string _script = null!;

    [OneTimeSetUp]
    public void Write()
    {
        _script = Path.GetTempFileName();
        File.WriteAllText(_script, ToolRun.At("/nowhere").Text("completion bash"));
    }

    [OneTimeTearDown]
    public void Remove() => File.Delete(_script);

    [TestCase("smartnic ", "show numvfs vf rate config", "mac")]
    [TestCase("smartnic sh", "show", "numvfs")]
    [TestCase("smartnic -d /x sh", "show", "numvfs")]
    [TestCase("smartnic --timeout 3 rate ", "group", "show")]
    [TestCase("smartnic vf 3 ", "set show reset stats", "numvfs")]
    [TestCase("smartnic vf 3 set ", "mac vlan spoofchk adaptive", "on")]
    [TestCase("smartnic vf 3 set s", "spoofchk state", "mac set show stats")]
    [TestCase("smartnic vf 3 set spoofchk ", "on off", "mac auto")]
    [TestCase("smartnic vf 3 set spoofchk on ", "mac state", "off")]
    [TestCase("smartnic vf 3 set spoofchk on state ", "auto enable disable", "on")]
    [TestCase("smartnic vf 3 set mac ", "", "on vlan")]
    [TestCase("smartnic rate group add ", "", "tx_max show")]
    [TestCase("smartnic rate group add web ", "tx_max tx_share parent", "show")]
    [TestCase("smartnic rate group add web tx_max 1gbit tx_", "tx_weight", "parent")]
    [TestCase("smartnic config ", "dump walk", "show")]
    [TestCase("smartnic completion ", "bash zsh pwsh", "show")]
    [TestCase("smartnic show --", "--all --json --device --help", "show")]
    public void Bash_offers_what_may_come_next(string typed, string offered, string notOffered)
    {
        string[] words = typed.Split(' ');
        string array = string.Join(' ', words.Select(word => $"'{word}'"));
        ProgramRun bash = ProgramRun.Of(
            "bash", "--norc", "-c",
            $"source '{_script}'; complete -p smartnic >/dev/null || exit 9; COMP_WORDS=({array}); COMP_CWORD={words.Length - 1}; _smartnic; printf '%s\\n' \"${{COMPREPLY[@]}}\"");
        Assert.That(bash.ExitCode, Is.Zero, bash.Errors);
        Assert.That(bash.Errors, Is.Empty);
        string[] replies = bash.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(offered.Split(' ', StringSplitOptions.RemoveEmptyEntries).Except(replies), Is.Empty, bash.Output);
        Assert.That(notOffered.Split(' ').Intersect(replies), Is.Empty, bash.Output);
        Assert.That(replies, Is.Unique);
    }

    [TestCase("bash")]
    [TestCase("zsh")]
    [TestCase("pwsh")]
    public void Every_script_has_every_command_and_attribute(string shell)
    {
        string script = ToolRun.Judge("completion", ToolRun.Here("/nowhere").Text($"-j completion {shell}")).GetProperty("script").GetString()!;
        foreach (string word in new[] { "show", "numvfs", "vf set", "rate group add", "config walk", "completion", "max_tx_rate", "tx_share", "802.1ad", "--device" })
        {
            Assert.That(script, Does.Contain(word));
        }
    }
}
