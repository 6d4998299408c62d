// How a person names a function on the command line.
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.RegularExpressions;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Commands;

/// <summary>Names: pf0, vf3 (of PF 0), pf1vf3, 01:00.2 as lspci has it, rp for the root port, all for everything.</summary>
internal static partial class FunctionName
{
    /// <summary>The forms that are understood, for help and messages.</summary>
    public const string Forms = "pfP, vfN (of pf0), pfPvfN, BB:DD.F, rp, all";

    /// <summary>The forms that name a function by its number.</summary>
    public const string NumberForms = "pfP, vfN (of pf0), pfPvfN";

    /// <summary>Takes a name of <see cref="NumberForms"/> apart.</summary>
    /// <param name="vf">Receives the number of the VF, or -1 for a PF.</param>
    /// <returns>False when it is no such name.</returns>
    public static bool TryNumber(string name, out int pf, out int vf)
    {
        pf = 0;
        vf = -1;
        if (ByNumber().Match(name) is not { Success: true } match)
        {
            return false;
        }

        if (match.Groups["pf"] is { Success: true } physical)
        {
            pf = int.Parse(physical.ValueSpan[2..], NumberStyles.None, CultureInfo.InvariantCulture);
        }

        if (match.Groups["vf"] is { Success: true } number)
        {
            vf = int.Parse(number.ValueSpan[2..], NumberStyles.None, CultureInfo.InvariantCulture);
        }

        return true;
    }

    /// <summary>Finds what a name stands for: addresses of functions, the root port's among them.</summary>
    /// <exception cref="UsageException">The name is not understood, or there is no such function.</exception>
    public static IReadOnlyList<PciAddress> Resolve(string name, PciEnumerator enumerator)
    {
        if (name is "rp")
        {
            return [RootComplex.RootPortAddress];
        }

        if (name is "all")
        {
            return [RootComplex.RootPortAddress, .. enumerator.Functions.Select(function => function.Address)];
        }

        HostFunction? found;
        if (ByNumber().Match(name) is { Success: true } number)
        {
            string wanted = number.Groups["pf"].Success ? name : "pf0" + name;
            found = enumerator.Functions.FirstOrDefault(function => function.Name == wanted);
        }
        else if (ByAddress().Match(name) is { Success: true } address)
        {
            int devfn = (Hex(address, "device") << RoutingId.DeviceShift) | Hex(address, "function");
            var wanted = new PciAddress(Hex(address, "bus"), devfn & RoutingId.DevfnMask);
            if (wanted == RootComplex.RootPortAddress)
            {
                return [wanted];
            }

            found = enumerator.Functions.FirstOrDefault(function => function.Address == wanted);
        }
        else
        {
            throw new UsageException($"'{name}' names no function; allowed: {Forms}");
        }

        return found is null ? throw new UsageException(NotThere(name, enumerator.PhysicalFunctions.Count, enumerator.PhysicalFunctions[0].Sriov?.VFs.Count ?? 0)) : [found.Address];
    }

    private static int Hex(Match match, string group) =>
        int.Parse(match.Groups[group].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    /// <summary>The line that says which functions there are.</summary>
    public static string NotThere(string name, int pfs, int vfs)
    {
        string pfNames = pfs == 1 ? "pf0" : $"pf0 to pf{pfs - 1}";
        string vfNames = vfs switch
        {
            0 => "no VF is enabled (--vfs)",
            1 => "each with vf0",
            _ => $"each with vf0 to vf{vfs - 1}",
        };
        return $"there is no {name}; there are: {pfNames}, {vfNames}";
    }

    [GeneratedRegex("^(?<pf>pf(0|[1-9][0-9]{0,3}))?(?<vf>vf(0|[1-9][0-9]{0,3}))?$(?<!^)")]
    private static partial Regex ByNumber();

    [GeneratedRegex("^(0000:)?(?<bus>[0-9A-Fa-f]{2}):(?<device>[01][0-9A-Fa-f])\\.(?<function>[0-7])$")]
    private static partial Regex ByAddress();
}
