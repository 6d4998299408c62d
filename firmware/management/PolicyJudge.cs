// Whether what the operator wants can be, all of it together, and if not why. Changes nothing.
using SmartNicFw.Firmware.Arbitration;
using SmartNicFw.Firmware.Config;
using SmartNicFw.Firmware.Virtio;
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.Firmware.Management
{
    /// <summary>
    /// Judges a table, never the way to it: in whatever order its values came, the verdict is the same. Of several faults the first in the
    /// order of groups, rates, functions is named.
    /// </summary>
    /// <remarks>
    /// What a group needs is its own guarantee or the sum of what those right below need, whichever is more; it may not exceed the group's
    /// limit, nor the port's speed for the port. Guarantees of a function never exceed its limit.
    /// </remarks>
    public sealed class PolicyJudge
    {
        private readonly FunctionNumbering _numbering;
        private readonly PolicyTable _before;
        private readonly PolicyTable _after;
        private readonly VirtioState _state;
        private readonly int _portMbps;
        private readonly int _poolPairs;
        private readonly int _poolVectors;

        // By group: steps up to the port, and what those right below need.
        private readonly byte[] _depth;
        private readonly long[] _below;

        /// <summary>Connects the room.</summary>
        /// <param name="before">What is in force.</param>
        /// <param name="after">What is to be.</param>
        /// <param name="state">What drivers have done; null where there are none.</param>
        public PolicyJudge(
            EndpointConfiguration configuration, FunctionNumbering numbering, PolicyTable before, PolicyTable after, VirtioState state)
        {
            _numbering = numbering;
            _before = before;
            _after = after;
            _state = state;
            _portMbps = configuration.EthernetMbps;
            int vfs = numbering.Count - numbering.PhysicalFunctions;
            _poolPairs = vfs * configuration.VfQueuePairs;
            _poolVectors = vfs * configuration.VfMsixVectors;
            _depth = new byte[before.Groups];
            _below = new long[before.Groups];
        }

        /// <summary>Why the table was refused: one of <see cref="ManagementReason"/>.</summary>
        public int Reason { get; private set; }

        /// <summary>The same in one line.</summary>
        public string Text { get; private set; }

        /// <summary>The owner at fault.</summary>
        public int Owner { get; private set; }

        /// <summary>The attribute at fault; 0 when it is one of those that place an owner in the tree and rate it, there or above or below.</summary>
        public int Attribute { get; private set; }

        /// <summary>Judges the table that is to be.</summary>
        /// <returns>A <see cref="ManagementStatus"/>.</returns>
        public int Judge()
        {
            if (AreGroupsRight() && AreRatesRight() && AreFunctionsRight())
            {
                return ManagementStatus.Ok;
            }

            return Reason == ManagementReason.FunctionRuns ? ManagementStatus.WrongState : ManagementStatus.BadArgument;
        }

        /// <summary>
        /// Another function that has an address, by a table or because its driver took it, or None: nobody takes a neighbour's, nor the
        /// one that the neighbour gets back by a reset.
        /// </summary>
        public int HolderOf(PolicyTable table, int function, ulong mac)
        {
            for (int other = 0; other < table.Functions; other++)
            {
                if (other != function
                    && (table.Address(other) == mac
                        || (_state != null && _state.Mac[other] == mac && table.Mac[other] == _before.Mac[other])))
                {
                    return other;
                }
            }

            return FunctionNumbering.None;
        }

        /// <summary>What an owner is called.</summary>
        public string NameOf(int owner)
        {
            if (owner >= _numbering.Count)
            {
                return owner == _numbering.Count + PolicyTable.Port ? "the port" : GroupName(owner - _numbering.Count);
            }

            return _numbering.IsVirtual(owner) ? "VF " + _numbering.VfNumberOf(owner).ToString() : "PF " + owner.ToString();
        }

        private static string GroupName(int group)
        {
            return "group " + group.ToString();
        }

        private bool Fault(int reason, int owner, int attribute, string text)
        {
            Reason = reason;
            Owner = owner;
            Attribute = attribute;
            Text = text;
            return false;
        }

        private bool AreGroupsRight()
        {
            for (int group = 1; group < _after.Groups; group++)
            {
                if (_after.Exists[group] && !(IsParentRight(_after.Functions + group) && IsPlaceRight(group) && IsNameRight(group)))
                {
                    return false;
                }
            }

            // Only now: a group that hangs in a circle, but is not in it, is nobody's fault.
            for (int group = 1; group < _after.Groups; group++)
            {
                if (_after.Exists[group] && _depth[group] >= SchedulingTree.MaxDepth)
                {
                    return Fault(
                        ManagementReason.OutOfRange, _after.Functions + group, 0,
                        "groups would be nested " + _depth[group].ToString() + " deep under the port; allowed: "
                            + (SchedulingTree.MaxDepth - 1).ToString());
                }
            }

            return true;
        }

        private bool IsParentRight(int owner)
        {
            int parent = _after.Group[owner];
            if (_after.Exists[parent])
            {
                return true;
            }

            return _before.Exists[parent]
                ? Fault(
                    ManagementReason.GroupNotEmpty, _after.Functions + parent, 0,
                    GroupName(parent) + " is not empty: " + NameOf(owner) + " is in it")
                : Fault(
                    ManagementReason.NoSuchGroup, owner, owner < _after.Functions ? ManagementAttributeKind.RateGroup : 0,
                    "there is no " + GroupName(parent));
        }

        // Steps up to the port; those of a group that is within itself have no end.
        private bool IsPlaceRight(int group)
        {
            int depth = 0;
            int above = group;
            while (above != PolicyTable.Port && depth <= _after.Groups)
            {
                above = _after.Group[_after.Functions + above];
                depth++;
                if (above == group && _after.Group[_after.Functions + group] != _before.Group[_after.Functions + group])
                {
                    int parent = _after.Group[_after.Functions + group];
                    return Fault(
                        ManagementReason.GroupWithinItself, _after.Functions + group, 0,
                        GroupName(group) + " cannot be in " + GroupName(parent) + ", which is in it");
                }
            }

            _depth[group] = (byte)depth;
            return true;
        }

        private bool IsNameRight(int group)
        {
            if (_after.Names[group * ManagementRateGroup.NameBytes] == 0 || _after.HasName(group, _before, group))
            {
                return true;
            }

            for (int other = 1; other < _after.Groups; other++)
            {
                if (other != group && _after.Exists[other] && _after.HasName(group, _after, other))
                {
                    return Fault(
                        ManagementReason.GroupExists, _after.Functions + group, 0,
                        GroupName(group) + " would have the name of " + GroupName(other));
                }
            }

            return true;
        }

        private bool AreRatesRight()
        {
            for (int group = 0; group < _after.Groups; group++)
            {
                _below[group] = 0;
            }

            for (int function = 0; function < _after.Functions; function++)
            {
                if (!IsParentRight(function) || !AddNeed(function, 0))
                {
                    return false;
                }
            }

            for (int depth = SchedulingTree.MaxDepth - 1; depth > 0; depth--)
            {
                for (int group = 1; group < _after.Groups; group++)
                {
                    if (_after.Exists[group] && _depth[group] == depth
                        && !(IsSumRight(group, TokenBuckets.MaxMbps) && AddNeed(_after.Functions + group, _below[group])))
                    {
                        return false;
                    }
                }
            }

            return IsSumRight(PolicyTable.Port, _portMbps);
        }

        // Adds what an owner needs to what it is in.
        private bool AddNeed(int owner, long below)
        {
            int guarantee = _after.Guarantee[owner];
            int limit = _after.Limit[owner];
            if (limit != 0 && guarantee > limit)
            {
                return Fault(
                    ManagementReason.GuaranteeTooLarge, owner, 0,
                    NameOf(owner) + " would be limited to " + limit.ToString() + " Mbit/s with guarantees of " + guarantee.ToString());
            }

            _below[_after.Group[owner]] += guarantee > below ? guarantee : below;
            return true;
        }

        private bool IsSumRight(int group, int mostMbps)
        {
            int owner = _after.Functions + group;
            int most = _after.Limit[owner] != 0 ? _after.Limit[owner] : mostMbps;
            return _below[group] <= most
                || Fault(
                    ManagementReason.GuaranteeTooLarge, owner, 0,
                    "guarantees in " + NameOf(owner) + " would add up to " + _below[group].ToString() + " Mbit/s; it may send "
                        + most.ToString());
        }

        private bool AreFunctionsRight()
        {
            int pairs = 0;
            int vectors = 0;
            for (int function = 0; function < _after.Functions; function++)
            {
                if (_after.Mac[function] != _before.Mac[function])
                {
                    int holder = HolderOf(_after, function, _after.Address(function));
                    if (holder != FunctionNumbering.None)
                    {
                        return Fault(
                            ManagementReason.UnusableMac, function, ManagementAttributeKind.Mac,
                            NameOf(function) + " would have the MAC address of " + NameOf(holder));
                    }
                }

                if (!_numbering.IsVirtual(function))
                {
                    continue;
                }

                pairs += _after.QueuePairs[function];
                vectors += _after.MsixVectors[function];
                if (!(IsResourceRight(function, ManagementAttributeKind.QueuePairs, pairs, _poolPairs, "queue pairs")
                    && IsResourceRight(function, ManagementAttributeKind.MsixVectors, vectors, _poolVectors, "MSI-X vectors")))
                {
                    return false;
                }
            }

            return true;
        }

        private bool IsResourceRight(int function, int attribute, int sum, int pool, string what)
        {
            if (sum > pool)
            {
                return Fault(
                    ManagementReason.NoneFree, function, attribute, "VFs would have more than the " + pool.ToString() + " " + what + " that there are");
            }

            bool isMoved = _after.Get(function, attribute) != _before.Get(function, attribute);
            return !isMoved || _state == null || _state.Status[function] == 0
                || Fault(
                    ManagementReason.FunctionRuns, function, attribute,
                    "a driver runs " + NameOf(function) + ": its " + what + " cannot be changed");
        }
    }
}
