// Lists of those that compete for the same share, and deficit round robin over each. Knows no tree, no rate and no queue.
namespace SmartNicFw.Firmware.Arbitration
{
    /// <summary>
    /// Deficit round robin by bytes. A node is visited when it comes to the head of its list: it gets its quantum, keeps the head
    /// until that is used up, then goes to the tail; what it took beyond is a debt that the next visits pay, and what it gets back
    /// later it may take at the next. Weights of a list differ by less
    /// than a factor of two, so that every quantum is a worthwhile turn: <see cref="Stratum"/> says which list a weight belongs to.
    /// Every operation costs the same for any number of nodes.
    /// Source: Shreedhar and Varghese, "Efficient Fair Queuing using Deficit Round Robin" (SIGCOMM 1995); the division by weight:
    /// Ramabhadran and Pasquale, "Stratified Round Robin" (SIGCOMM 2003).
    /// </summary>
    /// <remarks>
    /// A node that competes counts with its weight in its list, whether it is linked (can be picked) or not (a turn of it is
    /// under way). Time of a list is in bytes for each unit of weight, in fractions of 2^-20; it wraps, and is compared by difference.
    /// It is what its nodes took: the mean of each node's own, which is the time of the quanta that it had less its deficit. So what a node
    /// took goes with it when it leaves, and the others are as far as they were. It comes back to the rounds, the mean of the quanta that
    /// all had, but for a quantum that it had before the others; of a debt the quanta that it missed are forgiven.
    /// </remarks>
    public sealed class DeficitRounds
    {
        /// <summary>Largest weight; the smallest is 1.</summary>
        public const int MaxWeight = 1000;

        /// <summary>Lists that weights are divided over: of 1, of 2 and 3, of 4 to 7, up to 512 to 1,000.</summary>
        public const int Strata = 10;

        /// <summary>Smallest quantum, bytes: of a weight that is a power of two. The largest is just below twice as much.</summary>
        public const int QuantumBytes = 1 << QuantumShift;

        /// <summary>Visits that one pick makes at the most: debts that take longer to pay are paid over several picks.</summary>
        public const int VisitsPerPick = 16;

        /// <summary>No node.</summary>
        public const int Nobody = -1;

        /// <summary>
        /// Quanta that a node gets back at the most when turns took less than was charged for them. Less would lose what is its own with
        /// many turns under way; all of it would be a gift to one that was alone when they were charged, for it paid nothing then.
        /// </summary>
        public const int QuantaKept = 8;

        private const int QuantumShift = 14;
        private const int TimeShift = 20;

        // No turn moves a list further: what seems to be more is time that has wrapped while the list was empty.
        private const long LongestTurn = (long)int.MaxValue << TimeShift;

        // What a turn needs of a node lies together, so that it costs one look at memory however many nodes there are: its neighbours, its
        // deficit, and its weight with the number of its list and a bit that says whether it has had the quantum of its visit.
        private const int Fields = 4;
        private const int Next = 0;
        private const int Previous = 1;
        private const int Credit = 2;
        private const int Share = 3;
        private const int WeightMask = 0xFFFF;
        private const int StratumShift = 16;
        private const int StratumMask = 0xF;
        private const int Visited = 1 << 24;

        // By node and field; by node, quanta that it had, as a time.
        private readonly int[] _nodes;
        private readonly long[] _quanta;

        // By list, in the same way: its first node, the sum of the weights that compete, its time, and the sum of their deficits.
        private const int ListFields = 4;
        private const int Head = 0;
        private const int Active = 1;
        private const int ListTime = 2;
        private const int Owed = 3;
        private readonly long[] _lists;

        /// <summary>Starts with empty lists; every node has weight 1.</summary>
        public DeficitRounds(int nodes, int lists)
        {
            _nodes = new int[nodes * Fields];
            _quanta = new long[nodes];
            _lists = new long[lists * ListFields];
            for (int node = 0; node < nodes; node++)
            {
                _nodes[(node * Fields) + Next] = Nobody;
                SetWeight(node, 1);
            }

            for (int list = 0; list < lists; list++)
            {
                _lists[(list * ListFields) + Head] = Nobody;
            }
        }

        /// <summary>The list that a weight belongs to: the number of its highest bit, 0 to <see cref="Strata"/> - 1.</summary>
        /// <param name="weight">1 to <see cref="MaxWeight"/>.</param>
        public static int Stratum(int weight)
        {
            int stratum = 0;
            while (weight > 1)
            {
                weight >>= 1;
                stratum++;
            }

            return stratum;
        }

        /// <summary>A weight's quantum, bytes.</summary>
        public static int Quantum(int weight)
        {
            return weight << (QuantumShift - Stratum(weight));
        }

        /// <summary>Time that bytes take at a weight.</summary>
        public static long TimeOf(int bytes, int weight)
        {
            long time = (long)bytes << TimeShift;
            return weight == 1 ? time : time / weight;
        }

        /// <summary>The node's weight.</summary>
        public int Weight(int node)
        {
            return _nodes[(node * Fields) + Share] & WeightMask;
        }

        /// <summary>Sets the weight of a node that does not compete.</summary>
        public void SetWeight(int node, int weight)
        {
            int share = (node * Fields) + Share;
            _nodes[share] = (_nodes[share] & Visited) | (Stratum(weight) << StratumShift) | weight;
        }

        /// <summary>Bytes that a turn of the node may take: what is left of its deficit, a quantum at the most. Negative for a debt.</summary>
        public int Allowance(int node)
        {
            int deficit = _nodes[(node * Fields) + Credit];
            int quantum = QuantumOf(node);
            return deficit < quantum ? deficit : quantum;
        }

        /// <summary>Sum of the weights that compete in the list.</summary>
        public int ActiveWeight(int list)
        {
            return (int)_lists[(list * ListFields) + Active];
        }

        /// <summary>The list's time.</summary>
        public long Time(int list)
        {
            return _lists[(list * ListFields) + ListTime];
        }

        /// <summary>Moves the time of a list that was empty forward; a time that it is ahead of, by a turn at the most, changes nothing.</summary>
        public void Forward(int list, long time)
        {
            long ahead = _lists[(list * ListFields) + ListTime] - time;
            if (ahead < 0 || ahead > LongestTurn)
            {
                _lists[(list * ListFields) + ListTime] = time;
            }
        }

        /// <summary>True when no node of the list can be picked.</summary>
        public bool IsEmpty(int list)
        {
            return (int)_lists[(list * ListFields) + Head] == Nobody;
        }

        /// <summary>True when the node can be picked.</summary>
        public bool IsLinked(int node)
        {
            return _nodes[(node * Fields) + Next] != Nobody;
        }

        /// <summary>The node begins to compete. Of a debt, the quanta of the rounds that it missed are forgiven.</summary>
        /// <returns>Time that it is ahead of the list, times its weight.</returns>
        public long Join(int node, int list)
        {
            int weight = Weight(node);
            int credit = (node * Fields) + Credit;
            long rounds = Rounds(list);
            if (_quanta[node] - rounds < 0 || IsFar(node, rounds))
            {
                long missed = (rounds - _quanta[node]) >> RoundShift(node);
                int deficit = _nodes[credit];
                if (deficit < 0)
                {
                    int quantum = QuantumOf(node);
                    _nodes[credit] = missed < 0 || missed > -deficit / quantum ? 0 : deficit + ((int)missed * quantum);
                }

                _quanta[node] = rounds;
            }

            long ahead = Ahead(node, list);
            _lists[(list * ListFields) + ListTime] += ahead / (_lists[(list * ListFields) + Active] + weight);
            _lists[(list * ListFields) + Owed] += _nodes[credit];
            _lists[(list * ListFields) + Active] += weight;
            return ahead;
        }

        /// <summary>The node, which is not linked, competes no longer.</summary>
        /// <param name="keepsTurn">True: what is left of its quantum stays, and with it the head of the list when it comes back.</param>
        /// <returns>Time that it was ahead of the list, times its weight.</returns>
        public long Leave(int node, int list, bool keepsTurn)
        {
            long ahead = 0;
            int weight = Weight(node);
            int deficit = _nodes[(node * Fields) + Credit];
            int others = (int)_lists[(list * ListFields) + Active] - weight;
            if (others != 0)
            {
                long rounds = Rounds(list);
                if (IsFar(node, rounds))
                {
                    _quanta[node] = rounds;
                }

                ahead = Ahead(node, list);
                _lists[(list * ListFields) + ListTime] -= ahead / others;
            }
            else if (deficit < 0 || keepsTurn)
            {
                _lists[(list * ListFields) + ListTime] += TimeOf(deficit, weight);
            }

            _lists[(list * ListFields) + Owed] -= deficit;
            _lists[(list * ListFields) + Active] = others;
            if (others == 0)
            {
                _quanta[node] = _lists[(list * ListFields) + ListTime];
            }

            if (!keepsTurn)
            {
                _nodes[(node * Fields) + Share] &= ~Visited;
                _nodes[(node * Fields) + Credit] = deficit > 0 ? 0 : deficit;
            }

            return ahead;
        }

        /// <summary>A node that does not compete has moved to the list now: it earns from now on.</summary>
        public void LeftNow(int node, int list)
        {
            _quanta[node] = Rounds(list);
        }

        /// <summary>The node can be picked: next of all if it has not used up its visit, last if it has.</summary>
        public void Link(int node, int list)
        {
            int at = node * Fields;
            int head = (int)_lists[(list * ListFields) + Head];
            if (head == Nobody)
            {
                _nodes[at + Next] = node;
                _nodes[at + Previous] = node;
                _lists[(list * ListFields) + Head] = node;
                return;
            }

            int tail = _nodes[(head * Fields) + Previous];
            _nodes[(tail * Fields) + Next] = node;
            _nodes[at + Previous] = tail;
            _nodes[at + Next] = head;
            _nodes[(head * Fields) + Previous] = node;
            if ((_nodes[at + Share] & Visited) != 0)
            {
                _lists[(list * ListFields) + Head] = node;
            }
        }

        /// <summary>The node cannot be picked any longer.</summary>
        public void Unlink(int node, int list)
        {
            int at = node * Fields;
            int next = _nodes[at + Next];
            if (next == node)
            {
                _lists[(list * ListFields) + Head] = Nobody;
            }
            else
            {
                int previous = _nodes[at + Previous];
                _nodes[(previous * Fields) + Next] = next;
                _nodes[(next * Fields) + Previous] = previous;
                if ((int)_lists[(list * ListFields) + Head] == node)
                {
                    _lists[(list * ListFields) + Head] = next;
                }
            }

            _nodes[at + Next] = Nobody;
        }

        /// <summary>Visits nodes of a list that is not empty until one may take something.</summary>
        /// <returns>The node, whose deficit is above 0; or -1 when all that were visited are still in debt.</returns>
        public int Pick(int list)
        {
            int node = (int)_lists[(list * ListFields) + Head];
            for (int visit = 0; visit < VisitsPerPick; visit++)
            {
                int at = node * Fields;
                if ((_nodes[at + Share] & Visited) == 0)
                {
                    int quantum = QuantumOf(node);
                    _nodes[at + Share] |= Visited;
                    _nodes[at + Credit] += quantum;
                    _quanta[node] += 1L << RoundShift(node);
                    _lists[(list * ListFields) + Owed] += quantum;
                }

                if (_nodes[at + Credit] > 0)
                {
                    return node;
                }

                _nodes[at + Share] &= ~Visited;
                node = _nodes[at + Next];
                _lists[(list * ListFields) + Head] = node;
            }

            return Nobody;
        }

        /// <summary>A node has taken bytes: its quantum and the time of its list move on.</summary>
        /// <param name="bytes">Negative: it took less than was charged before. It keeps <see cref="QuantaKept"/> at the most.</param>
        /// <param name="isCompeting">False: it was taken out meanwhile, and brings its debt along when it comes back.</param>
        /// <param name="isAlone">True: nobody competes with it, and nothing is to be paid back.</param>
        public void Charge(int node, int list, int bytes, bool isCompeting, bool isAlone)
        {
            int at = node * Fields;
            int before = _nodes[at + Credit];
            int deficit = isAlone ? 0 : before - bytes;
            if (bytes < 0 && deficit > QuantaKept * QuantumOf(node))
            {
                deficit = QuantaKept * QuantumOf(node);
            }

            if (isCompeting)
            {
                _lists[(list * ListFields) + ListTime] += TimeOf(bytes, (int)_lists[(list * ListFields) + Active]);
                _lists[(list * ListFields) + Owed] += deficit - before;

                // It has come as far as it took, whatever it is to pay back.
                if (deficit != before - bytes)
                {
                    _quanta[node] += TimeOf(deficit - (before - bytes), Weight(node));
                }
            }

            _nodes[at + Credit] = deficit;
            if (deficit <= 0 && (_nodes[at + Share] & Visited) != 0)
            {
                _nodes[at + Share] &= ~Visited;
                if (_nodes[at + Next] != Nobody)
                {
                    MoveToTail(node, list);
                }
            }
        }

        private void MoveToTail(int node, int list)
        {
            if ((int)_lists[(list * ListFields) + Head] == node)
            {
                _lists[(list * ListFields) + Head] = _nodes[(node * Fields) + Next];
            }
            else
            {
                Unlink(node, list);
                Link(node, list);
            }
        }

        // A node's quantum, and the power of two that is the time of it.
        private int QuantumOf(int node)
        {
            int share = _nodes[(node * Fields) + Share];
            return (share & WeightMask) << (QuantumShift - ((share >> StratumShift) & StratumMask));
        }

        private int RoundShift(int node)
        {
            return QuantumShift + TimeShift - ((_nodes[(node * Fields) + Share] >> StratumShift) & StratumMask);
        }

        // The mean of the quanta that nodes of the list have had, as a time.
        private long Rounds(int list)
        {
            int at = list * ListFields;
            long time = _lists[at + ListTime];
            return _lists[at + Active] == 0 ? time : time + ((_lists[at + Owed] << TimeShift) / _lists[at + Active]);
        }

        // No node has had a quantum more or less than all others; what seems to be more was rounded off, or is of turns under way.
        private bool IsFar(int node, long rounds)
        {
            long ahead = _quanta[node] - rounds;
            long most = 2L << RoundShift(node);
            return ahead > most || ahead < -most;
        }

        // How far the node's own time is ahead of the list's, times its weight.
        private long Ahead(int node, int list)
        {
            return ((_quanta[node] - _lists[(list * ListFields) + ListTime]) * Weight(node)) - ((long)_nodes[(node * Fields) + Credit] << TimeShift);
        }
    }
}
