// smartnic apply: a whole policy from a file, shown as a difference, then made as a whole or not at all. Knows no layout.
using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Linq;
using System.Text.Json.Nodes;
using SmartNicFw.HostTools.Client;
using SmartNicFw.HostTools.Failure;
using SmartNicFw.HostTools.Output;
using SmartNicFw.HostTools.Policy;
using SmartNicFw.HostTools.Policy.Reading;

namespace SmartNicFw.HostTools.Commands;

/// <summary>
/// The file is the whole policy: what it does not name becomes what it is after the first start. Exit code 1 when the file is wrong, 2 when
/// the device refuses it; nothing has changed then.
/// </summary>
internal static class ApplyCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(GlobalOptions global)
    {
        var file = new Argument<string>("FILE") { Description = "A policy file, as 'smartnic export' writes it, or - for standard input" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Print what would change, have the device judge it, and change nothing" };
        var command = new Command(
            "apply",
            "Make the policy of a file that of the endpoint, as a whole or not at all. What the file does not name becomes what it is after the first start")
        {
            file, dryRun,
        };
        command.SetAction(options =>
        {
            Printer printer = global.Printer(options);
            PolicyFile policy = PolicyFile.Read(options.GetValue(file)!);
            try
            {
                using ManagementClient client = global.Open(options);
                return new Run(client, printer, policy, options.GetValue(dryRun)).Go();
            }
            catch (ToolException) when (!policy.Faults.IsEmpty)
            {
                // The file is wrong whatever the device says.
                return policy.PrintFaults(printer);
            }
        });
        return ExampleHelp.With(command, "smartnic apply policy.yaml --dry-run", "smartnic --device /run/endpoint.sock apply policy.yaml");
    }

    private sealed class Run(ManagementClient client, Printer printer, PolicyFile policy, bool isDryRun)
    {
        private const int ChangesOfALine = 100;

        public int Go()
        {
            if (!policy.Faults.IsEmpty)
            {
                PolicyTarget.CheckFunctions(policy.Document, PolicyDevice.Read(client), policy.Faults);
                return policy.PrintFaults(printer);
            }

            IReadOnlyList<PolicyChange> changes = Compare();
            if (policy.Faults.IsEmpty && changes.Count > 0)
            {
                // Nobody else changes policy while the transaction is open: what is read now is what is changed.
                using ManagementTransaction transaction = client.Begin();
                changes = Compare();
                if (policy.Faults.IsEmpty && changes.Count > 0)
                {
                    Change(transaction, changes);
                    return ToolException.Done;
                }
            }

            if (!policy.Faults.IsEmpty)
            {
                return policy.PrintFaults(printer);
            }

            printer.Print(Document(changes, "unchanged"), text => text.WriteLine("nothing to change: the endpoint has this policy"));
            return ToolException.Done;
        }

        private IReadOnlyList<PolicyChange> Compare()
        {
            PolicyState device = PolicyDevice.Read(client);
            PolicyTarget target = PolicyTarget.Of(policy.Document, device, policy.Faults);
            return policy.Faults.IsEmpty ? PolicyDifference.Of(device, target) : [];
        }

        private void Change(ManagementTransaction transaction, IReadOnlyList<PolicyChange> changes)
        {
            if (!printer.IsJson)
            {
                PolicyPrint.Print(printer.Writer, changes, Terminal.HasColour);
            }

            try
            {
                PolicyDevice.Change(transaction, changes, isDryRun, sent => ShowProgress(sent, changes.Count));
            }
            catch (RefusedException refused) when (refused.Change < changes.Count && refused.Reason != 0)
            {
                throw Placed(refused, changes[(int)refused.Change]);
            }
            finally
            {
                Progress.Clear();
            }

            int owners = changes.Select(change => change.Owner).Distinct().Count();
            string count = changes.Count == 1 ? "1 change" : $"{changes.Count} changes of {owners} {(owners == 1 ? "owner" : "owners")}";
            printer.Print(
                Document(changes, isDryRun ? "checked" : "applied"),
                text => text.WriteLine(isDryRun ? $"{count}; the endpoint would accept them (dry run, nothing was changed)" : $"{count} made"));
        }

        private static void ShowProgress(int sent, int all)
        {
            if (sent % ChangesOfALine == 0 && sent > 0)
            {
                Progress.Show($"{sent} of {all} changes sent");
            }
        }

        // The device's refusal, with the place in the file that it is about.
        private RefusedException Placed(RefusedException refused, PolicyChange change)
        {
            string what = change.Steps.Count == 0 ? change.Owner : $"{change.Owner} {change.Steps[0].Key}";
            string place = change.Position == TextPosition.Start
                ? $"{policy.Name} (which does not name it)"
                : $"{policy.Name}:{change.Position.Line}:{change.Position.Column}";
            return new RefusedException($"{place}: {what}: {refused.What}", refused.Advice)
            {
                Status = refused.Status, Reason = refused.Reason, Text = refused.Text, Change = refused.Change,
            };
        }

        private JsonObject Document(IReadOnlyList<PolicyChange> changes, string result)
        {
            JsonObject document = Printer.Document(client.Device);
            document["file"] = policy.Name;
            document["result"] = result;
            document["changes"] = PolicyPrint.Json(changes);
            return document;
        }
    }
}
