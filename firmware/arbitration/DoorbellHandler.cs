// From a doorbell to the list of queues with work. Believes nothing that the doorbell says before it is checked.
using SmartNicFw.Firmware.Config;
using SmartNicFw.Firmware.Dma;
using SmartNicFw.Firmware.Management;
using SmartNicFw.Firmware.Virtio;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Firmware.Arbitration
{
    /// <summary>Takes doorbells in bounded portions; ringing twice is as good as once. Source: VIRTIO 1.4, 4.1.5.2.</summary>
    public sealed class DoorbellHandler
    {
        /// <summary>Doorbells that one step takes at the most.</summary>
        public const int DoorbellsPerStep = 64;

        private readonly IDoorbellPort _port;
        private readonly FunctionAccess _access;
        private readonly VirtioState _state;
        private readonly PendingQueues _pending;
        private readonly TurnsUnderWay _turns;
        private readonly Counters _counters;
        private readonly Doorbell _doorbell = new Doorbell();

        /// <summary>Connects the room.</summary>
        public DoorbellHandler(
            IDoorbellPort port, FunctionAccess access, VirtioState state, PendingQueues pending, TurnsUnderWay turns,
            Counters counters)
        {
            _port = port;
            _access = access;
            _state = state;
            _pending = pending;
            _turns = turns;
            _counters = counters;
        }

        /// <summary>Takes what has rung.</summary>
        public void Run()
        {
            for (int taken = 0; taken < DoorbellsPerStep && _port.TryTake(_doorbell); taken++)
            {
                int function = _access.FunctionOf(_doorbell.PhysicalFunction, _doorbell.Vf);
                if (function == FunctionNumbering.None)
                {
                    _counters.StrayNotifications++;
                }
                else
                {
                    Ring(function, _doorbell.Queue);
                }
            }
        }

        /// <summary>Rings for a queue of a function that answers.</summary>
        /// <param name="queue">Any number.</param>
        public void Ring(int function, int queue)
        {
            int index = _state.IndexOf(function, queue);
            if (index < 0 || !_state.Has(index, QueueFlag.Running))
            {
                _counters.StrayNotifications++;
                return;
            }

            _counters.Notifications[function]++;
            _state.Notifications[index]++;
            if (_turns.IsUnderWay(index))
            {
                // What came too late for the turn is looked for after it.
                _state.Change(index, 0, QueueFlag.Rung);
            }
            else
            {
                _pending.Add(index);
            }
        }
    }
}
