// Which serial number each endpoint of a process has, and with it which addresses its functions have. Knows no endpoint.
using SmartNicFw.Firmware;

namespace SmartNicFw.Emulator.Service;

/// <summary>
/// Functions derive their Ethernet addresses from the serial number and their own number (<see cref="Firmware.Management.VfPolicy"/>):
/// endpoints whose wires meet need numbers that lie further apart than an endpoint has functions.
/// </summary>
internal static class SerialNumbers
{
    // An endpoint has at the most 4 PFs of 1,024 VFs; the addresses take the lower 24 bits.
    private const int FunctionBits = 16;

    /// <summary>The number of an endpoint; different for each of 256, and for the first one that of the standard configuration.</summary>
    /// <param name="endpoint">Counted from 0.</param>
    public static ulong Of(int endpoint) => new EndpointConfiguration().SerialNumber + ((ulong)(byte)endpoint << FunctionBits);
}
