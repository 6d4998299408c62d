// Payloads that read and change policy: attributes of functions, rate groups, transactions. Each class is one layout; knows no opcode.
namespace SmartNicFw.Hal.Regs
{
    /// <summary>Which attribute of which function is asked for.</summary>
    public static class ManagementAttributeRequest
    {
        /// <summary>Size in bytes.</summary>
        public const int Bytes = 0x04;

        /// <summary>16 bits: index of the function.</summary>
        public const int FunctionOffset = 0x00;

        /// <summary>16 bits: one of <see cref="ManagementAttributeKind"/>.</summary>
        public const int AttributeOffset = 0x02;
    }

    /// <summary>An attribute of a function and its value.</summary>
    public static class ManagementAttributeValue
    {
        /// <summary>Size in bytes.</summary>
        public const int Bytes = 0x10;

        /// <summary>16 bits: index of the function.</summary>
        public const int FunctionOffset = 0x00;

        /// <summary>16 bits: one of <see cref="ManagementAttributeKind"/>.</summary>
        public const int AttributeOffset = 0x02;

        /// <summary>32 bits, zero.</summary>
        public const int ReservedOffset = 0x04;

        /// <summary>64 bits: the value as the attribute has it; bits above it are zero.</summary>
        public const int ValueOffset = 0x08;
    }

    /// <summary>Attributes of a function, each with the width and the range of its value.</summary>
    public static class ManagementAttributeKind
    {
        /// <summary>48 bits: MAC address in the order of the wire, the first byte lowest; not zero, no group address, no other function's.</summary>
        public const int Mac = 1;

        /// <summary>32 bits: port VLAN with its priority and protocol, as <see cref="ManagementVlan"/>; 0 for none.</summary>
        public const int Vlan = 2;

        /// <summary>32 bits: limit, Mbit/s, 1 upwards; 0 for none. No less than the guarantee.</summary>
        public const int MaxTxRate = 3;

        /// <summary>32 bits: guarantee, Mbit/s; 0 for none. No more than the limit, the group's limit and what others leave of the port.</summary>
        public const int MinTxRate = 4;

        /// <summary>0 or 1: whether frames from another source address than its own are dropped.</summary>
        public const int SpoofCheck = 5;

        /// <summary>
        /// 0 or 1: whether it may set its own MAC address although the operator gave it one, be promiscuous, receive all multicast, and
        /// unicast of addresses that are others'. PFs may always.
        /// </summary>
        public const int Trust = 6;

        /// <summary>One of <see cref="ManagementLinkState"/>.</summary>
        public const int LinkState = 7;

        /// <summary>1 to 1,000: its share among those of its group and class.</summary>
        public const int Weight = 8;

        /// <summary>16 bits: queue pairs, 1 upwards. Only of a VF whose driver does not run.</summary>
        public const int QueuePairs = 9;

        /// <summary>16 bits: MSI-X vectors, 1 to 2048. Only of a VF whose driver does not run.</summary>
        public const int MsixVectors = 10;

        /// <summary>8 bits: rate group that it is in; 0 for the port.</summary>
        public const int RateGroup = 11;

        /// <summary>0 to 1,000,000: interrupts of its queues a second at the most; 0 for any number.</summary>
        public const int InterruptCeiling = 12;

        /// <summary>0 or 1: whether its interrupts are moderated adaptively where its driver sets nothing.</summary>
        public const int Adaptive = 13;

        /// <summary>The last of them: they count from 1 without a gap.</summary>
        public const int Last = Adaptive;
    }

    /// <summary>Value of <see cref="ManagementAttributeKind.Vlan"/>: Tag Control Information, and the protocol above it; all zero for none.</summary>
    public static class ManagementVlan
    {
        /// <summary>VLAN identifier, 1 to 4094; 0, without a protocol, for none: then the priority is the class that the function sends in, and no more.</summary>
        public const uint IdMask = 0x00000FFF;

        /// <summary>802.1p priority, 0 to 7, and with it the class that the function sends in.</summary>
        public const uint PriorityMask = 0x0000E000;

        /// <summary>EtherType of the tag: <see cref="Ieee8021Q"/> or <see cref="Ieee8021Ad"/>.</summary>
        public const uint ProtocolMask = 0xFFFF0000;

        /// <summary>Lowest bit of the priority.</summary>
        public const int PriorityShift = 13;

        /// <summary>Lowest bit of the protocol.</summary>
        public const int ProtocolShift = 16;

        /// <summary>Customer tag, 802.1Q.</summary>
        public const int Ieee8021Q = 0x8100;

        /// <summary>Service tag, 802.1ad.</summary>
        public const int Ieee8021Ad = 0x88A8;
    }

    /// <summary>Values of <see cref="ManagementAttributeKind.LinkState"/>.</summary>
    public static class ManagementLinkState
    {
        /// <summary>The function's link is up while the port's is.</summary>
        public const int Auto = 0;

        /// <summary>Up, whatever the port's is: VFs reach each other.</summary>
        public const int Enable = 1;

        /// <summary>Down.</summary>
        public const int Disable = 2;
    }

    /// <summary>Which rate group is meant.</summary>
    public static class ManagementRateGroupNumber
    {
        /// <summary>Size in bytes.</summary>
        public const int Bytes = 0x04;

        /// <summary>16 bits: number of the group, 1 to 254.</summary>
        public const int GroupOffset = 0x00;

        /// <summary>16 bits, zero.</summary>
        public const int ReservedOffset = 0x02;
    }

    /// <summary>A rate group and how it is set, in a request and in a list.</summary>
    public static class ManagementRateGroup
    {
        /// <summary>Size in bytes: 27 groups in a frame.</summary>
        public const int Bytes = 0x24;

        /// <summary>Size of a name in bytes.</summary>
        public const int NameBytes = 16;

        /// <summary>16 bits: number of the group, 1 to 254; 0 is the port, which has a limit and nothing else to be set.</summary>
        public const int GroupOffset = 0x00;

        /// <summary>16 bits: fields of a request that count; the others are zero and stay, or are those of a new group. In a list: all.</summary>
        public const int FieldsOffset = 0x02;

        /// <summary>Parent counts; that of a new group is the port.</summary>
        public const int FieldsParentMask = 0x0001;

        /// <summary>Weight counts; that of a new group is 1.</summary>
        public const int FieldsWeightMask = 0x0002;

        /// <summary>The limit counts; a new group has none.</summary>
        public const int FieldsMaxTxRateMask = 0x0004;

        /// <summary>The guarantee counts; a new group has none.</summary>
        public const int FieldsMinTxRateMask = 0x0008;

        /// <summary>Priority counts; that of a new group is 0.</summary>
        public const int FieldsPriorityMask = 0x0010;

        /// <summary>Name counts; a new group has none.</summary>
        public const int FieldsNameMask = 0x0020;

        /// <summary>16 bits: group that it is in, 0 for the port.</summary>
        public const int ParentOffset = 0x04;

        /// <summary>16 bits: its share among those of its parent, 1 to 1,000 (tx_weight).</summary>
        public const int WeightOffset = 0x06;

        /// <summary>32 bits: limit of all that is in it together, Mbit/s; 0 for none (tx_max).</summary>
        public const int MaxTxRateOffset = 0x08;

        /// <summary>32 bits: guarantee of all that is in it together, Mbit/s; 0 for none (tx_share).</summary>
        public const int MinTxRateOffset = 0x0C;

        /// <summary>8 bits: 802.1p priority, 0 to 7 (tx_priority).</summary>
        public const int PriorityOffset = 0x10;

        /// <summary>24 bits, zero.</summary>
        public const int ReservedOffset = 0x11;

        /// <summary>16 bytes of printable ASCII without a space (21h to 7Eh), zeros behind; all zero for none.</summary>
        public const int NameOffset = 0x14;
    }

    /// <summary>Which transaction is meant.</summary>
    public static class ManagementTransactionNumber
    {
        /// <summary>Size in bytes.</summary>
        public const int Bytes = 0x04;

        /// <summary>32 bits: number of the transaction, another one each time.</summary>
        public const int TransactionOffset = 0x00;
    }

    /// <summary>How a transaction is to end.</summary>
    public static class ManagementCommit
    {
        /// <summary>Size in bytes.</summary>
        public const int Bytes = 0x0C;

        /// <summary>32 bits: number of the transaction.</summary>
        public const int TransactionOffset = 0x00;

        /// <summary>32 bits: requests for changes that were sent in it. Another number than arrived is refused, and nothing changes.</summary>
        public const int ChangesOffset = 0x04;

        /// <summary>32 bits: how.</summary>
        public const int FlagsOffset = 0x08;

        /// <summary>Judge all of it, and change nothing (dry run).</summary>
        public const uint FlagsCheckOnlyMask = 0x00000001;
    }
}
