// The completion script for bash. Knows the command line only as nodes.
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;

namespace SmartNicFw.HostTools.Completion;

/// <summary>Needs bash 4 and nothing else: not the bash-completion package.</summary>
internal static class BashScript
{
    /// <summary>The script.</summary>
    public static string Of(IReadOnlyList<CommandNode> nodes, IReadOnlyList<string> valueOptions)
    {
        var script = new StringBuilder();
        script.Append("# bash completion of smartnic: eval \"$(smartnic completion bash)\", or put it into /etc/bash_completion.d\n");
        script.Append("_smartnic() {\n");
        script.Append("    local current=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD-1]}\"\n");
        script.Append("    local path=\"\" behind=0 at word words=\"\"\n");
        script.Append("    COMPREPLY=()\n");
        script.Append("    for ((at = 1; at < COMP_CWORD; at++)); do\n");
        script.Append("        word=\"${COMP_WORDS[at]}\"\n");
        script.Append("        case \"$word\" in\n");
        script.Append(CultureInfo.InvariantCulture, $"            {string.Join('|', valueOptions)}) ((at++)); continue ;;\n");
        script.Append("            -*) continue ;;\n");
        script.Append("        esac\n");
        script.Append("        case \"$path $word\" in\n");
        script.Append(CultureInfo.InvariantCulture, $"            {string.Join('|', nodes.Where(node => node.Path.Length > 0).Select(node => Quote(" " + node.Path)))}) path=\"$path $word\"; behind=0 ;;\n");
        script.Append("            *) ((behind++)) ;;\n");
        script.Append("        esac\n");
        script.Append("    done\n");
        script.Append("    case \"$previous\" in\n");
        script.Append("        -d|--device) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- \"$current\"); return ;;\n");
        script.Append(CultureInfo.InvariantCulture, $"        {string.Join('|', valueOptions.Where(option => option is not ("-d" or "--device")))}) return ;;\n");
        script.Append("    esac\n");
        script.Append("    case \"$path\" in\n");
        foreach (CommandNode node in nodes)
        {
            Append(script, node);
        }

        script.Append("    esac\n");
        script.Append("    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n");
        script.Append("}\n");
        script.Append("complete -F _smartnic smartnic\n");
        return script.ToString();
    }

    private static void Append(StringBuilder script, CommandNode node)
    {
        string path = node.Path.Length == 0 ? "" : " " + node.Path;
        string words = string.Join(' ', node.Words);
        if (node.Pairs.Count == 0)
        {
            script.Append(CultureInfo.InvariantCulture, $"        {Quote(path)}) words=\"{words}\" ;;\n");
            return;
        }

        // Behind a name comes its value; behind a value, or at the beginning, a name. "rate group add" has the group's name first.
        int first = node.Path.StartsWith("rate", System.StringComparison.Ordinal) ? 1 : 0;
        script.Append(CultureInfo.InvariantCulture, $"        {Quote(path)})\n");
        script.Append(CultureInfo.InvariantCulture, $"            if ((behind < {first})); then words=\"\"\n");
        script.Append(CultureInfo.InvariantCulture, $"            elif (((behind - {first}) % 2 == 0)); then words=\"{string.Join(' ', node.Pairs.Select(pair => pair.Name))} {words}\"\n");
        script.Append("            else case \"$previous\" in\n");
        foreach ((string name, IReadOnlyList<string> values) in node.Pairs.Where(pair => pair.Values.Count > 0))
        {
            script.Append(CultureInfo.InvariantCulture, $"                {name}) words=\"{string.Join(' ', values)}\" ;;\n");
        }

        script.Append("            esac; fi ;;\n");
    }

    private static string Quote(string text) => $"\"{text}\"";
}
