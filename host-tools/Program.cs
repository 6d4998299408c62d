// The operator's command line: which commands there are, and how anything that goes wrong reaches a person or a program.
using System;
using System.Collections.Generic;
using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using System.IO;
using System.Linq;
using SmartNicFw.HostTools.Commands;
using SmartNicFw.HostTools.Failure;
using SmartNicFw.HostTools.Output;

namespace SmartNicFw.HostTools;

/// <summary>Exit codes: 0 done, 1 wrong usage, 2 refused, or the device cannot be reached.</summary>
internal static class Program
{
    private static int Main(string[] arguments) => Run(arguments, Console.Out, Console.Error);

    /// <summary>Carries out a command line.</summary>
    /// <param name="output">Receives the result.</param>
    /// <param name="errors">Receives the one line of a failure, unless JSON was asked for.</param>
    /// <returns>The exit code.</returns>
    internal static int Run(string[] arguments, TextWriter output, TextWriter errors)
    {
        try
        {
            return Try(arguments, output, errors);
        }
        catch (Exception fault)
        {
            // Ours, whatever was typed and whatever a device sent: a person is told so in one line, not by a trace.
            errors.WriteLine($"smartnic: this is a fault of smartnic itself: {fault.GetType().Name}: {fault.Message.ReplaceLineEndings(" ")}");
            return ToolException.NotDone;
        }
    }

    private static int Try(string[] arguments, TextWriter output, TextWriter errors)
    {
        var global = new GlobalOptions(output);
        RootCommand root = Root(global);
        ParseResult options = root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        try
        {
            return options.Errors.Count > 0 && options.Action is not ExampleHelp
                ? throw Explain(options)
                : options.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, Output = output, Error = errors });
        }
        catch (ToolException failure)
        {
            return Fail(global.Printer(options), errors, failure);
        }
        catch (Exception unwritten) when (unwritten is IOException or UnauthorizedAccessException)
        {
            // Standard output is closed, or the disk behind it is full: only standard error is left.
            errors.WriteLine($"smartnic: {unwritten.Message}");
            return ToolException.NotDone;
        }
    }

    /// <summary>The whole command line.</summary>
    internal static RootCommand Root(GlobalOptions global)
    {
        var root = new RootCommand("Configures the virtual functions of a SmartNicFw endpoint")
        {
            ShowCommand.Create(global),
            NumVFsCommand.Create(global),
            VfCommand.Create(global),
            RateGroupCommand.Create(global),
            ConfigCommand.Create(global),
            TraceCommand.Create(global),
            VersionCommand.Create(global),
        };
        global.AddTo(root);
        root.Subcommands.Add(CompletionCommand.Create(global, root));
        foreach (Option option in root.Options)
        {
            if (option is HelpOption { Action: HelpAction standard } help)
            {
                help.Action = new ExampleHelp(standard);
            }
        }

        ExampleHelp.With(root, "smartnic --device /run/endpoint.sock show", "smartnic --device 01:00.0 vf 3 set max_tx_rate 500");
        return root;
    }

    private static int Fail(Printer printer, TextWriter errors, ToolException failure)
    {
        if (printer.IsJson)
        {
            printer.Print(Printer.Failure(failure));
        }
        else
        {
            errors.WriteLine($"smartnic: {failure.Message}");
        }

        return failure.ExitCode;
    }

    // What is wrong, and what would be right.
    private static UsageException Explain(ParseResult options)
    {
        Command command = options.CommandResult.Command;
        if (options.UnmatchedTokens.Count > 0)
        {
            string[] known =
            [
                .. command.Subcommands.Select(sub => sub.Name),
                .. Options(options).Where(option => !option.Hidden).Select(option => option.Name).Distinct(),
            ];
            return new UsageException($"'{options.UnmatchedTokens[0]}' is not understood here", Nearest.Advice(options.UnmatchedTokens[0], known));
        }

        if (command.Subcommands.Count > 0)
        {
            return new UsageException("name a command", $"allowed: {string.Join(", ", Paths(command, command is RootCommand ? "" : $"{command.Name} "))}");
        }

        return options.Errors[0].SymbolResult switch
        {
            OptionResult { Tokens.Count: 0 } option => new UsageException($"{option.Option.Name} takes a value", option.Option.Description!),
            ArgumentResult { Tokens.Count: 0 } argument => new UsageException($"name {argument.Argument.Name}", argument.Argument.Description!),
            _ => new UsageException(options.Errors[0].Message.TrimEnd('.')),
        };
    }

    // Those of the command, and those that the commands above it give to all below.
    private static IEnumerable<Option> Options(ParseResult options)
    {
        for (SymbolResult? result = options.CommandResult; result is not null; result = result.Parent)
        {
            if (result is CommandResult level)
            {
                foreach (Option option in level.Command.Options.Where(option => option.Recursive || level == options.CommandResult))
                {
                    yield return option;
                }
            }
        }
    }

    private static IEnumerable<string> Paths(Command command, string prefix) => command.Subcommands.SelectMany(
        sub => sub.Subcommands.Count == 0 ? [prefix + sub.Name] : Paths(sub, $"{prefix}{sub.Name} "));
}
