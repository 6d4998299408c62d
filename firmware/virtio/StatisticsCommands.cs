// Commands of the device statistics. Commands, notifications and interrupts are firmware's to count, frames the engine's.
using SmartNicFw.Hal;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Firmware.Virtio
{
    /// <summary>
    /// The basic statistics of receive and transmit queues, and those of the control queue: the types all of whose fields are
    /// counted. One wrong entry fails the whole command, before anything is sent. Replies stand in the order of the entries, without
    /// a gap. Source: VIRTIO 1.4, 5.1.6.5.10.
    /// </summary>
    internal sealed class StatisticsCommands
    {
        private const ulong RxBasic = 1UL << VirtioNetStatisticsType.RxBasic;
        private const ulong TxBasic = 1UL << VirtioNetStatisticsType.TxBasic;
        private const ulong Cvq = 1UL << VirtioNetStatisticsType.Cvq;
        private const int QueryBytes = 8;

        // The longest reply that an entry can ask for: there is one type for a queue of each role.
        private const int MaxReplyBytes = VirtioNetStatsRxBasic.Bytes;

        private readonly VirtioState _state;
        private readonly IQueueEngine _engine;

        public StatisticsCommands(VirtioState state, IQueueEngine engine)
        {
            _state = state;
            _engine = engine;
        }

        /// <summary>Size in bytes of the longest command that is answered: one entry for each queue of the largest function.</summary>
        public static int MaxCommandBytes(VirtioState state)
        {
            int physical = state.Queues.MaxQueues(0);
            int last = state.Queues.MaxQueues(state.Functions - 1);
            return VirtioNetControl.DataOffset + ((physical > last ? physical : last) * VirtioNetQueueStats.Bytes);
        }

        /// <summary>Size of a reply in bytes, the ack byte included, that holds the answer to a command of such a length.</summary>
        public static int MaxReply(int commandBytes)
        {
            return 1 + ((commandBytes - VirtioNetControl.DataOffset) / VirtioNetQueueStats.Bytes * MaxReplyBytes);
        }

        /// <summary>Bytes of the result that stands behind the ack byte.</summary>
        public int ResultBytes { get; set; }

        /// <summary>Runs a command of the class; its result stands in <paramref name="reply"/> from byte 1.</summary>
        public bool TryRun(int function, int command, byte[] data, int length, byte[] reply)
        {
            switch (command)
            {
                case VirtioNetControl.StatsQuery:
                    LittleEndian.WriteU64(reply, 1, RxBasic | TxBasic | Cvq);
                    ResultBytes = QueryBytes;
                    return length == VirtioNetControl.DataOffset;
                case VirtioNetControl.StatsGet:
                    return TryGet(function, data, length, reply);
                default:
                    return false;
            }
        }

        private bool TryGet(int function, byte[] data, int length, byte[] reply)
        {
            int bytes = length - VirtioNetControl.DataOffset;
            if (length > data.Length || bytes < VirtioNetQueueStats.Bytes || bytes % VirtioNetQueueStats.Bytes != 0)
            {
                return false;
            }

            int to = 1;
            for (int at = VirtioNetControl.DataOffset; at < length; at += VirtioNetQueueStats.Bytes)
            {
                int queue = LittleEndian.ReadU16(data, at + VirtioNetQueueStats.VqIndexOffset);
                ulong types = LittleEndian.ReadU64(data, at + VirtioNetQueueStats.TypesBitmapOffset);
                int index = _state.IndexOf(function, queue);
                if (index < 0 || (types & ~TypesOf(function, queue)) != 0)
                {
                    return false;
                }

                // Asked for no type, a queue has no reply.
                to += types == 0 ? 0 : Write(function, queue, index, reply, to);
            }

            ResultBytes = to - 1;
            return true;
        }

        private ulong TypesOf(int function, int queue)
        {
            switch (_state.RoleOf(function, queue))
            {
                case QueueRole.Control:
                    return Cvq;
                case QueueRole.Receive:
                    return RxBasic;
                default:
                    return TxBasic;
            }
        }

        // Returns the size of the reply.
        private int Write(int function, int queue, int index, byte[] reply, int to)
        {
            switch (_state.RoleOf(function, queue))
            {
                case QueueRole.Control:
                    WriteHeader(reply, to, VirtioNetStatisticsType.Cvq, queue, VirtioNetStatsCvq.Bytes);
                    LittleEndian.WriteU64(reply, to + VirtioNetStatsCvq.CommandNumOffset, _state.Commands[function]);

                    // This command is one of them: nothing can go wrong for it but a later entry, and then nothing is sent.
                    LittleEndian.WriteU64(reply, to + VirtioNetStatsCvq.OkNumOffset, _state.CommandsOk[function] + 1UL);
                    return VirtioNetStatsCvq.Bytes;
                case QueueRole.Receive:
                    WriteHeader(reply, to, VirtioNetStatisticsType.RxBasic, queue, VirtioNetStatsRxBasic.Bytes);
                    LittleEndian.WriteU64(reply, to + VirtioNetStatsRxBasic.RxNotificationsOffset, _state.Notifications[index]);
                    LittleEndian.WriteU64(reply, to + VirtioNetStatsRxBasic.RxInterruptsOffset, _state.Interrupts[index]);
                    WriteCounter(reply, to + VirtioNetStatsRxBasic.RxPacketsOffset, function, queue, QueueCounter.Frames);
                    WriteCounter(reply, to + VirtioNetStatsRxBasic.RxBytesOffset, function, queue, QueueCounter.Bytes);
                    WriteCounter(reply, to + VirtioNetStatsRxBasic.RxDropsOffset, function, queue, QueueCounter.Dropped);
                    WriteCounter(reply, to + VirtioNetStatsRxBasic.RxDropOverrunsOffset, function, queue, QueueCounter.DroppedNoBuffer);
                    return VirtioNetStatsRxBasic.Bytes;
                default:
                    WriteHeader(reply, to, VirtioNetStatisticsType.TxBasic, queue, VirtioNetStatsTxBasic.Bytes);
                    LittleEndian.WriteU64(reply, to + VirtioNetStatsTxBasic.TxNotificationsOffset, _state.Notifications[index]);
                    LittleEndian.WriteU64(reply, to + VirtioNetStatsTxBasic.TxInterruptsOffset, _state.Interrupts[index]);
                    WriteCounter(reply, to + VirtioNetStatsTxBasic.TxPacketsOffset, function, queue, QueueCounter.Frames);
                    WriteCounter(reply, to + VirtioNetStatsTxBasic.TxBytesOffset, function, queue, QueueCounter.Bytes);
                    WriteCounter(reply, to + VirtioNetStatsTxBasic.TxDropsOffset, function, queue, QueueCounter.Dropped);
                    WriteCounter(reply, to + VirtioNetStatsTxBasic.TxDropMalformedOffset, function, queue, QueueCounter.DroppedMalformed);
                    return VirtioNetStatsTxBasic.Bytes;
            }
        }

        private void WriteCounter(byte[] reply, int at, int function, int queue, int counter)
        {
            LittleEndian.WriteU64(reply, at, _engine.ReadQueue(function, queue, counter));
        }

        private static void WriteHeader(byte[] reply, int to, int type, int queue, int bytes)
        {
            // Type and a zero, then the number of the queue; a zero, then the size.
            LittleEndian.WriteU16(reply, to + VirtioNetStatsReply.TypeOffset, (ushort)type);
            LittleEndian.WriteU16(reply, to + VirtioNetStatsReply.VqIndexOffset, (ushort)queue);
            LittleEndian.WriteU16(reply, to + VirtioNetStatsReply.Reserved1Offset, 0);
            LittleEndian.WriteU16(reply, to + VirtioNetStatsReply.SizeOffset, (ushort)bytes);
        }
    }
}
