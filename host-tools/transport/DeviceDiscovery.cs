// Which device is meant: the one that was named, or the only one there is. Knows the ways to a device, and nothing to ask it.
using System;
using System.Collections.Generic;
using System.Linq;
using SmartNicFw.HostTools.Failure;

namespace SmartNicFw.HostTools.Transport;

/// <summary>--device, else SMARTNIC_DEVICE, else the one PF on this host's buses that has a management window.</summary>
internal static class DeviceDiscovery
{
    /// <summary>Environment variable that names the device where no option does.</summary>
    public const string Variable = "SMARTNIC_DEVICE";

    // Red Hat's, by which VIRTIO functions are known (VIRTIO 1.4, 4.1.2).
    private const int VirtioVendor = 0x1AF4;

    /// <summary>Opens the way to the device.</summary>
    /// <param name="device">Path of a socket or address of a PF; null to look for it.</param>
    /// <exception cref="ToolException">There is none, several, or it cannot be reached.</exception>
    public static IManagementTransport Open(string? device)
    {
        string? name = device ?? (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } fromVariable ? fromVariable : null);
        if (name is null)
        {
            return OpenOnly();
        }

        if (name.Length == 0)
        {
            throw new UsageException("--device is empty", "allowed: the path of a management socket, or the PCI address of a PF");
        }

        return SysfsFunction.IsAddress(name) ? BarWindowTransport.Open(SysfsFunction.Open(name)) : UnixSocketTransport.Connect(name);
    }

    private static BarWindowTransport OpenOnly()
    {
        var found = new List<BarWindowTransport>();
        ToolException? hindrance = null;
        foreach (SysfsFunction function in SysfsFunction.All(VirtioVendor).Where(function => function.IsPhysicalFunction))
        {
            try
            {
                if (BarWindowTransport.TryOpen(function) is { } window)
                {
                    found.Add(window);
                }
            }
            catch (ToolException unopened)
            {
                hindrance ??= unopened;
            }
        }

        if (found.Count == 1)
        {
            return found[0];
        }

        string addresses = string.Join(", ", found.Select(window => window.Name));
        found.ForEach(window => window.Dispose());
        throw found.Count > 1
            ? new ToolException($"there are several devices: {addresses}", $"name one with --device or {Variable}")
            : hindrance ?? new ToolException(
                "there is no PF with a management window on this host",
                $"name the socket of 'emulator run --management SOCKET' with --device or {Variable}");
    }
}
