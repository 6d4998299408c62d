// The shells that have a completion script, and where each one's is made.
using System.Collections.Generic;
using System.CommandLine;

namespace SmartNicFw.HostTools.Completion;

/// <summary>Scripts are static: they start no program while a person types.</summary>
internal static class CompletionShells
{
    /// <summary>Name of the argument that is a shell.</summary>
    public const string ArgumentName = "SHELL";

    /// <summary>The shells.</summary>
    public static IReadOnlyList<string> Names { get; } = ["bash", "zsh", "pwsh"];

    /// <summary>The script of a shell.</summary>
    /// <param name="shell">One of <see cref="Names"/>.</param>
    public static string Script(string shell, RootCommand root) => shell switch
    {
        "bash" => BashScript.Of(CommandNode.All(root), CommandNode.ValueOptions(root)),
        "zsh" => ZshScript.Of(CommandNode.All(root), CommandNode.ValueOptions(root)),
        _ => PwshScript.Of(CommandNode.All(root), CommandNode.ValueOptions(root)),
    };
}
