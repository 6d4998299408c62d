// What has to change so that a device has what a file wants: the fewest changes, in an order in which a person would make them.
using System;
using System.Collections.Generic;
using System.Linq;
using SmartNicFw.Hal.Regs;
using SmartNicFw.HostTools.Client;
using SmartNicFw.HostTools.Policy.Reading;
using SmartNicFw.HostTools.Vocabulary;

namespace SmartNicFw.HostTools.Policy;

/// <summary>
/// Groups come first, parents before those within them; then functions; then groups go, those within before their parents. The device
/// judges the whole, so that the order matters to who reads it only.
/// </summary>
internal static class PolicyDifference
{
    private const string None = "none";
    private static readonly RateGroupInfo New = new(0, "", 0, PolicyTarget.NewWeight, 0, 0, 0);

    /// <summary>Keys of a function with the number of the attribute that keeps it; qos and proto are part of vlan's.</summary>
    public static readonly IReadOnlyList<(int Attribute, PolicyKey Key)> FunctionAttributes =
    [
        (ManagementAttributeKind.Mac, PolicyKey.Mac),
        (ManagementAttributeKind.Vlan, PolicyKey.Vlan),
        (ManagementAttributeKind.MaxTxRate, PolicyKey.MaxTxRate),
        (ManagementAttributeKind.MinTxRate, PolicyKey.MinTxRate),
        (ManagementAttributeKind.SpoofCheck, PolicyKey.SpoofCheck),
        (ManagementAttributeKind.Trust, PolicyKey.Trust),
        (ManagementAttributeKind.LinkState, PolicyKey.State),
        (ManagementAttributeKind.Weight, PolicyKey.Weight),
        (ManagementAttributeKind.QueuePairs, PolicyKey.Queues),
        (ManagementAttributeKind.MsixVectors, PolicyKey.Msix),
        (ManagementAttributeKind.RateGroup, PolicyKey.Group),
        (ManagementAttributeKind.InterruptCeiling, PolicyKey.Interrupts),
        (ManagementAttributeKind.Adaptive, PolicyKey.Adaptive),
    ];

    /// <summary>Compares.</summary>
    /// <param name="device">What the device has.</param>
    /// <param name="target">What the file wants, made for this device.</param>
    public static IReadOnlyList<PolicyChange> Of(PolicyState device, PolicyTarget target)
    {
        var changes = new List<PolicyChange>();
        AddPort(device, target, changes);
        foreach (int number in DeepestFirst(target.State).Reverse())
        {
            AddGroup(device, target, number, changes);
        }

        for (int function = 0; function < device.Facts.Functions; function++)
        {
            AddFunction(device, target, function, changes);
        }

        changes.AddRange(DeepestFirst(device).Where(group => !target.State.Groups.ContainsKey(group))
            .Select(gone => new GroupRemoval(gone, device.NameOf(gone))));
        return changes;
    }

    /// <summary>An attribute of a function in one piece, as a person reads it.</summary>
    public static string Write(PolicyState state, PolicyKey key, ulong value)
    {
        if (key == PolicyKey.Vlan)
        {
            return WriteVlan((uint)value);
        }

        return key == PolicyKey.Group ? (value == 0 ? None : state.NameOf((int)value))
            : key == PolicyKey.Mac && value == 0 ? "the device's own"
            : value == 0 && (key.Form == PolicyValueForm.Rate || key == PolicyKey.Interrupts) ? None
            : PolicyValue.Write(key, value);
    }

    private static string WriteVlan(uint vlan)
    {
        uint qos = (vlan & ManagementVlan.PriorityMask) >> ManagementVlan.PriorityShift;
        uint protocol = vlan >> ManagementVlan.ProtocolShift;
        return vlan == 0
            ? None
            : ((vlan & ManagementVlan.IdMask) == 0 ? "" : $"{vlan & ManagementVlan.IdMask}")
                + (qos == 0 ? "" : (vlan & ManagementVlan.IdMask) == 0 ? $"{PolicyKey.Qos.Name} {qos}" : $" {PolicyKey.Qos.Name} {qos}")
                + (protocol is 0 or ManagementVlan.Ieee8021Q ? "" : $" {PolicyKey.Protocol.Name} {PolicyValue.Write(PolicyKey.Protocol, protocol)}");
    }

    private static string WriteRate(uint mbps) => mbps == 0 ? None : RateText.Write(mbps);

    private static void AddPort(PolicyState device, PolicyTarget target, List<PolicyChange> changes)
    {
        // A limit that is the port's speed is none.
        uint wanted = target.State.PortMax == device.Facts.EthernetMbps ? 0 : target.State.PortMax;
        uint has = device.PortMax == device.Facts.EthernetMbps ? 0 : device.PortMax;
        if (wanted != has)
        {
            changes.Add(new GroupChange(
                false, new RateGroupChange(0) { MaxTxRate = wanted }, RateGroupName.Port,
                [new PolicyStep(PolicyKey.PortMax.Name, WriteRate(has), WriteRate(wanted))], target.PositionOfGroup(0, PolicyKey.PortMax)));
        }
    }

    private static void AddGroup(PolicyState device, PolicyTarget target, int number, List<PolicyChange> changes)
    {
        RateGroupInfo wanted = target.State.Groups[number];
        bool isThere = device.Groups.TryGetValue(number, out RateGroupInfo? there);
        RateGroupInfo has = there ?? New;
        var steps = new List<PolicyStep>();
        PolicyKey? first = null;
        bool Differs(bool isSame, PolicyKey? key, string name, string from, string to)
        {
            if (!isSame)
            {
                first ??= key;
                steps.Add(new PolicyStep(name, from, to));
            }

            return !isSame;
        }

        bool isRenamed = isThere && Differs(has.Name == wanted.Name, null, "name", RateGroupName.Of(has), RateGroupName.Of(wanted));
        bool moves = Differs(
            has.Parent == wanted.Parent, PolicyKey.Parent, PolicyKey.Parent.Name, device.NameOf(has.Parent), target.State.NameOf(wanted.Parent));
        bool isGuaranteed = Differs(
            has.MinTxRate == wanted.MinTxRate, PolicyKey.TxShare, PolicyKey.TxShare.Name, WriteRate(has.MinTxRate), WriteRate(wanted.MinTxRate));
        bool isLimited = Differs(
            has.MaxTxRate == wanted.MaxTxRate, PolicyKey.TxMax, PolicyKey.TxMax.Name, WriteRate(has.MaxTxRate), WriteRate(wanted.MaxTxRate));
        bool isClassed = Differs(
            has.Priority == wanted.Priority, PolicyKey.TxPriority, PolicyKey.TxPriority.Name, $"{has.Priority}", $"{wanted.Priority}");
        bool isWeighed = Differs(
            has.Weight == wanted.Weight, PolicyKey.TxWeight, PolicyKey.TxWeight.Name, $"{has.Weight}", $"{wanted.Weight}");
        if (isThere && steps.Count == 0)
        {
            return;
        }

        var change = new RateGroupChange(number)
        {
            Name = isRenamed || (!isThere && wanted.Name.Length > 0) ? wanted.Name : null,
            Parent = moves ? wanted.Parent : null,
            MinTxRate = isGuaranteed ? wanted.MinTxRate : null,
            MaxTxRate = isLimited ? wanted.MaxTxRate : null,
            Priority = isClassed ? wanted.Priority : null,
            Weight = isWeighed ? wanted.Weight : null,
        };
        changes.Add(new GroupChange(!isThere, change, target.State.NameOf(number), steps, target.PositionOfGroup(number, first)));
    }

    private static void AddFunction(PolicyState device, PolicyTarget target, int function, List<PolicyChange> changes)
    {
        foreach ((int attribute, PolicyKey key) in FunctionAttributes)
        {
            ulong has = device[function, attribute];
            ulong wanted = target.State[function, attribute];
            if (has != wanted)
            {
                var step = new PolicyStep(key.Name, Write(device, key, has), Write(target.State, key, wanted));
                changes.Add(new FunctionChange(
                    function, device.Facts.RangeOf(function), attribute, wanted, step, target.PositionOf(function, attribute)));
            }
        }
    }

    private static IEnumerable<int> DeepestFirst(PolicyState state)
    {
        int DepthOf(int group)
        {
            int depth = 0;
            while (group != 0 && depth <= PolicyKey.MaxGroups)
            {
                group = state.Groups.TryGetValue(group, out RateGroupInfo? at) ? at.Parent : 0;
                depth++;
            }

            return depth;
        }

        return state.Groups.Keys.OrderByDescending(DepthOf).ThenByDescending(group => group);
    }
}
