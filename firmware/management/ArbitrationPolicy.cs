// What the operator decides about shares, rates, classes and groups: handed to control, and told to the scheduler. Grants nothing, keeps nothing.
using SmartNicFw.Firmware.Arbitration;
using SmartNicFw.Hal;
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.Firmware.Management
{
    /// <summary>
    /// Every call either takes effect with the next turn and returns null, or changes nothing and returns one line with the reason. No
    /// frame is lost by a change. Survives every reset of a function. Rates are Mbit/s on the line (<see cref="EthernetLine"/>).
    /// </summary>
    public sealed class ArbitrationPolicy
    {
        /// <summary>The port, as a group.</summary>
        public const int Port = PolicyTable.Port;

        private readonly PolicyControl _control;
        private readonly PolicyTable _table;
        private readonly TransmitScheduler _transmit;
        private readonly byte[] _group = new byte[ManagementRateGroup.Bytes];

        /// <summary>Starts with every function right under the port, weight 1, no rates, priority 0.</summary>
        public ArbitrationPolicy(PolicyControl control, TransmitScheduler transmit)
        {
            _control = control;
            _table = control.Table;
            _transmit = transmit;
            control.Arbitration = this;
        }

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

        /// <summary>Sets the share of a function among those of its group and class.</summary>
        /// <param name="weight">1 to <see cref="DeficitRounds.MaxWeight"/>.</param>
        public string SetWeight(int function, int weight)
        {
            return _control.Change(function, ManagementAttributeKind.Weight, (ulong)weight);
        }

        /// <summary>Sets what a function is guaranteed and what it may send at the most.</summary>
        /// <param name="guarantee">0 for none.</param>
        /// <param name="limit">0 for none.</param>
        public string SetRates(int function, int guarantee, int limit)
        {
            uint transaction;
            int status = _control.Begin(out transaction);
            if (status != ManagementStatus.Ok)
            {
                return _control.FaultText;
            }

            status = _control.SetAttribute(function, ManagementAttributeKind.MinTxRate, (ulong)guarantee);
            if (status == ManagementStatus.Ok)
            {
                status = _control.SetAttribute(function, ManagementAttributeKind.MaxTxRate, (ulong)limit);
            }

            return _control.End(transaction, status);
        }

        /// <summary>Sets the 802.1p priority of a function, whose class follows from it.</summary>
        /// <param name="priority">0 to 7.</param>
        public string SetPriority(int function, int priority)
        {
            if (priority < 0 || priority >= PriorityClasses.Priorities)
            {
                return "a priority is 0 to " + (PriorityClasses.Priorities - 1).ToString() + ", not " + priority.ToString();
            }

            ulong vlan;
            return _control.GetAttribute(function, ManagementAttributeKind.Vlan, out vlan) != ManagementStatus.Ok
                ? _control.FaultText
                : _control.Change(
                    function, ManagementAttributeKind.Vlan,
                    (vlan & ~(ulong)ManagementVlan.PriorityMask) | ((ulong)priority << ManagementVlan.PriorityShift));
        }

        /// <summary>Says which class a priority is of, also for the functions that have it.</summary>
        /// <param name="priority">0 to 7.</param>
        /// <param name="priorityClass">0, the lowest, to 3.</param>
        public string MapPriority(int priority, int priorityClass)
        {
            if (priorityClass < 0 || priorityClass >= PriorityClasses.Count)
            {
                return "a class is 0 to " + (PriorityClasses.Count - 1).ToString() + ", not " + priorityClass.ToString();
            }

            if (priority < 0 || priority >= PriorityClasses.Priorities)
            {
                return "a priority is 0 to " + (PriorityClasses.Priorities - 1).ToString() + ", not " + priority.ToString();
            }

            _transmit.Classes.Map(priority, priorityClass);
            for (int function = 0; function < _table.Functions; function++)
            {
                if (_table.Priority(function) == priority)
                {
                    PlaceFunction(_table, function);
                }
            }

            return null;
        }

        /// <summary>Moves a function into a group.</summary>
        /// <param name="group"><see cref="Port"/> or a group that was added.</param>
        public string SetGroup(int function, int group)
        {
            return _control.Change(function, ManagementAttributeKind.RateGroup, (ulong)group);
        }

        /// <summary>Adds a group right under the port.</summary>
        /// <param name="group">1 to the configuration's RateGroups.</param>
        public string AddGroup(int group)
        {
            return _control.IsFree && _control.AddRateGroup(Fields(group, 0), 0) == ManagementStatus.Ok ? null : _control.FaultText;
        }

        /// <summary>Removes a group in which there is nothing.</summary>
        public string RemoveGroup(int group)
        {
            return _control.IsFree && _control.DeleteRateGroup(group) == ManagementStatus.Ok ? null : _control.FaultText;
        }

        /// <summary>Sets the share of a group among those of the group it is in.</summary>
        /// <param name="weight">1 to <see cref="DeficitRounds.MaxWeight"/>.</param>
        public string SetGroupWeight(int group, int weight)
        {
            LittleEndian.WriteU16(Fields(group, ManagementRateGroup.FieldsWeightMask), ManagementRateGroup.WeightOffset, (ushort)weight);
            return Set();
        }

        /// <summary>Sets what a group is guaranteed and what it may send at the most, all that is in it together.</summary>
        /// <param name="group">A group, or the port, which has no guarantee.</param>
        /// <param name="guarantee">0 for none.</param>
        /// <param name="limit">0 for none.</param>
        public string SetGroupRates(int group, int guarantee, int limit)
        {
            Fields(group, ManagementRateGroup.FieldsMinTxRateMask | ManagementRateGroup.FieldsMaxTxRateMask);
            LittleEndian.WriteU32(_group, ManagementRateGroup.MinTxRateOffset, (uint)guarantee);
            LittleEndian.WriteU32(_group, ManagementRateGroup.MaxTxRateOffset, (uint)limit);
            return Set();
        }

        /// <summary>Moves a group, with all that is in it, into another.</summary>
        /// <param name="parent"><see cref="Port"/> or a group that was added.</param>
        public string SetParent(int group, int parent)
        {
            LittleEndian.WriteU16(Fields(group, ManagementRateGroup.FieldsParentMask), ManagementRateGroup.ParentOffset, (ushort)parent);
            return Set();
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

        private string Set()
        {
            return _control.IsFree && _control.SetRateGroup(_group, 0) == ManagementStatus.Ok ? null : _control.FaultText;
        }

        private byte[] Fields(int group, int fields)
        {
            for (int at = 0; at < _group.Length; at++)
            {
                _group[at] = 0;
            }

            LittleEndian.WriteU16(_group, ManagementRateGroup.GroupOffset, (ushort)group);
            LittleEndian.WriteU16(_group, ManagementRateGroup.FieldsOffset, (ushort)fields);
            return _group;
        }
    }
}
