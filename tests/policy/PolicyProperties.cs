// Any policies and any files: what is exported is found without difference, a difference leads from any policy to any other, and no bytes
// throw.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using SmartNicFw.HostTools.Policy;
using SmartNicFw.HostTools.Policy.Reading;

namespace SmartNicFw.Tests.Policy;

public sealed class PolicyProperties
{
    private const int Cases = 10_000;

    private static readonly byte[] Right = """
        version: 1
        port: {tx_max: 9gbit}
        groups:
          gold: {tx_share: 2gbit, tx_max: 4gbit, tx_weight: 3}
          inner: {parent: gold, tx_max: 100}
        functions:
          vf0-7: {group: inner, max_tx_rate: 100mbit, adaptive: "on"}
          vf3:
            mac: '02:00:5E:10:00:01'  # its own
            vlan: 100
        """u8.ToArray();

    [Test]
    public void What_is_exported_is_found_without_difference_and_leads_any_device_to_it() => Prop.ForAll(
        ArbMap.Default.ArbFor<(int Seed, int Other)>(),
        seeds =>
        {
            PolicyState wanted = PolicySamples.State(seeds.Seed);
            PolicyState device = PolicySamples.State(seeds.Other);
            PolicyDocument document = PolicySamples.Export(wanted);
            Assert.That(PolicyDifference.Of(wanted, PolicySamples.Target(document, wanted)), Is.Empty);

            IReadOnlyList<PolicyChange> changes = PolicyDifference.Of(device, PolicySamples.Target(document, device));
            Assert.That(changes, Has.Count.EqualTo(changes.Distinct().Count()));
            foreach (PolicyChange change in changes)
            {
                PolicySamples.Change(device, change);
            }

            Assert.That(PolicySamples.Picture(device), Is.EqualTo(PolicySamples.Picture(wanted)));
            Assert.That(PolicyDifference.Of(device, PolicySamples.Target(document, device)), Is.Empty);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Cases / 10));

    [Test]
    public void No_bytes_throw_and_each_fault_has_a_place_in_the_text() => Prop.ForAll(
        ArbMap.Default.ArbFor<(int Seed, int Cuts)>(),
        seeds =>
        {
            byte[] bytes = Mutated(new Random(seeds.Seed), 1 + (Math.Abs(seeds.Cuts % 6)));
            var faults = new PolicyFaults();
            PolicyDocument document = PolicyReader.Read(bytes, faults);
            int lines = Encoding.UTF8.GetString(bytes).Count(letter => letter is '\n' or '\r') + 2;
            foreach (PolicyFault fault in faults.Sorted)
            {
                Assert.That(fault.Position.Line, Is.InRange(1, lines), fault.Message);
                Assert.That(fault.Position.Column, Is.InRange(1, bytes.Length + 1), fault.Message);
                Assert.That(fault.Message, Is.Not.Empty.And.Not.Contain('\n').And.Not.Contain('\u001b'));
            }

            if (faults.IsEmpty)
            {
                _ = PolicyTarget.Of(document, new PolicyState(PolicySamples.Facts), faults);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Cases));

    private static byte[] Mutated(Random random, int times)
    {
        List<byte> bytes = [.. Right];
        string[] pieces = ["\t", "\n", ": ", "- ", "{", "}", "[", "]", "&a ", "*a", "!!x ", "'", "\"", "|\n", "? ", "%", "@", "#", "\\", "\0", "\u001b[2J", "---\n", "...\n", "vf", "-", "99999999999", "gold", ", "];
        for (int time = 0; time < times; time++)
        {
            int at = random.Next(bytes.Count);
            switch (random.Next(4))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveRange(at, random.Next(Math.Min(20, bytes.Count - at)));
                    break;
                case 2:
                    bytes.InsertRange(at, bytes.GetRange(at, random.Next(Math.Min(30, bytes.Count - at))));
                    break;
                default:
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(pieces[random.Next(pieces.Length)]));
                    break;
            }
        }

        return [.. bytes];
    }
}
