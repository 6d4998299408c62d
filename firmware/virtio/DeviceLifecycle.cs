// Begins and ends the life of a function in the data path: DRIVER_OK, reset of every kind, a broken driver.
using SmartNicFw.Firmware.Arbitration;
using SmartNicFw.Firmware.Config;
using SmartNicFw.Firmware.Dma;
using SmartNicFw.Firmware.Interrupt;
using SmartNicFw.Firmware.Management;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Firmware.Virtio
{
    /// <summary>
    /// The only room that starts and stops queues in the engine and lets functions in and out of the switch. Stopping is
    /// immediate: afterwards no turn, no DMA and no interrupt of the function follows. Source: VIRTIO 1.4, 2.1, 2.4, 3.1.
    /// </summary>
    public sealed class DeviceLifecycle : IResetParticipant
    {
        private readonly VirtioState _state;
        private readonly IQueueEngine _engine;
        private readonly BusMastering _mastering;
        private readonly ISwitchTable _switch;
        private readonly PendingQueues _pending;
        private readonly VfPolicy _policy;
        private readonly InterruptModerator _moderator;
        private readonly Coalescing _coalescing;
        private readonly MsixTable _msix;
        private readonly Steering _steering;
        private readonly Counters _counters;
        private readonly QueueSetup _setup = new QueueSetup();

        /// <summary>Connects the room.</summary>
        public DeviceLifecycle(
            VirtioState state, IQueueEngine engine, BusMastering mastering, ISwitchTable switchTable, PendingQueues pending,
            VfPolicy policy, InterruptModerator moderator, Coalescing coalescing, MsixTable msix, Steering steering, Counters counters)
        {
            _state = state;
            _engine = engine;
            _mastering = mastering;
            _switch = switchTable;
            _pending = pending;
            _policy = policy;
            _moderator = moderator;
            _coalescing = coalescing;
            _msix = msix;
            _steering = steering;
            _counters = counters;
        }

        /// <summary>DRIVER_OK was set: the function enters the switch, and its enabled queues run.</summary>
        public void Begin(int function)
        {
            _switch.SetEnabled(function, true);
            _policy.Apply(function);

            // Without CTRL_RX no driver can ask for multicast, and without it there is no IPv6.
            _state.ReceiveMode[function] =
                _state.IsNegotiated(function, FeatureOffer.CtrlRx) ? (byte)0 : (byte)ReceiveMode.AllMulticast;
            _switch.SetReceiveMode(function, _state.ReceiveMode[function]);
            _switch.SetVlanFiltering(function, _state.IsNegotiated(function, FeatureOffer.CtrlVlan));
            _steering.SetPairs(function, 1);
            int count = _state.QueueCount(function);
            int first = _state.Queues.First(function);
            for (int queue = 0; queue < count; queue++)
            {
                if (_state.Has(first + queue, QueueFlag.Enabled) && !TryStart(function, queue))
                {
                    Break(function);
                    return;
                }
            }
        }

        /// <summary>Hands an enabled queue of a live function to the engine.</summary>
        /// <returns>False when the engine refuses it.</returns>
        public bool TryStart(int function, int queue)
        {
            int index = _state.Queues.First(function) + queue;
            _setup.Function = function;
            _setup.Queue = queue;
            _setup.Role = _state.RoleOf(function, queue);
            _setup.Size = _state.Size[index];
            _setup.DescriptorArea = _state.DescriptorArea[index];
            _setup.DriverArea = _state.DriverArea[index];
            _setup.DeviceArea = _state.DeviceArea[index];
            _setup.Features = _state.Features[function];
            if (_engine.Start(_setup) != HalStatus.Ok)
            {
                return false;
            }

            _coalescing.Start(function, queue);

            // One look at once: what the driver made available before is found, and the doorbell armed.
            _state.Change(index, 0, QueueFlag.Running);
            _pending.Add(index);
            return true;
        }

        /// <summary>Takes a queue away from the engine.</summary>
        public void StopQueue(int function, int queue)
        {
            int index = _state.Queues.First(function) + queue;
            if (_state.Has(index, QueueFlag.Running))
            {
                _engine.Stop(function, queue);
                _pending.Remove(index);
                _moderator.Forget(index);
                _state.Change(index, QueueFlag.Running | QueueFlag.InTurn | QueueFlag.Rung, 0);
            }
        }

        /// <summary>The driver wrote 0 to device_status: VIRTIO's reset. MSI-X table and Bus Master Enable are PCI's and stay.</summary>
        public void ResetDevice(int function)
        {
            StopDevice(function);
            ClearDevice(function);
        }

        /// <summary>
        /// The driver has broken the function: it stops, DEVICE_NEEDS_RESET is set and the driver is told (VIRTIO 1.4, 2.1.2).
        /// No other function is touched.
        /// </summary>
        public void Break(int function)
        {
            if (!_state.IsLive(function))
            {
                return;
            }

            StopQueues(function);
            _counters.Broken[function]++;
            _state.Status[function] |= VirtioDeviceStatus.DeviceNeedsReset;
            _moderator.ConfigurationChanged(function);
        }

        /// <inheritdoc/>
        public void Stop(int firstFunction, int count)
        {
            for (int function = firstFunction; function < firstFunction + count; function++)
            {
                StopDevice(function);
                _mastering.Withdraw(function);
            }
        }

        /// <inheritdoc/>
        public void Clear(int function)
        {
            ClearDevice(function);
            _state.Generation[function] = 0;
            _state.ConfigChanged[function] = 0;
            _msix.Clear(function);
        }

        /// <summary>
        /// The function may issue requests again: its running queues are looked at, for what rang meanwhile led to no turn, and
        /// pending messages leave.
        /// </summary>
        public void Resume(int function)
        {
            if (_state.IsLive(function))
            {
                int first = _state.Queues.First(function);
                int end = first + _state.QueueCount(function);
                for (int index = first; index < end; index++)
                {
                    if (_state.Has(index, QueueFlag.InTurn))
                    {
                        // The turn was granted before, and may have ended early.
                        _state.Change(index, 0, QueueFlag.Rung);
                    }
                    else if (_state.Has(index, QueueFlag.Running))
                    {
                        _pending.Add(index);
                    }
                }
            }

            _msix.Replay(function);
        }

        private void StopDevice(int function)
        {
            if (_state.IsLive(function))
            {
                StopQueues(function);
            }

            // From here on it is nobody's, although its registers are cleared later, those of a disabled VF much later.
            _state.Status[function] = 0;
            _msix.Forget(function);
        }

        private void StopQueues(int function)
        {
            int queues = _state.QueueCount(function);
            for (int queue = 0; queue < queues; queue++)
            {
                StopQueue(function, queue);
            }

            _switch.SetEnabled(function, false);
        }

        private void ClearDevice(int function)
        {
            _state.Clear(function);
            _coalescing.Clear(function);
            if (_state.Mac[function] != _policy.Mac(function))
            {
                _state.Mac[function] = _policy.Mac(function);
                _state.ConfigChanged[function] = 1;
            }
        }
    }
}
