// What the operator has decided about every function and every rate group: the only place that keeps it. Judges nothing and does nothing.
using SmartNicFw.Firmware.Config;
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.Firmware.Management
{
    /// <summary>
    /// Arrays by owner have functions first, then groups, the port being the first of them. Widths and ranges of values are those of
    /// <see cref="ManagementAttributeKind"/> and <see cref="ManagementRateGroup"/>; rates are Mbit/s, 0 for none.
    /// </summary>
    /// <remarks>
    /// Addresses after start: the first three bytes are the three upper bytes of <see cref="EndpointConfiguration.SerialNumber"/>,
    /// with the locally administered bit set and the group bit cleared; the last three are its three lower bytes plus the
    /// index of the function (<see cref="FunctionNumbering"/>), modulo 2^24.
    /// </remarks>
    public sealed class PolicyTable
    {
        /// <summary>The port, as a group.</summary>
        public const int Port = 0;

        /// <summary>Bits of <see cref="Flags"/>.</summary>
        public const byte SpoofChecked = 0x01;
        public const byte Trusted = 0x02;
        public const byte Adaptive = 0x04;

        /// <summary>Bit of <see cref="Mac"/>: the operator has given the address.</summary>
        public const ulong Pinned = 1UL << 48;

        private const int NameBytes = ManagementRateGroup.NameBytes;
        private const uint LocallyAdministered = 0x02;
        private const uint GroupAddress = 0x01;

        // By owner.
        public readonly byte[] Group;
        public readonly ushort[] Weight;
        public readonly int[] Limit;
        public readonly int[] Guarantee;

        // By function.
        public readonly ulong[] Mac;
        public readonly uint[] Vlan;
        public readonly byte[] Flags;
        public readonly byte[] LinkState;
        public readonly ushort[] QueuePairs;
        public readonly ushort[] MsixVectors;
        public readonly int[] Ceiling;

        // By group; of names NameBytes each.
        public readonly bool[] Exists;
        public readonly byte[] GroupPriority;
        public readonly byte[] Names;

        /// <summary>
        /// Starts with every function right under the port, weight 1, no rates, its derived address, no port VLAN, link state auto; PFs are
        /// trusted, VFs are spoof checked.
        /// </summary>
        public PolicyTable(EndpointConfiguration configuration, FunctionNumbering numbering)
        {
            Functions = numbering.Count;
            Groups = configuration.RateGroups + 1;
            int owners = Functions + Groups;
            Group = new byte[owners];
            Weight = new ushort[owners];
            Limit = new int[owners];
            Guarantee = new int[owners];
            Mac = new ulong[Functions];
            Vlan = new uint[Functions];
            Flags = new byte[Functions];
            LinkState = new byte[Functions];
            QueuePairs = new ushort[Functions];
            MsixVectors = new ushort[Functions];
            Ceiling = new int[Functions];
            Exists = new bool[Groups];
            GroupPriority = new byte[Groups];
            Names = new byte[Groups * NameBytes];
            Exists[Port] = true;
            for (int owner = 0; owner < owners; owner++)
            {
                Weight[owner] = 1;
            }

            for (int function = 0; function < Functions; function++)
            {
                bool isVirtual = numbering.IsVirtual(function);
                Mac[function] = DerivedMac(configuration.SerialNumber, function);
                Flags[function] = isVirtual ? SpoofChecked : Trusted;
                QueuePairs[function] = (ushort)configuration.QueuePairs(isVirtual);
                MsixVectors[function] = (ushort)configuration.MsixVectors(isVirtual);
            }
        }

        /// <summary>Functions, enabled or not.</summary>
        public int Functions { get; }

        /// <summary>Rate groups, the port included, there or not.</summary>
        public int Groups { get; }

        /// <summary>A function's address as on the wire, the first byte in bits 7:0.</summary>
        public ulong Address(int function)
        {
            return Mac[function] & (Pinned - 1);
        }

        /// <summary>True when a flag of a function is set.</summary>
        public bool Has(int function, byte flag)
        {
            return (Flags[function] & flag) != 0;
        }

        /// <summary>The 802.1p priority that a function sends with: its own, or else that of the first group above it that has one.</summary>
        public int Priority(int function)
        {
            int priority = (int)(long)((Vlan[function] & ManagementVlan.PriorityMask) >> ManagementVlan.PriorityShift);
            for (int above = Group[function]; priority == 0 && above != Port; above = Group[Functions + above])
            {
                priority = GroupPriority[above];
            }

            return priority;
        }

        /// <summary>An attribute of a function.</summary>
        /// <param name="attribute">One of <see cref="ManagementAttributeKind"/>.</param>
        public ulong Get(int function, int attribute)
        {
            switch (attribute)
            {
                case ManagementAttributeKind.Mac:
                    return Address(function);
                case ManagementAttributeKind.Vlan:
                    return Vlan[function];
                case ManagementAttributeKind.MaxTxRate:
                    return (ulong)Limit[function];
                case ManagementAttributeKind.MinTxRate:
                    return (ulong)Guarantee[function];
                case ManagementAttributeKind.LinkState:
                    return LinkState[function];
                case ManagementAttributeKind.Weight:
                    return Weight[function];
                case ManagementAttributeKind.QueuePairs:
                    return QueuePairs[function];
                case ManagementAttributeKind.MsixVectors:
                    return MsixVectors[function];
                case ManagementAttributeKind.RateGroup:
                    return Group[function];
                case ManagementAttributeKind.InterruptCeiling:
                    return (ulong)Ceiling[function];
                default:
                    return Has(function, FlagOf(attribute)) ? 1UL : 0;
            }
        }

        /// <summary>Sets an attribute of a function; its address is the operator's from then on.</summary>
        /// <param name="attribute">One of <see cref="ManagementAttributeKind"/>.</param>
        /// <param name="value">One that its width can have.</param>
        public void Set(int function, int attribute, ulong value)
        {
            switch (attribute)
            {
                case ManagementAttributeKind.Mac:
                    Mac[function] = value | Pinned;
                    break;
                case ManagementAttributeKind.Vlan:
                    Vlan[function] = (uint)value;
                    break;
                case ManagementAttributeKind.MaxTxRate:
                    Limit[function] = (int)(long)value;
                    break;
                case ManagementAttributeKind.MinTxRate:
                    Guarantee[function] = (int)(long)value;
                    break;
                case ManagementAttributeKind.LinkState:
                    LinkState[function] = (byte)value;
                    break;
                case ManagementAttributeKind.Weight:
                    Weight[function] = (ushort)value;
                    break;
                case ManagementAttributeKind.QueuePairs:
                    QueuePairs[function] = (ushort)value;
                    break;
                case ManagementAttributeKind.MsixVectors:
                    MsixVectors[function] = (ushort)value;
                    break;
                case ManagementAttributeKind.RateGroup:
                    Group[function] = (byte)value;
                    break;
                case ManagementAttributeKind.InterruptCeiling:
                    Ceiling[function] = (int)(long)value;
                    break;
                default:
                    int others = Flags[function] & ~FlagOf(attribute);
                    Flags[function] = (byte)(value != 0 ? others | FlagOf(attribute) : others);
                    break;
            }
        }

        /// <summary>A field of a group, or of the port.</summary>
        /// <param name="field">
        /// Number of its bit in <see cref="ManagementRateGroup.FieldsOffset"/>: parent, weight, limit, guarantee, priority.
        /// </param>
        public uint GetGroup(int group, int field)
        {
            int owner = Functions + group;
            switch (field)
            {
                case 0:
                    return Group[owner];
                case 1:
                    return Weight[owner];
                case 2:
                    return (uint)Limit[owner];
                case 3:
                    return (uint)Guarantee[owner];
                default:
                    return GroupPriority[group];
            }
        }

        /// <summary>Sets a field of a group, or of the port.</summary>
        /// <param name="field">As for <see cref="GetGroup"/>.</param>
        /// <param name="value">One that its width can have.</param>
        public void SetGroup(int group, int field, uint value)
        {
            int owner = Functions + group;
            switch (field)
            {
                case 0:
                    Group[owner] = (byte)value;
                    break;
                case 1:
                    Weight[owner] = (ushort)value;
                    break;
                case 2:
                    Limit[owner] = (int)(long)value;
                    break;
                case 3:
                    Guarantee[owner] = (int)(long)value;
                    break;
                default:
                    GroupPriority[group] = (byte)value;
                    break;
            }
        }

        /// <summary>Gives a group the settings of a new one.</summary>
        public void ClearGroup(int group, bool exists)
        {
            int owner = Functions + group;
            Group[owner] = Port;
            Weight[owner] = 1;
            Limit[owner] = 0;
            Guarantee[owner] = 0;
            Exists[group] = exists;
            GroupPriority[group] = 0;
            for (int at = group * NameBytes; at < (group + 1) * NameBytes; at++)
            {
                Names[at] = 0;
            }
        }

        /// <summary>Takes all of a function from another table.</summary>
        public void CopyFunction(PolicyTable from, int function)
        {
            CopyOwner(from, function);
            Mac[function] = from.Mac[function];
            Vlan[function] = from.Vlan[function];
            Flags[function] = from.Flags[function];
            LinkState[function] = from.LinkState[function];
            QueuePairs[function] = from.QueuePairs[function];
            MsixVectors[function] = from.MsixVectors[function];
            Ceiling[function] = from.Ceiling[function];
        }

        /// <summary>Takes all of a group from another table.</summary>
        public void CopyGroup(PolicyTable from, int group)
        {
            CopyOwner(from, Functions + group);
            Exists[group] = from.Exists[group];
            GroupPriority[group] = from.GroupPriority[group];
            for (int at = group * NameBytes; at < (group + 1) * NameBytes; at++)
            {
                Names[at] = from.Names[at];
            }
        }

        /// <summary>True when two groups of two tables have the same name.</summary>
        public bool HasName(int group, PolicyTable other, int otherGroup)
        {
            for (int at = 0; at < NameBytes; at++)
            {
                if (Names[(group * NameBytes) + at] != other.Names[(otherGroup * NameBytes) + at])
                {
                    return false;
                }
            }

            return true;
        }

        /// <summary>True when an owner is in a group, at any depth, or is it.</summary>
        public bool IsWithin(int owner, int group)
        {
            for (int step = 0; step <= Groups && owner != Functions + group; step++)
            {
                if (owner == Functions + Port)
                {
                    return false;
                }

                owner = Functions + Group[owner];
            }

            return owner == Functions + group;
        }

        private static byte FlagOf(int attribute)
        {
            return attribute == ManagementAttributeKind.SpoofCheck ? SpoofChecked
                : attribute == ManagementAttributeKind.Trust ? Trusted
                : Adaptive;
        }

        private static ulong DerivedMac(ulong serial, int function)
        {
            uint upper = (uint)(serial >> 40);
            uint lower = (uint)serial + (uint)function;
            uint first = ((upper >> 16) | LocallyAdministered) & ~GroupAddress & 0xFF;
            uint lowHalf = first | (upper & 0xFF00) | ((upper & 0xFF) << 16) | (((lower >> 16) & 0xFF) << 24);
            uint highHalf = ((lower >> 8) & 0xFF) | ((lower & 0xFF) << 8);
            return lowHalf | ((ulong)highHalf << 32);
        }

        private void CopyOwner(PolicyTable from, int owner)
        {
            Group[owner] = from.Group[owner];
            Weight[owner] = from.Weight[owner];
            Limit[owner] = from.Limit[owner];
            Guarantee[owner] = from.Guarantee[owner];
        }
    }
}
