// Random policies of an endpoint, as numbers, and the device's half of a change: what it has afterwards. Knows no file.
using System;
using System.IO;
using System.Linq;
using System.Text;
using NUnit.Framework;
using SmartNicFw.Hal.Regs;
using SmartNicFw.HostTools.Client;
using SmartNicFw.HostTools.Policy;
using SmartNicFw.HostTools.Policy.Reading;

namespace SmartNicFw.Tests.Policy;

internal static class PolicySamples
{
    public static readonly EndpointFacts Facts = new(2, 6, 6, 10_000, 4, 2, 64, 16);

    private static readonly string[] Names = ["gold", "silver", "a-b", "on", "x'y", "~!", "#5", "{}", "tail:", ""];

    /// <summary>A policy that rules allow: groups nested, guarantees that fit, addresses of their own.</summary>
    public static PolicyState State(int seed)
    {
        var random = new Random(seed);
        var state = new PolicyState(Facts) { PortMax = random.Next(3) == 0 ? (uint)random.Next(5000, 10_001) : 0 };
        string[] names = [.. Names.OrderBy(_ => random.Next())];
        int[] numbers = [.. Enumerable.Range(1, Facts.RateGroups).OrderBy(_ => random.Next()).Take(random.Next(Facts.RateGroups + 1))];
        for (int at = 0; at < numbers.Length; at++)
        {
            int parent = at == 0 || random.Next(2) == 0 ? 0 : numbers[random.Next(at)];
            state.Groups[numbers[at]] = new RateGroupInfo(
                numbers[at], names[at], parent, random.Next(1, 4), (uint)(random.Next(2) * 1000), (uint)(random.Next(3) * 10), random.Next(3));
        }

        for (int function = 0; function < Facts.Functions; function++)
        {
            foreach ((int attribute, PolicyKey key) in PolicyDifference.FunctionAttributes)
            {
                bool isOfVf = key == PolicyKey.Trust || key == PolicyKey.Queues || key == PolicyKey.Msix;
                if (random.Next(4) == 0 && (function >= Facts.PhysicalFunctions || !isOfVf))
                {
                    state[function, attribute] = Value(random, key, function, numbers);
                }
            }
        }

        return state;
    }

    /// <summary>The policy as text, which has to be right.</summary>
    public static PolicyDocument Export(PolicyState state)
    {
        using var text = new StringWriter();
        PolicyExport.Write(state, text);
        var faults = new PolicyFaults();
        PolicyDocument document = PolicyReader.Read(Encoding.UTF8.GetBytes(text.ToString()), faults);
        Assert.That(faults.Sorted.Select(fault => $"{fault.Position} {fault.Message}"), Is.Empty, text.ToString());
        return document;
    }

    /// <summary>The document for a device, which has to have room for it.</summary>
    public static PolicyTarget Target(PolicyDocument document, PolicyState device)
    {
        var faults = new PolicyFaults();
        PolicyTarget target = PolicyTarget.Of(document, device, faults);
        Assert.That(faults.Sorted, Is.Empty);
        return target;
    }

    /// <summary>Does to a device what a change says.</summary>
    public static void Change(PolicyState device, PolicyChange change)
    {
        switch (change)
        {
            case FunctionChange function:
                device[function.Function, function.Attribute] = function.Value;
                break;
            case GroupChange { Change.Number: 0 } port:
                device.PortMax = port.Change.MaxTxRate!.Value;
                break;
            case GroupChange group:
                Assert.That(device.Groups.ContainsKey(group.Change.Number), Is.EqualTo(!group.IsNew));
                RateGroupInfo has = device.Groups.TryGetValue(group.Change.Number, out RateGroupInfo? there)
                    ? there
                    : new RateGroupInfo(group.Change.Number, "", 0, 1, 0, 0, 0);
                device.Groups[group.Change.Number] = has with
                {
                    Name = group.Change.Name ?? has.Name,
                    Parent = group.Change.Parent ?? has.Parent,
                    Weight = group.Change.Weight ?? has.Weight,
                    MaxTxRate = group.Change.MaxTxRate ?? has.MaxTxRate,
                    MinTxRate = group.Change.MinTxRate ?? has.MinTxRate,
                    Priority = group.Change.Priority ?? has.Priority,
                };
                break;
            case GroupRemoval removal:
                Assert.That(device.Groups.Remove(removal.Number), Is.True);
                break;
        }
    }

    /// <summary>A policy in which numbers of groups do not count, but names do.</summary>
    public static string Picture(PolicyState state)
    {
        using var text = new StringWriter();
        var byName = new PolicyState(state.Facts) { PortMax = state.PortMax == state.Facts.EthernetMbps ? 0 : state.PortMax };
        foreach (RateGroupInfo group in state.Groups.Values.OrderBy(group => RateGroup(state, group.Number)))
        {
            text.WriteLine($"{RateGroup(state, group.Number)} in {RateGroup(state, group.Parent)}: {group.Weight} {group.MaxTxRate} {group.MinTxRate} {group.Priority}");
        }

        text.WriteLine(byName.PortMax);
        for (int function = 0; function < state.Facts.Functions; function++)
        {
            text.WriteLine(string.Join(' ', PolicyDifference.FunctionAttributes.Select(at => PolicyDifference.Write(state, at.Key, state[function, at.Attribute]))));
        }

        return text.ToString();
    }

    private static string RateGroup(PolicyState state, int number) => state.NameOf(number);

    private static ulong Value(Random random, PolicyKey key, int function, int[] groups) => key.Form switch
    {
        PolicyValueForm.Mac => 0x02ul | ((ulong)(function + 1) << 40) | ((ulong)random.Next(3) << 32),
        PolicyValueForm.Group => groups.Length == 0 ? 0 : (ulong)groups[random.Next(groups.Length)],
        PolicyValueForm.Rate => key == PolicyKey.MinTxRate ? (ulong)random.Next(3) : (ulong)random.Next(3) * 50,
        PolicyValueForm.Switch => (ulong)random.Next(2),
        PolicyValueForm.LinkState => (ulong)random.Next(3),
        _ when key == PolicyKey.Vlan => Vlan(random),
        _ => (ulong)random.Next((int)key.Least, (int)key.Least + 4),
    };

    private static ulong Vlan(Random random)
    {
        ulong id = (ulong)random.Next(3);
        ulong priority = (ulong)random.Next(8) << ManagementVlan.PriorityShift;
        ulong protocol = random.Next(2) == 0 ? (ulong)ManagementVlan.Ieee8021Q : ManagementVlan.Ieee8021Ad;
        return id | priority | (id == 0 ? 0 : protocol << ManagementVlan.ProtocolShift);
    }
}
