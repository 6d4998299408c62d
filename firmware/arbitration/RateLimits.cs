// The limits on the way from a queue to the port: what they let pass, and who is held back by one. Knows no turn.
using SmartNicFw.Firmware.Timing;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Firmware.Arbitration
{
    /// <summary>
    /// A function or a group whose limit lets nothing pass is held back in the tree, and a timer looks at it again. Owners are numbered:
    /// functions first, then groups, of which the port is the first.
    /// </summary>
    public sealed class RateLimits
    {
        /// <summary>No owner.</summary>
        public const int Nobody = -1;

        private readonly SchedulingTree _tree;
        private readonly TokenBuckets _buckets;
        private readonly TimingWheel _wheel;
        private readonly int _functions;

        /// <summary>Starts without limits.</summary>
        /// <param name="wheel">Has a timer for each owner at each even number.</param>
        public RateLimits(SchedulingTree tree, int functions, int groups, IMonotonicClock clock, TimingWheel wheel)
        {
            _tree = tree;
            _buckets = new TokenBuckets(functions + groups, clock);
            _wheel = wheel;
            _functions = functions;
        }

        /// <summary>True when the owner has a limit.</summary>
        public bool IsSet(int owner)
        {
            return _buckets.IsSet(owner);
        }

        /// <summary>Sets a limit, Mbit/s; 0 for none.</summary>
        public void Set(int owner, int mbps)
        {
            _buckets.SetRate(owner, mbps);
            Review(owner);
        }

        /// <summary>When an owner that was held back is looked at again, microseconds of the clock.</summary>
        public long ResumeAtUs(int owner)
        {
            return _buckets.ResumeAtUs(owner);
        }

        /// <summary>Lowers bytes to what the limits above a queue let pass.</summary>
        /// <param name="start">Where the queue was picked from.</param>
        /// <param name="isBelow">Receives whether the owner of the limit is below that: it is out of the tree, and others there are not.</param>
        /// <returns>The owner of a limit that lets nothing pass, and is held back from now on; or <see cref="Nobody"/>.</returns>
        public int Allow(int queue, int start, ref int bytes, out bool isBelow)
        {
            isBelow = true;
            for (int node = _tree.Parent(queue); node != SchedulingTree.None && _buckets.HasAny; node = _tree.Parent(node))
            {
                isBelow &= node != start;
                int owner = _tree.RateOf(node);
                if (!_buckets.IsSet(owner))
                {
                    continue;
                }

                // A guarantee is picked from below what may be held back.
                int level = _buckets.Level(owner);
                if (level <= 0 || _tree.IsHeldBack(node))
                {
                    HoldBack(owner);
                    return owner;
                }

                if (level < bytes)
                {
                    bytes = level;
                }
            }

            return Nobody;
        }

        /// <summary>Takes bytes from every limit above a queue; a negative number gives them back.</summary>
        public void Take(int queue, int bytes)
        {
            for (int node = _tree.Parent(queue); node != SchedulingTree.None && _buckets.HasAny; node = _tree.Parent(node))
            {
                int owner = _tree.RateOf(node);
                if (_buckets.IsSet(owner))
                {
                    _buckets.Take(owner, bytes);
                }
            }
        }

        /// <summary>Holds an owner back while its limit lets nothing pass, and releases it when it does, or when the limit is gone.</summary>
        public void Review(int owner)
        {
            if (_buckets.IsSet(owner) && _buckets.Level(owner) <= 0)
            {
                HoldBack(owner);
                return;
            }

            _wheel.Cancel(TimerOf(owner));
            for (int node = FirstNodeOf(owner); node <= LastNodeOf(owner); node++)
            {
                if (_tree.IsHeldBack(node))
                {
                    _tree.Release(node);
                }
            }
        }

        private void HoldBack(int owner)
        {
            for (int node = FirstNodeOf(owner); node <= LastNodeOf(owner); node++)
            {
                if (!_tree.IsHeldBack(node))
                {
                    _tree.Hold(node);
                }
            }

            _wheel.Arm(TimerOf(owner), _buckets.ResumeAtUs(owner));
        }

        private static int TimerOf(int owner)
        {
            return 2 * owner;
        }

        private int FirstNodeOf(int owner)
        {
            return owner < _functions ? _tree.FunctionNode(owner) : _tree.GroupNode(owner - _functions, 0);
        }

        private int LastNodeOf(int owner)
        {
            return owner < _functions ? FirstNodeOf(owner) : FirstNodeOf(owner) + PriorityClasses.Count - 1;
        }
    }
}
