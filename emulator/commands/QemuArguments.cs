// How QEMU attaches to the socket of a hierarchy or of a function: its own words, for a person to copy and for a guest to be started with.
using System.Collections.Generic;
using System.Globalization;
using System.Text.Json;

namespace SmartNicFw.Emulator.Commands;

/// <summary>Source: QEMU, docs/system/devices/vfio-user.rst and qemu-options.hx.</summary>
internal static class QemuArguments
{
    /// <summary>First slot of the root bus that q35 leaves free.</summary>
    public const int FirstSlot = 3;

    /// <summary>
    /// Leaves hot-plug to the guest's kernel: with ACPI's way of it the kernel leaves slots alone, also those behind a VMD.
    /// </summary>
    public static IReadOnlyList<string> HotPlug => ["-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off"];

    /// <summary>What a machine needs, as the shell takes it: memory that can be shared, and hot-plug.</summary>
    public static IReadOnlyList<string> Machine =>
    [
        "-object memory-backend-memfd,id=mem0,size=1G,share=on -machine q35,memory-backend=mem0",
        string.Join(' ', HotPlug),
    ];

    /// <summary>The device behind a socket, as the shell takes it.</summary>
    public static string ForShell(string socket, int slot) => $"-device '{Device(socket, slot)}'";

    /// <summary>The device behind a socket, as QEMU takes it.</summary>
    public static string Device(string socket, int slot) =>
        "{\"driver\":\"vfio-user-pci\",\"socket\":{\"path\":" + JsonSerializer.Serialize(socket)
        + ",\"type\":\"unix\"},\"bus\":\"pcie.0\",\"addr\":\"" + slot.ToString("x", CultureInfo.InvariantCulture) + "\"}";
}
