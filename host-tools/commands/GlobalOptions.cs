// The options that every command has: which device, how long it may take, how to print. Asks no device.
using System;
using System.CommandLine;
using System.Globalization;
using System.IO;
using SmartNicFw.HostTools.Client;
using SmartNicFw.HostTools.Failure;
using SmartNicFw.HostTools.Output;
using SmartNicFw.HostTools.Transport;

namespace SmartNicFw.HostTools.Commands;

/// <summary>--device, --timeout, --json, --pretty: before or behind the command.</summary>
/// <param name="output">Where results go.</param>
internal sealed class GlobalOptions(TextWriter output)
{
    private const int LongestSeconds = 3600;

    private readonly Option<string?> _device = new("--device", "-d")
    {
        Description = $"Path of a management socket, or PCI address of a PF; else {DeviceDiscovery.Variable}, else the only one on this host",
        HelpName = "SOCKET|PCI-ADDRESS",
        Recursive = true,
    };

    private readonly Option<string?> _timeout = new("--timeout")
    {
        Description = "How long each answer may take (2 when nothing is said)",
        HelpName = "SECONDS",
        Recursive = true,
    };

    private readonly Option<bool> _json = new("--json", "-j") { Description = "Print one JSON document with stable names", Recursive = true };
    private readonly Option<bool> _pretty = new("--pretty", "-p") { Description = "Print that document over several lines", Recursive = true };

    /// <summary>Adds the options to the program.</summary>
    public void AddTo(RootCommand root)
    {
        root.Options.Add(_device);
        root.Options.Add(_timeout);
        root.Options.Add(_json);
        root.Options.Add(_pretty);
    }

    /// <summary>Where results go.</summary>
    public Printer Printer(ParseResult options) =>
        new(output, options.GetValue(_json) || options.GetValue(_pretty), options.GetValue(_pretty));

    /// <summary>Whether a device was named, by option or environment.</summary>
    public bool NamesDevice(ParseResult options) =>
        options.GetValue(_device) is not null || !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(DeviceDiscovery.Variable));

    /// <summary>Opens the way to the device.</summary>
    /// <exception cref="ToolException">There is none.</exception>
    public ManagementClient Open(ParseResult options)
    {
        TimeSpan limit = Limit(options.GetValue(_timeout));
        return new ManagementClient(DeviceDiscovery.Open(options.GetValue(_device)), limit);
    }

    private static TimeSpan Limit(string? text)
    {
        if (text is null)
        {
            return ManagementClient.StandardLimit;
        }

        return decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal seconds) && seconds > 0 && seconds <= LongestSeconds
            ? TimeSpan.FromSeconds((double)seconds)
            : throw new UsageException($"--timeout is '{text}'", $"allowed: seconds, above 0, up to {LongestSeconds}, as in 0.5");
    }
}
