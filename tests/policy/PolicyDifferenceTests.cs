// What a file changes on a device, as it is printed and as it is sent.
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using NUnit.Framework;
using SmartNicFw.Firmware.Arbitration;
using SmartNicFw.Firmware.Interrupt;
using SmartNicFw.Hal.Regs;
using SmartNicFw.HostTools.Client;
using SmartNicFw.HostTools.Policy;
using SmartNicFw.HostTools.Policy.Reading;

namespace SmartNicFw.Tests.Policy;

public sealed class PolicyDifferenceTests
{
    [Test]
    public void The_same_change_of_VFs_in_a_row_is_one_line_and_groups_come_before_and_go_behind()
    {
        var device = new PolicyState(PolicySamples.Facts);
        device.Groups[1] = new RateGroupInfo(1, "old", 0, 1, 0, 0, 0);
        device.Groups[3] = new RateGroupInfo(3, "", 1, 1, 0, 0, 0);
        device.Groups[4] = new RateGroupInfo(4, "kept", 0, 2, 0, 0, 0);
        device[3, ManagementAttributeKind.RateGroup] = 4;
        string text = Print(
            device,
            """
            version: 1
            port: {tx_max: 9gbit}
            groups:
              kept: {parent: new}
              new: {tx_share: 10, tx_priority: 3}
            functions:
              pf1: {qos: 3}
              vf0-5: {max_tx_rate: 50}
              vf1: {group: new, mac: 02:00:00:00:00:07}
              vf4: {max_tx_rate: 2gbit, vlan: 7, proto: 802.1ad}
              pf1vf0: {max_tx_rate: 50}
            """);

        Assert.That(
            text,
            Is.EqualTo(
                """
                ~ port        tx_max       none -> 9gbit
                + group new   tx_share 10mbit, tx_priority 3
                ~ group kept  parent       port -> new
                ~ group kept  tx_weight    2 -> 1
                ~ pf1         vlan         none -> qos 3
                ~ vf0-3       max_tx_rate  none -> 50mbit
                ~ vf1         mac          the device's own -> 02:00:00:00:00:07
                ~ vf1         group        kept -> new
                ~ vf4         vlan         none -> 7 proto 802.1ad
                ~ vf4         max_tx_rate  none -> 2gbit
                ~ vf5         max_tx_rate  none -> 50mbit
                ~ pf1vf0      max_tx_rate  none -> 50mbit
                - group 3
                - group old

                """));
    }

    [Test]
    public void A_limit_that_is_the_port_s_speed_is_none()
    {
        var device = new PolicyState(PolicySamples.Facts);

        Assert.That(Changes(device, "version: 1\nport: {tx_max: 10gbit}\n"), Is.Empty);
    }

    [Test]
    public void A_group_takes_over_the_number_of_one_that_goes_only_where_no_other_is_free()
    {
        var device = new PolicyState(PolicySamples.Facts);
        for (int number = 1; number <= PolicySamples.Facts.RateGroups; number++)
        {
            device.Groups[number] = new RateGroupInfo(number, $"g{number}", 0, 1, 0, 0, 0);
        }

        IReadOnlyList<PolicyChange> changes = Changes(device, "version: 1\ngroups: {g2: {}, x: {}}\n");

        Assert.That(changes.OfType<GroupChange>().Single().Change, Is.EqualTo(new RateGroupChange(1) { Name = "x" }));
        Assert.That(changes.OfType<GroupRemoval>().Select(removal => removal.Number), Is.EquivalentTo(new[] { 3, 4, 5, 6 }));
        _ = device.Groups.Remove(5);
        Assert.That(Changes(device, "version: 1\ngroups: {g2: {}, x: {}}\n").OfType<GroupChange>().Single().Change.Number, Is.EqualTo(5));
    }

    [TestCase("functions: {vf6: {}}", "2:13 the endpoint has no vf6; it has pf0 to pf1, each with vf0 to vf5")]
    [TestCase("functions: {pf2: {}}", "2:13 the endpoint has no pf2; it has pf0 to pf1, each with vf0 to vf5")]
    [TestCase("functions: {vf0-9: {}}", "2:13 the endpoint has no vf0-9; it has pf0 to pf1, each with vf0 to vf5")]
    [TestCase("groups: {7: {}}", "2:10 the endpoint has no room for group 7: it has 6 groups")]
    [TestCase("groups: {a: {}, b: {}, c: {}, d: {}, e: {}, f: {}, g: {}}", "2:52 the endpoint has no room for group g: it has 6 groups")]
    [TestCase("port: {tx_max: 11gbit}", "2:16 the port's limit is 11000 Mbit/s and its speed 10000")]
    [TestCase("functions: {vf0: {min_tx_rate: 1gbit}, vf1-5: {min_tx_rate: 2gbit}}", "2:61 guarantees add up to 11000 Mbit/s; the port may send 10000")]
    [TestCase("groups: {a: {tx_share: 6gbit}, b: {tx_share: 3gbit}}\nfunctions: {vf0: {group: b, min_tx_rate: 5gbit}}", "2:24 guarantees add up to 11000 Mbit/s; the port may send 10000")]
    public void What_this_endpoint_cannot_have_is_said_in_its_place(string text, string fault)
    {
        var faults = new PolicyFaults();
        PolicyDocument document = PolicyReader.Read(Encoding.UTF8.GetBytes("version: 1\n" + text + "\n"), faults);
        Assert.That(faults.IsEmpty, Is.True);
        _ = PolicyTarget.Of(document, new PolicyState(PolicySamples.Facts), faults);

        Assert.That(faults.Sorted.Select(at => $"{at.Position.Line}:{at.Position.Column} {at.Message}"), Is.EqualTo(new[] { fault }));
    }

    [Test]
    public void Ranges_of_keys_are_those_of_the_firmware()
    {
        Assert.That(PolicyKey.MaxMbps, Is.EqualTo(TokenBuckets.MaxMbps));
        Assert.That(PolicyKey.MaxWeight, Is.EqualTo(DeficitRounds.MaxWeight));
        Assert.That(PolicyKey.MaxInterrupts, Is.EqualTo(InterruptCeilings.MaxPerSecond));
        Assert.That(PolicyDifference.FunctionAttributes.Select(at => at.Attribute), Is.EquivalentTo(Enumerable.Range(1, ManagementAttributeKind.Last)));
        Assert.That(
            PolicyKey.OfVf.Select(key => key.Name), Is.EqualTo(HostTools.Vocabulary.AttributeWord.All.Select(word => word.Name)),
            "the command line has the same words");
    }

    private static IReadOnlyList<PolicyChange> Changes(PolicyState device, string text)
    {
        var faults = new PolicyFaults();
        PolicyDocument document = PolicyReader.Read(Encoding.UTF8.GetBytes(text), faults);
        Assert.That(faults.Sorted, Is.Empty);
        return PolicyDifference.Of(device, PolicySamples.Target(document, device));
    }

    private static string Print(PolicyState device, string text)
    {
        using var output = new StringWriter { NewLine = "\n" };
        PolicyPrint.Print(output, Changes(device, text), hasColour: false);
        return output.ToString();
    }
}
