// Reads the whole policy of a device, and changes it as a whole. Knows no file and prints nothing.
using System;
using System.Collections.Generic;
using System.Linq;
using SmartNicFw.Hal.Regs;
using SmartNicFw.HostTools.Client;
using SmartNicFw.HostTools.Failure;

namespace SmartNicFw.HostTools.Policy;

/// <summary>A dozen requests read 256 functions.</summary>
internal static class PolicyDevice
{
    // Flags of a function that are attributes by themselves.
    private static readonly (int Flag, int Attribute)[] Flags =
    [
        (ManagementFunction.FlagsSpoofCheckMask, ManagementAttributeKind.SpoofCheck),
        (ManagementFunction.FlagsTrustMask, ManagementAttributeKind.Trust),
        (ManagementFunction.FlagsAdaptiveMask, ManagementAttributeKind.Adaptive),
    ];

    /// <summary>Reads what the device has.</summary>
    public static PolicyState Read(ManagementClient client)
    {
        EndpointInfo endpoint = client.Endpoint;
        var facts = new EndpointFacts(
            endpoint.PhysicalFunctions, endpoint.TotalVFs, endpoint.RateGroups, endpoint.EthernetMbps, endpoint.PfQueuePairs,
            endpoint.VfQueuePairs, endpoint.PfMsixVectors, endpoint.VfMsixVectors);
        var state = new PolicyState(facts);
        foreach (FunctionInfo function in client.GetFunctions().Where(function => function.Index < facts.Functions))
        {
            ReadFunction(client, state, function);
        }

        foreach (RateGroupInfo group in client.GetRateGroups())
        {
            if (group.Number == 0)
            {
                state.PortMax = group.MaxTxRate;
            }
            else
            {
                state.Groups[group.Number] = group;
            }
        }

        return state;
    }

    /// <summary>Makes all of the changes, or none.</summary>
    /// <param name="transaction">Is over afterwards, whatever happens.</param>
    /// <param name="isCheckOnly">Have the device judge them, and make none.</param>
    /// <param name="progress">Is told how many have been sent.</param>
    /// <exception cref="RefusedException">The device refuses; its number of the change counts from 0.</exception>
    public static void Change(
        ManagementTransaction transaction, IReadOnlyList<PolicyChange> changes, bool isCheckOnly, Action<int> progress)
    {
        for (int at = 0; at < changes.Count; at++)
        {
            progress(at);
            try
            {
                changes[at].Send(transaction);
            }
            catch (RefusedException refused) when (refused.Change != at)
            {
                // Refused by itself, before the device had the others to judge it with.
                throw new RefusedException(refused.What, refused.Advice)
                {
                    Status = refused.Status, Reason = refused.Reason, Text = refused.Text, Change = (uint)at,
                };
            }
        }

        progress(changes.Count);
        transaction.Commit(isCheckOnly);
    }

    private static void ReadFunction(ManagementClient client, PolicyState state, FunctionInfo function)
    {
        int index = function.Index;
        bool isPinned = function.Has(ManagementFunction.FlagsMacPinnedMask);

        // The driver of a trusted function may have taken another address than the operator gave.
        state[index, ManagementAttributeKind.Mac] = !isPinned ? 0
            : function.Has(ManagementFunction.FlagsTrustMask) ? client.GetAttribute(index, ManagementAttributeKind.Mac)
            : function.Mac;
        state[index, ManagementAttributeKind.Vlan] = function.Vlan;
        state[index, ManagementAttributeKind.MaxTxRate] = function.MaxTxRate;
        state[index, ManagementAttributeKind.MinTxRate] = function.MinTxRate;
        state[index, ManagementAttributeKind.LinkState] = (ulong)function.LinkState;
        state[index, ManagementAttributeKind.Weight] = (ulong)function.Weight;
        state[index, ManagementAttributeKind.QueuePairs] = (ulong)function.QueuePairs;
        state[index, ManagementAttributeKind.MsixVectors] = (ulong)function.MsixVectors;
        state[index, ManagementAttributeKind.RateGroup] = (ulong)function.RateGroup;
        state[index, ManagementAttributeKind.InterruptCeiling] = function.InterruptCeiling;
        foreach ((int flag, int attribute) in Flags)
        {
            state[index, attribute] = function.Has(flag) ? 1u : 0u;
        }
    }
}
