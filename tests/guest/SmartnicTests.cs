// The published smartnic in a guest, on the PF that it finds by sysfs: what it sets, the guest's own drivers and tools confirm.
using System;
using System.Linq;
using System.Text.Json;
using System.Text.RegularExpressions;
using NUnit.Framework;

namespace SmartNicFw.Tests.Guest;

public sealed partial class SmartnicTests : GuestFixture
{
    private const string Mac = "02:aa:bb:cc:dd:01";
    private const string DriverMac = "02:aa:bb:cc:dd:02";
    private const string ForgedMac = "02:de:ad:00:00:01";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    [Test]
    public void It_finds_the_PF_and_drivers_and_tools_of_the_guest_confirm_what_it_sets()
    {
        using var emulator = new EmulatorProcess("--hierarchy", "{0}/vmd.sock");
        GuestResults results = Guest.Run(
            Lab,
            $$"""
            load_vmd
            pf=$(our_pf)
            p=$(netdev_of "$pf")
            say pf "$pf"
            start=$(monotonic_us)
            operate show show
            say show.us $(($(monotonic_us) - start))
            operate numvfs numvfs 5
            say numvfs.kernel "$(<"$pci/$pf/sriov_numvfs")"
            place "$p" pf 10.9.0.9/24
            f0=$(vf_of "$pf" 0)
            run window smartnic -j --device "$f0" show
            for function in "pf0 $pf" "vf0 $f0"; do
                read -r name address <<<"$function"
                smartnic config dump --raw "$name" | tell "$name.dump"
                lspci -D -xxxx -s "$address" | tell "$name.lspci"
                operate "$name.walk" config walk "$name"
                lspci -D -vv -s "$address" | tell "$name.decoded"
            done

            operate mac vf 0 set mac {{Mac}}
            vf_netdev "$pf" 0 >/dev/null
            rebind "$f0"
            for vf in 0 1 2 3 4; do v[vf]=$(vf_netdev "$pf" $vf); done
            say mac.driver "$(<"/sys/class/net/${v[0]}/address")"
            run mac.refused ip link set "${v[0]}" address {{DriverMac}}
            operate set vf 0 set trust on
            run mac.trusted ip link set "${v[0]}" address {{DriverMac}}
            operate mac.show vf 0 show
            operate set vf 0 set trust off
            operate mac.again vf 0 show
            ip link set "${v[0]}" address {{Mac}} || die "no way back to its address"

            for vf in 0 1 2; do place "${v[vf]}" vf$vf 10.0.0.$((vf + 1))/24; done
            reach plain vf0 10.0.0.2 2
            operate set vf 0 set vlan 100 qos 5
            silent vf0 10.0.0.2
            operate set vf 1 set vlan 100
            reach vlan vf0 10.0.0.2 2
            listen trunk pf "$p" -e ether src {{Mac}}
            add_vlan pf "$p" 100 10.0.0.8/24
            reach vlan.trunk vf0 10.0.0.8 2
            operate vlan.show vf 0 show
            operate set vf 0 set vlan 200 proto 802.1ad
            silent vf0 10.0.0.2
            operate set vf 1 set vlan 200
            silent vf0 10.0.0.2
            operate set vf 1 set proto 802.1ad
            reach ad vf0 10.0.0.2 2
            ip -n pf link del "$p.100"
            ip -n pf link add link "$p" name stag type vlan proto 802.1ad id 200 || die "no 802.1ad"
            ip -n pf address add 10.0.0.8/24 dev stag
            ip -n pf link set stag up
            reach ad.trunk vf0 10.0.0.8 2
            operate ad.show vf 0 show
            operate set vf 0 set vlan 0
            operate set vf 1 set vlan 0
            reach vlan.off vf0 10.0.0.2 2
            tell trunk </tmp/trunk

            operate set vf 1 set state disable
            wait_for 5 "link of VF 1 that is down" has_no_link vf1 "${v[1]}"
            ip -n vf1 -br link show dev "${v[1]}" | tell state.disable
            silent vf0 10.0.0.2
            operate state.stats vf 1 stats
            for state in enable disable auto; do
                operate set vf 1 set state $state
                case $state in disable) wait_for 5 "no link of VF 1" has_no_link vf1 "${v[1]}" ;; *) wait_for 5 "link of VF 1, $state" has_link vf1 "${v[1]}" ;; esac
            done
            reach state vf0 10.0.0.2 2

            operate set vf 0 set spoofchk on
            listen forged vf1 "${v[1]}" ether src {{ForgedMac}}
            forge vf0 "${v[0]}" {{ForgedMac}} 10.0.5.1/24
            ip -n vf1 address add 10.0.5.2/24 dev "${v[1]}"
            ip -n vf0 neigh add 10.0.5.2 lladdr "$(mac_of vf1 "${v[1]}")" dev forged
            silent vf0 10.0.5.2
            heard spoof.on.heard forged
            say spoof.sent "$(count_of vf0 forged tx_packets)"
            operate spoof.stats vf 0 stats
            reach own vf0 10.0.0.2 2
            operate set vf 0 set spoofchk off
            reach spoof.off vf0 10.0.5.2 2
            heard spoof.off.heard forged
            ip -n vf0 link del forged

            overhear() {
                ip -n vf2 link set "${v[2]}" promisc off
                ip -n vf2 link set "${v[2]}" promisc on
                reach "promisc.$1" vf0 10.0.0.2 2
                heard "promisc.$1.heard" bystander
            }
            listen bystander vf2 "${v[2]}" icmp
            overhear untrusted
            operate set vf 2 set trust on
            overhear trusted
            operate set vf 2 set trust off
            reach promisc.after vf0 10.0.0.2 2
            heard promisc.after.heard bystander

            place "${v[3]}" from 10.1.0.1/24
            place "${v[4]}" to 10.1.0.2/24
            take to
            flood from 10.1.0.2
            for rate in 50 100 500; do
                operate set vf 3 set max_tx_rate $rate
                rate rate.$rate 5
            done
            kill $(jobs -p)
            operate last show
            check_kernel_log log 'Failed to set mac address by vq command' 'Failed to (en|dis)able promisc' 'promiscuous mode'
            """,
            new GuestOptions { Files = PublishedTool.For(Lab), Devices = [GuestOptions.VfioUser(emulator.PathOf("vmd.sock"))] },
            Limit);

        CheckDiscovery(results);
        foreach (string function in new[] { "pf0", "vf0" })
        {
            CheckConfiguration(results, function);
        }

        CheckAddress(results);
        CheckVlans(results);
        CheckState(results);
        CheckSpoofing(results);
        Assert.That(results["promisc.untrusted.heard"], Is.EqualTo("0"), "who is not trusted overhears nothing");
        Assert.That(results.Number("promisc.trusted.heard"), Is.GreaterThanOrEqualTo(4));
        Assert.That(results["promisc.after.heard"], Is.EqualTo(results["promisc.trusted.heard"]), "promiscuous mode ends with trust");
        RateCheck.Expect(results, 50, isReached: true);
        RateCheck.Expect(results, 100, isReached: true);
        RateCheck.Expect(results, 500, isReached: false);
        JsonElement limited = Functions(Json(results, "last"))[4];
        Assert.That(limited.GetProperty("name").GetString(), Is.EqualTo("vf3"));
        Assert.That(limited.GetProperty("max_tx_rate").GetInt64(), Is.EqualTo(500_000_000 / 8));
        Assert.That(results["log.count"], Is.EqualTo("0"), () => results["log"]);
        Assert.That(emulator.Errors, Is.Empty);
        TestContext.Out.WriteLine($"smartnic show in the guest, through the PF's window: {results.Number("show.us") / 1000} ms");
    }

    // A PF's window is for the PF and its own VFs.
    [TestCase("6.1")]
    [TestCase("6.12")]
    public void A_window_changes_its_own_VFs_and_no_others_and_of_two_PFs_one_has_to_be_named(string kernel)
    {
        using var emulator = new EmulatorProcess("--hierarchy", "{0}/vmd.sock", "--pfs", "2");
        GuestResults results = Guest.Run(
            Lab,
            $$"""
            load_vmd
            first=$(our_pf 0) second=$(our_pf 1)
            say addresses "$first $second"
            run several smartnic -j show
            operate numvfs --device "$first" numvfs 2
            operate numvfs --device "$second" numvfs 2
            operate before --device "$first" vf pf0vf0 show
            run other smartnic -j --device "$second" vf pf0vf0 set mac {{Mac}}
            run other.reset smartnic -j --device "$second" vf pf0vf0 reset
            run other.group smartnic -j --device "$second" rate group add mine
            operate own --device "$second" vf pf1vf0 set mac {{Mac}}
            operate after --device "$first" vf pf0vf0 show
            rebind "$(vf_of "$second" 0)"
            say mac "$(<"/sys/class/net/$(vf_netdev "$second" 0)/address")"
            check_kernel_log log
            """,
            new GuestOptions { Kernel = kernel, Files = PublishedTool.For(Lab), Devices = [GuestOptions.VfioUser(emulator.PathOf("vmd.sock"))] },
            Limit);

        string[] addresses = results["addresses"].Split(' ');
        Assert.That(results["several.exit"], Is.EqualTo("2"));
        Assert.That(Error(results, "several").GetProperty("message").GetString(), Does.Contain($"several devices: {addresses[0]}, {addresses[1]}"));
        foreach (string denied in new[] { "other", "other.reset", "other.group" })
        {
            Assert.That(results[$"{denied}.exit"], Is.EqualTo("2"), () => results[denied]);
            Assert.That(Error(results, denied).GetProperty("status").GetString(), Is.EqualTo("denied"), () => results[denied]);
        }

        Assert.That(results["after"], Is.EqualTo(results["before"].Replace(addresses[1], addresses[0], StringComparison.Ordinal)));
        Assert.That(results["mac"], Is.EqualTo(Mac));
        Assert.That(results["log.count"], Is.EqualTo("0"), () => results["log"]);
        Assert.That(emulator.Errors, Is.Empty);
    }

    private static void CheckDiscovery(GuestResults results)
    {
        JsonElement show = Json(results, "show");
        Assert.That(show.GetProperty("version").GetInt32(), Is.EqualTo(1));
        Assert.That(show.GetProperty("device").GetString(), Is.EqualTo(results["pf"]));
        Assert.That(Functions(show).Select(function => function.GetProperty("name").GetString()), Is.EqualTo(new[] { "pf0" }));
        Assert.That(Functions(show)[0].GetProperty("driver").GetString(), Is.EqualTo("running"));
        Assert.That(Json(results, "numvfs").GetProperty("num_vfs").GetInt32(), Is.EqualTo(5));
        Assert.That(results["numvfs.kernel"], Is.EqualTo("5"));
        Assert.That(Functions(Json(results, "last")), Has.Length.EqualTo(6));
        Assert.That(results["window.exit"], Is.EqualTo("2"));
        Assert.That(Error(results, "window").GetProperty("message").GetString(), Does.EndWith("has no management window"));
    }

    // The bytes that the kernel reads are those that the device reads itself; titles differ, for lspci has names.
    private static void CheckConfiguration(GuestResults results, string function)
    {
        string[] lspci = results.Lines($"{function}.lspci");
        Assert.That(lspci, Has.Length.GreaterThan(256));
        Assert.That(results.Lines($"{function}.dump").Skip(1), Is.EqualTo(lspci.Skip(1)), function);
        JsonElement walk = Json(results, $"{function}.walk").GetProperty("functions")[0];
        (string Offset, string Version)[] walked =
        [
            .. walk.GetProperty("capabilities").EnumerateArray().Select(found => (
                found.GetProperty("offset").GetInt32().ToString("x2", System.Globalization.CultureInfo.InvariantCulture),
                found.GetProperty("extended").GetBoolean() ? found.GetProperty("version").ToString() : "")),
        ];
        (string Offset, string Version)[] decoded =
            [.. CapabilityLine().Matches(results[$"{function}.decoded"]).Select(line => (line.Groups[1].Value, line.Groups[2].Value))];
        Assert.That(decoded, Has.Length.GreaterThan(8));
        Assert.That(walked, Is.EqualTo(decoded), function);
        JsonElement msix = walk.GetProperty("capabilities").EnumerateArray().First(found => found.GetProperty("name").GetString() == "msix").GetProperty("fields");
        Assert.That(results[$"{function}.decoded"], Does.Contain($"MSI-X: Enable+ Count={msix.GetProperty("table_size")} "));
        Assert.That(msix.GetProperty("enable").GetBoolean(), Is.True);
    }

    private static void CheckAddress(GuestResults results)
    {
        Assert.That(results["mac.driver"], Is.EqualTo(Mac), "the driver starts with it");
        Assert.That(results["mac.refused.exit"], Is.Not.EqualTo("0"), "a driver that is not trusted keeps it");
        Assert.That(results["mac.trusted.exit"], Is.EqualTo("0"), () => results["mac.trusted"]);
        Assert.That(Function(results, "mac.show").GetProperty("mac_pinned").GetBoolean(), Is.True);
        Assert.That(Function(results, "mac.again").GetProperty("mac").GetString(), Is.EqualTo(Mac));
    }

    private static void CheckVlans(GuestResults results)
    {
        foreach (string ping in new[] { "plain", "vlan", "vlan.trunk", "ad", "ad.trunk", "vlan.off" })
        {
            Assert.That(results[$"{ping}.lost"], Is.EqualTo("0"), () => results[ping]);
        }

        JsonElement tagged = Function(results, "vlan.show");
        Assert.That((tagged.GetProperty("vlan").GetInt32(), tagged.GetProperty("qos").GetInt32(), tagged.GetProperty("proto").GetString()), Is.EqualTo((100, 5, "802.1Q")));
        Assert.That(Function(results, "ad.show").GetProperty("proto").GetString(), Is.EqualTo("802.1ad"));

        // Every frame of VF 0 that the PF sees on its wire bears the tag that was set.
        string[] requests = [.. results.Lines("trunk").Where(line => line.Contains("ICMP echo request", StringComparison.Ordinal))];
        Assert.That(requests.Count(line => line.Contains("802.1Q (0x8100), length 102: vlan 100, p 5,", StringComparison.Ordinal)), Is.GreaterThanOrEqualTo(2), () => results["trunk"]);
        Assert.That(requests.Count(line => line.Contains("802.1Q-QinQ (0x88a8), length 102: vlan 200, p 0,", StringComparison.Ordinal)), Is.GreaterThanOrEqualTo(2), () => results["trunk"]);
        Assert.That(requests, Has.All.Contains(": vlan "), "and none comes without");
    }

    private static void CheckState(GuestResults results)
    {
        Assert.That(results["state.disable"], Does.Contain("NO-CARRIER").And.Not.Contain("LOWER_UP"));
        Assert.That(results["state.lost"], Is.EqualTo("0"), () => results["state"]);
        Assert.That(Counter(results, "state.stats", "dropped_link_down"), Is.GreaterThanOrEqualTo(1), "what came while it was down");
    }

    private static void CheckSpoofing(GuestResults results)
    {
        Assert.That(results["spoof.sent"], Is.EqualTo("3"));
        Assert.That(results["spoof.on.heard"], Is.EqualTo("0"), "gone");
        Assert.That(Counter(results, "spoof.stats", "dropped_spoofed"), Is.EqualTo(3), "counted");
        Assert.That(results["own.lost"], Is.EqualTo("0"), () => results["own"]);
        Assert.That(results["spoof.off.lost"], Is.EqualTo("0"), () => results["spoof.off"]);
        Assert.That(results.Number("spoof.off.heard"), Is.GreaterThanOrEqualTo(2));
    }

    private static JsonElement Json(GuestResults results, string name) => JsonDocument.Parse(results[name]).RootElement;

    private static JsonElement Error(GuestResults results, string name) => Json(results, name).GetProperty("error");

    private static JsonElement Function(GuestResults results, string name) => Json(results, name).GetProperty("function");

    private static JsonElement[] Functions(JsonElement show) => [.. show.GetProperty("functions").EnumerateArray()];

    private static long Counter(GuestResults results, string name, string counter) =>
        Json(results, name).GetProperty("statistics").GetProperty($"sriov_vf_{counter}").GetInt64();

    [GeneratedRegex(@"^\tCapabilities: \[([0-9a-f]+)(?: v(\d+))?\]", RegexOptions.Multiline)]
    private static partial Regex CapabilityLine();
}
