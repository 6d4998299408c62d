// What has to change so that a device has what a file wants: the fewest requests, in an order in which each could stand alone if it had to.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using SmartNicFw.Hal;
using SmartNicFw.Hal.Regs;
using SmartNicFw.HostTools.Policy.Reading;

namespace SmartNicFw.HostTools.Policy;

/// <summary>
/// Groups come first, parents before those within them; then functions; then groups go, those within before their parents. The device
/// judges the whole, so that the order matters to who reads it only.
/// </summary>
internal static class PolicyDifference
{
    private const int AllFields = ManagementRateGroup.FieldsParentMask | ManagementRateGroup.FieldsWeightMask
        | ManagementRateGroup.FieldsMaxTxRateMask | ManagementRateGroup.FieldsMinTxRateMask | ManagementRateGroup.FieldsPriorityMask
        | ManagementRateGroup.FieldsNameMask;

    private static readonly GroupState New = new("", 0, 1, 0, 0, 0);

    private static readonly (int Attribute, PolicyKey Key)[] Attributes =
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
        AddGroups(device, target, changes);
        for (int function = 0; function < device.Facts.Functions; function++)
        {
            AddFunction(device, target, function, changes);
        }

        foreach (int gone in DeepestFirst(device).Where(group => !target.State.Groups.ContainsKey(group)))
        {
            byte[] payload = new byte[ManagementRateGroupNumber.Bytes];
            LittleEndian.WriteU16(payload, ManagementRateGroupNumber.GroupOffset, (ushort)gone);
            changes.Add(new PolicyChange(
                PolicyChangeKind.Remove, ManagementOpcode.DeleteRateGroup, payload, device.NameOf(gone), PolicyChange.NoFunction, [],
                TextPosition.Start));
        }

        return changes;
    }

    /// <summary>Keys of a function with the number of the attribute that keeps it; qos and proto are part of vlan's.</summary>
    public static IReadOnlyList<(int Attribute, PolicyKey Key)> FunctionAttributes => Attributes;

    /// <summary>An attribute as it stands in a file, in one piece.</summary>
    public static string Write(PolicyState state, PolicyKey key, ulong value)
    {
        if (key == PolicyKey.Mac && value == 0)
        {
            return "the device's own";
        }

        if (key == PolicyKey.Group)
        {
            return state.NameOf((int)value);
        }

        if (key != PolicyKey.Vlan || value == 0)
        {
            return key == PolicyKey.Vlan || (value == 0 && key.Form == PolicyValueForm.Rate) ? "none" : PolicyValue.Write(key, value);
        }

        uint vlan = (uint)value;
        ulong qos = (vlan & ManagementVlan.PriorityMask) >> ManagementVlan.PriorityShift;
        ulong protocol = vlan >> ManagementVlan.ProtocolShift;
        return $"{vlan & ManagementVlan.IdMask}"
            + (qos == 0 ? "" : $" qos {qos}")
            + (protocol == ManagementVlan.Ieee8021Q ? "" : $" proto {PolicyValue.Write(PolicyKey.Protocol, protocol)}");
    }

    private static void AddPort(PolicyState device, PolicyTarget target, List<PolicyChange> changes)
    {
        // A limit that is the port's speed is none.
        uint wanted = target.State.PortMax == device.Facts.EthernetMbps ? 0 : target.State.PortMax;
        uint has = device.PortMax == device.Facts.EthernetMbps ? 0 : device.PortMax;
        if (wanted == has)
        {
            return;
        }

        byte[] payload = new byte[ManagementRateGroup.Bytes];
        LittleEndian.WriteU16(payload, ManagementRateGroup.FieldsOffset, ManagementRateGroup.FieldsMaxTxRateMask);
        LittleEndian.WriteU32(payload, ManagementRateGroup.MaxTxRateOffset, wanted);
        PolicyStep[] steps = [Rate(PolicyKey.PortMax, has, wanted)];
        changes.Add(new PolicyChange(
            PolicyChangeKind.Set, ManagementOpcode.SetRateGroup, payload, PolicyKey.Port, PolicyChange.NoFunction, steps,
            target.PositionOfGroup(0, PolicyKey.PortMax)));
    }

    private static void AddGroups(PolicyState device, PolicyTarget target, List<PolicyChange> changes)
    {
        foreach (int number in DeepestFirst(target.State).Reverse())
        {
            GroupState wanted = target.State.Groups[number];
            bool isThere = device.Groups.TryGetValue(number, out GroupState? has);
            List<PolicyStep> steps = Steps(device, target.State, has ?? New, wanted, out int fields, out PolicyKey blamed);
            if (isThere && fields == 0)
            {
                continue;
            }

            byte[] payload = Payload(number, wanted, isThere ? fields : fields | (wanted.Name.Length > 0 ? ManagementRateGroup.FieldsNameMask : 0));
            changes.Add(new PolicyChange(
                isThere ? PolicyChangeKind.Set : PolicyChangeKind.Add,
                isThere ? ManagementOpcode.SetRateGroup : ManagementOpcode.AddRateGroup,
                payload, target.State.NameOf(number), PolicyChange.NoFunction, steps, target.PositionOfGroup(number, blamed)));
        }
    }

    private static List<PolicyStep> Steps(
        PolicyState device, PolicyState target, GroupState has, GroupState wanted, out int fields, out PolicyKey blamed)
    {
        var steps = new List<PolicyStep>();
        var changed = new List<(int Field, PolicyKey Key)>();
        void Compare(bool isSame, int field, PolicyKey key, Func<PolicyStep> step)
        {
            if (!isSame)
            {
                changed.Add((field, key));
                steps.Add(step());
            }
        }

        if (has.Name != wanted.Name && has != New)
        {
            changed.Add((ManagementRateGroup.FieldsNameMask, PolicyKey.Group));
            steps.Add(new PolicyStep("name", has.Name, wanted.Name));
        }

        Compare(
            has.Parent == wanted.Parent, ManagementRateGroup.FieldsParentMask, PolicyKey.Parent,
            () => new PolicyStep(PolicyKey.Parent.Name, device.NameOf(has.Parent), target.NameOf(wanted.Parent)));
        Compare(
            has.MinTxRate == wanted.MinTxRate, ManagementRateGroup.FieldsMinTxRateMask, PolicyKey.TxShare,
            () => Rate(PolicyKey.TxShare, has.MinTxRate, wanted.MinTxRate));
        Compare(
            has.MaxTxRate == wanted.MaxTxRate, ManagementRateGroup.FieldsMaxTxRateMask, PolicyKey.TxMax,
            () => Rate(PolicyKey.TxMax, has.MaxTxRate, wanted.MaxTxRate));
        Compare(
            has.Priority == wanted.Priority, ManagementRateGroup.FieldsPriorityMask, PolicyKey.TxPriority,
            () => new PolicyStep(PolicyKey.TxPriority.Name, $"{has.Priority}", $"{wanted.Priority}"));
        Compare(
            has.Weight == wanted.Weight, ManagementRateGroup.FieldsWeightMask, PolicyKey.TxWeight,
            () => new PolicyStep(PolicyKey.TxWeight.Name, $"{has.Weight}", $"{wanted.Weight}"));
        fields = changed.Aggregate(0, (mask, change) => mask | change.Field) & AllFields;
        blamed = changed.Count > 0 ? changed[0].Key : PolicyKey.Parent;
        return steps;
    }

    private static PolicyStep Rate(PolicyKey key, uint from, uint to) =>
        new(key.Name, from == 0 ? "none" : RateText.Write(from), to == 0 ? "none" : RateText.Write(to));

    // Fields that do not count are zero.
    private static byte[] Payload(int number, GroupState group, int fields)
    {
        byte[] payload = new byte[ManagementRateGroup.Bytes];
        bool Counts(int field) => (fields & field) != 0;
        LittleEndian.WriteU16(payload, ManagementRateGroup.GroupOffset, (ushort)number);
        LittleEndian.WriteU16(payload, ManagementRateGroup.FieldsOffset, (ushort)fields);
        LittleEndian.WriteU16(
            payload, ManagementRateGroup.ParentOffset, (ushort)(Counts(ManagementRateGroup.FieldsParentMask) ? group.Parent : 0));
        LittleEndian.WriteU16(
            payload, ManagementRateGroup.WeightOffset, (ushort)(Counts(ManagementRateGroup.FieldsWeightMask) ? group.Weight : 0));
        LittleEndian.WriteU32(
            payload, ManagementRateGroup.MaxTxRateOffset, Counts(ManagementRateGroup.FieldsMaxTxRateMask) ? group.MaxTxRate : 0);
        LittleEndian.WriteU32(
            payload, ManagementRateGroup.MinTxRateOffset, Counts(ManagementRateGroup.FieldsMinTxRateMask) ? group.MinTxRate : 0);
        payload[ManagementRateGroup.PriorityOffset] = (byte)(Counts(ManagementRateGroup.FieldsPriorityMask) ? group.Priority : 0);
        if (Counts(ManagementRateGroup.FieldsNameMask))
        {
            _ = Encoding.ASCII.GetBytes(group.Name, payload.AsSpan(ManagementRateGroup.NameOffset, ManagementRateGroup.NameBytes));
        }

        return payload;
    }

    private static void AddFunction(PolicyState device, PolicyTarget target, int function, List<PolicyChange> changes)
    {
        foreach ((int attribute, PolicyKey key) in Attributes)
        {
            ulong has = device[function, attribute];
            ulong wanted = target.State[function, attribute];
            string from = Write(device, key, has);
            string to = Write(target.State, key, wanted);
            if (has == wanted)
            {
                continue;
            }

            byte[] payload = new byte[ManagementAttributeValue.Bytes];
            LittleEndian.WriteU16(payload, ManagementAttributeValue.FunctionOffset, (ushort)function);
            LittleEndian.WriteU16(payload, ManagementAttributeValue.AttributeOffset, (ushort)attribute);
            LittleEndian.WriteU64(payload, ManagementAttributeValue.ValueOffset, wanted);
            changes.Add(new PolicyChange(
                PolicyChangeKind.Set, ManagementOpcode.SetAttribute, payload, $"{device.Facts.RangeOf(function)}", function,
                [new PolicyStep(key.Name, from, to)], target.PositionOf(function, attribute)));
        }
    }

    private static IEnumerable<int> DeepestFirst(PolicyState state)
    {
        int DepthOf(int group)
        {
            int depth = 0;
            while (group != 0 && depth <= PolicyKey.MaxGroups)
            {
                group = state.Groups.TryGetValue(group, out GroupState? at) ? at.Parent : 0;
                depth++;
            }

            return depth;
        }

        return state.Groups.Keys.OrderByDescending(DepthOf).ThenByDescending(group => group);
    }
}
