// What Linux makes of root port, PF and VFs: lspci in a guest, drivers, NumVFs as a person writes it. Knows the lab; moves no frame.
using System;
using System.Linq;
using NUnit.Framework;

namespace SmartNicFw.Tests.Guest;

public sealed class EnumerationTests : GuestFixture
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    private static readonly string[] NotUnderstood = ["<?>", "<chain", "<access denied>", "unknown", "Capability ID", "<broken", "!!!"];

    [TestCase("6.1")]
    [TestCase("6.12")]
    [TestCase("newest")]
    public void Linux_understands_every_function_and_binds_its_drivers(string kernel)
    {
        using var emulator = new EmulatorProcess("--hierarchy", "{0}/vmd.sock");
        GuestResults results = Guest.Run(
            Lab,
            """
            modprobe virtio_pci && modprobe virtio_net || die "the VIRTIO drivers cannot be loaded"
            start=$(monotonic_us)
            load_vmd
            pf=$(our_pf)
            netdev_of "$pf" >/dev/null
            enable_vfs "$pf" 8
            all_have_netdevs() {
                local number
                for number in 0 1 2 3 4 5 6 7; do
                    has_netdev "$(vf_of "$pf" "$number")" || return 1
                done
            }
            wait_for 30 "network device of every VF" all_have_netdevs
            say ready.us $(($(monotonic_us) - start))
            port=$(lspci -D -n -d ::0604 | awk 'length($1) > 12 { print $1 }')
            run port lspci -vvv -s "$port"
            run pf lspci -vvv -s "$pf"
            run vf lspci -vvv -s "$(vf_of "$pf" 3)"
            for function in $(our_functions); do
                printf '%s %s %s %s\n' "$function" "$(driver_of "$function")" \
                    "$(basename "$(readlink -f "$pci/$function"/virtio*/driver)")" "$(cat "$pci/$function"/virtio*/net/*/address)"
            done | tell functions
            check_kernel_log log
            """,
            Options(emulator, kernel),
            Limit);

        TestContext.Out.WriteLine($"Linux {Lab.Kernel(kernel).Release}: {results.Number("ready.us") / 1e6} s from insmod of vmd to 8 VFs with network devices");
        foreach (string capability in new[]
            {
                "Kernel driver in use: virtio-pci", "MSI-X: Enable+ Count=64 Masked-", "Advanced Error Reporting",
                "Alternative Routing-ID Interpretation (ARI)", "IOVCtl:\tEnable+ Migration- Interrupt- MSE+ ARIHierarchy+",
                "Initial VFs: 64, Total VFs: 64, Number of VFs: 8", "VF offset: 1, stride: 1, Device ID: 1041",
                "LnkSta:\tSpeed 16GT/s, Width x8", "FLReset+", "Access Control Services",
            })
        {
            Assert.That(results["pf"], Does.Contain(capability));
        }

        foreach (string capability in new[]
            {
                "Kernel driver in use: virtio-pci", "MSI-X: Enable+ Count=16 Masked-", "Advanced Error Reporting",
                "Alternative Routing-ID Interpretation (ARI)", "[virtual] [size=16K]", "FLReset+",
            })
        {
            Assert.That(results["vf"], Does.Contain(capability));
        }

        foreach (string capability in new[] { "PCI bridge", "Kernel driver in use: pcieport", "ARIFwd+", "HotPlug+ Surprise+" })
        {
            Assert.That(results["port"], Does.Contain(capability));
        }

        // lspci has no name for the capability that VIRTIO 1.4, 4.1.4.9 requires; a VF's link has no speed (9.3.5.8).
        Assert.That(Strange(results, "port"), Is.Empty);
        Assert.That(Strange(results, "pf"), Is.EqualTo(new[] { "VirtIO: <unknown>" }));
        Assert.That(Strange(results, "vf"), Is.EqualTo(new[] { "Speed unknown (downgraded), Width x0 (downgraded)", "VirtIO: <unknown>" }));
        Assert.That(
            results.Lines("functions"),
            Is.EqualTo(Enumerable.Range(0, 9).Select(number => $"10000:01:{number / 8:x2}.{number % 8} virtio-pci virtio_net 02:00:00:00:00:{number + 1:x2}")));
        Assert.That(results["log.count"], Is.EqualTo("0"), () => results["log"]);
    }

    [Test]
    public void NumVFs_is_what_was_written_unless_the_kernel_refuses_it()
    {
        using var emulator = new EmulatorProcess("--total-vfs", "64", "--hierarchy", "{0}/vmd.sock");
        GuestResults results = Guest.Run(
            Lab,
            """
            load_vmd
            pf=$(our_pf)
            netdev_of "$pf" >/dev/null
            say total "$(<"$pci/$pf/sriov_totalvfs")"
            try() {
                local errors
                if errors=$({ echo "$2" >"$pci/$pf/sriov_numvfs"; } 2>&1); then
                    say "$1" "taken: $(<"$pci/$pf/sriov_numvfs")"
                else
                    say "$1" "refused: $(<"$pci/$pf/sriov_numvfs"), ${errors##*: }"
                fi
            }
            have_netdevs() { [[ $(for function in $(our_functions); do has_netdev "$function" >/dev/null && echo; done | wc -l) == 65 ]]; }
            try 65 65
            try minus -1
            try word many
            try eight 8
            try four 4
            try all 64
            try again 8
            say eight.functions "$(our_functions | wc -l)"
            try none 0
            say none.functions "$(our_functions | wc -l)"
            start=$(monotonic_us)
            try sixtyfour 64
            wait_for 60 "network device of each of 64 VFs" have_netdevs
            say sixtyfour.us $(($(monotonic_us) - start))
            for function in $(our_functions); do driver_of "$function"; done | sort | uniq -c | tell drivers
            try more 65
            try end 0
            say end.functions "$(our_functions | wc -l)"
            check_kernel_log log 'VFs already enabled. Disable before enabling'
            """,

            // Two processors: one has too few interrupt vectors for 64 drivers.
            Options(emulator) with { Processors = 2 },
            Limit);

        TestContext.Out.WriteLine($"{results.Number("sixtyfour.us") / 1e6} s until 64 VFs have network devices");
        Assert.That(results["total"], Is.EqualTo("64"));
        Assert.That(results["65"], Is.EqualTo("refused: 0, Numerical result out of range"));
        Assert.That(results["minus"], Is.EqualTo("refused: 0, Invalid argument"));
        Assert.That(results["word"], Is.EqualTo("refused: 0, Invalid argument"));
        Assert.That(results["eight"], Is.EqualTo("taken: 8"));
        Assert.That(results["four"], Is.EqualTo("refused: 8, Device or resource busy"));
        Assert.That(results["all"], Is.EqualTo("refused: 8, Device or resource busy"));
        Assert.That(results["again"], Is.EqualTo("taken: 8"));
        Assert.That(results["eight.functions"], Is.EqualTo("9"));
        Assert.That(results["none"], Is.EqualTo("taken: 0"));
        Assert.That(results["none.functions"], Is.EqualTo("1"));
        Assert.That(results["sixtyfour"], Is.EqualTo("taken: 64"));
        Assert.That(results["drivers"].Trim(), Is.EqualTo("65 virtio-pci"));
        Assert.That(results["more"], Is.EqualTo("refused: 64, Numerical result out of range"));
        Assert.That(results["end"], Is.EqualTo("taken: 0"));
        Assert.That(results["end.functions"], Is.EqualTo("1"));
        Assert.That(results["log.count"], Is.EqualTo("0"), () => results["log"]);
    }

    private static GuestOptions Options(EmulatorProcess emulator, string kernel = "newest") =>
        new() { Kernel = kernel, Devices = [GuestOptions.VfioUser(emulator.PathOf("vmd.sock"))] };

    // What lspci did not understand, without the names of registers and without places.
    private static string[] Strange(GuestResults results, string name) =>
    [
        .. results.Lines(name)
            .Where(line => NotUnderstood.Any(word => line.Contains(word, StringComparison.Ordinal)))
            .Select(line => line[(line.LastIndexOfAny(['\t']) + 1)..])
            .Select(line => line.Contains("VirtIO: ", StringComparison.Ordinal) ? line[line.IndexOf("VirtIO: ", StringComparison.Ordinal)..] : line),
    ];
}
