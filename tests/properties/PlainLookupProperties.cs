// The short way through the switch against the long one: whatever the table is, it says the same or nothing.
using System;
using System.Linq;
using System.Runtime.Intrinsics;
using NUnit.Framework;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Tests.Properties;

public sealed class PlainLookupProperties
{
    private const int Functions = 5;
    private const int Changes = 4_000;
    private const int FramesPerChange = 50;
    private const int LeastPlain = 1_000;

    private static readonly int[] Types = [0x0800, 0x86DD, 0x0806, 0x8100, 0x88A8, 0x8808, 0x88CC, 0x0040, 0x88B5];

    [Test]
    public void A_plain_answer_is_the_one_that_Classify_gives_after_any_change_of_the_table([Values(1, 2, 3)] int seed)
    {
        var random = new Random(seed);
        var table = new PacketSwitch(Functions);
        var destinations = new Destinations(Functions);
        int plain = 0;
        int missed = 0;
        for (int change = 0; change < Changes; change++)
        {
            Change(table, random);
            for (int count = 0; count < FramesPerChange; count++)
            {
                int source = random.Next(Functions);
                byte[] frame = Frame(random);
                int answer = table.FindPlain(source, PacketSwitch.HeaderOf(Vector128.Create(frame.AsSpan(0, 16))));
                SwitchVerdict verdict = table.Classify(source, frame, 60, destinations);
                bool isOneAsItIs = verdict == SwitchVerdict.Forward && !destinations.ToPort && destinations.Count == 1
                    && destinations.Edits[0] == VlanEdit.None;
                if (answer >= 0)
                {
                    plain++;
                    Assert.That(isOneAsItIs && destinations.Functions[0] == answer, Is.True, $"{change}, seed {seed}");
                }
                else
                {
                    missed += isOneAsItIs ? 1 : 0;
                }
            }
        }

        TestContext.Out.WriteLine($"{plain} plain answers; {missed} frames could have had one");
        Assert.That(plain, Is.GreaterThan(LeastPlain));
    }

    private static ulong Address(int number) => 0x0000_0100_0002UL | ((ulong)number << 40);

    private static void Change(PacketSwitch table, Random random)
    {
        int function = random.Next(Functions);
        switch (random.Next(11))
        {
            case 0:
                table.SetEnabled(function, random.Next(4) != 0);
                break;
            case 1 or 2:
                table.SetMac(function, Address(random.Next(Functions + 2)));
                break;
            case 3:
                table.SetReceiveMode(function, random.Next(8) == 0 ? random.Next(64) : 0);
                break;
            case 4:
                byte[] filter = [.. Enumerable.Range(0, 2).SelectMany(_ => BitConverter.GetBytes(Address(random.Next(9))).Take(6))];
                table.SetFilter(function, filter, random.Next(3), 0);
                break;
            case 5:
                table.SetVlanFiltering(function, random.Next(2) == 0);
                break;
            case 6:
                table.SetPortVlan(function, random.Next(3), random.Next(8), random.Next(2) == 0 ? Ethernet.TypeVlan : Ethernet.TypeServiceVlan);
                break;
            case 7:
                table.SetLinkUp(function, random.Next(16) != 0);
                break;
            case 8:
                table.SetTrusted(function, random.Next(2) == 0);
                break;
            case 9:
                table.SetSpoofCheck(function, random.Next(2) == 0);
                break;
            default:
                table.SetSteering(new SteeringSetup
                {
                    Function = function,
                    Pairs = random.Next(1, 3),
                    Entries = 1,
                    Pair = [0],
                    Key = new byte[VirtioNetHash.KeyBytes],
                });
                break;
        }
    }

    private static byte[] Frame(Random random)
    {
        byte[] frame = new byte[60];
        random.NextBytes(frame);
        ulong to = random.Next(12) switch { 0 => ulong.MaxValue, 1 => 0x0E00_00C2_8001UL, 2 => 1, _ => Address(random.Next(Functions + 2)) };
        ulong from = random.Next(12) == 0 ? 0 : Address(random.Next(Functions + 2));
        BitConverter.GetBytes(to).AsSpan(0, 6).CopyTo(frame);
        BitConverter.GetBytes(from).AsSpan(0, 6).CopyTo(frame.AsSpan(6));
        int type = Types[random.Next(Types.Length)];
        frame[12] = (byte)(type >> 8);
        frame[13] = (byte)type;
        return frame;
    }
}
