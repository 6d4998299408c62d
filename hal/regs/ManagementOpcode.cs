// What can be asked by the management protocol: numbers of the opcodes, and how long the payload of each request is.
namespace SmartNicFw.Hal.Regs
{
    /// <summary>
    /// Opcodes: bits 15:8 are the group, bits 7:0 count within it from 1. Each names the layout of its request's and of its response's
    /// payload; "none" is a payload of 0 bytes. A request is as long as its layout, never longer (<see cref="RequestBytes"/>).
    /// </summary>
    public static class ManagementOpcode
    {
        /// <summary><see cref="RequestBytes"/> of what is no opcode.</summary>
        public const int Unknown = -1;

        /// <summary>Says what the endpoint is and has.</summary>
        /// <remarks>Request: none. Response: <see cref="ManagementEndpoint"/>.</remarks>
        public const int EndpointInfo = 0x0101;

        /// <summary>Says what functions are and have, as many as a frame holds, from an index on.</summary>
        /// <remarks>Request: <see cref="ManagementListRequest"/>. Response: <see cref="ManagementList"/> of <see cref="ManagementFunction"/>.</remarks>
        public const int FunctionInfo = 0x0102;

        /// <summary>
        /// Enables as many VFs of a PF as a write of sriov_numvfs would. Whoever plays the root complex does it; a controller in a host
        /// refuses it as Denied, for NumVFs is the host's to write there.
        /// </summary>
        /// <remarks>Request: <see cref="ManagementNumVFs"/>. Response: none.</remarks>
        public const int SetNumVFs = 0x0103;

        /// <summary>Resets a VF as a Function Level Reset does. Answered when it has begun; Busy while one is under way.</summary>
        /// <remarks>Request: <see cref="ManagementFunctionNumber"/>. Response: none.</remarks>
        public const int ResetVf = 0x0104;

        /// <summary>Reads a piece of a function's configuration space, without any effect on it.</summary>
        /// <remarks>Request: <see cref="ManagementConfigRead"/>. Response: <see cref="ManagementConfigData"/>.</remarks>
        public const int ReadConfig = 0x0105;

        /// <summary>Says what one attribute of a function is set to.</summary>
        /// <remarks>Request: <see cref="ManagementAttributeRequest"/>. Response: <see cref="ManagementAttributeValue"/>.</remarks>
        public const int GetAttribute = 0x0201;

        /// <summary>Sets one attribute of a function. In a transaction: when that is committed.</summary>
        /// <remarks>Request: <see cref="ManagementAttributeValue"/>. Response: none.</remarks>
        public const int SetAttribute = 0x0202;

        /// <summary>Adds a rate group. In a transaction: when that is committed.</summary>
        /// <remarks>Request: <see cref="ManagementRateGroup"/>. Response: none.</remarks>
        public const int AddRateGroup = 0x0301;

        /// <summary>Deletes a rate group in which there is nothing. In a transaction: when that is committed.</summary>
        /// <remarks>Request: <see cref="ManagementRateGroupNumber"/>. Response: none.</remarks>
        public const int DeleteRateGroup = 0x0302;

        /// <summary>Sets those fields of a rate group that the request names. In a transaction: when that is committed.</summary>
        /// <remarks>Request: <see cref="ManagementRateGroup"/>. Response: none.</remarks>
        public const int SetRateGroup = 0x0303;

        /// <summary>Says how rate groups are set, as many as a frame holds, from a number on; those that are not there are left out.</summary>
        /// <remarks>Request: <see cref="ManagementListRequest"/>. Response: <see cref="ManagementList"/> of <see cref="ManagementRateGroup"/>.</remarks>
        public const int GetRateGroups = 0x0304;

        /// <summary>Reads the counters of a function.</summary>
        /// <remarks>Request: <see cref="ManagementFunctionNumber"/>. Response: <see cref="ManagementFunctionStatistics"/>.</remarks>
        public const int FunctionStatistics = 0x0401;

        /// <summary>Reads the counters of a queue.</summary>
        /// <remarks>Request: <see cref="ManagementQueueNumber"/>. Response: <see cref="ManagementQueueStatistics"/>.</remarks>
        public const int QueueStatistics = 0x0402;

        /// <summary>Reads events, as many as a frame holds, from a number on. Reading takes none away.</summary>
        /// <remarks>Request: <see cref="ManagementEventsRequest"/>. Response: <see cref="ManagementEvents"/> of <see cref="ManagementEvent"/>.</remarks>
        public const int Events = 0x0501;

        /// <summary>Says whether a function, or the endpoint, is well, and if not why and since when.</summary>
        /// <remarks>Request: <see cref="ManagementFunctionNumber"/>. Response: <see cref="ManagementHealth"/>.</remarks>
        public const int Health = 0x0502;

        /// <summary>
        /// Opens a transaction: changes of attributes and rate groups are collected, not made. Busy while another one is open; nobody
        /// else changes policy meanwhile.
        /// </summary>
        /// <remarks>Request: none. Response: <see cref="ManagementTransactionNumber"/>.</remarks>
        public const int BeginTransaction = 0x0601;

        /// <summary>Judges all changes of a transaction together, then makes all of them or none; the transaction is over.</summary>
        /// <remarks>Request: <see cref="ManagementCommit"/>. Response: none.</remarks>
        public const int CommitTransaction = 0x0602;

        /// <summary>Forgets all changes of a transaction; it is over.</summary>
        /// <remarks>Request: <see cref="ManagementTransactionNumber"/>. Response: none.</remarks>
        public const int AbortTransaction = 0x0603;

        /// <summary>
        /// Traces a function, or the endpoint: the emulator's, over a socket; firmware does not have it. After the response the connection
        /// carries a pcapng file, until either side ends it: the client by ending its own sending, to which the rest of the file is the answer.
        /// </summary>
        /// <remarks>Request: <see cref="ManagementFunctionNumber"/>. Response: none.</remarks>
        public const int StartTrace = 0x0701;

        /// <summary>Size of the payload that a request with an opcode has to have.</summary>
        /// <param name="opcode">Any number.</param>
        /// <returns>Bytes, 0 to <see cref="ManagementFrame.MaxPayloadBytes"/>, or <see cref="Unknown"/>.</returns>
        public static int RequestBytes(int opcode)
        {
            switch (opcode)
            {
                case EndpointInfo:
                case BeginTransaction:
                    return 0;
                case FunctionInfo:
                case GetRateGroups:
                    return ManagementListRequest.Bytes;
                case SetNumVFs:
                    return ManagementNumVFs.Bytes;
                case ResetVf:
                case FunctionStatistics:
                case Health:
                case StartTrace:
                    return ManagementFunctionNumber.Bytes;
                case ReadConfig:
                    return ManagementConfigRead.Bytes;
                case GetAttribute:
                    return ManagementAttributeRequest.Bytes;
                case SetAttribute:
                    return ManagementAttributeValue.Bytes;
                case AddRateGroup:
                case SetRateGroup:
                    return ManagementRateGroup.Bytes;
                case DeleteRateGroup:
                    return ManagementRateGroupNumber.Bytes;
                case QueueStatistics:
                    return ManagementQueueNumber.Bytes;
                case Events:
                    return ManagementEventsRequest.Bytes;
                case CommitTransaction:
                    return ManagementCommit.Bytes;
                case AbortTransaction:
                    return ManagementTransactionNumber.Bytes;
                default:
                    return Unknown;
            }
        }
    }
}
