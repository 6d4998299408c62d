// emulator predict: what a card with this firmware would do behind a PCI Express link, and what bounds it.
using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using SmartNicFw.Emulator.Link;
using SmartNicFw.Emulator.Predict;

namespace SmartNicFw.Emulator.Commands;

/// <summary>
/// Runs the firmware over real rings in virtual time and prints the rate beside what each resource of the link permits
/// (<see cref="LinkBounds"/>), so that the one that binds is seen, or that none is full and the turns' latency binds.
/// </summary>
internal static class PredictCommand
{
    private const int JsonVersion = 1;
    private const int MinVFs = 2;
    private const int MaxVFs = 64;
    private const int MinFrame = 60;
    private const int MaxFrame = 9014;
    private const int FramesEach = 4096;
    private const double BitsPerByte = 8;
    private const double FullWithin = 0.95;

    private static readonly JsonSerializerOptions JsonFormat = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    private static readonly Dictionary<LinkResource, string> Names = new()
    {
        [LinkResource.Upstream] = "upstream bytes",
        [LinkResource.Downstream] = "downstream bytes",
        [LinkResource.Tags] = "tags",
        [LinkResource.PostedHeaders] = "posted header credits",
        [LinkResource.PostedData] = "posted data credits",
        [LinkResource.NonPostedHeaders] = "non-posted header credits",
    };

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var link = new Option<string>("--link") { Description = $"The link: {PcieLink.Allowed}", HelpName = "LINK", DefaultValueFactory = _ => "gen4x8" };
        Option<int> vfs = EndpointOptions.Number("--vfs", "N", "VFs, each of which sends to the next", MinVFs, MaxVFs, 16);
        Option<int> frame = EndpointOptions.Number("--frame", "BYTES", "Bytes of every frame, without check sequence", MinFrame, MaxFrame, 64);
        Option<int> payload = EndpointOptions.Number("--mps", "BYTES", "Max Payload Size", 128, 4096, 256);
        Option<int> request = EndpointOptions.Number("--mrrs", "BYTES", "Max Read Request Size", 128, 4096, 512);
        Option<int> boundary = EndpointOptions.Number("--rcb", "BYTES", "Read Completion Boundary", 64, 128, 64);
        Option<int> roundTrip = EndpointOptions.Number("--rtt", "NS", "From a read request to its completion", 1, 1_000_000, 800);
        Option<int> tags = EndpointOptions.Number("--tags", "N", "Read requests outstanding", 16, 1024, 256);
        Option<int> headers = EndpointOptions.Number("--posted-headers", "N", "Posted header credits of the host, 0 for infinite", 0, 4095, 0);
        Option<int> data = EndpointOptions.Number("--posted-data", "N", "Posted data credits of the host, 16 bytes each, 0 for infinite", 0, 65535, 0);
        Option<int> nonPosted = EndpointOptions.Number("--non-posted-headers", "N", "Non-posted header credits of the host, 0 for infinite", 0, 4095, 0);
        var packed = new Option<bool>("--packed") { Description = "Packed virtqueues" };
        var json = new Option<bool>("--json", "-j") { Description = "Print JSON with stable names" };
        var command = new Command("predict", "What a card would do behind a PCI Express link, and what bounds it")
        {
            link, vfs, frame, payload, request, boundary, roundTrip, tags, headers, data, nonPosted, packed, json,
        };
        command.SetAction(options =>
        {
            string text = options.GetValue(link)!;
            if (!PcieLink.TryParse(text, out PcieLink? parsed))
            {
                throw new UsageException($"--link is '{text}'; allowed: {PcieLink.Allowed}");
            }

            var rules = new TransactionRules(options.GetValue(payload), options.GetValue(request), options.GetValue(boundary));
            if (rules.Wrong is { } wrong)
            {
                throw new UsageException(wrong);
            }

            var bounds = new LinkBounds(
                parsed!, rules, options.GetValue(roundTrip), options.GetValue(tags), options.GetValue(headers), options.GetValue(data),
                options.GetValue(nonPosted));
            Run(bounds, options.GetValue(vfs), options.GetValue(frame), options.GetValue(packed), options.GetValue(json), Console.Out);
            return 0;
        });
        return command;
    }

    private static void Run(LinkBounds bounds, int vfs, int frameBytes, bool isPacked, bool isJson, TextWriter output)
    {
        using var run = new PredictRun(bounds, vfs, frameBytes, isPacked, new ErrorOutputLog(LogLevel.Warning));
        run.Run((long)vfs * FramesEach);
        double rate = run.Frames / run.ElapsedNs * 1e9;

        // As much of a ring as a turn takes: what a frame costs then.
        LinkLoad turn = new LinkTraffic(bounds.Rules, isPacked).Turn(128, 128 * frameBytes, 128, 128 * frameBytes);
        LinkResource[] resources = [.. Enum.GetValues<LinkResource>().Where(one => double.IsFinite(bounds.UnitsPerSecond(one, turn)))];
        LinkResource fullest = resources.MaxBy(run.Busy);
        bool isFull = run.Busy(fullest) >= FullWithin;
        string binding = isFull
            ? $"{Names[fullest]}: the link carries no more"
            : "latency of turns: no resource of the link is full; more VFs or larger frames would";
        if (isJson)
        {
            output.WriteLine(JsonSerializer.Serialize(
                new
                {
                    Version = JsonVersion,
                    Link = bounds.Link.ToString(),
                    Vfs = vfs,
                    FrameBytes = frameBytes,
                    Rings = isPacked ? "packed" : "split",
                    FramesPerSecond = rate,
                    GbitPerSecond = rate * frameBytes * BitsPerByte / 1e9,
                    TurnNsP50 = run.TurnNs(0.5),
                    TurnNsP99 = run.TurnNs(0.99),
                    BoundBy = isFull ? fullest.ToString() : "Latency",
                    Resources = resources.Select(one => new
                    {
                        Name = one.ToString(),
                        PermitsFramesPerSecond = bounds.UnitsPerSecond(one, turn) * 128,
                        Busy = run.Busy(one),
                    }),
                },
                JsonFormat));
            return;
        }

        string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
        output.WriteLine($"{bounds.Link}: {Number(bounds.Link.PhysicalGbps, "0.00")} Gbit/s after encoding, {Number(bounds.Link.TlpGbps(bounds.Rules.MaxPayload), "0.00")} left for TLPs each way");
        output.WriteLine($"MPS {bounds.Rules.MaxPayload}, MRRS {bounds.Rules.MaxReadRequest}, RCB {bounds.Rules.ReadCompletionBoundary}, {Number(bounds.RoundTripNs, "0")} ns round trip, {bounds.Tags} tags");
        output.WriteLine($"{vfs} VFs, frames of {frameBytes} B from each to the next, {(isPacked ? "packed" : "split")} rings");
        output.WriteLine();
        output.WriteLine($"{Number(rate / 1e6, "0.00")} M frames/s, {Number(rate * frameBytes * BitsPerByte / 1e9, "0.00")} Gbit/s; of each VF {Number(rate / vfs / 1e6, "0.000")} M frames/s");
        output.WriteLine($"a turn takes {Number(run.TurnNs(0.5) / 1000, "0.00")} us, 99 of 100 at most {Number(run.TurnNs(0.99) / 1000, "0.00")} us");
        output.WriteLine();
        output.WriteLine("resource                    permits, M frames/s   busy");
        foreach (LinkResource one in resources)
        {
            output.WriteLine(
                $"{Names[one],-26}  {Number(bounds.UnitsPerSecond(one, turn) * 128 / 1e6, "0.00"),19}  {Number(run.Busy(one) * 100, "0"),4} %");
        }

        output.WriteLine();
        output.WriteLine($"bound by {binding}");
    }
}
