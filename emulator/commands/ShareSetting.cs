// What an operator writes for functions and groups, as an option or as a line. Knows the words, and no rule of policy.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using SmartNicFw.Firmware;
using SmartNicFw.Firmware.Config;
using SmartNicFw.Firmware.Management;
using SmartNicFw.Hal;
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.Emulator.Commands;

/// <summary>
/// Settings of a function or of a group, by key. What is not written stays as it is; a refusal of one setting leaves all as they were.
/// </summary>
internal sealed class ShareSetting
{
    /// <summary>What <c>--vf</c> takes.</summary>
    public const string FunctionForms = "FUNCTION:" + FunctionSettings + ", with commas between them";

    /// <summary>What <c>--group</c> takes.</summary>
    public const string GroupForms = "GROUP:weight=W,max=MBIT,min=MBIT,parent=GROUP, where port:max=MBIT limits the port";

    /// <summary>What a line is.</summary>
    public const string LineForms =
        "FUNCTION " + FunctionSettings + " [N], group GROUP weight=W max=MBIT min=MBIT "
        + "parent=GROUP [N], each at least one setting; FUNCTION is one of " + FunctionName.NumberForms + "; GROUP is a number or port";

    private const string FunctionSettings = "weight=W max=MBIT min=MBIT group=GROUP priority=P interrupts=I adaptive=on|off mac=ADDR vlan=ID qos=P "
        + "proto=802.1Q|802.1ad spoofchk=on|off trust=on|off state=auto|enable|disable queues=N msix=N";

    private const string PortName = "port";
    private const string On = "on";
    private const string Off = "off";
    private static readonly string[] States = ["auto", "enable", "disable"];
    private static readonly string[] Protocols = ["802.1Q", "802.1ad"];
    private static readonly string[] VlanKeys = ["vlan", "qos", "proto", "priority"];

    private static readonly Dictionary<string, int> Attributes = new()
    {
        ["mac"] = ManagementAttributeKind.Mac,
        ["max"] = ManagementAttributeKind.MaxTxRate,
        ["min"] = ManagementAttributeKind.MinTxRate,
        ["weight"] = ManagementAttributeKind.Weight,
        ["group"] = ManagementAttributeKind.RateGroup,
        ["interrupts"] = ManagementAttributeKind.InterruptCeiling,
        ["adaptive"] = ManagementAttributeKind.Adaptive,
        ["spoofchk"] = ManagementAttributeKind.SpoofCheck,
        ["trust"] = ManagementAttributeKind.Trust,
        ["state"] = ManagementAttributeKind.LinkState,
        ["queues"] = ManagementAttributeKind.QueuePairs,
        ["msix"] = ManagementAttributeKind.MsixVectors,
    };

    private static readonly string[] FunctionKeys = [.. Attributes.Keys, .. VlanKeys];
    private static readonly string[] GroupKeys = ["weight", "max", "min", "parent"];

    private readonly string _name;
    private readonly Dictionary<string, ulong> _values;
    private readonly int _pf;
    private readonly int _vf;
    private readonly int _group = FunctionNumbering.None;

    private ShareSetting(string name, int pf, int vf, Dictionary<string, ulong> values) => (_name, _pf, _vf, _values) = (name, pf, vf, values);

    private ShareSetting(int group, Dictionary<string, ulong> values) =>
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
        FunctionNumbering numbering = firmware.Numbering;
        if (!IsGroup && (_pf >= numbering.PhysicalFunctions || _vf >= numbering.TotalVFs))
        {
            return FunctionName.NotThere(_name, numbering.PhysicalFunctions, numbering.TotalVFs);
        }

        PolicyControl control = firmware.DataPath.Control;
        if (control.Begin(out uint transaction) != ManagementStatus.Ok)
        {
            return control.FaultText;
        }

        uint changes = 0;
        string? refusal = IsGroup ? ChangeGroup(control, ref changes) : ChangeFunction(control, IndexIn(numbering), ref changes);
        if (refusal is not null)
        {
            _ = control.Abort(transaction);
            return refusal;
        }

        return control.Commit(transaction, changes, false) == ManagementStatus.Ok ? null : control.FaultText;
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
        PolicyTable table = firmware.DataPath.Control.Table;
        uint vlan = table.Vlan[function];
        string protocol = vlan >> ManagementVlan.ProtocolShift == ManagementVlan.Ieee8021Ad ? Protocols[1] : Protocols[0];
        return $"{_name} has weight={policy.Weight(function)} max={policy.Limit(function)} min={policy.Guarantee(function)} "
            + $"group={NameOf(policy.GroupOf(function))} priority={policy.Priority(function)} "
            + $"interrupts={table.Ceiling[function]} adaptive={Switch(table, function, ManagementAttributeKind.Adaptive)} "
            + $"mac={MacText(table.Address(function))} vlan={vlan & ManagementVlan.IdMask} proto={protocol} "
            + $"spoofchk={Switch(table, function, ManagementAttributeKind.SpoofCheck)} trust={Switch(table, function, ManagementAttributeKind.Trust)} "
            + $"state={States[table.LinkState[function]]} queues={table.QueuePairs[function]} msix={table.MsixVectors[function]}";
    }

    private static string Switch(PolicyTable table, int function, int attribute) => table.Get(function, attribute) != 0 ? On : Off;

    private static string MacText(ulong mac) =>
        string.Join(':', Enumerable.Range(0, 6).Select(place => ((byte)(mac >> (8 * place))).ToString("x2", CultureInfo.InvariantCulture)));

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
    private static Dictionary<string, ulong>? Values(string[] words, string[] keys)
    {
        var values = new Dictionary<string, ulong>();
        foreach (string word in words)
        {
            int equals = Math.Max(0, word.IndexOf('=', StringComparison.Ordinal));
            string key = word[..equals];
            string text = word[Math.Min(word.Length, equals + 1)..];
            bool isValue = TryValue(key, text, out ulong value);
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

    private static bool TryValue(string key, string text, out ulong value)
    {
        switch (key)
        {
            case "group" or "parent":
                bool isGroup = TryGroup(text, out int group);
                value = (ulong)group;
                return isGroup;
            case "adaptive" or "spoofchk" or "trust":
                value = text == On ? 1UL : 0;
                return text is On or Off;
            case "state":
                return TryWord(States, text, out value);
            case "proto":
                return TryWord(Protocols, text, out value);
            case "mac":
                return TryMac(text, out value);
            default:
                bool isNumber = TryInt(text, out int number);
                value = (ulong)number;
                return isNumber;
        }
    }

    private static bool TryWord(string[] words, string text, out ulong value)
    {
        int place = Array.IndexOf(words, text);
        value = (ulong)Math.Max(0, place);
        return place >= 0;
    }

    // Six bytes with colons, as ip link writes them; the first of the wire lowest.
    private static bool TryMac(string text, out ulong mac)
    {
        mac = 0;
        string[] bytes = text.Split(':');
        for (int place = 0; place < bytes.Length; place++)
        {
            if (bytes.Length != 6 || bytes[place].Length != 2
                || !byte.TryParse(bytes[place], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value))
            {
                return false;
            }

            mac |= (ulong)value << (8 * place);
        }

        return true;
    }

    private static bool TryInt(string text, out int value) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);

    private static string NameOf(int group) => group == ArbitrationPolicy.Port ? PortName : $"{group}";

    private string? ChangeFunction(PolicyControl control, int function, ref uint changes)
    {
        foreach ((string key, ulong value) in _values)
        {
            if (Attributes.TryGetValue(key, out int attribute) && control.SetAttribute(function, attribute, value) != ManagementStatus.Ok)
            {
                return control.FaultText;
            }

            changes += Attributes.ContainsKey(key) ? 1u : 0;
        }

        return VlanKeys.Any(_values.ContainsKey) ? ChangeVlan(control, function, ref changes) : null;
    }

    // One attribute of four words: what is not written stays, but for the priority of a VLAN that goes.
    private string? ChangeVlan(PolicyControl control, int function, ref uint changes)
    {
        uint before = control.Table.Vlan[function];
        ulong vlan = Of("vlan", before & ManagementVlan.IdMask);
        ulong kept = vlan == 0 && _values.ContainsKey("vlan") ? 0 : (before & ManagementVlan.PriorityMask) >> ManagementVlan.PriorityShift;
        ulong priority = Of("priority", Of("qos", kept));
        if (priority > 7 || vlan > 4094)
        {
            return priority > 7 ? $"a priority is 0 to 7, not {priority}" : $"a VLAN is 1 to 4094, or 0 for none, not {vlan}";
        }

        bool isService = Of("proto", before >> ManagementVlan.ProtocolShift == ManagementVlan.Ieee8021Ad ? 1UL : 0) != 0;
        ulong protocol = vlan == 0 ? 0 : isService ? (ulong)ManagementVlan.Ieee8021Ad : ManagementVlan.Ieee8021Q;
        if (vlan == 0 && _values.ContainsKey("proto"))
        {
            return "a protocol is of a VLAN, and there is none";
        }

        changes++;
        ulong value = (protocol << ManagementVlan.ProtocolShift) | (priority << ManagementVlan.PriorityShift) | vlan;
        return control.SetAttribute(function, ManagementAttributeKind.Vlan, value) == ManagementStatus.Ok ? null : control.FaultText;
    }

    private string? ChangeGroup(PolicyControl control, ref uint changes)
    {
        var layout = new byte[ManagementRateGroup.Bytes];
        int fields = 0;
        LittleEndian.WriteU16(layout, ManagementRateGroup.GroupOffset, (ushort)Math.Min(_group, ushort.MaxValue));
        foreach ((string key, ulong value) in _values)
        {
            switch (key)
            {
                case "parent":
                    fields |= ManagementRateGroup.FieldsParentMask;
                    LittleEndian.WriteU16(layout, ManagementRateGroup.ParentOffset, (ushort)Math.Min(value, ushort.MaxValue));
                    break;
                case "weight":
                    fields |= ManagementRateGroup.FieldsWeightMask;
                    LittleEndian.WriteU16(layout, ManagementRateGroup.WeightOffset, (ushort)Math.Min(value, ushort.MaxValue));
                    break;
                case "max":
                    fields |= ManagementRateGroup.FieldsMaxTxRateMask;
                    LittleEndian.WriteU32(layout, ManagementRateGroup.MaxTxRateOffset, (uint)value);
                    break;
                default:
                    fields |= ManagementRateGroup.FieldsMinTxRateMask;
                    LittleEndian.WriteU32(layout, ManagementRateGroup.MinTxRateOffset, (uint)value);
                    break;
            }
        }

        LittleEndian.WriteU16(layout, ManagementRateGroup.FieldsOffset, (ushort)fields);
        bool isThere = _group < control.Table.Groups && control.Table.Exists[_group];
        changes++;
        return (isThere ? control.SetRateGroup(layout, 0) : control.AddRateGroup(layout, 0)) == ManagementStatus.Ok ? null : control.FaultText;
    }

    private int IndexIn(FunctionNumbering numbering) => _vf < 0 ? _pf : numbering.VirtualFunction(_pf, _vf);

    private ulong Of(string key, ulong otherwise) => _values.GetValueOrDefault(key, otherwise);
}
