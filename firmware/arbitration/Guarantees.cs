// Functions and groups that have not had what they were guaranteed, while they have work. Knows no tree.
using SmartNicFw.Firmware.Timing;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Firmware.Arbitration
{
    /// <summary>
    /// A guarantee is a token bucket: while it holds something and there is work, its owner is served before all shares, one turn each in
    /// turn, those in a group before the group itself (<see cref="DueOwners"/>). A turn counts for the groups above its owner too: what a
    /// group is guaranteed is what is guaranteed in it, and the rest for all in it by their weights. Shares know nothing of it: what
    /// guarantees leave of the port is divided by weights.
    /// </summary>
    public sealed class Guarantees
    {
        private readonly TokenBuckets _buckets;
        private readonly TimingWheel _wheel;
        private readonly DueOwners _due;

        // Nodes of the owner below which something can be picked: of a group one for each class.
        private readonly byte[] _ready;

        /// <summary>Starts without guarantees.</summary>
        /// <param name="groups">Groups, the port included.</param>
        public Guarantees(int functions, int groups, IMonotonicClock clock, TimingWheel wheel)
        {
            _buckets = new TokenBuckets(functions + groups, clock);
            _wheel = wheel;
            _due = new DueOwners(functions, groups);
            _ready = new byte[functions + groups];
        }

        /// <summary>The owner that is served next, or <see cref="DueOwners.None"/>.</summary>
        public int First => _due.First;

        /// <summary>True when somebody has a guarantee.</summary>
        public bool HasAny => _buckets.HasAny;

        /// <summary>The timer of an owner's guarantee on the wheel.</summary>
        public static int TimerOf(int owner)
        {
            return (2 * owner) + 1;
        }

        /// <summary>The guarantee, Mbit/s; 0 for none.</summary>
        public int Rate(int owner)
        {
            return _buckets.Rate(owner);
        }

        /// <summary>Sets a guarantee.</summary>
        /// <param name="mbps">0 for none.</param>
        public void SetRate(int owner, int mbps)
        {
            _buckets.SetRate(owner, mbps);
            Withdraw(owner);
            Enter(owner);
        }

        /// <summary>Puts an owner into a group, with all that are in it.</summary>
        /// <param name="group">An owner.</param>
        public void Place(int owner, int group)
        {
            _due.Place(owner, group);
        }

        /// <summary>A node of the owner has something to pick from now on.</summary>
        public void Ready(int owner)
        {
            _ready[owner]++;
            if (_ready[owner] == 1 && _buckets.IsSet(owner))
            {
                Enter(owner);
            }
        }

        /// <summary>A node of the owner has nothing to pick from now on.</summary>
        public void Unready(int owner)
        {
            _ready[owner]--;
            if (_ready[owner] == 0 && _buckets.IsSet(owner))
            {
                Withdraw(owner);
            }
        }

        /// <summary>The owner's timer is due.</summary>
        public void TimerDue(int owner)
        {
            Enter(owner);
        }

        /// <summary>A rate above the owner holds it back until a time.</summary>
        public void Postpone(int owner, long untilUs)
        {
            _due.Remove(owner);
            _wheel.Arm(TimerOf(owner), untilUs);
        }

        /// <summary>The owner is granted a turn for its guarantee that is expected to take line bytes: others come before its next.</summary>
        public void Reserve(int owner, int bytes)
        {
            if (_buckets.IsSet(owner))
            {
                _due.Served(owner);
                _buckets.Take(owner, bytes);
                Withdraw(owner);
                Enter(owner);
            }
        }

        /// <summary>A turn for the owner's guarantee is over.</summary>
        /// <param name="bytes">Line bytes that it took.</param>
        /// <param name="reserved">Those that were reserved for it; 0 when it was granted without.</param>
        public void Settle(int owner, int bytes, int reserved)
        {
            if (reserved == 0)
            {
                Reserve(owner, bytes);
            }
            else if (_buckets.IsSet(owner))
            {
                _buckets.Take(owner, bytes - reserved);
                if (_due.Contains(owner) != _buckets.Level(owner) > 0)
                {
                    Withdraw(owner);
                    Enter(owner);
                }
            }
        }

        /// <summary>The owner has sent line bytes in a turn for the guarantee of somebody in it.</summary>
        public void Sent(int owner, int bytes)
        {
            if (!_buckets.IsSet(owner))
            {
                return;
            }

            int level = _buckets.Level(owner);
            _buckets.TakeWithin(owner, bytes);
            if (_due.Contains(owner) && level <= bytes)
            {
                Withdraw(owner);
                Enter(owner);
            }
        }

        private void Withdraw(int owner)
        {
            _due.Remove(owner);
            _wheel.Cancel(TimerOf(owner));
        }

        private void Enter(int owner)
        {
            if (_ready[owner] == 0 || !_buckets.IsSet(owner))
            {
                return;
            }

            if (_buckets.Level(owner) > 0)
            {
                _due.Add(owner);
            }
            else if (!_wheel.IsArmed(TimerOf(owner)))
            {
                _wheel.Arm(TimerOf(owner), _buckets.ResumeAtUs(owner));
            }
        }
    }
}
