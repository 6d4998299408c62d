// A policy file for one endpoint: names become numbers, and what is not named becomes what it is after the first start.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using SmartNicFw.Hal.Regs;
using SmartNicFw.HostTools.Client;
using SmartNicFw.HostTools.Policy.Reading;
using SmartNicFw.HostTools.Vocabulary;

namespace SmartNicFw.HostTools.Policy;

/// <summary>
/// What the file wants, and where it says so. A group keeps the number under which the device has its name; others take the lowest free
/// ones in the order of the file.
/// </summary>
internal sealed class PolicyTarget
{
    /// <summary>A new group's weight.</summary>
    public const int NewWeight = 1;

    // Attributes that are one key each.
    private static readonly (PolicyKey Key, int Attribute)[] Plain =
    [
        (PolicyKey.Mac, ManagementAttributeKind.Mac),
        (PolicyKey.MaxTxRate, ManagementAttributeKind.MaxTxRate),
        (PolicyKey.MinTxRate, ManagementAttributeKind.MinTxRate),
        (PolicyKey.SpoofCheck, ManagementAttributeKind.SpoofCheck),
        (PolicyKey.Trust, ManagementAttributeKind.Trust),
        (PolicyKey.State, ManagementAttributeKind.LinkState),
        (PolicyKey.Weight, ManagementAttributeKind.Weight),
        (PolicyKey.Queues, ManagementAttributeKind.QueuePairs),
        (PolicyKey.Msix, ManagementAttributeKind.MsixVectors),
        (PolicyKey.Interrupts, ManagementAttributeKind.InterruptCeiling),
        (PolicyKey.Adaptive, ManagementAttributeKind.Adaptive),
    ];

    private readonly Dictionary<(int Function, int Attribute), TextPosition> _positions = [];
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal) { [RateGroupName.Port] = 0, [RateGroupName.None] = 0 };
    private readonly Dictionary<int, PolicySettings> _groups = [];
    private readonly PolicyDocument _document;

    private PolicyTarget(PolicyDocument document, PolicyState device)
    {
        _document = document;
        State = new PolicyState(device.Facts);
    }

    /// <summary>What the file wants.</summary>
    public PolicyState State { get; }

    /// <summary>Makes numbers of a document.</summary>
    /// <param name="device">What the device has: its facts, and the numbers of its groups.</param>
    /// <param name="faults">Receives what this endpoint cannot have; the target is not to be used then.</param>
    public static PolicyTarget Of(PolicyDocument document, PolicyState device, PolicyFaults faults)
    {
        var target = new PolicyTarget(document, device);
        if (target.CheckFunctions(faults) & target.NumberGroups(device, faults))
        {
            target.SetGroups();
            target.SetFunctions();
            GuaranteeRules.Check(document, device.Facts.EthernetMbps, faults);
        }

        return target;
    }

    /// <summary>Where the file says what an attribute of a function is to be, or who is nearest to blame.</summary>
    public TextPosition PositionOf(int function, int attribute) => _positions.GetValueOrDefault((function, attribute), TextPosition.Start);

    /// <summary>Where the file names a group, or a key of it.</summary>
    /// <param name="group">0 for the port.</param>
    /// <param name="key">Null for the group itself.</param>
    public TextPosition PositionOfGroup(int group, PolicyKey? key)
    {
        PolicySettings? settings = group == 0 ? _document.Port : _groups.GetValueOrDefault(group);
        return settings is null ? TextPosition.Start : key is null ? settings.Position : settings.PositionOf(key);
    }

    /// <summary>True for a group that is named by its number because it has no name.</summary>
    public static bool IsNumber(string name, out int number) =>
        int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number.ToString(CultureInfo.InvariantCulture) == name;

    /// <summary>What of a document with other faults this endpoint cannot have either.</summary>
    public static void CheckFunctions(PolicyDocument document, PolicyState device, PolicyFaults faults) =>
        _ = new PolicyTarget(document, device).CheckFunctions(faults);

    private bool CheckFunctions(PolicyFaults faults)
    {
        EndpointFacts facts = State.Facts;
        bool isThere = true;
        foreach ((FunctionRange range, PolicySettings settings) in _document.Functions)
        {
            if (range.Pf < facts.PhysicalFunctions && range.Last < facts.TotalVFs)
            {
                continue;
            }

            isThere = false;
            string pfs = facts.PhysicalFunctions == 1 ? "pf0" : $"pf0 to pf{facts.PhysicalFunctions - 1}";
            string vfs = facts.TotalVFs switch { 0 => "without VFs", 1 => "each with vf0", _ => $"each with vf0 to vf{facts.TotalVFs - 1}" };
            faults.Add(settings.Position, $"the endpoint has no {range}; it has {pfs}, {vfs}");
        }

        return isThere;
    }

    private bool NumberGroups(PolicyState device, PolicyFaults faults)
    {
        foreach ((string name, _) in _document.Groups)
        {
            if (IsNumber(name, out int number))
            {
                _numbers[name] = number;
            }
        }

        foreach ((int number, RateGroupInfo there) in device.Groups)
        {
            if (_document.Groups.Exists(group => group.Name == there.Name) && !_numbers.ContainsValue(number))
            {
                _ = _numbers.TryAdd(there.Name, number);
            }
        }

        // Numbers that are free, then those of groups that go: a group that takes one of them over is set anew.
        IEnumerable<int> numbers = Enumerable.Range(1, device.Facts.RateGroups).Except(_numbers.Values).OrderBy(device.Groups.ContainsKey);
        var free = new Queue<int>([.. numbers]);
        foreach ((string name, PolicySettings settings) in _document.Groups)
        {
            if (_numbers.TryGetValue(name, out int number) ? number > device.Facts.RateGroups : !free.TryDequeue(out number))
            {
                faults.Add(settings.Position, $"the endpoint has no room for group {name}: it has {device.Facts.RateGroups} groups");
                return false;
            }

            _numbers[name] = number;
        }

        return true;
    }

    private void SetGroups()
    {
        State.PortMax = (uint)_document.Port.ValueOf(PolicyKey.PortMax, 0);
        foreach ((string name, PolicySettings settings) in _document.Groups)
        {
            int number = _numbers[name];
            _groups[number] = settings;
            State.Groups[number] = new RateGroupInfo(
                number,
                IsNumber(name, out _) ? "" : name,
                _numbers[settings[PolicyKey.Parent]?.Text ?? RateGroupName.Port],
                (int)settings.ValueOf(PolicyKey.TxWeight, NewWeight),
                (uint)settings.ValueOf(PolicyKey.TxMax, 0),
                (uint)settings.ValueOf(PolicyKey.TxShare, 0),
                (int)settings.ValueOf(PolicyKey.TxPriority, 0));
        }
    }

    private void SetFunctions()
    {
        foreach ((FunctionRange range, PolicySettings settings) in _document.Pieces())
        {
            for (int vf = range.First; vf <= range.Last; vf++)
            {
                int function = State.Facts.IndexOf(range.Pf, vf);
                foreach ((PolicyKey key, int attribute) in Plain)
                {
                    Set(function, attribute, settings.ValueOf(key, State[function, attribute]), settings.PositionOf(key));
                }

                Set(function, ManagementAttributeKind.Vlan, VlanOf(settings), settings.PositionOf(PolicyKey.Vlan));
                string group = settings[PolicyKey.Group]?.Text ?? RateGroupName.Port;
                Set(function, ManagementAttributeKind.RateGroup, (ulong)_numbers[group], settings.PositionOf(PolicyKey.Group));
            }
        }
    }

    private void Set(int function, int attribute, ulong value, TextPosition position)
    {
        State[function, attribute] = value;
        _positions[(function, attribute)] = position;
    }

    private static ulong VlanOf(PolicySettings settings)
    {
        // A priority without a VLAN has no protocol.
        ulong id = settings.ValueOf(PolicyKey.Vlan, 0);
        ulong protocol = id == 0 ? 0 : settings.ValueOf(PolicyKey.Protocol, ManagementVlan.Ieee8021Q);
        return id | (settings.ValueOf(PolicyKey.Qos, 0) << ManagementVlan.PriorityShift) | (protocol << ManagementVlan.ProtocolShift);
    }
}
