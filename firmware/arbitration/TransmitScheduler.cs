// Who sends next and how much: guarantees first, then classes, then shares, all within limits. Knows no engine and no ring.
using SmartNicFw.Firmware.Timing;
using SmartNicFw.Firmware.Virtio;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Firmware.Arbitration
{
    /// <summary>
    /// Grants turns to transmit queues. A turn is taken; then it begins and ends, or is refused, or given up. A queue that may have one turn's
    /// work only has one under way at a time. One that had more after its last turn gets as many as are its due, as if each were over
    /// at once: what it is expected to take is charged when the turn is granted, and settled when it is over. So shares are the same for any
    /// number of turns under way. Of every limit above it the whole of a turn is reserved meanwhile: turns under way exceed none.
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
        /// Bytes of a turn after which no further frame is begun, for a queue that shares with nobody: 128 frames of 1,500 bytes, half a ring
        /// as drivers make them. Whoever comes meanwhile waits for its end: 61 us at 25 Gbit/s.
        /// </summary>
        public const int BytesPerTurn = 128 * 1500;

        /// <summary>The most that a turn of a queue costs that competes with others, frames that are copied or cut aside: line bytes.</summary>
        public const int LongestSharedTurn =
            (2 * DeficitRounds.QuantumBytes) + EthernetLine.MaxFrameBytes + (FramesPerTurn * EthernetLine.OverheadBytes);

        /// <summary>Turns for guarantees that are granted at the most before one is granted by class, if one waits.</summary>
        public const int GuaranteedInARow = 255;

        /// <summary>
        /// The starvation bound of a class, turns: each turn of another class, and its own, comes after as many for guarantees as there may be.
        /// </summary>
        public const int LongestWait = ((PriorityClasses.LongestWait + 1) * (GuaranteedInARow + 1)) - 1;

        // In place of a class: the turn is for a guarantee.
        private const int Guaranteed = -1;

        // Picks of one call: each that fails holds somebody back until a timer, or pays debts.
        private const int PicksPerCall = 8;

        private readonly SchedulingTree _tree;
        private readonly RateLimits _limits;
        private readonly Guarantees _guarantees;
        private readonly int _functions;

        // By queue: what a frame cost in its last turn, line bytes; 0 for one that is not known to have more than a turn's work.
        private readonly int[] _frameCost;

        // By turn and field: where it was picked from, line bytes reserved of limits, line bytes charged.
        private const int Fields = 4;
        private const int Start = 0;
        private const int Reserved = 1;
        private const int Charged = 2;
        private readonly TurnSlots _turns;
        private readonly int[] _grants;
        private int _guaranteedInARow;

        // What was picked last: its start, class, and the classes that waited.
        private int _takenStart;
        private int _takenBytes;
        private int _takenClass;
        private int _takenWaiting;

        // The turn that began last, while nothing is charged or reserved for it: where turns are done at once, nothing ever is.
        private int _open = TurnSlots.None;

        // The queue whose turn ended last, with nothing to do or blocked: it competes until another turn is taken, so that one that wakes
        // before that is where it was. -1 for none.
        private int _leaving = -1;
        private bool _leavesBlocked;

        /// <summary>Starts with every function right under the port, with equal weights and without rates.</summary>
        /// <param name="groups">Rate groups, the port included.</param>
        /// <param name="turns">Turns under way at a time, 1 to 65,535.</param>
        /// <param name="wheel">Has two timers for each function and each group, from 0 on.</param>
        public TransmitScheduler(QueueNumbering queues, int functions, int groups, int turns, IMonotonicClock clock, TimingWheel wheel)
        {
            _functions = functions;
            _guarantees = new Guarantees(functions, groups, clock, wheel);
            _tree = new SchedulingTree(queues, functions, groups, _guarantees);
            _limits = new RateLimits(_tree, functions, groups, clock, wheel);
            _frameCost = new int[queues.Count];
            _turns = new TurnSlots(queues.Count, turns);
            _grants = new int[turns * Fields];
        }

        /// <summary>Strict priority between classes.</summary>
        public PriorityClasses Classes { get; } = new PriorityClasses();

        /// <summary>True when no queue can be granted a turn before a timer is due, or a turn is over.</summary>
        public bool IsEmpty => !_turns.HasFree || IsPortHeldBack || (_tree.LinkedClasses == 0 && _guarantees.First == DueOwners.None);

        private bool IsPortHeldBack => _tree.IsHeldBack(_tree.GroupNode(0, 0));

        /// <summary>Timers of so many functions and groups.</summary>
        public static int Timers(int functions, int groups)
        {
            return 2 * (functions + groups);
        }

        /// <summary>True while a function has frames that wait for a turn or for its limit.</summary>
        public bool HasWork(int function)
        {
            return _tree.HasLinked(_tree.FunctionNode(function));
        }

        /// <summary>True while a turn of the queue is under way.</summary>
        public bool IsInTurn(int queue)
        {
            return _turns.Has(queue);
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

        /// <summary>No further turn of a queue is granted; those under way end, and none follows.</summary>
        public void Withdraw(int queue)
        {
            GiveUp(queue, false);
            LeaveLast();
        }

        /// <summary>A queue is stopped: its turns that are under way end here.</summary>
        public void Remove(int queue)
        {
            while (_turns.Has(queue))
            {
                int turn = Close(queue);
                _limits.Take(queue, -_grants[(turn * Fields) + Reserved]);
            }

            Withdraw(queue);
        }

        /// <summary>Takes the queue whose turn it is; <see cref="Begin"/> or <see cref="GiveUp"/> follows, or it is first again.</summary>
        /// <param name="bytes">Receives the bytes after which it may begin no further frame, 1 upwards.</param>
        /// <param name="expected">Receives the line bytes that it is expected to cost; 0 when that may be next to nothing.</param>
        /// <returns>-1 when none can be granted now; whether one can right after, <see cref="IsEmpty"/> says.</returns>
        public int TryTake(out int bytes, out int expected)
        {
            bytes = 0;
            expected = 0;
            Account();
            for (int pick = 0; pick < PicksPerCall && !IsEmpty; pick++)
            {
                LeaveLast();
                int waiting = _tree.LinkedClasses;
                int owner = _guarantees.First;
                bool isGuaranteed = owner != DueOwners.None && (_guaranteedInARow < GuaranteedInARow || waiting == 0);
                int number = isGuaranteed ? Guaranteed : Classes.Choose(waiting);
                int start = isGuaranteed ? StartOf(owner) : _tree.GroupNode(0, number);
                bytes = BytesPerTurn;
                int queue = _tree.Pick(start, ref bytes);
                if (queue == SchedulingTree.None)
                {
                    continue;
                }

                int holder = _limits.Allow(queue, start, ref bytes, out bool isBelow);
                if (holder != RateLimits.Nobody)
                {
                    if (isGuaranteed && !isBelow)
                    {
                        _guarantees.Postpone(owner, _limits.ResumeAtUs(holder));
                    }

                    continue;
                }

                _takenStart = start;
                _takenBytes = bytes;
                _takenClass = number;
                _takenWaiting = waiting;
                expected = Expected(queue, bytes);
                return queue;
            }

            return -1;
        }

        /// <summary>The turn that was taken is under way.</summary>
        public void Begin(int queue)
        {
            bool isGuaranteed = _takenClass == Guaranteed;
            _guaranteedInARow = isGuaranteed ? _guaranteedInARow + 1 : 0;
            if (!isGuaranteed)
            {
                Classes.Served(_takenClass, _takenWaiting);
            }

            _open = _turns.Add(queue);
            _grants[(_open * Fields) + Start] = _takenStart;
            _grants[(_open * Fields) + Reserved] = 0;
            _grants[(_open * Fields) + Charged] = 0;
        }

        /// <summary>A queue is given no turn now: it waits until it is woken, or for the report of a turn that is under way.</summary>
        /// <param name="isBlocked">True: it keeps what is left of its quantum.</param>
        public void GiveUp(int queue, bool isBlocked)
        {
            Account();
            LeaveLast();
            _frameCost[queue] = 0;
            _tree.Unlink(queue);
            if (!_turns.Has(queue))
            {
                _leaving = queue;
                _leavesBlocked = isBlocked;
            }
        }

        /// <summary>The oldest turn of a queue is over.</summary>
        /// <param name="frames">Frames that were taken.</param>
        /// <param name="lineBytes">Line bytes of the frames that were sent.</param>
        /// <param name="cost">Line bytes of those, and of every copy made of them.</param>
        /// <param name="after">What the queue may have now.</param>
        public void EndTurn(int queue, int frames, int lineBytes, int cost, AfterTurn after)
        {
            if (!IsInTurn(queue))
            {
                return;
            }

            int turn = Close(queue);
            int start = _grants[(turn * Fields) + Start];
            _tree.Charge(queue, start, cost - _grants[(turn * Fields) + Charged]);
            _limits.Take(queue, lineBytes - _grants[(turn * Fields) + Reserved]);
            if (IsGuarantee(start))
            {
                _guarantees.Settle(_tree.RateOf(start), lineBytes, _grants[(turn * Fields) + Charged]);
                for (int node = _tree.Parent(start); node != SchedulingTree.None; node = _tree.Parent(node))
                {
                    _guarantees.Sent(_tree.RateOf(node), lineBytes);
                }
            }

            if (after == AfterTurn.Nothing || after == AfterTurn.Blocked)
            {
                GiveUp(queue, after == AfterTurn.Blocked);
                return;
            }

            _frameCost[queue] = after == AfterTurn.Unknown ? 0 : frames == 0 ? EthernetLine.MinBytes : cost / frames;
            _tree.Link(queue);
        }

        /// <summary>A timer of this room is due.</summary>
        public void TimerDue(int timer)
        {
            Account();
            int owner = timer >> 1;
            if ((timer & 1) != 0)
            {
                _guarantees.TimerDue(owner);
            }
            else
            {
                _limits.Review(owner);
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

            _limits.Set(owner, mbps);
        }

        /// <summary>The guarantee of a function or of a group, Mbit/s; 0 for none.</summary>
        public void SetGuarantee(int owner, int mbps)
        {
            SettleAll();
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

        private void LeaveLast()
        {
            if (_leaving >= 0)
            {
                _tree.Leave(_leaving, _leavesBlocked);
                _leaving = -1;
            }
        }

        // Charges and reserves what the turn that began last may take: others are granted beside it.
        private void Account()
        {
            if (_open == TurnSlots.None)
            {
                return;
            }

            int turn = _open;
            int queue = _turns.QueueOf(turn);
            _open = TurnSlots.None;
            _grants[(turn * Fields) + Reserved] = _takenBytes;
            _limits.Take(queue, _takenBytes);
            if (_frameCost[queue] == 0)
            {
                _tree.Unlink(queue);
                return;
            }

            _grants[(turn * Fields) + Charged] = Expected(queue, _takenBytes);
            _tree.Charge(queue, _grants[(turn * Fields) + Start], _grants[(turn * Fields) + Charged]);
            if (IsGuarantee(_grants[(turn * Fields) + Start]))
            {
                _guarantees.Reserve(_tree.RateOf(_grants[(turn * Fields) + Start]), _grants[(turn * Fields) + Charged]);
            }
        }

        // Line bytes that a turn is expected to cost: whole frames like those of the last turn.
        private int Expected(int queue, int bytes)
        {
            int frameCost = _frameCost[queue];
            if (frameCost == 0)
            {
                return 0;
            }

            int frames = (bytes + frameCost - 1) / frameCost;
            return (frames < FramesPerTurn ? frames : FramesPerTurn) * frameCost;
        }

        // Takes a queue's oldest turn out.
        private int Close(int queue)
        {
            int turn = _turns.First(queue);
            if (turn == _open)
            {
                _open = TurnSlots.None;
            }

            _turns.RemoveFirst(queue);
            return turn;
        }

        // Before a function or a group moves, or gets its first rate: turns under way are charged to where they are when they end, as
        // turns for a share.
        private void SettleAll()
        {
            Account();
            LeaveLast();
            for (int turn = 0; turn < _turns.Count; turn++)
            {
                int queue = _turns.QueueOf(turn);
                if (queue != TurnSlots.None)
                {
                    _limits.Take(queue, -_grants[(turn * Fields) + Reserved]);
                    _tree.Charge(queue, _grants[(turn * Fields) + Start], -_grants[(turn * Fields) + Charged]);
                    if (IsGuarantee(_grants[(turn * Fields) + Start]))
                    {
                        _guarantees.Settle(_tree.RateOf(_grants[(turn * Fields) + Start]), 0, _grants[(turn * Fields) + Charged]);
                    }

                    _grants[(turn * Fields) + Reserved] = 0;
                    _grants[(turn * Fields) + Charged] = 0;
                    _grants[(turn * Fields) + Start] = SchedulingTree.None;
                }
            }
        }

        // Whether a turn was picked for a guarantee: below a function or a group.
        private bool IsGuarantee(int start)
        {
            return start != SchedulingTree.None && _tree.Parent(start) != SchedulingTree.None;
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
    }
}
