// What each value of policy can be by itself: ranges, addresses, VLANs, fields of rate groups. Judges nothing together, changes nothing.
using SmartNicFw.Firmware.Arbitration;
using SmartNicFw.Firmware.Config;
using SmartNicFw.Firmware.Interrupt;
using SmartNicFw.Hal;
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.Firmware.Management
{
    /// <summary>Each check gives a <see cref="ManagementStatus"/>; when it is not Ok, the fault says why.</summary>
    internal sealed class PolicyValues
    {
        /// <summary>Every field of a rate group.</summary>
        public const int AllFields = ManagementRateGroup.FieldsParentMask | ManagementRateGroup.FieldsWeightMask
            | ManagementRateGroup.FieldsMaxTxRateMask | ManagementRateGroup.FieldsMinTxRateMask
            | ManagementRateGroup.FieldsPriorityMask | ManagementRateGroup.FieldsNameMask;

        private const int OwnFields = AllFields & ~ManagementRateGroup.FieldsMaxTxRateMask & ~ManagementRateGroup.FieldsMinTxRateMask;
        private const int MaxVlan = 4094;
        private const int ParentField = 0;
        private const int WeightField = 1;
        private const int GuaranteeField = 3;

        // By attribute: what it is called, and the largest value of those that have a range and no more.
        private static readonly string[] Words =
        {
            null, null, null, "a limit in Mbit/s", "a guarantee in Mbit/s", "a switch", "a switch", "a link state", "a weight",
            "a number of queue pairs", "a number of MSI-X vectors", "a priority", "a ceiling in interrupts a second", "a switch",
        };

        private static readonly int[] Most =
        {
            0, 0, 0, TokenBuckets.MaxMbps, TokenBuckets.MaxMbps, 1, 1, ManagementLinkState.Disable, DeficitRounds.MaxWeight, 0, 0,
            PriorityClasses.Priorities - 1, InterruptCeilings.MaxPerSecond, 1,
        };

        // By field of a rate group, in the order of their bits: where it is, and the attribute whose word and range it has. That of groups,
        // which has neither, lends its place to the priority.
        private static readonly byte[] FieldOffsets =
        {
            ManagementRateGroup.ParentOffset, ManagementRateGroup.WeightOffset, ManagementRateGroup.MaxTxRateOffset,
            ManagementRateGroup.MinTxRateOffset, ManagementRateGroup.PriorityOffset,
        };

        private static readonly byte[] FieldsLike =
        {
            0, ManagementAttributeKind.Weight, ManagementAttributeKind.MaxTxRate, ManagementAttributeKind.MinTxRate,
            ManagementAttributeKind.RateGroup,
        };

        private readonly FunctionNumbering _numbering;
        private readonly PolicyTable _table;
        private readonly PolicyJudge _names;
        private readonly PolicyFault _fault;
        private readonly int _portMbps;
        private readonly int _mostPairs;
        private readonly int _mostVectors;

        /// <summary>Connects the room.</summary>
        /// <param name="table">What is to be: groups that a transaction adds are there for what comes behind in it.</param>
        /// <param name="names">Says how owners are called.</param>
        /// <param name="fault">Takes what is refused.</param>
        public PolicyValues(
            EndpointConfiguration configuration, FunctionNumbering numbering, PolicyTable table, PolicyJudge names, PolicyFault fault)
        {
            _numbering = numbering;
            _table = table;
            _names = names;
            _fault = fault;
            _portMbps = configuration.EthernetMbps;
            _mostPairs = configuration.MaxPairs(true);
            _mostVectors = configuration.MaxVectors(true);
        }

        /// <summary>Fields of a rate group but its name.</summary>
        public static int Fields => FieldOffsets.Length;

        /// <summary>Where a field lies in a <see cref="ManagementRateGroup"/>.</summary>
        /// <param name="field">0 to <see cref="Fields"/> - 1, in the order of their bits.</param>
        public static int OffsetOf(int field)
        {
            return FieldOffsets[field];
        }

        /// <summary>True for an address that can be a function's.</summary>
        public static bool IsMac(ulong mac)
        {
            return mac != 0 && (mac & 1) == 0 && (mac >> 48) == 0;
        }

        private static bool IsVlan(ulong value)
        {
            uint tag = (uint)value;
            uint id = tag & ManagementVlan.IdMask;
            uint protocol = tag >> ManagementVlan.ProtocolShift;
            uint named = ManagementVlan.IdMask | ManagementVlan.PriorityMask | ManagementVlan.ProtocolMask;
            bool isProtocol = id == 0
                ? protocol == 0
                : protocol == ManagementVlan.Ieee8021Q || protocol == ManagementVlan.Ieee8021Ad;
            return (value & ~(ulong)named) == 0 && id <= MaxVlan && isProtocol;
        }

        /// <summary>Whether a number is within a range.</summary>
        /// <param name="what">What it is, with its unit, for people.</param>
        public int CheckRange(string what, ulong value, int least, int most)
        {
            return value >= (ulong)least && value <= (ulong)most
                ? ManagementStatus.Ok
                : Refuse(
                    ManagementReason.OutOfRange, what + " is " + least.ToString() + " to " + most.ToString() + ", not " + value.ToString());
        }

        /// <summary>Whether there are such a function and such an attribute.</summary>
        public int CheckAttribute(int function, int attribute)
        {
            if (function < 0 || function >= _table.Functions)
            {
                return Refuse(
                    ManagementReason.NoSuchFunction,
                    "a function is 0 to " + (_table.Functions - 1).ToString() + ", not " + function.ToString());
            }

            return attribute >= 1 && attribute <= ManagementAttributeKind.Last
                ? ManagementStatus.Ok
                : Refuse(ManagementReason.NoSuchAttribute, "there is no attribute " + attribute.ToString());
        }

        /// <summary>Whether an attribute can have a value.</summary>
        /// <param name="function">One that there is.</param>
        /// <param name="attribute">One that there is.</param>
        public int CheckValue(int function, int attribute, ulong value)
        {
            bool isOfVf = attribute == ManagementAttributeKind.Trust || attribute == ManagementAttributeKind.QueuePairs
                || attribute == ManagementAttributeKind.MsixVectors;
            if (isOfVf && !_numbering.IsVirtual(function))
            {
                return value == _table.Get(function, attribute)
                    ? ManagementStatus.Ok
                    : Refuse(
                        ManagementReason.WrongKindOfFunction,
                        "trust, queue pairs and MSI-X vectors are of VFs, not of " + _names.NameOf(function));
            }

            switch (attribute)
            {
                case ManagementAttributeKind.Mac:
                    return value == 0 || IsMac(value)
                        ? ManagementStatus.Ok
                        : Refuse(ManagementReason.UnusableMac, "a MAC address is six bytes and no group's; zero gives the device's own back");
                case ManagementAttributeKind.Vlan:
                    return IsVlan(value)
                        ? ManagementStatus.Ok
                        : Refuse(ManagementReason.OutOfRange, "a VLAN is 1 to 4094 with protocol 802.1Q or 802.1ad, or none");
                case ManagementAttributeKind.RateGroup:
                    return value < (ulong)_table.Groups ? ManagementStatus.Ok : NoGroup(value.ToString());
                case ManagementAttributeKind.QueuePairs:
                    return CheckRange(Words[attribute], value, 1, _mostPairs);
                case ManagementAttributeKind.MsixVectors:
                    return CheckRange(Words[attribute], value, 1, _mostVectors);
                default:
                    return CheckRange(Words[attribute], value, attribute == ManagementAttributeKind.Weight ? 1 : 0, Most[attribute]);
            }
        }

        private int NoGroup(string group)
        {
            return Refuse(ManagementReason.NoSuchGroup, "there is no group " + group);
        }

        /// <summary>Refuses what only a group can have.</summary>
        public int PortIsNoGroup()
        {
            return Refuse(ManagementReason.NoSuchGroup, "the port is no group that can be changed so");
        }

        /// <summary>Whether there is such a group; the port is one.</summary>
        public int CheckGroup(int group)
        {
            return group >= 0 && group < _table.Groups && _table.Exists[group] ? ManagementStatus.Ok : NoGroup(group.ToString());
        }

        /// <summary>Whether the fields that a request names can be a group's.</summary>
        /// <param name="buffer">A <see cref="ManagementRateGroup"/>, any bytes.</param>
        /// <param name="offset">Where it begins.</param>
        public int CheckFields(byte[] buffer, int offset, int group)
        {
            int fields = LittleEndian.ReadU16(buffer, offset + ManagementRateGroup.FieldsOffset);
            if ((fields & ~AllFields) != 0 || LittleEndian.ReadU32(buffer, offset + ManagementRateGroup.PriorityOffset) > 0xFF)
            {
                return Refuse(ManagementReason.ReservedNotZero, "a field of a rate group has bits without a name");
            }

            bool isPort = group == PolicyTable.Port;
            if (isPort && (fields & OwnFields) != 0)
            {
                return PortIsNoGroup();
            }

            int status = ManagementStatus.Ok;
            for (int field = 0; field < FieldOffsets.Length && status == ManagementStatus.Ok; field++)
            {
                if (Has(fields, 1 << field))
                {
                    status = CheckField(field, ReadField(buffer, offset, field), isPort);
                }
            }

            return status == ManagementStatus.Ok && Has(fields, ManagementRateGroup.FieldsNameMask)
                && !IsName(buffer, offset + ManagementRateGroup.NameOffset)
                ? Refuse(ManagementReason.OutOfRange, "a name is up to 16 printable letters without a space")
                : status;
        }

        private int CheckField(int field, uint value, bool isPort)
        {
            if (isPort && field == GuaranteeField && value != 0)
            {
                return Refuse(ManagementReason.OutOfRange, "the port has no guarantee");
            }

            if (isPort && value > (uint)_portMbps)
            {
                return Refuse(ManagementReason.OutOfRange, "the port's limit is at most its speed, " + _portMbps.ToString() + " Mbit/s");
            }

            if (field == ParentField)
            {
                return value < (uint)_table.Groups ? ManagementStatus.Ok : NoGroup(value.ToString());
            }

            int like = FieldsLike[field];
            return CheckRange(Words[like], value, field == WeightField ? 1 : 0, Most[like]);
        }

        /// <summary>What a request has in a field: two bytes or four; the priority's bytes above its own are zero.</summary>
        /// <param name="field">0 to <see cref="Fields"/> - 1.</param>
        public static uint ReadField(byte[] buffer, int offset, int field)
        {
            int at = offset + FieldOffsets[field];
            return field <= WeightField ? LittleEndian.ReadU16(buffer, at) : LittleEndian.ReadU32(buffer, at);
        }

        /// <summary>True when a bit of <see cref="ManagementRateGroup.FieldsOffset"/> is set.</summary>
        public static bool Has(int fields, int field)
        {
            return (fields & field) != 0;
        }

        private static bool IsName(byte[] buffer, int offset)
        {
            bool isOver = false;
            for (int at = 0; at < ManagementRateGroup.NameBytes; at++)
            {
                int letter = buffer[offset + at];
                isOver |= letter == 0;
                if (isOver ? letter != 0 : letter <= ' ' || letter > '~')
                {
                    return false;
                }
            }

            return true;
        }

        private int Refuse(int reason, string text)
        {
            return _fault.Set(ManagementStatus.BadArgument, reason, text);
        }
    }
}
