// The gate is tried on sources that must fail and on sources that must pass, one file each in bad/ and good/.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using NUnit.Framework;

namespace SmartNicFw.Tests.Gates;

public sealed class GateTests
{
    private static readonly List<AssemblyImage> Profile =
    [
        AssemblyImage.Open(Path.Combine(Repository.NanoLeg, "mscorlib.dll")),
        AssemblyImage.Open(Path.Combine(Repository.NanoLeg, "nanoFramework.Runtime.Native.dll")),
    ];

    private static IEnumerable<TestCaseData> Bad() => GateSource.All("bad").Select(Case);

    private static IEnumerable<TestCaseData> Good() => GateSource.All("good").Select(Case);

    [OneTimeTearDown]
    public void CloseProfile() => Profile.ForEach(image => image.Dispose());

    [TestCaseSource(nameof(Bad))]
    public void A_bad_source_raises_its_own_rule_with_its_own_message_and_no_other(object file)
    {
        var source = (GateSource)file;
        Assert.That(source.Expected, Is.Not.Empty, "a bad source says what it expects");

        IReadOnlyList<GateViolation> violations = Violations(source);

        string report = string.Join('\n', violations);
        foreach ((string rule, string fragment) in source.Expected)
        {
            Assert.That(violations.Any(v => v.Rule == rule && v.ToString().Contains(fragment, StringComparison.Ordinal)), Is.True,
                $"{rule} with \"{fragment}\" is missing from:\n{report}");
        }

        List<string> rules = [.. source.Expected.Select(expected => expected.Rule).Distinct()];
        Assert.That(violations.Where(v => !rules.Contains(v.Rule) && !Unavoidable(source, v.Rule)), Is.Empty, report);

        // As many reports as the header has lines: one too few or one too many is a rule that sees wrong.
        Assert.That(violations.Count(v => !Unavoidable(source, v.Rule)),
            Is.EqualTo(source.Expected.Count(expected => !Unavoidable(source, expected.Rule))), report);
    }

    [TestCaseSource(nameof(Good))]
    public void A_good_source_raises_nothing(object file) => Assert.That(Violations((GateSource)file), Is.Empty);

    [Test]
    public void Every_rule_has_a_bad_source()
    {
        IEnumerable<string> covered = GateSource.All("bad").SelectMany(source => source.Expected).Select(expected => expected.Rule);
        Assert.That(GateRules.All.Except(covered), Is.Empty);
    }

    [Test]
    public void Every_expected_rule_exists()
    {
        IEnumerable<string> expected = GateSource.All("bad").SelectMany(source => source.Expected).Select(expected => expected.Rule);
        Assert.That(expected.Except(GateRules.All), Is.Empty);
    }

    private static IReadOnlyList<GateViolation> Violations(GateSource source)
    {
        using AssemblyImage image = AssemblyImage.From(source.Compile());
        return Gate.Check(image, Profile);
    }

    // Whatever is compiled against .NET references its core library, and types there that the profile does not declare.
    private static bool Unavoidable(GateSource source, string rule) =>
        source.AgainstNet && rule is GateRules.UnlistedAssembly or GateRules.UndeclaredMember;

    private static TestCaseData Case(GateSource source) => new TestCaseData(source).SetArgDisplayNames(source.Name);
}
