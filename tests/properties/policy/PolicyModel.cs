// A second statement of what policy may be: plain dictionaries, and rules said of the whole. Shares no code with the firmware.
using System;
using System.Collections.Generic;
using System.Linq;
using SmartNicFw.Hal;
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.Tests.Properties.Policy;

/// <summary>A change as a client sends it: an attribute of a function, or a rate group.</summary>
internal sealed record PolicyChange(string Kind, int Index, int Attribute, ulong Value, IReadOnlyDictionary<int, ulong> Fields)
{
    /// <summary>What it is of: changes of different things may come in any order.</summary>
    public (bool IsGroup, int Index, int Attribute) Thing => (Kind != "set", Index, Kind == "set" ? Attribute : 0);

    /// <summary>The rate group as the protocol has it.</summary>
    public byte[] Layout()
    {
        var bytes = new byte[ManagementRateGroup.Bytes];
        LittleEndian.WriteU16(bytes, ManagementRateGroup.GroupOffset, (ushort)Index);
        LittleEndian.WriteU16(bytes, ManagementRateGroup.FieldsOffset, (ushort)Fields.Keys.Sum());
        foreach ((int field, ulong value) in Fields)
        {
            switch (field)
            {
                case ManagementRateGroup.FieldsParentMask:
                    LittleEndian.WriteU16(bytes, ManagementRateGroup.ParentOffset, (ushort)value);
                    break;
                case ManagementRateGroup.FieldsWeightMask:
                    LittleEndian.WriteU16(bytes, ManagementRateGroup.WeightOffset, (ushort)value);
                    break;
                case ManagementRateGroup.FieldsMaxTxRateMask:
                    LittleEndian.WriteU32(bytes, ManagementRateGroup.MaxTxRateOffset, (uint)value);
                    break;
                case ManagementRateGroup.FieldsMinTxRateMask:
                    LittleEndian.WriteU32(bytes, ManagementRateGroup.MinTxRateOffset, (uint)value);
                    break;
                case ManagementRateGroup.FieldsPriorityMask:
                    bytes[ManagementRateGroup.PriorityOffset] = (byte)value;
                    break;
                default:
                    LittleEndian.WriteU64(bytes, ManagementRateGroup.NameOffset, value);
                    break;
            }
        }

        return bytes;
    }
}

/// <summary>Policy of one PF and some VFs, with groups from 1 on.</summary>
internal sealed class PolicyModel
{
    public const int RoomForPairs = 4;
    public const int RoomForVectors = 24;

    private const int Deepest = 4;

    private readonly int _functions;
    private readonly int _groups;
    private readonly ulong _portMbps;
    private readonly Dictionary<int, ulong> _pools = [];
    private readonly ulong[] _ownMacs;
    private Dictionary<(int Function, int Attribute), ulong> _values = [];
    private Dictionary<int, Dictionary<int, ulong>> _existing = [];

    /// <param name="initial">Every attribute of every function at start.</param>
    public PolicyModel(int functions, int groups, int portMbps, Func<int, int, ulong> initial)
    {
        (_functions, _groups, _portMbps) = (functions, groups, (ulong)portMbps);
        for (int function = 0; function < functions; function++)
        {
            for (int attribute = 1; attribute <= ManagementAttributeKind.Last; attribute++)
            {
                _values[(function, attribute)] = initial(function, attribute);
            }
        }

        _ownMacs = [.. Enumerable.Range(0, functions).Select(function => Value(function, ManagementAttributeKind.Mac))];
        _existing[0] = New();
        foreach (int attribute in new[] { ManagementAttributeKind.QueuePairs, ManagementAttributeKind.MsixVectors })
        {
            _pools[attribute] = (ulong)(functions - 1) * Value(1, attribute);
        }
    }

    private PolicyModel(PolicyModel other)
    {
        (_functions, _groups, _portMbps) = (other._functions, other._groups, other._portMbps);
        _values = new(other._values);
        _pools = other._pools;
        _ownMacs = other._ownMacs;
        _existing = other._existing.ToDictionary(pair => pair.Key, pair => new Dictionary<int, ulong>(pair.Value));
    }

    public PolicyModel Copy() => new(this);

    public void Take(PolicyModel other) => (_values, _existing) = (other._values, other._existing);

    public ulong Value(int function, int attribute) => _values[(function, attribute)];

    /// <summary>Fields of a group; null when it is not there.</summary>
    public IReadOnlyDictionary<int, ulong>? Group(int group) => _existing.GetValueOrDefault(group);

    /// <summary>Makes a change that can be for itself.</summary>
    /// <returns>False when it can never be; then nothing has changed.</returns>
    public bool TryChange(PolicyChange change)
    {
        switch (change.Kind)
        {
            case "set":
                if (change.Index < 0 || change.Index >= _functions || !Can(change.Index, change.Attribute, change.Value))
                {
                    return false;
                }

                bool isOwnMac = change.Attribute == ManagementAttributeKind.Mac && change.Value == 0;
                _values[(change.Index, change.Attribute)] = isOwnMac ? _ownMacs[change.Index] : change.Value;
                return true;
            case "delete":
                return change.Index != 0 && _existing.Remove(change.Index);
            case "add" when change.Index < 1 || change.Index > _groups || _existing.ContainsKey(change.Index):
            case "change" when !_existing.ContainsKey(change.Index):
                return false;
            default:
                if (!change.Fields.All(field => CanField(change.Index, field.Key, field.Value)))
                {
                    return false;
                }

                Dictionary<int, ulong> fields = change.Kind == "add" ? _existing[change.Index] = New() : _existing[change.Index];
                foreach ((int field, ulong value) in change.Fields)
                {
                    fields[field] = value;
                }

                return true;
        }
    }

    /// <summary>Reasons for which the whole cannot be; empty when it can.</summary>
    public HashSet<int> Faults()
    {
        var faults = new HashSet<int>();
        IEnumerable<int> functions = Enumerable.Range(0, _functions);
        foreach (ulong parent in functions.Select(function => Value(function, ManagementAttributeKind.RateGroup))
            .Concat(_existing.Values.Select(group => group[ManagementRateGroup.FieldsParentMask])))
        {
            if (!_existing.ContainsKey((int)parent))
            {
                faults.UnionWith([ManagementReason.NoSuchGroup, ManagementReason.GroupNotEmpty]);
            }
        }

        foreach (int group in _existing.Keys)
        {
            int depth = 0;
            int above = group;
            while (above != 0 && depth <= _groups + 1 && _existing.ContainsKey(above))
            {
                above = (int)_existing[above][ManagementRateGroup.FieldsParentMask];
                depth++;
            }

            if (depth > Deepest)
            {
                faults.UnionWith(depth > _groups ? [ManagementReason.GroupWithinItself] : [ManagementReason.OutOfRange]);
            }
        }

        bool isOver = functions.Any(function => Exceeds(Value(function, ManagementAttributeKind.MinTxRate), Value(function, ManagementAttributeKind.MaxTxRate)));
        bool isTree = faults.Count == 0;
        faults.UnionWith(isOver ? [ManagementReason.GuaranteeTooLarge] : []);
        if (isTree)
        {
            bool isTooMuch = _existing.Any(group => Exceeds(
                    Needed(group.Key), group.Key == 0 && group.Value[ManagementRateGroup.FieldsMaxTxRateMask] == 0
                        ? _portMbps
                        : group.Value[ManagementRateGroup.FieldsMaxTxRateMask]));
            faults.UnionWith(isTooMuch ? [ManagementReason.GuaranteeTooLarge] : []);
        }

        if (functions.Select(function => Value(function, ManagementAttributeKind.Mac)).Distinct().Count() < _functions)
        {
            faults.Add(ManagementReason.UnusableMac);
        }

        foreach ((int attribute, ulong pool) in _pools)
        {
            ulong used = functions.Skip(1).Aggregate(0UL, (sum, function) => sum + Value(function, attribute));
            faults.UnionWith(used > pool ? [ManagementReason.NoneFree] : []);
        }

        ulong[] names = [.. _existing.Values.Select(group => group[ManagementRateGroup.FieldsNameMask]).Where(name => name != 0)];
        faults.UnionWith(names.Distinct().Count() < names.Length ? [ManagementReason.GroupExists] : []);
        return faults;
    }

    private static Dictionary<int, ulong> New() => new()
    {
        [ManagementRateGroup.FieldsParentMask] = 0,
        [ManagementRateGroup.FieldsWeightMask] = 1,
        [ManagementRateGroup.FieldsMaxTxRateMask] = 0,
        [ManagementRateGroup.FieldsMinTxRateMask] = 0,
        [ManagementRateGroup.FieldsPriorityMask] = 0,
        [ManagementRateGroup.FieldsNameMask] = 0,
    };

    private static bool Exceeds(ulong needed, ulong limit) => limit != 0 && needed > limit;

    private ulong Needed(int group)
    {
        ulong below = Enumerable.Range(0, _functions).Where(function => Value(function, ManagementAttributeKind.RateGroup) == (ulong)group)
            .Aggregate(0UL, (sum, function) => sum + Value(function, ManagementAttributeKind.MinTxRate));
        foreach (int child in _existing.Keys.Where(child => child != 0 && _existing[child][ManagementRateGroup.FieldsParentMask] == (ulong)group))
        {
            below += Needed(child);
        }

        return Math.Max(below, _existing[group][ManagementRateGroup.FieldsMinTxRateMask]);
    }

    private bool Can(int function, int attribute, ulong value) => attribute switch
    {
        ManagementAttributeKind.Mac => value < 1UL << 48 && value % 2 == 0,
        ManagementAttributeKind.Vlan => value < 1UL << 32
            && ((value & 0xFFF) is > 0 and < 4095 ? value >> 16 is 0x8100 or 0x88A8 : value >> 16 == 0 && (value & 0xFFF) == 0)
            && (value & 0x1000) == 0,
        ManagementAttributeKind.MaxTxRate or ManagementAttributeKind.MinTxRate or ManagementAttributeKind.InterruptCeiling =>
            value <= 1_000_000,
        ManagementAttributeKind.SpoofCheck or ManagementAttributeKind.Adaptive => value <= 1,
        ManagementAttributeKind.Trust => function == 0 ? value == 1 : value <= 1,
        ManagementAttributeKind.LinkState => value <= 2,
        ManagementAttributeKind.Weight => value is >= 1 and <= 1000,
        ManagementAttributeKind.QueuePairs or ManagementAttributeKind.MsixVectors =>
            function == 0 ? value == Value(0, attribute) : value >= 1 && value <= (ulong)(attribute == ManagementAttributeKind.QueuePairs ? RoomForPairs : RoomForVectors),
        ManagementAttributeKind.RateGroup => value <= (ulong)_groups,
        _ => false,
    };

    private bool CanField(int group, int field, ulong value) => field switch
    {
        ManagementRateGroup.FieldsParentMask => group != 0 && value <= (ulong)_groups,
        ManagementRateGroup.FieldsWeightMask => group != 0 && value is >= 1 and <= 1000,
        ManagementRateGroup.FieldsMaxTxRateMask => value <= (group == 0 ? _portMbps : 1_000_000),
        ManagementRateGroup.FieldsMinTxRateMask => value <= (group == 0 ? 0UL : 1_000_000),
        ManagementRateGroup.FieldsPriorityMask => group != 0 && value <= 7,
        _ => group != 0,
    };
}
