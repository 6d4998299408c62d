// Commands of the device statistics: those of the control queue, which are firmware's own. Frames are the switch's to count.
using SmartNicFw.Hal;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Firmware.Virtio
{
    /// <summary>Source: VIRTIO 1.4, 5.1.6.5.10. One wrong entry fails the whole command.</summary>
    internal sealed class StatisticsCommands
    {
        /// <summary>Size of a reply in bytes, the ack byte included, that holds the answer to any command that is looked at.</summary>
        public const int ReplyBytes = 1 + (ControlQueue.CommandBytes / EntryBytes * ResultEntryBytes);

        // virtio_net_ctrl_queue_stats: vq_index, reserved, types_bitmap.
        private const int EntryBytes = 16;
        private const int TypesAt = 8;

        // virtio_net_stats_reply_hdr and virtio_net_stats_cvq.
        private const int ResultEntryBytes = 24;
        private const int TypeOfControlQueue = 32;

        private readonly VirtioState _state;

        public StatisticsCommands(VirtioState state)
        {
            _state = state;
        }

        /// <summary>Bytes of the result that stands behind the ack byte.</summary>
        public int ResultBytes { get; set; }

        /// <summary>Runs a command of the class; its result stands in <paramref name="reply"/> from byte 1.</summary>
        public bool TryRun(int function, int command, byte[] data, int length, byte[] reply)
        {
            switch (command)
            {
                case VirtioNetControl.StatsQuery:
                    LittleEndian.WriteU64(reply, 1, 1UL << TypeOfControlQueue);
                    ResultBytes = 8;
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
            if (length > data.Length || bytes < EntryBytes || bytes % EntryBytes != 0)
            {
                return false;
            }

            int to = 1;
            for (int at = VirtioNetControl.DataOffset; at < length; at += EntryBytes)
            {
                int queue = LittleEndian.ReadU16(data, at);
                if (queue != _state.ControlQueue(function) || LittleEndian.ReadU64(data, at + TypesAt) != 1UL << TypeOfControlQueue)
                {
                    return false;
                }

                LittleEndian.WriteU32(reply, to, TypeOfControlQueue | ((uint)queue << 16));
                LittleEndian.WriteU32(reply, to + 4, ResultEntryBytes << 16);
                LittleEndian.WriteU64(reply, to + 8, _state.Commands[function]);

                // This command is one of them: nothing can go wrong for it but a later entry, and then nothing is sent.
                LittleEndian.WriteU64(reply, to + 16, _state.CommandsOk[function] + 1UL);
                to += ResultEntryBytes;
            }

            ResultBytes = to - 1;
            return true;
        }
    }
}
