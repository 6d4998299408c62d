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

        private const int Competing = 1;
        private const int HeldBack = 2;

        private readonly int _queues;
        private readonly int _functions;
        private readonly DeficitRounds _rounds;
        private readonly Guarantees _guarantees;

        // What a turn needs of a node lies together. By node and field: the node above (None for the port), the list it is in, its flags.
        private const int Fields = 4;
        private const int Above = 0;
        private const int List = 1;
        private const int Flags = 2;
        private readonly int[] _nodes;

        // By node that has children, less the number of queues, and field: sum of competing weights, lists that are not empty, time.
        private const int GroupFields = 4;
        private const int Active = 0;
        private const int Linked = 1;
        private const int GroupTime = 2;
        private readonly long[] _groups;

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
            _nodes = new int[nodes * Fields];
            _groups = new long[(nodes - _queues) * GroupFields];
            for (int queue = 0; queue < _queues; queue++)
            {
                int function = queues.FunctionOf(queue);
                _nodes[(queue * Fields) + Above] = FunctionNode(function);
                _nodes[(queue * Fields) + List] = function;
            }

            for (int node = _queues; node < nodes; node++)
            {
                int above = IsFunction(node) ? GroupNode(0, 0) : GroupNode(0, (node - GroupNode(0, 0)) % PriorityClasses.Count);
                _nodes[(node * Fields) + Above] = above == node ? None : above;
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
            return _nodes[(node * Fields) + Above];
        }

        /// <summary>Bit n: something of class n can be picked, unless the port is held back.</summary>
        public int LinkedClasses { get; private set; }

        /// <summary>True when something below the node can be picked.</summary>
        public bool HasLinked(int node)
        {
            return _groups[GroupAt(node) + Linked] != 0;
        }

        /// <summary>True while the node competes.</summary>
        public bool IsCompeting(int node)
        {
            return (_nodes[(node * Fields) + Flags] & Competing) != 0;
        }

        /// <summary>True while the node is held back.</summary>
        public bool IsHeldBack(int node)
        {
            return (_nodes[(node * Fields) + Flags] & HeldBack) != 0;
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
                int list = ListOf(node);
                int parent = Parent(node);
                _rounds.Link(node, list);
                bool isFirst = _groups[GroupAt(parent) + Linked] == 0;
                _groups[GroupAt(parent) + Linked] |= 1L << StratumOf(parent, list);
                if (!isFirst)
                {
                    return;
                }

                if (Parent(parent) == None)
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
                int list = ListOf(node);
                int parent = Parent(node);
                _rounds.Unlink(node, list);
                if (!_rounds.IsEmpty(list))
                {
                    return;
                }

                _groups[GroupAt(parent) + Linked] &= ~(1L << StratumOf(parent, list));
                if (_groups[GroupAt(parent) + Linked] != 0)
                {
                    return;
                }

                if (Parent(parent) == None)
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
                int parent = Parent(node);
                int weight = _rounds.Weight(node);
                long ahead = Ahead(node) * weight;
                _nodes[(node * Fields) + Flags] &= ~Competing;
                ahead += _rounds.Leave(node, ListOf(node), keepsTurn);
                _groups[GroupAt(parent) + Active] -= weight;
                if (_groups[GroupAt(parent) + Active] != 0)
                {
                    _groups[GroupAt(parent) + GroupTime] -= ahead / _groups[GroupAt(parent) + Active];
                }

                if (_groups[GroupAt(parent) + Active] != 0 || Parent(parent) == None)
                {
                    return;
                }

                node = parent;
            }
        }

        /// <summary>A function or a group is held back by its rate: nothing below it is picked, and it does not compete.</summary>
        public void Hold(int node)
        {
            if (Parent(node) != None)
            {
                Unlink(node);
                Leave(node, true);
            }

            _nodes[(node * Fields) + Flags] |= HeldBack;
        }

        /// <summary>It is held back no longer.</summary>
        public void Release(int node)
        {
            _nodes[(node * Fields) + Flags] &= ~HeldBack;
            if (Parent(node) == None)
            {
                return;
            }

            if (_groups[GroupAt(node) + Active] != 0)
            {
                Join(node);
            }

            if (_groups[GroupAt(node) + Linked] != 0)
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
            _nodes[(node * Fields) + Above] = parent;
            FindList(node);
            Forward(node);
            _rounds.LeftNow(node, ListOf(node));
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

                int deficit = _rounds.Allowance(node);
                if (deficit < bytes && _rounds.Weight(node) != _groups[(above * GroupFields) + Active])
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
            while (node != start && Parent(node) != None)
            {
                int group = GroupAt(Parent(node));
                bool isCompeting = IsCompeting(node);
                _rounds.Charge(node, ListOf(node), bytes, isCompeting, _groups[group + Active] == (isCompeting ? _rounds.Weight(node) : 0));
                if (isCompeting)
                {
                    _groups[group + GroupTime] += DeficitRounds.TimeOf(bytes, (int)_groups[group + Active]);
                }

                node = Parent(node);
            }
        }

        private void Join(int node)
        {
            while (!IsCompeting(node) && !IsHeldBack(node))
            {
                int list = ListOf(node);
                int parent = Parent(node);
                Forward(node);
                int weight = _rounds.Weight(node);
                long ahead = Ahead(node) * weight;
                _nodes[(node * Fields) + Flags] |= Competing;
                ahead += _rounds.Join(node, list);
                _groups[GroupAt(parent) + Active] += weight;
                _groups[GroupAt(parent) + GroupTime] += ahead / _groups[GroupAt(parent) + Active];
                if (Parent(parent) == None)
                {
                    return;
                }

                node = parent;
            }
        }

        // A list in which nobody competed has no claim to the time that passed.
        private void Forward(int node)
        {
            if (_rounds.ActiveWeight(ListOf(node)) == 0)
            {
                _rounds.Forward(ListOf(node), _groups[GroupAt(Parent(node)) + GroupTime]);
            }
        }

        // How far the node's list is ahead of the node above.
        private long Ahead(int node)
        {
            return _rounds.Time(ListOf(node)) - _groups[GroupAt(Parent(node)) + GroupTime];
        }

        private int ChooseList(int above)
        {
            int first = FirstList(above);
            int linked = (int)_groups[(above * GroupFields) + Linked];
            if ((linked & (linked - 1)) == 0)
            {
                return first + DeficitRounds.Stratum(linked);
            }

            // How far the list that is furthest behind is ahead of the group: no list is eligible before that.
            long now = _groups[(above * GroupFields) + GroupTime];
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

        private int ListOf(int node)
        {
            return _nodes[(node * Fields) + List];
        }

        private int GroupAt(int node)
        {
            return (node - _queues) * GroupFields;
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
            if (Parent(node) != None)
            {
                _nodes[(node * Fields) + List] = FirstList(Parent(node) - _queues) + DeficitRounds.Stratum(_rounds.Weight(node));
            }
        }
    }
}
