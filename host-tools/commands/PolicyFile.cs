// A policy file on the command line: opened, read, and, where it is wrong, told so as compilers do. Knows no rule of policies.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using SmartNicFw.HostTools.Failure;
using SmartNicFw.HostTools.Output;
using SmartNicFw.HostTools.Policy;
using SmartNicFw.HostTools.Policy.Reading;

namespace SmartNicFw.HostTools.Commands;

/// <summary>The file, and what is wrong with it.</summary>
internal sealed class PolicyFile
{
    private const string StandardInput = "-";

    private PolicyFile(string name, PolicyDocument document, PolicyFaults faults) => (Name, Document, Faults) = (name, document, faults);

    /// <summary>How it is named in messages.</summary>
    public string Name { get; }

    /// <summary>What it says; not to be used where it has faults.</summary>
    public PolicyDocument Document { get; }

    /// <summary>What is wrong with it.</summary>
    public PolicyFaults Faults { get; }

    /// <summary>Reads it.</summary>
    /// <param name="path">A path, or - for standard input.</param>
    /// <exception cref="UsageException">It cannot be opened.</exception>
    public static PolicyFile Read(string path)
    {
        var faults = new PolicyFaults();
        try
        {
            using Stream stream = path == StandardInput ? Console.OpenStandardInput() : File.OpenRead(path);
            byte[] bytes = PolicyText.Read(stream);
            return new PolicyFile(path == StandardInput ? "standard input" : path, PolicyReader.Read(bytes, faults), faults);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new UsageException($"{path} cannot be read: {unreadable.Message.TrimEnd('.')}", "name a policy file, or - for standard input");
        }
    }

    /// <summary>Says all that is wrong.</summary>
    /// <returns>The exit code.</returns>
    public int PrintFaults(Printer printer)
    {
        IReadOnlyList<PolicyFault> faults = Faults.Sorted;
        string summary = faults.Count + Faults.Unkept == 1 ? "1 fault" : $"{faults.Count + Faults.Unkept} faults";
        if (printer.IsJson)
        {
            printer.Print(new JsonObject
            {
                ["version"] = Printer.Version,
                ["error"] = new JsonObject
                {
                    ["kind"] = "file",
                    ["message"] = $"{Name} has {summary}",
                    ["advice"] = "nothing was changed",
                    ["faults"] = new JsonArray([.. faults.Select(fault => Json(fault))]),
                },
            });
            return ToolException.WrongUsage;
        }

        foreach (PolicyFault fault in faults)
        {
            Console.Error.WriteLine($"{Name}:{fault.Position.Line}:{fault.Position.Column}: {fault.Message}");
        }

        Console.Error.WriteLine($"smartnic: {Name} has {summary}; nothing was changed");
        return ToolException.WrongUsage;
    }

    private static JsonObject Json(PolicyFault fault) => new()
    {
        ["line"] = fault.Position.Line,
        ["column"] = fault.Position.Column,
        ["message"] = fault.Message,
    };
}
