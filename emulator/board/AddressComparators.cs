// The address comparators of the card: which function and BAR a memory address belongs to.
using SmartNicFw.Firmware;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.Emulator.Board;

/// <summary>A memory address as the endpoint decodes it.</summary>
/// <param name="PhysicalFunction">The PF, 0 upwards.</param>
/// <param name="Vf">Number of the VF within the PF, or -1 for the PF itself.</param>
/// <param name="Bar">Index of the BAR's lower register.</param>
/// <param name="Offset">Offset within that function's range, bytes.</param>
public readonly record struct DecodedAddress(int PhysicalFunction, int Vf, int Bar, ulong Offset);

/// <summary>
/// Comparators as firmware set them: one range for each BAR of a PF, and one run of equal ranges for each VF BAR.
/// Where software lets ranges overlap, the lowest PF wins, its own BARs before those of its VFs.
/// </summary>
public sealed class AddressComparators : IAddressDecodePort
{
    private const int RunsPerFunction = 2 * BarMap.RegionCount;

    private readonly Run[] _runs = new Run[EndpointConfiguration.MaxPhysicalFunctions * RunsPerFunction];

    /// <summary>Number of times firmware has set a comparator.</summary>
    public long Updates { get; private set; }

    /// <inheritdoc/>
    public void SetPhysicalFunctionRange(int physicalFunction, int bar, ulong baseAddress, uint bytes, bool isEnabled) =>
        Set(physicalFunction, bar, isVirtual: false, new Run(baseAddress, bytes, 1, isEnabled));

    /// <inheritdoc/>
    public void SetVirtualFunctionRanges(
        int physicalFunction, int bar, ulong baseAddress, uint bytesEach, int count, bool isEnabled) =>
        Set(physicalFunction, bar, isVirtual: true, new Run(baseAddress, bytesEach, count, isEnabled));

    /// <summary>Finds the function that answers to an address.</summary>
    /// <returns>Null when none does: the request is unsupported.</returns>
    public DecodedAddress? Decode(ulong address)
    {
        for (int index = 0; index < _runs.Length; index++)
        {
            Run run = _runs[index];
            ulong distance = address - run.Base;
            if (run.IsEnabled && address >= run.Base && distance < (ulong)run.Bytes * (ulong)run.Count)
            {
                int inFunction = index % RunsPerFunction;
                bool isVirtual = inFunction >= BarMap.RegionCount;
                return new DecodedAddress(
                    index / RunsPerFunction,
                    isVirtual ? (int)(distance / run.Bytes) : -1,
                    inFunction % BarMap.RegionCount * BarMap.BarsPerRegion,
                    distance % run.Bytes);
            }
        }

        return null;
    }

    private void Set(int physicalFunction, int bar, bool isVirtual, Run run)
    {
        Updates++;
        int index = (physicalFunction * RunsPerFunction) + (isVirtual ? BarMap.RegionCount : 0) + (bar / BarMap.BarsPerRegion);
        _runs[index] = run;
    }

    private readonly record struct Run(ulong Base, uint Bytes, int Count, bool IsEnabled);
}
