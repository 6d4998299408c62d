// Hands turns to the engine and takes what it reports. Decides nothing about order: that is the arbiter's.
using SmartNicFw.Firmware.Arbitration;
using SmartNicFw.Firmware.Interrupt;
using SmartNicFw.Firmware.Management;
using SmartNicFw.Firmware.Virtio;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Firmware.Dma
{
    /// <summary>Direct submission: one turn of a queue at a time, as many queues as the engine takes.</summary>
    public sealed class DmaScheduler
    {
        /// <summary>Events that one step takes at the most.</summary>
        public const int EventsPerStep = 64;

        private readonly IQueueEngine _engine;
        private readonly BusMastering _mastering;
        private readonly VirtioState _state;
        private readonly PendingQueues _pending;
        private readonly DeviceLifecycle _lifecycle;
        private readonly InterruptModerator _moderator;
        private readonly ControlQueue _control;
        private readonly Counters _counters;
        private readonly QueueEvent _event = new QueueEvent();

        /// <summary>Connects the room.</summary>
        public DmaScheduler(
            IQueueEngine engine, BusMastering mastering, VirtioState state, PendingQueues pending, DeviceLifecycle lifecycle,
            InterruptModerator moderator, ControlQueue control, Counters counters)
        {
            _engine = engine;
            _mastering = mastering;
            _state = state;
            _pending = pending;
            _lifecycle = lifecycle;
            _moderator = moderator;
            _control = control;
            _counters = counters;
        }

        /// <summary>Gives a queue its turn: a command of a control queue, frames of any other.</summary>
        /// <param name="index">Index of a running queue that is in no turn.</param>
        /// <returns>False when the engine has no room; the queue waits again then.</returns>
        public bool TrySubmit(int index, int frames, int bytes)
        {
            int function = _state.Queues.FunctionOf(index);
            int queue = _state.Queues.QueueOf(index);
            if (!_mastering.IsBusMaster(function))
            {
                // It may not touch memory; its queues come back when it may (see DeviceLifecycle.Resume).
                _pending.EndTurn(index, 0, 0, 0, false, false);
                return true;
            }

            if (_state.RoleOf(function, queue) == QueueRole.Control)
            {
                // One command a turn: no driver keeps the others waiting by sending many.
                _pending.EndTurn(index, 0, 0, 0, _control.TryHandle(function, queue), false);
                return true;
            }

            HalStatus status = _engine.SubmitTurn(function, queue, frames, bytes);
            if (status == HalStatus.Ok)
            {
                _state.Change(index, 0, QueueFlag.InTurn);
                _counters.Turns[function]++;
            }
            else if (status == HalStatus.Busy)
            {
                _pending.Refuse(index);
                return false;
            }
            else
            {
                _pending.EndTurn(index, 0, 0, 0, false, false);
            }

            return true;
        }

        /// <summary>Takes the events of one step.</summary>
        /// <returns>True when more may wait.</returns>
        public bool TakeEvents()
        {
            int taken = 0;
            for (; taken < EventsPerStep && _engine.TryTake(_event); taken++)
            {
                int index = _state.IndexOf(_event.Function, _event.Queue);
                if (index < 0 || !_state.Has(index, QueueFlag.Running))
                {
                    continue;
                }

                switch (_event.Kind)
                {
                    case QueueEventKind.TurnOver:
                        EndTurn(index);
                        break;
                    case QueueEventKind.Used:
                        _moderator.QueueUsed(_event.Function, index, _event.Frames);
                        break;
                    default:
                        _lifecycle.Break(_event.Function);
                        break;
                }
            }

            return taken == EventsPerStep;
        }

        private void EndTurn(int index)
        {
            bool isRung = _state.Has(index, QueueFlag.Rung);
            _state.Change(index, QueueFlag.InTurn | QueueFlag.Rung, 0);
            _pending.EndTurn(
                index, _event.Frames, _event.Bytes, _event.CopiedBytes, _event.HasMore || isRung, _event.IsBlocked && !isRung);
        }
    }
}
