// Rates, shares and the table of top, from samples of counters: what is shown, sorted, left out, and never wider than it may be.
using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.HostTools.Client;
using SmartNicFw.HostTools.Watch;

namespace SmartNicFw.Tests.Policy;

public sealed class WatchTests
{
    private static readonly List<string> Names = [.. FunctionStatistics.Names.Select(counter => counter.Name)];

    [Test]
    public void Rates_are_differences_by_the_device_s_clock_and_shares_are_within_a_group()
    {
        var meter = new RateMeter();
        Assert.That(meter.Take(Sample(1_000_000, (0, 1, 0), (1, 3, 0), (2, 1, 1))), Is.Empty);
        IReadOnlyList<FunctionRates> rates = meter.Take(Sample(
            3_000_000, (0, 1, 0), (1, 3, 0), (2, 1, 1),
            ("tx_bytes", 0, 1000), ("tx_bytes", 1, 3000), ("tx_bytes", 2, 500), ("dropped_vlan", 0, 4), ("dropped_spoofed", 0, 6), ("interrupts", 1, 20)));

        Assert.That(rates.Select(rate => rate.TxBits), Is.EqualTo(new[] { 4000m, 12000m, 2000m }));
        Assert.That(rates.Select(rate => rate.Share), Is.EqualTo(new decimal?[] { 0.25m, 0.75m, 1 }));
        Assert.That(rates.Select(rate => rate.WeightShare), Is.EqualTo(new decimal?[] { 0.25m, 0.75m, 1 }));
        Assert.That(rates[0].Drops, Is.EqualTo(5));
        Assert.That(rates[1].Interrupts, Is.EqualTo(10));
        Assert.That(meter.IntervalUs, Is.EqualTo(2_000_000));
    }

    [Test]
    public void Counters_of_the_firmware_wrap_and_those_of_the_switch_begin_anew()
    {
        CounterSample before = Sample(0, (0, 1, 0), ("turns", 0, uint.MaxValue - 1), ("tx_bytes", 0, 900));
        CounterSample after = Sample(1, (0, 1, 0), ("turns", 0, 3), ("tx_bytes", 0, 100));
        IReadOnlyList<ulong> added = after.Since(before)[0].Values;

        Assert.That(added[Names.IndexOf("turns")], Is.EqualTo(5));
        Assert.That(added[Names.IndexOf("tx_bytes")], Is.EqualTo(100));
    }

    [Test]
    public void A_function_that_came_since_has_added_nothing_and_history_is_bounded()
    {
        var meter = new RateMeter();
        _ = meter.Take(Sample(0, (0, 1, 0)));
        IReadOnlyList<FunctionRates> rates = meter.Take(Sample(1_000_000, (0, 1, 0), (1, 1, 0), ("tx_bytes", 1, 1_000_000)));
        Assert.That(rates[1].TxBits, Is.Zero);
        for (ulong second = 2; second < 200; second++)
        {
            rates = meter.Take(Sample(second * 1_000_000, (0, 1, 0)));
        }

        Assert.That(rates[0].TxHistory, Has.Count.EqualTo(RateMeter.HistoryLength));
        Assert.That(meter.Take(Sample(5, (0, 1, 0))), Is.Empty, "the device was started anew");
    }

    [TestCase(20, "NAME,TX bit/s")]
    [TestCase(40, "NAME,TX bit/s,RX bit/s,DROP/s")]
    [TestCase(80, "NAME,TX bit/s,TX,RX bit/s,SHARE,BY WEIGHT,DROP/s,IRQ/s")]
    [TestCase(200, "NAME,TX bit/s,TX,TX fr/s,RX bit/s,RX,RX fr/s,SHARE,BY WEIGHT,DROP/s,IRQ/s,TURNS/s,WEIGHT,LIMIT,GUARANTEE")]
    public void As_many_columns_as_fit_are_shown(int width, string headings)
    {
        IReadOnlyList<FunctionRates> rates = Rates();
        IReadOnlyList<TopColumn> columns = TopTable.Columns(width, rates, isAscii: false);

        Assert.That(string.Join(',', columns.Select(column => column.Heading)), Is.EqualTo(headings));
        Assert.That(columns.Sum(column => column.Width + TopTable.Gap) - TopTable.Gap, Is.LessThanOrEqualTo(width));
        foreach (TopColumn column in columns)
        {
            Assert.That(rates.Max(rate => column.Cell(rate).Length), Is.LessThanOrEqualTo(column.Width), column.Heading);
            Assert.That(column.Heading.Length, Is.LessThanOrEqualTo(column.Width));
        }
    }

    [Test]
    public void Rows_are_sorted_and_filtered()
    {
        IReadOnlyList<FunctionRates> rates = Rates();
        string Shown(TopOrder order, bool isReversed = false, string filter = "") =>
            string.Join(' ', TopTable.Rows(rates, order, isReversed, filter).Select(rate => rate.Function.Name));

        Assert.That(Shown(TopOrder.Name), Is.EqualTo("pf0 vf0 vf1"));
        Assert.That(Shown(TopOrder.Tx), Is.EqualTo("vf1 vf0 pf0"));
        Assert.That(Shown(TopOrder.Rx), Is.EqualTo("pf0 vf0 vf1"));
        Assert.That(Shown(TopOrder.Tx, isReversed: true), Is.EqualTo("pf0 vf0 vf1"));
        Assert.That(Shown(TopOrder.Drops, filter: "VF"), Is.EqualTo("vf0 vf1"));
    }

    [TestCase(new[] { 0, 1, 50, 100 }, 4, false, " ▁▄█")]
    [TestCase(new[] { 0, 1, 50, 100 }, 4, true, " .=#")]
    [TestCase(new[] { 7, 100 }, 4, false, "  ▁█")]
    [TestCase(new[] { 1, 2, 3, 100 }, 2, false, "▁█")]
    [TestCase(new int[0], 3, false, "   ")]
    public void A_line_of_bars_shows_the_last_numbers(int[] numbers, int letters, bool isAscii, string line) =>
        Assert.That(Sparkline.Draw([.. numbers.Select(number => (decimal)number)], letters, 100, isAscii), Is.EqualTo(line));

    [TestCase(0, "0")]
    [TestCase(999, "999")]
    [TestCase(123_456_789, "123 M")]
    [TestCase(987_654_321, "988 M")]
    [TestCase(999_999, "1 M")]
    public void Rates_have_three_digits(decimal number, string text) => Assert.That(TopTable.Rate(number), Is.EqualTo(text));

    // Names 0 to 2 stand for pf0, vf0, vf1.
    private static CounterSample Sample(ulong timeUs, params object[] parts)
    {
        var functions = new List<FunctionInfo>();
        var values = new Dictionary<int, ulong[]>();
        foreach (object part in parts)
        {
            if (part is System.ValueTuple<int, int, int> { Item1: var index, Item2: var weight, Item3: var group })
            {
                functions.Add(Function(index, weight, group));
                values[index] = new ulong[Names.Count];
            }
            else if (part is System.Runtime.CompilerServices.ITuple { Length: 3 } tuple && tuple[0] is string counter)
            {
                values[(int)tuple[1]!][Names.IndexOf(counter)] = System.Convert.ToUInt64(tuple[2], System.Globalization.CultureInfo.InvariantCulture);
            }
        }

        return new CounterSample(timeUs, functions, [.. functions.Select(function => new FunctionStatistics(function.Index, values[function.Index]))]);
    }

    private static IReadOnlyList<FunctionRates> Rates()
    {
        var meter = new RateMeter();
        _ = meter.Take(Sample(0, (0, 1, 0), (1, 1000, 0), (2, 1, 0)));
        return meter.Take(Sample(
            1_000_000, (0, 1, 0), (1, 1000, 0), (2, 1, 0),
            ("tx_bytes", 1, 12_345_678_901L), ("tx_bytes", 2, 99_999_999_999L), ("rx_bytes", 0, 99_999_999L), ("rx_frames", 0, 999_999_999L),
            ("tx_frames", 1, 123_456_789L), ("dropped_no_buffer", 1, 123_456_789L), ("interrupts", 1, 999_999L), ("turns", 2, 98_765_432L)));
    }

    private static FunctionInfo Function(int index, int weight, int group) => new()
    {
        Index = index, PhysicalFunction = 0, Vf = index == 0 ? null : index - 1, RoutingIdDistance = index, Flags = 1, LinkState = 0, RateGroup = group,
        Mac = 2, Weight = weight, Vlan = 0, MaxTxRate = 123_456, MinTxRate = 99_999, InterruptCeiling = 0, QueuePairs = 1, MsixVectors = 3,
    };
}
