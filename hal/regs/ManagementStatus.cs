// What became of a request: the status of its response, and what a refusal says beside it. Knows no opcode.
namespace SmartNicFw.Hal.Regs
{
    /// <summary>
    /// Statuses of a response. Whatever it is but <see cref="Ok"/> and <see cref="StoreFault"/>, the request changed nothing. The payload is
    /// empty or a <see cref="ManagementRefusal"/> then.
    /// </summary>
    public static class ManagementStatus
    {
        /// <summary>Done. The payload is that of the opcode. The only status of a request.</summary>
        public const int Ok = 0;

        /// <summary>The bytes do not begin with the signature: no frame of this protocol.</summary>
        public const int WrongSignature = 1;

        /// <summary>
        /// Fewer or more bytes than the header says, fewer than a header, more than a frame may have, or another payload than the
        /// opcode's.
        /// </summary>
        public const int WrongLength = 2;

        /// <summary>The checksum is not that of the bytes. Nothing else of the frame is to be relied on.</summary>
        public const int WrongCrc = 3;

        /// <summary>Another major version. The response's header has the one that is understood.</summary>
        public const int WrongVersion = 4;

        /// <summary>Not of the kind that was waited for, a request with a status, or a reserved byte that is not zero.</summary>
        public const int WrongHeader = 5;

        /// <summary>No opcode of this version, or one that this device does not have.</summary>
        public const int UnknownOpcode = 6;

        /// <summary>A field has a value that it cannot have: trying again does not help. The reason stands in the payload.</summary>
        public const int BadArgument = 7;

        /// <summary>The request is understood and forbidden to who asks; it is recorded as an event.</summary>
        public const int Denied = 8;

        /// <summary>Not now: another transaction is open, or a reset is under way. Trying again helps.</summary>
        public const int Busy = 9;

        /// <summary>The state does not fit: a transaction that is not open, or a VF that would have to stand still.</summary>
        public const int WrongState = 10;

        /// <summary>The change is made and in force, and could not be kept for the next start: the one refusal that has changed something.</summary>
        public const int StoreFault = 11;
    }

    /// <summary>Reasons of a refusal, for programs; its text says the same to people, with numbers.</summary>
    public static class ManagementReason
    {
        /// <summary>None but what the status says.</summary>
        public const int None = 0;

        /// <summary>There is no such function.</summary>
        public const int NoSuchFunction = 1;

        /// <summary>The function has no such queue.</summary>
        public const int NoSuchQueue = 2;

        /// <summary>There is no such rate group.</summary>
        public const int NoSuchGroup = 3;

        /// <summary>There is no such attribute.</summary>
        public const int NoSuchAttribute = 4;

        /// <summary>A value is out of the range that its field has.</summary>
        public const int OutOfRange = 5;

        /// <summary>A bit or byte without a name is not zero.</summary>
        public const int ReservedNotZero = 6;

        /// <summary>The function is a PF, and only a VF can have this, or the other way round.</summary>
        public const int WrongKindOfFunction = 7;

        /// <summary>Another function has this MAC address, or it is zero or a group address.</summary>
        public const int UnusableMac = 8;

        /// <summary>The group is there already.</summary>
        public const int GroupExists = 9;

        /// <summary>A function or a group is in the group that is to be deleted.</summary>
        public const int GroupNotEmpty = 10;

        /// <summary>The group would be within itself.</summary>
        public const int GroupWithinItself = 11;

        /// <summary>A guarantee is more than its own limit, or guarantees together are more than a group's limit or the port.</summary>
        public const int GuaranteeTooLarge = 12;

        /// <summary>Queue pairs and vectors move only between VFs whose drivers do not run.</summary>
        public const int FunctionRuns = 13;

        /// <summary>As many queue pairs or vectors are not free.</summary>
        public const int NoneFree = 14;

        /// <summary>The transaction is not the one that is open.</summary>
        public const int NoSuchTransaction = 15;

        /// <summary>More, or fewer, changes arrived than the commit says.</summary>
        public const int ChangesMissing = 16;

        /// <summary>The transaction has as many changes as there is room for.</summary>
        public const int TooManyChanges = 17;

        /// <summary>The VF is not enabled.</summary>
        public const int NotEnabled = 18;
    }

    /// <summary>Payload of a response whose status is not <see cref="ManagementStatus.Ok"/>.</summary>
    public static class ManagementRefusal
    {
        /// <summary>Size in bytes without the text.</summary>
        public const int Bytes = 8;

        /// <summary>Most bytes of text.</summary>
        public const int MaxTextBytes = 240;

        /// <summary>16 bits: one of <see cref="ManagementReason"/>.</summary>
        public const int ReasonOffset = 0x00;

        /// <summary>16 bits: bytes of text that follow, 0 to <see cref="MaxTextBytes"/>.</summary>
        public const int TextLengthOffset = 0x02;

        /// <summary>32 bits: the change that is at fault, 0 upwards in the order they came, when a transaction is refused; else 0.</summary>
        public const int ChangeOffset = 0x04;

        /// <summary>One line of printable ASCII (20h to 7Eh), without an end.</summary>
        public const int TextOffset = 0x08;
    }
}
