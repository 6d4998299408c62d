// What a policy has to know of the endpoint that it is for: which functions there are, and what they have after the first start.
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.HostTools.Policy;

/// <summary>Facts of an endpoint that no policy changes.</summary>
/// <param name="PhysicalFunctions">PFs, 1 upwards.</param>
/// <param name="TotalVFs">VFs that each of them may have.</param>
/// <param name="RateGroups">Rate groups that there may be beside the port.</param>
/// <param name="EthernetMbps">Speed of the port, Mbit/s.</param>
internal sealed record EndpointFacts(
    int PhysicalFunctions, int TotalVFs, int RateGroups, uint EthernetMbps, int PfQueuePairs, int VfQueuePairs, int PfMsixVectors,
    int VfMsixVectors)
{
    /// <summary>Functions, enabled or not.</summary>
    public int Functions => PhysicalFunctions + (PhysicalFunctions * TotalVFs);

    /// <summary>Index of a VF.</summary>
    /// <param name="pf">Its PF.</param>
    /// <param name="vf">Its number within the PF.</param>
    public int IndexOf(int pf, int vf) => vf == FunctionRange.None ? pf : PhysicalFunctions + (pf * TotalVFs) + vf;

    /// <summary>The name of a function as a range of one.</summary>
    public FunctionRange RangeOf(int function)
    {
        if (function < PhysicalFunctions)
        {
            return new FunctionRange(function, FunctionRange.None, FunctionRange.None);
        }

        int vf = (function - PhysicalFunctions) % TotalVFs;
        return new FunctionRange((function - PhysicalFunctions) / TotalVFs, vf, vf);
    }

    /// <summary>What an attribute is where nobody has set it.</summary>
    /// <param name="attribute">One of <see cref="ManagementAttributeKind"/>. A MAC address of 0 stands for the device's own.</param>
    public ulong Default(int function, int attribute)
    {
        bool isPf = function < PhysicalFunctions;
        return attribute switch
        {
            ManagementAttributeKind.SpoofCheck => isPf ? 0u : 1u,
            ManagementAttributeKind.Trust => isPf ? 1u : 0u,
            ManagementAttributeKind.Weight => 1,
            ManagementAttributeKind.QueuePairs => (ulong)(isPf ? PfQueuePairs : VfQueuePairs),
            ManagementAttributeKind.MsixVectors => (ulong)(isPf ? PfMsixVectors : VfMsixVectors),
            _ => 0,
        };
    }
}
