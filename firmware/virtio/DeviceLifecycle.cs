// Begins and ends the life of a function in the data path: DRIVER_OK, reset of every kind, a broken driver.
using SmartNicFw.Firmware.Arbitration;
using SmartNicFw.Firmware.Config;
using SmartNicFw.Firmware.Dma;
using SmartNicFw.Firmware.Interrupt;
using SmartNicFw.Firmware.Management;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Firmware.Virtio
{
    /// <summary>
    /// The only room that starts and stops queues in the engine and lets functions in and out of the switch. Stopping is
    /// immediate: afterwards no turn, no DMA and no interrupt of the function follows. Source: VIRTIO 1.4, 2.1, 2.4, 3.1.
    /// </summary>
    public sealed class DeviceLifecycle : IResetParticipant
    {
        /// <summary>
        /// Turns that are begun, of all functions, before those of a function that drains are cut short: as many as there are in one step,
        /// and again, so that an engine that works gets to the end of each.
        /// </summary>
        public const int DrainTurns = 2 * DataPath.TurnsPerStep;

        /// <summary>Microseconds after which they are cut short in any case: a tenth of what software waits for an FLR (6.6.2).</summary>
        public const int DrainUs = 10000;

        private const uint OfLastReset = ManagementHealth.ReasonsDmaFaultMask | ManagementHealth.ReasonsDrainCutShortMask;

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
        private readonly TurnsUnderWay _turns;
        private readonly EventRing _events;
        private readonly Health _health;
        private readonly ManagementMailbox _mailbox;
        private readonly IMonotonicClock _clock;

        // By function that is being reset while turns of it are under way: since when, and after how many turns.
        private readonly byte[] _isDraining;
        private readonly long[] _drainingSinceUs;
        private readonly uint[] _drainingFrom;
        private readonly QueueSetup _setup = new QueueSetup();

        /// <summary>Connects the room.</summary>
        public DeviceLifecycle(
            VirtioState state, IQueueEngine engine, BusMastering mastering, ISwitchTable switchTable, PendingQueues pending,
            VfPolicy policy, InterruptModerator moderator, Coalescing coalescing, MsixTable msix, Steering steering, Counters counters,
            TurnsUnderWay turns, EventRing events, Health health, ManagementMailbox mailbox, IMonotonicClock clock)
        {
            _turns = turns;
            _events = events;
            _health = health;
            _mailbox = mailbox;
            _clock = clock;
            _isDraining = new byte[state.Functions];
            _drainingSinceUs = new long[state.Functions];
            _drainingFrom = new uint[state.Functions];
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

        /// <summary>Takes a queue away from the engine, at once, its turn included.</summary>
        public void StopQueue(int function, int queue)
        {
            if (Halt(_state.Queues.First(function) + queue, function, queue))
            {
                // What it held may be what others of the function wait for, and no report will say so.
                LookAtQueues(function);
            }
        }

        /// <summary>True while turns of a function that is being reset may end by themselves.</summary>
        public bool IsDraining(int function)
        {
            return _isDraining[function] != 0;
        }

        /// <inheritdoc/>
        public void Quiesce(int function)
        {
            _events.Add(function, ManagementEventKind.FunctionReset, 0);
            if (_turns.Count(function) == 0)
            {
                Stop(function, 1);
                return;
            }

            int first = _state.Queues.First(function);
            for (int index = first; index < first + _state.Queues.MaxQueues(function); index++)
            {
                _pending.Withdraw(index);
            }

            _isDraining[function] = 1;
            _drainingSinceUs[function] = _clock.NowUs;
            _drainingFrom[function] = _turns.Begun;
            _switch.SetEnabled(function, false);
            Disown(function);
        }

        /// <inheritdoc/>
        public bool IsQuiet(int function)
        {
            if (!IsDraining(function))
            {
                return true;
            }

            bool isCutShort = _turns.Count(function) != 0;
            if (isCutShort)
            {
                if (_turns.Begun - _drainingFrom[function] < DrainTurns && _clock.NowUs - _drainingSinceUs[function] < DrainUs)
                {
                    return false;
                }

                _events.Add(function, ManagementEventKind.DrainCutShort, 0);
            }

            Stop(function, 1);
            if (isCutShort)
            {
                _health.Add(function, ManagementHealth.ReasonsDrainCutShortMask);
            }

            return true;
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

            StopQueues(function, _state.QueueCount(function));
            _counters.Broken[function]++;
            _events.Add(function, ManagementEventKind.DeviceBroken, 0);
            _health.Add(function, ManagementHealth.ReasonsNeedsResetMask);
            _state.Status[function] |= VirtioDeviceStatus.DeviceNeedsReset;
            _moderator.ConfigurationChanged(function);
        }

        /// <inheritdoc/>
        public void Stop(int firstFunction, int count)
        {
            for (int function = firstFunction; function < firstFunction + count; function++)
            {
                if (IsDraining(function))
                {
                    _isDraining[function] = 0;
                    StopQueues(function, _state.Queues.MaxQueues(function));
                }

                StopDevice(function);
                _mastering.Withdraw(function);
                _health.Remove(function, OfLastReset);
            }
        }

        /// <inheritdoc/>
        public void Clear(int function)
        {
            ClearDevice(function);
            _state.Generation[function] = 0;
            _state.ConfigChanged[function] = 0;
            _policy.ApplyVectors(function);
            _msix.Clear(function);
            _mailbox.Clear(function);
        }

        /// <summary>
        /// The function may issue requests again: its running queues are looked at, for what rang meanwhile led to no turn, and
        /// pending messages leave.
        /// </summary>
        public void Resume(int function)
        {
            LookAtQueues(function);
            _msix.Replay(function);
        }

        /// <summary>Gives every running queue of a live function a turn, for what it waited for may be there.</summary>
        public void LookAtQueues(int function)
        {
            if (_state.IsLive(function))
            {
                int first = _state.Queues.First(function);
                int end = first + _state.QueueCount(function);
                for (int index = first; index < end; index++)
                {
                    if (_turns.IsUnderWay(index))
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
        }

        private void StopDevice(int function)
        {
            if (_state.IsLive(function))
            {
                StopQueues(function, _state.QueueCount(function));
            }

            Disown(function);
        }

        private void Disown(int function)
        {
            // From here on it is nobody's, although its registers are cleared later, those of a disabled VF much later.
            _state.Status[function] = 0;
            _health.Remove(function, ManagementHealth.ReasonsNeedsResetMask);
            _msix.Forget(function);
        }

        private void StopQueues(int function, int queues)
        {
            int first = _state.Queues.First(function);
            for (int queue = 0; queue < queues; queue++)
            {
                Halt(first + queue, function, queue);
            }

            _switch.SetEnabled(function, false);
        }

        // True when a turn of it was cut short.
        private bool Halt(int index, int function, int queue)
        {
            if (!_state.Has(index, QueueFlag.Running))
            {
                return false;
            }

            _engine.Stop(function, queue);
            _pending.Remove(index);
            _moderator.Forget(index);
            _state.Change(index, QueueFlag.Running | QueueFlag.Rung, 0);
            bool isCut = false;
            while (_turns.End(index, function))
            {
                isCut = true;
            }

            return isCut;
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
