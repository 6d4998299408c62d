// What the operator has decided about shares, rates, classes and groups, told to the scheduler. Judges nothing, grants nothing, keeps nothing.
using SmartNicFw.Firmware.Arbitration;

namespace SmartNicFw.Firmware.Management
{
    /// <summary>
    /// A change takes effect with the next turn, and no frame is lost by it. Survives every reset of a function. Rates are Mbit/s on the
    /// line (<see cref="EthernetLine"/>).
    /// </summary>
    public sealed class ArbitrationPolicy
    {
        /// <summary>The port, as a group.</summary>
        public const int Port = PolicyTable.Port;

        private readonly PolicyTable _table;
        private readonly TransmitScheduler _transmit;

        /// <summary>Starts with every function right under the port, weight 1, no rates, priority 0.</summary>
        public ArbitrationPolicy(PolicyControl control, TransmitScheduler transmit)
        {
            Control = control;
            _table = control.Table;
            _transmit = transmit;
            control.Arbitration = this;
        }

        /// <summary>Where changes arrive.</summary>
        public PolicyControl Control { get; }

        /// <summary>The group that a function is in.</summary>
        public int GroupOf(int function)
        {
            return _table.Group[function];
        }

        /// <summary>The group that a group is in.</summary>
        public int ParentOf(int group)
        {
            return _table.Group[_table.Functions + group];
        }

        /// <summary>True for a group that was added.</summary>
        public bool Exists(int group)
        {
            return group >= 0 && group < _table.Groups && _table.Exists[group];
        }

        /// <summary>A function's weight.</summary>
        public int Weight(int function)
        {
            return _table.Weight[function];
        }

        /// <summary>A function's limit, Mbit/s; 0 for none.</summary>
        public int Limit(int function)
        {
            return _table.Limit[function];
        }

        /// <summary>A function's guarantee, Mbit/s; 0 for none.</summary>
        public int Guarantee(int function)
        {
            return _table.Guarantee[function];
        }

        /// <summary>A function's 802.1p priority.</summary>
        public int Priority(int function)
        {
            return _table.Priority(function);
        }

        /// <summary>A group's weight.</summary>
        public int GroupWeight(int group)
        {
            return _table.Weight[_table.Functions + group];
        }

        /// <summary>A group's limit, Mbit/s; 0 for none. The port's is less than its speed, or none.</summary>
        public int GroupLimit(int group)
        {
            return _table.Limit[_table.Functions + group];
        }

        /// <summary>A group's guarantee, Mbit/s; 0 for none.</summary>
        public int GroupGuarantee(int group)
        {
            return _table.Guarantee[_table.Functions + group];
        }

        /// <summary>
        /// Tells the scheduler what differs. No turn is granted meanwhile, so nothing that lies between is ever in force; groups are placed
        /// from the port downwards, so that none is within itself on the way.
        /// </summary>
        /// <param name="after">What is to be; the control's table is as before.</param>
        public void Apply(PolicyTable after)
        {
            for (int depth = 1; depth < SchedulingTree.MaxDepth; depth++)
            {
                for (int group = 1; group < after.Groups; group++)
                {
                    int owner = after.Functions + group;
                    if ((after.Group[owner] != _table.Group[owner] || after.Weight[owner] != _table.Weight[owner])
                        && DepthOf(after, group) == depth)
                    {
                        _transmit.PlaceGroup(group, after.Group[owner], after.Weight[owner]);
                    }
                }
            }

            for (int owner = 0; owner < after.Functions + after.Groups; owner++)
            {
                if (owner < after.Functions
                    && (after.Group[owner] != _table.Group[owner] || after.Weight[owner] != _table.Weight[owner]
                        || after.Priority(owner) != _table.Priority(owner)))
                {
                    PlaceFunction(after, owner);
                }

                if (after.Limit[owner] != _table.Limit[owner])
                {
                    _transmit.SetLimit(owner, after.Limit[owner]);
                }

                if (after.Guarantee[owner] != _table.Guarantee[owner])
                {
                    _transmit.SetGuarantee(owner, after.Guarantee[owner]);
                }
            }
        }

        private static int DepthOf(PolicyTable table, int group)
        {
            int depth = 0;
            for (; group != Port; group = table.Group[table.Functions + group])
            {
                depth++;
            }

            return depth;
        }

        private void PlaceFunction(PolicyTable table, int function)
        {
            _transmit.PlaceFunction(
                function, table.Group[function], _transmit.Classes.ClassOf(table.Priority(function)), table.Weight[function]);
        }
    }
}
