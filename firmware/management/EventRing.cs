// What happened that an operator should hear of: the last events, with their time. Knows no cause.
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Firmware.Management
{
    /// <summary>
    /// A ring of fixed size: a new event takes the place of the oldest, which is counted as lost. What happens again before it was read
    /// takes no further place but counts up, so that no function can crowd out what happened to others.
    /// </summary>
    public sealed class EventRing
    {
        /// <summary>Events that are kept.</summary>
        public const int Size = 64;

        private readonly IMonotonicClock _clock;
        private readonly long[] _timeUs = new long[Size];
        private readonly long[] _lastUs = new long[Size];
        private readonly uint[] _times = new uint[Size];
        private readonly uint[] _detail = new uint[Size];
        private readonly ushort[] _function = new ushort[Size];
        private readonly byte[] _kind = new byte[Size];
        private int _first;

        // How many of the newest were not read yet.
        private int _unread;

        /// <summary>Starts without events.</summary>
        public EventRing(IMonotonicClock clock)
        {
            _clock = clock;
        }

        /// <summary>Events in the ring.</summary>
        public int Count { get; private set; }

        /// <summary>Events that newer ones have taken the place of: the number of the oldest in the ring, when they are counted from 0.</summary>
        public uint Lost { get; private set; }

        /// <summary>The number that the next event will have.</summary>
        public uint Next => Lost + (uint)Count;

        /// <summary>Adds an event, or counts one up.</summary>
        /// <param name="function">Index of the function, or <see cref="Hal.Regs.ManagementFunctionNumber.Endpoint"/>.</param>
        /// <param name="kind">One of <see cref="Hal.Regs.ManagementEventKind"/>.</param>
        /// <param name="detail">What the kind says of it, or 0.</param>
        public void Add(int function, int kind, uint detail)
        {
            long nowUs = _clock.NowUs;
            int at = FindUnread(function, kind);
            if (at >= 0)
            {
                _times[at] += _times[at] == uint.MaxValue ? 0 : 1u;
            }
            else
            {
                at = TakePlace();
                _timeUs[at] = nowUs;
                _times[at] = 1;
                _function[at] = (ushort)function;
                _kind[at] = (byte)kind;
            }

            _lastUs[at] = nowUs;
            _detail[at] = detail;
        }

        /// <summary>Somebody has read the events up to a number: what happens again from now on is another event.</summary>
        /// <param name="next">The number behind the last that was read, one of those in the ring or <see cref="Next"/>.</param>
        public void MarkRead(uint next)
        {
            int left = Count - Position(next);
            if (left < _unread)
            {
                _unread = left;
            }
        }

        /// <summary>Where an event is.</summary>
        /// <param name="number">Any: its number, counted from 0 since start.</param>
        /// <returns>0, the oldest, to Count, which is <see cref="Next"/>; 0 too for a number of none of these.</returns>
        public int Position(uint number)
        {
            uint distance = number - Lost;
            return distance <= (uint)Count ? (int)(long)distance : 0;
        }

        /// <summary>When an event happened first, microseconds of the board's clock.</summary>
        /// <param name="position">0, the oldest, to Count - 1.</param>
        public long TimeUs(int position)
        {
            return _timeUs[(_first + position) % Size];
        }

        /// <summary>When an event happened last.</summary>
        public long LastUs(int position)
        {
            return _lastUs[(_first + position) % Size];
        }

        /// <summary>How often an event happened.</summary>
        public uint Times(int position)
        {
            return _times[(_first + position) % Size];
        }

        /// <summary>The function of an event.</summary>
        public int Function(int position)
        {
            return _function[(_first + position) % Size];
        }

        /// <summary>The kind of an event.</summary>
        public int Kind(int position)
        {
            return _kind[(_first + position) % Size];
        }

        /// <summary>The detail of an event.</summary>
        public uint Detail(int position)
        {
            return _detail[(_first + position) % Size];
        }

        private int FindUnread(int function, int kind)
        {
            for (int back = 1; back <= _unread; back++)
            {
                int at = (_first + Count - back) % Size;
                if (_kind[at] == kind && _function[at] == function)
                {
                    return at;
                }
            }

            return -1;
        }

        private int TakePlace()
        {
            int at = (_first + Count) % Size;
            if (Count == Size)
            {
                _first = (_first + 1) % Size;
                Lost++;
            }
            else
            {
                Count++;
            }

            if (_unread < Size)
            {
                _unread++;
            }

            return at;
        }
    }
}
