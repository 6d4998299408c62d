// emulator demo: real frames through the whole endpoint, a table, and a verdict.
using System;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using SmartNicFw.Emulator.Demo;
using SmartNicFw.Emulator.Net.Capture;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Emulator.Commands;

/// <summary>Replays a capture through VFs and says whether every frame came to where the rules say, and to nobody else.</summary>
internal static class DemoCommand
{
    private const int MinVFs = 3;
    private const int MaxVFs = 64;
    private const int JsonVersion = 1;
    private const int NotAsItShould = 2;
    private const int ProgressEvery = 64;
    private static readonly JsonSerializerOptions JsonFormat = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    /// <summary>What the second act sets: three weights, a limit, and a guarantee far above what a weight of 1 would bring.</summary>
    internal static readonly SenderShare[] Shares =
    [
        new(1), new(2), new(4), new(8, LimitMbps: 1_000), new(1, GuaranteeMbps: 3_000),
    ];

    private static readonly (string Name, int Counter)[] Drops =
    [
        ("spoofed", Counter.DroppedSpoofed), ("no_buffer", Counter.DroppedNoBuffer), ("vlan", Counter.DroppedVlan),
        ("malformed", Counter.DroppedMalformed), ("control_frame", Counter.DroppedControlFrame),
        ("no_destination", Counter.DroppedNoDestination), ("too_large", Counter.DroppedTooLarge),
    ];

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        Option<int> vfs = EndpointOptions.Number("--vfs", "N", "VFs, the last two an offender and an onlooker", MinVFs, MaxVFs, 8);
        var file = new Option<string?>("--frames") { Description = "Replay this pcap or pcapng file, not the built-in one", HelpName = "FILE" };
        var capture = new Option<string?>("--capture") { Description = "Write all frames to this pcapng file", HelpName = "FILE" };
        var verbose = new Option<bool>("--verbose", "-v") { Description = "Log what happens to functions and queues" };
        var json = new Option<bool>("--json", "-j") { Description = "Print JSON with stable names" };
        var command = new Command("demo", "Send captured frames through the endpoint: firmware, switch, rings, drivers")
        {
            vfs, file, capture, json, verbose,
        };
        command.SetAction(options => Run(
            options.GetValue(vfs), options.GetValue(file), options.GetValue(capture), options.GetValue(json), Shares,
            new ErrorOutputLog(options.GetValue(verbose) ? LogLevel.Debug : LogLevel.Warning)));
        return command;
    }

    /// <summary>Replays, then saturates; prints both and judges both.</summary>
    /// <param name="set">What the VFs of the second act are set to; they are judged by <see cref="Shares"/>.</param>
    /// <returns>The exit code.</returns>
    internal static int Run(int vfs, string? file, string? capture, bool isJson, SenderShare[] set, ILogger log)
    {
        DemoFrames frames = file is null ? DemoFrames.BuiltIn() : DemoFrames.Read(file);
        using CaptureWriter? writer = capture is null ? null : CaptureWriter.Create(capture);
        using var run = new DemoRun(vfs, frames.Frames, writer, log);
        bool showsProgress = !Console.IsErrorRedirected && !isJson;
        for (int index = 0; index < frames.Frames.Count; index++)
        {
            run.Replay(frames.Frames[index]);
            if (showsProgress && index % ProgressEvery == 0)
            {
                Console.Error.Write($"\r{index * 100 / frames.Frames.Count} % of {frames.Frames.Count} frames");
            }
        }

        if (showsProgress)
        {
            Console.Error.Write("\r\u001b[K");
        }

        using var saturated = new ShareRun(set, log);
        saturated.Run();
        var judge = new ShareJudge(Shares, saturated);
        if (isJson)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(Describe(run, saturated, judge), JsonFormat));
        }
        else
        {
            Print(run, Console.Out);
            Print(saturated, judge, Console.Out);
            PrintVerdict(run, judge, Console.Out);
        }

        // Frames before the damage count; that there is damage is an error all the same.
        if (frames.Damage is not null)
        {
            throw new UsageException($"{frames.Damage}; {frames.Frames.Count} frames before it were replayed");
        }

        return IsRight(run) && judge.IsRight ? 0 : NotAsItShould;
    }

    // Every frame where it should be and nowhere else, and every forged one stopped at its sender.
    private static bool IsRight(DemoRun run) =>
        run.Sent > 0 && run.Expectation is { Wrong: 0, Missing: 0, Right: > 0 }
        && run.Read(run.Offender, Counter.DroppedSpoofed) == (ulong)run.Forged;

    private static void Print(DemoRun run, TextWriter output)
    {
        output.WriteLine("VF  address            VLAN  sent frames      bytes  received      bytes  irq/frame  dropped");
        foreach (Station station in run.Stations)
        {
            ulong received = run.Read(station.Vf, Counter.ReceivedFrames);
            string drops = string.Join(", ", Drops.Select(drop => (drop.Name, Count: run.Read(station.Vf, drop.Counter)))
                .Where(drop => drop.Count > 0).Select(drop => $"{drop.Count} {drop.Name.Replace('_', ' ')}"));
            output.WriteLine(
                $"{station.Vf,2}  {Address(station)}  {(station.PortVlan == 0 ? "-" : station.PortVlan),4}  "
                + $"{run.Read(station.Vf, Counter.TransmittedFrames),11}  {run.Read(station.Vf, Counter.TransmittedBytes),9}  "
                + $"{received,8}  {run.Read(station.Vf, Counter.ReceivedBytes),9}  "
                + $"{(received == 0 ? "-" : $"{(double)run.InterruptsOf(station.Vf) / received:0.00}"),9}  {drops}");
        }

        output.WriteLine();
    }

    private static void Print(ShareRun run, ShareJudge judge, TextWriter output)
    {
        output.WriteLine($"All send more than a port of {ShareRun.PortMbps} Mbit/s takes, for {run.ElapsedUs / 1000.0:0} ms of its time.");
        output.WriteLine("Rates in Mbit/s on the line; delivery in turns, from posting to the wire.");
        output.WriteLine("VF  weight  limit  guarantee  share expected  measured    rate   p50   p99");
        foreach (Sender sender in run.Senders)
        {
            SenderShare share = Shares[sender.Vf];
            string expected = $"{judge.ExpectedMbps(sender.Vf) * 100 / ShareRun.PortMbps:0.00} %";
            output.WriteLine(
                $"{sender.Vf,2}  {share.Weight,6}  {(share.LimitMbps == 0 ? "-" : share.LimitMbps),5}  "
                + $"{(share.GuaranteeMbps == 0 ? "-" : share.GuaranteeMbps),9}  {expected,14}  "
                + $"{judge.MeasuredMbps(sender.Vf) * 100 / ShareRun.PortMbps,6:0.00} %  {judge.MeasuredMbps(sender.Vf),6:0}  "
                + $"{sender.Percentile(0.5),4}  {sender.Percentile(0.99),4}");
        }

        output.WriteLine($"{Word(judge.AreWeightsKept)}: what limit and guarantee leave is shared by weight; {judge.WorstWeight:0.00 %} off at the most");
        output.WriteLine($"{Word(judge.AreLimitsKept)}: the limit is reached and not exceeded");
        output.WriteLine($"{Word(judge.AreGuaranteesKept)}: the guarantee is had at least");
        output.WriteLine($"{Word(judge.IsSaturated)}: all had frames waiting all the time, in order, and the port was full");
    }

    private static string Word(bool isKept) => isKept ? "kept" : "NOT kept";

    private static void PrintVerdict(DemoRun run, ShareJudge judge, TextWriter output)
    {
        Expectation seen = run.Expectation;
        output.WriteLine(
            $"{(IsRight(run) && judge.IsRight ? "PASS" : "FAIL")}: {run.Sent} frames sent, {seen.Right} arrived as the rules say, {seen.Wrong} did not, "
            + $"{seen.Missing} are missing; {run.Read(run.Offender, Counter.DroppedSpoofed)} of {run.Forged} forged frames stopped; "
            + $"shares {(judge.IsRight ? "kept" : "not kept")}");
    }

    private static object Describe(DemoRun run, ShareRun saturated, ShareJudge judge) => new
    {
        Version = JsonVersion,
        Verdict = IsRight(run) && judge.IsRight ? "pass" : "fail",
        FramesSent = run.Sent,
        ArrivedRight = run.Expectation.Right,
        ArrivedWrong = run.Expectation.Wrong,
        run.Expectation.Missing,
        ForgedSent = run.Forged,
        Vfs = run.Stations.Select(station => new
        {
            station.Vf,
            Mac = Address(station),
            station.PortVlan,
            TxFrames = run.Read(station.Vf, Counter.TransmittedFrames),
            TxBytes = run.Read(station.Vf, Counter.TransmittedBytes),
            RxFrames = run.Read(station.Vf, Counter.ReceivedFrames),
            RxBytes = run.Read(station.Vf, Counter.ReceivedBytes),
            Interrupts = run.InterruptsOf(station.Vf),
            Drops = Drops.ToDictionary(drop => drop.Name, drop => run.Read(station.Vf, drop.Counter)),
        }),
        Shares = new
        {
            PortBytesPerSecond = BytesPerSecond(ShareRun.PortMbps),
            saturated.ElapsedUs,
            ShareJudge.Tolerance,
            WeightsKept = judge.AreWeightsKept,
            LimitsKept = judge.AreLimitsKept,
            GuaranteesKept = judge.AreGuaranteesKept,
            judge.IsSaturated,
            Vfs = saturated.Senders.Select(sender => new
            {
                sender.Vf,
                Shares[sender.Vf].Weight,
                LimitBytesPerSecond = BytesPerSecond(Shares[sender.Vf].LimitMbps),
                GuaranteeBytesPerSecond = BytesPerSecond(Shares[sender.Vf].GuaranteeMbps),
                ExpectedShare = judge.ExpectedMbps(sender.Vf) / ShareRun.PortMbps,
                MeasuredShare = judge.MeasuredMbps(sender.Vf) / ShareRun.PortMbps,
                BytesPerSecond = BytesPerSecond(judge.MeasuredMbps(sender.Vf)),
                sender.Frames,
                P50Turns = sender.Percentile(0.5),
                P99Turns = sender.Percentile(0.99),
            }),
        },
    };

    private static long BytesPerSecond(double mbps) => (long)(mbps * 1_000_000 / 8);

    private static string Address(Station station) => string.Join(':', station.Mac.Select(octet => $"{octet:x2}"));
}
