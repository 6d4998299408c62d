// Commands of what a function receives: modes, addresses, VLANs. Ends in the switch.
using SmartNicFw.Firmware.Management;
using SmartNicFw.Hal;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Firmware.Virtio
{
    /// <summary>Source: VIRTIO 1.4, 5.1.6.5.1 to 5.1.6.5.3.</summary>
    public sealed class ReceiveCommands
    {
        /// <summary>Addresses of a filter, unicast and multicast each. More of them are as good as all (5.1.6.5.2).</summary>
        public const int MaxAddresses = 64;

        private const int MacBytes = 6;
        private const int CountBytes = 4;
        private const int VlanCount = 4096;

        private readonly VirtioState _state;
        private readonly ISwitchTable _switch;
        private readonly VfPolicy _policy;
        private readonly byte[] _addresses = new byte[2 * MaxAddresses * MacBytes];

        /// <summary>Connects the room.</summary>
        public ReceiveCommands(VirtioState state, ISwitchTable switchTable, VfPolicy policy)
        {
            _state = state;
            _switch = switchTable;
            _policy = policy;
        }

        /// <summary>True when the last command that was refused is one that policy forbids its function.</summary>
        public bool IsDenied { get; set; }

        /// <summary>Promiscuous and all-multicast; the other modes belong to CTRL_RX_EXTRA, which is not offered.</summary>
        public bool TrySetMode(int function, int command, byte[] data, int length)
        {
            int on = length == VirtioNetControl.DataOffset + 1 ? data[VirtioNetControl.DataOffset] : 2;
            if (on > 1 || command > VirtioNetControl.RxAllMulticast)
            {
                return false;
            }

            if (on == 1 && !_policy.IsTrusted(function))
            {
                return Deny();
            }

            int bit = command == VirtioNetControl.RxPromiscuous ? ReceiveMode.Promiscuous : ReceiveMode.AllMulticast;
            int mode = _state.ReceiveMode[function] & ~bit;
            _state.ReceiveMode[function] = (byte)(on == 1 ? mode | bit : mode);
            SendMode(function);
            return true;
        }

        /// <summary>The function's address, or its filter.</summary>
        public bool TrySetMac(int function, int command, byte[] data, int length)
        {
            if (command == VirtioNetControl.MacAddressSet)
            {
                if (length != VirtioNetControl.DataOffset + MacBytes || !_state.IsNegotiated(function, FeatureOffer.CtrlMacAddr))
                {
                    return false;
                }

                return _policy.RequestMac(function, MacAt(data, VirtioNetControl.DataOffset)) == HalStatus.Ok || Deny();
            }

            return command == VirtioNetControl.MacTableSet && _state.IsNegotiated(function, FeatureOffer.CtrlRx)
                && TrySetFilter(function, data, length);
        }

        /// <summary>A VLAN joins the filter or leaves it.</summary>
        public bool TrySetVlan(int function, int command, byte[] data, int length)
        {
            if (command > VirtioNetControl.VlanDelete || length != VirtioNetControl.DataOffset + 2)
            {
                return false;
            }

            int vlan = LittleEndian.ReadU16(data, VirtioNetControl.DataOffset);
            if (vlan >= VlanCount)
            {
                return false;
            }

            _switch.SetVlan(function, vlan, command == VirtioNetControl.VlanAdd);
            return true;
        }

        private static ulong MacAt(byte[] data, int offset)
        {
            return LittleEndian.ReadU32(data, offset) | ((ulong)LittleEndian.ReadU16(data, offset + 4) << 32);
        }

        // Counts are the driver's: each is held against the length before anything is read or changed.
        private bool TrySetFilter(int function, byte[] data, int length)
        {
            const int Unicast = VirtioNetControl.DataOffset + CountBytes;
            if (length < Unicast + CountBytes)
            {
                return false;
            }

            int room = (length - Unicast - CountBytes) / MacBytes;
            uint unicastCount = LittleEndian.ReadU32(data, VirtioNetControl.DataOffset);
            if (unicastCount > (uint)room)
            {
                return false;
            }

            int unicast = (int)(long)unicastCount;
            int multicastAt = Unicast + (unicast * MacBytes);
            if (multicastAt + CountBytes > data.Length)
            {
                // The second count lies beyond what is looked at; whatever it is, the filter does not hold the first.
                return (length - multicastAt - CountBytes) % MacBytes == 0
                    && SetFilter(function, 0, 0, ReceiveMode.Promiscuous);
            }

            uint multicastCount = LittleEndian.ReadU32(data, multicastAt);
            if (multicastCount > (uint)(room - unicast))
            {
                return false;
            }

            int multicast = (int)(long)multicastCount;
            if (length != multicastAt + CountBytes + (multicast * MacBytes))
            {
                return false;
            }

            if (unicast > MaxAddresses)
            {
                return SetFilter(function, 0, 0, ReceiveMode.Promiscuous);
            }

            int kept = multicast > MaxAddresses ? 0 : multicast;
            if (!TryCopy(data, Unicast, 0, unicast, 0)
                || !TryCopy(data, multicastAt + CountBytes, unicast * MacBytes, kept, 1))
            {
                return false;
            }

            return SetFilter(function, unicast, kept, kept < multicast ? ReceiveMode.AllMulticast : 0);
        }

        // A unicast list with a group address in it lies, and the other way round.
        private bool TryCopy(byte[] data, int from, int to, int count, int group)
        {
            for (int at = 0; at < count * MacBytes; at++)
            {
                _addresses[to + at] = data[from + at];
                if (at % MacBytes == 0 && (data[from + at] & 1) != group)
                {
                    return false;
                }
            }

            return true;
        }

        // More than the filter holds is all there is, and other functions' addresses are others': of those whom the operator trusts.
        private bool SetFilter(int function, int unicast, int multicast, int overflow)
        {
            if (!_policy.IsTrusted(function) && (overflow != 0 || ListsOthers(function, unicast)))
            {
                return Deny();
            }

            _switch.SetFilter(function, _addresses, unicast, multicast);
            _state.FilterOverflow[function] = (byte)overflow;
            SendMode(function);
            return true;
        }

        private bool ListsOthers(int function, int unicast)
        {
            for (int at = 0; at < unicast * MacBytes; at += MacBytes)
            {
                if (_policy.IsOthers(function, MacAt(_addresses, at)))
                {
                    return true;
                }
            }

            return false;
        }

        private bool Deny()
        {
            IsDenied = true;
            return false;
        }

        private void SendMode(int function)
        {
            _switch.SetReceiveMode(function, _state.ReceiveMode[function] | _state.FilterOverflow[function]);
        }
    }
}
