// The keys of a policy: what an operator may write for the port, a rate group, a function, and what values each takes. Knows no YAML.
using System.Collections.Generic;
using System.Linq;

namespace SmartNicFw.HostTools.Policy;

/// <summary>How a value is written.</summary>
internal enum PolicyValueForm
{
    /// <summary>A decimal number.</summary>
    Number,

    /// <summary>A rate, as <see cref="RateText"/> has it; kept in Mbit/s.</summary>
    Rate,

    /// <summary>on or off.</summary>
    Switch,

    /// <summary>Six bytes in hexadecimal with colons.</summary>
    Mac,

    /// <summary>802.1Q or 802.1ad.</summary>
    VlanProtocol,

    /// <summary>auto, enable or disable.</summary>
    LinkState,

    /// <summary>The name of a rate group, or port.</summary>
    Group,
}

/// <summary>A key and what it takes.</summary>
/// <param name="Least">Least number, in the unit that is kept.</param>
/// <param name="Most">Greatest number, in the unit that is kept.</param>
/// <param name="Meaning">A short line for the schema and for help.</param>
internal sealed record PolicyKey(string Name, PolicyValueForm Form, uint Least, uint Most, string Meaning)
{
    /// <summary>Version of the shape of the file that this program reads and writes.</summary>
    public const int Version = 1;

    /// <summary>Greatest rate that a function or a group can have, Mbit/s.</summary>
    public const uint MaxMbps = 1_000_000;

    /// <summary>Greatest weight of a share.</summary>
    public const uint MaxWeight = 1000;

    /// <summary>Greatest ceiling of interrupts a second.</summary>
    public const uint MaxInterrupts = 1_000_000;

    /// <summary>Most rate groups that a device can have beside the port.</summary>
    public const int MaxGroups = 254;

    /// <summary>Most names of functions in a file: more than an endpoint has functions.</summary>
    public const int MaxFunctionNames = 8192;

    /// <summary>The port's own.</summary>
    public static readonly PolicyKey PortMax = new("tx_max", PolicyValueForm.Rate, 0, MaxMbps, "Limit of the Ethernet port; 0 for its speed.");

    /// <summary>A function's MAC address.</summary>
    public static readonly PolicyKey Mac = new("mac", PolicyValueForm.Mac, 0, 0, "MAC address; the device's own where it is not named.");

    /// <summary>A function's port VLAN.</summary>
    public static readonly PolicyKey Vlan = new("vlan", PolicyValueForm.Number, 0, 4094, "Port VLAN; 0 for none.");

    /// <summary>Priority in that VLAN.</summary>
    public static readonly PolicyKey Qos = new("qos", PolicyValueForm.Number, 0, 7, "802.1p priority, in the port VLAN where there is one, and with it the class that the function sends in.");

    /// <summary>Protocol of that VLAN.</summary>
    public static readonly PolicyKey Protocol = new("proto", PolicyValueForm.VlanProtocol, 0, 0, "Protocol of the port VLAN.");

    /// <summary>A function's limit.</summary>
    public static readonly PolicyKey MaxTxRate = new("max_tx_rate", PolicyValueForm.Rate, 0, MaxMbps, "Limit; 0 for none.");

    /// <summary>A function's guarantee.</summary>
    public static readonly PolicyKey MinTxRate = new("min_tx_rate", PolicyValueForm.Rate, 0, MaxMbps, "Guarantee; 0 for none.");

    /// <summary>Whether frames from another source address are dropped.</summary>
    public static readonly PolicyKey SpoofCheck = new("spoofchk", PolicyValueForm.Switch, 0, 1, "Drop frames from another source address than its own; on for a VF, off for a PF.");

    /// <summary>Whether a function is trusted.</summary>
    public static readonly PolicyKey Trust = new("trust", PolicyValueForm.Switch, 0, 1, "It may set its own MAC address, be promiscuous, receive all multicast.");

    /// <summary>The link that a function's driver sees.</summary>
    public static readonly PolicyKey State = new("state", PolicyValueForm.LinkState, 0, 2, "Link that its driver sees: the port's, up, or down.");

    /// <summary>A function's share.</summary>
    public static readonly PolicyKey Weight = new("weight", PolicyValueForm.Number, 1, MaxWeight, "Share among those of its group and class.");

    /// <summary>Queue pairs.</summary>
    public static readonly PolicyKey Queues = new("queues", PolicyValueForm.Number, 1, 32768, "Queue pairs of a VF.");

    /// <summary>MSI-X vectors.</summary>
    public static readonly PolicyKey Msix = new("msix", PolicyValueForm.Number, 1, 2048, "MSI-X vectors of a VF.");

    /// <summary>The rate group of a function.</summary>
    public static readonly PolicyKey Group = new("group", PolicyValueForm.Group, 0, 0, "Rate group that it is in; port for none.");

    /// <summary>Ceiling of interrupts.</summary>
    public static readonly PolicyKey Interrupts = new("interrupts", PolicyValueForm.Number, 0, MaxInterrupts, "Interrupts of its queues a second at the most; 0 for any number.");

    /// <summary>Adaptive moderation.</summary>
    public static readonly PolicyKey Adaptive = new("adaptive", PolicyValueForm.Switch, 0, 1, "Moderate its interrupts by what traffic does, where its driver sets nothing.");

    /// <summary>The group of a group.</summary>
    public static readonly PolicyKey Parent = new("parent", PolicyValueForm.Group, 0, 0, "Group that it is in; port for none.");

    /// <summary>A group's guarantee.</summary>
    public static readonly PolicyKey TxShare = new("tx_share", PolicyValueForm.Rate, 0, MaxMbps, "Guarantee of all that is in it together; 0 for none.");

    /// <summary>A group's limit.</summary>
    public static readonly PolicyKey TxMax = new("tx_max", PolicyValueForm.Rate, 0, MaxMbps, "Limit of all that is in it together; 0 for none.");

    /// <summary>A group's priority.</summary>
    public static readonly PolicyKey TxPriority = new("tx_priority", PolicyValueForm.Number, 0, 7, "802.1p priority.");

    /// <summary>A group's share.</summary>
    public static readonly PolicyKey TxWeight = new("tx_weight", PolicyValueForm.Number, 1, MaxWeight, "Share among those of its parent.");

    /// <summary>Keys of the port.</summary>
    public static readonly IReadOnlyList<PolicyKey> OfPort = [PortMax];

    /// <summary>Keys of a rate group.</summary>
    public static readonly IReadOnlyList<PolicyKey> OfGroup = [Parent, TxShare, TxMax, TxPriority, TxWeight];

    /// <summary>Keys of a virtual function, in the order in which they are written.</summary>
    public static readonly IReadOnlyList<PolicyKey> OfVf =
    [
        Mac, Vlan, Qos, Protocol, MaxTxRate, MinTxRate, SpoofCheck, Trust, State, Weight, Queues, Msix, Group, Interrupts, Adaptive,
    ];

    /// <summary>Keys of a physical function: it is always trusted, and its queues and vectors cannot move.</summary>
    public static readonly IReadOnlyList<PolicyKey> OfPf = [.. OfVf.Where(key => key != Trust && key != Queues && key != Msix)];
}
