// A small source for the gate: what its header expects of the gate, and the assembly it compiles to. Knows the compiler, no rule.
//
//   // expect: NANO014 Bad.Shift     a violation of that rule whose line contains the rest; one such line or more
//   // against: net                  compiled against .NET, where the profile stops the compiler before the gate could
//   // repeat 256: int v{0} = {0};   becomes 256 lines, {0} counting from 0
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace SmartNicFw.Tests.Gates;

/// <summary>One file of bad/ or good/.</summary>
internal sealed class GateSource
{
    private readonly string _text;

    private GateSource(string path)
    {
        Name = Path.GetFileNameWithoutExtension(path);
        string[] lines = File.ReadAllLines(path);
        Expected = [.. lines.Where(line => line.StartsWith("// expect: ", StringComparison.Ordinal)).Select(Expectation)];
        AgainstNet = lines.Contains("// against: net");
        _text = Expand(lines);
    }

    public string Name { get; }

    /// <summary>The rules to fire, and a part of the line each must print.</summary>
    public IReadOnlyList<(string Rule, string Fragment)> Expected { get; }

    public bool AgainstNet { get; }

    public static IEnumerable<GateSource> All(string folder) =>
        Directory.EnumerateFiles(Repository.File("tests", "gates", folder), "*.cs").Order(StringComparer.Ordinal).Select(path => new GateSource(path));

    /// <summary>Compiles as the nanoFramework leg does: C# 9, optimised; unsafe so that the gate has pointers to find.</summary>
    public byte[] Compile()
    {
        var options = new CSharpCompilationOptions(
            OutputKind.DynamicallyLinkedLibrary, optimizationLevel: OptimizationLevel.Release, allowUnsafe: true, deterministic: true);
        CSharpCompilation compilation = CSharpCompilation.Create(
            "Bad", [CSharpSyntaxTree.ParseText(_text, new CSharpParseOptions(LanguageVersion.CSharp9))], References(), options);
        using var assembly = new MemoryStream();
        Microsoft.CodeAnalysis.Emit.EmitResult result = compilation.Emit(assembly);
        if (!result.Success)
        {
            throw new InvalidOperationException(
                $"{Name} does not compile:\n" + string.Join('\n', result.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error).Take(5)));
        }

        return assembly.ToArray();
    }

    public override string ToString() => Name;

    private IEnumerable<MetadataReference> References()
    {
        IEnumerable<string> paths = AgainstNet
            ? ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Where(IsOfNet)
            : [Path.Combine(Repository.NanoLeg, "mscorlib.dll"), Path.Combine(Repository.NanoLeg, "nanoFramework.Runtime.Native.dll")];
        return paths.Select(path => MetadataReference.CreateFromFile(path));
    }

    private static bool IsOfNet(string path) => Path.GetFileName(path).StartsWith("System.", StringComparison.Ordinal);

    private static (string Rule, string Fragment) Expectation(string line)
    {
        string[] parts = line["// expect: ".Length..].Split(' ', 2);
        return (parts[0], parts[1]);
    }

    private static string Expand(string[] lines)
    {
        const string Repeat = "// repeat ";
        var text = new StringBuilder();
        foreach (string line in lines)
        {
            string trimmed = line.TrimStart();
            if (!trimmed.StartsWith(Repeat, StringComparison.Ordinal))
            {
                text.AppendLine(line);
                continue;
            }

            string[] parts = trimmed[Repeat.Length..].Split(": ", 2);
            int times = int.Parse(parts[0], CultureInfo.InvariantCulture);
            for (int i = 0; i < times; i++)
                text.AppendLine(parts[1].Replace("{0}", i.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));
        }

        return text.ToString();
    }
}
