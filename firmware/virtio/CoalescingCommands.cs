// Commands of notification coalescing. Ends in Coalescing, and in the moderator, which judges what waits anew.
using SmartNicFw.Firmware.Interrupt;
using SmartNicFw.Hal;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Firmware.Virtio
{
    /// <summary>Source: VIRTIO 1.4, 5.1.6.5.9.</summary>
    internal sealed class CoalescingCommands
    {
        private const int QueueAt = VirtioNetControl.DataOffset + VirtioNetCtrlCoalVq.VqIndexOffset;
        private const int QueueCoalAt = VirtioNetControl.DataOffset + VirtioNetCtrlCoalVq.CoalOffset;

        private readonly VirtioState _state;
        private readonly Coalescing _coalescing;
        private readonly InterruptModerator _moderator;

        public CoalescingCommands(VirtioState state, Coalescing coalescing, InterruptModerator moderator)
        {
            _state = state;
            _coalescing = coalescing;
            _moderator = moderator;
        }

        /// <summary>Bytes of the result that stands behind the ack byte.</summary>
        public int ResultBytes { get; set; }

        /// <summary>Runs a command of the class; the result of VQ_GET stands in <paramref name="reply"/> from byte 1.</summary>
        /// <returns>False when it lies or asks for what cannot be; nothing happened then.</returns>
        public bool TryRun(int function, int command, byte[] data, int length, byte[] reply)
        {
            bool isAll = command == VirtioNetControl.NotfCoalTxSet || command == VirtioNetControl.NotfCoalRxSet;
            if (!_state.IsNegotiated(function, isAll ? FeatureOffer.NotfCoal : FeatureOffer.VqNotfCoal))
            {
                return false;
            }

            switch (command)
            {
                case VirtioNetControl.NotfCoalTxSet:
                case VirtioNetControl.NotfCoalRxSet:
                    return TrySetAll(function, command == VirtioNetControl.NotfCoalTxSet ? 1 : 0, data, length);
                case VirtioNetControl.NotfCoalVqSet:
                    return TrySet(function, data, length);
                case VirtioNetControl.NotfCoalVqGet:
                    return TryGet(function, data, length, reply);
                default:
                    return false;
            }
        }

        private bool TrySetAll(int function, int direction, byte[] data, int length)
        {
            const int At = VirtioNetControl.DataOffset;
            if (length != At + VirtioNetCtrlCoal.Bytes)
            {
                return false;
            }

            _coalescing.SetAll(function, direction, Packets(data, At), Usecs(data, At));
            _moderator.ParametersChanged(function);
            return true;
        }

        private bool TrySet(int function, byte[] data, int length)
        {
            int index = length == VirtioNetControl.DataOffset + VirtioNetCtrlCoalVq.Bytes ? EnabledQueue(function, data) : -1;
            if (index < 0)
            {
                return false;
            }

            _coalescing.Set(index, Packets(data, QueueCoalAt), Usecs(data, QueueCoalAt));
            _moderator.ParametersChanged(function);
            return true;
        }

        private bool TryGet(int function, byte[] data, int length, byte[] reply)
        {
            int index = length == QueueCoalAt ? EnabledQueue(function, data) : -1;
            if (index < 0)
            {
                return false;
            }

            LittleEndian.WriteU32(reply, 1 + VirtioNetCtrlCoal.MaxPacketsOffset, _coalescing.MaxPackets[index]);
            LittleEndian.WriteU32(reply, 1 + VirtioNetCtrlCoal.MaxUsecsOffset, _coalescing.MaxUsecs[index]);
            ResultBytes = VirtioNetCtrlCoal.Bytes;
            return true;
        }

        // Index of the receive or transmit queue that the command names; -1 when it is not enabled, or none of these.
        private int EnabledQueue(int function, byte[] data)
        {
            int queue = LittleEndian.ReadU16(data, QueueAt);
            int index = _state.IndexOf(function, queue);
            return index >= 0 && queue != _state.ControlQueue(function) && _state.Has(index, QueueFlag.Enabled) ? index : -1;
        }

        private static uint Packets(byte[] data, int at)
        {
            return LittleEndian.ReadU32(data, at + VirtioNetCtrlCoal.MaxPacketsOffset);
        }

        private static uint Usecs(byte[] data, int at)
        {
            return LittleEndian.ReadU32(data, at + VirtioNetCtrlCoal.MaxUsecsOffset);
        }
    }
}
