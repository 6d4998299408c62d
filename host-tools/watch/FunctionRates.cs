// What a function does a second: from two samples of its counters, with what it did before. Prints nothing.
using System;
using System.Collections.Generic;
using System.Linq;
using SmartNicFw.HostTools.Client;

namespace SmartNicFw.HostTools.Watch;

/// <summary>A function in a sample: rates a second since the sample before.</summary>
/// <param name="TxBits">Sent, bit/s without what Ethernet adds on the line.</param>
/// <param name="RxBits">Received, bit/s.</param>
/// <param name="Drops">Frames dropped a second, whatever the reason.</param>
/// <param name="Share">Its part of what those of its group send together, 0 to 1; null while they send nothing.</param>
/// <param name="WeightShare">Its weight among those of its group that send, 0 to 1; null where it sends nothing.</param>
internal sealed record FunctionRates(
    FunctionInfo Function, decimal TxBits, decimal RxBits, decimal TxFrames, decimal RxFrames, decimal Drops, decimal Interrupts, decimal Turns,
    decimal? Share, decimal? WeightShare)
{
    /// <summary>What was sent in the last intervals, oldest first, bit/s.</summary>
    public IReadOnlyList<decimal> TxHistory { get; init; } = [];

    /// <summary>What was received in the last intervals, oldest first, bit/s.</summary>
    public IReadOnlyList<decimal> RxHistory { get; init; } = [];
}

/// <summary>Takes samples one after the other and keeps what is needed to show them.</summary>
internal sealed class RateMeter
{
    /// <summary>Intervals that are kept.</summary>
    public const int HistoryLength = 60;

    private const decimal UsOfSecond = 1_000_000;
    private const decimal BitsOfByte = 8;
    private static readonly string[] Names = [.. FunctionStatistics.Names.Select(counter => counter.Name)];
    private static readonly int[] DropCounters =
        [.. Enumerable.Range(0, Names.Length).Where(at => Names[at].StartsWith("dropped_", StringComparison.Ordinal))];

    private readonly Dictionary<int, (Queue<decimal> Tx, Queue<decimal> Rx)> _histories = [];
    private CounterSample? _before;

    /// <summary>Microseconds between the last two samples.</summary>
    public ulong IntervalUs { get; private set; }

    /// <summary>Takes a sample.</summary>
    /// <returns>Rates since the one before; none for the first.</returns>
    public IReadOnlyList<FunctionRates> Take(CounterSample sample)
    {
        CounterSample? before = _before;
        _before = sample;
        if (before is null || sample.TimeUs <= before.TimeUs)
        {
            return [];
        }

        IntervalUs = sample.TimeUs - before.TimeUs;
        IReadOnlyList<FunctionStatistics> added = sample.Since(before);
        var rates = new List<FunctionRates>();
        for (int at = 0; at < added.Count; at++)
        {
            rates.Add(With(sample.Functions[at], added[at].Values));
        }

        return [.. rates.Select(rate => WithShare(rate, rates)).Select(Remember)];
    }

    private static FunctionRates WithShare(FunctionRates one, List<FunctionRates> all)
    {
        FunctionRates[] active = [.. all.Where(other => other.Function.RateGroup == one.Function.RateGroup && other.TxBits > 0)];
        decimal sum = active.Sum(other => other.TxBits);
        return sum == 0 || one.TxBits == 0
            ? one
            : one with { Share = one.TxBits / sum, WeightShare = (decimal)one.Function.Weight / active.Sum(other => other.Function.Weight) };
    }

    private FunctionRates With(FunctionInfo function, IReadOnlyList<ulong> added)
    {
        decimal seconds = IntervalUs / UsOfSecond;
        decimal Rate(string name) => added[Array.IndexOf(Names, name)] / seconds;
        return new FunctionRates(
            function, Rate("tx_bytes") * BitsOfByte, Rate("rx_bytes") * BitsOfByte, Rate("tx_frames"), Rate("rx_frames"),
            DropCounters.Sum(counter => added[counter] / seconds), Rate("interrupts"), Rate("turns"), null, null);
    }

    private FunctionRates Remember(FunctionRates rate)
    {
        if (!_histories.TryGetValue(rate.Function.Index, out (Queue<decimal> Tx, Queue<decimal> Rx) history))
        {
            history = (new Queue<decimal>(), new Queue<decimal>());
            _histories[rate.Function.Index] = history;
        }

        Push(history.Tx, rate.TxBits);
        Push(history.Rx, rate.RxBits);
        return rate with { TxHistory = [.. history.Tx], RxHistory = [.. history.Rx] };
    }

    private static void Push(Queue<decimal> history, decimal value)
    {
        history.Enqueue(value);
        if (history.Count > HistoryLength)
        {
            _ = history.Dequeue();
        }
    }
}
