// What firmware tells the switch of each function, and how it is kept so that a look-up finds it at once. Knows no frame.
using System;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Emulator.Net;

/// <content>The forwarding table.</content>
public sealed partial class PacketSwitch
{
    /// <summary>
    /// Entries of a function's filter, unicast and multicast each; firmware refuses longer ones. Should more come, unicast
    /// beyond it is not received, and multicast beyond it turns on all multicast, as VIRTIO 1.4, 5.1.6.5.2 allows.
    /// </summary>
    public const int MaxFilterEntries = 64;

    private const int VlanWords = 4096 / 64;

    private readonly FunctionState[] _functions;
    private readonly ulong[]?[] _filters;
    private readonly ulong[] _vlans;
    private readonly MacTable _owners;

    // Functions that receive frames which they do not own, by kind of frame; rebuilt when a mode changes.
    private readonly int[] _unicastTakers;
    private readonly int[] _multicastTakers;
    private readonly int[] _broadcastTakers;
    private readonly uint[] _marks;
    private int _unicastCount;
    private int _multicastCount;
    private int _broadcastCount;
    private int _portVlanFunctions;
    private uint _mark;

    /// <inheritdoc/>
    /// <remarks>Settings made before a function is enabled are kept; disabling forgets them. Counters stay.</remarks>
    public void SetEnabled(int function, bool isEnabled)
    {
        Unlink(function);
        if (isEnabled)
        {
            _functions[function].IsEnabled = true;
        }
        else
        {
            _functions[function] = default;
            _filters[function] = null;
            _vlans.AsSpan(function * VlanWords, VlanWords).Clear();
            _steering[function] = null;
        }

        Link(function);
    }

    /// <inheritdoc/>
    public void SetMac(int function, ulong mac)
    {
        Unlink(function);
        _functions[function].Mac = mac & Ethernet.AddressMask;
        Link(function);
    }

    /// <inheritdoc/>
    public void SetReceiveMode(int function, int mode)
    {
        _functions[function].Mode = mode;
        ListTakers();
    }

    /// <inheritdoc/>
    public void SetFilter(int function, byte[] macs, int unicastCount, int multicastCount)
    {
        ArgumentNullException.ThrowIfNull(macs);
        Unlink(function);
        int unicast = Math.Min(unicastCount, MaxFilterEntries);
        int multicast = Math.Min(multicastCount, MaxFilterEntries);
        var filter = new ulong[unicast + multicast];
        for (int index = 0; index < filter.Length; index++)
        {
            filter[index] = Address(macs, index < unicast ? index : unicastCount + index - unicast);
        }

        _filters[function] = filter;
        _functions[function].IsMulticastOverflow = multicastCount > MaxFilterEntries;
        Link(function);
    }

    /// <inheritdoc/>
    public void SetVlanFiltering(int function, bool isOn) => _functions[function].IsVlanFiltered = isOn;

    /// <inheritdoc/>
    public void SetVlan(int function, int vlan, bool isMember)
    {
        ulong bit = 1UL << (vlan & 63);
        ref ulong word = ref _vlans[(function * VlanWords) + ((vlan & Ethernet.VlanMask) >> 6)];
        word = isMember ? word | bit : word & ~bit;
    }

    /// <inheritdoc/>
    public void SetPortVlan(int function, int vlan, int priority, int protocol)
    {
        Unlink(function);
        vlan &= Ethernet.VlanMask;
        _functions[function].PortVlan = vlan != 0 && protocol == Ethernet.TypeServiceVlan ? vlan | ServiceVlan : vlan;
        _functions[function].Tag = vlan == 0 ? 0 : VlanTag.Value(protocol, vlan, priority);
        Link(function);
    }

    /// <inheritdoc/>
    public void SetLinkUp(int function, bool isUp)
    {
        ForgetPlain();
        _functions[function].IsLinkDown = !isUp;
    }

    /// <inheritdoc/>
    public void SetTrusted(int function, bool isTrusted)
    {
        ForgetPlain();
        _functions[function].IsTrusted = isTrusted;
    }

    /// <inheritdoc/>
    public void SetSpoofCheck(int function, bool isOn)
    {
        ForgetPlain();
        _functions[function].IsSpoofChecked = isOn;
    }

    private static ulong Address(byte[] macs, int index)
    {
        ulong mac = 0;
        for (int place = Ethernet.AddressBytes - 1; place >= 0; place--)
        {
            mac = (mac << 8) | macs[(index * Ethernet.AddressBytes) + place];
        }

        return mac;
    }

    private bool IsMember(int function, int vlan) => (_vlans[(function * VlanWords) + (vlan >> 6)] >> (vlan & 63) & 1) != 0;

    // Takes all of a function's addresses out of the table; Link puts back what is to be there after a change.
    private void Unlink(int function)
    {
        ref FunctionState state = ref _functions[function];
        _owners.Remove(MacTable.Key(state.Mac, state.PortVlan), function);
        foreach (ulong mac in _filters[function] ?? [])
        {
            _owners.Remove(MacTable.Key(mac, state.PortVlan), function);
        }
    }

    private void Link(int function)
    {
        ref FunctionState state = ref _functions[function];
        if (state.IsEnabled)
        {
            if (state.Mac != 0)
            {
                _owners.Add(MacTable.Key(state.Mac, state.PortVlan), function);
            }

            foreach (ulong mac in _filters[function] ?? [])
            {
                _owners.Add(MacTable.Key(mac, state.PortVlan), function);
            }
        }

        ListTakers();
    }

    private void ListTakers()
    {
        ForgetPlain();
        _unicastCount = 0;
        _multicastCount = 0;
        _broadcastCount = 0;
        _portVlanFunctions = 0;
        for (int function = 0; function < _functions.Length; function++)
        {
            ref FunctionState state = ref _functions[function];
            if (!state.IsEnabled)
            {
                continue;
            }

            _portVlanFunctions += state.PortVlan != 0 ? 1 : 0;
            int mode = state.IsMulticastOverflow ? state.Mode | ReceiveMode.AllMulticast : state.Mode;
            if (Takes(mode, ReceiveMode.AllUnicast, ReceiveMode.NoUnicast))
            {
                _unicastTakers[_unicastCount++] = function;
            }

            if (Takes(mode, ReceiveMode.AllMulticast, ReceiveMode.NoMulticast))
            {
                _multicastTakers[_multicastCount++] = function;
            }

            if ((mode & ReceiveMode.Promiscuous) != 0 || (mode & ReceiveMode.NoBroadcast) == 0)
            {
                _broadcastTakers[_broadcastCount++] = function;
            }
        }
    }

    // Promiscuous outdoes every refusal, and a refusal outdoes "all" (VIRTIO 1.4, 5.1.6.5.1).
    private static bool Takes(int mode, int all, int refusal) =>
        (mode & ReceiveMode.Promiscuous) != 0 || (mode & (all | refusal)) == all;

    private struct FunctionState
    {
        public ulong Mac;
        public int Mode;
        public int PortVlan;
        public uint Tag;
        public bool IsEnabled;
        public bool IsSpoofChecked;
        public bool IsVlanFiltered;
        public bool IsLinkDown;
        public bool IsTrusted;
        public bool IsMulticastOverflow;
    }
}
