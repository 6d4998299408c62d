// Who enables VFs where the root complex is of this process. Knows no frame.
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.Emulator.Management;

/// <summary>What became of a request.</summary>
/// <param name="Status">One of <see cref="ManagementStatus"/>.</param>
/// <param name="Reason">One of <see cref="ManagementReason"/>.</param>
/// <param name="Text">The reason in one line; null when it is done.</param>
public readonly record struct HostAnswer(int Status, int Reason, string? Text);

/// <summary>The host that owns the endpoint, as far as an operator may ask it for something.</summary>
public interface IRootComplexHost
{
    /// <summary>Enables as many VFs of a PF; those that stay notice nothing.</summary>
    /// <param name="physicalFunction">Any number.</param>
    /// <param name="count">Any number.</param>
    HostAnswer SetNumVFs(int physicalFunction, int count);
}
