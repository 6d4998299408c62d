// Where the repository is, from a test's point of view: found by walking up from the built tests. Knows no machine.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace SmartNicFw.Tests.Gates;

/// <summary>Files of the repository and of the built nanoFramework leg.</summary>
internal static partial class Repository
{
    /// <summary>The folder with SmartNicFw.sln.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The folder in which the build leaves the two profile assemblies and the two of the leg.</summary>
    public static string NanoLeg { get; } = Path.Combine(AppContext.BaseDirectory, "nano-leg");

    public static string File(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>What the globs of a sources.props yield, relative to its folder, with forward slashes, in ordinal order.</summary>
    public static IReadOnlyList<string> Sources(string project)
    {
        const string Here = "$(MSBuildThisFileDirectory)";
        string folder = File(project);
        return
        [
            .. XDocument.Load(Path.Combine(folder, "sources.props")).Descendants()
                .Select(element => (string?)element.Attribute("Include"))
                .Where(include => include is not null && include.StartsWith(Here, StringComparison.Ordinal))
                .SelectMany(include => Glob(folder, include![Here.Length..]))
                .Order(StringComparer.Ordinal),
        ];
    }

    /// <summary>Whether a source has a conditional or defines a symbol for one.</summary>
    public static bool IsConditional(string source) => ConditionalDirective().IsMatch(source);

    // "*.cs" and "folder/**/*.cs", which is all that a sources.props writes.
    private static IEnumerable<string> Glob(string folder, string pattern)
    {
        string[] parts = pattern.Split('/');
        string start = parts.Length == 1 ? folder : Path.Combine(folder, parts[0]);
        if (parts.Length is not (1 or 3) || parts[^1] != "*.cs" || (parts.Length == 3 && parts[1] != "**"))
            throw new NotSupportedException($"sources.props has a glob this test cannot follow: {pattern}");
        if (!Directory.Exists(start))
            return [];
        SearchOption depth = parts.Length == 1 ? SearchOption.TopDirectoryOnly : SearchOption.AllDirectories;
        return Directory.EnumerateFiles(start, "*.cs", depth).Select(path => Path.GetRelativePath(folder, path).Replace('\\', '/'));
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (System.IO.File.Exists(Path.Combine(folder.FullName, "SmartNicFw.sln")))
                return folder.FullName;
        }

        throw new DirectoryNotFoundException("SmartNicFw.sln is in no folder above the built tests.");
    }

    [GeneratedRegex(@"^\s*#\s*(if|elif|else|endif|define|undef)\b", RegexOptions.Multiline)]
    private static partial Regex ConditionalDirective();
}
