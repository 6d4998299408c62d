// Which columns of top fit a width, what stands in them, and in what order the rows come. Knows no terminal and no device.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using SmartNicFw.HostTools.Output;

namespace SmartNicFw.HostTools.Watch;

/// <summary>What rows are sorted by.</summary>
internal enum TopOrder
{
    /// <summary>The function's place in the endpoint.</summary>
    Name,

    /// <summary>Most sent first.</summary>
    Tx,

    /// <summary>Most received first.</summary>
    Rx,

    /// <summary>Most dropped first.</summary>
    Drops,

    /// <summary>Most interrupts first.</summary>
    Interrupts,
}

/// <summary>A column.</summary>
/// <param name="Heading">Its heading.</param>
/// <param name="Width">Letters.</param>
/// <param name="IsRight">Numbers stand to the right.</param>
/// <param name="Cell">What stands in it.</param>
internal sealed record TopColumn(string Heading, int Width, bool IsRight, Func<FunctionRates, string> Cell);

/// <summary>The table of top.</summary>
internal static class TopTable
{
    /// <summary>Letters between two columns.</summary>
    public const int Gap = 1;

    /// <summary>Orders by the words for them.</summary>
    public static readonly IReadOnlyDictionary<string, TopOrder> Orders = new Dictionary<string, TopOrder>
    {
        ["name"] = TopOrder.Name, ["tx"] = TopOrder.Tx, ["rx"] = TopOrder.Rx, ["drops"] = TopOrder.Drops, ["interrupts"] = TopOrder.Interrupts,
    };

    /// <summary>Heading of the column whose numbers are bad news.</summary>
    public const string DropHeading = "DROP/s";

    private const int NameWidth = 10;
    private const int RateWidth = 9;
    private const int NumberWidth = 7;
    private const int ShareWidth = 8;
    private const int NarrowSpark = 8;
    private const int WideSpark = 30;
    private const decimal Percent = 100;

    /// <summary>The columns, most wanted first, as many as fit, in the order in which they stand.</summary>
    /// <param name="rates">All rows: the highest of them fills a bar.</param>
    public static IReadOnlyList<TopColumn> Columns(int width, IReadOnlyList<FunctionRates> rates, bool isAscii)
    {
        decimal highest = rates.SelectMany(rate => rate.TxHistory.Concat(rate.RxHistory)).DefaultIfEmpty().Max();
        TopColumn Spark(string heading, int letters, Func<FunctionRates, IReadOnlyList<decimal>> history) =>
            new(heading, letters, false, rate => Sparkline.Draw(history(rate), letters, highest, isAscii));

        // Where it stands, and how much it is wanted.
        (int Place, TopColumn Column)[] wanted =
        [
            (0, new TopColumn("NAME", NameWidth, false, rate => rate.Function.Name)),
            (1, new TopColumn("TX bit/s", RateWidth, true, rate => Rate(rate.TxBits))),
            (4, new TopColumn("RX bit/s", RateWidth, true, rate => Rate(rate.RxBits))),
            (9, new TopColumn(DropHeading, NumberWidth, true, rate => Rate(rate.Drops))),
            (10, new TopColumn("IRQ/s", NumberWidth, true, rate => Rate(rate.Interrupts))),
            (2, Spark("TX", NarrowSpark, rate => rate.TxHistory)),
            (7, new TopColumn("SHARE", NumberWidth, true, rate => Part(rate.Share))),
            (8, new TopColumn("BY WEIGHT", RateWidth, true, rate => Part(rate.WeightShare))),
            (5, Spark("RX", NarrowSpark, rate => rate.RxHistory)),
            (3, new TopColumn("TX fr/s", ShareWidth, true, rate => Rate(rate.TxFrames))),
            (6, new TopColumn("RX fr/s", ShareWidth, true, rate => Rate(rate.RxFrames))),
            (11, new TopColumn("TURNS/s", NumberWidth, true, rate => Rate(rate.Turns))),
            (12, new TopColumn("WEIGHT", NumberWidth, true, rate => rate.Function.Weight.ToString(CultureInfo.InvariantCulture))),
            (13, new TopColumn("LIMIT", RateWidth, true, rate => Limit(rate.Function.MaxTxRate))),
            (14, new TopColumn("GUARANTEE", RateWidth, true, rate => Limit(rate.Function.MinTxRate))),
        ];
        var fitting = new List<(int Place, TopColumn Column)>();
        int left = width + Gap;
        foreach ((int place, TopColumn column) in wanted)
        {
            if (left < column.Width + Gap)
            {
                break;
            }

            left -= column.Width + Gap;
            fitting.Add((place, column));
        }

        // What is left makes the lines of bars longer.
        int bars = fitting.Count(at => IsSpark(at.Column));
        int longer = bars == 0 ? 0 : Math.Min(WideSpark - NarrowSpark, left / bars);
        return
        [
            .. fitting.OrderBy(at => at.Place).Select(at => !IsSpark(at.Column) ? at.Column
                : at.Place < 4 ? Spark("TX", NarrowSpark + longer, rate => rate.TxHistory)
                : Spark("RX", NarrowSpark + longer, rate => rate.RxHistory)),
        ];
    }

    /// <summary>The rows that are shown, in their order.</summary>
    /// <param name="filter">Part of a function's name; empty for all.</param>
    public static IReadOnlyList<FunctionRates> Rows(IReadOnlyList<FunctionRates> rates, TopOrder order, bool isReversed, string filter)
    {
        IEnumerable<FunctionRates> rows = rates.Where(rate => rate.Function.Name.Contains(filter, StringComparison.OrdinalIgnoreCase));
        rows = order switch
        {
            TopOrder.Tx => rows.OrderByDescending(rate => rate.TxBits),
            TopOrder.Rx => rows.OrderByDescending(rate => rate.RxBits),
            TopOrder.Drops => rows.OrderByDescending(rate => rate.Drops),
            TopOrder.Interrupts => rows.OrderByDescending(rate => rate.Interrupts),
            _ => rows.OrderBy(rate => rate.Function.Index),
        };
        return [.. isReversed ? rows.Reverse() : rows];
    }

    /// <summary>A number with an SI prefix in six letters at the most: 12.3 M.</summary>
    public static string Rate(decimal number, string unit = "") => Units.Scaled(number < 1 ? 0 : Shortened(number), unit).TrimEnd();

    private static bool IsSpark(TopColumn column) => column.Heading is "TX" or "RX";

    // Three digits, as many as a person reads at a glance.
    private static decimal Shortened(decimal number)
    {
        decimal unit = 1;
        while (number / unit >= 1000)
        {
            unit *= 10;
        }

        return Math.Round(number / unit) * unit;
    }

    private static string Part(decimal? part) =>
        part is { } known ? Math.Round(known * Percent).ToString(CultureInfo.InvariantCulture) + "%" : "";

    private static string Limit(uint mbps) => mbps == 0 ? "" : Units.Scaled(mbps * 1_000_000m, "").TrimEnd();
}
