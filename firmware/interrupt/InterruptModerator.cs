// Decides when a queue's or a configuration's interrupt is raised: at once, or by count and time as the driver has set it.
using SmartNicFw.Firmware.Management;
using SmartNicFw.Firmware.Timing;
using SmartNicFw.Firmware.Virtio;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Firmware.Interrupt
{
    /// <summary>
    /// From an event of a function to a vector of it. A notification waits until max_packets frames used buffers or max_usecs have
    /// passed since the first of them, whichever is first; with either of them 0 it does not wait. The driver sets both, or adaptive
    /// moderation does where it has not (<see cref="Coalescing"/>). When it has waited, the engine is
    /// asked whether the driver still wants it. A function over its ceiling has its notifications wait once more, in their order, and
    /// judged when they leave. Changes of the configuration never wait, nor does what is no interrupt: a bit of ISR status.
    /// Source: VIRTIO 1.4, 4.1.4.5.1, 4.1.5.3, 4.1.5.4 and 5.1.6.5.9.
    /// </summary>
    public sealed class InterruptModerator
    {
        private readonly VirtioState _state;
        private readonly MsixTable _msix;
        private readonly IQueueEngine _engine;
        private readonly IMonotonicClock _clock;
        private readonly TimingWheel _wheel;
        private readonly Coalescing _coalescing;
        private readonly InterruptCeilings _ceilings;
        private readonly Counters _counters;
        private readonly int _firstTimer;

        // By queue: frames whose notification waits, 0 for none; the lower half of the clock when the first of them came.
        private readonly uint[] _waiting;
        private readonly uint[] _sinceUs;

        /// <summary>Connects the room.</summary>
        /// <param name="firstTimer">Number of its first timer; it has one for each queue, and the ceilings have theirs behind.</param>
        public InterruptModerator(
            VirtioState state, MsixTable msix, IQueueEngine engine, IMonotonicClock clock, TimingWheel wheel, int firstTimer,
            Coalescing coalescing, InterruptCeilings ceilings, Counters counters)
        {
            _state = state;
            _msix = msix;
            _engine = engine;
            _clock = clock;
            _wheel = wheel;
            _firstTimer = firstTimer;
            _coalescing = coalescing;
            _ceilings = ceilings;
            _counters = counters;
            _waiting = new uint[state.Queues.Count];
            _sinceUs = new uint[state.Queues.Count];
        }

        /// <summary>A running queue has used buffers and its driver wants to hear of it, or of those before that wait.</summary>
        /// <param name="index">Index of the queue.</param>
        /// <param name="frames">Frames that the buffers were used for, 0 upwards.</param>
        public void QueueUsed(int function, int index, int frames)
        {
            if (_ceilings.IsWaiting(index))
            {
                return;
            }

            uint more = frames > 0 ? (uint)frames : 1;
            uint waiting = _waiting[index];
            bool isAdaptive = _coalescing.IsAdaptive(index);
            if (waiting == 0)
            {
                if (isAdaptive)
                {
                    _coalescing.Adaptive.First(function, index, _clock.NowUs);
                }

                if (_coalescing.IsMet(index, more, 0))
                {
                    if (MayPass(function))
                    {
                        Notify(function, index);
                    }
                    else
                    {
                        _engine.HoldNotification(function, _state.Queues.QueueOf(index), true);
                        WaitForCeiling(function, index);
                    }

                    return;
                }

                long nowUs = _clock.NowUs;
                _waiting[index] = more;
                _sinceUs[index] = (uint)nowUs;
                _counters.DeferredInterrupts[function]++;
                _engine.HoldNotification(function, _state.Queues.QueueOf(index), true);
                _wheel.Arm(_firstTimer + index, nowUs + _coalescing.Usecs(index));
                return;
            }

            if (isAdaptive)
            {
                _coalescing.Adaptive.Joined(index);
            }

            // The count stays where it is rather than wrapping.
            _waiting[index] = waiting + more < waiting ? uint.MaxValue : waiting + more;
            if (_coalescing.IsMet(index, _waiting[index], 0))
            {
                End(function, index);
            }
        }

        /// <summary>A timer is due: what waited waits no longer.</summary>
        /// <param name="timer">Its number less the first one's: the index of a queue, or behind those a function.</param>
        public void Fire(int timer)
        {
            int queues = _state.Queues.Count;
            if (timer < queues)
            {
                End(_state.Queues.FunctionOf(timer), timer);
            }
            else
            {
                Resume(timer - queues);
            }
        }

        /// <summary>A ceiling may have room again, or has changed: those that wait for it leave as far as they may.</summary>
        public void Resume(int function)
        {
            for (int index = _ceilings.TryTake(function); index >= 0; index = _ceilings.TryTake(function))
            {
                Leave(function, index, IsWanted(function, index));
            }
        }

        /// <summary>Parameters of the function have changed: what waits is judged by the new ones at once.</summary>
        public void ParametersChanged(int function)
        {
            int first = _state.Queues.First(function);
            int end = first + _state.Queues.MaxQueues(function);
            for (int index = first; index < end; index++)
            {
                if (_waiting[index] == 0)
                {
                    continue;
                }

                long nowUs = _clock.NowUs;
                uint elapsedUs = (uint)nowUs - _sinceUs[index];
                if (_coalescing.IsMet(index, _waiting[index], elapsedUs))
                {
                    End(function, index);
                }
                else
                {
                    _wheel.Arm(_firstTimer + index, nowUs + (_coalescing.Usecs(index) - elapsedUs));
                }
            }
        }

        /// <summary>A queue has stopped: nothing of it waits any more.</summary>
        public void Forget(int index)
        {
            StopWaiting(index);
            _ceilings.Forget(_state.Queues.FunctionOf(index), index);
        }

        /// <summary>The device configuration or the device status has changed by itself.</summary>
        public void ConfigurationChanged(int function)
        {
            _state.Isr[function] |= VirtioIsr.Configuration;
            _msix.Raise(function, _state.ConfigVector[function]);
        }

        // Whatever became of vector, masks and Bus Master Enable meanwhile is looked at when it leaves.
        private void End(int function, int index)
        {
            bool isWanted = IsWanted(function, index);
            StopWaiting(index);
            if (isWanted && !MayPass(function))
            {
                WaitForCeiling(function, index);
                return;
            }

            Leave(function, index, isWanted);
        }

        private bool IsWanted(int function, int index)
        {
            return _engine.WantsNotification(function, _state.Queues.QueueOf(index));
        }

        private void StopWaiting(int index)
        {
            _wheel.Cancel(_firstTimer + index);
            _waiting[index] = 0;
        }

        private bool MayPass(int function)
        {
            return _ceilings.MayPass(function) || !_msix.IsEnabled(function);
        }

        private void WaitForCeiling(int function, int index)
        {
            _counters.LimitedInterrupts[function]++;
            _ceilings.Wait(function, index);
        }

        private void Leave(int function, int index, bool isWanted)
        {
            _engine.HoldNotification(function, _state.Queues.QueueOf(index), false);
            if (isWanted)
            {
                Notify(function, index);
            }
            else
            {
                _counters.UnwantedInterrupts[function]++;
            }
        }

        private void Notify(int function, int index)
        {
            if (!_msix.IsEnabled(function))
            {
                _state.Isr[function] |= VirtioIsr.Queue;
                return;
            }

            if (_msix.Raise(function, _state.Vector[index]))
            {
                _state.Interrupts[index]++;
                _ceilings.Count(function);
            }
        }
    }
}
