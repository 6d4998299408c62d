// Follows the two chains of capabilities through a configuration space, whatever its bytes are. Knows no field of them.
using System.Collections.Generic;
using SmartNicFw.Hal;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.HostTools.Config;

/// <summary>One capability that was found.</summary>
/// <param name="Offset">Where it begins.</param>
/// <param name="Version">Of an extended one; 0 for another.</param>
internal sealed record FoundCapability(int Offset, int Id, bool IsExtended, int Version);

/// <summary>Bounded: a chain that leads back, or out of its region, ends there.</summary>
internal static class CapabilityWalk
{
    private const int PointerMask = 0xFC;
    private const int ExtendedPointerMask = 0xFFC;

    /// <summary>All capabilities, in the order of their chains.</summary>
    /// <param name="config">4,096 bytes.</param>
    /// <param name="fault">Receives where a chain is not in order, or null.</param>
    public static IReadOnlyList<FoundCapability> Of(byte[] config, out string? fault)
    {
        var found = new List<FoundCapability>();
        fault = null;
        var seen = new HashSet<int>();
        int status = LittleEndian.ReadU16(config, PciConfigHeader.StatusOffset);
        int at = (status & PciConfigHeader.StatusCapabilitiesListMask) != 0 ? config[PciConfigHeader.CapabilitiesPointerOffset] & PointerMask : 0;
        while (at != 0 && IsInOrder(seen, at, PciCapability.FirstOffset, ref fault))
        {
            found.Add(new FoundCapability(at, config[at + PciCapability.IdOffset], false, 0));
            at = config[at + PciCapability.NextOffset] & PointerMask;
        }

        at = PciExtendedCapability.FirstOffset;
        while (at != 0 && IsInOrder(seen, at, PciExtendedCapability.FirstOffset, ref fault))
        {
            uint header = LittleEndian.ReadU32(config, at);
            if (header is 0 or uint.MaxValue)
            {
                break;
            }

            int version = (int)((header & PciExtendedCapability.HeaderVersionMask) >> PciExtendedCapability.HeaderVersionShift);
            found.Add(new FoundCapability(at, (int)(header & PciExtendedCapability.HeaderIdMask), true, version));
            at = (int)(header >> PciExtendedCapability.HeaderNextShift) & ExtendedPointerMask;
        }

        return found;
    }

    /// <summary>Finds an extended capability.</summary>
    /// <returns>Its offset, or 0.</returns>
    public static int FindExtended(byte[] config, int id)
    {
        foreach (FoundCapability capability in Of(config, out _))
        {
            if (capability.IsExtended && capability.Id == id)
            {
                return capability.Offset;
            }
        }

        return 0;
    }

    private static bool IsInOrder(HashSet<int> seen, int at, int first, ref string? fault)
    {
        if (at < first)
        {
            fault = $"a capability begins at {at:x2}h, before {first:x2}h";
            return false;
        }

        if (!seen.Add(at))
        {
            fault = $"the chain of capabilities leads back to {at:x2}h";
            return false;
        }

        return true;
    }
}
