// The options that describe an endpoint, alike for all commands, and the powered-on endpoint they lead to.
using System;
using System.CommandLine;
using System.Globalization;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Firmware;

namespace SmartNicFw.Emulator.Commands;

/// <summary>Something a person asked for cannot be; the message is one line that says what is allowed.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>An endpoint that a host has enumerated.</summary>
/// <param name="Host">The host's hardware side.</param>
/// <param name="Enumerator">What the host found.</param>
internal sealed record HostedEndpoint(RootComplex Host, PciEnumerator Enumerator);

/// <summary>Options --pfs, --vfs, --total-vfs, --no-ari.</summary>
internal sealed class EndpointOptions
{
    private const int StandardVFs = 8;

    private readonly Option<int> _physicalFunctions = Number(
        "--pfs", "P", "Physical functions", 1, EndpointConfiguration.MaxPhysicalFunctions, 1);

    private readonly Option<int> _vfs = Number(
        "--vfs", "N", "VFs that the host enables on each PF", 0, EndpointConfiguration.MaxTotalVFs, StandardVFs);

    private readonly Option<int> _totalVFs = Number(
        "--total-vfs", "N", "TotalVFs of each PF", 0, EndpointConfiguration.MaxTotalVFs, 256);

    private readonly Option<bool> _noAri = new("--no-ari")
    {
        Description = "The root port does not forward ARI: at most 8 functions on the first bus",
    };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_physicalFunctions);
        command.Options.Add(_vfs);
        command.Options.Add(_totalVFs);
        command.Options.Add(_noAri);
    }

    /// <summary>Powers the endpoint on and lets a host enumerate it and enable its VFs.</summary>
    /// <exception cref="UsageException">The options do not make an endpoint.</exception>
    public HostedEndpoint Start(ParseResult options)
    {
        int physicalFunctions = options.GetValue(_physicalFunctions);
        int totalVFs = options.GetValue(_totalVFs);
        int vfs = options.GetResult(_vfs) is { Implicit: false } ? options.GetValue(_vfs) : Math.Min(StandardVFs, totalVFs);
        if (vfs > totalVFs)
        {
            throw new UsageException($"--vfs is {vfs}; allowed: 0 to {totalVFs} (--total-vfs raises the limit)");
        }

        var board = new EmulatedBoard(new EndpointConfiguration { PhysicalFunctions = physicalFunctions, TotalVFs = totalVFs });
        var host = new RootComplex(board, supportsAri: !options.GetValue(_noAri));
        var enumerator = new PciEnumerator(host);
        enumerator.Enumerate();
        foreach (HostFunction pf in enumerator.PhysicalFunctions)
        {
            if (vfs > 0)
            {
                enumerator.EnableVFs(pf, vfs);
            }
        }

        return new HostedEndpoint(host, enumerator);
    }

    // A whole number within bounds; anything else is one line that states them.
    internal static Option<int> Number(string name, string helpName, string what, int low, int high, int standard) => new(name)
    {
        Description = $"{what}, {low} to {high}",
        HelpName = helpName,
        Arity = ArgumentArity.OneOrMore,
        DefaultValueFactory = _ => standard,
        CustomParser = argument =>
        {
            if (argument.Tokens.Count != 1)
            {
                argument.AddError($"{name} takes one number; allowed: {low} to {high}");
                return 0;
            }

            string text = argument.Tokens[0].Value;
            if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value)
                && value >= low && value <= high)
            {
                return value;
            }

            argument.AddError($"{name} is '{text}'; allowed: {low} to {high}");
            return 0;
        },
    };
}
