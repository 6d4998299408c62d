using System;
using System.Linq;
using System.Net;
using NUnit.Framework;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Unit;

/// <summary>Against "Verifying the RSS Hash Calculation" of Microsoft's network driver documentation, key and vectors.</summary>
public sealed class NetSteeringTests
{
    private const string KeyText =
        "6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa";

    private const uint AllTypes = 0x3F;

    private static readonly byte[] Key = Convert.FromHexString(KeyText);

    // Destination address and port, source address and port, hash of addresses alone, hash with TCP ports.
    [TestCase("161.142.100.80", 1766, "66.9.149.187", 2794, 0x323e8fc2u, 0x51ccc178u)]
    [TestCase("65.69.140.83", 4739, "199.92.111.2", 14230, 0xd718262au, 0xc626b0eau)]
    [TestCase("12.22.207.184", 38024, "24.19.198.95", 12898, 0xd2d0a5deu, 0x5c2b394au)]
    [TestCase("209.142.163.6", 2217, "38.27.205.30", 48228, 0x82989176u, 0xafc7327fu)]
    [TestCase("202.188.127.2", 1303, "153.39.163.191", 44251, 0x5d1809c5u, 0x10e828a2u)]
    [TestCase("3ffe:2501:200:3::1", 1766, "3ffe:2501:200:1fff::7", 2794, 0x2cc18cd5u, 0x40207d3du)]
    [TestCase("ff02::1", 4739, "3ffe:501:8::260:97ff:fe40:efab", 14230, 0x0f0c461cu, 0xdde51bbfu)]
    [TestCase("fe80::200:f8ff:fe21:67cf", 38024, "3ffe:1900:4545:3:200:f8ff:fe21:67cf", 44251, 0x4b61e985u, 0x02d1feefu)]
    public void Published_vectors_come_out(string destination, int destinationPort, string source, int sourcePort, uint addresses, uint withPorts)
    {
        bool isV4 = IPAddress.Parse(source).GetAddressBytes().Length == 4;
        byte[] tcp = NetFrames.Tcp(sourcePort, destinationPort, []);
        byte[] udp = NetFrames.Udp(sourcePort, destinationPort, []);
        Assert.That(Select(AllTypes, Frame(isV4, source, destination, 6, tcp)), Is.EqualTo((withPorts, isV4 ? 2 : 5)));
        Assert.That(Select(AllTypes, Frame(isV4, source, destination, 17, udp)), Is.EqualTo((withPorts, isV4 ? 3 : 6)));
        Assert.That(Select(AllTypes, Frame(isV4, source, destination, 58, udp)), Is.EqualTo((addresses, isV4 ? 1 : 4)));
        uint addressesOnly = VirtioNetHash.TypeIpV4 | VirtioNetHash.TypeIpV6;
        Assert.That(Select(addressesOnly, Frame(isV4, source, destination, 6, tcp)), Is.EqualTo((addresses, isV4 ? 1 : 4)));
        Assert.That(Select(isV4 ? 0x38u : 0x07u, Frame(isV4, source, destination, 6, tcp)), Is.EqualTo((0u, 0)), "types of the other version");

        byte[] input = [.. IPAddress.Parse(source).GetAddressBytes(), .. IPAddress.Parse(destination).GetAddressBytes(), .. tcp[..4]];
        Assert.That(new ToeplitzHash(Key).Compute(input), Is.EqualTo(withPorts));
    }

    [Test]
    public void A_fragment_is_hashed_by_its_addresses_so_that_it_stays_with_its_kin()
    {
        byte[] first = NetFrames.Ethernet("02:00:00:00:00:01", "02:00:00:00:00:02", 0x0800, NetFrames.IpV4("66.9.149.187", "161.142.100.80", 17, NetFrames.Udp(1, 2, []), 0x2000));
        byte[] last = NetFrames.Ethernet("02:00:00:00:00:01", "02:00:00:00:00:02", 0x0800, NetFrames.IpV4("66.9.149.187", "161.142.100.80", 17, [1, 2, 3, 4], 0x0001));
        Assert.That(Select(AllTypes, first), Is.EqualTo((0x323e8fc2u, 1)));
        Assert.That(Select(AllTypes, last), Is.EqualTo((0x323e8fc2u, 1)));
    }

    [Test]
    public void The_indirection_table_chooses_by_the_low_bits_and_the_rest_goes_to_the_unclassified_pair()
    {
        var subject = new PacketSwitch(1);
        ushort[] table = [.. Enumerable.Range(0, 128).Select(entry => (ushort)(entry % 7))];
        subject.SetSteering(new SteeringSetup { Function = 0, Pairs = 8, IsRss = true, HashTypes = AllTypes, UnclassifiedPair = 7, Entries = 128, Pair = table, Key = Key });
        table[0x78] = 99;
        byte[] tcp = Frame(true, "66.9.149.187", "161.142.100.80", 6, NetFrames.Tcp(2794, 1766, []));
        Assert.That(subject.SelectPair(0, tcp, out uint hash, out _), Is.EqualTo(0x78 % 7), "the table was copied");
        Assert.That(hash, Is.EqualTo(0x51ccc178));
        byte[] arp = NetFrames.Ethernet("FF:FF:FF:FF:FF:FF", "02:00:00:00:00:02", 0x0806, new byte[46]);
        Assert.That(subject.SelectPair(0, arp, out hash, out int report), Is.EqualTo(7));
        Assert.That((hash, report), Is.EqualTo((0u, 0)));
    }

    [Test]
    public void Without_RSS_a_flow_keeps_its_pair_flows_spread_and_nothing_is_allocated()
    {
        var subject = new PacketSwitch(1);
        byte[] frame = Frame(true, "10.0.0.1", "10.0.0.2", 17, NetFrames.Udp(1, 2, []));
        Assert.That(subject.SelectPair(0, frame, out _, out _), Is.Zero, "one pair at first");
        subject.SetSteering(new SteeringSetup { Function = 0, Pairs = 3 });
        var seen = new int[3];
        int changed = 0;
        int port = 0;
        long allocated = Allocations.Of(() =>
        {
            for (int end = port + 300; port < end; port++)
            {
                frame[34] = (byte)(port >> 8);
                frame[35] = (byte)port;
                int pair = subject.SelectPair(0, frame, out _, out _);
                changed += subject.SelectPair(0, frame, out _, out _) == pair ? 0 : 1;
                seen[pair]++;
            }
        });
        Assert.That(allocated, Is.Zero);
        Assert.That(changed, Is.Zero);
        Assert.That(seen, Is.All.InRange(700, 1300));
    }

    private static byte[] Frame(bool isV4, string source, string destination, int protocol, byte[] payload) =>
        NetFrames.Ethernet("02:00:00:00:00:01", "02:00:00:00:00:02", isV4 ? 0x0800 : 0x86DD,
            isV4 ? NetFrames.IpV4(source, destination, protocol, payload) : NetFrames.IpV6(source, destination, protocol, payload));

    private static (uint Hash, int Report) Select(uint types, byte[] frame)
    {
        var subject = new PacketSwitch(1);
        subject.SetSteering(new SteeringSetup { Function = 0, Pairs = 1, HashTypes = types, Key = Key });
        subject.SelectPair(0, frame, out uint hash, out int report);
        return (hash, report);
    }
}
