// Records of a trace against what the ports did, and what becomes of a trace when functions vanish or nobody reads.
using System;
using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Emulator.Link;
using SmartNicFw.Emulator.Timing;
using SmartNicFw.Emulator.Trace;
using SmartNicFw.Firmware;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Trace;

public sealed class TraceRecordTests
{
    [Test]
    public void Each_request_has_its_completion_next_and_both_say_what_the_host_asked_and_got()
    {
        using var lab = new TraceLab(2);
        PciAddress nobody = new(lab.Host.VFs[1].Address.Bus, 0xFE);
        Assert.That(lab.Host.Root.Read(nobody, PciConfigHeader.VendorIdOffset, 4), Is.EqualTo(uint.MaxValue));
        uint id = lab.Host.Root.Read(lab.Host.VFs[1].Address, PciConfigHeader.VendorIdOffset, 4);
        Told[] told = Records(lab);

        Told[] requests = [.. told.Where(record => record.Kind == TraceKind.ConfigRequest)];
        Assert.That(requests, Has.Length.EqualTo(told.Count(record => record.Kind == TraceKind.ConfigCompletion)).And.Length.GreaterThan(100));
        for (int index = 0; index < told.Length; index++)
        {
            if (told[index].Kind is TraceKind.ConfigRequest)
            {
                int next = Array.FindIndex(told, index + 1, record => record.Kind is TraceKind.ConfigRequest or TraceKind.ConfigCompletion);
                Assert.That(told[next].Kind, Is.EqualTo(TraceKind.ConfigCompletion));
                Assert.That(told[next].Bytes[0x18..0x20], Is.EqualTo(told[index].Bytes[0x18..0x20]), "the same Routing IDs, tag and register");
            }
        }

        Told last = told.Last(record => record.Kind == TraceKind.ConfigCompletion);
        Assert.That(last.Function, Is.EqualTo(lab.Index(1)));
        Assert.That(last.U32(TraceConfig.DataOffset), Is.EqualTo(id));
        Assert.That(last.Bytes[TraceConfig.StatusOffset], Is.EqualTo(CompletionStatus.Successful));
        Assert.That(
            told.Count(record => record.Kind == TraceKind.ConfigCompletion && record.Bytes[TraceConfig.StatusOffset] == CompletionStatus.UnsupportedRequest),
            Is.EqualTo(lab.Board.Firmware.ConfigTlps.UnsupportedRequests).And.Positive);
    }

    [Test]
    public void A_turn_is_granted_before_its_frames_and_over_after_them_with_what_firmware_was_told()
    {
        using var lab = new TraceLab(2);
        lab.Start(0);
        lab.Start(1);
        lab.Board.Firmware.DataPath.Arbitration.SetWeight(lab.Index(0), 7);
        _ = TraceLab.Drain(lab.Running!);
        RunningTrace trace = lab.Trace.TryOpen()!;
        byte[] frame = lab.Frame(lab.Drivers[1].MacAddress, 0, 500);
        lab.Send(0, frame, frame, frame);
        trace.End();
        PcapngFile file = PcapngFile.Read(TraceLab.Drain(trace));

        string[] story = [.. file.Packets.Select(packet => packet.Interface.LinkType == 1
            ? $"{packet.Interface.Name} {packet.Data.Length}"
            : $"{Told.Of(packet.Data).Kind} {Told.Of(packet.Data).Queue}")];
        Assert.That(story, Is.EqualTo(new[]
        {
            "Start 65535", "Doorbell 1", "TurnGranted 1", "vf0 500", "vf1 500", "vf0 500", "vf1 500", "vf0 500", "vf1 500",
            "Used 0", "MsixMessage 65535", "TurnOver 1", "Dma 1",
        }));
        Told granted = Told.Of(file.Packets[2].Data);
        Told over = Told.Of(file.Packets[^2].Data);
        Told dma = Told.Of(file.Packets[^1].Data);
        Assert.That(granted.Bytes[TraceGrant.WeightOffset], Is.EqualTo(7));
        Assert.That(granted.U32(TraceGrant.FramesOffset), Is.EqualTo(256));
        Assert.That(granted.U32(TraceGrant.BytesOffset), Is.EqualTo(128 * 1500));
        Assert.That((over.U32(TraceTurn.FramesOffset), over.U32(TraceTurn.BytesOffset), over.U32(TraceTurn.FlagsOffset)), Is.EqualTo((3U, 1500U, 0U)));
        Assert.That(dma.Bytes[TraceRecord.FlagsOffset], Is.EqualTo(TraceRecord.Inferred));
        LinkLoad load = new LinkTraffic(
            new TransactionRules((int)(dma.U32(TraceDma.MaxPayloadOffset) & 0xFFFF), (int)(dma.U32(TraceDma.MaxPayloadOffset) >> 16), 64), true).Turn(3, 1500, 3, 1500);
        Assert.That(dma.U32(TraceDma.ReadRequestsOffset), Is.EqualTo((uint)load.ReadRequests));
        Assert.That(dma.U32(TraceDma.UpstreamBytesOffset), Is.EqualTo((uint)load.UpstreamBytes));
        Assert.That(dma.U32(TraceDma.DownstreamBytesOffset), Is.EqualTo((uint)load.DownstreamBytes));
    }

    [Test]
    public void Times_never_go_back_and_numbers_have_no_gap_where_nothing_is_lost()
    {
        using var lab = new TraceLab(2);
        lab.Start(0);
        lab.Start(1);
        for (int round = 0; round < 20; round++)
        {
            lab.Send(0, lab.Frame(lab.Drivers[1].MacAddress, 0, 100, round));
            lab.Clock.Advance(round * 7);
        }

        PcapngFile file = PcapngFile.Read(lab.Finish());
        ulong[] times = [.. file.Packets.Select(packet => packet.TimeNs)];
        Assert.That(times, Is.Ordered);
        Assert.That(times[^1] - times[0], Is.GreaterThanOrEqualTo(18 * 19 / 2 * 7 * 1000UL));
        Assert.That(file.Records.Select(record => Told.Of(record).Number), Is.EqualTo(Enumerable.Range(0, file.Records.Count()).Select(number => (uint)number)));
        foreach (PcapngInterface one in file.Interfaces)
        {
            Assert.That(one.Received, Is.EqualTo((ulong)file.Packets.Count(packet => packet.Interface == one)), one.Name);
            Assert.That(one.Dropped, Is.Zero, one.Name);
        }
    }

    [Test]
    public void The_time_behind_a_modelled_link_is_the_links_and_its_turns_take_some()
    {
        Assert.That(PcieLink.TryParse("gen4x8", out PcieLink? link), Is.True);
        var trace = new BoardTrace();
        var bounds = new LinkBounds(link!, new TransactionRules(256, 512, 64), 800, 256, 32, 1024, 32);
        var board = new EmulatedBoard(new EndpointConfiguration { TotalVFs = 2 }, link: bounds, trace: trace);
        RunningTrace running = trace.TryOpen()!;
        using var host = new NetHost(board, 2, 32 << 20);
        host.Start(0, new NetDriverOptions { QueueSize = 64 });
        host.Start(1, new NetDriverOptions { QueueSize = 64 });
        var frame = new byte[1000];
        Emulator.Net.ExperimentalFrame.WriteHeader(frame, host.Drivers[1].MacAddress, host.Drivers[0].MacAddress);
        Assert.That(host.Drivers[0].TrySend(frame), Is.True);
        host.Drivers[0].Flush();
        for (int step = 0; step < 50; step++)
        {
            board.Step();
            board.Timed!.PassToNext();
        }

        running.End();
        PcapngFile file = PcapngFile.Read(TraceLab.Drain(running));
        (Told Told, ulong TimeNs)[] turns =
        [
            .. file.Packets.Where(packet => packet.Interface.LinkType == 147).Select(packet => (Told: Told.Of(packet.Data), packet.TimeNs))
                .Where(one => one.Told is { Queue: 1, Kind: TraceKind.TurnGranted or TraceKind.TurnOver } && one.Told.Function == 1),
        ];
        Assert.That(file.Packets.Select(packet => packet.TimeNs), Is.Ordered);
        Assert.That(turns[^2].Told.Kind, Is.EqualTo(TraceKind.TurnGranted));
        Assert.That(turns[^1].Told.U32(TraceTurn.FramesOffset), Is.EqualTo(1));
        Assert.That(turns[^1].TimeNs - turns[^2].TimeNs, Is.InRange(800, 20_000), "a round trip, and the bytes");
    }

    [Test]
    public void Of_one_function_there_is_what_is_its_own_and_the_endpoints_only()
    {
        using var lab = new TraceLab(3, isTraced: false);
        RunningTrace trace = lab.Trace.TryOpen(lab.Index(1))!;
        for (int vf = 0; vf < 3; vf++)
        {
            lab.Start(vf);
        }

        lab.Send(0, lab.Frame(lab.Drivers[1].MacAddress, 0, 100), lab.Frame(lab.Drivers[2].MacAddress, 0, 101));
        lab.Board.Reset(LinkEvent.HotReset);
        Array.Clear(lab.Drivers);
        trace.End();
        PcapngFile file = PcapngFile.Read(TraceLab.Drain(trace));
        Told[] told = [.. file.Records.Select(Told.Of)];
        Assert.That(told.Select(record => record.Function).Distinct(), Is.EquivalentTo(new[] { lab.Index(1), TraceRecord.None }));
        Assert.That(told.Where(record => record.Function == TraceRecord.None).Select(record => record.Kind), Is.EqualTo(new[] { TraceKind.Start, TraceKind.LinkEvent }));
        Assert.That(told.Count(record => record.Kind == TraceKind.BarRequest), Is.GreaterThan(20));
        Assert.That(file.Frames.Select(frame => (frame.Interface.Name, frame.Data.Length)), Is.EqualTo(new[] { ("vf1", 100) }));
    }

    [Test]
    public void A_reader_that_takes_nothing_loses_records_that_are_counted_and_what_it_takes_later_is_whole()
    {
        using var lab = new TraceLab(2, isTraced: false);
        lab.Start(0);
        lab.Start(1);
        RunningTrace slow = lab.Trace.TryOpen(bufferBytes: 1)!;
        RunningTrace reading = lab.Trace.TryOpen()!;
        var whole = new List<byte>();
        var late = new List<byte>();
        for (int round = 0; round < 400; round++)
        {
            lab.Send(0, lab.Frame(lab.Drivers[1].MacAddress, 0, 1514, round));
            whole.AddRange(TraceLab.Drain(reading));
            if (round >= 300 && round % 20 == 0)
            {
                Assert.That(slow.Lost, Is.Positive);
                late.AddRange(TraceLab.Drain(slow));
            }
        }

        slow.End();
        reading.End();
        PcapngFile all = PcapngFile.Read([.. whole, .. TraceLab.Drain(reading)]);
        PcapngFile some = PcapngFile.Read([.. late, .. TraceLab.Drain(slow)]);
        Told[] lost = [.. some.Records.Select(Told.Of).Where(record => record.Kind == TraceKind.Lost)];
        Assert.That(reading.Lost, Is.Zero, "who reads loses nothing by another's doing");
        Assert.That(lost, Has.Length.EqualTo(1));
        Assert.That(lost[0].U64(TraceLost.CountOffset), Is.EqualTo(slow.Lost).And.EqualTo(lost[0].U64(TraceLost.TotalOffset)));
        Assert.That((ulong)some.Packets.Count + slow.Lost - 1, Is.EqualTo((ulong)all.Packets.Count), "each is there or counted");
        Assert.That(some.Interfaces.Select(one => (long)one.Dropped!.Value).Sum(), Is.EqualTo((long)slow.Lost));
        Assert.That(some.Packets.Select(packet => packet.TimeNs), Is.Ordered);

        // Those there are the same as in the whole trace, up to the loss and from it on.
        HashSet<string> whatThereIs = [.. all.Records.Select(Convert.ToHexString)];
        string[] records = [.. some.Records.Where(record => Told.Of(record).Kind is not (TraceKind.Lost or TraceKind.Start)).Select(Convert.ToHexString)];
        Assert.That(records.Where(record => !whatThereIs.Contains(record)), Is.Empty);
        Assert.That(records, Has.Length.GreaterThan(500));
    }

    [Test]
    public void A_trace_that_is_never_read_ends_with_its_statistics_all_the_same()
    {
        using var lab = new TraceLab(2, isTraced: false);
        lab.Start(0);
        lab.Start(1);
        RunningTrace trace = lab.Trace.TryOpen(bufferBytes: 1)!;
        for (int round = 0; round < 400; round++)
        {
            lab.Send(0, lab.Frame(lab.Drivers[1].MacAddress, 0, 1514, round));
        }

        trace.End();
        PcapngFile file = PcapngFile.Read(TraceLab.Drain(trace));
        Assert.That(Told.Of(file.Records.Last()).Kind, Is.EqualTo(TraceKind.Lost));
        Assert.That(file.Interfaces.Select(one => (long)one.Dropped!.Value).Sum(), Is.EqualTo((long)trace.Lost).And.Positive);
        Assert.That(lab.Trace.IsOn, Is.False);
    }

    [Test]
    public void Functions_that_are_reset_or_vanish_meanwhile_leave_a_whole_trace_and_are_traced_when_they_come_back()
    {
        using var lab = new TraceLab(3);
        for (int vf = 0; vf < 3; vf++)
        {
            lab.Start(vf);
        }

        lab.Drivers[0].TrySend(lab.Frame(lab.Drivers[1].MacAddress, 0, 100));
        lab.Drivers[0].Flush();
        new FunctionReset(lab.Host.Root).FunctionLevel(lab.Host.VFs[0]);
        lab.Drivers[0] = null!;
        lab.Settle();
        lab.Start(0);
        lab.Send(0, lab.Frame(lab.Drivers[1].MacAddress, 0, 101));
        lab.Host.Found.DisableVFs(lab.Host.Pf);
        Array.Clear(lab.Drivers);
        for (int step = 0; step < 100; step++)
        {
            lab.Board.Step();
        }

        PcapngFile file = PcapngFile.Read(lab.Finish());
        Told[] told = [.. file.Records.Select(Told.Of)];
        Assert.That(told.Where(record => record.Kind == TraceKind.QueueStop).Select(record => record.Function).Distinct(), Is.SupersetOf(new[] { 1, 2, 3 }));
        Assert.That(told.Count(record => record is { Kind: TraceKind.QueueStart, Function: 1, Queue: 1 }), Is.EqualTo(2));
        Assert.That(file.Frames.Where(frame => frame.Interface.Name == "vf0").Select(frame => frame.Data.Length), Does.Contain(101));
    }

    [Test]
    public void Four_traces_are_open_at_the_most_and_one_that_ends_makes_room()
    {
        using var lab = new TraceLab(1, isTraced: false);
        RunningTrace?[] traces = [.. Enumerable.Range(0, BoardTrace.MaxTraces).Select(_ => lab.Trace.TryOpen())];
        Assert.That(traces, Has.None.Null);
        Assert.That(lab.Trace.TryOpen(), Is.Null);
        Assert.That(lab.Trace.TryOpen(lab.Board.Firmware.Numbering.Count), Is.Null);
        traces[0]!.End();
        traces[0]!.End();
        Assert.That(lab.Trace.TryOpen(lab.Board.Firmware.Numbering.Count), Is.Null, "no such function");
        Assert.That(lab.Trace.TryOpen(), Is.Not.Null);
        foreach (RunningTrace? trace in traces)
        {
            trace!.End();
        }

        Assert.That(lab.Trace.IsOn, Is.True, "the one that was opened last");
    }

    [TestCase(false)]
    [TestCase(true)]
    public void Frames_and_turns_allocate_nothing_whether_a_trace_is_open_or_not(bool isTraced)
    {
        using var lab = new TraceLab(2, isTraced);
        lab.Start(0, new NetDriverOptions { QueueSize = 64, InterruptAfter = 0 });
        lab.Start(1, new NetDriverOptions { QueueSize = 64, InterruptAfter = 0 });
        byte[] frame = lab.Frame(lab.Drivers[1].MacAddress, 0, 200);
        long allocated = 0;
        for (int round = 0; round < 3; round++)
        {
            allocated = Allocations.Of(() =>
            {
                lab.Drivers[0].TrySend(frame);
                lab.Drivers[0].Flush();
                for (int step = 0; step < 4; step++)
                {
                    lab.Board.Step();
                }

                lab.Running?.Remove(lab.Running.Oldest.Length);
            });
            lab.Settle();
        }

        Assert.That(allocated, Is.Zero);
    }

    private static Told[] Records(TraceLab lab) => [.. PcapngFile.Read(lab.Finish()).Records.Select(Told.Of)];
}
