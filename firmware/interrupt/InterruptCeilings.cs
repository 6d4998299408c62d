// How many interrupts a second each function may cause, and the queues whose notifications wait for that. Sends nothing.
using SmartNicFw.Firmware.Timing;
using SmartNicFw.Firmware.Virtio;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Firmware.Interrupt
{
    /// <summary>
    /// A token bucket for each function that has a ceiling: from its start to any time it has let pass at most rate × time + burst. Queues
    /// that are over it wait in the order in which they came, each once, and one timer of the function wakes them. A function's bucket
    /// outlives its resets, so that a reset gains nothing. A clock that stands still or goes back fills nothing; one that jumps fills up
    /// to the burst. Every step costs the same for any number of queues, but for <see cref="Forget"/>: that of the function's.
    /// </summary>
    public sealed class InterruptCeilings
    {
        /// <summary>Highest ceiling, interrupts a second: one every microsecond.</summary>
        public const int MaxPerSecond = 1000000;

        /// <summary>Smallest burst, interrupts.</summary>
        public const int MinBurst = 16;

        // A burst is what two milliseconds bring at the ceiling.
        private const int BurstsPerSecond = 500;

        // Levels are in millionths of an interrupt, because an interrupt a second is one of them a microsecond: nothing is rounded.
        private const long Interrupt = 1000000;

        // A longer time fills any bucket; the product with the highest ceiling fits.
        private const long LongestUs = 1L << 40;

        private const int None = -1;

        private readonly VirtioState _state;
        private readonly IMonotonicClock _clock;
        private readonly TimingWheel _wheel;
        private readonly int _firstTimer;

        // By function; of queues that wait, the first and the last.
        private readonly int[] _perSecond;
        private readonly long[] _level;
        private readonly long[] _atUs;
        private readonly int[] _first;
        private readonly int[] _last;

        // By queue: the one behind it, itself for the last, None for one that does not wait.
        private readonly int[] _behind;

        /// <summary>Starts without ceilings.</summary>
        /// <param name="firstTimer">Number of its first timer; it has one for each function.</param>
        public InterruptCeilings(VirtioState state, IMonotonicClock clock, TimingWheel wheel, int firstTimer)
        {
            _state = state;
            _clock = clock;
            _wheel = wheel;
            _firstTimer = firstTimer;
            _perSecond = new int[state.Functions];
            _level = new long[state.Functions];
            _atUs = new long[state.Functions];
            _first = new int[state.Functions];
            _last = new int[state.Functions];
            _behind = new int[state.Queues.Count];
            for (int function = 0; function < state.Functions; function++)
            {
                _first[function] = None;
            }

            for (int index = 0; index < state.Queues.Count; index++)
            {
                _behind[index] = None;
            }
        }

        /// <summary>Interrupts that the bucket of a ceiling holds at the most.</summary>
        public static int Burst(int perSecond)
        {
            int burst = perSecond / BurstsPerSecond;
            return burst < MinBurst ? MinBurst : burst;
        }

        /// <summary>The ceiling, interrupts a second; 0 for none.</summary>
        public int PerSecond(int function)
        {
            return _perSecond[function];
        }

        /// <summary>
        /// Sets a ceiling. What the bucket holds stays, but for what the new burst does not hold; a bucket that had no ceiling starts
        /// empty. What waits is to be looked at after it: <see cref="TryTake"/>.
        /// </summary>
        /// <param name="perSecond">0 (none) to <see cref="MaxPerSecond"/>.</param>
        public void Set(int function, int perSecond)
        {
            if (_perSecond[function] == 0)
            {
                _level[function] = 0;
                _atUs[function] = _clock.NowUs;
            }

            // At the old one up to now.
            Fill(function);
            _perSecond[function] = perSecond;
            Fill(function);
        }

        /// <summary>True when an interrupt may leave now, and none of the function waits before it.</summary>
        public bool MayPass(int function)
        {
            return _perSecond[function] == 0 || (_first[function] == None && HasOne(function));
        }

        /// <summary>An interrupt has left, or will when its vector is unmasked.</summary>
        public void Count(int function)
        {
            if (_perSecond[function] != 0)
            {
                _level[function] -= Interrupt;
            }
        }

        /// <summary>True while the notification of a queue waits here.</summary>
        public bool IsWaiting(int index)
        {
            return _behind[index] != None;
        }

        /// <summary>The notification of a queue waits, behind those that wait.</summary>
        public void Wait(int function, int index)
        {
            _behind[index] = index;
            if (_first[function] == None)
            {
                _first[function] = index;
                Arm(function);
            }
            else
            {
                _behind[_last[function]] = index;
            }

            _last[function] = index;
        }

        /// <summary>Takes the first queue that waits, if it may have its interrupt now; if it may not, the timer is armed for it.</summary>
        /// <returns>Index of the queue, or -1.</returns>
        public int TryTake(int function)
        {
            int index = _first[function];
            if (index == None)
            {
                _wheel.Cancel(_firstTimer + function);
                return None;
            }

            if (_perSecond[function] != 0 && !HasOne(function))
            {
                Arm(function);
                return None;
            }

            _first[function] = index == _last[function] ? None : _behind[index];
            _behind[index] = None;
            return index;
        }

        /// <summary>A queue has stopped: it waits no longer.</summary>
        public void Forget(int function, int index)
        {
            if (_behind[index] == None)
            {
                return;
            }

            if (_first[function] == index)
            {
                _first[function] = index == _last[function] ? None : _behind[index];
            }
            else
            {
                int before = _first[function];
                while (_behind[before] != index)
                {
                    before = _behind[before];
                }

                bool isLast = index == _last[function];
                _behind[before] = isLast ? before : _behind[index];
                _last[function] = isLast ? before : _last[function];
            }

            _behind[index] = None;
            if (_first[function] == None)
            {
                _wheel.Cancel(_firstTimer + function);
            }
        }

        private bool HasOne(int function)
        {
            Fill(function);
            return _level[function] >= Interrupt;
        }

        private void Fill(int function)
        {
            long nowUs = _clock.NowUs;
            long us = nowUs - _atUs[function];
            if (us > 0)
            {
                _level[function] += (us < LongestUs ? us : LongestUs) * _perSecond[function];
                _atUs[function] = nowUs;
            }

            long most = Burst(_perSecond[function]) * Interrupt;
            if (_level[function] > most)
            {
                _level[function] = most;
            }
        }

        // For the microsecond in which the bucket holds one: not before, hence rounded up.
        private void Arm(int function)
        {
            long lacking = Interrupt - _level[function];
            long us = lacking <= 0 ? 0 : (lacking + _perSecond[function] - 1) / _perSecond[function];
            _wheel.Arm(_firstTimer + function, _clock.NowUs + us);
        }
    }
}
