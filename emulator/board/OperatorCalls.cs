// An operator in this process: one call for each thing that can be decided, each a transaction of its own. Knows no rule of policy.
using SmartNicFw.Firmware.Management;
using SmartNicFw.Hal;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.Emulator.Board;

/// <summary>A call takes effect and returns null, or changes nothing and returns one line with the reason. Rates are Mbit/s, 0 for none.</summary>
public static class OperatorCalls
{
    /// <summary>Sets an attribute of a function.</summary>
    /// <param name="attribute">One of <see cref="ManagementAttributeKind"/>.</param>
    /// <param name="value">Any value; one below zero is none that can be.</param>
    public static string? Change(this PolicyControl control, int function, int attribute, long value) =>
        control.IsFree && control.SetAttribute(function, attribute, unchecked((ulong)value)) == ManagementStatus.Ok ? null : control.FaultText;

    /// <summary>Sets the share of a function among those of its group and class.</summary>
    public static string? SetWeight(this ArbitrationPolicy policy, int function, int weight) =>
        policy.Control.Change(function, ManagementAttributeKind.Weight, weight);

    /// <summary>Sets what a function is guaranteed and what it may send at the most.</summary>
    public static string? SetRates(this ArbitrationPolicy policy, int function, int guarantee, int limit)
    {
        PolicyControl control = policy.Control;
        if (control.Begin(out uint transaction) != ManagementStatus.Ok)
        {
            return control.FaultText;
        }

        int status = control.SetAttribute(function, ManagementAttributeKind.MinTxRate, unchecked((ulong)guarantee));
        if (status == ManagementStatus.Ok)
        {
            status = control.SetAttribute(function, ManagementAttributeKind.MaxTxRate, unchecked((ulong)limit));
        }

        return control.End(transaction, status);
    }

    /// <summary>Sets the 802.1p priority of a function, whose class follows from it.</summary>
    public static string? SetPriority(this ArbitrationPolicy policy, int function, int priority)
    {
        if (priority is < 0 or > 7)
        {
            return $"a priority is 0 to 7, not {priority}";
        }

        return policy.Control.GetAttribute(function, ManagementAttributeKind.Vlan, out ulong vlan) != ManagementStatus.Ok
            ? policy.Control.FaultText
            : policy.Control.Change(
                function, ManagementAttributeKind.Vlan,
                (long)((vlan & ~(ulong)ManagementVlan.PriorityMask) | ((ulong)priority << ManagementVlan.PriorityShift)));
    }

    /// <summary>Moves a function into a group.</summary>
    public static string? SetGroup(this ArbitrationPolicy policy, int function, int group) =>
        policy.Control.Change(function, ManagementAttributeKind.RateGroup, group);

    /// <summary>Adds a group right under the port.</summary>
    public static string? AddGroup(this ArbitrationPolicy policy, int group) =>
        policy.Control.IsFree && policy.Control.AddRateGroup(Layout(group, 0), 0) == ManagementStatus.Ok ? null : policy.Control.FaultText;

    /// <summary>Removes a group in which there is nothing.</summary>
    public static string? RemoveGroup(this ArbitrationPolicy policy, int group) =>
        policy.Control.IsFree && policy.Control.DeleteRateGroup(group) == ManagementStatus.Ok ? null : policy.Control.FaultText;

    /// <summary>Sets the share of a group among those of the group it is in.</summary>
    public static string? SetGroupWeight(this ArbitrationPolicy policy, int group, int weight)
    {
        byte[] layout = Layout(group, ManagementRateGroup.FieldsWeightMask);
        LittleEndian.WriteU16(layout, ManagementRateGroup.WeightOffset, (ushort)weight);
        return Set(policy, layout);
    }

    /// <summary>Sets what a group is guaranteed and what it may send at the most, all that is in it together.</summary>
    public static string? SetGroupRates(this ArbitrationPolicy policy, int group, int guarantee, int limit)
    {
        byte[] layout = Layout(group, ManagementRateGroup.FieldsMinTxRateMask | ManagementRateGroup.FieldsMaxTxRateMask);
        LittleEndian.WriteU32(layout, ManagementRateGroup.MinTxRateOffset, (uint)guarantee);
        LittleEndian.WriteU32(layout, ManagementRateGroup.MaxTxRateOffset, (uint)limit);
        return Set(policy, layout);
    }

    /// <summary>Moves a group, with all that is in it, into another.</summary>
    public static string? SetParent(this ArbitrationPolicy policy, int group, int parent)
    {
        byte[] layout = Layout(group, ManagementRateGroup.FieldsParentMask);
        LittleEndian.WriteU16(layout, ManagementRateGroup.ParentOffset, (ushort)parent);
        return Set(policy, layout);
    }

    /// <summary>Sets how many interrupts of its queues a function may cause a second; 0 for any number.</summary>
    public static string? SetCeiling(this InterruptPolicy policy, int function, int perSecond) =>
        policy.Control.Change(function, ManagementAttributeKind.InterruptCeiling, perSecond);

    /// <summary>Switches adaptive moderation of a function's receive and transmit queues.</summary>
    public static string? SetAdaptive(this InterruptPolicy policy, int function, bool isAdaptive) =>
        policy.Control.Change(function, ManagementAttributeKind.Adaptive, isAdaptive ? 1 : 0);

    /// <summary>Gives a function its address.</summary>
    public static HalStatus SetMac(this VfPolicy policy, int function, ulong mac) =>
        StatusOf(policy.Control.Change(function, ManagementAttributeKind.Mac, unchecked((long)mac)));

    /// <summary>The customer VLAN that the switch inserts and strips for the function; 0 for none, and for its priority.</summary>
    public static HalStatus SetPortVlan(this VfPolicy policy, int function, int vlan, int priority)
    {
        bool isTci = vlan >> ManagementVlan.PriorityShift == 0 && priority >> 3 == 0;
        long tag = ((long)ManagementVlan.Ieee8021Q << ManagementVlan.ProtocolShift) | ((long)priority << ManagementVlan.PriorityShift) | (uint)vlan;
        return isTci ? StatusOf(policy.Control.Change(function, ManagementAttributeKind.Vlan, vlan == 0 ? 0 : tag)) : HalStatus.BadArgument;
    }

    /// <summary>Whether the function may send from its own address only.</summary>
    public static void SetSpoofCheck(this VfPolicy policy, int function, bool isOn) =>
        policy.Control.Change(function, ManagementAttributeKind.SpoofCheck, isOn ? 1 : 0);

    /// <summary>Whether the function is trusted. What it received by it ends with it.</summary>
    public static string? SetTrust(this VfPolicy policy, int function, bool isTrusted) =>
        policy.Control.Change(function, ManagementAttributeKind.Trust, isTrusted ? 1 : 0);

    /// <summary>Sets the link that the function's driver sees.</summary>
    /// <param name="linkState">One of <see cref="ManagementLinkState"/>.</param>
    public static string? SetLinkState(this VfPolicy policy, int function, int linkState) =>
        policy.Control.Change(function, ManagementAttributeKind.LinkState, linkState);

    private static HalStatus StatusOf(string? fault) => fault is null ? HalStatus.Ok : HalStatus.BadArgument;

    private static string? Set(ArbitrationPolicy policy, byte[] layout) =>
        policy.Control.IsFree && policy.Control.SetRateGroup(layout, 0) == ManagementStatus.Ok ? null : policy.Control.FaultText;

    private static byte[] Layout(int group, int fields)
    {
        var layout = new byte[ManagementRateGroup.Bytes];
        LittleEndian.WriteU16(layout, ManagementRateGroup.GroupOffset, (ushort)group);
        LittleEndian.WriteU16(layout, ManagementRateGroup.FieldsOffset, (ushort)fields);
        return layout;
    }
}
