// Requests that read and change policy: attributes, rate groups, transactions.
using System;
using System.Collections.Generic;
using SmartNicFw.Hal.Regs;
using static System.Buffers.Binary.BinaryPrimitives;

namespace SmartNicFw.HostTools.Client;

internal sealed partial class ManagementClient
{
    /// <summary>Asks what an attribute of a function is set to.</summary>
    /// <param name="attribute">One of <see cref="ManagementAttributeKind"/>.</param>
    public ulong GetAttribute(int function, int attribute)
    {
        WriteUInt16LittleEndian(Payload[ManagementAttributeRequest.FunctionOffset..], (ushort)function);
        WriteUInt16LittleEndian(Payload[ManagementAttributeRequest.AttributeOffset..], (ushort)attribute);
        return ReadUInt64LittleEndian(Ask(ManagementOpcode.GetAttribute, ManagementAttributeValue.Bytes)[ManagementAttributeValue.ValueOffset..]);
    }

    /// <summary>Sets an attribute of a function: at once, or as part of the transaction that this client has open.</summary>
    public void SetAttribute(int function, int attribute, ulong value)
    {
        WriteUInt16LittleEndian(Payload[ManagementAttributeValue.FunctionOffset..], (ushort)function);
        WriteUInt16LittleEndian(Payload[ManagementAttributeValue.AttributeOffset..], (ushort)attribute);
        WriteUInt32LittleEndian(Payload[ManagementAttributeValue.ReservedOffset..], 0);
        WriteUInt64LittleEndian(Payload[ManagementAttributeValue.ValueOffset..], value);
        Ask(ManagementOpcode.SetAttribute, 0);
    }

    /// <summary>Asks for all rate groups that there are, the port among them where the device lists it, in the order of their numbers.</summary>
    public IReadOnlyList<RateGroupInfo> GetRateGroups()
    {
        var groups = new List<RateGroupInfo>();
        int first = 0;
        while (true)
        {
            ReadOnlySpan<byte> list = AskList(ManagementOpcode.GetRateGroups, first, 0, ManagementRateGroup.Bytes, out int entries, out int stride);
            for (int at = 0; at < entries; at++)
            {
                RateGroupInfo group = RateGroupInfo.Read(list[(at * stride)..]);
                if (group.Number < first)
                {
                    throw Nonsense("sent rate groups that were not asked for");
                }

                groups.Add(group);

                // Those that are not there are left out: the next one has any greater number.
                first = group.Number + 1;
            }

            if (entries == 0 || first > ushort.MaxValue)
            {
                return groups;
            }
        }
    }

    /// <summary>Adds a rate group, with those fields of it that are not null.</summary>
    public void AddRateGroup(RateGroupChange group)
    {
        group.Write(Payload);
        Ask(ManagementOpcode.AddRateGroup, 0);
    }

    /// <summary>Sets those fields of a rate group that are not null.</summary>
    public void SetRateGroup(RateGroupChange group)
    {
        group.Write(Payload);
        Ask(ManagementOpcode.SetRateGroup, 0);
    }

    /// <summary>Deletes a rate group.</summary>
    public void DeleteRateGroup(int number)
    {
        WriteUInt16LittleEndian(Payload[ManagementRateGroupNumber.GroupOffset..], (ushort)number);
        WriteUInt16LittleEndian(Payload[ManagementRateGroupNumber.ReservedOffset..], 0);
        Ask(ManagementOpcode.DeleteRateGroup, 0);
    }

    /// <summary>Opens a transaction. Waits while another one is open.</summary>
    public ManagementTransaction Begin() => new(this);

    /// <summary>Opens a transaction and gives its number.</summary>
    internal uint BeginTransaction() =>
        ReadUInt32LittleEndian(Ask(ManagementOpcode.BeginTransaction, ManagementTransactionNumber.Bytes)[ManagementTransactionNumber.TransactionOffset..]);

    /// <summary>Ends a transaction.</summary>
    internal void CommitTransaction(uint transaction, uint changes, bool isCheckOnly)
    {
        WriteUInt32LittleEndian(Payload[ManagementCommit.TransactionOffset..], transaction);
        WriteUInt32LittleEndian(Payload[ManagementCommit.ChangesOffset..], changes);
        WriteUInt32LittleEndian(Payload[ManagementCommit.FlagsOffset..], isCheckOnly ? ManagementCommit.FlagsCheckOnlyMask : 0);
        Ask(ManagementOpcode.CommitTransaction, 0);
    }

    /// <summary>Drops a transaction.</summary>
    internal void AbortTransaction(uint transaction)
    {
        WriteUInt32LittleEndian(Payload[ManagementTransactionNumber.TransactionOffset..], transaction);
        Ask(ManagementOpcode.AbortTransaction, 0);
    }
}
