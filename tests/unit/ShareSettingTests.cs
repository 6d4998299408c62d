// What an operator writes for shares, rates and interrupts: both ways of writing it, and what happens when a part of it is refused.
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Commands;
using SmartNicFw.Firmware;
using SmartNicFw.Firmware.Arbitration;
using SmartNicFw.Firmware.Management;

namespace SmartNicFw.Tests.Unit;

public sealed class ShareSettingTests
{
    private static FirmwareRuntime Firmware() =>
        new EmulatedBoard(new EndpointConfiguration { PhysicalFunctions = 2, TotalVFs = 4, EthernetMbps = 1_000 }).Firmware;

    [TestCase("3:weight=3,max=100,min=50,group=1,priority=5", "vf3 weight=3 max=100 min=50 group=1 priority=5", "vf3 has weight=3 max=100 min=50 group=1 priority=5 interrupts=0 adaptive=off")]
    [TestCase("pf1vf0:weight=1000", "pf1vf0 weight=1000", "pf1vf0 has weight=1000 max=0 min=0 group=port priority=0 interrupts=0 adaptive=off")]
    [TestCase("pf1:max=0,group=port", "pf1 group=port max=0", "pf1 has weight=1 max=0 min=0 group=port priority=0 interrupts=0 adaptive=off")]
    [TestCase("3:interrupts=20000,adaptive=on", "vf3 adaptive=on interrupts=20000", "vf3 has weight=1 max=0 min=0 group=port priority=0 interrupts=20000 adaptive=on")]
    [TestCase("pf0:interrupts=1000000", "pf0 interrupts=1000000", "pf0 has weight=1 max=0 min=0 group=port priority=0 interrupts=1000000 adaptive=off")]
    public void A_function_is_set_alike_by_option_and_by_line(string option, string line, string settings)
    {
        FirmwareRuntime byOption = Firmware();
        FirmwareRuntime byLine = Firmware();
        Assert.That(ShareSetting.OfGroupOption("1:max=500").Apply(byOption), Is.Null);
        Assert.That(byLine.DataPath.Arbitration.AddGroup(1), Is.Null);
        ShareSetting first = ShareSetting.OfFunctionOption(option);
        Assert.That(ShareSetting.TryLine(line.Split(' '), out ShareSetting? second, out int endpoint), Is.True);

        Assert.That((first.Apply(byOption), second!.Apply(byLine), endpoint), Is.EqualTo(((string?)null, (string?)null, 1)));
        Assert.That(first.Describe(byOption), Does.StartWith(settings + " mac=").And.EqualTo(second.Describe(byLine)));
    }

    [Test]
    public void A_line_ends_with_the_number_of_its_endpoint()
    {
        Assert.That(ShareSetting.TryLine(["group", "2", "weight=2", "7"], out ShareSetting? setting, out int endpoint), Is.True);
        FirmwareRuntime firmware = Firmware();

        Assert.That(endpoint, Is.EqualTo(7));
        Assert.That(setting!.Apply(firmware), Is.Null);
        Assert.That(setting.Describe(firmware), Is.EqualTo("group 2 has weight=2 max=0 min=0 parent=port"));
    }

    [Test]
    public void What_is_not_written_stays_as_it_is()
    {
        FirmwareRuntime firmware = Firmware();
        Assert.That(ShareSetting.OfFunctionOption("3:interrupts=5,adaptive=on,priority=2").Apply(firmware), Is.Null);
        ShareSetting weight = ShareSetting.OfFunctionOption("3:weight=7");
        Assert.That(weight.Apply(firmware), Is.Null);
        Assert.That(weight.Describe(firmware), Does.StartWith("vf3 has weight=7 max=0 min=0 group=port priority=2 interrupts=5 adaptive=on"));
        ShareSetting off = ShareSetting.OfFunctionOption("3:adaptive=off,interrupts=0");
        Assert.That(off.Apply(firmware), Is.Null);
        Assert.That(off.Describe(firmware), Does.StartWith("vf3 has weight=7 max=0 min=0 group=port priority=2 interrupts=0 adaptive=off"));
    }

    [TestCase("mac=02:00:00:00:aa:01 vlan=100 qos=5 proto=802.1ad", "mac=02:00:00:00:aa:01 vlan=100 proto=802.1ad spoofchk=on trust=off state=auto queues=2 msix=16")]
    [TestCase("spoofchk=off trust=on state=disable queues=1 msix=3", "mac=02:00:00:00:00:06 vlan=0 proto=802.1Q spoofchk=off trust=on state=disable queues=1 msix=3")]
    [TestCase("vlan=7 priority=3", "mac=02:00:00:00:00:06 vlan=7 proto=802.1Q spoofchk=on trust=off state=auto queues=2 msix=16")]
    public void A_function_has_its_place_in_the_network_too(string line, string settings)
    {
        FirmwareRuntime firmware = Firmware();
        Assert.That(ShareSetting.TryLine(["vf3", .. line.Split(' ')], out ShareSetting? setting, out _), Is.True);
        Assert.That(setting!.Apply(firmware), Is.Null);
        Assert.That(setting.Describe(firmware), Does.EndWith(" " + settings));
        Assert.That(ShareSetting.OfFunctionOption("3:vlan=0").Apply(firmware), Is.Null);
        Assert.That(firmware.DataPath.Control.Table.Vlan[5], Is.Zero, "with its priority and protocol");
    }

    [TestCase("")]
    [TestCase("vf1 mac=02:00:00:00:00")]
    [TestCase("vf1 mac=02:00:00:00:00:0g")]
    [TestCase("vf1 proto=802.1q")]
    [TestCase("vf1 state=up")]
    [TestCase("vf1 trust=1")]
    [TestCase("group 1 mac=02:00:00:00:00:01")]
    [TestCase("vf1")]
    [TestCase("vf1 2")]
    [TestCase("vf1 weight")]
    [TestCase("vf1 =3")]
    [TestCase("vf1 weight=")]
    [TestCase("vf1 weight=-1")]
    [TestCase("vf1 weight=99999999999")]
    [TestCase("vf1 weight=1 weight=2")]
    [TestCase("vf1 parent=1")]
    [TestCase("vf1 adaptive=1")]
    [TestCase("vf1 adaptive=ON")]
    [TestCase("vf1 adaptive=")]
    [TestCase("vf1 interrupts=on")]
    [TestCase("vf1 interrupts=-1")]
    [TestCase("group 1 interrupts=1")]
    [TestCase("group 1 adaptive=on")]
    [TestCase("vf01 weight=1")]
    [TestCase("all weight=1")]
    [TestCase("group")]
    [TestCase("group 1")]
    [TestCase("group 1 1")]
    [TestCase("group one weight=1")]
    [TestCase("group 1 priority=1")]
    public void Other_lines_are_none(string line)
    {
        Assert.That(ShareSetting.TryLine(line.Split(' ', System.StringSplitOptions.RemoveEmptyEntries), out _, out _), Is.False);
    }

    [TestCase("vf3 group=1 min=50 weight=1001", "a weight is 1 to 1000, not 1001")]
    [TestCase("vf3 group=1 max=40 min=50", "VF 3 would be limited to 40 Mbit/s with guarantees of 50")]
    [TestCase("vf3 group=2 weight=4", "there is no group 2")]
    [TestCase("vf3 weight=4 min=5 priority=8", "a priority is 0 to 7, not 8")]
    [TestCase("vf3 adaptive=on weight=4 group=1 priority=3 interrupts=1000001", "a ceiling in interrupts a second is 0 to 1000000, not 1000001")]
    [TestCase("vf3 interrupts=9 adaptive=on priority=8", "a priority is 0 to 7, not 8")]
    [TestCase("vf3 weight=4 mac=01:00:00:00:00:01", "a MAC address is six bytes and no group's; zero gives the device's own back")]
    [TestCase("vf3 weight=4 mac=02:00:00:00:00:05", "VF 3 would have the MAC address of VF 2")]
    [TestCase("vf3 vlan=4095 weight=4", "a VLAN is 1 to 4094, or 0 for none, not 4095")]
    [TestCase("vf3 proto=802.1ad weight=4", "a protocol is of a VLAN, and there is none")]
    [TestCase("vf3 weight=4 queues=3", "a number of queue pairs is 1 to 2, not 3")]
    [TestCase("pf0 trust=off", "trust, queue pairs and MSI-X vectors are of VFs, not of PF 0")]
    [TestCase("vf9 weight=4", "there is no vf9; there are: pf0 to pf1, each with vf0 to vf3")]
    [TestCase("group 1 max=200 parent=1 weight=9", "group 1 cannot be in group 1, which is in it")]
    [TestCase("group 3 max=200 weight=0", "a weight is 1 to 1000, not 0")]
    [TestCase("group port max=1001", "the port's limit is at most its speed, 1000 Mbit/s")]
    [TestCase("group 17 max=5", "a new group is 1 to 16, not 17")]
    public void What_is_refused_leaves_all_as_it_was(string line, string refusal)
    {
        FirmwareRuntime firmware = Firmware();
        ArbitrationPolicy policy = firmware.DataPath.Arbitration;
        Assert.That(policy.AddGroup(1), Is.Null);
        int function = firmware.Numbering.VirtualFunction(0, 3);
        Assert.That(ShareSetting.TryLine(line.Split(' '), out ShareSetting? setting, out _), Is.True);

        Assert.That(setting!.Apply(firmware), Is.EqualTo(refusal));
        Assert.That(
            (policy.GroupOf(function), policy.Weight(function), policy.Guarantee(function), policy.Limit(function), policy.Priority(function)),
            Is.EqualTo((0, 1, 0, 0, 0)));
        Assert.That((firmware.DataPath.Interrupts.Ceiling(function), firmware.DataPath.Interrupts.IsAdaptive(function)), Is.EqualTo((0, false)));
        Assert.That((policy.GroupLimit(1), policy.GroupWeight(1), policy.ParentOf(1), policy.GroupLimit(ArbitrationPolicy.Port)), Is.EqualTo((0, 1, 0, 0)));
        Assert.That(Enumerable.Range(2, 20).Any(policy.Exists), Is.False);
    }
}
