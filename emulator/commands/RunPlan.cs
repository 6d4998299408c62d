// What emulator run was asked for, as its options say it.
using SmartNicFw.Firmware;

namespace SmartNicFw.Emulator.Commands;

/// <summary>The endpoints of one run: those of hierarchies first, then those whose functions are handed out.</summary>
internal sealed record RunPlan
{
    /// <summary>PFs of each endpoint.</summary>
    public required int PhysicalFunctions { get; init; }

    /// <summary>MTU that functions report, bytes.</summary>
    public int Mtu { get; init; } = new EndpointConfiguration().Mtu;

    /// <summary>Functions offer packed virtqueues.</summary>
    public bool OffersPackedRings { get; init; } = true;

    /// <summary>Sockets, one for each endpoint with its hierarchy.</summary>
    public string[] Hierarchies { get; init; } = [];

    /// <summary>TotalVFs of those.</summary>
    public int HierarchyVFs { get; init; }

    /// <summary>The VMD controllers have the host remap interrupts.</summary>
    public bool OffersRemap { get; init; }

    /// <summary>Folders, one for each endpoint whose functions are handed out.</summary>
    public string[] FunctionFolders { get; init; } = [];

    /// <summary>TotalVFs of those.</summary>
    public int FunctionVFs { get; init; }

    /// <summary>Management sockets, in the order of the endpoints; an endpoint without has none.</summary>
    public string[] ManagementSockets { get; init; } = [];

    /// <summary>Files that keep policy, in the order of the endpoints; an endpoint without keeps nothing.</summary>
    public string[] Stores { get; init; } = [];

    /// <summary>VFs of each PF that are enabled at the start.</summary>
    public int EnabledVFs { get; init; }

    /// <summary>Shares, rates and interrupts that every endpoint starts with, in this order.</summary>
    public ShareSetting[] Shares { get; init; } = [];

    /// <summary>Wires, in the order of the endpoints; an endpoint without has <see cref="WireOption.Standard"/>.</summary>
    public string[] Wires { get; init; } = [];
}
