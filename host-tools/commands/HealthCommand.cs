// smartnic health: whether the endpoint and its functions are well, why not, and since when.
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.Linq;
using System.Text.Json.Nodes;
using SmartNicFw.Hal.Regs;
using SmartNicFw.HostTools.Client;
using SmartNicFw.HostTools.Failure;
using SmartNicFw.HostTools.Output;
using SmartNicFw.HostTools.Vocabulary;

namespace SmartNicFw.HostTools.Commands;

/// <summary>Functions that are well are left out unless --all is said.</summary>
internal static class HealthCommand
{
    private const ulong UsOfSecond = 1_000_000;
    private const ulong SecondsOfMinute = 60;
    private const ulong MinutesOfHour = 60;

    /// <summary>Makes the command.</summary>
    public static Command Create(GlobalOptions global)
    {
        var all = new Option<bool>("--all", "-a") { Description = "Also functions that are well" };
        var command = new Command("health", "Print whether the endpoint and its functions are well, why not, and since when") { all };
        command.SetAction(options =>
        {
            Printer printer = global.Printer(options);
            using ManagementClient client = global.Open(options);
            HealthInfo endpoint = client.GetHealth(ManagementFunctionNumber.Endpoint);
            (string Name, HealthInfo Health)[] functions =
            [
                .. client.GetFunctions().Where(function => function.IsEnabled)
                    .Select(function => (function.Name, Health: client.GetHealth(function.Index)))
                    .Where(function => options.GetValue(all) || function.Health.State != ManagementHealth.Well),
            ];
            ulong now = client.GetEndpoint().TimeUs;
            JsonObject document = Printer.Document(client.Device);
            document["time_us"] = now;
            document["endpoint"] = Json(endpoint);
            document["functions"] = new JsonArray([.. functions.Select(function => Json(function.Health, function.Name))]);
            printer.Print(document, text =>
            {
                var table = new TextTable("NAME", "HEALTH", "SINCE", "REASONS");
                AddRow(table, "endpoint", endpoint, now);
                foreach ((string name, HealthInfo health) in functions)
                {
                    AddRow(table, name, health, now);
                }

                table.Print(text, Terminal.Width);
            });
            return ToolException.Done;
        });
        return ExampleHelp.With(command, "smartnic health", "smartnic -j health --all");
    }

    private static JsonObject Json(HealthInfo health, string? name = null)
    {
        var json = new JsonObject();
        if (name is not null)
        {
            json["function"] = name;
        }

        json["state"] = HealthWords.State(health);
        json["since_us"] = health.SinceUs;
        json["reasons"] = new JsonArray([.. HealthWords.Reasons(health).Select(reason => (JsonNode?)reason.Name)]);
        return json;
    }

    private static void AddRow(TextTable table, string name, HealthInfo health, ulong now)
    {
        IEnumerable<string> reasons = HealthWords.Reasons(health).Select(reason => reason.Meaning);
        table.Add(name, HealthWords.State(health), Ago(health.SinceUs, now), string.Join("; ", reasons));
    }

    // 3 s ago, 2 min ago, 5 h ago.
    private static string Ago(ulong sinceUs, ulong now)
    {
        ulong seconds = sinceUs > now ? 0 : (now - sinceUs) / UsOfSecond;
        (ulong count, string unit) = seconds < 2 * SecondsOfMinute ? (seconds, "s")
            : seconds < 2 * SecondsOfMinute * MinutesOfHour ? (seconds / SecondsOfMinute, "min")
            : (seconds / SecondsOfMinute / MinutesOfHour, "h");
        return sinceUs == 0 ? "start" : string.Create(CultureInfo.InvariantCulture, $"{count} {unit} ago");
    }
}
