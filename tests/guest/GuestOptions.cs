// What a guest is made of besides its script. Knows QEMU's words for devices; starts nothing.
using System.Collections.Generic;
using System.Text.Json;

namespace SmartNicFw.Tests.Guest;

/// <summary>A file of this machine that a guest has too.</summary>
/// <param name="From">Its path here.</param>
/// <param name="To">Its path there, such as /usr/bin/smartnic. Where the guest's tools have a link, name what it leads to.</param>
internal sealed record GuestFile(string From, string To);

/// <summary>The machine of a guest.</summary>
internal sealed record GuestOptions
{
    /// <summary>A kernel of the lab: 6.1, 6.12 or newest.</summary>
    public string Kernel { get; init; } = "newest";

    /// <summary>RAM in MB: a sealed memfd that is shared with device servers.</summary>
    public int MemoryMegabytes { get; init; } = 1024;

    /// <summary>Processors. One, unless a test is about several: the machine that runs the tests may have two.</summary>
    public int Processors { get; init; } = 1;

    /// <summary>Whether there is an IOMMU (intel-iommu) and the kernel uses it.</summary>
    public bool HasIommu { get; init; }

    /// <summary>Devices, each as QEMU's -device takes it; see <see cref="VfioUser"/>.</summary>
    public IReadOnlyList<string> Devices { get; init; } = [];

    /// <summary>Any further arguments of QEMU.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Further words of the kernel's command line.</summary>
    public string KernelParameters { get; init; } = "";

    /// <summary>Files that the guest has besides its tools; they take its memory.</summary>
    public IReadOnlyList<GuestFile> Files { get; init; } = [];

    /// <summary>Whether a reboot ends the guest instead of starting it again.</summary>
    public bool RebootEnds { get; init; } = true;

    /// <summary>A device whose server listens on a socket.</summary>
    /// <param name="socket">Path of the server's socket.</param>
    /// <param name="address">Slot on the root bus, 0 to 31, or null to take the first that is free.</param>
    public static string VfioUser(string socket, int? address = null)
    {
        var device = new Dictionary<string, object>
        {
            ["driver"] = "vfio-user-pci",
            ["socket"] = new Dictionary<string, string> { ["path"] = socket, ["type"] = "unix" },
            ["bus"] = "pcie.0",
        };
        if (address is { } slot)
        {
            device["addr"] = slot.ToString("x", System.Globalization.CultureInfo.InvariantCulture);
        }

        return JsonSerializer.Serialize(device);
    }

    /// <summary>QEMU's own SR-IOV NIC behind a root port: two devices.</summary>
    public static string[] Igb() => ["pcie-root-port,id=igb-port,chassis=1,slot=1", "igb,bus=igb-port"];
}
