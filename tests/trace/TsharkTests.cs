// tshark with the shipped dissector, the judge from outside: a small story as golden text, and records that are cut or wrong.
using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Emulator.Net.Capture;
using SmartNicFw.Emulator.Trace;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Trace;

/// <summary>The golden text has fields of the dissector and of frames only, so that it is the same with every version of tshark.</summary>
public sealed class TsharkTests
{
    private const string Golden = "trace.tshark";
    private static readonly byte[] Far = [2, 0xFA, 0, 0, 0, 1];

    [Test]
    public void A_story_with_a_forged_frame_and_a_limit_reads_as_the_golden_file_has_it()
    {
        byte[] file = Story();
        string text = "records but those of configuration space and BARs\n"
            + Fields(file, "smartnicfw && !(smartnicfw.kind >= 16 && smartnicfw.kind <= 19)", "frame.time_epoch", "smartnicfw.name", "smartnicfw.info")
            + "\nframes\n"
            + Fields(file, "!smartnicfw", "frame.time_epoch", "frame.interface_name", "frame.packet_flags_direction", "frame.len", "frame.comment")
            + "\nwrites of VF 0 to its device status\n"
            + Fields(file, "smartnicfw.name == \"vf0\" && smartnicfw.bar.bar == 0 && smartnicfw.bar.offset == 0x14 && smartnicfw.bar.write == 1", "smartnicfw.info")
            + "\nwrites of the PF to configuration space\n"
            + Fields(file, "smartnicfw.name == \"pf0\" && smartnicfw.kind == 16 && smartnicfw.config.write == 1", "smartnicfw.info");
        string path = Gates.Repository.File("tests", "golden", Golden);
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(path, text);
        }

        Assert.That(text, Is.EqualTo(File.ReadAllText(path)));
    }

    [Test]
    public void Every_packet_is_understood_and_the_fields_say_what_the_records_have()
    {
        byte[] file = Story();
        PcapngFile read = PcapngFile.Read(file);
        Assert.That(Fields(file, "_ws.malformed || smartnicfw.malformed || smartnicfw.unknown || smartnicfw.rest", "frame.number"), Is.Empty);
        Told[] told = [.. read.Records.Select(Told.Of)];
        IEnumerable<string> expected = told.Select(record => string.Create(
            CultureInfo.InvariantCulture, $"{(int)record.Kind}\t{record.Bytes.Length}\t{record.Function}\t{record.Queue}\t{record.Number}\t{(record.Bytes[TraceRecord.FlagsOffset] != 0 ? 1 : 0)}"));
        string fields = Fields(
            file, "smartnicfw", "smartnicfw.kind", "smartnicfw.length", "smartnicfw.function", "smartnicfw.queue", "smartnicfw.number", "smartnicfw.inferred")
            .Replace("True", "1", StringComparison.Ordinal).Replace("False", "0", StringComparison.Ordinal);
        Assert.That(fields.Split('\n', StringSplitOptions.RemoveEmptyEntries), Is.EqualTo(expected));
        IEnumerable<string> turns = told.Where(record => record.Kind == TraceKind.TurnOver).Select(record => string.Create(
            CultureInfo.InvariantCulture, $"{record.U32(TraceTurn.FramesOffset)}\t{record.U32(TraceTurn.BytesOffset)}\t{record.U32(TraceTurn.CopiedBytesOffset)}"));
        Assert.That(
            Fields(file, "smartnicfw.kind == 34", "smartnicfw.turn.frames", "smartnicfw.turn.bytes", "smartnicfw.turn.copied")
                .Split('\n', StringSplitOptions.RemoveEmptyEntries),
            Is.EqualTo(turns));
        Assert.That(Tshark.Read(file, "-o", "gui.column.format:\"Info\",\"%i\""), Does.Contain("\nturn for queue 1 (transmit): up to 256 frames, "));
    }

    [Test]
    public void Capinfos_counts_what_is_there()
    {
        byte[] file = Story();
        string info = Tshark.Info(file);
        PcapngFile read = PcapngFile.Read(file);
        Assert.That(info, Does.Match($"Number of packets: +{read.Packets.Count}\\b"));
        Assert.That(info, Does.Match($"Number of interfaces in file: +{read.Interfaces.Count}\\b"));
        Assert.That(info, Does.Match("Strict time order: +True"));
        Assert.That(info, Does.Match($"USER 0 \\({read.Records.Count()}\\)"));
    }

    [Test]
    public void Records_that_are_cut_are_told_apart_from_whole_ones_at_every_length_of_every_kind()
    {
        var records = new List<byte[]>();
        var isWhole = new List<bool>();
        foreach (int kind in Enumerable.Range(0, 48))
        {
            int whole = BytesOf(kind);
            for (int length = 0; length <= TraceRecord.MaxBytes; length++)
            {
                byte[] record = Record(kind, length, seed: length);
                records.Add(record);
                isWhole.Add(length >= (whole == 0 ? TraceRecord.HeadBytes : whole));
            }
        }

        string malformed = Fields(Capture(records), "smartnicfw.malformed", "frame.number");
        Assert.That(
            malformed.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(number => int.Parse(number, CultureInfo.InvariantCulture) - 1),
            Is.EqualTo(Enumerable.Range(0, records.Count).Where(index => !isWhole[index])));
    }

    [Test]
    public void Whatever_the_bytes_are_tshark_prints_every_packet_and_no_error_of_the_dissector()
    {
        var random = new Random(11);
        var records = new List<byte[]>();
        for (int count = 0; count < 3000; count++)
        {
            int kind = random.Next(48);
            byte[] record = Record(kind, random.Next(TraceRecord.MaxBytes + 8), seed: count);
            for (int changes = random.Next(4); changes > 0 && record.Length > 0; changes--)
            {
                record[random.Next(record.Length)] = (byte)random.Next(256);
            }

            records.Add(record);
        }

        byte[] file = Capture(records);
        Assert.That(Tshark.Read(file).Split('\n', StringSplitOptions.RemoveEmptyEntries), Has.Length.EqualTo(records.Count));
        Assert.That(Tshark.Read(file, "-V"), Does.Contain("SmartNicFw trace record"));
    }

    private static byte[] Story()
    {
        using var lab = new TraceLab(2);
        var options = new NetDriverOptions { QueueSize = 64 };
        lab.Start(0, options);
        lab.Start(1, options);
        Assert.That(lab.Board.Firmware.DataPath.Arbitration.SetRates(lab.Index(0), 0, 100), Is.Null);
        lab.Send(0, lab.Frame(lab.Drivers[1].MacAddress, 0, 60), lab.Frame(lab.Drivers[1].MacAddress, 0, 1514));
        byte[] forged = lab.Frame(lab.Drivers[1].MacAddress, 0, 64);
        forged[6] = 0x66;
        lab.Send(0, forged);
        lab.Wire.Put([.. lab.Drivers[1].MacAddress, .. Far, .. lab.Frame(Far, 1, 90)[12..]]);
        lab.Settle();

        // More than the burst of the limit: what is left goes when time has passed.
        lab.Send(0, [.. Enumerable.Range(0, 30).Select(seed => lab.Frame(Far, 0, 1514, seed))]);
        for (int ms = 0; ms < 8; ms++)
        {
            lab.Clock.Advance(1000);
            lab.Settle();
        }

        return lab.Finish();
    }

    private static string Fields(byte[] file, string filter, params string[] fields) =>
        Tshark.Read(file, ["-Y", filter, "-T", "fields", .. fields.SelectMany(field => new[] { "-e", field })]);

    // 0 for what is no kind.
    private static int BytesOf(int kind) => (TraceKind)kind switch
    {
        TraceKind.Start => TraceStart.Bytes,
        TraceKind.Lost => TraceLost.Bytes,
        TraceKind.LinkEvent => TraceLinkEvent.Bytes,
        TraceKind.ConfigRequest or TraceKind.ConfigCompletion => TraceConfig.Bytes,
        TraceKind.BarRequest or TraceKind.BarCompletion => TraceBar.Bytes,
        TraceKind.MsixMessage => TraceMsix.Bytes,
        TraceKind.Dma => TraceDma.Bytes,
        TraceKind.BusMaster => TraceBusMaster.Bytes,
        TraceKind.TurnGranted => TraceGrant.Bytes,
        TraceKind.TurnRefused => TraceRefusal.Bytes,
        TraceKind.TurnOver => TraceTurn.Bytes,
        TraceKind.Used => TraceUsed.Bytes,
        TraceKind.Faulted => TraceFault.Bytes,
        TraceKind.QueueStart => TraceQueueStart.Bytes,
        TraceKind.Doorbell or TraceKind.Broken or TraceKind.QueueStop => TraceRecord.HeadBytes,
        _ => 0,
    };

    // The first bytes of a record that says it has as many; what is behind the head is anything.
    private static byte[] Record(int kind, int length, int seed)
    {
        var record = new byte[Math.Max(length, TraceRecord.HeadBytes)];
        new Random(seed).NextBytes(record);
        BinaryPrimitives.WriteUInt32LittleEndian(record, TraceRecord.Signature);
        record[TraceRecord.VersionOffset] = TraceRecord.Version;
        record[TraceRecord.KindOffset] = (byte)kind;
        BinaryPrimitives.WriteUInt16LittleEndian(record.AsSpan(TraceRecord.LengthOffset), (ushort)length);
        return record[..length];
    }

    private static byte[] Capture(List<byte[]> records)
    {
        var file = new MemoryStream();
        var block = new byte[1024];
        file.Write(block, 0, PcapngBlock.WriteSection(block, ""));
        file.Write(block, 0, PcapngBlock.WriteInterface(block, CaptureLimits.LinkTypeUser0, "x", ""));
        for (int index = 0; index < records.Count; index++)
        {
            file.Write(block, 0, PcapngBlock.WritePacket(block, 0, index, records[index], PacketDirection.None, []));
        }

        return file.ToArray();
    }
}
