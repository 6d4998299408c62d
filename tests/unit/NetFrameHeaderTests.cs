using System;
using NUnit.Framework;
using SmartNicFw.Emulator.Net;

namespace SmartNicFw.Tests.Unit;

public sealed class NetFrameHeaderTests
{
    private const string A = "02:00:00:00:00:0A";
    private const string B = "02:00:00:00:00:0B";

    [Test]
    public void Untagged_TCP_over_IPv4_with_options_is_located()
    {
        byte[] frame = NetFrames.Ethernet(B, A, 0x0800, NetFrames.IpV4("10.0.0.1", "10.0.0.2", 6, NetFrames.Tcp(1, 2, []), options: [1, 1, 1, 1]));
        Assert.That(FrameHeader.Parse(frame, out FrameHeader header), Is.EqualTo(HeaderFault.None));
        Assert.That(header.Source, Is.EqualTo(NetFrames.MacValue(A)));
        Assert.That(header.Destination, Is.EqualTo(NetFrames.MacValue(B)));
        Assert.That(header.L3Offset, Is.EqualTo(14));
        Assert.That(header.L4Offset, Is.EqualTo(38));
        Assert.That(header.Protocol, Is.EqualTo(6));
        Assert.That(header.IpVersion, Is.EqualTo(4));
        Assert.That(header.HasPorts, Is.True);
        Assert.That(header.TagCount, Is.Zero);
    }

    [TestCase(new[] { 0x8100_6005u }, 1, 5, false)]
    [TestCase(new[] { 0x88A8_0007u, 0x8100_0005u }, 2, 7, true)]
    public void Tags_are_counted_and_the_outer_one_is_reported(uint[] tags, int count, int vlan, bool isServiceTag)
    {
        byte[] frame = NetFrames.Ethernet(B, A, 0x86DD, NetFrames.IpV6("::1", "::2", 17, NetFrames.Udp(1, 2, [])), tags);
        Assert.That(FrameHeader.Parse(frame, out FrameHeader header), Is.EqualTo(HeaderFault.None));
        Assert.That(header.TagCount, Is.EqualTo(count));
        Assert.That(header.Vlan, Is.EqualTo(vlan));
        Assert.That(header.IsServiceTag, Is.EqualTo(isServiceTag));
        Assert.That(header.EtherType, Is.EqualTo(0x86DD));
        Assert.That(header.L4Offset, Is.EqualTo(14 + (4 * count) + 40));
    }

    [TestCase(0x2000, true, true, TestName = "First_fragment_of_IPv4_has_a_transport_header")]
    [TestCase(0x2001, true, false, TestName = "Middle_fragment_of_IPv4_has_none")]
    [TestCase(0x0001, true, false, TestName = "Last_fragment_of_IPv4_has_none")]
    [TestCase(0x4000, false, true, TestName = "Do_not_fragment_is_no_fragment")]
    public void Fragments_of_IPv4(int field, bool isFragment, bool hasTransport)
    {
        byte[] frame = NetFrames.Ethernet(B, A, 0x0800, NetFrames.IpV4("10.0.0.1", "10.0.0.2", 17, NetFrames.Udp(1, 2, []), field));
        FrameHeader.Parse(frame, out FrameHeader header);
        Assert.That(header.IsFragment, Is.EqualTo(isFragment));
        Assert.That(header.L4Offset != 0, Is.EqualTo(hasTransport));
        Assert.That(header.HasPorts, Is.EqualTo(!isFragment));
    }

    [Test]
    public void Extension_headers_of_IPv6_are_skipped()
    {
        byte[] hops = [60, 0, 0, 0, 0, 0, 0, 0];
        byte[] options = [51, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        byte[] authentication = [44, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        byte[] atomic = [6, 0, 0, 0, 0, 0, 0, 9];
        byte[] frame = NetFrames.Ethernet(B, A, 0x86DD, NetFrames.IpV6("::1", "::2", 0, [.. hops, .. options, .. authentication, .. atomic, .. NetFrames.Tcp(1, 2, [])]));
        FrameHeader.Parse(frame, out FrameHeader header);
        Assert.That(header.L4Offset, Is.EqualTo(14 + 40 + 8 + 16 + 12 + 8));
        Assert.That(header.Protocol, Is.EqualTo(6));
        Assert.That(header.IsFragment, Is.False);
        Assert.That(header.HasExtensionHeaders, Is.True);
        Assert.That(header.HasPorts, Is.True);
    }

    [TestCase(8, 6)]
    [TestCase(9, -1)]
    [TestCase(24, -1)]
    public void Hostile_36_extension_headers_beyond_the_bound_hide_the_transport(int count, int protocol)
    {
        var extensions = new byte[count * 8];
        extensions[(count - 1) * 8] = 6;
        for (int index = 0; index < count - 1; index++)
            extensions[index * 8] = 60;
        byte[] frame = NetFrames.Ethernet(B, A, 0x86DD, NetFrames.IpV6("::1", "::2", 60, [.. extensions, .. NetFrames.Tcp(1, 2, [])]));
        Assert.That(FrameHeader.Parse(frame.AsSpan(0, Math.Min(256, frame.Length)), out FrameHeader header), Is.EqualTo(HeaderFault.None));
        Assert.That(header.Protocol, Is.EqualTo(protocol));
        Assert.That(header.HasPorts, Is.EqualTo(protocol == 6));
    }

    [Test]
    public void Hostile_36_every_cut_and_a_million_random_prefixes_parse_within_bounds()
    {
        byte[] frame = NetFrames.Ethernet(B, A, 0x86DD, NetFrames.IpV6("::1", "::2", 0, [44, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, .. NetFrames.Tcp(1, 2, [])]), 0x8100_0001, 0x8100_0002);
        for (int length = 0; length <= frame.Length; length++)
        {
            HeaderFault fault = FrameHeader.Parse(frame.AsSpan(0, length), out FrameHeader header);
            Assert.That(fault, Is.EqualTo(length < 22 ? HeaderFault.Runt : HeaderFault.None));
            Assert.That(header.HasPorts, Is.EqualTo(length >= 22 + 40 + 16 + 4));
        }

        var random = new Random(36);
        var bytes = new byte[128];
        int withPorts = 0;
        for (int round = 0; round < 1_000_000; round++)
        {
            random.NextBytes(bytes);
            // Half of them look like IP, so that the inner parsers are reached.
            int type = round % 4;
            (bytes[12], bytes[13]) = type == 0 ? ((byte)0x08, (byte)0) : type == 1 ? ((byte)0x86, (byte)0xDD) : (bytes[12], bytes[13]);
            bytes[14] = type == 0 ? (byte)(0x40 | (bytes[14] & 0xF)) : type == 1 ? (byte)0x60 : bytes[14];
            bytes[20] = type == 1 && round % 8 == 1 ? (byte)60 : bytes[20];
            ReadOnlySpan<byte> prefix = bytes.AsSpan(0, random.Next(129));
            FrameHeader.Parse(prefix, out FrameHeader header);
            if (header.L4Offset > prefix.Length || (header.HasPorts && header.L4Offset + 4 > prefix.Length))
                Assert.Fail($"transport header at {header.L4Offset} of {prefix.Length}");
            withPorts += header.HasPorts ? 1 : 0;
        }

        Assert.That(withPorts, Is.GreaterThan(0));
    }
}
