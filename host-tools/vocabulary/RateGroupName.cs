// How a person names a rate group: by its name or by its number; and the number that a new one takes. Knows no rate.
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using SmartNicFw.Hal.Regs;
using SmartNicFw.HostTools.Client;
using SmartNicFw.HostTools.Failure;

namespace SmartNicFw.HostTools.Vocabulary;

/// <summary>A name is 1 to 16 printable letters without a space, not a number, and not "port" or "none".</summary>
internal static class RateGroupName
{
    /// <summary>The port: what is in no group.</summary>
    public const string Port = "port";

    /// <summary>Also the port, where a function or a group is to leave its group.</summary>
    public const string None = "none";

    /// <summary>The name, or the number of a group that has none.</summary>
    public static string Of(RateGroupInfo group) => group.Number == 0
        ? Port
        : group.Name.Length > 0 ? group.Name : group.Number.ToString(CultureInfo.InvariantCulture);

    /// <summary>Finds a group's number.</summary>
    /// <exception cref="ToolException">There is no such group.</exception>
    public static int Resolve(string name, IReadOnlyList<RateGroupInfo> groups)
    {
        if (name is Port or None)
        {
            return 0;
        }

        bool isNumber = int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int number);
        RateGroupInfo? found = groups.FirstOrDefault(group => group.Number != 0 && (isNumber ? group.Number == number : group.Name == name));
        string[] there = [.. groups.Where(group => group.Number != 0).Select(Of)];
        return found?.Number ?? throw new RefusedException(
            $"there is no rate group {name}",
            there.Length == 0 ? "add it first: smartnic rate group add NAME" : Nearest.Advice(name, there).Replace("allowed:", "there are:", System.StringComparison.Ordinal));
    }

    /// <summary>Judges the name of a new group.</summary>
    /// <exception cref="UsageException">It cannot be one.</exception>
    public static void CheckNew(string name)
    {
        bool isName = name.Length is > 0 and <= ManagementRateGroup.NameBytes && name.All(letter => letter is > ' ' and <= '~')
            && !name.All(char.IsAsciiDigit) && name is not (Port or None);
        if (!isName)
        {
            throw new UsageException(
                $"'{name}' cannot be a group's name",
                $"allowed: 1 to {ManagementRateGroup.NameBytes} printable letters without a space, not a number, not {Port} or {None}");
        }
    }
}
