// The turns that the engine has been given and has not reported: their credits, and since when. Knows no engine and no order.
using SmartNicFw.Firmware.Arbitration;
using SmartNicFw.Firmware.Config;
using SmartNicFw.Firmware.Virtio;

namespace SmartNicFw.Firmware.Dma
{
    /// <summary>
    /// Each begins once and ends once, those of a queue in order, whether the engine reports it, a fault or a time-out ends it, or its queue
    /// is stopped; its credits come back with its end. Beginning, ending and finding the oldest cost the same for any number.
    /// </summary>
    /// <remarks>
    /// Turns of queues that had more after their last turn fill a window: a part of what the channels may have outstanding, which is enough to
    /// keep a link busy, and which one function's share of the credits has room for. Engines take turns in the order in which they are given,
    /// so what waits in front of one is what it gets beyond its share: the less, the truer are shares. A turn that takes longer
    /// than <see cref="LateUs"/> does not count any more, so that one that hangs holds up the others no longer than that.
    /// </remarks>
    public sealed class TurnsUnderWay
    {
        /// <summary>No queue.</summary>
        public const int None = -1;

        /// <summary>The window is this part of what may be outstanding.</summary>
        public const int WindowPart = 8;

        /// <summary>Turns that the window has room for at the most.</summary>
        public const int WindowTurns = 16;

        /// <summary>Microseconds after which a turn has no place in the window any more.</summary>
        public const int LateUs = 1000;

        private readonly FunctionNumbering _numbering;
        private readonly TransferRules _rules;
        private readonly TurnSlots _turns;
        private readonly int _window;

        // What is known of a turn lies together. Lists by age, two for each PF, for its VFs wait as long as it does: entry turns + 2n is the
        // head of those that are in time, the next one that of those that are late, which are all older. A turn that only writes has no tags,
        // and one that is not in the window a place of 0 bytes.
        private const int Fields = 8;
        private const int Next = 0;
        private const int Previous = 1;
        private const int Channel = 2;
        private const int Tags = 3;
        private const int Bytes = 4;
        private const int Place = 5;
        private readonly int[] _entries;
        private readonly long[] _sinceUs;
        private readonly int _heads;

        // By function.
        private readonly ushort[] _count;

        // What was reserved last.
        private int _reservedTags;
        private int _reservedBytes;
        private int _reservedPlace;
        private int _inWindow;
        private int _turnsInWindow;
        private bool _isWindowFull;

        /// <summary>Starts with none.</summary>
        public TurnsUnderWay(EndpointConfiguration configuration, VirtioState state, FunctionNumbering numbering, TransferRules rules)
        {
            _numbering = numbering;
            _rules = rules;
            int turns = DmaCredits.TurnsAtMost(configuration);
            _window = configuration.DmaOutstandingBytes / WindowPart * configuration.DmaChannels;
            _heads = turns;
            _turns = new TurnSlots(state.Queues.Count, turns);
            Credits = new DmaCredits(configuration, numbering.Count);
            _entries = new int[(turns + (2 * numbering.PhysicalFunctions)) * Fields];
            for (int head = turns; head < turns + (2 * numbering.PhysicalFunctions); head++)
            {
                _entries[(head * Fields) + Next] = head;
                _entries[(head * Fields) + Previous] = head;
            }

            _sinceUs = new long[turns];
            _count = new ushort[numbering.Count];
        }

        /// <summary>What the channels may have outstanding.</summary>
        public DmaCredits Credits { get; }

        /// <summary>Turns that were begun since start; wraps.</summary>
        public uint Begun { get; private set; }

        /// <summary>Turns under way.</summary>
        public int Total { get; private set; }

        /// <summary>Turns of a function under way.</summary>
        public int Count(int function)
        {
            return _count[function];
        }

        /// <summary>True while a turn of the queue is under way.</summary>
        public bool IsUnderWay(int index)
        {
            return _turns.Has(index);
        }

        /// <summary>Reserves what a turn needs; <see cref="Begin"/> or <see cref="GiveBack"/> follows.</summary>
        /// <param name="reads">True when it reads frames and writes them elsewhere; false when it only writes.</param>
        /// <param name="bytes">Its budget, bytes.</param>
        /// <param name="expected">Bytes that it needs a place for in the window; 0 when it needs none.</param>
        /// <param name="nowUs">The time.</param>
        /// <returns>A channel's number; or <see cref="DmaCredits.Full"/> or <see cref="DmaCredits.OverShare"/>, and then nothing is reserved.</returns>
        public int TryReserve(int function, bool reads, int bytes, int expected, long nowUs)
        {
            _reservedPlace = expected == 0 ? 0 : expected < _window / WindowTurns ? _window / WindowTurns : expected;
            if (_reservedPlace != 0 && !HasRoom(_reservedPlace, nowUs))
            {
                _isWindowFull = true;
                return DmaCredits.Full;
            }

            int window = bytes < Credits.WindowBytes ? bytes : Credits.WindowBytes;
            _reservedBytes = window;
            _reservedTags = 0;
            if (reads)
            {
                // With the largest requests there are it takes all it may: then their size need not be looked up.
                int tags = Credits.WindowTags;
                if (window < tags * TransferRules.BoundaryBytes)
                {
                    int requests = TransferRules.WorstRequests(window, _rules.MaxReadRequestBytes(function));
                    tags = requests < tags ? requests : tags;
                }

                _reservedTags = tags;
            }

            return Credits.TryTake(function, reads ? window : 0, _reservedTags, window);
        }

        /// <summary>The turn that was reserved for is not begun.</summary>
        public void GiveBack(int channel, int function)
        {
            Credits.Return(channel, function, _reservedTags == 0 ? 0 : _reservedBytes, _reservedTags, _reservedBytes);
        }

        /// <summary>The turn that was reserved for is under way.</summary>
        public void Begin(int index, int function, int channel, long nowUs)
        {
            int turn = _turns.Add(index);
            int at = turn * Fields;
            _entries[at + Channel] = channel;
            _entries[at + Tags] = _reservedTags;
            _entries[at + Bytes] = _reservedBytes;
            _entries[at + Place] = _reservedPlace;
            _inWindow += _reservedPlace;
            _turnsInWindow += _reservedPlace != 0 ? 1 : 0;
            _sinceUs[turn] = nowUs;
            _count[function]++;
            Total++;
            Begun++;
            Append(turn, InTime(_numbering.PhysicalFunctionOf(function)));
        }

        /// <summary>Ends the oldest turn of a queue, if one is under way: its credits come back.</summary>
        /// <param name="function">The queue's.</param>
        /// <returns>False when none was.</returns>
        public bool End(int index, int function)
        {
            int turn = _turns.First(index);
            if (turn == TurnSlots.None)
            {
                return false;
            }

            _turns.RemoveFirst(index);
            TakeOut(turn);
            LeaveWindow(turn);
            _count[function]--;
            Total--;
            int tags = _entries[(turn * Fields) + Tags];
            int bytes = _entries[(turn * Fields) + Bytes];
            Credits.Return(_entries[(turn * Fields) + Channel], function, tags == 0 ? 0 : bytes, tags, bytes);
            return true;
        }

        /// <summary>Takes a late turn out of the window, if somebody was refused a place since one became free.</summary>
        /// <returns>True when there is a place again.</returns>
        public bool TryFreePlace(long nowUs)
        {
            return _isWindowFull && TryAge(nowUs);
        }

        /// <summary>A queue whose turn has lasted too long, or <see cref="None"/>. It stays under way.</summary>
        public int Expired(long nowUs)
        {
            for (int physicalFunction = 0; physicalFunction < _numbering.PhysicalFunctions; physicalFunction++)
            {
                if (DeadlineUs(physicalFunction) <= nowUs)
                {
                    return _turns.QueueOf(Oldest(physicalFunction));
                }
            }

            return None;
        }

        /// <summary>
        /// When the next turn will have lasted too long, or will be late while others wait for its place; long.MaxValue when none ever will.
        /// </summary>
        public long NextDeadlineUs
        {
            get
            {
                long next = long.MaxValue;
                for (int physicalFunction = 0; Total != 0 && physicalFunction < _numbering.PhysicalFunctions; physicalFunction++)
                {
                    long deadline = DeadlineUs(physicalFunction);
                    next = deadline < next ? deadline : next;
                    int oldest = NextOf(InTime(physicalFunction));
                    if (_isWindowFull && oldest < _heads && _sinceUs[oldest] + LateUs < next)
                    {
                        next = _sinceUs[oldest] + LateUs;
                    }
                }

                return next;
            }
        }

        // True when the window has room, after late turns have left it if need be. Two turns there always is room for, however long: one is
        // on its way while the other is worked on.
        private bool HasRoom(int bytes, long nowUs)
        {
            while (_turnsInWindow > 1 && _inWindow + bytes > _window)
            {
                if (!TryAge(nowUs))
                {
                    return false;
                }
            }

            return true;
        }

        // Takes one turn that is late out of the window.
        private bool TryAge(long nowUs)
        {
            for (int physicalFunction = 0; physicalFunction < _numbering.PhysicalFunctions; physicalFunction++)
            {
                int turn = NextOf(InTime(physicalFunction));
                if (turn < _heads && _sinceUs[turn] + LateUs <= nowUs)
                {
                    TakeOut(turn);
                    Append(turn, Late(physicalFunction));
                    LeaveWindow(turn);
                    return true;
                }
            }

            return false;
        }

        private void LeaveWindow(int turn)
        {
            int place = _entries[(turn * Fields) + Place];
            _entries[(turn * Fields) + Place] = 0;
            _inWindow -= place;
            _turnsInWindow -= place != 0 ? 1 : 0;
            _isWindowFull = false;
        }

        private void Append(int turn, int head)
        {
            int last = _entries[(head * Fields) + Previous];
            _entries[(last * Fields) + Next] = turn;
            _entries[(turn * Fields) + Previous] = last;
            _entries[(turn * Fields) + Next] = head;
            _entries[(head * Fields) + Previous] = turn;
        }

        private void TakeOut(int turn)
        {
            int next = NextOf(turn);
            int previous = _entries[(turn * Fields) + Previous];
            _entries[(previous * Fields) + Next] = next;
            _entries[(next * Fields) + Previous] = previous;
        }

        private int NextOf(int entry)
        {
            return _entries[(entry * Fields) + Next];
        }

        private int InTime(int physicalFunction)
        {
            return _heads + (2 * physicalFunction);
        }

        private int Late(int physicalFunction)
        {
            return InTime(physicalFunction) + 1;
        }

        // The oldest turn of a PF and its VFs, or a number that is none of a turn.
        private int Oldest(int physicalFunction)
        {
            int late = NextOf(Late(physicalFunction));
            return late < _heads ? late : NextOf(InTime(physicalFunction));
        }

        // The oldest turn of the PF and its VFs ends by then.
        private long DeadlineUs(int physicalFunction)
        {
            int oldest = Oldest(physicalFunction);
            if (oldest >= _heads)
            {
                return long.MaxValue;
            }

            long timeout = _rules.CompletionTimeoutUs(physicalFunction);
            return timeout == TransferRules.Never ? long.MaxValue : _sinceUs[oldest] + timeout + DmaScheduler.TransferUs;
        }
    }
}
