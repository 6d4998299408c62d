// smartnic stats: the counters of functions and of their queues, once or again and again.
using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using System.Threading;
using SmartNicFw.HostTools.Client;
using SmartNicFw.HostTools.Failure;
using SmartNicFw.HostTools.Output;
using SmartNicFw.HostTools.Vocabulary;
using SmartNicFw.HostTools.Watch;

namespace SmartNicFw.HostTools.Commands;

/// <summary>Counters that are 0 for every function are left out of the table; JSON has all.</summary>
internal static class StatsCommand
{
    private const int QueuesOfPair = 2;

    /// <summary>Makes the command.</summary>
    public static Command Create(GlobalOptions global)
    {
        var names = new Argument<string[]>("FUNCTION")
        {
            Description = $"Which functions: {FunctionName.Forms}; all that are enabled when none is named",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var queues = new Option<bool>("--queues", "-q") { Description = "Also the counters of each queue" };
        var watch = new Option<bool>("--watch", "-w") { Description = "Go on: what was added in each interval; as JSON a document a line with all counters" };
        var interval = WatchOptions.Interval();
        var count = WatchOptions.Count();
        var command = new Command("stats", "Print the counters of functions since start: frames, bytes, drops by cause, interrupts, turns")
        {
            names, queues, watch, interval, count,
        };
        command.SetAction(options =>
        {
            Printer printer = global.Printer(options);
            TimeSpan pause = WatchOptions.IntervalOf(options.GetValue(interval));
            uint rounds = WatchOptions.CountOf(options.GetValue(count));
            string[] wanted = options.GetValue(names) ?? [];
            _ = wanted.Select(FunctionName.Parse).ToList();
            using ManagementClient client = global.Open(options);
            string[] known = [.. wanted.Select(name => FunctionName.Of(client.Endpoint, FunctionName.Resolve(client.Endpoint, name)))];
            CounterSample? before = null;
            for (uint round = 0; round < rounds; round++)
            {
                if (before is not null)
                {
                    Thread.Sleep(pause);
                }

                CounterSample sample = CounterSample.Read(client, known);
                Print(printer, client, sample, before, options.GetValue(queues));
                printer.Writer.Flush();
                before = sample;
                if (!options.GetValue(watch))
                {
                    break;
                }
            }

            return ToolException.Done;
        });
        return ExampleHelp.With(command, "smartnic stats", "smartnic stats vf3 vf4 --queues", "smartnic -j stats --watch --interval 5");
    }

    private static void Print(Printer printer, ManagementClient client, CounterSample sample, CounterSample? before, bool withQueues)
    {
        IReadOnlyList<IReadOnlyList<QueueStatistics>> queues = [.. sample.Functions.Select(function => withQueues ? Queues(client, function) : [])];
        JsonObject document = Printer.Document(client.Device);
        document["time_us"] = sample.TimeUs;
        document["functions"] = new JsonArray([.. sample.Functions.Select((function, at) => Json(client, function, sample.Statistics[at], queues[at]))]);
        printer.Print(document, text =>
        {
            if (before is not null)
            {
                text.WriteLine();
                text.WriteLine(string.Create(CultureInfo.InvariantCulture, $"added in {(sample.TimeUs - before.TimeUs) / 1e6:0.00} s:"));
            }

            PrintTable(text, sample.Functions, before is null ? sample.Statistics : sample.Since(before));
            if (withQueues)
            {
                text.WriteLine();
                PrintQueues(text, sample.Functions, queues);
            }
        });
    }

    private static JsonObject Json(ManagementClient client, FunctionInfo function, FunctionStatistics statistics, IReadOnlyList<QueueStatistics> queues)
    {
        var json = new JsonObject
        {
            ["function"] = function.Name,
            ["statistics"] = CounterNames.Json(CounterNames.Prefix(client.Endpoint, function.Index), statistics),
        };
        if (queues.Count > 0)
        {
            json["queues"] = new JsonArray([.. queues.Select(QueueWords.Json)]);
        }

        return json;
    }

    // Receive and transmit queues in pairs, and the control queue behind them.
    private static IReadOnlyList<QueueStatistics> Queues(ManagementClient client, FunctionInfo function) =>
        [.. Enumerable.Range(0, (function.QueuePairs * QueuesOfPair) + 1).Select(queue => client.GetQueueStatistics(function.Index, queue))];

    private static void PrintTable(TextWriter text, IReadOnlyList<FunctionInfo> functions, IReadOnlyList<FunctionStatistics> statistics)
    {
        var table = new TextTable(["NAME", .. FunctionStatistics.Names.Select(counter => ">" + counter.Name.ToUpperInvariant())]);
        for (int at = 0; at < functions.Count; at++)
        {
            table.Add([functions[at].Name, .. statistics[at].Values.Select(Number)]);
        }

        table.Print(text, Terminal.Width);
    }

    private static void PrintQueues(
        TextWriter text, IReadOnlyList<FunctionInfo> functions, IReadOnlyList<IReadOnlyList<QueueStatistics>> queues)
    {
        var table = new TextTable("QUEUE", "KIND", "STATE", ">LEVEL", ">NOTIFICATIONS", ">FRAMES", ">BYTES", ">INTERRUPTS", ">DROPPED", ">NO BUFFER", ">MALFORMED");
        for (int at = 0; at < functions.Count; at++)
        {
            foreach (QueueStatistics queue in queues[at])
            {
                table.Add(
                [
                    $"{functions[at].Name}/{queue.Queue}", QueueWords.Kind(queue), QueueWords.IsEnabled(queue) ? "runs" : "off",
                    queue.AdaptiveLevel?.ToString(CultureInfo.InvariantCulture) ?? "",
                    .. QueueWords.Counters(queue).Select(counter => Number(counter.Value)),
                ]);
            }
        }

        table.Print(text, Terminal.Width);
    }

    // What is nowhere but 0 has no column.
    private static string Number(ulong value) => value == 0 ? "" : value.ToString(CultureInfo.InvariantCulture);
}
