// The tree of port, rate groups, functions and queues: who competes with whom, and who can be picked. Knows no rate and no turn.
using SmartNicFw.Firmware.Config;
using SmartNicFw.Firmware.Virtio;

namespace SmartNicFw.Firmware.Arbitration
{
    /// <summary>
    /// Leaves are queues, above them functions, above those rate groups, and group 0 is the port. Functions of one class compete with each
    /// other only, so a group is a node for each class. A node competes while something below it has work and it is not held back; it is
    /// linked while something below it can be picked. Every operation walks one path: at most <see cref="MaxDepth"/> + 2 steps.
    /// </summary>
    /// <remarks>
    /// Children of a group are in lists by weight (<see cref="DeficitRounds"/>). Which list is next: of those that are not ahead of the
    /// group's time the one that would be through its next turn first, which keeps each list within one turn of its share.
    /// The group's time is the mean of its lists' times, by the weights that compete: it stays so when a child comes or goes, so that
    /// who leaves after a long turn and returns later finds itself no less ahead than who waited.
    /// Source: Bennett and Zhang, "Hierarchical Packet Fair Queueing Algorithms" (SIGCOMM 1996), WF2Q+, over at most ten lists.
    /// </remarks>
    public sealed class SchedulingTree
    {
        /// <summary>Groups on the way from a function to the port at the most, the port included.</summary>
        public const int MaxDepth = 5;

        /// <summary>No node.</summary>
        public const int None = -1;

        private const byte Competing = 1;
        private const byte HeldBack = 2;

        private readonly int _queues;
        private readonly int _functions;
        private readonly DeficitRounds _rounds;
        private readonly Guarantees _guarantees;

        // By node: the node above (None for the port), the list it is in.
        private readonly int[] _parent;
        private readonly int[] _list;
        private readonly byte[] _flags;

        // By node that has children, less the number of queues: sum of competing weights, lists that are not empty, time.
        private readonly int[] _active;
        private readonly ushort[] _linked;
        private readonly long[] _time;

        /// <summary>Puts every function right under the port, in class 0, with weight 1.</summary>
        /// <param name="groups">Rate groups, the port included: 1 upwards.</param>
        public SchedulingTree(QueueNumbering queues, int functions, int groups, Guarantees guarantees)
        {
            _queues = queues.Count;
            _functions = functions;
            _guarantees = guarantees;
            int groupNodes = groups * PriorityClasses.Count;
            int nodes = _queues + functions + groupNodes;
            _rounds = new DeficitRounds(nodes, functions + (groupNodes * DeficitRounds.Strata));
            _parent = new int[nodes];
            _list = new int[nodes];
            _flags = new byte[nodes];
            _active = new int[nodes - _queues];
            _linked = new ushort[nodes - _queues];
            _time = new long[nodes - _queues];
            for (int queue = 0; queue < _queues; queue++)
            {
                int function = queues.FunctionOf(queue);
                _parent[queue] = FunctionNode(function);
                _list[queue] = function;
            }

            for (int node = _queues; node < nodes; node++)
            {
                _parent[node] = IsFunction(node) ? GroupNode(0, 0) : GroupNode(0, (node - GroupNode(0, 0)) % PriorityClasses.Count);
                if (_parent[node] == node)
                {
                    _parent[node] = None;
                }

                FindList(node);
            }
        }

        /// <summary>Node of a function.</summary>
        public int FunctionNode(int function)
        {
            return _queues + function;
        }

        /// <summary>Node of a rate group for a class.</summary>
        public int GroupNode(int group, int priorityClass)
        {
            return _queues + _functions + (group * PriorityClasses.Count) + priorityClass;
        }

        /// <summary>True for the node of a function.</summary>
        public bool IsFunction(int node)
        {
            return node >= _queues && node < _queues + _functions;
        }

        /// <summary>The rate that limits a node: of its function, or of its group (<see cref="TokenBuckets"/>).</summary>
        public int RateOf(int node)
        {
            int above = node - _queues;
            return above < _functions ? above : _functions + ((above - _functions) / PriorityClasses.Count);
        }

        /// <summary>The node above; <see cref="None"/> above the port.</summary>
        public int Parent(int node)
        {
            return _parent[node];
        }

        /// <summary>Bit n: something of class n can be picked, unless the port is held back.</summary>
        public int LinkedClasses { get; private set; }

        /// <summary>True when something below the node can be picked.</summary>
        public bool HasLinked(int node)
        {
            return _linked[node - _queues] != 0;
        }

        /// <summary>True while the node competes.</summary>
        public bool IsCompeting(int node)
        {
            return (_flags[node] & Competing) != 0;
        }

        /// <summary>True while the node is held back.</summary>
        public bool IsHeldBack(int node)
        {
            return (_flags[node] & HeldBack) != 0;
        }

        /// <summary>A leaf has work: it competes, and waits for a turn.</summary>
        public void Wake(int queue)
        {
            Join(queue);
            Link(queue);
        }

        /// <summary>A node that competes can be picked, and those above it; one that can already stays where it is.</summary>
        public void Link(int node)
        {
            while (!_rounds.IsLinked(node))
            {
                int list = _list[node];
                int parent = _parent[node];
                _rounds.Link(node, list);
                bool isFirst = _linked[parent - _queues] == 0;
                _linked[parent - _queues] |= (ushort)(1 << StratumOf(parent, list));
                if (!isFirst)
                {
                    return;
                }

                if (_parent[parent] == None)
                {
                    LinkedClasses |= 1 << (parent - GroupNode(0, 0));
                    return;
                }

                _guarantees.Ready(RateOf(parent));
                if (!IsCompeting(parent))
                {
                    return;
                }

                node = parent;
            }
        }

        /// <summary>A node can be picked no longer, and neither can those above it if they have nothing else.</summary>
        public void Unlink(int node)
        {
            while (_rounds.IsLinked(node))
            {
                int list = _list[node];
                int parent = _parent[node];
                _rounds.Unlink(node, list);
                if (!_rounds.IsEmpty(list))
                {
                    return;
                }

                _linked[parent - _queues] &= (ushort)~(1 << StratumOf(parent, list));
                if (_linked[parent - _queues] != 0)
                {
                    return;
                }

                if (_parent[parent] == None)
                {
                    LinkedClasses &= ~(1 << (parent - GroupNode(0, 0)));
                    return;
                }

                _guarantees.Unready(RateOf(parent));

                node = parent;
            }
        }

        /// <summary>A leaf that is not linked has no more work.</summary>
        /// <param name="keepsTurn">True: it is blocked, and what is left of its quantum stays.</param>
        public void Leave(int node, bool keepsTurn)
        {
            while (IsCompeting(node))
            {
                int parent = _parent[node];
                int weight = _rounds.Weight(node);
                long ahead = Ahead(node) * weight;
                _flags[node] &= unchecked((byte)~Competing);
                ahead += _rounds.Leave(node, _list[node], keepsTurn);
                _active[parent - _queues] -= weight;
                if (_active[parent - _queues] != 0)
                {
                    _time[parent - _queues] -= ahead / _active[parent - _queues];
                }

                if (_active[parent - _queues] != 0 || _parent[parent] == None)
                {
                    return;
                }

                node = parent;
            }
        }

        /// <summary>A function or a group is held back by its rate: nothing below it is picked, and it does not compete.</summary>
        public void Hold(int node)
        {
            if (_parent[node] != None)
            {
                Unlink(node);
                Leave(node, true);
            }

            _flags[node] |= HeldBack;
        }

        /// <summary>It is held back no longer.</summary>
        public void Release(int node)
        {
            _flags[node] &= unchecked((byte)~HeldBack);
            if (_parent[node] == None)
            {
                return;
            }

            if (_active[node - _queues] != 0)
            {
                Join(node);
            }

            if (_linked[node - _queues] != 0)
            {
                Link(node);
            }
        }

        /// <summary>Gives a function or a group its place and weight; what is below it comes along, and so does its debt.</summary>
        public void Place(int node, int parent, int weight)
        {
            bool isHeldBack = IsHeldBack(node);
            Hold(node);
            _rounds.SetWeight(node, weight);
            _parent[node] = parent;
            FindList(node);
            Forward(node);
            _rounds.LeftNow(node, _list[node]);
            if (!isHeldBack)
            {
                Release(node);
            }
        }

        /// <summary>Finds the leaf whose turn it is.</summary>
        /// <param name="start">Where to start: a node something below which can be picked.</param>
        /// <param name="bytes">
        /// Line bytes that it may take: lowered to what the deficits on the way allow, but not below a quantum. What is left of quanta on
        /// several levels would else cut turns into splinters; what a turn takes beyond is a debt, as the end of a long frame is.
        /// </param>
        /// <returns>The leaf, or <see cref="None"/> when debts are to be paid first: ask again.</returns>
        public int Pick(int start, ref int bytes)
        {
            int node = start;
            while (node >= _queues)
            {
                int above = node - _queues;
                int list = IsFunction(node) ? above : ChooseList(above);
                node = _rounds.Pick(list);
                if (node == DeficitRounds.Nobody)
                {
                    return None;
                }

                int deficit = _rounds.Deficit(node);
                if (deficit < bytes && _rounds.Weight(node) != _active[above])
                {
                    bytes = deficit;
                }
            }

            if (bytes < DeficitRounds.QuantumBytes)
            {
                bytes = DeficitRounds.QuantumBytes;
            }

            return node;
        }

        /// <summary>A turn of a leaf has cost line bytes: every node from it up to the one below <paramref name="start"/> pays.</summary>
        public void Charge(int queue, int start, int bytes)
        {
            int node = queue;
            while (node != start && _parent[node] != None)
            {
                int parent = _parent[node] - _queues;
                bool isCompeting = IsCompeting(node);
                _rounds.Charge(node, _list[node], bytes, isCompeting, _active[parent] == (isCompeting ? _rounds.Weight(node) : 0));
                if (isCompeting)
                {
                    _time[parent] += DeficitRounds.TimeOf(bytes, _active[parent]);
                }

                node = _parent[node];
            }
        }

        private void Join(int node)
        {
            while (!IsCompeting(node) && !IsHeldBack(node))
            {
                int list = _list[node];
                int parent = _parent[node];
                Forward(node);
                int weight = _rounds.Weight(node);
                long ahead = Ahead(node) * weight;
                _flags[node] |= Competing;
                ahead += _rounds.Join(node, list);
                _active[parent - _queues] += weight;
                _time[parent - _queues] += ahead / _active[parent - _queues];
                if (_parent[parent] == None)
                {
                    return;
                }

                node = parent;
            }
        }

        // A list in which nobody competed has no claim to the time that passed.
        private void Forward(int node)
        {
            if (_rounds.ActiveWeight(_list[node]) == 0)
            {
                _rounds.Forward(_list[node], _time[_parent[node] - _queues]);
            }
        }

        // How far the node's list is ahead of the node above.
        private long Ahead(int node)
        {
            return _rounds.Time(_list[node]) - _time[_parent[node] - _queues];
        }

        private int ChooseList(int above)
        {
            int first = FirstList(above);
            int linked = _linked[above];
            if ((linked & (linked - 1)) == 0)
            {
                return first + DeficitRounds.Stratum(linked);
            }

            // How far the list that is furthest behind is ahead of the group: no list is eligible before that.
            long now = _time[above];
            long eligible = long.MaxValue;
            for (int stratum = 0; stratum < DeficitRounds.Strata; stratum++)
            {
                if ((linked & (1 << stratum)) != 0 && _rounds.Time(first + stratum) - now < eligible)
                {
                    eligible = _rounds.Time(first + stratum) - now;
                }
            }

            if (eligible < 0)
            {
                eligible = 0;
            }

            int chosen = 0;
            long soonest = long.MaxValue;
            for (int stratum = 0; stratum < DeficitRounds.Strata; stratum++)
            {
                if ((linked & (1 << stratum)) == 0)
                {
                    continue;
                }

                long ahead = _rounds.Time(first + stratum) - now;
                long through = ahead + DeficitRounds.TimeOf(
                    2 * DeficitRounds.QuantumBytes, _rounds.ActiveWeight(first + stratum));
                if (ahead <= eligible && through < soonest)
                {
                    soonest = through;
                    chosen = stratum;
                }
            }

            return first + chosen;
        }

        private int FirstList(int above)
        {
            return _functions + ((above - _functions) * DeficitRounds.Strata);
        }

        private int StratumOf(int parent, int list)
        {
            return IsFunction(parent) ? 0 : list - FirstList(parent - _queues);
        }

        private void FindList(int node)
        {
            if (_parent[node] != None)
            {
                _list[node] = FirstList(_parent[node] - _queues) + DeficitRounds.Stratum(_rounds.Weight(node));
            }
        }
    }
}
