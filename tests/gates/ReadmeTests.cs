// The README, held to what is there: the places it names exist, and CI runs its commands.
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using NUnit.Framework;

namespace SmartNicFw.Tests.Gates;

public sealed partial class ReadmeTests
{
    private static readonly string Text = File.ReadAllText(Repository.File("README.md"));

    [Test]
    public void Every_folder_of_the_floor_plan_exists()
    {
        string[] folders = [.. Folder().Matches(Text).Select(match => match.Groups[1].Value).Distinct()];

        Assert.That(folders, Has.Length.GreaterThan(10));
        foreach (string folder in folders)
        {
            bool isThere = Directory.Exists(Repository.File(folder)) || Directory.Exists(Repository.File("tests", folder));
            Assert.That(isThere, Is.True, $"README names {folder}");
        }
    }

    [Test]
    public void Every_type_that_it_names_exists()
    {
        var types = new[] { typeof(Hal.LittleEndian), typeof(Firmware.FirmwareRuntime) }
            .SelectMany(type => type.Assembly.GetTypes()).Select(type => type.Name).ToHashSet();
        string[] named = [.. TypeName().Matches(Text).Select(match => match.Groups[1].Value).Where(name => name != "SmartNicFw").Distinct()];

        Assert.That(named, Has.Length.GreaterThan(8));
        Assert.That(named.Except(types), Is.Empty);
    }

    [Test]
    public void CI_runs_both_of_its_commands()
    {
        string[] commands = [.. Command().Matches(Text[..Text.IndexOf("## More to try", System.StringComparison.Ordinal)]).Select(match => match.Groups[1].Value)];
        string script = File.ReadAllText(Repository.File(".ci", "run"));

        Assert.That(commands, Has.Length.EqualTo(2));
        foreach (string command in commands)
        {
            Assert.That(script, Does.Contain(command));
        }
    }

    [Test]
    public void Every_proof_that_the_firmware_s_README_names_is_a_test()
    {
        string[] named = [.. TestName().Matches(File.ReadAllText(Repository.File("firmware", "README.md"))).Select(match => match.Groups[1].Value).Distinct()];
        var tests = typeof(ReadmeTests).Assembly.GetTypes().SelectMany(type => type.GetMethods()).Select(method => method.Name).ToHashSet();

        Assert.That(named, Has.Length.GreaterThan(15));
        Assert.That(named.Except(tests), Is.Empty);
    }

    [GeneratedRegex("`([A-Z][A-Za-z0-9]*_[A-Za-z0-9_]+)`")]
    private static partial Regex TestName();

    [GeneratedRegex("`([a-z/-]+/)`")]
    private static partial Regex Folder();

    [GeneratedRegex("`([A-Z][a-z]+[A-Z][A-Za-z]+)(\\.[A-Z][a-z]+)?`")]
    private static partial Regex TypeName();

    [GeneratedRegex("(?m)^    (dotnet .*)$")]
    private static partial Regex Command();
}
