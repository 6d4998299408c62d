// A switch that only notes what firmware programs.
using System;
using System.Collections.Generic;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Tests.Fakes;

internal sealed class RecordingSwitch : ISwitchTable
{
    /// <summary>Functions that take part.</summary>
    public HashSet<int> Enabled { get; } = [];

    public Dictionary<int, ulong> Mac { get; } = [];

    public Dictionary<int, int> Mode { get; } = [];

    public Dictionary<int, (string Macs, int Unicast, int Multicast)> Filter { get; } = [];

    public Dictionary<int, bool> VlanFiltering { get; } = [];

    public HashSet<(int Function, int Vlan)> Vlans { get; } = [];

    public Dictionary<int, (int Vlan, int Priority)> PortVlan { get; } = [];

    public Dictionary<int, int> Protocol { get; } = [];

    public Dictionary<int, bool> LinkUp { get; } = [];

    public Dictionary<int, bool> Trusted { get; } = [];

    public Dictionary<int, bool> SpoofCheck { get; } = [];

    public Dictionary<int, string> Steering { get; } = [];

    public void SetEnabled(int function, bool isEnabled)
    {
        if (isEnabled)
        {
            Enabled.Add(function);
        }
        else
        {
            Enabled.Remove(function);
        }
    }

    public void SetMac(int function, ulong mac) => Mac[function] = mac;

    public void SetReceiveMode(int function, int mode) => Mode[function] = mode;

    public void SetFilter(int function, byte[] macs, int unicastCount, int multicastCount) => Filter[function] =
        (Convert.ToHexString(macs.AsSpan(0, 6 * (unicastCount + multicastCount))), unicastCount, multicastCount);

    public void SetVlanFiltering(int function, bool isOn) => VlanFiltering[function] = isOn;

    public void SetVlan(int function, int vlan, bool isMember)
    {
        if (isMember)
        {
            Vlans.Add((function, vlan));
        }
        else
        {
            Vlans.Remove((function, vlan));
        }
    }

    public void SetPortVlan(int function, int vlan, int priority, int protocol) =>
        (PortVlan[function], Protocol[function]) = ((vlan, priority), protocol);

    public void SetLinkUp(int function, bool isUp) => LinkUp[function] = isUp;

    public void SetTrusted(int function, bool isTrusted) => Trusted[function] = isTrusted;

    public void SetSpoofCheck(int function, bool isOn) => SpoofCheck[function] = isOn;

    public void SetSteering(SteeringSetup setup) => Steering[setup.Function] =
        $"{(setup.IsRss ? "rss" : "auto")} pairs {setup.Pairs} types {setup.HashTypes:x} else {setup.UnclassifiedPair} "
        + $"table {string.Join(',', setup.Pair.AsSpan(0, setup.Entries).ToArray())} key {Convert.ToHexString(setup.Key)}";
}
