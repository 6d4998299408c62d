// A whole policy as numbers, of what a device has or of what a file wants: attributes by function, groups by number. Compares nothing.
using System.Collections.Generic;
using System.Globalization;
using SmartNicFw.Hal.Regs;
using SmartNicFw.HostTools.Client;
using SmartNicFw.HostTools.Vocabulary;

namespace SmartNicFw.HostTools.Policy;

/// <summary>Attributes of all functions, and the groups that there are.</summary>
internal sealed class PolicyState
{
    private const int Attributes = ManagementAttributeKind.Last + 1;

    private readonly ulong[] _values;

    /// <summary>Starts as a device does that was never told anything.</summary>
    public PolicyState(EndpointFacts facts)
    {
        Facts = facts;
        _values = new ulong[facts.Functions * Attributes];
        for (int function = 0; function < facts.Functions; function++)
        {
            for (int attribute = 1; attribute < Attributes; attribute++)
            {
                this[function, attribute] = facts.Default(function, attribute);
            }
        }
    }

    /// <summary>The endpoint that it is for.</summary>
    public EndpointFacts Facts { get; }

    /// <summary>The port's limit, Mbit/s; 0 for its speed.</summary>
    public uint PortMax { get; set; }

    /// <summary>The groups by number, 1 upwards.</summary>
    public SortedDictionary<int, RateGroupInfo> Groups { get; } = [];

    /// <summary>An attribute of a function.</summary>
    /// <param name="attribute">One of <see cref="ManagementAttributeKind"/>. A MAC address of 0 stands for the device's own.</param>
    public ulong this[int function, int attribute]
    {
        get => _values[(function * Attributes) + attribute];
        set => _values[(function * Attributes) + attribute] = value;
    }

    /// <summary>What a group is called: by its name, or by its number where it has none.</summary>
    /// <param name="group">0 for the port.</param>
    public string NameOf(int group) =>
        group != 0 && Groups.TryGetValue(group, out RateGroupInfo? there) ? RateGroupName.Of(there)
        : group == 0 ? RateGroupName.Port
        : string.Create(CultureInfo.InvariantCulture, $"{group}");
}
