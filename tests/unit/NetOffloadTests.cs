using System;
using System.Buffers.Binary;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Unit;

public sealed class NetOffloadTests
{
    private const string A = "02:00:00:00:00:0A";
    private const string B = "02:00:00:00:00:0B";

    [Test]
    public void Checksums_of_random_pieces_agree_with_a_word_by_word_sum()
    {
        var random = new Random(1071);
        for (int round = 0; round < 20_000; round++)
        {
            var bytes = new byte[random.Next(200)];
            random.NextBytes(bytes);
            if (round % 10 == 0)
                Array.Fill(bytes, (byte)0xFF);
            InternetChecksum sum = default;
            for (int offset = 0; offset < bytes.Length;)
            {
                int length = Math.Min(random.Next(1, 40), bytes.Length - offset);
                sum.Add(bytes.AsSpan(offset, length));
                offset += length;
            }

            // 0 and FFFFh are the same number of ones' complement.
            Assert.That(sum.Value % 0xFFFF, Is.EqualTo(SimpleChecksum(bytes) % 0xFFFF), $"round {round}");
        }
    }

    [Test]
    public void The_example_of_RFC_1071_comes_out() =>
        Assert.That(InternetChecksum.SumOf([0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), Is.EqualTo(0xddf2));

    [TestCase(6, true)]
    [TestCase(6, false)]
    [TestCase(17, true)]
    [TestCase(17, false)]
    public void A_partial_checksum_is_completed(int protocol, bool isV4)
    {
        var payload = new byte[101];
        new Random(protocol).NextBytes(payload);
        byte[] frame = Partial(protocol, isV4, payload);
        OffloadHeader header = Header(frame, 0, 0);
        Assert.That(header.TryAccept(frame, frame.Length), Is.True);
        Offload.CompleteChecksum(frame, header);
        Assert.That(TransportSum(frame), Is.EqualTo(0xFFFF));
    }

    [Test]
    public void A_UDP_checksum_of_zero_goes_out_as_FFFF()
    {
        // The payload's word is chosen so that everything sums to FFFFh.
        byte[] frame = Partial(17, true, [0, 0]);
        OffloadHeader header = Header(frame, 0, 0);
        int rest = InternetChecksum.SumOf(frame.AsSpan(header.CsumStart));
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(^2), (ushort)(0xFFFF - rest));
        Offload.CompleteChecksum(frame, header);
        Assert.That(frame[(header.CsumStart + 6)..(header.CsumStart + 8)], Is.EqualTo(new byte[] { 0xFF, 0xFF }));
    }

    [TestCase(VirtioNetHeader.GsoTcpV4, 1448, 65000, 0u)]
    [TestCase(VirtioNetHeader.GsoTcpV4, 1448, 1448, 0u)]
    [TestCase(VirtioNetHeader.GsoTcpV4, 1, 3, 0x8100_2005u)]
    [TestCase(VirtioNetHeader.GsoTcpV4 | VirtioNetHeader.GsoEcn, 537, 4001, 0u)]
    [TestCase(VirtioNetHeader.GsoTcpV6, 1440, 64001, 0u)]
    [TestCase(VirtioNetHeader.GsoTcpV6, 1439, 7000, 0x8100_2005u)]
    [TestCase(VirtioNetHeader.GsoTcpV6, 1439, 0, 0u)]
    public void TCP_is_cut_into_frames_that_sum_up_to_the_payload(int gsoType, int gsoSize, int payloadLength, uint tag)
    {
        var payload = new byte[payloadLength];
        new Random(gsoSize).NextBytes(payload);
        bool isV4 = (gsoType & 0x7F) == VirtioNetHeader.GsoTcpV4;
        byte[] frame = Partial(6, isV4, payload, tag, 0x80 | 0x01 | 0x08 | 0x10);
        byte[][] segments = Cut(frame, Header(frame, gsoType, gsoSize));
        Assert.That(segments, Has.Length.EqualTo(Math.Max(1, (payloadLength + gsoSize - 1) / gsoSize)));

        uint sequence = 0xFFFF_FF00;
        int headers = frame.Length - payloadLength;
        for (int index = 0; index < segments.Length; index++)
        {
            byte[] segment = segments[index];
            FrameHeader.Parse(segment, out FrameHeader parsed);
            bool isLast = index == segments.Length - 1;
            int flags = 0x10 | (index == 0 ? 0x80 : 0) | (isLast ? 0x09 : 0);
            Assert.That(segment[parsed.L4Offset + 13], Is.EqualTo(flags), $"flags of segment {index}");
            Assert.That(BinaryPrimitives.ReadUInt32BigEndian(segment.AsSpan(parsed.L4Offset + 4)), Is.EqualTo(sequence));
            Assert.That(segment.AsSpan(headers).ToArray(), Is.EqualTo(payload.AsSpan(index * gsoSize, segment.Length - headers).ToArray()));
            AssertLengthsAndSums(segment, parsed, index);
            sequence += (uint)(segment.Length - headers);
        }

        Assert.That(segments.Sum(segment => segment.Length - headers), Is.EqualTo(payloadLength));
    }

    [TestCase(true, 1472, 60000)]
    [TestCase(true, 11, 100)]
    [TestCase(false, 1452, 20001)]
    public void UDP_is_cut_into_datagrams(bool isV4, int gsoSize, int payloadLength)
    {
        var payload = new byte[payloadLength];
        new Random(gsoSize).NextBytes(payload);
        byte[] frame = Partial(17, isV4, payload);
        byte[][] segments = Cut(frame, Header(frame, VirtioNetHeader.GsoUdpL4, gsoSize));
        int headers = frame.Length - payloadLength;
        Assert.That(segments.SelectMany(segment => segment.Skip(headers)), Is.EqualTo(payload));
        for (int index = 0; index < segments.Length; index++)
        {
            FrameHeader.Parse(segments[index], out FrameHeader parsed);
            int length = BinaryPrimitives.ReadUInt16BigEndian(segments[index].AsSpan(parsed.L4Offset + 4));
            Assert.That(length, Is.EqualTo(segments[index].Length - parsed.L4Offset));
            AssertLengthsAndSums(segments[index], parsed, index);
        }
    }

    [Test]
    public void Segmentation_allocates_nothing()
    {
        byte[] frame = Partial(6, true, new byte[65000]);
        OffloadHeader header = Header(frame, VirtioNetHeader.GsoTcpV4, 1448);
        var target = new byte[2000];
        int written = 0;
        Assert.That(Allocations.Of(() =>
        {
            header.TryAccept(frame.AsSpan(0, 256), frame.Length);
            var segmenter = new Segmenter(frame, frame.Length, header);
            while (segmenter.MoveNext())
                written += segmenter.Write(frame, target);
        }), Is.Zero);
        Assert.That(written, Is.EqualTo(10 * (65000 + (45 * 54))));
    }

    // flags, gso_type, hdr_len, gso_size, csum_start, csum_offset; the frame is TCP over IPv4, 54 bytes of headers and 3000 of payload.
    [TestCase(0, 0, 0, 0, 0xFFFF, 0xFFFF, true, TestName = "Checksum_fields_mean_nothing_without_the_flag")]
    [TestCase(1, 0, 0, 0, 34, 16, true, TestName = "A_partial_checksum_is_accepted")]
    [TestCase(1, 1, 54, 1448, 34, 16, true, TestName = "Segmentation_is_accepted")]
    [TestCase(1, 1, 0, 1448, 34, 16, true, TestName = "hdr_len_is_a_hint_only_and_may_be_missing")]
    [TestCase(1, 1, 3000, 1448, 34, 16, true, TestName = "hdr_len_is_a_hint_only_and_may_be_long")]
    [TestCase(1, 0x81, 54, 1448, 34, 16, true, TestName = "Segmentation_with_ECN_is_accepted")]
    [TestCase(0xFE, 0, 0, 0, 0, 0, true, TestName = "Unknown_flags_are_ignored")]
    [TestCase(0, 1, 54, 1448, 34, 16, false, TestName = "Hostile_18_segmentation_without_checksum")]
    [TestCase(1, 1, 54, 0, 34, 16, false, TestName = "Hostile_18_gso_size_of_zero")]
    [TestCase(1, 1, 3055, 1448, 34, 16, false, TestName = "Hostile_18_hdr_len_beyond_the_frame")]
    [TestCase(0, 0, 0xFFFF, 0, 0, 0, false, TestName = "Hostile_18_hdr_len_beyond_a_plain_frame")]
    [TestCase(1, 0, 0, 0, 3054, 0, false, TestName = "Hostile_18_csum_start_at_the_end")]
    [TestCase(1, 0, 0, 0, 0xFFFF, 0xFFFF, false, TestName = "Hostile_18_csum_start_and_offset_that_would_wrap")]
    [TestCase(1, 0, 0, 0, 34, 3019, false, TestName = "Hostile_18_csum_offset_one_byte_beyond")]
    [TestCase(1, 0, 0, 0, 34, 3018, true, TestName = "A_checksum_in_the_last_two_bytes_is_accepted")]
    [TestCase(1, 0, 0, 0, 13, 16, false, TestName = "Hostile_18_csum_start_within_the_Ethernet_header")]
    [TestCase(1, 4, 54, 1448, 34, 16, false, TestName = "Hostile_18_TCPv6_asked_for_IPv4")]
    [TestCase(1, 5, 54, 1448, 34, 6, false, TestName = "Hostile_18_UDP_asked_for_TCP")]
    [TestCase(1, 3, 54, 1448, 34, 16, false, TestName = "Hostile_18_UFO_that_was_not_offered")]
    [TestCase(1, 0x80, 54, 1448, 34, 16, false, TestName = "Hostile_18_ECN_without_segmentation")]
    [TestCase(1, 0x7F, 54, 1448, 34, 16, false, TestName = "Hostile_18_unknown_gso_type")]
    [TestCase(1, 1, 54, 1448, 35, 16, false, TestName = "Hostile_18_csum_start_beside_the_transport_header")]
    [TestCase(1, 1, 54, 1448, 34, 15, false, TestName = "Hostile_18_csum_offset_beside_the_checksum")]
    public void A_header_is_judged_against_its_frame(int flags, int gsoType, int hdrLen, int gsoSize, int csumStart, int csumOffset, bool isAccepted)
    {
        byte[] frame = Partial(6, true, new byte[3000]);
        var raw = new byte[12];
        (raw[0], raw[1]) = ((byte)flags, (byte)gsoType);
        BinaryPrimitives.WriteUInt16LittleEndian(raw.AsSpan(2), (ushort)hdrLen);
        BinaryPrimitives.WriteUInt16LittleEndian(raw.AsSpan(4), (ushort)gsoSize);
        BinaryPrimitives.WriteUInt16LittleEndian(raw.AsSpan(6), (ushort)csumStart);
        BinaryPrimitives.WriteUInt16LittleEndian(raw.AsSpan(8), (ushort)csumOffset);
        OffloadHeader header = OffloadHeader.Read(raw);
        Assert.That(header.TryAccept(frame.AsSpan(0, 256), frame.Length), Is.EqualTo(isAccepted));
        Assert.That(header.Flags & VirtioNetHeader.DataValid, Is.Zero);
    }

    [TestCase(14, false)]
    [TestCase(17, false)]
    [TestCase(18, true)]
    public void Hostile_18_a_checksum_that_would_be_written_into_a_VLAN_tag_is_refused(int csumStart, bool isAccepted)
    {
        byte[] frame = NetFrames.Ethernet(A, B, 0x88B5, new byte[60], 0x8100_0005);
        var header = new OffloadHeader { Flags = VirtioNetHeader.NeedsCsum, CsumStart = csumStart };
        Assert.That(header.TryAccept(frame, frame.Length), Is.EqualTo(isAccepted));
    }

    [Test]
    public void Hostile_18_a_TCP_header_that_lies_about_its_length_is_refused()
    {
        byte[] frame = Partial(6, true, new byte[100]);
        foreach ((int dataOffset, bool isAccepted) in new[] { (0, false), (4, false), (5, true), (15, true) })
        {
            frame[34 + 12] = (byte)(dataOffset << 4);
            Assert.That(Header(frame, VirtioNetHeader.GsoTcpV4, 50).TryAccept(frame, frame.Length), Is.EqualTo(isAccepted));
        }

        byte[] brief = frame[..(34 + 20)];
        brief[34 + 12] = 6 << 4;
        Assert.That(Header(frame, VirtioNetHeader.GsoTcpV4, 50).TryAccept(brief, brief.Length), Is.False);
    }

    [Test]
    public void Hostile_18_fragments_and_a_flood_of_tiny_segments_are_refused()
    {
        byte[] frame = Partial(6, true, new byte[60000]);
        Assert.That(Header(frame, VirtioNetHeader.GsoTcpV4, 8).TryAccept(frame.AsSpan(0, 256), frame.Length), Is.True);
        Assert.That(Header(frame, VirtioNetHeader.GsoTcpV4, 7).TryAccept(frame.AsSpan(0, 256), frame.Length), Is.False);
        frame[14 + 6] = 0x20;
        Assert.That(Header(frame, VirtioNetHeader.GsoTcpV4, 1448).TryAccept(frame.AsSpan(0, 256), frame.Length), Is.False);
    }

    [Test]
    public void Hostile_18_half_a_million_random_headers_never_reach_outside_the_frame()
    {
        var random = new Random(18);
        var raw = new byte[12];
        var target = new byte[70000];
        byte[][] frames = [Partial(6, true, new byte[200]), Partial(6, false, new byte[200]), Partial(17, true, new byte[200]), new byte[60]];
        int cut = 0;
        for (int round = 0; round < 500_000; round++)
        {
            byte[] original = frames[round % frames.Length];
            random.NextBytes(raw);
            OffloadHeader likely = Header(frames[round % 3], new[] { 0, 1, 4, 5, 0x81 }[random.Next(5)], random.Next(300));
            OffloadHeader header = round % 2 == 0 ? OffloadHeader.Read(raw) : likely;
            byte[] frame = [.. original[..random.Next(original.Length + 1)]];
            if (frame.Length != 0)
                frame[random.Next(frame.Length)] ^= (byte)(1 << random.Next(8));
            if (!header.TryAccept(frame, frame.Length))
                continue;
            if (header.IsGso)
            {
                var segmenter = new Segmenter(frame, frame.Length, header);
                while (segmenter.MoveNext())
                    cut += segmenter.Write(frame, target) > 0 ? 1 : 0;
            }
            else if (header.NeedsCsum)
            {
                Offload.CompleteChecksum(frame, header);
            }
        }

        Assert.That(cut, Is.GreaterThan(1000));
    }

    [Test]
    public void A_header_follows_its_frame_through_a_VLAN_edit_and_back_to_bytes()
    {
        byte[] frame = Partial(6, true, new byte[3000]);
        OffloadHeader header = Header(frame, VirtioNetHeader.GsoTcpV4, 1448);
        header.TryAccept(frame, frame.Length);
        OffloadHeader moved = header.After(VlanEdit.Insert);
        Assert.That((moved.CsumStart, moved.HdrLen), Is.EqualTo((38, 58)));
        Assert.That(moved.After(VlanEdit.Strip), Is.EqualTo(header));
        var raw = new byte[12];
        moved.Write(raw);
        Assert.That(OffloadHeader.Read(raw), Is.EqualTo(moved));
        Assert.That(raw[10..], Is.EqualTo(new byte[] { 1, 0 }));
        var tagged = new byte[frame.Length + 4];
        VlanTag.Copy(frame, VlanEdit.Insert, 0x8100_0005, tagged);
        Assert.That(moved.TryAccept(tagged, tagged.Length), Is.True);
    }

    private static byte[][] Cut(byte[] frame, OffloadHeader header)
    {
        Assert.That(header.TryAccept(frame.AsSpan(0, Math.Min(256, frame.Length)), frame.Length), Is.True);
        var segmenter = new Segmenter(frame.AsSpan(0, Math.Min(256, frame.Length)), frame.Length, header);
        var segments = new System.Collections.Generic.List<byte[]>();
        var target = new byte[70000];
        while (segmenter.MoveNext())
            segments.Add(target[..segmenter.Write(frame, target)]);
        return [.. segments];
    }

    private static void AssertLengthsAndSums(byte[] segment, FrameHeader parsed, int index)
    {
        int ip = parsed.L3Offset;
        if (parsed.IpVersion == 4)
        {
            Assert.That(SimpleChecksum(segment[ip..(ip + 20)]), Is.Zero, "IPv4 header checksum");
            Assert.That(BinaryPrimitives.ReadUInt16BigEndian(segment.AsSpan(ip + 2)), Is.EqualTo(segment.Length - ip));
            Assert.That(BinaryPrimitives.ReadUInt16BigEndian(segment.AsSpan(ip + 4)), Is.EqualTo((0xFFF0 + index) & 0xFFFF));
        }
        else
        {
            Assert.That(BinaryPrimitives.ReadUInt16BigEndian(segment.AsSpan(ip + 4)), Is.EqualTo(segment.Length - ip - 40));
        }

        Assert.That(TransportSum(segment), Is.EqualTo(0xFFFF), "transport checksum");
    }

    // A frame whose checksum field has the sum of the pseudo header, as a driver leaves it.
    private static byte[] Partial(int protocol, bool isV4, byte[] payload, uint tag = 0, int flags = 0x18)
    {
        byte[] transport = protocol == 6 ? NetFrames.Tcp(1000, 2000, payload, 0xFFFF_FF00, flags) : NetFrames.Udp(1000, 2000, payload);
        byte[] ip = isV4 ? NetFrames.IpV4("10.1.2.3", "10.9.8.7", protocol, transport, 0x4000, id: 0xFFF0) : NetFrames.IpV6("fd00::1:2", "fd00::7:8", protocol, transport);
        byte[] frame = NetFrames.Ethernet(B, A, isV4 ? 0x0800 : 0x86DD, ip, tag == 0 ? [] : [tag]);
        int start = frame.Length - transport.Length;
        NetFrames.Big16(PseudoSum(frame, start, protocol)).CopyTo(frame, start + (protocol == 6 ? 16 : 6));
        return frame;
    }

    private static OffloadHeader Header(byte[] frame, int gsoType, int gsoSize)
    {
        FrameHeader.Parse(frame, out FrameHeader parsed);
        return new OffloadHeader { Flags = 1, GsoType = gsoType, GsoSize = gsoSize, CsumStart = parsed.L4Offset, CsumOffset = parsed.Protocol == 6 ? 16 : 6 };
    }

    private static int TransportSum(byte[] frame)
    {
        FrameHeader.Parse(frame, out FrameHeader parsed);
        int sum = PseudoSum(frame, parsed.L4Offset, parsed.Protocol) + (~SimpleChecksum(frame[parsed.L4Offset..]) & 0xFFFF);
        return (sum & 0xFFFF) + (sum >> 16);
    }

    private static int PseudoSum(byte[] frame, int start, int protocol)
    {
        bool isV4 = frame[start - 20] >> 4 == 4 && frame[start - 20 - 2] == 0x08;
        byte[] addresses = isV4 ? frame[(start - 8)..start] : frame[(start - 32)..start];
        return ~SimpleChecksum([.. addresses, .. NetFrames.Big16(frame.Length - start), 0, (byte)protocol]) & 0xFFFF;
    }

    private static int SimpleChecksum(byte[] bytes)
    {
        long sum = 0;
        for (int index = 0; index < bytes.Length; index++)
            sum += index % 2 == 0 ? bytes[index] << 8 : bytes[index];
        while (sum > 0xFFFF)
            sum = (sum & 0xFFFF) + (sum >> 16);
        return (int)~sum & 0xFFFF;
    }
}
