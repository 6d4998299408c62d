// What the operator has decided about each function's place in the network, told to switch and driver. Judges nothing, keeps nothing.
using SmartNicFw.Firmware.Config;
using SmartNicFw.Firmware.Interrupt;
using SmartNicFw.Firmware.Virtio;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Firmware.Management
{
    /// <summary>
    /// Survives every reset of a function, and takes effect in the switch at once. Address bytes stand as on the wire, the
    /// first in bits 7:0.
    /// </summary>
    public sealed class VfPolicy
    {
        private readonly PolicyTable _table;
        private readonly VirtioState _state;
        private readonly ISwitchTable _switch;
        private readonly InterruptModerator _moderator;
        private readonly IEthernetPort _port;
        private readonly FunctionConfigSpace _space;

        /// <summary>Connects the room, and gives each function its address.</summary>
        public VfPolicy(
            PolicyControl control, VirtioState state, FunctionConfigSpace space, ISwitchTable switchTable, InterruptModerator moderator, IEthernetPort port)
        {
            _port = port;
            _space = space;
            Control = control;
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

        /// <summary>Where changes arrive.</summary>
        public PolicyControl Control { get; }

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

        /// <summary>
        /// True for a PF, and for a VF that the operator trusts: it may set its own address although the operator gave it one, be
        /// promiscuous, receive all multicast, and unicast of addresses that are others'.
        /// </summary>
        public bool IsTrusted(int function)
        {
            return _table.Has(function, PolicyTable.Trusted);
        }

        /// <summary>True when the link that the function's driver sees is up.</summary>
        public bool IsLinkUp(int function)
        {
            return IsLinkUp(_table, function);
        }

        /// <summary>The address that the function's driver asks for, until its reset.</summary>
        /// <returns>
        /// BadArgument for zero, a group address, or the address of another function, and when the operator has given the address and the function is not trusted.
        /// </returns>
        public HalStatus RequestMac(int function, ulong mac)
        {
            if (mac != _state.Mac[function]
                && ((IsMacPinned(function) && !IsTrusted(function)) || !Control.IsFreeMac(function, mac)))
            {
                return HalStatus.BadArgument;
            }

            ChangeMac(function, mac);
            return HalStatus.Ok;
        }

        /// <summary>True for an address that another function has, or gets back by a reset.</summary>
        public bool IsOthers(int function, ulong mac)
        {
            return Control.IsOthers(function, mac);
        }

        /// <summary>Writes all of it into the switch, where the function has just been enabled.</summary>
        public void Apply(int function)
        {
            _switch.SetMac(function, _state.Mac[function]);
            TellVlan(_table, function);
            _switch.SetSpoofCheck(function, _table.Has(function, PolicyTable.SpoofChecked));
            _switch.SetTrusted(function, IsTrusted(function));
            _switch.SetLinkUp(function, IsLinkUp(function));
            ResetMode(function);
        }

        /// <summary>Writes Table Size, which a reset of the registers has made that of the kind.</summary>
        public void ApplyVectors(int function)
        {
            TellVectors(_table, function);
        }

        /// <summary>The port's link went up or down, and with it that of a function whose link state is auto.</summary>
        public void PortLinkChanged(int function)
        {
            if (_table.LinkState[function] == ManagementLinkState.Auto)
            {
                TellLink(function, IsLinkUp(function));
            }
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

            bool isTrusted = after.Has(function, PolicyTable.Trusted);
            if (isLive && isTrusted != IsTrusted(function))
            {
                _switch.SetTrusted(function, isTrusted);
                if (!isTrusted)
                {
                    ResetMode(function);
                }
            }

            if (IsTrusted(function) && !isTrusted && (after.Mac[function] & PolicyTable.Pinned) != 0)
            {
                ChangeMac(function, after.Address(function));
            }

            TellVectors(after, function);
            if (after.QueuePairs[function] != _table.QueuePairs[function])
            {
                _state.ConfigChanged[function] = 1;
            }

            if (IsLinkUp(after, function) != IsLinkUp(function))
            {
                TellLink(function, IsLinkUp(after, function));
            }
        }

        private bool IsLinkUp(PolicyTable table, int function)
        {
            int linkState = table.LinkState[function];
            return linkState == ManagementLinkState.Auto ? _port.IsLinkUp : linkState == ManagementLinkState.Enable;
        }

        private void TellVectors(PolicyTable table, int function)
        {
            _space.StoreBits(
                function, _space.TemplateOf(function).Offsets.Msix + MsixCapability.MessageControlOffset,
                MsixCapability.MessageControlTableSizeMask, (uint)(table.MsixVectors[function] - 1));
        }

        // Without CTRL_RX no driver can ask for multicast, and without it there is no IPv6.
        private void ResetMode(int function)
        {
            _state.ReceiveMode[function] =
                _state.IsNegotiated(function, FeatureOffer.CtrlRx) ? (byte)0 : (byte)ReceiveMode.AllMulticast;
            _state.FilterOverflow[function] = 0;
            _switch.SetReceiveMode(function, _state.ReceiveMode[function]);
        }

        private void TellLink(int function, bool isUp)
        {
            _state.ConfigChanged[function] = 1;
            if (_state.IsLive(function))
            {
                _switch.SetLinkUp(function, isUp);
                _moderator.ConfigurationChanged(function);
            }
        }

        private void TellVlan(PolicyTable table, int function)
        {
            uint vlan = table.Vlan[function];
            _switch.SetPortVlan(
                function, (int)(long)(vlan & ManagementVlan.IdMask),
                (int)(long)((vlan & ManagementVlan.PriorityMask) >> ManagementVlan.PriorityShift),
                (int)(long)(vlan >> ManagementVlan.ProtocolShift));
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
