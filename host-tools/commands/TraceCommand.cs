// smartnic trace FILE: what an emulated endpoint does, into a pcapng file that Wireshark opens.
using System;
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using System.Threading;
using SmartNicFw.HostTools.Client;
using SmartNicFw.HostTools.Failure;
using SmartNicFw.HostTools.Output;
using SmartNicFw.HostTools.Trace;
using SmartNicFw.HostTools.Transport;

namespace SmartNicFw.HostTools.Commands;

/// <summary>It ends by Ctrl-C, by its time, by its number of frames, or with the device; the file is whole in each case.</summary>
internal static class TraceCommand
{
    private const string StandardOutput = "-";
    private const int LongestSeconds = 7 * 24 * 3600;
    private const int ReadBytes = 1 << 16;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    // What the device has for the end of a trace, once it is asked to end it.
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(2);

    /// <summary>Makes the command.</summary>
    public static Command Create(GlobalOptions global)
    {
        var file = new Argument<string>("FILE") { Description = "The pcapng file that is written, over what is there; - for standard output" };
        var function = new Option<string?>("--function") { Description = $"Only what is this function's: {FunctionName.Forms}", HelpName = "FUNCTION" };
        var seconds = new Option<string?>("--seconds") { Description = "End after so long; else Ctrl-C ends it", HelpName = "S" };
        var frames = new Option<string?>("--frames") { Description = "End with the frame of this number", HelpName = "K" };
        var command = new Command("trace", "Record frames, TLPs and arbitration decisions of an emulated endpoint, for Wireshark")
        {
            file, function, seconds, frames,
        };
        command.SetAction(options =>
        {
            string path = options.GetValue(file)!;
            Printer printer = global.Printer(options);
            double limit = options.GetValue(seconds) is { } time ? Seconds(time) : double.PositiveInfinity;
            long most = options.GetValue(frames) is { } number ? Units.ParseNumber("--frames", number, 1, uint.MaxValue) : long.MaxValue;
            if (path == StandardOutput && printer.IsJson)
            {
                throw new UsageException("standard output cannot be both the trace and a document", "name a file, or leave -j out");
            }

            using ManagementClient client = global.Open(options);
            int? only = client.Host is null && options.GetValue(function) is { } name ? FunctionName.Resolve(client.Endpoint, name) : null;
            UnixSocketTransport source = client.StartTrace(only);
            using Stream output = Open(path);
            var trace = new TraceFile(output, client.Device, most);
            long start = Stopwatch.GetTimestamp();
            string why = Record(source, trace, start, limit);
            output.Flush();
            if (path != StandardOutput)
            {
                Print(printer, client, path, options.GetValue(function), trace, Stopwatch.GetElapsedTime(start), why);
            }

            return ToolException.Done;
        });
        return ExampleHelp.With(
            command, "smartnic --device /run/endpoint.sock trace out.pcapng --function vf3 --seconds 10",
            "smartnic --device /run/endpoint.sock trace - | wireshark -k -i -");
    }

    // What ended it.
    private static string Record(UnixSocketTransport source, TraceFile trace, long start, double limit)
    {
        using var interrupted = new ManualResetEventSlim();
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            interrupted.Set();
        }

        var buffer = new byte[ReadBytes];
        string? why = null;
        long end = 0;
        TimeSpan shown = TimeSpan.Zero;
        try
        {
            while (why is null || Stopwatch.GetElapsedTime(end) < EndLimit)
            {
                TimeSpan passed = Stopwatch.GetElapsedTime(start);
                int count = source.Receive(buffer, TimeSpan.FromSeconds(Math.Clamp(limit - passed.TotalSeconds, 0, Pause.TotalSeconds)));
                if (count == 0)
                {
                    return why ?? "device";
                }

                if (count < 0)
                {
                    // Who looks at the file meanwhile sees all there is.
                    trace.Flush();
                }

                trace.Take(buffer.AsSpan(0, Math.Max(count, 0)));
                passed = Stopwatch.GetElapsedTime(start);
                if (why is null)
                {
                    why = interrupted.IsSet ? "interrupt" : trace.IsFull ? "frames" : passed.TotalSeconds >= limit ? "seconds" : null;
                    if (why is not null)
                    {
                        end = Stopwatch.GetTimestamp();
                        source.EndSending();
                    }
                }

                if (passed - shown >= Pause)
                {
                    shown = passed;
                    Progress.Show(Line(trace, passed));
                }
            }

            return why;
        }
        finally
        {
            Progress.Clear();
        }
    }

    private static Stream Open(string path)
    {
        if (path == StandardOutput)
        {
            return Console.OpenStandardOutput();
        }

        try
        {
            return new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new ToolException($"{path} cannot be created: {refused.Message.TrimEnd('.')}", "name a file in a folder that may be written");
        }
    }

    private static double Seconds(string text) =>
        decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal seconds) && seconds > 0 && seconds <= LongestSeconds
            ? (double)seconds
            : throw new UsageException($"--seconds is '{text}'", $"allowed: seconds, above 0, up to {LongestSeconds}, as in 0.5");

    private static string Line(TraceFile trace, TimeSpan passed) => string.Create(
        CultureInfo.InvariantCulture,
        $"{trace.Records:N0} records, {trace.Frames:N0} frames, {trace.Lost:N0} lost, {passed.TotalSeconds:0.0} s (Ctrl-C ends)");

    private static void Print(
        Printer printer, ManagementClient client, string path, string? function, TraceFile trace, TimeSpan passed, string why)
    {
        JsonObject document = Printer.Document(client.Device);
        document["file"] = path;
        document["function"] = function;
        document["seconds"] = Math.Round(passed.TotalSeconds, 3);
        document["ended_by"] = why;
        document["records"] = trace.Records;
        document["frames"] = trace.Frames;
        document["lost"] = trace.Lost;
        document["bytes"] = trace.Bytes;
        document["interfaces"] = new JsonArray([.. trace.Interfaces.Select(one => new JsonObject
        {
            ["name"] = one.Name, ["frames"] = one.HasFrames, ["packets"] = one.Packets,
        })]);
        printer.Print(document, text => text.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{path}: {trace.Records:N0} records and {trace.Frames:N0} frames in {passed.TotalSeconds:0.0} s, {(trace.Lost == 0 ? "nothing" : $"{trace.Lost:N0} of them")} lost{(why == "device" ? "; the device ended the trace" : "")}")));
    }
}
