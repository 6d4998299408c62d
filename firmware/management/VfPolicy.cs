// What the operator decides about each function's place in the network: handed to control, and told to switch and driver. Keeps nothing.
using SmartNicFw.Firmware.Interrupt;
using SmartNicFw.Firmware.Virtio;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.Firmware.Management
{
    /// <summary>
    /// Survives every reset of a function, and takes effect in the switch at once. Address bytes stand as on the wire, the
    /// first in bits 7:0.
    /// </summary>
    public sealed class VfPolicy
    {
        private readonly PolicyControl _control;
        private readonly PolicyTable _table;
        private readonly VirtioState _state;
        private readonly ISwitchTable _switch;
        private readonly InterruptModerator _moderator;

        /// <summary>Connects the room, and gives each function its address.</summary>
        public VfPolicy(PolicyControl control, VirtioState state, ISwitchTable switchTable, InterruptModerator moderator)
        {
            _control = control;
            _table = control.Table;
            _state = state;
            _switch = switchTable;
            _moderator = moderator;
            control.Functions = this;
            for (int function = 0; function < _table.Functions; function++)
            {
                state.Mac[function] = Mac(function);
            }
        }

        /// <summary>The address that the function has after a reset.</summary>
        public ulong Mac(int function)
        {
            return _table.Address(function);
        }

        /// <summary>True once the operator has given the address: the driver of a function that is not trusted cannot change it then.</summary>
        public bool IsMacPinned(int function)
        {
            return (_table.Mac[function] & PolicyTable.Pinned) != 0;
        }

        /// <summary>Gives a function its address.</summary>
        /// <returns>BadArgument for zero, a group address, or the address of another function.</returns>
        public HalStatus SetMac(int function, ulong mac)
        {
            return StatusOf(_control.Change(function, ManagementAttributeKind.Mac, (long)mac));
        }

        /// <summary>The address that the function's driver asks for, until its reset.</summary>
        /// <returns>BadArgument as for <see cref="SetMac"/>, and when the operator has given the address.</returns>
        public HalStatus RequestMac(int function, ulong mac)
        {
            if (mac != _state.Mac[function] && (IsMacPinned(function) || !_control.IsFreeMac(function, mac)))
            {
                return HalStatus.BadArgument;
            }

            ChangeMac(function, mac);
            return HalStatus.Ok;
        }

        /// <summary>The VLAN that the switch inserts and strips for the function. The tag's priority says which class it sends in.</summary>
        /// <param name="vlan">1 to 4094, or 0 for none.</param>
        /// <param name="priority">0 to 7.</param>
        public HalStatus SetPortVlan(int function, int vlan, int priority)
        {
            bool isTci = (vlan >> ManagementVlan.PriorityShift) == 0 && (priority >> 3) == 0;
            long tag = ((long)ManagementVlan.Ieee8021Q << ManagementVlan.ProtocolShift) | (long)((priority << ManagementVlan.PriorityShift) | vlan);
            return isTci ? StatusOf(_control.Change(function, ManagementAttributeKind.Vlan, vlan == 0 ? 0 : tag)) : HalStatus.BadArgument;
        }

        /// <summary>Whether the function may send from its own address only.</summary>
        public void SetSpoofCheck(int function, bool isOn)
        {
            _control.Change(function, ManagementAttributeKind.SpoofCheck, isOn ? 1 : 0);
        }

        /// <summary>Writes all of it into the switch, where the function has just been enabled.</summary>
        public void Apply(int function)
        {
            _switch.SetMac(function, _state.Mac[function]);
            TellVlan(_table, function);
            _switch.SetSpoofCheck(function, _table.Has(function, PolicyTable.SpoofChecked));
        }

        /// <summary>Tells switch and driver what differs for a function.</summary>
        /// <param name="after">What is to be; the control's table is as before.</param>
        public void Apply(PolicyTable after, int function)
        {
            bool isLive = _state.IsLive(function);
            if (after.Mac[function] != _table.Mac[function])
            {
                ChangeMac(function, after.Address(function));
                if (isLive)
                {
                    _moderator.ConfigurationChanged(function);
                }
            }

            if (isLive && after.Vlan[function] != _table.Vlan[function])
            {
                TellVlan(after, function);
            }

            bool isChecked = after.Has(function, PolicyTable.SpoofChecked);
            if (isLive && isChecked != _table.Has(function, PolicyTable.SpoofChecked))
            {
                _switch.SetSpoofCheck(function, isChecked);
            }
        }

        private static HalStatus StatusOf(string fault)
        {
            return fault == null ? HalStatus.Ok : HalStatus.BadArgument;
        }

        private void TellVlan(PolicyTable table, int function)
        {
            uint vlan = table.Vlan[function];
            _switch.SetPortVlan(
                function, (int)(long)(vlan & ManagementVlan.IdMask),
                (int)(long)((vlan & ManagementVlan.PriorityMask) >> ManagementVlan.PriorityShift));
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
