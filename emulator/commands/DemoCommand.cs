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
            options.GetValue(vfs), options.GetValue(file), options.GetValue(capture), options.GetValue(json),
            new ErrorOutputLog(options.GetValue(verbose) ? LogLevel.Debug : LogLevel.Warning)));
        return command;
    }

    private static int Run(int vfs, string? file, string? capture, bool isJson, ErrorOutputLog log)
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

        if (isJson)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(Describe(run), JsonFormat));
        }
        else
        {
            Print(run, Console.Out);
        }

        // Frames before the damage count; that there is damage is an error all the same.
        if (frames.Damage is not null)
        {
            throw new UsageException($"{frames.Damage}; {frames.Frames.Count} frames before it were replayed");
        }

        return IsRight(run) ? 0 : NotAsItShould;
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

        Expectation seen = run.Expectation;
        output.WriteLine(
            $"{(IsRight(run) ? "PASS" : "FAIL")}: {run.Sent} frames sent, {seen.Right} arrived as the rules say, {seen.Wrong} did not, "
            + $"{seen.Missing} are missing; {run.Read(run.Offender, Counter.DroppedSpoofed)} of {run.Forged} forged frames stopped");
    }

    private static object Describe(DemoRun run) => new
    {
        Version = JsonVersion,
        Verdict = IsRight(run) ? "pass" : "fail",
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
    };

    private static string Address(Station station) => string.Join(':', station.Mac.Select(octet => $"{octet:x2}"));
}
