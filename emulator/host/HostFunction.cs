// What host software knows of a function after it has looked at it.
using System.Collections.Generic;
using System.Linq;

namespace SmartNicFw.Emulator.Host;

/// <summary>A capability as found in a chain.</summary>
/// <param name="Id">Capability ID.</param>
/// <param name="Version">Version of an extended capability, else 0.</param>
/// <param name="Offset">Offset in configuration space, bytes.</param>
/// <param name="IsExtended">True for an extended capability.</param>
public sealed record HostCapability(int Id, int Version, int Offset, bool IsExtended);

/// <summary>A memory BAR, or the VF BAR of a PF.</summary>
/// <param name="Index">Index of its lower register.</param>
/// <param name="Bytes">Size of the range; for a VF BAR, of one VF's range.</param>
/// <param name="Is64Bit">Whether it takes two registers.</param>
/// <param name="IsPrefetchable">Its prefetchable bit.</param>
public sealed record HostBar(int Index, ulong Bytes, bool Is64Bit, bool IsPrefetchable)
{
    /// <summary>Address that the host assigned.</summary>
    public ulong Address { get; set; }
}

/// <summary>SR-IOV of a PF as the kernel keeps it.</summary>
public sealed class HostSriov
{
    /// <summary>TotalVFs.</summary>
    public required int TotalVFs { get; init; }

    /// <summary>VF Device ID.</summary>
    public required int VfDeviceId { get; init; }

    /// <summary>Page size written to System Page Size, bytes.</summary>
    public required ulong PageBytes { get; init; }

    /// <summary>VF BARs; each takes TotalVFs times its size.</summary>
    public required IReadOnlyList<HostBar> VfBars { get; init; }

    /// <summary>Highest bus number that a VF can have, over all values of NumVFs.</summary>
    public required int MaxVfBus { get; init; }

    /// <summary>Function Dependency Link.</summary>
    public required int FunctionDependency { get; init; }

    /// <summary>SR-IOV Control as the kernel wrote it last.</summary>
    public required uint Control { get; set; }

    /// <summary>First VF Offset as read last.</summary>
    public int FirstVfOffset { get; set; }

    /// <summary>VF Stride as read last.</summary>
    public int VfStride { get; set; }

    /// <summary>The enabled VFs, in order.</summary>
    public List<HostFunction> VFs { get; } = [];
}

/// <summary>A PF or VF as the host found it.</summary>
public sealed class HostFunction
{
    /// <summary>Where it is.</summary>
    public required PciAddress Address { get; init; }

    /// <summary>Vendor ID as software uses it: a VF's is its PF's.</summary>
    public required int VendorId { get; init; }

    /// <summary>Device ID as software uses it: a VF's is VF Device ID of its PF.</summary>
    public required int DeviceId { get; init; }

    /// <summary>Class code, 24 bits.</summary>
    public required int ClassCode { get; init; }

    /// <summary>Revision ID.</summary>
    public required int Revision { get; init; }

    /// <summary>Capabilities of both chains, in the order they are linked.</summary>
    public required IReadOnlyList<HostCapability> Capabilities { get; init; }

    /// <summary>BARs; for a VF the slices of its PF's VF BARs that are its own.</summary>
    public required IReadOnlyList<HostBar> Bars { get; init; }

    /// <summary>The PF that a VF belongs to; null for a PF.</summary>
    public HostFunction? PhysicalFunction { get; init; }

    /// <summary>Number of the PF on the device, or of the VF within its PF, 0 upwards.</summary>
    public required int Number { get; init; }

    /// <summary>SR-IOV, when a PF has it.</summary>
    public HostSriov? Sriov { get; set; }

    /// <summary>Name as the command line has it: pf0, or pf0vf3.</summary>
    public string Name => PhysicalFunction is null ? $"pf{Number}" : $"pf{PhysicalFunction.Number}vf{Number}";

    /// <summary>Offset of a capability, 0 when the function has none with this ID.</summary>
    public int Find(int id, bool isExtended) =>
        Capabilities.FirstOrDefault(capability => capability.Id == id && capability.IsExtended == isExtended)?.Offset ?? 0;
}
