// The command line as a completion script needs it: which words may follow which. Knows no shell.
using System.Collections.Generic;
using System.CommandLine;
using System.Linq;
using SmartNicFw.HostTools.Vocabulary;

namespace SmartNicFw.HostTools.Completion;

/// <summary>One command.</summary>
/// <param name="Path">Its words with spaces between; empty for the program.</param>
/// <param name="Words">Commands below it, then its options.</param>
/// <param name="Pairs">Words that stand before a value behind it, again and again, each with the values that are words.</param>
internal sealed record CommandNode(string Path, IReadOnlyList<string> Words, IReadOnlyList<(string Name, IReadOnlyList<string> Values)> Pairs)
{
    private const string Help = "--help";

    /// <summary>All commands, each with the options that it has.</summary>
    public static IReadOnlyList<CommandNode> All(RootCommand root) => [.. Below(root, "", [])];

    /// <summary>Options that take a value: what follows is no command.</summary>
    public static IReadOnlyList<string> ValueOptions(RootCommand root) =>
        [.. AllOptions(root).Where(option => option.Arity.MinimumNumberOfValues > 0).SelectMany(Names).Distinct()];

    private static IEnumerable<CommandNode> Below(Command command, string path, IReadOnlyList<string> inherited)
    {
        string[] own = [.. command.Options.Where(option => !option.Hidden).Select(option => option.Name)];
        string[] passedOn = [.. inherited, .. command.Options.Where(option => option.Recursive && !option.Hidden).Select(option => option.Name)];
        string[] options = [.. own.Concat(inherited).Append(Help).Distinct()];
        string[] completions = [.. command.Arguments.Where(argument => argument.Name == CompletionShells.ArgumentName).SelectMany(_ => CompletionShells.Names)];
        yield return new CommandNode(path, [.. command.Subcommands.Select(sub => sub.Name), .. completions, .. options], PairsOf(path));
        foreach (Command sub in command.Subcommands)
        {
            foreach (CommandNode node in Below(sub, path.Length == 0 ? sub.Name : $"{path} {sub.Name}", passedOn))
            {
                yield return node;
            }
        }
    }

    private static IReadOnlyList<(string Name, IReadOnlyList<string> Values)> PairsOf(string path) => path switch
    {
        "vf set" => [.. AttributeWord.All.Select(word => (word.Name, word.Choices))],
        "rate group add" or "rate group set" => [.. RateGroupWords.All.Keys.Select(word => (word, (IReadOnlyList<string>)[]))],
        _ => [],
    };

    private static IEnumerable<Option> AllOptions(Command command) => command.Options.Concat(command.Subcommands.SelectMany(AllOptions));

    private static IEnumerable<string> Names(Option option) => option.Aliases.Prepend(option.Name);
}
