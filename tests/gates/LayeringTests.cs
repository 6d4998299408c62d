// Who may know whom, read from the built assemblies of both legs; and that neither leg's sources have a conditional.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection.Metadata;
using NUnit.Framework;

namespace SmartNicFw.Tests.Gates;

public sealed class LayeringTests
{
    // Each of ours, and what of ours it may reference.
    private static readonly Dictionary<string, string[]> Permitted = new()
    {
        ["SmartNicFw.Hal"] = [],
        ["SmartNicFw.Firmware"] = ["SmartNicFw.Hal"],
        ["emulator"] = ["SmartNicFw.Hal", "SmartNicFw.Firmware"],
        ["smartnic"] = ["SmartNicFw.Hal"],
    };

    private static readonly string[] Ours = [.. Permitted.Keys, "SmartNicFw.Tests", "benchmarks"];

    [TestCase("SmartNicFw.Hal")]
    [TestCase("SmartNicFw.Firmware")]
    [TestCase("emulator")]
    [TestCase("smartnic")]
    public void An_assembly_of_the_net_leg_references_only_what_its_layer_permits(string assembly) =>
        Assert.That(ForbiddenEdges(assembly, References(Path.Combine(AppContext.BaseDirectory, assembly + ".dll"))), Is.Empty);

    [TestCase("SmartNicFw.Hal")]
    [TestCase("SmartNicFw.Firmware")]
    public void An_assembly_of_the_nano_leg_references_only_what_its_layer_permits(string assembly) =>
        Assert.That(ForbiddenEdges(assembly, References(Path.Combine(Repository.NanoLeg, assembly + ".dll"))), Is.Empty);

    [Test]
    public void An_edge_against_the_flow_is_found()
    {
        Assert.That(ForbiddenEdges("SmartNicFw.Hal", ["mscorlib", "SmartNicFw.Firmware"]), Is.EqualTo(new[] { "SmartNicFw.Firmware" }));
        Assert.That(ForbiddenEdges("smartnic", ["SmartNicFw.Hal", "emulator"]), Is.EqualTo(new[] { "emulator" }));
        Assert.That(ForbiddenEdges("emulator", ["System.Runtime", "SmartNicFw.Hal"]), Is.Empty);
    }

    [TestCase("hal")]
    [TestCase("firmware")]
    public void Sources_of_two_legs_have_no_conditional(string project)
    {
        IReadOnlyList<string> sources = Repository.Sources(project);
        Assert.That(sources, Is.Not.Empty);
        Assert.That(sources.Where(source => Repository.IsConditional(File.ReadAllText(Repository.File(project, source)))), Is.Empty);
    }

    [TestCase("#if NANO\n", true)]
    [TestCase("class C\n{\n    # if DEBUG\n", true)]
    [TestCase("#define X\n", true)]
    [TestCase("#pragma warning disable\n// #if only spoken of\n", false)]
    public void A_conditional_is_recognised(string source, bool conditional) =>
        Assert.That(Repository.IsConditional(source), Is.EqualTo(conditional));

    private static IEnumerable<string> ForbiddenEdges(string assembly, IEnumerable<string> references) =>
        references.Where(reference => Ours.Contains(reference) && !Permitted[assembly].Contains(reference));

    private static string[] References(string path)
    {
        using AssemblyImage image = AssemblyImage.Open(path);
        MetadataReader metadata = image.Metadata;
        return [.. metadata.AssemblyReferences.Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name))];
    }
}
