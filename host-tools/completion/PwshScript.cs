// The completion script for PowerShell. Knows the command line only as nodes.
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;

namespace SmartNicFw.HostTools.Completion;

/// <summary>Registers a native argument completer (PowerShell 7).</summary>
internal static class PwshScript
{
    /// <summary>The script.</summary>
    public static string Of(IReadOnlyList<CommandNode> nodes, IReadOnlyList<string> valueOptions)
    {
        var script = new StringBuilder();
        script.Append("# PowerShell completion of smartnic: smartnic completion pwsh | Out-String | Invoke-Expression, in $PROFILE\n");
        script.Append("Register-ArgumentCompleter -Native -CommandName smartnic -ScriptBlock {\n");
        script.Append("    param($wordToComplete, $commandAst, $cursorPosition)\n");
        script.Append("    $nodes = @{\n");
        foreach (CommandNode node in nodes)
        {
            script.Append(CultureInfo.InvariantCulture, $"        {Quote(node.Path)} = {List(node.Words)}\n");
        }

        script.Append("    }\n");
        script.Append("    $pairs = @{\n");
        foreach (CommandNode node in nodes.Where(node => node.Pairs.Count > 0))
        {
            IEnumerable<string> pairs = node.Pairs.Select(pair => $"{Quote(pair.Name)} = {List(pair.Values)}");
            script.Append(CultureInfo.InvariantCulture, $"        {Quote(node.Path)} = [ordered]@{{ {string.Join("; ", pairs)} }}\n");
        }

        script.Append("    }\n");
        script.Append(CultureInfo.InvariantCulture, $"    $valueOptions = {List(valueOptions)}\n");
        script.Append("    $path = ''; $behind = 0; $previous = ''; $skip = $false\n");
        script.Append("    $before = @($commandAst.CommandElements | Select-Object -Skip 1 | Where-Object { $_.Extent.EndOffset -lt $cursorPosition -or ($wordToComplete -eq '' -and $_.Extent.EndOffset -le $cursorPosition) } | ForEach-Object { $_.Extent.Text })\n");
        script.Append("    foreach ($word in $before) {\n");
        script.Append("        $previous = $word\n");
        script.Append("        if ($skip) { $skip = $false; continue }\n");
        script.Append("        if ($valueOptions -ccontains $word) { $skip = $true; continue }\n");
        script.Append("        if ($word.StartsWith('-')) { continue }\n");
        script.Append("        $longer = if ($path -eq '') { $word } else { \"$path $word\" }\n");
        script.Append("        if ($nodes.ContainsKey($longer)) { $path = $longer; $behind = 0 } else { $behind++ }\n");
        script.Append("    }\n");
        script.Append("    if ($skip) { return }\n");
        script.Append("    $words = $nodes[$path]\n");
        script.Append("    if ($pairs.ContainsKey($path)) {\n");
        script.Append("        $first = if ($path.StartsWith('rate')) { 1 } else { 0 }\n");
        script.Append("        if ($behind -lt $first) { $words = @() }\n");
        script.Append("        elseif (($behind - $first) % 2 -eq 0) { $words = @($pairs[$path].Keys) + $words }\n");
        script.Append("        else { $words = @($pairs[$path][$previous]) }\n");
        script.Append("    }\n");
        script.Append("    $words | Where-Object { $_ -and $_ -like \"$wordToComplete*\" } | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_) }\n");
        script.Append("}\n");
        return script.ToString();
    }

    private static string List(IEnumerable<string> words) => $"@({string.Join(", ", words.Select(Quote))})";

    private static string Quote(string text) => $"'{text}'";
}
