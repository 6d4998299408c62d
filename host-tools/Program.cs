// The operator's command line. Its commands arrive with the management protocol; until then it can say what it is.
using System;
using System.CommandLine;
using System.Linq;
using System.Reflection;

namespace SmartNicFw.HostTools;

/// <summary>Exit codes: 0 done, 1 wrong usage.</summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        var version = new Command("version", "Print the version of this tool");
        version.SetAction(_ => Console.Out.WriteLine(
            $"smartnic {typeof(Program).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0]}"));
        var root = new RootCommand("Configures the virtual functions of a SmartNicFw endpoint") { version };
        ParseResult options = root.Parse(arguments);
        if (options.Errors.Count == 0)
        {
            return options.Invoke();
        }

        string wrong = options.UnmatchedTokens.Count > 0 ? $"'{options.UnmatchedTokens[0]}' is not understood" : "name a command";
        Console.Error.WriteLine($"smartnic: {wrong}; allowed: {string.Join(", ", root.Subcommands.Select(command => command.Name))}");
        return 1;
    }
}
