// A switch with functions of each kind, and frames sent to it in one line: what fixtures of the switch have in common.
using System;
using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Net;

namespace SmartNicFw.Tests.Unit;

/// <summary>
/// Functions 0 to 3 are ordinary, with spoof check; 4 and 5 have port VLAN 100 (priority 5), 6 has port VLAN 200; 7 is disabled.
/// Expected destinations are written as "1 4- 0+ P+": function or port, with + for an inserted and - for a stripped tag.
/// </summary>
public abstract class NetSwitchFixture
{
    protected const int P = PacketSwitch.Port;
    protected const string Broadcast = "FF:FF:FF:FF:FF:FF";
    protected const string Unknown = "02:00:00:00:00:EE";
    protected const string Group = "33:33:00:00:00:01";

    protected PacketSwitch Switch { get; private set; } = null!;

    protected Destinations Result { get; private set; } = null!;

    [SetUp]
    public void Make()
    {
        Switch = new PacketSwitch(8);
        Result = new Destinations(8);
        for (int function = 0; function < 7; function++)
        {
            Switch.SetEnabled(function, true);
            Switch.SetMac(function, NetFrames.MacValue(Own(function)));
            Switch.SetSpoofCheck(function, true);
        }

        Switch.SetMac(7, NetFrames.MacValue(Own(7)));
        Switch.SetPortVlan(4, 100, 5, Ethernet.TypeVlan);
        Switch.SetPortVlan(5, 100, 5, Ethernet.TypeVlan);
        Switch.SetPortVlan(6, 200, 0, Ethernet.TypeVlan);
    }

    protected static System.Runtime.Intrinsics.Vector128<byte> PlainHeader(int from, int to) => PacketSwitch.HeaderOf(
        System.Runtime.Intrinsics.Vector128.Create(NetFrames.Ethernet(Own(to), Own(from), 0x0800, new byte[46]).AsSpan(0, 16)));

    protected static string Own(int function) => $"02:00:00:00:00:{function:X2}";

    protected string Send(int source, string destination, params uint[] tags)
    {
        string to = destination.StartsWith("own", StringComparison.Ordinal) ? Own(destination[3] - '0') : destination;
        string from = source == P ? "02:00:00:00:00:DD" : Own(source);
        return Classify(source, NetFrames.Ethernet(to, from, 0x0800, new byte[46], tags));
    }

    protected string Classify(int source, byte[] frame)
    {
        SwitchVerdict verdict = Switch.Classify(source, frame, frame.Length, Result);
        if (verdict != SwitchVerdict.Forward)
        {
            Assert.That(Result.Count, Is.Zero);
            Assert.That(Result.ToPort, Is.False);
            return verdict.ToString();
        }

        IEnumerable<string> functions = Enumerable.Range(0, Result.Count).OrderBy(place => Result.Functions[place])
            .Select(place => Result.Functions[place] + Sign(Result.Edits[place]));
        return string.Join(' ', functions.Concat(Result.ToPort ? ["P" + Sign(Result.PortEdit)] : []));
    }

    private static string Sign(VlanEdit edit) => edit switch { VlanEdit.Insert => "+", VlanEdit.Strip => "-", _ => "" };
}
