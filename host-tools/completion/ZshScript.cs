// The completion script for zsh. Knows the command line only as nodes.
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;

namespace SmartNicFw.HostTools.Completion;

/// <summary>Uses zsh's own compadd; works from a file named _smartnic in fpath and by eval.</summary>
internal static class ZshScript
{
    /// <summary>The script.</summary>
    public static string Of(IReadOnlyList<CommandNode> nodes, IReadOnlyList<string> valueOptions)
    {
        var script = new StringBuilder();
        script.Append("#compdef smartnic\n");
        script.Append("# zsh completion of smartnic: smartnic completion zsh > \"${fpath[1]}/_smartnic\", or eval \"$(smartnic completion zsh)\"\n");
        script.Append("_smartnic() {\n");
        script.Append("    local previous=\"${words[CURRENT-1]}\" where=\"\" word\n");
        script.Append("    local -i at behind=0\n");
        script.Append("    local -a offered\n");
        script.Append("    for ((at = 2; at < CURRENT; at++)); do\n");
        script.Append("        word=\"${words[at]}\"\n");
        script.Append("        case \"$word\" in\n");
        script.Append(CultureInfo.InvariantCulture, $"            ({string.Join('|', valueOptions)}) ((at++)); continue ;;\n");
        script.Append("            (-*) continue ;;\n");
        script.Append("        esac\n");
        script.Append("        case \"$where $word\" in\n");
        script.Append(CultureInfo.InvariantCulture, $"            ({string.Join('|', nodes.Where(node => node.Path.Length > 0).Select(node => Quote(" " + node.Path)))}) where=\"$where $word\"; behind=0 ;;\n");
        script.Append("            (*) ((behind++)) ;;\n");
        script.Append("        esac\n");
        script.Append("    done\n");
        script.Append("    case \"$previous\" in\n");
        script.Append("        (-d|--device) _files; return ;;\n");
        script.Append(CultureInfo.InvariantCulture, $"        ({string.Join('|', valueOptions.Where(option => option is not ("-d" or "--device")))}) return ;;\n");
        script.Append("    esac\n");
        script.Append("    case \"$where\" in\n");
        foreach (CommandNode node in nodes)
        {
            Append(script, node);
        }

        script.Append("    esac\n");
        script.Append("    compadd -- $offered\n");
        script.Append("}\n");
        script.Append("if [ \"${funcstack[1]}\" = \"_smartnic\" ]; then _smartnic \"$@\"; else compdef _smartnic smartnic; fi\n");
        return script.ToString();
    }

    private static void Append(StringBuilder script, CommandNode node)
    {
        string path = node.Path.Length == 0 ? "" : " " + node.Path;
        string words = string.Join(' ', node.Words);
        if (node.Pairs.Count == 0)
        {
            script.Append(CultureInfo.InvariantCulture, $"        ({Quote(path)}) offered=({words}) ;;\n");
            return;
        }

        int first = node.Path.StartsWith("rate", System.StringComparison.Ordinal) ? 1 : 0;
        script.Append(CultureInfo.InvariantCulture, $"        ({Quote(path)})\n");
        script.Append(CultureInfo.InvariantCulture, $"            if ((behind < {first})); then offered=()\n");
        script.Append(CultureInfo.InvariantCulture, $"            elif (((behind - {first}) % 2 == 0)); then offered=({string.Join(' ', node.Pairs.Select(pair => pair.Name))} {words})\n");
        script.Append("            else case \"$previous\" in\n");
        foreach ((string name, IReadOnlyList<string> values) in node.Pairs.Where(pair => pair.Values.Count > 0))
        {
            script.Append(CultureInfo.InvariantCulture, $"                ({name}) offered=({string.Join(' ', values)}) ;;\n");
        }

        script.Append("            esac; fi ;;\n");
    }

    private static string Quote(string text) => $"\"{text}\"";
}
