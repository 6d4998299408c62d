// Keeps the operator's decisions over a restart: a whole table in one of two slots, old or new, never mixed. Judges nothing.
using SmartNicFw.Firmware.Config;
using SmartNicFw.Hal;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.Firmware.Management
{
    /// <summary>
    /// A slot is a header and a record for each rate group and for each function. It is written a few records a step into the slot that
    /// is not in force: first its old header is taken away, then come the records, then, when they are kept, the header with a checksum over
    /// all of it, its signature last. So a slot that was being written when power went has no signature, and the other is in force.
    /// </summary>
    /// <remarks>
    /// A header, little-endian: checksum, sequence number, numbers of functions, of VFs of a PF and of groups, version, signature. A group is
    /// a <see cref="ManagementRateGroup"/>, all zero when it is not there. A function is its MAC address, 8 bytes, 0 while it is the
    /// derived one; then its other attributes by their numbers, 4 bytes each.
    /// </remarks>
    public sealed class PolicyStore
    {
        /// <summary>Records that one step writes at the most.</summary>
        public const int RecordsPerStep = 8;

        /// <summary>Version of the layout.</summary>
        public const int Version = 1;

        private const uint Signature = 0x4C4F5053;
        private const int HeaderBytes = 20;
        private const int SequenceOffset = 4;
        private const int FunctionsOffset = 8;
        private const int VFsOffset = 10;
        private const int GroupsOffset = 12;
        private const int VersionOffset = 14;
        private const int SignatureOffset = 16;
        private const int MacBytes = 8;
        private const int FunctionBytes = MacBytes + (4 * (ManagementAttributeKind.Last - 1));
        private const int None = -1;
        private const string Damaged = "the store of the policy is damaged";

        private readonly FunctionNumbering _numbering;
        private readonly PolicyControl _control;
        private readonly PolicyTable _table;
        private readonly INonVolatileStore _store;
        private readonly EventRing _events;
        private readonly Health _health;
        private readonly byte[] _record = new byte[FunctionBytes];
        private readonly int _records;

        // What is in force, and how far the other slot is.
        private int _slot;
        private uint _sequence;
        private int _next = None;
        private uint _run;

        /// <summary>Connects the room.</summary>
        public PolicyStore(FunctionNumbering numbering, PolicyControl control, INonVolatileStore store, EventRing events, Health health)
        {
            _events = events;
            _health = health;
            _numbering = numbering;
            _control = control;
            _table = control.Table;
            _store = store;
            _records = _table.Groups + _table.Functions;
        }

        /// <summary>True while a table is being written.</summary>
        public bool IsSaving => _next != None;

        /// <summary>True when the table that was to be written last could not be.</summary>
        public bool IsFaulty { get; private set; }

        /// <summary>What was wrong with what was kept, in one line; null for nothing.</summary>
        public string Fault { get; private set; }

        /// <summary>Bytes that a slot has to have.</summary>
        public int Bytes => Offset(_records);

        /// <summary>
        /// Sets policy to what was kept last, and keeps it from then on. What is damaged, of another version or of another endpoint is
        /// recorded, and policy is the older one, or as at start; nothing is when nothing was ever kept.
        /// </summary>
        public void Load()
        {
            Fault = TryLoad();
            if (Fault != null)
            {
                _events.Add(ManagementFunctionNumber.Endpoint, ManagementEventKind.StoreDamaged, 0);
                _health.Add(_health.Endpoint, ManagementHealth.ReasonsStoreDamagedMask);
            }

            _control.Store = this;
        }

        private string TryLoad()
        {
            string fault = null;
            uint other = 0;
            bool isOther = IsWhole(1, ref fault);
            if (isOther)
            {
                other = _sequence;
            }

            bool isFirst = IsWhole(0, ref fault);
            if (isOther && (!isFirst || (other - _sequence) < 0x80000000))
            {
                _slot = 1;
                _sequence = other;
            }
            else if (!isFirst)
            {
                _sequence = 0;
                return fault;
            }

            return Restore() ?? fault;
        }

        /// <summary>Begins to write the table, anew if it is being written.</summary>
        public void Start()
        {
            IsFaulty = _store.SlotBytes < Bytes || !Write(0, HeaderBytes, true) || _store.Flush() != HalStatus.Ok;
            _run = Crc32.Start;
            _next = 0;
        }

        /// <summary>Writes the next records, and behind the last of them the header.</summary>
        public void Step()
        {
            for (int count = 0; count < RecordsPerStep && _next < _records && !IsFaulty; count++)
            {
                int bytes = Fill(_next);
                _run = Crc32.Update(_run, _record, 0, bytes);
                IsFaulty = !Write(Offset(_next), bytes, false);
                _next++;
            }

            if (!IsFaulty && _next == _records)
            {
                IsFaulty = _store.Flush() != HalStatus.Ok || !WriteHeader() || _store.Flush() != HalStatus.Ok;
                if (!IsFaulty)
                {
                    _sequence++;
                    _slot ^= 1;
                }

                _next = None;
            }

            if (IsFaulty)
            {
                _next = None;
                _events.Add(ManagementFunctionNumber.Endpoint, ManagementEventKind.StoreFault, 0);
                _health.Add(_health.Endpoint, ManagementHealth.ReasonsStoreFaultMask);
            }
            else if (_next == None)
            {
                // What was wrong with it at start is written over.
                _health.Remove(
                    _health.Endpoint, ManagementHealth.ReasonsStoreFaultMask | ManagementHealth.ReasonsStoreDamagedMask);
            }
        }

        private int Offset(int record)
        {
            return record <= _table.Groups
                ? HeaderBytes + (record * ManagementRateGroup.Bytes)
                : Offset(_table.Groups) + ((record - _table.Groups) * FunctionBytes);
        }

        private bool Write(int offset, int bytes, bool isZero)
        {
            for (int at = 0; isZero && at < bytes; at++)
            {
                _record[at] = 0;
            }

            return _store.Write(_slot ^ 1, offset, _record, bytes) == HalStatus.Ok;
        }

        // The record of a group or a function.
        private int Fill(int number)
        {
            int function = number - _table.Groups;
            if (function < 0)
            {
                for (int at = 0; at < ManagementRateGroup.Bytes; at++)
                {
                    _record[at] = 0;
                }

                _control.WriteRateGroup(number, _record, 0);
                return ManagementRateGroup.Bytes;
            }

            bool isPinned = (_table.Mac[function] & PolicyTable.Pinned) != 0;
            LittleEndian.WriteU64(_record, 0, isPinned ? _table.Address(function) : 0);
            for (int attribute = ManagementAttributeKind.Mac + 1; attribute <= ManagementAttributeKind.Last; attribute++)
            {
                LittleEndian.WriteU32(_record, OffsetOf(attribute), (uint)_table.Get(function, attribute));
            }

            return FunctionBytes;
        }

        private static int OffsetOf(int attribute)
        {
            return MacBytes + (4 * (attribute - ManagementAttributeKind.Mac - 1));
        }

        // The header but for its checksum, and that over all that is before it and over it.
        private uint FillHeader(uint sequence)
        {
            LittleEndian.WriteU32(_record, 0, 0);
            LittleEndian.WriteU32(_record, SequenceOffset, sequence);
            LittleEndian.WriteU16(_record, FunctionsOffset, (ushort)_numbering.Count);
            LittleEndian.WriteU16(_record, VFsOffset, (ushort)_numbering.TotalVFs);
            LittleEndian.WriteU16(_record, GroupsOffset, (ushort)_table.Groups);
            LittleEndian.WriteU16(_record, VersionOffset, Version);
            LittleEndian.WriteU32(_record, SignatureOffset, Signature);
            return Crc32.Finish(Crc32.Update(_run, _record, 0, HeaderBytes));
        }

        private bool WriteHeader()
        {
            uint checksum = FillHeader(_sequence + 1);
            LittleEndian.WriteU32(_record, 0, checksum);
            return Write(0, HeaderBytes, false);
        }

        // Whether a slot is what it was written as; its sequence number then. One that was never written whole is no fault.
        private bool IsWhole(int slot, ref string fault)
        {
            if (_store.Read(slot, 0, _record, HeaderBytes) != HalStatus.Ok)
            {
                fault = "the store of the policy cannot be read";
                return false;
            }

            if (LittleEndian.ReadU32(_record, SignatureOffset) != Signature)
            {
                // A header that was being written lacks the end of its signature; of one that has it something was lost.
                fault = _record[HeaderBytes - 1] == 0 ? fault : Damaged;
                return false;
            }

            uint checksum = LittleEndian.ReadU32(_record, 0);
            uint sequence = LittleEndian.ReadU32(_record, SequenceOffset);
            if (LittleEndian.ReadU16(_record, VersionOffset) != Version
                || LittleEndian.ReadU16(_record, FunctionsOffset) != _numbering.Count
                || LittleEndian.ReadU16(_record, VFsOffset) != _numbering.TotalVFs
                || LittleEndian.ReadU16(_record, GroupsOffset) != _table.Groups)
            {
                fault = "the store of the policy is of another version, or of an endpoint with other functions or groups";
                return false;
            }

            _run = Crc32.Start;
            for (int number = 0; number < _records; number++)
            {
                int bytes = Offset(number + 1) - Offset(number);
                if (_store.Read(slot, Offset(number), _record, bytes) != HalStatus.Ok)
                {
                    fault = "the store of the policy cannot be read";
                    return false;
                }

                _run = Crc32.Update(_run, _record, 0, bytes);
            }

            if (FillHeader(sequence) != checksum)
            {
                fault = Damaged;
                return false;
            }

            _sequence = sequence;
            return true;
        }

        // One transaction, judged as any other: what this endpoint cannot do is not taken.
        private string Restore()
        {
            uint transaction;
            int status = _control.Begin(out transaction);
            for (int number = 0; number < _records && status == ManagementStatus.Ok; number++)
            {
                int bytes = Offset(number + 1) - Offset(number);
                status = _store.Read(_slot, Offset(number), _record, bytes) == HalStatus.Ok
                    ? RestoreRecord(number)
                    : ManagementStatus.StoreFault;
            }

            return _control.End(transaction, status);
        }

        private int RestoreRecord(int number)
        {
            int function = number - _table.Groups;
            if (function < 0)
            {
                // The port, which is always there, has but a limit.
                LittleEndian.WriteU16(
                    _record, ManagementRateGroup.FieldsOffset,
                    (ushort)(LittleEndian.ReadU16(_record, ManagementRateGroup.FieldsOffset)
                        & (number == 0 ? ManagementRateGroup.FieldsMaxTxRateMask : 0xFFFF)));
                return number == 0 ? _control.SetRateGroup(_record, 0)
                    : LittleEndian.ReadU16(_record, ManagementRateGroup.FieldsOffset) == 0 ? ManagementStatus.Ok
                    : _control.AddRateGroup(_record, 0);
            }

            ulong mac = LittleEndian.ReadU64(_record, 0);
            int status = mac == 0 ? ManagementStatus.Ok : _control.SetAttribute(function, ManagementAttributeKind.Mac, mac);
            for (int attribute = ManagementAttributeKind.Mac + 1;
                attribute <= ManagementAttributeKind.Last && status == ManagementStatus.Ok; attribute++)
            {
                ulong value = LittleEndian.ReadU32(_record, OffsetOf(attribute));
                if (value != _table.Get(function, attribute))
                {
                    status = _control.SetAttribute(function, attribute, value);
                }
            }

            return status;
        }
    }
}
