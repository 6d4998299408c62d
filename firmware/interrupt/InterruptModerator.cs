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
    /// passed since the first of them, whichever is first; with either of them 0 it does not wait. When it has waited, the engine is
    /// asked whether the driver still wants it. Changes of the configuration never wait.
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
        private readonly Counters _counters;
        private readonly int _firstTimer;

        // By queue: frames whose notification waits, 0 for none; the lower half of the clock when the first of them came.
        private readonly uint[] _waiting;
        private readonly uint[] _sinceUs;

        /// <summary>Connects the room.</summary>
        /// <param name="firstTimer">Number of its first timer; it has one for each queue.</param>
        public InterruptModerator(
            VirtioState state, MsixTable msix, IQueueEngine engine, IMonotonicClock clock, TimingWheel wheel, int firstTimer,
            Coalescing coalescing, Counters counters)
        {
            _state = state;
            _msix = msix;
            _engine = engine;
            _clock = clock;
            _wheel = wheel;
            _firstTimer = firstTimer;
            _coalescing = coalescing;
            _counters = counters;
            _waiting = new uint[state.Queues.Count];
            _sinceUs = new uint[state.Queues.Count];
        }

        /// <summary>A running queue has used buffers and its driver wants to hear of it, or of those before that wait.</summary>
        /// <param name="index">Index of the queue.</param>
        /// <param name="frames">Frames that the buffers were used for, 0 upwards.</param>
        public void QueueUsed(int function, int index, int frames)
        {
            uint more = frames > 0 ? (uint)frames : 1;
            uint waiting = _waiting[index];
            if (waiting == 0)
            {
                if (_coalescing.IsMet(index, more, 0))
                {
                    Notify(function, index);
                    return;
                }

                long nowUs = _clock.NowUs;
                _waiting[index] = more;
                _sinceUs[index] = (uint)nowUs;
                _counters.DeferredInterrupts[function]++;
                _engine.HoldNotification(function, _state.Queues.QueueOf(index), true);
                _wheel.Arm(_firstTimer + index, nowUs + _coalescing.MaxUsecs[index]);
                return;
            }

            // The count stays where it is rather than wrapping.
            _waiting[index] = waiting + more < waiting ? uint.MaxValue : waiting + more;
            if (_coalescing.IsMet(index, _waiting[index], 0))
            {
                End(function, index);
            }
        }

        /// <summary>The timer of a queue is due: what waited waits no longer.</summary>
        /// <param name="index">Its number less the first one's: the index of the queue.</param>
        public void Fire(int index)
        {
            End(_state.Queues.FunctionOf(index), index);
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
                    _wheel.Arm(_firstTimer + index, nowUs + (_coalescing.MaxUsecs[index] - elapsedUs));
                }
            }
        }

        /// <summary>A queue has stopped: nothing of it waits any more.</summary>
        public void Forget(int index)
        {
            _wheel.Cancel(_firstTimer + index);
            _waiting[index] = 0;
        }

        /// <summary>The device configuration or the device status has changed by itself.</summary>
        public void ConfigurationChanged(int function)
        {
            _state.Isr[function] |= VirtioIsr.Configuration;
            _msix.Raise(function, _state.ConfigVector[function]);
        }

        // Whatever became of vector, masks and Bus Master Enable meanwhile is looked at now.
        private void End(int function, int index)
        {
            int queue = _state.Queues.QueueOf(index);
            bool isWanted = _engine.WantsNotification(function, queue);
            Forget(index);
            _engine.HoldNotification(function, queue, false);
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
            }
        }
    }
}
