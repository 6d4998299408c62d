// smartnic vf N stats: the counters of one function, or of one of its queues.
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Text.Json.Nodes;
using SmartNicFw.Hal.Regs;
using SmartNicFw.HostTools.Client;
using SmartNicFw.HostTools.Failure;
using SmartNicFw.HostTools.Output;
using SmartNicFw.HostTools.Vocabulary;

namespace SmartNicFw.HostTools.Commands;

/// <summary>Names of counters are those of the metrics: sriov_vf_rx_bytes.</summary>
internal static class VfStatisticsCommand
{
    /// <summary>Makes the command.</summary>
    /// <param name="name">Argument of the command above it: which function.</param>
    public static Command Create(GlobalOptions global, Argument<string> name)
    {
        var queue = new Option<string?>("--queue") { Description = "Counters of one queue instead: its number, 0 upwards", HelpName = "Q" };
        var command = new Command("stats", "Print the counters of a VF since start") { queue };
        command.SetAction(options =>
        {
            FunctionName.Parse(options.GetValue(name)!);
            uint? number = options.GetValue(queue) is { } text ? Units.ParseNumber("--queue", text, 0, ushort.MaxValue) : null;
            Printer printer = global.Printer(options);
            using ManagementClient client = global.Open(options);
            int function = FunctionName.Resolve(client.Endpoint, options.GetValue(name)!);
            JsonObject document = Printer.Document(client.Device);
            document["function"] = FunctionName.Of(client.Endpoint, function);
            if (number is { } index)
            {
                PrintQueue(printer, document, client.GetQueueStatistics(function, (int)index));
            }
            else
            {
                Print(printer, document, CounterNames.Prefix(client.Endpoint, function), client.GetFunctionStatistics(function));
            }

            return ToolException.Done;
        });
        return ExampleHelp.With(command, "smartnic vf 3 stats", "smartnic -j vf 3 stats --queue 1");
    }

    private static void Print(Printer printer, JsonObject document, string prefix, FunctionStatistics statistics)
    {
        document["statistics"] = CounterNames.Json(prefix, statistics);
        printer.Print(document, text =>
        {
            var table = new TextTable("COUNTER", ">VALUE", "?MEANING");
            for (int at = 0; at < statistics.Values.Count; at++)
            {
                CounterName counter = FunctionStatistics.Names[at];
                table.Add(prefix + counter.Name, statistics.Values[at].ToString(CultureInfo.InvariantCulture), counter.Meaning);
            }

            table.Print(text, Terminal.Width);
        });
    }

    private static void PrintQueue(Printer printer, JsonObject document, QueueStatistics queue)
    {
        string kind = (queue.Flags & ManagementQueueStatistics.FlagsControlMask) != 0 ? "control"
            : (queue.Flags & ManagementQueueStatistics.FlagsTransmitMask) != 0 ? "transmit" : "receive";
        (string Name, ulong Value)[] counters =
        [
            ("notifications", queue.Notifications),
            ("frames", queue.Frames),
            ("bytes", queue.FrameBytes),
            ("interrupts", queue.Interrupts),
            ("dropped", queue.Dropped),
            ("dropped_no_buffer", queue.DroppedNoBuffer),
            ("dropped_malformed", queue.DroppedMalformed),
        ];
        var values = new JsonObject();
        foreach ((string name, ulong value) in counters)
        {
            values[name] = value;
        }

        document["queue"] = queue.Queue;
        document["kind"] = kind;
        document["enabled"] = (queue.Flags & ManagementQueueStatistics.FlagsEnabledMask) != 0;
        document["adaptive_level"] = queue.AdaptiveLevel;
        document["statistics"] = values;
        printer.Print(document, text =>
        {
            WriteTitle(text, document, queue, kind);
            var table = new TextTable("COUNTER", ">VALUE");
            foreach ((string name, ulong value) in counters)
            {
                table.Add(name, value.ToString(CultureInfo.InvariantCulture));
            }

            table.Print(text, Terminal.Width);
        });
    }

    private static void WriteTitle(TextWriter text, JsonObject document, QueueStatistics queue, string kind)
    {
        string state = (queue.Flags & ManagementQueueStatistics.FlagsEnabledMask) != 0 ? "runs" : "is not enabled";
        string level = queue.AdaptiveLevel is { } number ? string.Create(CultureInfo.InvariantCulture, $", adaptive level {number}") : "";
        text.WriteLine($"{document["function"]} queue {queue.Queue}: {kind}, {state}{level}");
    }
}
