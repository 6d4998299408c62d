// smartnic top: what each function does a second, live on a terminal, as plain tables elsewhere. Knows no layout.
using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading;
using SmartNicFw.HostTools.Client;
using SmartNicFw.HostTools.Failure;
using SmartNicFw.HostTools.Output;
using SmartNicFw.HostTools.Watch;

namespace SmartNicFw.HostTools.Commands;

/// <summary>Rates are from differences of counters and the device's own clock.</summary>
internal static class TopCommand
{
    private const decimal BitsOfByte = 8;

    /// <summary>Makes the command.</summary>
    public static Command Create(GlobalOptions global)
    {
        var once = new Option<bool>("--once") { Description = "One interval, then end" };
        var plain = new Option<bool>("--plain") { Description = "Tables one after the other on a terminal too" };
        var sort = new Option<string?>("--sort", "-s") { Description = $"Sort by one of {string.Join(", ", TopTable.Orders.Keys)}", HelpName = "COLUMN" };
        var filter = new Option<string?>("--filter") { Description = "Only functions with this in their name", HelpName = "TEXT" };
        var interval = WatchOptions.Interval();
        var count = WatchOptions.Count();
        var command = new Command(
            "top", "Show what each function sends, receives and drops a second, its share against its weight, and its interrupts")
        {
            once, plain, sort, filter, interval, count,
        };
        command.SetAction(options =>
        {
            Printer printer = global.Printer(options);
            var run = new Plain(
                printer, OrderOf(options.GetValue(sort)), options.GetValue(filter) ?? "", WatchOptions.IntervalOf(options.GetValue(interval)),
                options.GetValue(once) ? 1 : WatchOptions.CountOf(options.GetValue(count)));
            using ManagementClient client = global.Open(options);
            if (printer.IsJson || !Terminal.IsInteractive || options.GetValue(plain) || options.GetValue(once))
            {
                run.Go(client);
            }
            else
            {
                new TopScreen(client, run.Order, run.Filter, run.Pause, run.Rounds).Go();
            }

            return ToolException.Done;
        });
        return ExampleHelp.With(command, "smartnic top", "smartnic top --sort tx --interval 0.5", "smartnic -j top --once");
    }

    private static TopOrder OrderOf(string? text) => text is null ? TopOrder.Name
        : TopTable.Orders.TryGetValue(text, out TopOrder order) ? order
        : throw new UsageException($"--sort is '{text}'", Nearest.Advice(text, [.. TopTable.Orders.Keys]));

    private sealed record Plain(Printer Printer, TopOrder Order, string Filter, TimeSpan Pause, uint Rounds)
    {
        public void Go(ManagementClient client)
        {
            var meter = new RateMeter();
            _ = meter.Take(CounterSample.Read(client, []));
            for (uint round = 0; round < Rounds; round++)
            {
                Thread.Sleep(Pause);
                CounterSample sample = CounterSample.Read(client, []);
                IReadOnlyList<FunctionRates> rows = TopTable.Rows(meter.Take(sample), Order, false, Filter);
                JsonObject document = Printer.Document(client.Device);
                document["time_us"] = sample.TimeUs;
                document["interval_us"] = meter.IntervalUs;
                document["functions"] = new JsonArray([.. rows.Select(Json)]);
                Printer.Print(document, text => Print(text, rows, round > 0));
                Printer.Writer.Flush();
            }
        }

        private static void Print(TextWriter text, IReadOnlyList<FunctionRates> rows, bool isNext)
        {
            if (isNext)
            {
                text.WriteLine();
            }

            bool isAscii = Console.OutputEncoding.CodePage != Encoding.UTF8.CodePage;
            IReadOnlyList<TopColumn> columns = TopTable.Columns(Math.Min(Terminal.Width, WidestPlain), rows, isAscii);
            text.WriteLine(Line(columns, column => column.Heading));
            foreach (FunctionRates row in rows)
            {
                text.WriteLine(Line(columns, column => column.Cell(row)));
            }
        }

        private const int WidestPlain = 200;

        private static string Line(IReadOnlyList<TopColumn> columns, Func<TopColumn, string> cell) => string.Join(
            new string(' ', TopTable.Gap),
            columns.Select(column => column.IsRight ? cell(column).PadLeft(column.Width) : cell(column).PadRight(column.Width))).TrimEnd();

        // A byte is a byte in programs: rates of data are bytes a second.
        private static JsonObject Json(FunctionRates rate) => new()
        {
            ["function"] = rate.Function.Name,
            ["tx_bytes_per_second"] = Rounded(rate.TxBits / BitsOfByte),
            ["rx_bytes_per_second"] = Rounded(rate.RxBits / BitsOfByte),
            ["tx_frames_per_second"] = Rounded(rate.TxFrames),
            ["rx_frames_per_second"] = Rounded(rate.RxFrames),
            ["drops_per_second"] = Rounded(rate.Drops),
            ["interrupts_per_second"] = Rounded(rate.Interrupts),
            ["turns_per_second"] = Rounded(rate.Turns),
            ["share"] = rate.Share is { } share ? Rounded(share) : null,
            ["weight_share"] = rate.WeightShare is { } weight ? Rounded(weight) : null,
            ["weight"] = rate.Function.Weight,
        };

        private static decimal Rounded(decimal number) => Math.Round(number, 4) + 0.0m;
    }
}
