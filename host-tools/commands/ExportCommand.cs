// smartnic export: the policy of the endpoint as the file that 'smartnic apply' takes. Knows no layout.
using System.CommandLine;
using System.IO;
using System.Text.Json.Nodes;
using SmartNicFw.HostTools.Client;
using SmartNicFw.HostTools.Output;
using SmartNicFw.HostTools.Policy;

namespace SmartNicFw.HostTools.Commands;

/// <summary>Written to standard output. Applied to the same endpoint it changes nothing.</summary>
internal static class ExportCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(GlobalOptions global)
    {
        var command = new Command("export", "Print the policy of the endpoint as a file for 'smartnic apply'; what is as after the first start is left out");
        command.SetAction(options =>
        {
            Printer printer = global.Printer(options);
            using ManagementClient client = global.Open(options);
            using var policy = new StringWriter();
            PolicyExport.Write(PolicyDevice.Read(client), policy);
            JsonObject document = Printer.Document(client.Device);
            document["policy"] = policy.ToString();
            printer.Print(document, text => text.Write(policy.ToString()));
            return 0;
        });
        return ExampleHelp.With(command, "smartnic export > policy.yaml");
    }
}
