// Who sends next and how much: guarantees first, then classes, then shares, all within limits. Knows no engine and no ring.
using SmartNicFw.Firmware.Timing;
using SmartNicFw.Firmware.Virtio;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Firmware.Arbitration
{
    /// <summary>
    /// Grants turns to transmit queues. A turn is taken, then ended or refused; nobody else gets its queue meanwhile. (It leaves the tree when
    /// another turn is taken before it is over: where turns are done at once, it stays.) What a turn may send at the most is reserved from
    /// every limit above it, and settled when it is over, so that turns under way at a time exceed no limit. Shares hold among queues that have
    /// no turn under way: who has one can have no other, whatever its weight.
    /// A turn costs the same for any number of queues; a queue without work, or held back by a limit, costs nothing.
    /// No class starves: between two turns of one that always has work and is not held back there are at most <see cref="LongestWait"/>
    /// turns of others.
    /// </summary>
    /// <remarks>
    /// No queue starves within its class. Whoever competes is lowered to its deficit, or to a quantum of the smallest weight, and may end
    /// with a long frame: so a turn costs at most L = <see cref="LongestSharedTurn"/>. Let a queue always have work and not be held back.
    /// Its debt after a turn is below L, so it is picked before it has paid that. Whoever is to get B bytes of those that it competes with
    /// is visited at most n = B / quantum (rounded up) + 2 times, while each of its list gets at most n quanta of its own and L; its list gets its
    /// share of all lists but for two turns of L, and so all of them together at most what that makes, and L. That is what the node above is
    /// to get, with its own debt below L, and so on up to the port: there it is the most that is sent in turns for shares of its class between
    /// two turns of the queue. Turns for guarantees pay debts below their owner, and so shorten it; they come on top, at their rates. Frames
    /// that are copied or cut cost more, and lengthen L.
    /// </remarks>
    public sealed class TransmitScheduler
    {
        /// <summary>Frames of a turn at the most: with the shortest of them a turn is a quantum still (<see cref="DeficitRounds"/>).</summary>
        public const int FramesPerTurn = 256;

        /// <summary>
        /// Bytes of a turn after which no further frame is begun, for a queue that shares with nobody: 64 frames of 1,500 bytes, which is what an
        /// engine takes from a ring at a time.
        /// </summary>
        public const int BytesPerTurn = 64 * 1500;

        /// <summary>The most that a turn of a queue costs that competes with others, frames that are copied or cut aside: line bytes.</summary>
        public const int LongestSharedTurn =
            (2 * DeficitRounds.QuantumBytes) + EthernetLine.MaxFrameBytes + (FramesPerTurn * EthernetLine.OverheadBytes);

        /// <summary>Turns for guarantees that are granted at the most before one is granted by class, if one waits.</summary>
        public const int GuaranteedInARow = 255;

        /// <summary>
        /// The starvation bound of a class, turns: each turn of another class, and its own, comes after as many for guarantees as there may be.
        /// </summary>
        public const int LongestWait = ((PriorityClasses.LongestWait + 1) * (GuaranteedInARow + 1)) - 1;

        // Picks of one call: each that fails holds somebody back until a timer, or pays debts.
        private const int PicksPerCall = 8;

        private readonly SchedulingTree _tree;
        private readonly TokenBuckets _limits;
        private readonly Guarantees _guarantees;
        private readonly TimingWheel _wheel;
        private readonly int _functions;

        // By queue: bytes reserved for the turn under way (-1: none is), and the node that it was picked from.
        private readonly int[] _reserved;
        private readonly int[] _start;
        private int _guaranteedInARow;

        // The queue that was taken last, while its turn is not over and it is not unlinked yet; -1 for none.
        private int _taken = -1;

        // The queue whose turn ended last, with nothing to do or blocked: it competes until another turn is taken, so that one that wakes
        // before that is where it was. -1 for none.
        private int _leaving = -1;
        private bool _leavesBlocked;

        /// <summary>Starts with every function right under the port, with equal weights and without rates.</summary>
        /// <param name="groups">Rate groups, the port included.</param>
        /// <param name="wheel">Has two timers for each function and each group, from 0 on.</param>
        public TransmitScheduler(QueueNumbering queues, int functions, int groups, IMonotonicClock clock, TimingWheel wheel)
        {
            _functions = functions;
            _wheel = wheel;
            _limits = new TokenBuckets(functions + groups, clock);
            _guarantees = new Guarantees(functions, groups, clock, wheel);
            _tree = new SchedulingTree(queues, functions, groups, _guarantees);
            _reserved = new int[queues.Count];
            _start = new int[queues.Count];
            for (int queue = 0; queue < _reserved.Length; queue++)
            {
                _reserved[queue] = -1;
            }
        }

        /// <summary>Strict priority between classes.</summary>
        public PriorityClasses Classes { get; } = new PriorityClasses();

        /// <summary>True when no queue can be granted a turn before a timer is due.</summary>
        public bool IsEmpty => IsPortHeldBack || (_tree.LinkedClasses == 0 && _guarantees.First == DueOwners.None);

        private bool IsPortHeldBack => _tree.IsHeldBack(_tree.GroupNode(0, 0));

        /// <summary>Timers of so many functions and groups.</summary>
        public static int Timers(int functions, int groups)
        {
            return 2 * (functions + groups);
        }

        /// <summary>True while a turn of the queue is under way.</summary>
        public bool IsInTurn(int queue)
        {
            return _reserved[queue] >= 0;
        }

        /// <summary>A queue has work. Again, or in its turn: nothing changes.</summary>
        public void Wake(int queue)
        {
            if (queue == _leaving)
            {
                _leaving = -1;
                _tree.Link(queue);
            }
            else if (!IsInTurn(queue) && !_tree.IsCompeting(queue))
            {
                _tree.Wake(queue);
            }
        }

        /// <summary>A queue is stopped: its turn, if one is under way, ends here.</summary>
        public void Remove(int queue)
        {
            LeaveLast();
            Settle(queue, 0);
            Forget(queue);
            _tree.Unlink(queue);
            _tree.Leave(queue, false);
        }

        /// <summary>Takes the queue whose turn it is.</summary>
        /// <param name="bytes">Receives the bytes after which it may begin no further frame, 1 upwards.</param>
        /// <returns>-1 when none can be granted now; whether one can right after, <see cref="IsEmpty"/> says.</returns>
        public int TryTake(out int bytes)
        {
            bytes = 0;
            LeaveLast();
            if (_taken >= 0)
            {
                _tree.Unlink(_taken);
                _taken = -1;
            }

            for (int pick = 0; pick < PicksPerCall; pick++)
            {
                if (IsEmpty)
                {
                    return -1;
                }

                int waiting = _tree.LinkedClasses;
                int owner = _guarantees.First;

                bool isGuaranteed = owner != DueOwners.None && (_guaranteedInARow < GuaranteedInARow || waiting == 0);
                int number = isGuaranteed ? -1 : Classes.Choose(waiting);
                int start = isGuaranteed ? StartOf(owner) : _tree.GroupNode(0, number);
                bytes = BytesPerTurn;
                int queue = _tree.Pick(start, ref bytes);
                if (queue == SchedulingTree.None || !Allow(queue, start, isGuaranteed ? owner : DueOwners.None, ref bytes))
                {
                    continue;
                }

                _guaranteedInARow = isGuaranteed ? _guaranteedInARow + 1 : 0;
                if (!isGuaranteed)
                {
                    Classes.Served(number, waiting);
                }

                _taken = queue;
                _start[queue] = start;
                Reserve(queue, bytes);
                return queue;
            }

            return -1;
        }

        /// <summary>The turn that was taken could not be: nothing has happened, and the queue is first again.</summary>
        public void Refuse(int queue)
        {
            Settle(queue, 0);
            Forget(queue);
            _tree.Link(queue);
        }

        /// <summary>The turn that was taken is over.</summary>
        /// <param name="lineBytes">Line bytes of the frames that were sent.</param>
        /// <param name="cost">Line bytes of those, and of every copy made of them.</param>
        /// <param name="hasMore">True: the queue is to get another turn.</param>
        /// <param name="isBlocked">True: it may have more, and wakes when it can be moved; it keeps what is left of its quantum.</param>
        public void EndTurn(int queue, int lineBytes, int cost, bool hasMore, bool isBlocked)
        {
            if (!IsInTurn(queue))
            {
                return;
            }

            int start = _start[queue];
            _tree.Charge(queue, start, cost);
            Settle(queue, lineBytes);
            bool isGuaranteed = start != SchedulingTree.None && _tree.Parent(start) != SchedulingTree.None;
            for (int node = start; node != SchedulingTree.None && isGuaranteed; node = _tree.Parent(node))
            {
                _guarantees.Sent(_tree.RateOf(node), lineBytes, node == start);
            }

            Forget(queue);
            if (hasMore && !isBlocked)
            {
                _tree.Link(queue);
            }
            else
            {
                LeaveLast();
                _tree.Unlink(queue);
                _leaving = queue;
                _leavesBlocked = isBlocked;
            }
        }

        /// <summary>A timer of this room is due.</summary>
        public void TimerDue(int timer)
        {
            int owner = timer >> 1;
            if ((timer & 1) != 0)
            {
                _guarantees.TimerDue(owner);
            }
            else
            {
                Review(owner);
            }
        }

        /// <summary>The limit of a function (its index) or of a group (the number of functions and its number), Mbit/s; 0 for none.</summary>
        public void SetLimit(int owner, int mbps)
        {
            // A turn under way has reserved nothing of a limit that is new, and is to give nothing back to it.
            if (!_limits.IsSet(owner))
            {
                SettleAll();
            }

            _limits.SetRate(owner, mbps);
            Review(owner);
        }

        /// <summary>The guarantee of a function or of a group, Mbit/s; 0 for none.</summary>
        public void SetGuarantee(int owner, int mbps)
        {
            _guarantees.SetRate(owner, mbps);
        }

        /// <summary>Puts a function into a group, a class, and gives it a weight.</summary>
        public void PlaceFunction(int function, int group, int priorityClass, int weight)
        {
            SettleAll();
            _guarantees.Place(function, _functions + group);
            _tree.Place(_tree.FunctionNode(function), _tree.GroupNode(group, priorityClass), weight);
        }

        /// <summary>Puts a group into another, and gives it a weight.</summary>
        /// <param name="group">1 upwards: the port stays where it is.</param>
        public void PlaceGroup(int group, int parent, int weight)
        {
            SettleAll();
            _guarantees.Place(_functions + group, _functions + parent);
            for (int number = 0; number < PriorityClasses.Count; number++)
            {
                _tree.Place(_tree.GroupNode(group, number), _tree.GroupNode(parent, number), weight);
            }
        }

        // The queue's turn is over, or it is stopped: there is nothing to unlink later.
        private void Forget(int queue)
        {
            if (_taken == queue)
            {
                _taken = -1;
            }
        }

        private void LeaveLast()
        {
            if (_leaving >= 0)
            {
                _tree.Leave(_leaving, _leavesBlocked);
                _leaving = -1;
            }
        }

        // Where to pick for a guarantee: of a group in its highest class.
        private int StartOf(int owner)
        {
            if (owner < _functions)
            {
                return _tree.FunctionNode(owner);
            }

            int number = PriorityClasses.Count - 1;
            while (number > 0 && !_tree.HasLinked(_tree.GroupNode(owner - _functions, number)))
            {
                number--;
            }

            return _tree.GroupNode(owner - _functions, number);
        }

        // Lowers bytes to what the limits above a queue let pass; false when one of them lets nothing pass, and is held back now. So is a
        // guarantee then, unless the limit is of something below its owner: that is out of the tree, and others there are not.
        private bool Allow(int queue, int start, int guaranteed, ref int bytes)
        {
            bool isBelow = true;
            for (int node = _tree.Parent(queue); node != SchedulingTree.None && _limits.HasAny; node = _tree.Parent(node))
            {
                isBelow &= node != start;
                int owner = _tree.RateOf(node);
                if (!_limits.IsSet(owner))
                {
                    continue;
                }

                int level = _limits.Level(owner);
                if (level <= 0 || _tree.IsHeldBack(node))
                {
                    HoldBack(owner);
                    if (guaranteed != DueOwners.None && !isBelow)
                    {
                        _guarantees.Postpone(guaranteed, _limits.ResumeAtUs(owner));
                    }

                    return false;
                }

                if (level < bytes)
                {
                    bytes = level;
                }
            }

            return true;
        }

        private void Reserve(int queue, int bytes)
        {
            _reserved[queue] = bytes;
            Take(queue, bytes);
        }

        // The turn took this instead of what was reserved for it.
        private void Settle(int queue, int bytes)
        {
            if (_reserved[queue] >= 0)
            {
                Take(queue, bytes - _reserved[queue]);
                _reserved[queue] = -1;
            }
        }

        // Before a function or a group moves, or gets its first limit: turns under way are charged to where they are when they end, as turns for a share.
        private void SettleAll()
        {
            LeaveLast();
            for (int queue = 0; queue < _reserved.Length; queue++)
            {
                if (_reserved[queue] >= 0)
                {
                    Take(queue, -_reserved[queue]);
                    _reserved[queue] = 0;
                    _start[queue] = SchedulingTree.None;
                }
            }
        }

        private void Take(int queue, int bytes)
        {
            for (int node = _tree.Parent(queue); node != SchedulingTree.None && _limits.HasAny; node = _tree.Parent(node))
            {
                int owner = _tree.RateOf(node);
                if (_limits.IsSet(owner))
                {
                    _limits.Take(owner, bytes);
                }
            }
        }

        // Holds an owner back while its limit lets nothing pass, and releases it when it does, or when the limit is gone.
        private void Review(int owner)
        {
            if (_limits.IsSet(owner) && _limits.Level(owner) <= 0)
            {
                HoldBack(owner);
                return;
            }

            _wheel.Cancel(LimitTimerOf(owner));
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

            _wheel.Arm(LimitTimerOf(owner), _limits.ResumeAtUs(owner));
        }

        private static int LimitTimerOf(int owner)
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
