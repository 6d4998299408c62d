// A rate group as a device lists it, and as it is changed. Knows no unit but Mbit/s.
using System;
using System.Text;
using SmartNicFw.Hal.Regs;
using static System.Buffers.Binary.BinaryPrimitives;

namespace SmartNicFw.HostTools.Client;

/// <summary>A rate group (<see cref="ManagementRateGroup"/>).</summary>
/// <param name="Number">1 to 254; 0 for the port.</param>
/// <param name="Name">Its name, or empty.</param>
/// <param name="Parent">Group that it is in, 0 for the port.</param>
/// <param name="Weight">Its share among those of its parent.</param>
/// <param name="MaxTxRate">Limit, Mbit/s; 0 for none.</param>
/// <param name="MinTxRate">Guarantee, Mbit/s; 0 for none.</param>
/// <param name="Priority">802.1p priority.</param>
internal sealed record RateGroupInfo(int Number, string Name, int Parent, int Weight, uint MaxTxRate, uint MinTxRate, int Priority)
{
    /// <summary>Takes an entry of at least <see cref="ManagementRateGroup.Bytes"/> apart.</summary>
    public static RateGroupInfo Read(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<byte> name = bytes.Slice(ManagementRateGroup.NameOffset, ManagementRateGroup.NameBytes);
        int end = name.IndexOf((byte)0);
        return new RateGroupInfo(
            ReadUInt16LittleEndian(bytes[ManagementRateGroup.GroupOffset..]),
            PrintableText.Of(end < 0 ? name : name[..end]),
            ReadUInt16LittleEndian(bytes[ManagementRateGroup.ParentOffset..]),
            ReadUInt16LittleEndian(bytes[ManagementRateGroup.WeightOffset..]),
            ReadUInt32LittleEndian(bytes[ManagementRateGroup.MaxTxRateOffset..]),
            ReadUInt32LittleEndian(bytes[ManagementRateGroup.MinTxRateOffset..]),
            bytes[ManagementRateGroup.PriorityOffset]);
    }
}

/// <summary>What a rate group is to have; what is null stays as it is.</summary>
/// <param name="Number">1 to 254; 0 for the port, of which only the limit can be set.</param>
internal sealed record RateGroupChange(int Number)
{
    /// <summary>1 to 16 letters, printable ASCII without a space.</summary>
    public string? Name { get; init; }

    /// <summary>Group that it is in, 0 for the port.</summary>
    public int? Parent { get; init; }

    /// <summary>Its share among those of its parent, 1 to 1,000.</summary>
    public int? Weight { get; init; }

    /// <summary>Limit, Mbit/s; 0 for none.</summary>
    public uint? MaxTxRate { get; init; }

    /// <summary>Guarantee, Mbit/s; 0 for none.</summary>
    public uint? MinTxRate { get; init; }

    /// <summary>802.1p priority, 0 to 7.</summary>
    public int? Priority { get; init; }

    /// <summary>Writes the layout of a request.</summary>
    public void Write(Span<byte> bytes)
    {
        bytes[..ManagementRateGroup.Bytes].Clear();
        int fields = Field(Parent is not null, ManagementRateGroup.FieldsParentMask)
            | Field(Weight is not null, ManagementRateGroup.FieldsWeightMask)
            | Field(MaxTxRate is not null, ManagementRateGroup.FieldsMaxTxRateMask)
            | Field(MinTxRate is not null, ManagementRateGroup.FieldsMinTxRateMask)
            | Field(Priority is not null, ManagementRateGroup.FieldsPriorityMask)
            | Field(Name is not null, ManagementRateGroup.FieldsNameMask);
        WriteUInt16LittleEndian(bytes[ManagementRateGroup.GroupOffset..], (ushort)Number);
        WriteUInt16LittleEndian(bytes[ManagementRateGroup.FieldsOffset..], (ushort)fields);
        WriteUInt16LittleEndian(bytes[ManagementRateGroup.ParentOffset..], (ushort)(Parent ?? 0));
        WriteUInt16LittleEndian(bytes[ManagementRateGroup.WeightOffset..], (ushort)(Weight ?? 0));
        WriteUInt32LittleEndian(bytes[ManagementRateGroup.MaxTxRateOffset..], MaxTxRate ?? 0);
        WriteUInt32LittleEndian(bytes[ManagementRateGroup.MinTxRateOffset..], MinTxRate ?? 0);
        bytes[ManagementRateGroup.PriorityOffset] = (byte)(Priority ?? 0);
        Encoding.ASCII.GetBytes(Name ?? "").AsSpan().CopyTo(bytes.Slice(ManagementRateGroup.NameOffset, ManagementRateGroup.NameBytes));
    }

    private static int Field(bool isThere, int mask) => isThere ? mask : 0;
}
