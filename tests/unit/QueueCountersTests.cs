// Rows of queue counters: each its own, zero when handed out, wrapping at 2^64, and free of allocation while frames move.
using System;
using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Engine;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Unit;

public sealed class QueueCountersTests
{
    [Test]
    public void Every_row_counts_for_itself_and_starts_at_zero_again_after_it_was_taken_back()
    {
        var counters = new QueueCounters();
        int[] rows = [.. Enumerable.Range(0, 100).Select(_ => counters.Open())];
        Assert.That(rows.Distinct().Count(), Is.EqualTo(100));
        foreach (int row in rows)
        {
            counters.CountFrames(row, row, row * 100L);
            counters.CountDropped(row);
            counters.CountNoBuffer(row);
            counters.CountMalformed(row, 3);
        }

        foreach (int row in rows)
        {
            Assert.That(Values(counters, row), Is.EqualTo(new[] { (ulong)row, (ulong)row * 100, 5UL, 1UL, 3UL }));
        }

        counters.Close(rows[40]);
        Assert.That(counters.Open(), Is.EqualTo(rows[40]));
        Assert.That(Values(counters, rows[40]), Is.All.Zero);
        Assert.That(Values(counters, rows[41])[0], Is.EqualTo((ulong)rows[41]), "the neighbour's");
    }

    [Test]
    public void A_counter_wraps_to_zero_5_1_6_5_10()
    {
        var counters = new QueueCounters();
        int row = counters.Open();
        for (int count = 0; count < 3; count++)
        {
            counters.CountFrames(row, 0, long.MaxValue);
        }

        Assert.That(counters.Read(row, QueueCounter.Bytes), Is.EqualTo(unchecked(3UL * long.MaxValue)));
    }

    [Test]
    public void Counting_allocates_nothing()
    {
        var counters = new QueueCounters();
        int row = counters.Open();
        long allocated = Allocations.Of(() =>
        {
            for (int frame = 0; frame < 100; frame++)
            {
                counters.CountFrames(row, 1, 64);
                counters.CountNoBuffer(row);
            }
        });

        Assert.That(allocated, Is.Zero);
        Assert.That(counters.Read(row, QueueCounter.Frames), Is.EqualTo(1000));
    }

    private static List<ulong> Values(QueueCounters counters, int row) =>
        [.. Enumerable.Range(0, QueueCounter.Count).Select(counter => counters.Read(row, counter))];
}
