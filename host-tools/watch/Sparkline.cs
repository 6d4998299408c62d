// Numbers as a line of bars, one letter each. Knows no unit.
using System;
using System.Collections.Generic;
using System.Linq;

namespace SmartNicFw.HostTools.Watch;

/// <summary>The highest of them fills a letter; nothing is a blank, and anything more has at least the lowest bar.</summary>
internal static class Sparkline
{
    private const string Bars = " ▁▂▃▄▅▆▇█";
    private const string AsciiBars = " .:-=+*%#";

    /// <summary>Draws the last numbers.</summary>
    /// <param name="letters">Letters of the line; blanks stand before fewer numbers.</param>
    /// <param name="highest">What a full letter stands for.</param>
    /// <param name="isAscii">The terminal takes no other letters.</param>
    public static string Draw(IReadOnlyList<decimal> numbers, int letters, decimal highest, bool isAscii = false)
    {
        string bars = isAscii ? AsciiBars : Bars;
        IEnumerable<char> line = numbers.Skip(Math.Max(0, numbers.Count - letters)).Select(number => bars[Bar(number, highest, bars.Length - 1)]);
        return string.Concat(line).PadLeft(letters);
    }

    private static int Bar(decimal number, decimal highest, int most) =>
        number <= 0 || highest <= 0 ? 0 : (int)Math.Clamp(Math.Ceiling(number / highest * most), 1, most);
}
