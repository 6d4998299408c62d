// smartnic rate group ...: groups of VFs that share a rate, in devlink's words.
using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using SmartNicFw.Hal.Regs;
using SmartNicFw.HostTools.Client;
using SmartNicFw.HostTools.Failure;
using SmartNicFw.HostTools.Output;
using SmartNicFw.HostTools.Vocabulary;

namespace SmartNicFw.HostTools.Commands;

/// <summary>A group has a name; its number is given by this tool, the lowest that is free.</summary>
internal static class RateGroupCommand
{
    // Somebody else may take the number in between.
    private const int Tries = 5;

    /// <summary>Makes the command.</summary>
    public static Command Create(GlobalOptions global)
    {
        var group = new Command("group", "Add, change, delete and list rate groups")
        {
            Change(global, "add", "Add a rate group", JudgeAdd, Add, "smartnic rate group add tenants tx_max 2gbit tx_share 500mbit", "smartnic rate group add web parent tenants tx_weight 3"),
            Change(global, "set", "Change a rate group; port has tx_max only", JudgeSet, Set, "smartnic rate group set tenants tx_max 1gbit", "smartnic rate group set port tx_max 10gbit"),
            Delete(global),
            Show(global),
        };
        return new Command("rate", "Rates that VFs share") { ExampleHelp.With(group, "smartnic rate group show") };
    }

    private static Command Change(
        GlobalOptions global,
        string verb,
        string what,
        Action<string, string[]> judge,
        Func<ManagementClient, string, string[], int> work,
        params string[] examples)
    {
        var name = Name();
        var words = new Argument<string[]>("WORD VALUE")
        {
            Description = "tx_share RATE | tx_max RATE | tx_priority P | tx_weight W | parent NAME; rates are Mbit/s or as in 100mbit, 1gbit",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var command = new Command(verb, what) { name, words };
        command.SetAction(options =>
        {
            string[] typed = options.GetValue(words) ?? [];
            string group = options.GetValue(name)!;
            judge(group, typed);
            RateGroupWords.Parse(new RateGroupChange(0), typed, null);
            Printer printer = global.Printer(options);
            using ManagementClient client = global.Open(options);
            int number = work(client, group, typed);
            Report(printer, client, verb, group, number, typed);
            return ToolException.Done;
        });
        return ExampleHelp.With(command, examples);
    }

    private static void JudgeAdd(string name, string[] words) => RateGroupName.CheckNew(name);

    private static void JudgeSet(string name, string[] words)
    {
        if (words.Length == 0)
        {
            throw new UsageException("name what the group is to have", $"allowed: {string.Join(", ", RateGroupWords.All.Keys)}");
        }
    }

    private static int Add(ManagementClient client, string name, string[] words)
    {
        for (int tries = 1; ; tries++)
        {
            IReadOnlyList<RateGroupInfo> groups = client.GetRateGroups();
            if (groups.Any(group => group.Name == name))
            {
                throw new RefusedException($"there is a rate group {name} already", $"smartnic rate group set {name} changes it");
            }

            int number = Enumerable.Range(1, client.Endpoint.RateGroups).FirstOrDefault(free => groups.All(group => group.Number != free));
            if (number == 0)
            {
                throw new RefusedException($"the device has {client.Endpoint.RateGroups} rate groups, and all are taken", "delete one: smartnic rate group del NAME");
            }

            try
            {
                client.AddRateGroup(RateGroupWords.Parse(new RateGroupChange(number) { Name = name }, words, () => groups));
                return number;
            }
            catch (RefusedException taken) when (taken.Reason == ManagementReason.GroupExists && tries < Tries)
            {
            }
        }
    }

    private static int Set(ManagementClient client, string name, string[] words)
    {
        IReadOnlyList<RateGroupInfo> groups = client.GetRateGroups();
        int number = RateGroupName.Resolve(name, groups);
        client.SetRateGroup(RateGroupWords.Parse(new RateGroupChange(number), words, () => groups));
        return number;
    }

    private static Command Delete(GlobalOptions global)
    {
        var name = Name();
        var command = new Command("del", "Delete a rate group that nothing is in") { name };
        command.SetAction(options =>
        {
            string group = options.GetValue(name)!;
            Printer printer = global.Printer(options);
            using ManagementClient client = global.Open(options);
            int number = RateGroupName.Resolve(group, client.GetRateGroups());
            client.DeleteRateGroup(number);
            Report(printer, client, "del", group, number, []);
            return ToolException.Done;
        });
        return ExampleHelp.With(command, "smartnic rate group del web");
    }

    private static Command Show(GlobalOptions global)
    {
        Argument<string> name = Name();
        name.Arity = ArgumentArity.ZeroOrOne;
        name.Description += "; all when nothing is said";
        var command = new Command("show", "Print rate groups") { name };
        command.SetAction(options =>
        {
            Printer printer = global.Printer(options);
            using ManagementClient client = global.Open(options);
            IReadOnlyList<RateGroupInfo> all = client.GetRateGroups();
            IReadOnlyList<RateGroupInfo> shown = options.GetValue(name) is { } wanted
                ? [.. all.Where(group => group.Number == RateGroupName.Resolve(wanted, all))]
                : all;
            IReadOnlyDictionary<int, string> names = FunctionDocument.GroupNames(all);
            JsonObject document = Printer.Document(client.Device);
            var groups = new JsonArray();
            foreach (RateGroupInfo group in shown)
            {
                groups.Add((JsonNode)Json(group, names));
            }

            document["groups"] = groups;
            printer.Print(document, text => Print(text, shown, names));
            return ToolException.Done;
        });
        return ExampleHelp.With(command, "smartnic rate group show", "smartnic -j rate group show tenants");
    }

    private static JsonObject Json(RateGroupInfo group, IReadOnlyDictionary<int, string> names) => new()
    {
        ["name"] = RateGroupName.Of(group),
        ["number"] = group.Number,
        [RateGroupWords.Parent] = group.Number == 0 ? null : FunctionDocument.GroupName(group.Parent, names),
        ["tx_share"] = Units.BytesPerSecond(group.MinTxRate),
        ["tx_max"] = Units.BytesPerSecond(group.MaxTxRate),
        ["tx_priority"] = group.Priority,
        ["tx_weight"] = group.Weight,
    };

    private static void Print(TextWriter text, IReadOnlyList<RateGroupInfo> groups, IReadOnlyDictionary<int, string> names)
    {
        if (groups.Count == 0)
        {
            text.WriteLine("no rate groups; smartnic rate group add NAME makes one");
            return;
        }

        var table = new TextTable("NAME", ">NUMBER", "PARENT", ">TX_SHARE", ">TX_MAX", ">TX_PRIORITY", ">TX_WEIGHT");
        foreach (RateGroupInfo group in groups)
        {
            bool isPort = group.Number == 0;
            table.Add(
                RateGroupName.Of(group),
                $"{group.Number}",
                isPort ? "" : FunctionDocument.GroupName(group.Parent, names),
                isPort ? "" : Units.Rate(group.MinTxRate, "none"),
                Units.Rate(group.MaxTxRate),
                isPort ? "" : $"{group.Priority}",
                isPort ? "" : $"{group.Weight}");
        }

        table.Print(text, Terminal.Width);
    }

    private static void Report(Printer printer, ManagementClient client, string verb, string name, int number, string[] words)
    {
        JsonObject document = Printer.Document(client.Device);
        document["done"] = verb;
        document["group"] = name;
        document["number"] = number;
        var set = new JsonObject();
        for (int at = 0; at < words.Length; at += 2)
        {
            set[words[at]] = words[at + 1];
        }

        document["set"] = set;
        printer.Print(document, text => TextTable.PrintParagraph(
            text, Terminal.Width, $"rate group {name}{(verb == "del" ? " deleted" : verb == "add" ? " added" : "")}", set.Select(word => $"{word.Key} {word.Value}")));
    }

    private static Argument<string> Name() => new("NAME") { Description = "Name or number of a rate group" };
}
