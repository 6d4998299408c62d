// smartnic completion bash|zsh|pwsh: a script by which a shell completes this command line.
using System.CommandLine;
using System.Linq;
using System.Text.Json.Nodes;
using SmartNicFw.HostTools.Completion;
using SmartNicFw.HostTools.Failure;
using SmartNicFw.HostTools.Output;

namespace SmartNicFw.HostTools.Commands;

/// <summary>Made from the commands themselves, so that it cannot fall behind them.</summary>
internal static class CompletionCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(GlobalOptions global, RootCommand root)
    {
        var shell = new Argument<string>(CompletionShells.ArgumentName) { Description = string.Join(", ", CompletionShells.Names) };
        var command = new Command("completion", "Print a completion script for a shell") { shell };
        command.SetAction(options =>
        {
            string name = options.GetValue(shell)!;
            if (!CompletionShells.Names.Contains(name))
            {
                throw new UsageException($"there is no completion for '{name}'", Nearest.Advice(name, [.. CompletionShells.Names]));
            }

            string script = CompletionShells.Script(name, root);
            global.Printer(options).Print(
                new JsonObject { ["version"] = Printer.Version, ["shell"] = name, ["script"] = script },
                text => text.Write(script));
            return ToolException.Done;
        });
        return ExampleHelp.With(command, "eval \"$(smartnic completion bash)\"", "smartnic completion zsh > \"${fpath[1]}/_smartnic\"");
    }
}
