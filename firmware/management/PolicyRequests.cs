// Requests that read and change policy: attributes, rate groups, transactions. Judges who may; what may be is policy's to judge.
using SmartNicFw.Firmware.Config;
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.Firmware.Management
{
    /// <summary>
    /// Each call answers one request, whose payload has the length of its layout and any content. A transaction belongs to who has begun
    /// it: while it is open changes of others are Busy, and it ends with its owner.
    /// </summary>
    public sealed class PolicyRequests
    {
        private const int GroupsAtMost =
            (ManagementFrame.MaxPayloadBytes - ManagementList.EntriesOffset) / ManagementRateGroup.Bytes;

        private readonly PolicyControl _policy;
        private readonly FunctionRequests _functions;
        private readonly ManagementRights _rights;
        private readonly EventRing _events;
        private int _owner = ManagementRights.Nobody;

        /// <summary>Connects the room.</summary>
        public PolicyRequests(FunctionRequests functions, ManagementRights rights, DataPath path)
        {
            _policy = path.Control;
            _functions = functions;
            _rights = rights;
            _events = path.Events;
        }

        /// <summary>Who asks is gone, or was reset: its transaction is over.</summary>
        /// <param name="asker">As <see cref="ManagementRights.Asker"/> has it.</param>
        public void Forget(int asker)
        {
            if (_owner == asker && _policy.Transaction != 0)
            {
                _policy.Abort(_policy.Transaction);
            }

            _owner = _owner == asker ? ManagementRights.Nobody : _owner;
        }

        /// <summary>What an attribute is set to.</summary>
        public void GetAttribute(ManagementAnswer answer)
        {
            int function = answer.Read16(ManagementAttributeRequest.FunctionOffset);
            int attribute = answer.Read16(ManagementAttributeRequest.AttributeOffset);
            ulong value;
            if (IsOk(answer, _policy.GetAttribute(function, attribute, out value)))
            {
                answer.Write16(ManagementAttributeValue.FunctionOffset, function);
                answer.Write16(ManagementAttributeValue.AttributeOffset, attribute);
                answer.Write32(ManagementAttributeValue.ReservedOffset, 0);
                answer.Write64(ManagementAttributeValue.ValueOffset, value);
                answer.Done(ManagementAttributeValue.Bytes);
            }
        }

        /// <summary>Sets an attribute.</summary>
        public void SetAttribute(ManagementAnswer answer)
        {
            int function = _functions.FunctionOf(answer);
            int attribute = answer.Read16(ManagementAttributeValue.AttributeOffset);
            if (function == FunctionNumbering.None)
            {
                return;
            }

            if (!_rights.MayChange(function))
            {
                _rights.Deny(answer, FunctionRequests.ForeignFunction);
                return;
            }

            if (answer.IsZero(ManagementAttributeValue.ReservedOffset)
                && answer.IsZero(ManagementAttributeValue.ReservedOffset + 2) && IsFree(answer))
            {
                ulong value = answer.Read64(ManagementAttributeValue.ValueOffset);
                Change(answer, _policy.SetAttribute(function, attribute, value), function, (uint)attribute);
            }
        }

        /// <summary>Adds a rate group.</summary>
        public void AddRateGroup(ManagementAnswer answer)
        {
            if (MayChangeGroups(answer))
            {
                ChangeGroup(answer, _policy.AddRateGroup(answer.Buffer, answer.Payload));
            }
        }

        /// <summary>Sets fields of a rate group.</summary>
        public void SetRateGroup(ManagementAnswer answer)
        {
            if (MayChangeGroups(answer))
            {
                ChangeGroup(answer, _policy.SetRateGroup(answer.Buffer, answer.Payload));
            }
        }

        /// <summary>Deletes a rate group.</summary>
        public void DeleteRateGroup(ManagementAnswer answer)
        {
            if (MayChangeGroups(answer)
                && answer.IsZero(ManagementRateGroupNumber.ReservedOffset))
            {
                ChangeGroup(answer, _policy.DeleteRateGroup(answer.Read16(ManagementRateGroupNumber.GroupOffset)));
            }
        }

        /// <summary>Rate groups that are there, from a number on, the port being the first of all.</summary>
        public void GetRateGroups(ManagementAnswer answer)
        {
            int first = answer.Read16(ManagementListRequest.FirstOffset);
            int most = answer.CountOf(ManagementListRequest.CountOffset, GroupsAtMost, GroupsAtMost);
            int count = 0;
            int total = 0;
            int end = ManagementList.EntriesOffset;
            for (int group = 0; group < _policy.Table.Groups; group++)
            {
                total += _policy.Table.Exists[group] ? 1 : 0;
                if (group >= first && count < most && _policy.WriteRateGroup(group, answer.Buffer, answer.Payload + end))
                {
                    count++;
                    end += ManagementRateGroup.Bytes;
                }
            }

            answer.WriteList(first, count, total, ManagementRateGroup.Bytes);
            answer.Done(end);
        }

        /// <summary>Opens a transaction.</summary>
        public void Begin(ManagementAnswer answer)
        {
            if (!MayChangeGroups(answer))
            {
                return;
            }

            uint transaction;
            if (IsOk(answer, _policy.Begin(out transaction)))
            {
                _owner = _rights.Asker;
                answer.Write32(ManagementTransactionNumber.TransactionOffset, transaction);
                answer.Done(ManagementTransactionNumber.Bytes);
            }
        }

        /// <summary>Commits a transaction.</summary>
        public void Commit(ManagementAnswer answer)
        {
            uint transaction = answer.Read32(ManagementCommit.TransactionOffset);
            uint changes = answer.Read32(ManagementCommit.ChangesOffset);
            uint flags = answer.Read32(ManagementCommit.FlagsOffset);
            if ((flags & ~ManagementCommit.FlagsCheckOnlyMask) != 0)
            {
                answer.Refuse(ManagementStatus.BadArgument, ManagementReason.ReservedNotZero, "bits without a name are not zero");
            }
            else if (IsOwn(answer, transaction)
                && IsOk(answer, _policy.Commit(transaction, changes, flags != 0)) && flags == 0 && changes != 0)
            {
                _events.Add(ManagementFunctionNumber.Endpoint, ManagementEventKind.PolicyChanged, changes);
            }
        }

        /// <summary>Forgets a transaction.</summary>
        public void Abort(ManagementAnswer answer)
        {
            uint transaction = answer.Read32(ManagementTransactionNumber.TransactionOffset);
            if (IsOwn(answer, transaction))
            {
                IsOk(answer, _policy.Abort(transaction));
            }
        }

        private bool MayChangeGroups(ManagementAnswer answer)
        {
            if (!_rights.MayChangeEndpoint)
            {
                _rights.Deny(answer, "rate groups and transactions are for the window of PF 0 only");
                return false;
            }

            return IsFree(answer);
        }

        private bool IsFree(ManagementAnswer answer)
        {
            if (_policy.Transaction == 0 || _owner == _rights.Asker)
            {
                return true;
            }

            answer.Refuse(ManagementStatus.Busy, ManagementReason.None, "another transaction is open");
            return false;
        }

        private bool IsOwn(ManagementAnswer answer, uint transaction)
        {
            if (transaction != 0 && transaction == _policy.Transaction && _owner == _rights.Asker)
            {
                return true;
            }

            answer.Refuse(
                ManagementStatus.WrongState, ManagementReason.NoSuchTransaction, "the transaction is not open, or another's");
            return false;
        }

        private void ChangeGroup(ManagementAnswer answer, int status)
        {
            Change(answer, status, ManagementFunctionNumber.Endpoint, 1);
        }

        private void Change(ManagementAnswer answer, int status, int function, uint detail)
        {
            if (IsOk(answer, status) && _policy.Transaction == 0)
            {
                _events.Add(function, ManagementEventKind.PolicyChanged, detail);
            }
        }

        private bool IsOk(ManagementAnswer answer, int status)
        {
            if (status == ManagementStatus.Ok)
            {
                answer.Done(0);
                return true;
            }

            answer.Refuse(status, _policy.FaultReason, _policy.FaultText, _policy.FaultChange);
            return false;
        }
    }
}
