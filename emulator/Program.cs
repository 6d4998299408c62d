// The emulator's command line: which commands there are, and how anything that goes wrong reaches a person.
using System;
using System.Collections.Generic;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.IO;
using System.Linq;
using SmartNicFw.Emulator.Commands;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Emulator.Net.Capture;

namespace SmartNicFw.Emulator;

/// <summary>Exit codes: 0 done, 1 wrong usage, 2 the endpoint or the host refused.</summary>
internal static class Program
{
    private const int WrongUsage = 1;
    private const int Refused = 2;

    private static int Main(string[] arguments)
    {
        var config = new Command("config", "Look at configuration space") { ConfigDumpCommand.Create() };
        var root = new RootCommand("The SmartNicFw endpoint on a desktop: the firmware, on emulated hardware")
        {
            DemoCommand.Create(),
            EnumerateCommand.Create(),
            PredictCommand.Create(),
            RunCommand.Create(),
            GuestCommand.Create(),
            config,
        };
        ParseResult options = root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (options.Errors.Count > 0)
        {
            return Fail(Explain(options), WrongUsage);
        }

        try
        {
            return options.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (UsageException wrong)
        {
            return Fail(wrong.Message, WrongUsage);
        }
        catch (CaptureException unreadable)
        {
            return Fail(unreadable.Message, WrongUsage);
        }
        catch (HostException refused)
        {
            return Fail(refused.Message, Refused);
        }
        catch (Exception unwritten) when (unwritten is IOException or UnauthorizedAccessException)
        {
            // Standard output is closed, or the disk behind it is full.
            return Fail(unwritten.Message, Refused);
        }
    }

    // One line that names what is wrong and what would be right.
    private static string Explain(ParseResult options)
    {
        Command command = options.CommandResult.Command;
        if (options.UnmatchedTokens.Count > 0)
        {
            IEnumerable<string> known = command.Subcommands.Select(sub => sub.Name).Concat(
                command.Options.Where(option => !option.Hidden).Select(option => option.Name));
            return $"'{options.UnmatchedTokens[0]}' is not understood here; allowed: {string.Join(", ", known)}";
        }

        if (command.Subcommands.Count > 0)
        {
            return $"name a command; allowed: {string.Join(", ", Paths(command, command is RootCommand ? "" : $"{command.Name} "))}";
        }

        return options.Errors[0].SymbolResult is OptionResult { Tokens.Count: 0 } option
            ? $"{option.Option.Name} takes a value: {option.Option.Description}"
            : options.Errors[0].Message;
    }

    private static IEnumerable<string> Paths(Command command, string prefix) => command.Subcommands.SelectMany(
        sub => sub.Subcommands.Count == 0 ? [prefix + sub.Name] : Paths(sub, $"{prefix}{sub.Name} "));

    private static int Fail(string message, int exitCode)
    {
        Console.Error.WriteLine($"emulator: {message}");
        return exitCode;
    }
}
