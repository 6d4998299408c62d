// The nanoFramework project files beside the sources list every file and version by hand, as that project system wants it:
// these tests keep them in step with sources.props and Directory.Packages.props. UPDATE_GOLDEN=1 rewrites the lists.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using NUnit.Framework;

namespace SmartNicFw.Tests.Gates;

public sealed partial class NanoProjectTests
{
    private static readonly XNamespace MsBuild = "http://schemas.microsoft.com/developer/msbuild/2003";

    [TestCase("hal", "SmartNicFw.Hal.nfproj")]
    [TestCase("firmware", "SmartNicFw.Firmware.nfproj")]
    public void A_nano_project_lists_every_source_of_its_folder(string project, string file)
    {
        string path = Repository.File(project, file);
        List<string> wanted = [.. Repository.Sources(project).Select(source => source.Replace('/', '\\'))];
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
            Rewrite(path, wanted);

        List<string> listed = [.. XDocument.Load(path).Descendants(MsBuild + "Compile").Select(item => (string)item.Attribute("Include")!)];
        string difference = string.Join('\n', wanted.Except(listed).Select(source => "add:    " + Line(source))
            .Concat(listed.Except(wanted).Select(source => "remove: " + Line(source))));
        Assert.That(difference, Is.Empty, $"{file} is out of step with {project}/sources.props; UPDATE_GOLDEN=1 rewrites it:\n{difference}");
        Assert.That(listed, Is.EqualTo(wanted), "in ordinal order, each once");
    }

    [TestCase("hal", "SmartNicFw.Hal.nfproj")]
    [TestCase("firmware", "SmartNicFw.Firmware.nfproj")]
    public void A_nano_project_uses_the_central_package_versions(string project, string file)
    {
        Dictionary<string, string> central = XDocument.Load(Repository.File("Directory.Packages.props"))
            .Descendants("PackageVersion")
            .ToDictionary(item => (string)item.Attribute("Include")!, item => (string)item.Attribute("Version")!);
        List<(string Id, string Version)> packages =
        [
            .. XDocument.Load(Repository.File(project, "packages.config")).Descendants("package")
                .Select(item => ((string)item.Attribute("id")!, (string)item.Attribute("version")!)),
        ];
        Assert.That(packages.Select(package => package.Id), Is.EquivalentTo(central.Keys.Where(id => id.StartsWith("nanoFramework.", StringComparison.Ordinal))));
        Assert.That(packages.Where(package => central[package.Id] != package.Version), Is.Empty);

        IEnumerable<string> hints = XDocument.Load(Repository.File(project, file)).Descendants(MsBuild + "HintPath").Select(hint => hint.Value);
        Assert.That(hints.Select(hint => hint.Split('\\')[2]), Is.EquivalentTo(packages.Select(package => $"{package.Id}.{package.Version}")));
    }

    private static void Rewrite(string path, IEnumerable<string> sources)
    {
        string list = string.Concat(sources.Select(source => "    " + Line(source) + "\n"));
        string text = File.ReadAllText(path);
        File.WriteAllText(path, SourceGroup().Replace(text, match => match.Groups[1].Value + list + match.Groups[2].Value, 1));
    }

    private static string Line(string source) => $"<Compile Include=\"{source}\" />";

    [GeneratedRegex("(<ItemGroup Label=\"sources\">\n)[\\s\\S]*?(  </ItemGroup>)")]
    private static partial Regex SourceGroup();
}
