// Hands turns to the engine and takes what it reports. Decides nothing about order: that is the arbiter's.
using SmartNicFw.Firmware.Arbitration;
using SmartNicFw.Firmware.Config;
using SmartNicFw.Firmware.Interrupt;
using SmartNicFw.Firmware.Management;
using SmartNicFw.Firmware.Virtio;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.Firmware.Dma
{
    /// <summary>
    /// As many turns as there are credits for, each a queue's own in order. A turn that the engine never reports ends by its deadline, as one
    /// with a fault does: the error stands in the function's registers, an event in the ring, and the function is broken. No other function
    /// notices.
    /// </summary>
    public sealed class DmaScheduler
    {
        /// <summary>Events that one step takes at the most.</summary>
        public const int EventsPerStep = 64;

        /// <summary>
        /// What a turn may take beyond the Completion Timeout of its last request, microseconds. An engine watches single requests; this
        /// is for one that reports nothing at all.
        /// </summary>
        public const int TransferUs = 10000;

        private readonly IQueueEngine _engine;
        private readonly BusMastering _mastering;
        private readonly VirtioState _state;
        private readonly PendingQueues _pending;
        private readonly TurnsUnderWay _turns;
        private readonly DeviceLifecycle _lifecycle;
        private readonly InterruptModerator _moderator;
        private readonly ControlQueue _control;
        private readonly ErrorReporting _errors;
        private readonly EventRing _events;
        private readonly Health _health;
        private readonly Counters _counters;
        private readonly QueueEvent _event = new QueueEvent();

        // By function: queues of it that wait for credits of the function's own share. By queue: 1 while it is one of them.
        private readonly ushort[] _overShare;
        private readonly byte[] _isOverShare;

        /// <summary>Connects the room.</summary>
        public DmaScheduler(
            IQueueEngine engine, BusMastering mastering, VirtioState state, PendingQueues pending, TurnsUnderWay turns,
            DeviceLifecycle lifecycle, InterruptModerator moderator, ControlQueue control, ErrorReporting errors, EventRing events,
            Health health, Counters counters)
        {
            _engine = engine;
            _mastering = mastering;
            _state = state;
            _pending = pending;
            _turns = turns;
            _lifecycle = lifecycle;
            _moderator = moderator;
            _control = control;
            _errors = errors;
            _events = events;
            _health = health;
            _counters = counters;
            _overShare = new ushort[state.Functions];
            _isOverShare = new byte[state.Queues.Count];
        }

        /// <summary>The time, microseconds: told once a step.</summary>
        public long NowUs { get; set; }

        /// <summary>True when the last turn found the channels or the engine full: only a report changes that.</summary>
        public bool IsFull { get; private set; }

        /// <summary>Gives the queue that was taken its turn: a command of a control queue, frames of any other.</summary>
        /// <param name="index">Index of a running queue.</param>
        /// <param name="expected">Bytes that it is expected to cost, when others are to wait for it; or 0.</param>
        /// <returns>False when there are no credits or the engine has no room; the queue waits again then.</returns>
        public bool TrySubmit(int index, int frames, int bytes, int expected)
        {
            int function = _state.Queues.FunctionOf(index);
            int queue = index - _state.Queues.First(function);
            if (!_mastering.IsBusMaster(function))
            {
                // It may not touch memory; its queues come back when it may (see DeviceLifecycle.Resume).
                _pending.GiveUp(index, false);
                return true;
            }

            QueueRole role = _state.RoleOf(function, queue);
            if (role == QueueRole.Control)
            {
                // One command a turn: no driver keeps the others waiting by sending many.
                if (_control.TryHandle(function, queue))
                {
                    _pending.Add(index);
                }

                return true;
            }

            int channel = _turns.TryReserve(function, role == QueueRole.Transmit, bytes, expected, NowUs);
            if (channel == DmaCredits.OverShare)
            {
                WaitForShare(index, function);
                return true;
            }

            HalStatus status = channel == DmaCredits.Full ? HalStatus.Busy : _engine.SubmitTurn(function, queue, frames, bytes);
            if (status == HalStatus.Ok)
            {
                _turns.Begin(index, function, channel, NowUs);
                _pending.Begin(index);

                // What rang before is found by this turn; what rings from now on, by one after it.
                _state.Change(index, QueueFlag.Rung, 0);
                _counters.Turns[function]++;
                return true;
            }

            if (channel != DmaCredits.Full)
            {
                _turns.GiveBack(channel, function);
            }

            if (status != HalStatus.Busy)
            {
                _pending.GiveUp(index, false);
                return true;
            }

            _pending.Refuse(index);

            // Without a turn under way no report will come: then the engine is asked again.
            IsFull = _turns.Total != 0;
            return false;
        }

        /// <summary>Takes the events of one step.</summary>
        /// <returns>True when more may wait.</returns>
        public bool TakeEvents()
        {
            int taken = 0;
            for (; taken < EventsPerStep && _engine.TryTake(_event); taken++)
            {
                IsFull = false;
                int index = _state.IndexOf(_event.Function, _event.Queue);
                if (index < 0 || !_state.Has(index, QueueFlag.Running))
                {
                    // It was stopped meanwhile, or was never there.
                    continue;
                }

                switch (_event.Kind)
                {
                    case QueueEventKind.TurnOver:
                        EndTurn(index);
                        break;
                    case QueueEventKind.Used:
                        if (!_lifecycle.IsDraining(_event.Function))
                        {
                            _moderator.QueueUsed(_event.Function, index, _event.Frames);
                        }

                        break;
                    case QueueEventKind.Faulted:
                        Fail(index, _event.Fault);
                        break;
                    default:
                        Contain(index);
                        break;
                }
            }

            return taken == EventsPerStep;
        }

        /// <summary>Ends turns that have lasted too long, at most <see cref="EventsPerStep"/> of them; one that is late makes room for others.</summary>
        public void ExpireTurns()
        {
            // Also when nobody waits for the place any more: else its time would be due until the turn ends.
            if (_turns.TryFreePlace(NowUs))
            {
                IsFull = false;
            }

            for (int expired = 0; expired < EventsPerStep && _turns.Total != 0; expired++)
            {
                int index = _turns.Expired(NowUs);
                if (index == TurnsUnderWay.None)
                {
                    return;
                }

                IsFull = false;
                Fail(index, DmaFault.CompletionTimeout);
            }
        }

        private void EndTurn(int index)
        {
            int function = _event.Function;
            if (!_turns.End(index, function))
            {
                _counters.UnexpectedReports++;
                return;
            }

            _pending.EndTurn(index, _event.Frames, _event.Bytes, _event.CopiedBytes, After(_state.Has(index, QueueFlag.Rung)));
            if (_overShare[function] != 0)
            {
                Readmit(function);
            }
        }

        private AfterTurn After(bool isRung)
        {
            if (_lifecycle.IsDraining(_event.Function))
            {
                return AfterTurn.Nothing;
            }

            if (_event.IsBlocked && !isRung)
            {
                return AfterTurn.Blocked;
            }

            return _event.HasMore ? AfterTurn.More : isRung ? AfterTurn.Unknown : AfterTurn.Nothing;
        }

        // The queue comes back when a turn of its own, or else of its function, is over; meanwhile it is in nobody's way.
        private void WaitForShare(int index, int function)
        {
            if (_turns.IsUnderWay(index))
            {
                _state.Change(index, 0, QueueFlag.Rung);
            }
            else
            {
                _overShare[function] += (ushort)(1 - _isOverShare[index]);
                _isOverShare[index] = 1;
            }

            _pending.GiveUp(index, true);
        }

        // Credits of a function have come back: its queues that waited for them wait for their turn again.
        private void Readmit(int function)
        {
            int first = _state.Queues.First(function);
            for (int index = first; _overShare[function] != 0; index++)
            {
                if (_isOverShare[index] != 0)
                {
                    _isOverShare[index] = 0;
                    _overShare[function]--;
                    if (_state.IsLive(function) && _state.Has(index, QueueFlag.Running))
                    {
                        _pending.Add(index);
                    }
                }
            }
        }

        // The function is contained: all its queues stop, and its driver is told.
        private void Fail(int index, DmaFault fault)
        {
            int function = _state.Queues.FunctionOf(index);
            _counters.DmaFaults[function]++;
            _health.Add(function, ManagementHealth.ReasonsDmaFaultMask);
            switch (fault)
            {
                case DmaFault.CompletionTimeout:
                    _errors.CompletionTimeout(function);
                    _events.Add(function, ManagementEventKind.CompletionTimeout, 0);
                    break;
                case DmaFault.PoisonedCompletion:
                    _errors.PoisonedCompletion(function);
                    _events.Add(function, ManagementEventKind.PoisonedCompletion, 0);
                    break;
                case DmaFault.CompleterAbort:
                    _errors.ReceivedTargetAbort(function);
                    _events.Add(function, ManagementEventKind.CompleterAbort, 0);
                    break;
                default:
                    _errors.ReceivedMasterAbort(function);
                    _events.Add(function, ManagementEventKind.UnsupportedRequest, 0);
                    break;
            }

            Contain(index);
        }

        // Of a function that is being reset nothing else is left to contain.
        private void Contain(int index)
        {
            int function = _state.Queues.FunctionOf(index);
            if (_lifecycle.IsDraining(function))
            {
                _lifecycle.StopQueue(function, _state.Queues.QueueOf(index));
            }
            else
            {
                _lifecycle.Break(function);
            }
        }
    }
}
