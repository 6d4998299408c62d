// Commands of how received frames are spread over queues: pairs, RSS, hash. Ends in Steering.
using SmartNicFw.Hal;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Firmware.Virtio
{
    /// <summary>Source: VIRTIO 1.4, 5.1.6.5.5 to 5.1.6.5.7.</summary>
    public sealed class MultiqueueCommands
    {
        // virtio_net_rss_config, offsets in the command (5.1.6.5.7).
        private const int HashTypesAt = VirtioNetControl.DataOffset;
        private const int TableMaskAt = HashTypesAt + 4;
        private const int UnclassifiedAt = TableMaskAt + 2;
        private const int TableAt = UnclassifiedAt + 2;

        // virtio_net_hash_config: four reserved words, then the length of the key (5.1.6.5.6.4).
        private const int HashKeyLengthAt = HashTypesAt + 12;

        // Linux from 6.12 on takes the size of a structure for its length: one byte of padding follows the key.
        private const int MaxPaddingBytes = 3;

        private readonly VirtioState _state;
        private readonly Steering _steering;

        /// <summary>Connects the room.</summary>
        public MultiqueueCommands(VirtioState state, Steering steering)
        {
            _state = state;
            _steering = steering;
        }

        /// <summary>Runs a command of the class.</summary>
        /// <returns>False when it lies or asks for what cannot be; nothing happened then.</returns>
        public bool TryRun(int function, int command, byte[] data, int length)
        {
            switch (command)
            {
                case VirtioNetControl.MqPairsSet:
                    return _state.IsNegotiated(function, FeatureOffer.Mq) && TrySetPairs(function, data, length);
                case VirtioNetControl.MqRssConfig:
                    return _state.IsNegotiated(function, FeatureOffer.Rss) && TrySetRss(function, data, length);
                case VirtioNetControl.MqHashConfig:
                    return _state.IsNegotiated(function, FeatureOffer.HashReport) && TrySetHash(function, data, length);
                default:
                    return false;
            }
        }

        private bool TrySetPairs(int function, byte[] data, int length)
        {
            if (length != VirtioNetControl.DataOffset + 2)
            {
                return false;
            }

            int pairs = LittleEndian.ReadU16(data, VirtioNetControl.DataOffset);
            if (!IsPairCount(function, pairs))
            {
                return false;
            }

            _steering.SetPairs(function, pairs);
            return true;
        }

        private bool TrySetHash(int function, byte[] data, int length)
        {
            uint types = LittleEndian.ReadU32(data, HashTypesAt);
            if (!IsHash(data, length, types, HashKeyLengthAt))
            {
                return false;
            }

            _steering.SetHash(function, types, data, HashKeyLengthAt + 1, data[HashKeyLengthAt]);
            return true;
        }

        private bool TrySetRss(int function, byte[] data, int length)
        {
            uint types = LittleEndian.ReadU32(data, HashTypesAt);
            int entries = LittleEndian.ReadU16(data, TableMaskAt) + 1;
            if (length < TableAt || entries > VirtioNetHash.IndirectionEntries || (entries & (entries - 1)) != 0)
            {
                return false;
            }

            int maxTxAt = TableAt + (entries * 2);
            if (!IsHash(data, length, types, maxTxAt + 2))
            {
                return false;
            }

            int pairs = LittleEndian.ReadU16(data, maxTxAt);
            int unclassified = LittleEndian.ReadU16(data, UnclassifiedAt);
            if (!IsPairCount(function, pairs) || !IsReceiveQueue(function, unclassified))
            {
                return false;
            }

            // Looked at before the first is kept: a table is taken whole or not at all.
            for (int entry = 0; entry < entries; entry++)
            {
                if (!IsReceiveQueue(function, LittleEndian.ReadU16(data, TableAt + (entry * 2))))
                {
                    return false;
                }
            }

            for (int entry = 0; entry < entries; entry++)
            {
                _steering.Setup.Pair[entry] = LittleEndian.ReadU16(data, TableAt + (entry * 2));
            }

            _steering.Setup.Entries = entries;
            _steering.Setup.UnclassifiedPair = unclassified;
            _steering.SetRss(function, pairs, types, data, maxTxAt + 3, data[maxTxAt + 2]);
            return true;
        }

        // The key ends the command, but for padding: its length must be the one that the rest leaves, and there is no hash
        // without a key.
        private static bool IsHash(byte[] data, int length, uint types, int keyLengthAt)
        {
            if (length <= keyLengthAt || (types & ~Steering.SupportedTypes) != 0)
            {
                return false;
            }

            int keyBytes = data[keyLengthAt];
            int padding = length - (keyLengthAt + 1 + keyBytes);
            return keyBytes <= VirtioNetHash.KeyBytes && padding >= 0 && padding <= MaxPaddingBytes && (types == 0 || keyBytes > 0);
        }

        private bool IsPairCount(int function, int pairs)
        {
            return pairs >= 1 && pairs <= _state.Pairs(function) && _state.ArePairsEnabled(function, pairs);
        }

        // Bits 15:1 of the queue's number, as the table has them, are the number of its pair.
        private bool IsReceiveQueue(int function, int pair)
        {
            return pair < _state.Pairs(function)
                && _state.Has(_state.Queues.First(function) + (2 * pair), QueueFlag.Enabled);
        }
    }
}
