// How a person names a function, and which index the protocol has for it. Knows how many functions there are only by being told.
using System.Globalization;
using System.Text.RegularExpressions;
using SmartNicFw.HostTools.Failure;

namespace SmartNicFw.HostTools.Client;

/// <summary>Names: 3 and vf3 (of pf0), pf1vf3, pf1 where a PF may be meant.</summary>
internal static partial class FunctionName
{
    /// <summary>The forms that are understood.</summary>
    public const string Forms = "N or vfN (of pf0), pfPvfN, pfP";

    /// <summary>The forms that name a VF.</summary>
    public const string VfForms = "N or vfN (of pf0), pfPvfN";

    /// <summary>The name of a function.</summary>
    /// <param name="vf">Number of the VF, or null for the PF itself.</param>
    public static string Of(int physicalFunction, int? vf) => vf is { } number
        ? string.Create(CultureInfo.InvariantCulture, $"{(physicalFunction == 0 ? "" : $"pf{physicalFunction}")}vf{number}")
        : string.Create(CultureInfo.InvariantCulture, $"pf{physicalFunction}");

    /// <summary>The name of an index: PFs first, then the VFs of PF 0, of PF 1, and so on.</summary>
    public static string Of(EndpointInfo endpoint, int index) => index < endpoint.PhysicalFunctions || endpoint.TotalVFs == 0
        ? Of(index, null)
        : Of((index - endpoint.PhysicalFunctions) / endpoint.TotalVFs, (index - endpoint.PhysicalFunctions) % endpoint.TotalVFs);

    /// <summary>Takes a name apart.</summary>
    /// <exception cref="UsageException">It is not understood.</exception>
    public static (int PhysicalFunction, int? Vf) Parse(string name)
    {
        Match match = Form().Match(name);
        return match.Success
            ? (Number(match.Groups["pf"]) ?? 0, Number(match.Groups["vf"]))
            : throw new UsageException($"'{name}' names no function", $"allowed: {Forms}");
    }

    /// <summary>Finds the index of a function.</summary>
    /// <exception cref="ToolException">The endpoint has no such function.</exception>
    public static int Resolve(EndpointInfo endpoint, string name)
    {
        (int physicalFunction, int? vf) = Parse(name);
        if (physicalFunction >= endpoint.PhysicalFunctions || vf >= endpoint.TotalVFs)
        {
            throw new RefusedException($"there is no {Of(physicalFunction, vf)}", $"there are {All(endpoint)}");
        }

        return vf is { } number ? endpoint.PhysicalFunctions + (physicalFunction * endpoint.TotalVFs) + number : physicalFunction;
    }

    private static string All(EndpointInfo endpoint)
    {
        string physical = endpoint.PhysicalFunctions == 1 ? "pf0" : $"pf0 to pf{endpoint.PhysicalFunctions - 1}";
        return endpoint.TotalVFs switch
        {
            0 => physical + " and no VFs",
            1 => physical + ", each with vf0",
            _ => $"{physical}, each with vf0 to vf{endpoint.TotalVFs - 1}",
        };
    }

    private static int? Number(Group digits) => digits.Success ? int.Parse(digits.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture) : null;

    [GeneratedRegex("^(?:(?<vf>0|[1-9][0-9]{0,4})|pf(?<pf>0|[1-9][0-9]{0,4})(?:vf(?<vf>0|[1-9][0-9]{0,4}))?|vf(?<vf>0|[1-9][0-9]{0,4}))$(?<!\n)")]
    private static partial Regex Form();
}
