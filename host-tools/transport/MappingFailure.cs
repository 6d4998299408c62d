// Why the kernel does not let a program map a BAR, in words, with the way out. Knows error numbers of Linux, and no window.
using System;
using System.IO;
using SmartNicFw.HostTools.Failure;

namespace SmartNicFw.HostTools.Transport;

/// <summary>Source: Linux, drivers/pci/pci-sysfs.c (pci_mmap_resource) and kernel/resource.c (iomem_is_exclusive).</summary>
internal static class MappingFailure
{
    private const string OtherWay = "the emulator's management socket needs no mapping: --device SOCKET";

    /// <summary>The failure for an error number of open or mmap.</summary>
    public static ToolException Of(SysfsFunction function, string path, int error)
    {
        if (error is LibC.NotPermitted or LibC.AccessDenied && IsLockedDown)
        {
            return new ToolException(
                $"the kernel is locked down and maps no BAR ({path})",
                $"start it without lockdown= and with Secure Boot off; {OtherWay}");
        }

        return error switch
        {
            LibC.AccessDenied => new ToolException($"{path} may not be opened by this user", "run as root: sudo smartnic ..."),
            LibC.NotPermitted => new ToolException(
                $"the kernel does not permit {path} to be mapped (EPERM)", $"kernel lockdown (Secure Boot) or a container forbids it; {OtherWay}"),
            LibC.Invalid => new ToolException(
                $"the kernel does not map {path} (EINVAL): {Holder(function)} has requested this BAR, and CONFIG_IO_STRICT_DEVMEM keeps others out",
                $"start the kernel with iomem=relaxed, or unbind the driver; {OtherWay}"),
            LibC.NoDevice or LibC.NoDeviceOrAddress or LibC.NoEntry => new ToolException(
                $"{function.Address} is gone ({LibC.Message(error)})", "look with lspci whether it is still there"),
            _ => new ToolException($"{path} cannot be mapped: {LibC.Message(error)}", OtherWay),
        };
    }

    private static string Holder(SysfsFunction function) => function.Driver is { } driver ? $"its driver {driver}" : "a driver";

    // The mode that is on stands in brackets: none [integrity] confidentiality.
    private static bool IsLockedDown
    {
        get
        {
            try
            {
                string modes = File.ReadAllText(Path.Combine(SysfsFunction.Root, "kernel", "security", "lockdown"));
                return modes.Contains('[', StringComparison.Ordinal) && !modes.Contains("[none]", StringComparison.Ordinal);
            }
            catch (Exception unread) when (unread is IOException or UnauthorizedAccessException)
            {
                return false;
            }
        }
    }
}
