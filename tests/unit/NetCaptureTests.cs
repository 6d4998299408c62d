using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Net.Capture;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Unit;

public sealed class NetCaptureTests
{
    private static readonly byte[][] Frames = [.. Enumerable.Range(0, 5).Select(index => Pattern(60 + index))];

    [TestCase(true)]
    [TestCase(false)]
    public void What_is_written_is_read_back_with_its_time(bool isPcapng)
    {
        byte[] file = Written(isPcapng);
        using var reader = new PcapReader(new MemoryStream(file), "x");
        for (int index = 0; index < Frames.Length; index++)
        {
            Assert.That(reader.TryRead(out ReadOnlySpan<byte> frame), Is.True);
            Assert.That(frame.ToArray(), Is.EqualTo(Frames[index]));
            Assert.That(reader.TimestampNs, Is.EqualTo(1_700_000_000_123_456_789 + index));
            Assert.That(reader.OriginalLength, Is.EqualTo(frame.Length));
        }

        Assert.That(reader.TryRead(out _), Is.False);
        Assert.That(reader.TryRead(out _), Is.False);
        Assert.That(reader.FramesRead, Is.EqualTo(Frames.Length));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void A_file_cut_at_any_byte_gives_the_frames_before_and_one_clear_line(bool isPcapng)
    {
        byte[] file = Written(isPcapng);

        // Where a cut leaves a whole file: after the header, each frame, and each other block.
        var whole = new Dictionary<int, int>();
        int position = isPcapng ? 28 : 24;
        int frames = 0;
        whole[position] = 0;
        while (position < file.Length)
        {
            bool isFrame = !isPcapng || file[position] == 6;
            position += isPcapng ? BitConverter.ToInt32(file, position + 4) : 16 + BitConverter.ToInt32(file, position + 8);
            frames += isFrame ? 1 : 0;
            whole[position] = frames;
        }

        Assert.That(frames, Is.EqualTo(Frames.Length));
        for (int length = 0; length < file.Length; length++)
        {
            (int read, CaptureException? damage) = ReadAll(file[..length]);
            Assert.That(read, Is.EqualTo(whole.Where(edge => edge.Key <= length).Select(edge => edge.Value).DefaultIfEmpty().Max()), $"cut at {length}");
            Assert.That(damage is null, Is.EqualTo(whole.ContainsKey(length)), $"cut at {length}");
            if (damage is not null)
            {
                Assert.That(damage.Message, Does.Match(@"^test\.file: byte \d+: [^\r\n]+$"));
                Assert.That(damage.Offset, Is.InRange(0, length));
            }
        }
    }

    [TestCase(true)]
    [TestCase(false)]
    public void A_file_with_any_byte_changed_is_read_or_refused_with_one_line(bool isPcapng)
    {
        byte[] file = Written(isPcapng);
        int refused = 0;
        foreach (byte change in new byte[] { 0x01, 0x80, 0xFF })
        {
            for (int place = 0; place < file.Length; place++)
            {
                byte[] changed = [.. file];
                changed[place] ^= change;
                (int read, CaptureException? damage) = ReadAll(changed);
                Assert.That(read, Is.LessThanOrEqualTo(Frames.Length));
                refused += damage is null ? 0 : 1;
            }
        }

        Assert.That(refused, Is.GreaterThan(50));
    }

    [TestCase(0xA1B2C3D4u, false, 1000)]
    [TestCase(0xA1B2C3D4u, true, 1000)]
    [TestCase(0xA1B23C4Du, false, 1)]
    [TestCase(0xA1B23C4Du, true, 1)]
    public void Every_kind_of_pcap_is_read(uint magic, bool isBigEndian, int nanoseconds)
    {
        byte[] file = [.. Words(isBigEndian, magic, isBigEndian ? 0x0002_0004u : 0x0004_0002u, 0, 0, 65535, 1), .. Words(isBigEndian, 7, 8, 60, 1500), .. Frames[0]];
        using var reader = new PcapReader(new MemoryStream(file), "x");
        Assert.That(reader.TryRead(out ReadOnlySpan<byte> frame), Is.True);
        Assert.That(frame.ToArray(), Is.EqualTo(Frames[0]));
        Assert.That(reader.TimestampNs, Is.EqualTo(7_000_000_000 + (8 * nanoseconds)));
        Assert.That(reader.OriginalLength, Is.EqualTo(1500));
    }

    [TestCase(false)]
    [TestCase(true)]
    public void Both_byte_orders_of_pcapng_simple_packets_unknown_blocks_and_a_second_section_are_read(bool isBigEndian)
    {
        byte[] section = Words(isBigEndian, 0x0A0D0D0A, 28, 0x1A2B3C4D, isBigEndian ? 0x0001_0000u : 1u, 0xFFFFFFFF, 0xFFFFFFFF, 28);
        byte[] description = Words(isBigEndian, 1, 20, isBigEndian ? 0x0001_0000u : 1u, 0, 20);
        byte[] unknown = Words(isBigEndian, 0x0BAD, 16, 0xFFFFFFFF, 16);
        byte[] simple = [.. Words(isBigEndian, 3, 76, 60), .. Frames[0], .. Words(isBigEndian, 76)];
        byte[] enhanced = [.. Words(isBigEndian, 6, 92, 0, 0, 5, 60, 60), .. Frames[0], .. Words(isBigEndian, 92)];
        byte[] file = [.. section, .. unknown, .. description, .. simple, .. enhanced];
        Assert.That(ReadAll(file), Is.EqualTo((2, (CaptureException?)null)));
        (int read, CaptureException? damage) = ReadAll([.. file, .. section, .. enhanced]);
        Assert.That(read, Is.EqualTo(2));
        Assert.That(damage!.Message, Does.Contain("interface 0").And.Contain($"byte {file.Length + section.Length}"));
    }

    [TestCase(true, 113, "link type 113 is not Ethernet")]
    [TestCase(false, 113, "link type 113 is not Ethernet")]
    public void Another_link_type_is_refused(bool isPcapng, int linkType, string expected)
    {
        byte[] file = Written(isPcapng);
        file[isPcapng ? 28 + 8 : 20] = (byte)linkType;
        (int read, CaptureException? damage) = ReadAll(file);
        Assert.That(read, Is.Zero);
        Assert.That(damage!.Message, Does.Contain(expected));
    }

    [Test]
    public void Something_else_and_nothing_are_refused()
    {
        Assert.That(ReadAll([]).Damage!.Message, Does.Contain("empty"));
        Assert.That(ReadAll("GET / HTTP/1.0"u8.ToArray()).Damage!.Message, Does.Contain("neither pcap nor pcapng").And.Contain("47455420"));
        Assert.That(() => PcapReader.Open("/no/such/file"), Throws.TypeOf<CaptureException>().With.Message.Contain("cannot be opened"));
        Assert.That(() => CaptureWriter.Create("/no/such/folder/file"), Throws.TypeOf<CaptureException>().With.Message.Contain("cannot be created"));
    }

    [Test]
    public void Reading_and_writing_allocate_nothing_per_frame()
    {
        var stream = new MemoryStream(1 << 20);
        using var writer = new PcapngWriter(stream);
        int number = writer.AddInterface("vf0");
        writer.Write(number, Frames[0], 1);
        Assert.That(Allocations.Of(() =>
        {
            for (int index = 0; index < 500; index++)
                writer.Write(number, Frames[index % Frames.Length], index);
        }), Is.Zero);
        writer.Flush();
        stream.Position = 0;
        using var reader = new PcapReader(stream, "x");
        Assert.That(Allocations.Of(() =>
        {
            for (int index = 0; index < 500; index++)
                reader.TryRead(out _);
        }), Is.Zero);
        Assert.That(reader.FramesRead, Is.EqualTo(5000));
    }

    [TestCase(true, "port:vf3")]
    [TestCase(false, null)]
    public void Wiresharks_reader_reads_what_is_written(bool isPcapng, string? names)
    {
        string path = Path.Combine(Path.GetTempPath(), $"net-capture-{Guid.NewGuid():N}{(isPcapng ? ".pcapng" : ".pcap")}");
        try
        {
            using (CaptureWriter writer = CaptureWriter.Create(path))
                WriteAll(writer);
            string[] lines = Tshark("-n", "-r", path, "-T", "fields", "-E", "separator=:", "-e", "frame.len", "-e", "frame.time_epoch", "-e", "frame.interface_name");
            Assert.That(lines, Has.Length.EqualTo(Frames.Length));
            for (int index = 0; index < lines.Length; index++)
            {
                Assert.That(lines[index], Does.StartWith($"{60 + index}:1700000000.{123_456_789 + index}"));
                if (names is not null)
                    Assert.That(lines[index], Does.EndWith(names.Split(':')[index % 2]));
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    [TestCase("pcap")]
    [TestCase("pcapng")]
    [TestCase("nsecpcap")]
    public void A_file_rewritten_by_Wireshark_is_read(string format)
    {
        string path = Path.Combine(Path.GetTempPath(), $"net-capture-{Guid.NewGuid():N}");
        try
        {
            File.WriteAllBytes(path, Written(isPcapng: true));
            Tshark("-n", "-r", path, "-F", format, "-w", path + ".out");
            Assert.That(ReadAll(File.ReadAllBytes(path + ".out")), Is.EqualTo((Frames.Length, (CaptureException?)null)));
        }
        finally
        {
            File.Delete(path);
            File.Delete(path + ".out");
        }
    }

    private static string[] Tshark(params string[] arguments)
    {
        Process? process = null;
        try
        {
            process = Process.Start(new ProcessStartInfo("tshark", arguments) { RedirectStandardOutput = true, RedirectStandardError = true });
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Ignore("tshark is not installed");
        }

        using (process)
        {
            string output = process!.StandardOutput.ReadToEnd();
            string error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            Assert.That(process.ExitCode, Is.Zero, error);
            return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
    }

    private static (int Read, CaptureException? Damage) ReadAll(byte[] file)
    {
        int read = 0;
        try
        {
            using var reader = new PcapReader(new MemoryStream(file), "test.file");
            while (reader.TryRead(out _))
                read++;
            return (read, null);
        }
        catch (CaptureException damage)
        {
            return (read, damage);
        }
    }

    private static byte[] Written(bool isPcapng)
    {
        var stream = new MemoryStream();
        using (CaptureWriter writer = isPcapng ? new PcapngWriter(stream) : new PcapWriter(stream))
            WriteAll(writer);
        return stream.ToArray();
    }

    private static void WriteAll(CaptureWriter writer)
    {
        int[] interfaces = [writer.AddInterface("port"), writer.AddInterface("vf3")];
        for (int index = 0; index < Frames.Length; index++)
            writer.Write(interfaces[index % 2], Frames[index], 1_700_000_000_123_456_789 + index);
        Assert.That(writer.FramesWritten, Is.EqualTo(Frames.Length));
    }

    private static byte[] Pattern(int length) => [.. NetFrames.Ethernet("02:00:00:00:00:01", "02:00:00:00:00:02", 0x88B5, [.. Enumerable.Range(14, length - 14).Select(value => (byte)value)])];

    private static byte[] Words(bool isBigEndian, params uint[] words)
    {
        var bytes = new byte[words.Length * 4];
        for (int index = 0; index < words.Length; index++)
        {
            Span<byte> place = bytes.AsSpan(index * 4);
            if (isBigEndian)
                BinaryPrimitives.WriteUInt32BigEndian(place, words[index]);
            else
                BinaryPrimitives.WriteUInt32LittleEndian(place, words[index]);
        }

        return bytes;
    }
}
