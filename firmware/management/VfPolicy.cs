// What the operator decides about each function's place in the network: address, port VLAN, spoof check.
using SmartNicFw.Firmware.Arbitration;
using SmartNicFw.Firmware.Config;
using SmartNicFw.Firmware.Interrupt;
using SmartNicFw.Firmware.Virtio;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Firmware.Management
{
    /// <summary>
    /// Survives every reset of a function, and takes effect in the switch at once. Address bytes stand as on the wire, the
    /// first in bits 7:0.
    /// </summary>
    /// <remarks>
    /// Addresses after start: the first three bytes are the three upper bytes of <see cref="EndpointConfiguration.SerialNumber"/>,
    /// with the locally administered bit set and the group bit cleared; the last three are its three lower bytes plus the
    /// index of the function (<see cref="FunctionNumbering"/>), modulo 2^24.
    /// </remarks>
    public sealed class VfPolicy
    {
        private const int PriorityShift = 13;
        private const int VlanMask = 0x0FFF;
        private const int MaxVlan = 4094;
        private const int MaxPriority = 7;
        private const byte SpoofChecked = 1;
        private const byte Pinned = 2;
        private const uint LocallyAdministered = 0x02;
        private const uint Group = 0x01;

        private readonly VirtioState _state;
        private readonly ISwitchTable _switch;
        private readonly InterruptModerator _moderator;
        private readonly ArbitrationPolicy _arbitration;
        private readonly ulong[] _mac;
        private readonly ushort[] _portVlan;
        private readonly byte[] _flags;

        /// <summary>Starts with an address for each function, no port VLAN, and spoof check on VFs.</summary>
        public VfPolicy(
            EndpointConfiguration configuration, FunctionNumbering numbering, VirtioState state, ISwitchTable switchTable,
            InterruptModerator moderator, ArbitrationPolicy arbitration)
        {
            _arbitration = arbitration;
            _state = state;
            _switch = switchTable;
            _moderator = moderator;
            _mac = new ulong[numbering.Count];
            _portVlan = new ushort[numbering.Count];
            _flags = new byte[numbering.Count];
            for (int function = 0; function < numbering.Count; function++)
            {
                _mac[function] = DerivedMac(configuration.SerialNumber, function);
                _flags[function] = numbering.IsVirtual(function) ? SpoofChecked : (byte)0;
                state.Mac[function] = _mac[function];
            }
        }

        /// <summary>The address that the function has after a reset.</summary>
        public ulong Mac(int function)
        {
            return _mac[function];
        }

        /// <summary>True once the operator has given the address: the function's driver cannot change it then.</summary>
        public bool IsMacPinned(int function)
        {
            return (_flags[function] & Pinned) != 0;
        }

        /// <summary>Gives a function its address.</summary>
        /// <returns>BadArgument for zero, a group address, or the address of another function.</returns>
        public HalStatus SetMac(int function, ulong mac)
        {
            if (!IsUsable(function, mac))
            {
                return HalStatus.BadArgument;
            }

            _mac[function] = mac;
            _flags[function] |= Pinned;
            ChangeMac(function, mac);
            if (_state.IsLive(function))
            {
                _moderator.ConfigurationChanged(function);
            }

            return HalStatus.Ok;
        }

        /// <summary>The address that the function's driver asks for, until its reset.</summary>
        /// <returns>BadArgument as for <see cref="SetMac"/>, and when the operator has given the address.</returns>
        public HalStatus RequestMac(int function, ulong mac)
        {
            if (mac != _state.Mac[function] && (IsMacPinned(function) || !IsUsable(function, mac)))
            {
                return HalStatus.BadArgument;
            }

            ChangeMac(function, mac);
            return HalStatus.Ok;
        }

        /// <summary>The VLAN that the switch inserts and strips for the function.</summary>
        /// <param name="vlan">1 to 4094, or 0 for none.</param>
        /// <param name="priority">0 to 7.</param>
        public HalStatus SetPortVlan(int function, int vlan, int priority)
        {
            if (vlan < 0 || vlan > MaxVlan || priority < 0 || priority > MaxPriority)
            {
                return HalStatus.BadArgument;
            }

            // The tag's priority is the function's: it says which class the function sends in.
            _portVlan[function] = (ushort)(vlan | (priority << PriorityShift));
            _arbitration.SetPriority(function, vlan == 0 ? 0 : priority);
            if (_state.IsLive(function))
            {
                _switch.SetPortVlan(function, vlan, priority);
            }

            return HalStatus.Ok;
        }

        /// <summary>Whether the function may send from its own address only.</summary>
        public void SetSpoofCheck(int function, bool isOn)
        {
            _flags[function] = (byte)(isOn ? _flags[function] | SpoofChecked : _flags[function] & ~SpoofChecked);
            if (_state.IsLive(function))
            {
                _switch.SetSpoofCheck(function, isOn);
            }
        }

        /// <summary>Writes all of it into the switch, where the function has just been enabled.</summary>
        public void Apply(int function)
        {
            int vlan = _portVlan[function];
            _switch.SetMac(function, _state.Mac[function]);
            _switch.SetPortVlan(function, vlan & VlanMask, vlan >> PriorityShift);
            _switch.SetSpoofCheck(function, (_flags[function] & SpoofChecked) != 0);
        }

        private static ulong DerivedMac(ulong serial, int function)
        {
            uint upper = (uint)(serial >> 40);
            uint lower = (uint)serial + (uint)function;
            uint first = ((upper >> 16) | LocallyAdministered) & ~Group & 0xFF;
            uint lowHalf = first | (upper & 0xFF00) | ((upper & 0xFF) << 16) | (((lower >> 16) & 0xFF) << 24);
            uint highHalf = ((lower >> 8) & 0xFF) | ((lower & 0xFF) << 8);
            return lowHalf | ((ulong)highHalf << 32);
        }

        // Nobody takes a neighbour's address, nor the one that the neighbour gets back by a reset.
        private bool IsUsable(int function, ulong mac)
        {
            if (mac == 0 || (mac & Group) != 0 || (mac >> 48) != 0)
            {
                return false;
            }

            for (int other = 0; other < _mac.Length; other++)
            {
                if (other != function && (_mac[other] == mac || _state.Mac[other] == mac))
                {
                    return false;
                }
            }

            return true;
        }

        private void ChangeMac(int function, ulong mac)
        {
            if (_state.Mac[function] == mac)
            {
                return;
            }

            _state.Mac[function] = mac;
            _state.ConfigChanged[function] = 1;
            if (_state.IsLive(function))
            {
                _switch.SetMac(function, mac);
            }
        }
    }
}
