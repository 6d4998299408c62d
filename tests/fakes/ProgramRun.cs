// Runs a program to its end and keeps what it said.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using NUnit.Framework;

namespace SmartNicFw.Tests.Fakes;

/// <summary>What a program said and how it ended.</summary>
internal sealed record ProgramRun(int ExitCode, string Output, string Errors)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    /// <summary>Runs one of the product's programs, as it lies beside the tests.</summary>
    /// <param name="assembly">Name of its assembly: emulator or smartnic.</param>
    public static ProgramRun OfProduct(string assembly, params string[] arguments) =>
        Of("dotnet", [Path.Combine(TestContext.CurrentContext.TestDirectory, assembly + ".dll"), .. arguments]);

    /// <summary>Runs one of the product's programs with variables of the environment set; an empty value takes one away.</summary>
    public static ProgramRun OfProduct(string assembly, IReadOnlyDictionary<string, string> environment, params string[] arguments) =>
        Of(Limit, environment, "dotnet", [Path.Combine(TestContext.CurrentContext.TestDirectory, assembly + ".dll"), .. arguments]);

    /// <summary>Runs any program.</summary>
    public static ProgramRun Of(string program, params string[] arguments) => Of(Limit, program, arguments);

    /// <summary>Runs a program that may take longer, or less.</summary>
    public static ProgramRun Of(TimeSpan limit, string program, params string[] arguments) =>
        Of(limit, new Dictionary<string, string>(), program, arguments);

    private static ProgramRun Of(TimeSpan limit, IReadOnlyDictionary<string, string> environment, string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value.Length > 0 ? value : null;
        }

        using Process process = Process.Start(start)!;
        System.Threading.Tasks.Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        if (!process.WaitForExit(limit))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{program} {string.Join(' ', arguments)} did not end within {limit.TotalSeconds} s");
        }

        return new ProgramRun(process.ExitCode, output, errors.Result);
    }
}
