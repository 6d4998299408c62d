// Where the operator's decisions arrive: judged as a whole, made as a whole or not at all, then kept. Knows no frame and no way it travels.
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

        private const int AttributeShift = 16;
        private const uint IndexMask = 0xFFFF;

        private readonly PolicyTable _after;
        private readonly PolicyJudge _judge;
        private readonly PolicyValues _values;
        private readonly PolicyFault _fault = new PolicyFault();

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
            Table = table;
            _after = new PolicyTable(configuration, numbering);
            _judge = new PolicyJudge(configuration, numbering, Table, _after, state);
            _values = new PolicyValues(configuration, numbering, _after, _judge, _fault);
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
        public int FaultReason => _fault.Reason;

        /// <summary>The same in one line for people; null for none.</summary>
        public string FaultText => _fault.Text;

        /// <summary>The change of a transaction that is at fault, 0 upwards in the order they came.</summary>
        public uint FaultChange => _fault.Change;

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
                    _fault.Set(ManagementStatus.Busy, ManagementReason.None, "another transaction is open");
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
            int status = _values.CheckAttribute(function, attribute);
            value = status == ManagementStatus.Ok ? Table.Get(function, attribute) : 0;
            return status;
        }

        /// <summary>Sets an attribute.</summary>
        /// <param name="function">Any number.</param>
        /// <param name="attribute">Any number.</param>
        /// <param name="value">Any value.</param>
        public int SetAttribute(int function, int attribute, ulong value)
        {
            int status = _values.CheckAttribute(function, attribute);
            if (status == ManagementStatus.Ok)
            {
                status = _values.CheckValue(function, attribute, value);
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
            int status = _values.CheckRange("a new group", (ulong)group, 1, Table.Groups - 1);
            if (status == ManagementStatus.Ok && _after.Exists[group])
            {
                status = _fault.Set(
                    ManagementStatus.BadArgument, ManagementReason.GroupExists, "group " + group.ToString() + " is there already");
            }

            if (status == ManagementStatus.Ok)
            {
                status = CheckChange(buffer, offset, group);
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
            int status = _values.CheckGroup(group);
            if (status == ManagementStatus.Ok)
            {
                status = CheckChange(buffer, offset, group);
            }

            return status == ManagementStatus.Ok ? SetFields(buffer, offset, group) : status;
        }

        /// <summary>Deletes a rate group.</summary>
        /// <param name="group">Any number.</param>
        public int DeleteRateGroup(int group)
        {
            int status = group == PolicyTable.Port ? _values.PortIsNoGroup() : _values.CheckGroup(group);
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
            LittleEndian.WriteU16(buffer, offset + ManagementRateGroup.FieldsOffset, (ushort)PolicyValues.AllFields);
            for (int field = 0; field < PolicyValues.Fields; field++)
            {
                // Upwards: a field of two bytes is written before the one behind it.
                LittleEndian.WriteU32(buffer, offset + PolicyValues.OffsetOf(field), Table.GetGroup(group, field));
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
                return _fault.Set(
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
        public string End(uint transaction, int status)
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
            return PolicyValues.IsMac(mac) && !IsOthers(function, mac);
        }

        private int CheckChange(byte[] buffer, int offset, int group)
        {
            int status = _values.CheckFields(buffer, offset, group);
            return status == ManagementStatus.Ok ? CheckRoom() : status;
        }

        private int SetFields(byte[] buffer, int offset, int group)
        {
            int fields = LittleEndian.ReadU16(buffer, offset + ManagementRateGroup.FieldsOffset);
            for (int field = 0; field < PolicyValues.Fields; field++)
            {
                if (PolicyValues.Has(fields, 1 << field))
                {
                    _after.SetGroup(group, field, PolicyValues.ReadField(buffer, offset, field));
                }
            }

            for (int at = 0; at < ManagementRateGroup.NameBytes && PolicyValues.Has(fields, ManagementRateGroup.FieldsNameMask); at++)
            {
                _after.Names[(group * ManagementRateGroup.NameBytes) + at] = buffer[offset + ManagementRateGroup.NameOffset + at];
            }

            return Changed((uint)group);
        }

        private int CheckRoom()
        {
            return _changes < _changed.Length
                ? ManagementStatus.Ok
                : _fault.Set(
                    ManagementStatus.BadArgument, ManagementReason.TooManyChanges, "a transaction has " + _changed.Length.ToString() + " changes at the most");
        }

        private int CheckTransaction(uint transaction)
        {
            return transaction != 0 && transaction == Transaction
                ? ManagementStatus.Ok
                : _fault.Set(
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
                _fault.Set(status, _judge.Reason, _judge.Text);
                _fault.Change = FindChange();
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
