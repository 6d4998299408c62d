// The one place where firmware waits for time: timers by number, each with the microsecond at which it is due. Knows no clock and
// nothing of what happens then.
namespace SmartNicFw.Firmware.Timing
{
    /// <summary>
    /// A hierarchical timing wheel: six levels of 64 slots, ticks of 1 us on the lowest and 64 times as long on each one above, so
    /// 2^36 us (19 hours) in all; what is due later waits beside the wheel and is armed anew when the wheel has come round. Arming,
    /// cancelling and taking cost the same whatever the number of timers: a timer moves down at most once a level, and slots without
    /// timers are skipped by one bit each. Source: Varghese and Lauck, "Hashed and Hierarchical Timing Wheels", SOSP 1987, scheme 7.
    /// </summary>
    /// <remarks>
    /// The slot of a timer is chosen by the highest digit in which its tick differs from the wheel's, so that everything on a level is
    /// due before everything on the levels above, and in order of slots. Timers of one tick are taken in the order in which they
    /// were armed.
    /// </remarks>
    public sealed class TimingWheel
    {
        private const int Levels = 6;
        private const int SlotShift = 6;
        private const int Slots = 1 << SlotShift;
        private const int SlotMask = Slots - 1;
        private const int RangeShift = Levels * SlotShift;

        // The slot beside the wheel: due in a later round of it.
        private const int Beyond = Levels * Slots;
        private const int None = -1;

        // By timer: when it is due, never before the wheel's tick; its slot, or None; its neighbours in the slot, in a ring.
        private readonly long[] _due;
        private readonly short[] _slot;
        private readonly int[] _next;
        private readonly int[] _previous;

        // By slot: the timer that was armed first, or None. By level: a bit for each slot that has timers.
        private readonly int[] _first;
        private readonly ulong[] _occupied;

        // Everything due before this tick has been taken.
        private long _tick;

        /// <summary>Starts at tick 0 with no timer armed.</summary>
        /// <param name="timers">Timers that there are, 1 upwards; their numbers are 0 to this less one.</param>
        public TimingWheel(int timers)
        {
            _due = new long[timers];
            _slot = new short[timers];
            _next = new int[timers];
            _previous = new int[timers];
            _first = new int[Beyond + 1];
            _occupied = new ulong[Levels];
            for (int timer = 0; timer < timers; timer++)
            {
                _slot[timer] = None;
            }

            for (int slot = 0; slot <= Beyond; slot++)
            {
                _first[slot] = None;
            }
        }

        /// <summary>
        /// The microsecond before which no timer is due; <see cref="long.MaxValue"/> when none is armed. It may be earlier than that of
        /// the first one, by less than a slot of its level: whoever sleeps until then takes nothing and sleeps again, once a level
        /// and round at the most. When nothing was taken, it is later than that clock.
        /// </summary>
        public long NextUs
        {
            get
            {
                for (int level = 0; level < Levels; level++)
                {
                    if (_occupied[level] != 0)
                    {
                        return SlotStart(level, Lowest(_occupied[level]));
                    }
                }

                return _first[Beyond] == None ? long.MaxValue : NextRound();
            }
        }

        /// <summary>True while the timer is armed.</summary>
        public bool IsArmed(int timer)
        {
            return _slot[timer] != None;
        }

        /// <summary>Arms a timer; one that is armed already is armed anew.</summary>
        /// <param name="dueUs">When it is due, microseconds of the clock; any value. What is past is due at once.</param>
        public void Arm(int timer, long dueUs)
        {
            Cancel(timer);
            _due[timer] = dueUs < _tick ? _tick : dueUs;
            Append(timer);
        }

        /// <summary>Disarms a timer; one that is not armed stays so.</summary>
        public void Cancel(int timer)
        {
            int slot = _slot[timer];
            if (slot == None)
            {
                return;
            }

            int next = _next[timer];
            if (next == timer)
            {
                _first[slot] = None;
                if (slot != Beyond)
                {
                    _occupied[slot >> SlotShift] &= ~(1UL << (slot & SlotMask));
                }
            }
            else
            {
                int previous = _previous[timer];
                _next[previous] = next;
                _previous[next] = previous;
                if (_first[slot] == timer)
                {
                    _first[slot] = next;
                }
            }

            _slot[timer] = None;
        }

        /// <summary>Takes the timer that is due first, and disarms it.</summary>
        /// <param name="nowUs">
        /// The clock, microseconds. It may jump: what is due then is taken in order. One that has gone back is as one that stands
        /// still, until it has caught up.
        /// </param>
        /// <returns>Its number, or -1 when none is due.</returns>
        public int TryTake(long nowUs)
        {
            if (nowUs < _tick)
            {
                return None;
            }

            while (true)
            {
                int level = 0;
                while (level < Levels && _occupied[level] == 0)
                {
                    level++;
                }

                int slot = Beyond;
                long start = nowUs;
                if (level < Levels)
                {
                    int lowest = Lowest(_occupied[level]);
                    slot = (level << SlotShift) + lowest;
                    start = SlotStart(level, lowest);
                }
                else if (_first[Beyond] != None)
                {
                    start = NextRound();
                }

                if (start > nowUs || _first[slot] == None)
                {
                    _tick = nowUs;
                    return None;
                }

                _tick = start;
                if (level == 0)
                {
                    int timer = _first[slot];
                    Cancel(timer);
                    return timer;
                }

                if (slot == Beyond)
                {
                    SkipRounds(nowUs);
                }

                MoveDown(slot);
            }
        }

        // The wheel is at the start of this slot, or of a round: its timers go to where they now belong, in their order.
        private void MoveDown(int slot)
        {
            int last = _previous[_first[slot]];
            int timer;
            do
            {
                timer = _first[slot];
                Cancel(timer);
                Append(timer);
            }
            while (timer != last);
        }

        // A clock may jump by many rounds: those in which nothing is due are passed over at once.
        private void SkipRounds(long nowUs)
        {
            int first = _first[Beyond];
            long earliest = nowUs;
            int timer = first;
            do
            {
                if (_due[timer] < earliest)
                {
                    earliest = _due[timer];
                }

                timer = _next[timer];
            }
            while (timer != first);

            _tick = earliest;
        }

        private void Append(int timer)
        {
            int slot = SlotOf(_due[timer]);
            int first = _first[slot];
            if (first == None)
            {
                _first[slot] = timer;
                _next[timer] = timer;
                _previous[timer] = timer;
                if (slot != Beyond)
                {
                    _occupied[slot >> SlotShift] |= 1UL << (slot & SlotMask);
                }
            }
            else
            {
                int last = _previous[first];
                _next[last] = timer;
                _previous[timer] = last;
                _next[timer] = first;
                _previous[first] = timer;
            }

            _slot[timer] = (short)slot;
        }

        private int SlotOf(long dueUs)
        {
            long differing = dueUs ^ _tick;
            int level = 0;
            while (level < Levels && differing >= Slots)
            {
                differing >>= SlotShift;
                level++;
            }

            return level == Levels ? Beyond : (level << SlotShift) + ((int)(dueUs >> (level * SlotShift)) & SlotMask);
        }

        // First tick of a slot that is not behind the wheel: the digits above its level are the wheel's own.
        private long SlotStart(int level, int slot)
        {
            int shift = level * SlotShift;
            return (((_tick >> (shift + SlotShift)) << SlotShift) + slot) << shift;
        }

        private long NextRound()
        {
            return ((_tick >> RangeShift) + 1) << RangeShift;
        }

        // Number of the lowest bit that is set, of a value that is not 0: by halves, for there is no instruction for it here.
        private static int Lowest(ulong bits)
        {
            int number = 0;
            for (int half = Slots / 2; half > 0; half >>= 1)
            {
                if ((bits & ((1UL << half) - 1)) == 0)
                {
                    bits >>= half;
                    number += half;
                }
            }

            return number;
        }
    }
}
