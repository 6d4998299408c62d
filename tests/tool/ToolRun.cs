// Runs smartnic as a person or a script does, and judges its JSON by the schemas that it ships. Knows no device.
using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using NJsonSchema;
using NUnit.Framework;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Tool;

/// <summary>The program at one device.</summary>
internal sealed class ToolRun
{
    private static readonly ConcurrentDictionary<string, JsonSchema> Schemas = new();
    private readonly string[] _device;
    private readonly Dictionary<string, string> _environment;

    private readonly bool _isHere;

    private ToolRun(string[] device, Dictionary<string, string> environment, bool isHere = false) =>
        (_device, _environment, _isHere) = (device, environment, isHere);

    /// <summary>The program with a device named by option.</summary>
    public static ToolRun At(string device) => new(["--device", device], Plain());

    /// <summary>The program's code within this process, where there are many lines to try.</summary>
    public static ToolRun Here(string device) => new(["--device", device], [], isHere: true);

    /// <summary>The program on a host with this sysfs.</summary>
    /// <param name="device">Named by option, or null to be found.</param>
    public static ToolRun On(FakeSysfs sysfs, string? device = null)
    {
        Dictionary<string, string> environment = Plain();
        environment["SMARTNIC_SYSFS"] = sysfs.Root;
        return new ToolRun(device is null ? [] : ["--device", device], environment);
    }

    /// <summary>The same with a variable of the environment.</summary>
    public ToolRun With(string name, string value) => new(_device, new Dictionary<string, string>(_environment) { [name] = value });

    /// <summary>Runs a command line, with spaces between its words.</summary>
    public ProgramRun Run(string line)
    {
        string[] arguments = [.. _device, .. line.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
        if (!_isHere)
        {
            return ProgramRun.OfProduct("smartnic", _environment, arguments);
        }

        using var output = new StringWriter { NewLine = "\n" };
        using var errors = new StringWriter { NewLine = "\n" };
        int code = HostTools.Program.Run(arguments, output, errors);
        return new ProgramRun(code, output.ToString(), errors.ToString());
    }

    /// <summary>Runs a command that has to succeed, and gives what it printed.</summary>
    public string Text(string line)
    {
        ProgramRun run = Run(line);
        Assert.That(run.ExitCode, Is.Zero, $"{line}: {run.Errors}");
        Assert.That(run.Errors, Is.Empty, line);
        return run.Output;
    }

    /// <summary>Runs a command with -j that has to succeed, and gives the document after its schema has judged it.</summary>
    /// <param name="schema">Name of the schema's file.</param>
    public JsonElement Json(string schema, string line) => Judge(schema, Text("-j " + line));

    /// <summary>Runs a command that has to fail, as text and as JSON, which have to say the same.</summary>
    /// <returns>The line on standard error, without the program's name and its end.</returns>
    public string Failure(string line, int exitCode = 2)
    {
        ProgramRun text = Run(line);
        Assert.That(text.Output, Is.Empty, line);
        Assert.That(text.Errors, Does.StartWith("smartnic: ").And.EndsWith("\n"), line);
        Assert.That(text.Errors.Count(letter => letter == '\n'), Is.EqualTo(1), text.Errors);
        Assert.That(text.ExitCode, Is.EqualTo(exitCode), text.Errors);
        ProgramRun json = Run("-j " + line);
        JsonElement error = Judge("error", json.Output).GetProperty("error");
        string advice = error.GetProperty("advice").GetString()!;
        string said = text.Errors["smartnic: ".Length..^1];
        Assert.That(error.GetProperty("message").GetString() + (advice.Length > 0 ? "; " + advice : ""), Is.EqualTo(said));
        Assert.That(json.Errors, Is.Empty);
        Assert.That(json.ExitCode, Is.EqualTo(exitCode));
        return said;
    }

    /// <summary>Has a schema judge a document.</summary>
    public static JsonElement Judge(string schema, string document)
    {
        string[] errors = [.. Schemas.GetOrAdd(schema, Read).Validate(document).Select(error => error.ToString())];
        Assert.That(errors, Is.Empty, document);
        using var parsed = JsonDocument.Parse(document);
        return parsed.RootElement.Clone();
    }

    private static JsonSchema Read(string name) =>
        JsonSchema.FromFileAsync(Path.Combine(AppContext.BaseDirectory, "schemas", name + ".json")).GetAwaiter().GetResult();

    // What the machine that tests run on has set is no part of a test.
    private static Dictionary<string, string> Plain() => new() { ["SMARTNIC_DEVICE"] = "", ["SMARTNIC_SYSFS"] = "", ["COLUMNS"] = "", ["NO_COLOR"] = "" };
}
