// smartnic vf N ...: one VF's policy, reset and counters. The words are vocabulary's.
using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Linq;
using System.Text.Json.Nodes;
using SmartNicFw.HostTools.Client;
using SmartNicFw.HostTools.Failure;
using SmartNicFw.HostTools.Output;
using SmartNicFw.HostTools.Vocabulary;

namespace SmartNicFw.HostTools.Commands;

/// <summary>A PF may be named where the device permits it: its weight, limit, group and interrupts.</summary>
internal static class VfCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(GlobalOptions global)
    {
        var name = new Argument<string>("N") { Description = $"Which function: {FunctionName.Forms}" };
        var command = new Command("vf", "Change or look at one VF")
        {
            name,
            Set(global, name),
            Show(global, name),
            Reset(global, name),
            VfStatisticsCommand.Create(global, name),
        };
        return ExampleHelp.With(command, "smartnic vf 3 set vlan 100 max_tx_rate 500", "smartnic vf pf1vf0 show");
    }

    private static Command Set(GlobalOptions global, Argument<string> name)
    {
        var words = new Argument<string[]>("ATTRIBUTE VALUE")
        {
            Description = "One or several attributes, all of them set or none: "
                + string.Join(" | ", AttributeWord.All.Select(word => $"{word.Name} {(word.Choices.Count > 0 ? string.Join('|', word.Choices) : Placeholder(word.Name))}")),
            Arity = ArgumentArity.ZeroOrMore,
        };
        var command = new Command("set", "Set attributes; rates are Mbit/s or devlink's words (100mbit, 1gbit), 0 for none") { words };
        command.SetAction(options =>
        {
            AttributeChanges changes = AttributeChanges.Parse(options.GetValue(words) ?? []);
            FunctionName.Parse(options.GetValue(name)!);
            Printer printer = global.Printer(options);
            using ManagementClient client = global.Open(options);
            int function = FunctionName.Resolve(client.Endpoint, options.GetValue(name)!);
            Apply(client, function, changes);

            string title = FunctionName.Of(client.Endpoint, function);
            JsonObject document = Printer.Document(client.Device);
            document["function"] = title;
            document["set"] = new JsonObject(changes.Words.Select(word => KeyValuePair.Create(word.Name, (JsonNode?)word.Text)));
            printer.Print(document, text => TextTable.PrintParagraph(
                text, Terminal.Width, title, changes.Words.Select(word => $"{word.Name} {word.Text}")));
            return ToolException.Done;
        });
        return ExampleHelp.With(
            command,
            "smartnic vf 3 set mac 02:00:00:00:00:03",
            "smartnic vf 3 set vlan 100 qos 5 proto 802.1ad",
            "smartnic vf pf1vf0 set max_tx_rate 500mbit min_tx_rate 100 spoofchk on");
    }

    private static Command Show(GlobalOptions global, Argument<string> name)
    {
        var command = new Command("show", "Print one VF, enabled or not");
        command.SetAction(options =>
        {
            FunctionName.Parse(options.GetValue(name)!);
            Printer printer = global.Printer(options);
            using ManagementClient client = global.Open(options);
            FunctionInfo function = client.GetFunction(FunctionName.Resolve(client.Endpoint, options.GetValue(name)!));
            IReadOnlyDictionary<int, string> groups = FunctionDocument.GroupNames(client, [function]);
            JsonObject document = Printer.Document(client.Device);
            document["function"] = FunctionDocument.Json(function, groups);
            printer.Print(document, text => FunctionTable.PrintOne(text, function, groups));
            return ToolException.Done;
        });
        return ExampleHelp.With(command, "smartnic vf 3 show", "smartnic -p vf pf1vf0 show");
    }

    private static Command Reset(GlobalOptions global, Argument<string> name)
    {
        var command = new Command("reset", "Reset a VF (FLR): its driver has to start anew; its policy stays");
        command.SetAction(options =>
        {
            FunctionName.Parse(options.GetValue(name)!);
            Printer printer = global.Printer(options);
            using ManagementClient client = global.Open(options);
            int function = FunctionName.Resolve(client.Endpoint, options.GetValue(name)!);
            client.ResetVf(function);
            string title = FunctionName.Of(client.Endpoint, function);
            JsonObject document = Printer.Document(client.Device);
            document["function"] = title;
            document["reset"] = "begun";
            printer.Print(document, text => text.WriteLine($"{title} is being reset"));
            return ToolException.Done;
        });
        return ExampleHelp.With(command, "smartnic vf 3 reset");
    }

    // One attribute is a request; several are a transaction: all or none.
    private static void Apply(ManagementClient client, int function, AttributeChanges changes)
    {
        IReadOnlyList<(int Kind, ulong Value)> values = changes.Resolve(() => client.GetFunction(function).Vlan, client.GetRateGroups);
        if (values.Count == 1)
        {
            client.SetAttribute(function, values[0].Kind, values[0].Value);
            return;
        }

        using ManagementTransaction transaction = client.Begin();
        foreach ((int kind, ulong value) in values)
        {
            transaction.SetAttribute(function, kind, value);
        }

        transaction.Commit();
    }

    private static string Placeholder(string name) => name switch
    {
        "mac" => "ADDR",
        "group" => "NAME",
        "max_tx_rate" or "min_tx_rate" => "RATE",
        AttributeWord.Vlan => "ID",
        _ => "N",
    };
}
