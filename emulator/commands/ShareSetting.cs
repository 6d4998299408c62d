// What an operator writes for shares, rates and interrupts, as an option or as a line. Knows the words, and no rule of the policies.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using SmartNicFw.Firmware;
using SmartNicFw.Firmware.Arbitration;
using SmartNicFw.Firmware.Config;
using SmartNicFw.Firmware.Interrupt;
using SmartNicFw.Firmware.Management;

namespace SmartNicFw.Emulator.Commands;

/// <summary>
/// Settings of a function or of a group, by key. What is not written stays as it is; a refusal of one setting leaves all as they were.
/// </summary>
internal sealed class ShareSetting
{
    /// <summary>What <c>--vf</c> takes.</summary>
    public const string FunctionForms = "FUNCTION:weight=W,max=MBIT,min=MBIT,group=GROUP,priority=P,interrupts=I,adaptive=on|off";

    /// <summary>What <c>--group</c> takes.</summary>
    public const string GroupForms = "GROUP:weight=W,max=MBIT,min=MBIT,parent=GROUP, where port:max=MBIT limits the port";

    /// <summary>What a line is.</summary>
    public const string LineForms =
        "FUNCTION weight=W max=MBIT min=MBIT group=GROUP priority=P interrupts=I adaptive=on|off [N], group GROUP weight=W max=MBIT min=MBIT "
        + "parent=GROUP [N], each at least one setting; FUNCTION is one of " + FunctionName.NumberForms + "; GROUP is a number or port";

    private const string PortName = "port";
    private const string On = "on";
    private const string Off = "off";
    private static readonly string[] FunctionKeys = ["weight", "max", "min", "group", "priority", "interrupts", "adaptive"];
    private static readonly string[] GroupKeys = ["weight", "max", "min", "parent"];

    private readonly string _name;
    private readonly Dictionary<string, int> _values;
    private readonly int _pf;
    private readonly int _vf;
    private readonly int _group = FunctionNumbering.None;

    private ShareSetting(string name, int pf, int vf, Dictionary<string, int> values) => (_name, _pf, _vf, _values) = (name, pf, vf, values);

    private ShareSetting(int group, Dictionary<string, int> values) =>
        (_name, _group, _values) = (group == ArbitrationPolicy.Port ? PortName : $"group {group}", group, values);

    private bool IsGroup => _group != FunctionNumbering.None;

    /// <summary>Reads an argument of <c>--vf</c>.</summary>
    /// <exception cref="UsageException">It is not understood.</exception>
    public static ShareSetting OfFunctionOption(string text)
    {
        (string name, string[] words) = Cut(text);
        return OfFunction(TryInt(name, out _) ? "vf" + name : name, words)
            ?? throw new UsageException(
                $"--vf is '{text}'; allowed: {FunctionForms}, each at most once; FUNCTION is N (a VF of pf0) or {FunctionName.NumberForms}");
    }

    /// <summary>Reads an argument of <c>--group</c>.</summary>
    /// <exception cref="UsageException">It is not understood.</exception>
    public static ShareSetting OfGroupOption(string text)
    {
        (string name, string[] words) = Cut(text);
        return OfGroup(name, words) ?? throw new UsageException($"--group is '{text}'; allowed: {GroupForms}, each at most once");
    }

    /// <summary>Reads the words of a line: a function or <c>group GROUP</c>, its settings, and the number of the endpoint.</summary>
    /// <param name="endpoint">Receives that number; 1 when there is none.</param>
    /// <returns>False when it is no such line.</returns>
    public static bool TryLine(string[] words, out ShareSetting? setting, out int endpoint)
    {
        endpoint = 1;
        bool isOf = words.Length > 0 && TryInt(words[^1], out endpoint) && words.Length > 2;
        endpoint = isOf ? endpoint : 1;
        ReadOnlySpan<string> rest = words.AsSpan(0, words.Length - (isOf ? 1 : 0));
        setting = rest.Length switch
        {
            > 2 when rest[0] == "group" => OfGroup(rest[1], rest[2..].ToArray()),
            > 1 when rest[0] != "group" => OfFunction(rest[0], rest[1..].ToArray()),
            _ => null,
        };
        return setting is not null;
    }

    /// <summary>Tells the policy.</summary>
    /// <returns>Null, or the one line with which it refuses; then nothing has changed.</returns>
    public string? Apply(FirmwareRuntime firmware)
    {
        ArbitrationPolicy policy = firmware.DataPath.Arbitration;
        if (IsGroup)
        {
            return ApplyToGroup(policy);
        }

        FunctionNumbering numbering = firmware.Numbering;
        if (_pf >= numbering.PhysicalFunctions || _vf >= numbering.TotalVFs)
        {
            return FunctionName.NotThere(_name, numbering.PhysicalFunctions, numbering.TotalVFs);
        }

        int function = IndexIn(numbering);
        int group = policy.GroupOf(function);
        int weight = policy.Weight(function);
        int least = policy.Guarantee(function);
        int most = policy.Limit(function);
        int priority = policy.Priority(function);
        InterruptPolicy interrupts = firmware.DataPath.Interrupts;
        int ceiling = interrupts.Ceiling(function);
        bool isAdaptive = interrupts.IsAdaptive(function);
        return AllOrNothing(
            (() => policy.SetGroup(function, Of("group", group)), () => policy.SetGroup(function, group)),
            (() => policy.SetRates(function, Of("min", least), Of("max", most)), () => policy.SetRates(function, least, most)),
            (() => policy.SetWeight(function, Of("weight", weight)), () => policy.SetWeight(function, weight)),
            (() => policy.SetPriority(function, Of("priority", priority)), () => policy.SetPriority(function, priority)),
            (() => interrupts.SetCeiling(function, Of("interrupts", ceiling)), () => interrupts.SetCeiling(function, ceiling)),
            (() => interrupts.SetAdaptive(function, Of("adaptive", isAdaptive ? 1 : 0) != 0), () => null));
    }

    /// <summary>The settings that are now in force, in one line.</summary>
    public string Describe(FirmwareRuntime firmware)
    {
        ArbitrationPolicy policy = firmware.DataPath.Arbitration;
        if (_group == ArbitrationPolicy.Port)
        {
            return $"{_name} has max={policy.GroupLimit(_group)}";
        }

        if (IsGroup)
        {
            return $"{_name} has weight={policy.GroupWeight(_group)} max={policy.GroupLimit(_group)} min={policy.GroupGuarantee(_group)} "
                + $"parent={NameOf(policy.ParentOf(_group))}";
        }

        int function = IndexIn(firmware.Numbering);
        return $"{_name} has weight={policy.Weight(function)} max={policy.Limit(function)} min={policy.Guarantee(function)} "
            + $"group={NameOf(policy.GroupOf(function))} priority={policy.Priority(function)} "
            + $"interrupts={firmware.DataPath.Interrupts.Ceiling(function)} adaptive={(firmware.DataPath.Interrupts.IsAdaptive(function) ? On : Off)}";
    }

    private static ShareSetting? OfFunction(string name, string[] words) =>
        FunctionName.TryNumber(name, out int pf, out int vf) && Values(words, FunctionKeys) is { } values
            ? new ShareSetting(name, pf, vf, values)
            : null;

    private static ShareSetting? OfGroup(string name, string[] words) =>
        TryGroup(name, out int group) && Values(words, GroupKeys) is { } values ? new ShareSetting(group, values) : null;

    private static (string Name, string[] Words) Cut(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? (text, []) : (text[..colon], text[(colon + 1)..].Split(','));
    }

    // Null when a word is no key with its kind of value, a key is there twice, or there is no word.
    private static Dictionary<string, int>? Values(string[] words, string[] keys)
    {
        var values = new Dictionary<string, int>();
        foreach (string word in words)
        {
            int equals = Math.Max(0, word.IndexOf('=', StringComparison.Ordinal));
            string key = word[..equals];
            string text = word[Math.Min(word.Length, equals + 1)..];
            int value;
            bool isValue = key switch
            {
                "group" or "parent" => TryGroup(text, out value),
                "adaptive" => TrySwitch(text, out value),
                _ => TryInt(text, out value),
            };
            if (!isValue || !keys.Contains(key) || !values.TryAdd(key, value))
            {
                return null;
            }
        }

        return values.Count == 0 ? null : values;
    }

    private static bool TryGroup(string text, out int group)
    {
        group = ArbitrationPolicy.Port;
        return text == PortName || TryInt(text, out group);
    }

    private static bool TrySwitch(string text, out int value)
    {
        value = text == On ? 1 : 0;
        return text is On or Off;
    }

    private static bool TryInt(string text, out int value) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);

    private static string NameOf(int group) => group == ArbitrationPolicy.Port ? PortName : $"{group}";

    // A step that is refused undoes those before it, last first: each state on the way back was allowed on the way there.
    private static string? AllOrNothing(params (Func<string?> Set, Func<string?> Undo)[] steps)
    {
        for (int step = 0; step < steps.Length; step++)
        {
            if (steps[step].Set() is not { } refusal)
            {
                continue;
            }

            while (--step >= 0)
            {
                _ = steps[step].Undo();
            }

            return refusal;
        }

        return null;
    }

    private string? ApplyToGroup(ArbitrationPolicy policy)
    {
        bool isNew = !policy.Exists(_group);
        if (isNew && policy.AddGroup(_group) is { } full)
        {
            return full;
        }

        int parent = policy.ParentOf(_group);
        int least = policy.GroupGuarantee(_group);
        int most = policy.GroupLimit(_group);
        bool moves = _values.ContainsKey("parent");
        bool weighs = _values.ContainsKey("weight");
        string? refusal = AllOrNothing(
            (() => moves ? policy.SetParent(_group, _values["parent"]) : null, () => moves ? policy.SetParent(_group, parent) : null),
            (() => policy.SetGroupRates(_group, Of("min", least), Of("max", most)), () => policy.SetGroupRates(_group, least, most)),
            (() => weighs ? policy.SetGroupWeight(_group, _values["weight"]) : null, () => null));
        if (refusal is not null && isNew)
        {
            _ = policy.RemoveGroup(_group);
        }

        return refusal;
    }

    private int IndexIn(FunctionNumbering numbering) => _vf < 0 ? _pf : numbering.VirtualFunction(_pf, _vf);

    private int Of(string key, int otherwise) => _values.GetValueOrDefault(key, otherwise);
}
