// What the operator decides about shares, rates, classes and groups: checked as a whole, then told to the scheduler. Grants nothing.
using SmartNicFw.Firmware.Config;

namespace SmartNicFw.Firmware.Arbitration
{
    /// <summary>
    /// Every call either takes effect with the next turn and returns null, or changes nothing and returns one line with the reason. No
    /// frame is lost by a change. Survives every reset of a function. Rates are Mbit/s on the line (<see cref="EthernetLine"/>).
    /// </summary>
    /// <remarks>
    /// What a group needs is its own guarantee or the sum of what those right below need, whichever is more; it may not exceed the group's
    /// limit, nor the port's speed for the port. Guarantees of a function never exceed its limit.
    /// </remarks>
    public sealed class ArbitrationPolicy
    {
        /// <summary>The port, as a group.</summary>
        public const int Port = 0;

        private readonly TransmitScheduler _transmit;
        private readonly FunctionNumbering _numbering;
        private readonly int _functions;
        private readonly int _groups;
        private readonly int _portMbps;

        // By owner: functions first, then groups, the port being the first of them.
        private readonly byte[] _group;
        private readonly ushort[] _weight;
        private readonly int[] _limit;
        private readonly int[] _guarantee;

        // By function: 802.1p priority. By group: whether it is there, and what those right below need.
        private readonly byte[] _priority;
        private readonly bool[] _exists;
        private readonly int[] _neededBelow;

        /// <summary>Starts with every function right under the port, weight 1, no rates, priority 0.</summary>
        public ArbitrationPolicy(EndpointConfiguration configuration, FunctionNumbering numbering, TransmitScheduler transmit)
        {
            _transmit = transmit;
            _numbering = numbering;
            _functions = numbering.Count;
            _groups = configuration.RateGroups + 1;
            _portMbps = configuration.EthernetMbps;
            int owners = _functions + _groups;
            _group = new byte[owners];
            _weight = new ushort[owners];
            _limit = new int[owners];
            _guarantee = new int[owners];
            _priority = new byte[_functions];
            _exists = new bool[_groups];
            _neededBelow = new int[_groups];
            _exists[Port] = true;
            for (int owner = 0; owner < owners; owner++)
            {
                _weight[owner] = 1;
            }
        }

        /// <summary>The group that a function is in.</summary>
        public int GroupOf(int function)
        {
            return _group[function];
        }

        /// <summary>The group that a group is in.</summary>
        public int ParentOf(int group)
        {
            return _group[_functions + group];
        }

        /// <summary>True for a group that was added.</summary>
        public bool Exists(int group)
        {
            return group >= 0 && group < _groups && _exists[group];
        }

        /// <summary>A function's weight.</summary>
        public int Weight(int function)
        {
            return _weight[function];
        }

        /// <summary>A function's limit, Mbit/s; 0 for none.</summary>
        public int Limit(int function)
        {
            return _limit[function];
        }

        /// <summary>A function's guarantee, Mbit/s; 0 for none.</summary>
        public int Guarantee(int function)
        {
            return _guarantee[function];
        }

        /// <summary>A function's 802.1p priority.</summary>
        public int Priority(int function)
        {
            return _priority[function];
        }

        /// <summary>A group's weight.</summary>
        public int GroupWeight(int group)
        {
            return _weight[_functions + group];
        }

        /// <summary>A group's limit, Mbit/s; 0 for none. The port's is less than its speed, or none.</summary>
        public int GroupLimit(int group)
        {
            return _limit[_functions + group];
        }

        /// <summary>A group's guarantee, Mbit/s; 0 for none.</summary>
        public int GroupGuarantee(int group)
        {
            return _guarantee[_functions + group];
        }

        /// <summary>Sets the share of a function among those of its group and class.</summary>
        /// <param name="weight">1 to <see cref="DeficitRounds.MaxWeight"/>.</param>
        public string SetWeight(int function, int weight)
        {
            string fault = CheckFunction(function) ?? CheckWeight(weight);
            if (fault == null && _weight[function] != weight)
            {
                _weight[function] = (ushort)weight;
                PlaceFunction(function);
            }

            return fault;
        }

        /// <summary>Sets what a function is guaranteed and what it may send at the most.</summary>
        /// <param name="guarantee">0 for none.</param>
        /// <param name="limit">0 for none.</param>
        public string SetRates(int function, int guarantee, int limit)
        {
            return CheckFunction(function) ?? SetOwnerRates(function, guarantee, limit);
        }

        /// <summary>Sets the 802.1p priority of a function, whose class follows from it.</summary>
        /// <param name="priority">0 to 7.</param>
        public string SetPriority(int function, int priority)
        {
            string fault = CheckFunction(function) ?? CheckRange("a priority", priority, 0, PriorityClasses.Priorities - 1);
            if (fault == null && _priority[function] != priority)
            {
                _priority[function] = (byte)priority;
                PlaceFunction(function);
            }

            return fault;
        }

        /// <summary>Says which class a priority is of, also for the functions that have it.</summary>
        /// <param name="priority">0 to 7.</param>
        /// <param name="priorityClass">0, the lowest, to 3.</param>
        public string MapPriority(int priority, int priorityClass)
        {
            string fault = CheckRange("a priority", priority, 0, PriorityClasses.Priorities - 1)
                ?? CheckRange("a class", priorityClass, 0, PriorityClasses.Count - 1);
            if (fault != null)
            {
                return fault;
            }

            _transmit.Classes.Map(priority, priorityClass);
            for (int function = 0; function < _functions; function++)
            {
                if (_priority[function] == priority)
                {
                    PlaceFunction(function);
                }
            }

            return null;
        }

        /// <summary>Moves a function into a group.</summary>
        /// <param name="group"><see cref="Port"/> or a group that was added.</param>
        public string SetGroup(int function, int group)
        {
            return CheckFunction(function) ?? CheckGroup(group) ?? Move(function, group);
        }

        /// <summary>Adds a group right under the port.</summary>
        /// <param name="group">1 to the configuration's RateGroups.</param>
        public string AddGroup(int group)
        {
            string fault = CheckRange("a new group", group, 1, _groups - 1);
            if (fault == null && _exists[group])
            {
                fault = "group " + group.ToString() + " is there already";
            }

            if (fault == null)
            {
                _exists[group] = true;
            }

            return fault;
        }

        /// <summary>Removes a group in which there is nothing.</summary>
        public string RemoveGroup(int group)
        {
            string fault = CheckOwnGroup(group);
            if (fault != null)
            {
                return fault;
            }

            for (int owner = 0; owner < _group.Length; owner++)
            {
                if (_group[owner] == group && (owner < _functions || _exists[owner - _functions]))
                {
                    return "group " + group.ToString() + " is not empty: " + NameOf(owner) + " is in it";
                }
            }

            SetOwnerRates(_functions + group, 0, 0);
            Move(_functions + group, Port);
            SetGroupWeight(group, 1);
            _exists[group] = false;
            return null;
        }

        /// <summary>Sets the share of a group among those of the group it is in.</summary>
        /// <param name="weight">1 to <see cref="DeficitRounds.MaxWeight"/>.</param>
        public string SetGroupWeight(int group, int weight)
        {
            string fault = CheckOwnGroup(group) ?? CheckWeight(weight);
            if (fault == null && _weight[_functions + group] != weight)
            {
                _weight[_functions + group] = (ushort)weight;
                _transmit.PlaceGroup(group, ParentOf(group), weight);
            }

            return fault;
        }

        /// <summary>Sets what a group is guaranteed and what it may send at the most, all that is in it together.</summary>
        /// <param name="group">A group, or the port, which has no guarantee.</param>
        /// <param name="guarantee">0 for none.</param>
        /// <param name="limit">0 for none.</param>
        public string SetGroupRates(int group, int guarantee, int limit)
        {
            string fault = CheckGroup(group);
            if (fault == null && group == Port && guarantee != 0)
            {
                fault = "the port has no guarantee";
            }

            return fault ?? SetOwnerRates(_functions + group, guarantee, limit);
        }

        /// <summary>Moves a group, with all that is in it, into another.</summary>
        /// <param name="parent"><see cref="Port"/> or a group that was added.</param>
        public string SetParent(int group, int parent)
        {
            string fault = CheckOwnGroup(group) ?? CheckGroup(parent);
            if (fault != null)
            {
                return fault;
            }

            int depth = 1;
            for (int above = parent; above != Port; above = ParentOf(above))
            {
                if (above == group)
                {
                    return "group " + group.ToString() + " cannot be in group " + parent.ToString() + ", which is in it";
                }

                depth++;
            }

            return depth + HeightOf(group) > SchedulingTree.MaxDepth
                ? "groups would be nested " + (depth + HeightOf(group) - 1).ToString() + " deep under the port; allowed: "
                    + (SchedulingTree.MaxDepth - 1).ToString()
                : Move(_functions + group, parent);
        }

        private static string CheckWeight(int weight)
        {
            return CheckRange("a weight", weight, 1, DeficitRounds.MaxWeight);
        }

        private static string CheckRange(string what, int value, int least, int most)
        {
            return value >= least && value <= most
                ? null
                : what + " is " + least.ToString() + " to " + most.ToString() + ", not " + value.ToString();
        }

        private string CheckFunction(int function)
        {
            return CheckRange("a function", function, 0, _functions - 1);
        }

        private string CheckGroup(int group)
        {
            return Exists(group) ? null : "there is no group " + group.ToString();
        }

        private string CheckOwnGroup(int group)
        {
            return group == Port ? "the port is no group that can be changed so" : CheckGroup(group);
        }

        private string SetOwnerRates(int owner, int guarantee, int limit)
        {
            string fault = CheckRange("a guarantee in Mbit/s", guarantee, 0, TokenBuckets.MaxMbps)
                ?? CheckRange("a limit in Mbit/s", limit, 0, TokenBuckets.MaxMbps);
            if (fault != null)
            {
                return fault;
            }

            int before = Needed(owner);
            int below = owner < _functions ? 0 : _neededBelow[owner - _functions];
            int needed = guarantee > below ? guarantee : below;
            if (limit != 0 && needed > limit)
            {
                return NameOf(owner) + " would be limited to " + limit.ToString() + " Mbit/s with guarantees of " + needed.ToString();
            }

            if (owner == _functions + Port)
            {
                if (limit > _portMbps)
                {
                    return "the port's limit is at most its speed, " + _portMbps.ToString() + " Mbit/s";
                }
            }
            else
            {
                fault = CheckNeed(_group[owner], needed - before);
            }

            if (fault != null)
            {
                return fault;
            }

            AddNeed(owner, -1);
            _guarantee[owner] = guarantee;
            _limit[owner] = limit;
            AddNeed(owner, 1);
            _transmit.SetLimit(owner, limit);
            _transmit.SetGuarantee(owner, guarantee);
            return null;
        }

        private string Move(int owner, int group)
        {
            int from = _group[owner];
            if (from == group)
            {
                return null;
            }

            // Out of the old place first: what both places are in needs no more than before.
            AddNeed(owner, -1);
            _group[owner] = (byte)group;
            string fault = CheckNeed(group, Needed(owner));
            if (fault != null)
            {
                _group[owner] = (byte)from;
                AddNeed(owner, 1);
                return fault;
            }

            AddNeed(owner, 1);
            if (owner < _functions)
            {
                PlaceFunction(owner);
            }
            else
            {
                _transmit.PlaceGroup(owner - _functions, group, _weight[owner]);
            }

            return null;
        }

        private void PlaceFunction(int function)
        {
            _transmit.PlaceFunction(function, _group[function], _transmit.Classes.ClassOf(_priority[function]), _weight[function]);
        }

        // What the owner needs of the group that it is in.
        private int Needed(int owner)
        {
            int below = owner < _functions ? 0 : _neededBelow[owner - _functions];
            return _guarantee[owner] > below ? _guarantee[owner] : below;
        }

        // Whether a group, and those that it is in, may need so much more below them.
        private string CheckNeed(int group, int more)
        {
            for (int above = group; more > 0; above = ParentOf(above))
            {
                int owner = _functions + above;
                int below = _neededBelow[above] + more;
                int most = _limit[owner] != 0 ? _limit[owner] : above == Port ? _portMbps : TokenBuckets.MaxMbps;
                if (below > most)
                {
                    return "guarantees in " + NameOf(owner) + " would add up to " + below.ToString() + " Mbit/s; it may send "
                        + most.ToString();
                }

                int needed = Needed(owner);
                more = below > needed ? below - needed : 0;
                if (above == Port)
                {
                    return null;
                }
            }

            return null;
        }

        // Adds what an owner needs to all above, or takes it away.
        private void AddNeed(int owner, int sign)
        {
            if (owner == _functions + Port)
            {
                return;
            }

            int change = sign * Needed(owner);
            int above = _group[owner];
            while (change != 0)
            {
                int before = Needed(_functions + above);
                _neededBelow[above] += change;
                if (above == Port)
                {
                    return;
                }

                change = Needed(_functions + above) - before;
                above = ParentOf(above);
            }
        }

        private string NameOf(int owner)
        {
            if (owner >= _functions)
            {
                return owner == _functions + Port ? "the port" : "group " + (owner - _functions).ToString();
            }

            return _numbering.IsVirtual(owner) ? "VF " + _numbering.VfNumberOf(owner).ToString() : "PF " + owner.ToString();
        }

        // Groups one in another from this one down, itself included.
        private int HeightOf(int group)
        {
            int height = 1;
            for (int other = 1; other < _groups; other++)
            {
                if (!_exists[other])
                {
                    continue;
                }

                int steps = 1;
                int above = other;
                while (above != group && above != Port)
                {
                    above = ParentOf(above);
                    steps++;
                }

                if (above == group && steps > height)
                {
                    height = steps;
                }
            }

            return height;
        }
    }
}
