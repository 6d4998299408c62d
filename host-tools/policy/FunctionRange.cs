// The names of functions in a policy: pf0, vf3 (of pf0), pf1vf3, and runs of VFs: vf8-63, pf1vf0-7. Knows no device.
using System.Globalization;
using System.Text.RegularExpressions;
using SmartNicFw.HostTools.Client;

namespace SmartNicFw.HostTools.Policy;

/// <summary>A PF, or one VF or several in a row of one PF.</summary>
/// <param name="Pf">The PF, 0 upwards.</param>
/// <param name="First">The first VF within the PF, 0 upwards, or <see cref="None"/> for the PF itself.</param>
/// <param name="Last">The last one.</param>
internal readonly partial record struct FunctionRange(int Pf, int First, int Last)
{
    /// <summary>Instead of a VF: the PF itself.</summary>
    public const int None = -1;

    /// <summary>What can be written, for help and messages.</summary>
    public const string Forms = "pfP, vfN (of pf0), pfPvfN, and several VFs as vfN-M, pfPvfN-M";

    /// <summary>The names of PFs, for a schema.</summary>
    public const string PfPattern = "^pf(0|[1-9][0-9]{0,3})$";

    /// <summary>The names of VFs and of several VFs, for a schema.</summary>
    public const string VfPattern = "^(pf(0|[1-9][0-9]{0,3}))?vf(0|[1-9][0-9]{0,3})(-(0|[1-9][0-9]{0,3}))?$";

    /// <summary>True for a PF.</summary>
    public bool IsPf => First == None;

    /// <summary>Functions in it.</summary>
    public int Count => Last - First + 1;

    /// <summary>Takes a name apart.</summary>
    /// <returns>False when it is none of <see cref="Forms"/>, or the run goes backwards.</returns>
    public static bool TryRead(string name, out FunctionRange range)
    {
        range = default;
        if (name.EndsWith('\n'))
        {
            // The end of a pattern would match before it.
            return false;
        }

        if (PhysicalName().Match(name) is { Success: true } physical)
        {
            range = new FunctionRange(Number(physical.Groups[1]), None, None);
            return true;
        }

        if (VirtualName().Match(name) is not { Success: true } match)
        {
            return false;
        }

        int first = Number(match.Groups[3]);
        int last = match.Groups[5].Success ? Number(match.Groups[5]) : first;
        range = new FunctionRange(match.Groups[2].Success ? Number(match.Groups[2]) : 0, first, last);
        return last >= first;
    }

    /// <summary>True when all of the other is in this one.</summary>
    public bool Contains(FunctionRange other) => Pf == other.Pf && IsPf == other.IsPf && First <= other.First && Last >= other.Last;

    /// <summary>True when a function is in both.</summary>
    public bool Meets(FunctionRange other) => Pf == other.Pf && IsPf == other.IsPf && First <= other.Last && Last >= other.First;

    /// <summary>The name as it is written, the shortest form.</summary>
    public override string ToString()
    {
        string first = FunctionName.Of(Pf, IsPf ? null : First);
        return First == Last ? first : string.Create(CultureInfo.InvariantCulture, $"{first}-{Last}");
    }

    private static int Number(Group group) => int.Parse(group.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);

    [GeneratedRegex(PfPattern, RegexOptions.CultureInvariant)]
    private static partial Regex PhysicalName();

    [GeneratedRegex(VfPattern, RegexOptions.CultureInvariant)]
    private static partial Regex VirtualName();
}
