// A configuration space as lspci -xxxx prints it, so that lspci -vvv -F FILE reads it back. Asks no device.
using System.Globalization;
using System.IO;
using SmartNicFw.Hal;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.HostTools.Config;

/// <summary>Source of the form: pciutils, lspci(8), options -x and -F.</summary>
internal static class ConfigText
{
    private const int BytesPerLine = 16;

    /// <summary>Where a function is said to be when no host gives it a place: as the emulator's own host places it.</summary>
    public const int PlainBus = 1;

    /// <summary>
    /// Gives a VF the IDs that host software gives it: its own read FFFFh, and software takes them from its PF (PCI Express Base
    /// Specification 5.0, 9.3.4.1).
    /// </summary>
    public static void GiveIds(byte[] vf, byte[] physicalFunction)
    {
        int sriov = CapabilityWalk.FindExtended(physicalFunction, PciExtendedCapability.IdSriov);
        if (sriov != 0 && sriov + SriovCapability.Bytes <= physicalFunction.Length)
        {
            LittleEndian.WriteU16(vf, PciConfigHeader.VendorIdOffset, LittleEndian.ReadU16(physicalFunction, PciConfigHeader.VendorIdOffset));
            LittleEndian.WriteU16(vf, PciConfigHeader.DeviceIdOffset, LittleEndian.ReadU16(physicalFunction, sriov + SriovCapability.VfDeviceIdOffset));
        }
    }

    /// <summary>Prints one function.</summary>
    /// <param name="routingId">Bus, device and function.</param>
    /// <param name="domain">Printed before it where it is not empty: "10000:".</param>
    public static void Print(TextWriter output, byte[] config, int routingId, string domain)
    {
        output.WriteLine(Title(config, routingId, domain));
        for (int line = 0; line < config.Length; line += BytesPerLine)
        {
            output.Write(line.ToString("x2", CultureInfo.InvariantCulture));
            output.Write(':');
            for (int column = 0; column < BytesPerLine; column++)
            {
                output.Write(' ');
                output.Write(config[line + column].ToString("x2", CultureInfo.InvariantCulture));
            }

            output.WriteLine();
        }

        output.WriteLine();
    }

    /// <summary>Bus, device and function as lspci writes them.</summary>
    public static string Address(int routingId) => string.Create(
        CultureInfo.InvariantCulture,
        $"{routingId >> RoutingId.BusShift:x2}:{(routingId & RoutingId.DevfnMask) >> RoutingId.DeviceShift:x2}.{routingId % RoutingId.FunctionsPerDevice}");

    private static string Title(byte[] config, int routingId, string domain)
    {
        string kind = config[PciConfigHeader.BaseClassOffset] == PciConfigHeader.BaseClassBridge ? "PCI bridge" : "Ethernet controller";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{domain}{Address(routingId)} {kind}: Device {LittleEndian.ReadU16(config, PciConfigHeader.VendorIdOffset):x4}:"
            + $"{LittleEndian.ReadU16(config, PciConfigHeader.DeviceIdOffset):x4} (rev {config[PciConfigHeader.RevisionIdOffset]:x2})");
    }
}
