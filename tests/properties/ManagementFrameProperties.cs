// Frames of the management protocol under whatever may arrive, and their checksum against one that is worked out bit by bit.
using System;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using SmartNicFw.Hal;
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.Tests.Properties;

public sealed class ManagementFrameProperties
{
    private const int SignatureBits = 32;
    private const int Cases = 10_000;
    private const int Kinds = 2;

    [Test]
    public void The_checksum_of_any_bytes_is_that_of_shifting_them_bit_by_bit_however_they_are_cut()
    {
        Prop.ForAll(Arb.From(Gen.Choose(0, int.MaxValue)), seed =>
        {
            var random = new Random(seed);
            byte[] bytes = Bytes(random, random.Next(200));
            int cut = random.Next(bytes.Length + 1);
            int zeros = random.Next(9);
            uint run = Crc32.Update(Crc32.Start, bytes, 0, cut);
            run = Crc32.UpdateZeros(run, zeros);
            run = Crc32.Update(run, bytes, cut, bytes.Length - cut);
            return Crc32.Finish(run) == BitByBit([.. bytes[..cut], .. new byte[zeros], .. bytes[cut..]]);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Cases));
    }

    [Test]
    public void What_is_written_is_accepted_and_read_back_at_any_place_and_the_bytes_around_it_stay()
    {
        Prop.ForAll(Arb.From(Gen.Choose(0, int.MaxValue)), seed =>
        {
            var random = new Random(seed);
            Sent sent = Sent.Next(random);
            byte[] payload = Bytes(random, sent.PayloadBytes);
            byte[] around = Bytes(random, sent.Offset + ManagementFrame.MaxBytes + 16);
            byte[] buffer = [.. around];
            payload.CopyTo(buffer, sent.Offset + ManagementFrame.PayloadOffset);
            int bytes = sent.Write(buffer);
            int end = sent.Offset + bytes;
            return bytes == ManagementFrame.HeaderBytes + payload.Length
                && ManagementCodec.Check(buffer, sent.Offset, bytes, sent.Kind) == ManagementStatus.Ok
                && ManagementCodec.Check(buffer, sent.Offset, bytes, sent.OtherKind) == ManagementStatus.WrongHeader
                && ManagementCodec.FrameBytes(buffer, sent.Offset, buffer.Length - sent.Offset) == bytes
                && ManagementCodec.Opcode(buffer, sent.Offset) == sent.Opcode
                && ManagementCodec.Status(buffer, sent.Offset) == sent.Status
                && ManagementCodec.Sequence(buffer, sent.Offset) == sent.Sequence
                && ManagementCodec.PayloadBytes(buffer, sent.Offset) == payload.Length
                && LittleEndian.ReadU32(buffer, sent.Offset + ManagementFrame.CrcOffset) == Expected(buffer, sent.Offset, bytes)
                && buffer.AsSpan(sent.Offset + ManagementFrame.PayloadOffset, payload.Length).SequenceEqual(payload)
                && buffer.AsSpan(0, sent.Offset).SequenceEqual(around.AsSpan(0, sent.Offset))
                && buffer.AsSpan(end).SequenceEqual(around.AsSpan(end));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Cases));
    }

    [Test]
    public void A_frame_that_lacks_bytes_or_has_more_is_refused_for_its_length_and_a_stream_waits_for_the_rest()
    {
        Prop.ForAll(Arb.From(Gen.Choose(0, int.MaxValue)), seed =>
        {
            var random = new Random(seed);
            Sent sent = Sent.Next(random);
            byte[] buffer = Bytes(random, sent.Offset + ManagementFrame.MaxBytes + 16);
            int bytes = sent.Write(buffer);
            int count = random.Next(-1, buffer.Length - sent.Offset + 2);
            int wanted = count < ManagementFrame.HeaderBytes ? 0 : bytes;
            return count == bytes
                || (ManagementCodec.Check(buffer, sent.Offset, count, sent.Kind) == ManagementStatus.WrongLength
                    && ManagementCodec.FrameBytes(buffer, sent.Offset, Math.Min(count, buffer.Length - sent.Offset)) == wanted);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Cases));
    }

    [Test]
    public void Every_bit_of_a_frame_that_turns_over_has_it_refused()
    {
        Prop.ForAll(Arb.From(Gen.Choose(0, int.MaxValue)), seed =>
        {
            var random = new Random(seed);
            Sent sent = Sent.Next(random) with { PayloadBytes = random.Next(9), Offset = 0 };
            byte[] buffer = Bytes(random, ManagementFrame.MaxBytes);
            int bytes = sent.Write(buffer);
            return Enumerable.Range(0, bytes * 8).All(bit =>
            {
                buffer[bit / 8] ^= (byte)(1 << (bit % 8));
                int status = ManagementCodec.Check(buffer, 0, bytes, sent.Kind);
                bool isFrame = ManagementCodec.FrameBytes(buffer, 0, bytes) != ManagementCodec.NoFrame;
                buffer[bit / 8] ^= (byte)(1 << (bit % 8));
                return status != ManagementStatus.Ok && (bit >= SignatureBits || !isFrame);
            });
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Cases));
    }

    [Test]
    public void Every_bit_of_the_largest_frame_that_turns_over_has_it_refused()
    {
        byte[] buffer = Bytes(new Random(1), ManagementFrame.MaxBytes);
        int bytes = ManagementCodec.WriteResponse(buffer, 0, ManagementOpcode.Events, 1, ManagementStatus.Ok, ManagementFrame.MaxPayloadBytes);
        Assert.That(ManagementCodec.Check(buffer, 0, bytes, ManagementFrame.Response), Is.EqualTo(ManagementStatus.Ok));
        for (int bit = 0; bit < bytes * 8; bit++)
        {
            buffer[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.That(ManagementCodec.Check(buffer, 0, bytes, ManagementFrame.Response), Is.Not.EqualTo(ManagementStatus.Ok), $"bit {bit}");
            buffer[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Test]
    public void Whatever_arrives_nothing_throws_nothing_changes_and_only_what_a_reference_accepts_is_accepted()
    {
        int accepted = 0;
        Prop.ForAll(Arb.From(Gen.Choose(0, int.MaxValue)), seed =>
        {
            var random = new Random(seed);
            byte[] buffer = Hostile(random, out int offset, out int count);
            byte[] before = [.. buffer];
            int kind = random.Next(4);
            int status = ManagementCodec.Check(buffer, offset, count, kind);
            bool isWithin = offset >= 0 && count >= 0 && offset <= buffer.Length - count;
            bool isRight = isWithin && IsFrame(buffer.AsSpan(offset, count), kind);
            if (isWithin)
            {
                int bytes = ManagementCodec.FrameBytes(buffer, offset, count);
                isRight &= bytes == count;
                if (bytes is < ManagementCodec.NoFrame or > ManagementFrame.MaxBytes)
                {
                    return false;
                }
            }

            if (status == ManagementStatus.Ok)
            {
                accepted++;
                int text = ManagementCodec.RefusalTextBytes(buffer, offset);
                if (text < 0 || (text > 0 && ManagementFrame.HeaderBytes + ManagementRefusal.Bytes + text != count))
                {
                    return false;
                }
            }

            return isRight == (status == ManagementStatus.Ok) && buffer.SequenceEqual(before);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Cases));
        Assert.That(accepted, Is.GreaterThan(Cases / 50), "too few of the frames are right to say anything");
    }

    // A frame with a right or nearly right header, a right checksum or not, in a buffer that may be too short for it.
    private static byte[] Hostile(Random random, out int offset, out int count)
    {
        byte[] buffer = Bytes(random, random.Next(1_100));
        offset = random.Next(4) == 0 ? random.Next(-2, buffer.Length + 2) : 0;
        count = random.Next(4) == 0 ? random.Next(-2, buffer.Length + 2) : buffer.Length - offset;
        if (random.Next(16) == 0)
        {
            count = random.Next(2) == 0 ? int.MaxValue : int.MinValue;
        }

        if (offset < 0 || count < ManagementFrame.HeaderBytes || offset > buffer.Length - count)
        {
            return buffer;
        }

        Span<byte> frame = buffer.AsSpan(offset, count);
        byte[] header = [0x53, 0x4E, 0x46, 0x57, 1, (byte)random.Next(3), (byte)random.Next(1, 3), 0];
        header.CopyTo(frame);
        LittleEndian.WriteU16(buffer, offset + ManagementFrame.StatusOffset, (ushort)random.Next(2));
        LittleEndian.WriteU16(buffer, offset + ManagementFrame.PayloadLengthOffset, (ushort)(count - ManagementFrame.HeaderBytes));
        LittleEndian.WriteU16(buffer, offset + ManagementFrame.Reserved1Offset, 0);
        LittleEndian.WriteU32(buffer, offset + ManagementFrame.CrcOffset, Expected(buffer, offset, count));
        if (random.Next(2) == 0)
        {
            frame[random.Next(ManagementFrame.HeaderBytes)] = (byte)random.Next(256);
            if (random.Next(2) == 0)
            {
                LittleEndian.WriteU32(buffer, offset + ManagementFrame.CrcOffset, Expected(buffer, offset, count));
            }
        }

        return buffer;
    }

    // What the docstrings of the frame say, written once more.
    private static bool IsFrame(ReadOnlySpan<byte> frame, int kind) =>
        frame.Length is >= 24 and <= 1_024
        && frame[..5].SequenceEqual((ReadOnlySpan<byte>)[0x53, 0x4E, 0x46, 0x57, 1])
        && frame[6] == kind
        && frame[7] == 0
        && (kind != 1 || (frame[10] == 0 && frame[11] == 0))
        && frame[16] + (frame[17] * 256) == frame.Length - 24
        && frame[18] == 0
        && frame[19] == 0
        && BitConverter.ToUInt32(frame[20..24]) == BitByBit([.. frame[..20], 0, 0, 0, 0, .. frame[24..]]);

    private static uint Expected(byte[] buffer, int offset, int bytes) =>
        BitByBit([.. buffer[offset..(offset + 20)], 0, 0, 0, 0, .. buffer[(offset + 24)..(offset + bytes)]]);

    // IEEE 802.3-2018, 3.2.9, a bit at a time: the polynomial as the standard writes it, bits of a byte from the lowest, the result reversed.
    private static uint BitByBit(byte[] bytes)
    {
        uint remainder = 0xFFFFFFFF;
        foreach (byte value in bytes)
        {
            for (int bit = 0; bit < 8; bit++)
            {
                uint leaves = (remainder >> 31) ^ (uint)((value >> bit) & 1);
                remainder = (remainder << 1) ^ (leaves * 0x04C11DB7);
            }
        }

        uint reversed = 0;
        for (int bit = 0; bit < 32; bit++)
        {
            reversed |= ((remainder >> bit) & 1) << (31 - bit);
        }

        return ~reversed;
    }

    private static byte[] Bytes(Random random, int count)
    {
        byte[] bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    // Fields of a frame, and where it lies.
    private sealed record Sent(int Offset, int Kind, int Opcode, int Status, uint Sequence, int PayloadBytes)
    {
        public int OtherKind => Kinds + 1 - Kind;

        public static Sent Next(Random random)
        {
            int kind = random.Next(ManagementFrame.Request, ManagementFrame.Response + 1);
            int status = kind == ManagementFrame.Request ? ManagementStatus.Ok : random.Next(0x10000);
            int[] sizes = [0, random.Next(64), random.Next(ManagementFrame.MaxPayloadBytes + 1), ManagementFrame.MaxPayloadBytes];
            return new Sent(
                random.Next(40), kind, random.Next(0x10000), status, (uint)random.NextInt64(1L << 32), sizes[random.Next(sizes.Length)]);
        }

        public int Write(byte[] buffer) => Kind == ManagementFrame.Request
            ? ManagementCodec.WriteRequest(buffer, Offset, Opcode, Sequence, PayloadBytes)
            : ManagementCodec.WriteResponse(buffer, Offset, Opcode, Sequence, Status, PayloadBytes);
    }
}
