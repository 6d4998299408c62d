// Help with examples: what System.CommandLine prints of a command, and below it lines to type. Knows no command.
using System.Collections.Generic;
using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.IO;
using SmartNicFw.HostTools.Output;

namespace SmartNicFw.HostTools.Commands;

/// <summary>Examples of commands, by command.</summary>
internal sealed class ExampleHelp(HelpAction standard) : SynchronousCommandLineAction
{
    // Wider lines than this are hard to read.
    private const int WidestHelp = 120;
    private static readonly Dictionary<Command, string[]> Examples = [];

    /// <summary>Gives a command its examples.</summary>
    /// <returns>The command.</returns>
    public static Command With(Command command, params string[] examples)
    {
        Examples[command] = examples;
        return command;
    }

    /// <summary>The examples of a command; empty when it has none.</summary>
    public static IReadOnlyList<string> Of(Command command) => Examples.TryGetValue(command, out string[]? lines) ? lines : [];

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        standard.MaxWidth = int.Min(Terminal.Width, WidestHelp);
        int code = standard.Invoke(parseResult);
        TextWriter output = parseResult.InvocationConfiguration.Output;
        IReadOnlyList<string> lines = Of(parseResult.CommandResult.Command);
        if (lines.Count > 0)
        {
            output.WriteLine(lines.Count == 1 ? "Example:" : "Examples:");
            foreach (string line in lines)
            {
                output.WriteLine($"  {line}");
            }
        }

        return code;
    }
}
