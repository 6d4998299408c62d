// smartnic events: what happened, on which function, when. Reading takes no event away.
using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Text.Json.Nodes;
using System.Threading;
using SmartNicFw.Hal.Regs;
using SmartNicFw.HostTools.Client;
using SmartNicFw.HostTools.Failure;
using SmartNicFw.HostTools.Output;
using SmartNicFw.HostTools.Vocabulary;

namespace SmartNicFw.HostTools.Commands;

/// <summary>Times are of the device's clock, seconds since its start.</summary>
internal static class EventsCommand
{
    private const string Endpoint = "endpoint";
    private const decimal UsOfSecond = 1_000_000;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>Makes the command.</summary>
    public static Command Create(GlobalOptions global)
    {
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on with those to come; as JSON a document a line" };
        var command = new Command("events", "Print the last events: what happened, on which function, when (seconds since the device's start)") { follow };
        command.SetAction(options =>
        {
            Printer printer = global.Printer(options);
            using ManagementClient client = global.Open(options);
            if (options.GetValue(follow))
            {
                Follow(printer, client);
            }
            else
            {
                Print(printer, client);
            }

            return ToolException.Done;
        });
        return ExampleHelp.With(command, "smartnic events", "smartnic -j events --follow");
    }

    private static void Print(Printer printer, ManagementClient client)
    {
        var events = new List<EventInfo>();
        EventPage page = client.GetEvents(0);
        uint lost = page.Lost;
        uint end = page.Next;
        uint next = page.First;
        while (next != end && page.Events.Count > 0)
        {
            events.AddRange(page.Events);
            next = page.First + (uint)page.Events.Count;
            page = client.GetEvents(next);
        }

        JsonObject document = Printer.Document(client.Device);
        document["time_us"] = client.GetEndpoint().TimeUs;
        document["lost"] = lost;
        document["events"] = new JsonArray([.. events.ConvertAll(happened => Json(client.Endpoint, happened))]);
        printer.Print(document, text =>
        {
            if (lost > 0)
            {
                text.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{lost} older events are gone"));
            }

            foreach (EventInfo happened in events)
            {
                WriteLine(text, client.Endpoint, happened);
            }

            if (events.Count == 0)
            {
                text.WriteLine("nothing has happened");
            }
        });
    }

    // Until the program is ended, or nobody reads any more.
    private static void Follow(Printer printer, ManagementClient client)
    {
        uint next = 0;
        bool isFirst = true;
        while (true)
        {
            EventPage page = client.GetEvents(next);
            if (page.First != next && !isFirst && !printer.IsJson)
            {
                printer.Writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{page.First - next} events were gone before they could be read"));
            }

            foreach (EventInfo happened in page.Events)
            {
                JsonObject document = Printer.Document(client.Device);
                document["event"] = Json(client.Endpoint, happened);
                printer.Print(document, text => WriteLine(text, client.Endpoint, happened));
            }

            printer.Writer.Flush();
            next = page.First + (uint)page.Events.Count;
            isFirst = false;
            if (next == page.Next)
            {
                Thread.Sleep(Pause);
            }
        }
    }

    private static string FunctionOf(EndpointInfo endpoint, EventInfo happened) =>
        happened.Function == ManagementFunctionNumber.Endpoint ? Endpoint : FunctionName.Of(endpoint, happened.Function);

    private static void WriteLine(TextWriter text, EndpointInfo endpoint, EventInfo happened)
    {
        string time = (happened.TimeUs / UsOfSecond).ToString("0.000000", CultureInfo.InvariantCulture);
        TextTable.PrintParagraph(
            text, Terminal.Width, $"{time,13}", [FunctionOf(endpoint, happened).PadRight(Endpoint.Length), EventWords.Sentence(happened)]);
    }

    private static JsonObject Json(EndpointInfo endpoint, EventInfo happened) => new()
    {
        ["number"] = happened.Number,
        ["time_us"] = happened.TimeUs,
        ["function"] = happened.Function == ManagementFunctionNumber.Endpoint ? null : FunctionOf(endpoint, happened),
        ["kind"] = EventWords.Name(happened.Kind),
        ["detail"] = happened.Detail,
        ["text"] = EventWords.Sentence(happened),
    };
}
