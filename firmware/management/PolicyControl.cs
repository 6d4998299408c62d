// Where the operator's decisions arrive: judged as a whole, made as a whole or not at all, then kept. Knows no frame and no way it travels.
using SmartNicFw.Firmware.Arbitration;
using SmartNicFw.Firmware.Config;
using SmartNicFw.Firmware.Interrupt;
using SmartNicFw.Firmware.Virtio;
using SmartNicFw.Hal;
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.Firmware.Management
{
    /// <summary>
    /// Calls that change give a <see cref="ManagementStatus"/>. Whatever it is but Ok, nothing has changed, and the fault says why. While a
    /// transaction is open, changes are part of it; else each is a transaction of its own. Who may change what, and whose the open
    /// transaction is, is for the caller to see to.
    /// </summary>
    /// <remarks>
    /// A change that can never be is refused at once, and is no part of the transaction; whether changes go together is judged when it is
    /// committed. Changes of different things may come in any order; of the same thing the last counts.
    /// </remarks>
    public sealed class PolicyControl
    {
        /// <summary>Microseconds after which a transaction that nobody goes on with is forgotten.</summary>
        public const int IdleUs = 2000000;

        /// <summary>Most changes of a transaction.</summary>
        public const int MaxChanges = 16384;

        private const int AllFields = ManagementRateGroup.FieldsParentMask | ManagementRateGroup.FieldsWeightMask
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

        private const int AttributeShift = 16;
        private const uint IndexMask = 0xFFFF;

        private readonly FunctionNumbering _numbering;
        private readonly PolicyTable _after;
        private readonly PolicyJudge _judge;
        private readonly int _portMbps;
        private readonly int _mostPairs;
        private readonly int _mostVectors;

        // Changes of the transaction in their order: a function and above it the attribute, or a group and 0.
        private readonly uint[] _changed;
        private int _changes;
        private uint _lastTransaction;
        private bool _isTouched;
        private long _touchedUs;

        /// <summary>Starts with the policy that there is before anybody has decided anything.</summary>
        /// <param name="table">As at start.</param>
        /// <param name="state">What drivers have done; null where there are none.</param>
        public PolicyControl(EndpointConfiguration configuration, FunctionNumbering numbering, PolicyTable table, VirtioState state)
        {
            _numbering = numbering;
            _portMbps = configuration.EthernetMbps;
            _mostPairs = configuration.MaxPairs(true);
            _mostVectors = configuration.MaxVectors(true);
            Table = table;
            _after = new PolicyTable(configuration, numbering);
            _judge = new PolicyJudge(configuration, numbering, Table, _after, state);
            int most = (numbering.Count * ManagementAttributeKind.Last) + (2 * Table.Groups);
            _changed = new uint[most < MaxChanges ? most : MaxChanges];
        }

        /// <summary>What is in force. Read it; changes come by the calls below.</summary>
        public PolicyTable Table { get; }

        /// <summary>Number of the open transaction; 0 for none.</summary>
        public uint Transaction { get; private set; }

        /// <summary>True while the last change is being kept for the next start: it is in force, and is answered when this is over.</summary>
        public bool IsSaving => Store != null && Store.IsSaving;

        /// <summary>Ok, or <see cref="ManagementStatus.StoreFault"/> when the last change is in force and could not be kept.</summary>
        public int SaveStatus => Store != null && Store.IsFaulty ? ManagementStatus.StoreFault : ManagementStatus.Ok;

        /// <summary>Why the last call was refused: one of <see cref="ManagementReason"/>.</summary>
        public int FaultReason { get; private set; }

        /// <summary>The same in one line for people; null for none.</summary>
        public string FaultText { get; private set; }

        /// <summary>The change of a transaction that is at fault, 0 upwards in the order they came.</summary>
        public uint FaultChange { get; private set; }

        /// <summary>True when <see cref="Step"/> has something to do.</summary>
        public bool HasWork => IsSaving || _isTouched;

        /// <summary>When an open transaction is forgotten, microseconds of the clock; <see cref="long.MaxValue"/> when none is.</summary>
        public long NextUs => Transaction == 0 || _isTouched ? long.MaxValue : _touchedUs + IdleUs;

        /// <summary>True when no transaction is open; else says so as a fault.</summary>
        public bool IsFree
        {
            get
            {
                if (Transaction != 0)
                {
                    Fault(ManagementStatus.Busy, ManagementReason.None, "another transaction is open");
                }

                return Transaction == 0;
            }
        }

        /// <summary>The rooms that what is decided takes effect in; each sets itself, and may be missing.</summary>
        internal ArbitrationPolicy Arbitration { get; set; }

        internal InterruptPolicy Interrupts { get; set; }

        internal VfPolicy Functions { get; set; }

        /// <summary>Where what is decided is kept; null while nothing is.</summary>
        internal PolicyStore Store { get; set; }

        /// <summary>What an attribute is set to: what is in force, not what an open transaction is to make of it.</summary>
        /// <param name="function">Any number.</param>
        /// <param name="attribute">Any number; those of <see cref="ManagementAttributeKind"/> are there.</param>
        public int GetAttribute(int function, int attribute, out ulong value)
        {
            int status = CheckAttribute(function, attribute);
            value = status == ManagementStatus.Ok ? Table.Get(function, attribute) : 0;
            return status;
        }

        /// <summary>Sets an attribute.</summary>
        /// <param name="function">Any number.</param>
        /// <param name="attribute">Any number.</param>
        /// <param name="value">Any value.</param>
        public int SetAttribute(int function, int attribute, ulong value)
        {
            int status = CheckAttribute(function, attribute);
            if (status == ManagementStatus.Ok)
            {
                status = CheckValue(function, attribute, value);
            }

            if (status == ManagementStatus.Ok)
            {
                status = CheckRoom();
            }

            if (status != ManagementStatus.Ok)
            {
                return status;
            }

            _after.Set(function, attribute, value);
            return Changed((uint)((attribute << AttributeShift) | function));
        }

        /// <summary>Adds a rate group.</summary>
        /// <param name="buffer">A <see cref="ManagementRateGroup"/>, any bytes.</param>
        /// <param name="offset">Where it begins.</param>
        public int AddRateGroup(byte[] buffer, int offset)
        {
            int group = LittleEndian.ReadU16(buffer, offset + ManagementRateGroup.GroupOffset);
            int status = CheckRange("a new group", (ulong)group, 1, Table.Groups - 1);
            if (status == ManagementStatus.Ok && _after.Exists[group])
            {
                status = Fault(
                    ManagementStatus.BadArgument, ManagementReason.GroupExists, "group " + group.ToString() + " is there already");
            }

            if (status == ManagementStatus.Ok)
            {
                status = CheckFields(buffer, offset, group);
            }

            if (status != ManagementStatus.Ok)
            {
                return status;
            }

            _after.ClearGroup(group, true);
            return SetFields(buffer, offset, group);
        }

        /// <summary>Sets those fields of a rate group that are named.</summary>
        /// <param name="buffer">A <see cref="ManagementRateGroup"/>, any bytes.</param>
        /// <param name="offset">Where it begins.</param>
        public int SetRateGroup(byte[] buffer, int offset)
        {
            int group = LittleEndian.ReadU16(buffer, offset + ManagementRateGroup.GroupOffset);
            int status = CheckGroup(group);
            if (status == ManagementStatus.Ok)
            {
                status = CheckFields(buffer, offset, group);
            }

            return status == ManagementStatus.Ok ? SetFields(buffer, offset, group) : status;
        }

        /// <summary>Deletes a rate group.</summary>
        /// <param name="group">Any number.</param>
        public int DeleteRateGroup(int group)
        {
            int status = group == PolicyTable.Port ? PortIsNoGroup() : CheckGroup(group);
            if (status == ManagementStatus.Ok)
            {
                status = CheckRoom();
            }

            if (status != ManagementStatus.Ok)
            {
                return status;
            }

            _after.ClearGroup(group, false);
            return Changed((uint)group);
        }

        /// <summary>Writes a group that is there, or the port, as a <see cref="ManagementRateGroup"/>: what is in force.</summary>
        /// <param name="group">Any number; there are <see cref="PolicyTable.Groups"/>.</param>
        /// <returns>False when it is not there.</returns>
        public bool WriteRateGroup(int group, byte[] buffer, int offset)
        {
            if (group < 0 || group >= Table.Groups || !Table.Exists[group])
            {
                return false;
            }

            LittleEndian.WriteU16(buffer, offset + ManagementRateGroup.GroupOffset, (ushort)group);
            LittleEndian.WriteU16(buffer, offset + ManagementRateGroup.FieldsOffset, (ushort)AllFields);
            for (int field = 0; field < FieldOffsets.Length; field++)
            {
                // Upwards: a field of two bytes is written before the one behind it.
                LittleEndian.WriteU32(buffer, offset + FieldOffsets[field], Table.GetGroup(group, field));
            }

            for (int at = 0; at < ManagementRateGroup.NameBytes; at++)
            {
                buffer[offset + ManagementRateGroup.NameOffset + at] = Table.Names[(group * ManagementRateGroup.NameBytes) + at];
            }

            return true;
        }

        /// <summary>Opens a transaction. Busy while another one is open.</summary>
        /// <param name="transaction">Receives its number, 1 upwards.</param>
        public int Begin(out uint transaction)
        {
            transaction = 0;
            if (!IsFree)
            {
                return ManagementStatus.Busy;
            }

            _lastTransaction++;
            if (_lastTransaction == 0)
            {
                _lastTransaction = 1;
            }

            transaction = _lastTransaction;
            Transaction = transaction;
            _isTouched = true;
            return ManagementStatus.Ok;
        }

        /// <summary>Judges all changes of a transaction, then makes all of them or none; it is over.</summary>
        /// <param name="changes">Changes that were sent in it; those that were refused at once are none.</param>
        /// <param name="isCheckOnly">Judge, and change nothing.</param>
        public int Commit(uint transaction, uint changes, bool isCheckOnly)
        {
            int status = CheckTransaction(transaction);
            if (status != ManagementStatus.Ok)
            {
                return status;
            }

            Transaction = 0;
            if (changes != (uint)_changes)
            {
                Settle(false);
                return Fault(
                    ManagementStatus.BadArgument, ManagementReason.ChangesMissing,
                    _changes.ToString() + " changes arrived, not " + changes.ToString());
            }

            return Finish(isCheckOnly);
        }

        /// <summary>Forgets a transaction.</summary>
        public int Abort(uint transaction)
        {
            int status = CheckTransaction(transaction);
            if (status == ManagementStatus.Ok)
            {
                Transaction = 0;
                Settle(false);
            }

            return status;
        }

        /// <summary>Keeps the next piece of what is to be kept, and forgets a transaction that is idle for <see cref="IdleUs"/>.</summary>
        public void Step(long nowUs)
        {
            if (IsSaving)
            {
                Store.Step();
            }

            if (_isTouched)
            {
                _isTouched = false;
                _touchedUs = nowUs;
            }
            else if (Transaction != 0 && nowUs - _touchedUs >= IdleUs)
            {
                Abort(Transaction);
            }
        }

        /// <summary>Commits a transaction whose changes were all taken, and forgets another.</summary>
        /// <param name="status">Of the last change.</param>
        /// <returns>Null, or why nothing has changed.</returns>
        internal string End(uint transaction, int status)
        {
            if (status != ManagementStatus.Ok)
            {
                string fault = FaultText;
                Abort(transaction);
                return fault;
            }

            return Commit(transaction, (uint)_changes, false) == ManagementStatus.Ok ? null : FaultText;
        }

        /// <summary>True for an address that another function has, or gets back by a reset.</summary>
        internal bool IsOthers(int function, ulong mac)
        {
            return _judge.HolderOf(Table, function, mac) != FunctionNumbering.None;
        }

        /// <summary>True for an address that can be a function's and is no other's.</summary>
        internal bool IsFreeMac(int function, ulong mac)
        {
            return IsMac(mac) && !IsOthers(function, mac);
        }

        private static bool IsMac(ulong mac)
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

        private int Fault(int status, int reason, string text)
        {
            FaultReason = reason;
            FaultText = text;
            FaultChange = 0;
            return status;
        }

        private int Refuse(int reason, string text)
        {
            return Fault(ManagementStatus.BadArgument, reason, text);
        }

        private int CheckRange(string what, ulong value, int least, int most)
        {
            return value >= (ulong)least && value <= (ulong)most
                ? ManagementStatus.Ok
                : Refuse(
                    ManagementReason.OutOfRange, what + " is " + least.ToString() + " to " + most.ToString() + ", not " + value.ToString());
        }

        private int CheckAttribute(int function, int attribute)
        {
            if (function < 0 || function >= Table.Functions)
            {
                return Refuse(
                    ManagementReason.NoSuchFunction,
                    "a function is 0 to " + (Table.Functions - 1).ToString() + ", not " + function.ToString());
            }

            return attribute >= 1 && attribute <= ManagementAttributeKind.Last
                ? ManagementStatus.Ok
                : Refuse(ManagementReason.NoSuchAttribute, "there is no attribute " + attribute.ToString());
        }

        private int CheckValue(int function, int attribute, ulong value)
        {
            bool isOfVf = attribute == ManagementAttributeKind.Trust || attribute == ManagementAttributeKind.QueuePairs
                || attribute == ManagementAttributeKind.MsixVectors;
            if (isOfVf && !_numbering.IsVirtual(function))
            {
                return value == _after.Get(function, attribute)
                    ? ManagementStatus.Ok
                    : Refuse(
                        ManagementReason.WrongKindOfFunction,
                        "trust, queue pairs and MSI-X vectors are of VFs, not of " + _judge.NameOf(function));
            }

            switch (attribute)
            {
                case ManagementAttributeKind.Mac:
                    return IsMac(value)
                        ? ManagementStatus.Ok
                        : Refuse(ManagementReason.UnusableMac, "a MAC address is six bytes, not all zero and no group's");
                case ManagementAttributeKind.Vlan:
                    return IsVlan(value)
                        ? ManagementStatus.Ok
                        : Refuse(ManagementReason.OutOfRange, "a VLAN is 1 to 4094 with protocol 802.1Q or 802.1ad, or none");
                case ManagementAttributeKind.RateGroup:
                    return value < (ulong)Table.Groups ? ManagementStatus.Ok : NoGroup(value.ToString());
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

        private int PortIsNoGroup()
        {
            return Refuse(ManagementReason.NoSuchGroup, "the port is no group that can be changed so");
        }

        private int CheckGroup(int group)
        {
            return group >= 0 && group < Table.Groups && _after.Exists[group] ? ManagementStatus.Ok : NoGroup(group.ToString());
        }

        private int CheckFields(byte[] buffer, int offset, int group)
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

            int status = CheckRoom();
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
                return value < (uint)Table.Groups ? ManagementStatus.Ok : NoGroup(value.ToString());
            }

            int like = FieldsLike[field];
            return CheckRange(Words[like], value, field == WeightField ? 1 : 0, Most[like]);
        }

        // Two bytes or four; the priority's bytes above its own are zero.
        private static uint ReadField(byte[] buffer, int offset, int field)
        {
            int at = offset + FieldOffsets[field];
            return field <= WeightField ? LittleEndian.ReadU16(buffer, at) : LittleEndian.ReadU32(buffer, at);
        }

        private static bool Has(int fields, int field)
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

        private int SetFields(byte[] buffer, int offset, int group)
        {
            int fields = LittleEndian.ReadU16(buffer, offset + ManagementRateGroup.FieldsOffset);
            for (int field = 0; field < FieldOffsets.Length; field++)
            {
                if (Has(fields, 1 << field))
                {
                    _after.SetGroup(group, field, ReadField(buffer, offset, field));
                }
            }

            for (int at = 0; at < ManagementRateGroup.NameBytes && Has(fields, ManagementRateGroup.FieldsNameMask); at++)
            {
                _after.Names[(group * ManagementRateGroup.NameBytes) + at] = buffer[offset + ManagementRateGroup.NameOffset + at];
            }

            return Changed((uint)group);
        }

        private int CheckRoom()
        {
            return _changes < _changed.Length
                ? ManagementStatus.Ok
                : Refuse(
                    ManagementReason.TooManyChanges, "a transaction has " + _changed.Length.ToString() + " changes at the most");
        }

        private int CheckTransaction(uint transaction)
        {
            return transaction != 0 && transaction == Transaction
                ? ManagementStatus.Ok
                : Fault(
                    ManagementStatus.WrongState, ManagementReason.NoSuchTransaction,
                    "transaction " + transaction.ToString() + " is not open");
        }

        private int Changed(uint change)
        {
            _changed[_changes] = change;
            _changes++;
            _isTouched = Transaction != 0;
            return Transaction != 0 ? ManagementStatus.Ok : Finish(false);
        }

        // All of the transaction or nothing.
        private int Finish(bool isCheckOnly)
        {
            int status = _judge.Judge();
            if (status != ManagementStatus.Ok)
            {
                Fault(status, _judge.Reason, _judge.Text);
                FaultChange = FindChange();
            }

            bool isMade = status == ManagementStatus.Ok && !isCheckOnly;
            Settle(isMade);
            if (isMade && Store != null)
            {
                Store.Start();
            }

            return status;
        }

        // Afterwards both tables are the same: what was to be, or what was before.
        private void Settle(bool isMade)
        {
            if (isMade && Arbitration != null)
            {
                Arbitration.Apply(_after);
            }

            for (int change = 0; change < _changes; change++)
            {
                int index = (int)(long)(_changed[change] & IndexMask);
                if ((_changed[change] >> AttributeShift) == 0)
                {
                    if (isMade)
                    {
                        Table.CopyGroup(_after, index);
                    }
                    else
                    {
                        _after.CopyGroup(Table, index);
                    }
                }
                else if (isMade)
                {
                    ApplyFunction(index);
                }
                else
                {
                    _after.CopyFunction(Table, index);
                }
            }

            _changes = 0;
        }

        private void ApplyFunction(int function)
        {
            if (Interrupts != null)
            {
                Interrupts.Apply(_after, function);
            }

            if (Functions != null)
            {
                Functions.Apply(_after, function);
            }

            Table.CopyFunction(_after, function);
        }

        // The last change of what is at fault; of rates, the last one on the way from the port through it, or below it.
        private uint FindChange()
        {
            for (int change = _changes - 1; change >= 0; change--)
            {
                int attribute = (int)(long)(_changed[change] >> AttributeShift);
                int index = (int)(long)(_changed[change] & IndexMask);
                bool isGroup = attribute == 0;
                int owner = isGroup ? _after.Functions + index : index;
                if (_judge.Attribute != 0 ? attribute == _judge.Attribute && owner == _judge.Owner : IsOnTheWay(owner, attribute))
                {
                    return (uint)change;
                }
            }

            return 0;
        }

        private bool IsOnTheWay(int owner, int attribute)
        {
            bool isTree = attribute == 0 || attribute == ManagementAttributeKind.RateGroup
                || attribute == ManagementAttributeKind.MaxTxRate || attribute == ManagementAttributeKind.MinTxRate;
            return isTree
                && ((_judge.Owner >= _after.Functions && _after.IsWithin(owner, _judge.Owner - _after.Functions))
                    || (owner >= _after.Functions && _after.IsWithin(_judge.Owner, owner - _after.Functions))
                    || owner == _judge.Owner);
        }
    }
}
