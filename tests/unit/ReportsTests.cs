// The engine's reports against a plain queue of them.
using System;
using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Engine;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Tests.Unit;

public sealed class ReportsTests
{
    private const int Steps = 200_000;
    private const int MostWaiting = 1200;

    [Test]
    public void Reports_are_taken_in_order_however_many_wait_and_those_of_a_queue_can_be_removed()
    {
        var random = new Random(1);
        var reports = new Reports();
        var model = new Queue<(int Function, int Queue, int Frames)>();
        int longest = 0;
        for (int step = 0; step < Steps; step++)
        {
            // Tides: more are added than taken for a while, then the other way round.
            bool isRising = step / MostWaiting % 2 == 0;
            if (random.Next(1000) == 0)
            {
                (int function, int queue) = (random.Next(3), random.Next(3));
                reports.Remove(function, queue);
                model = new(model.Where(report => report.Function != function || report.Queue != queue));
            }
            else if (random.Next(4) == 0 != isRising)
            {
                (int function, int queue) = (random.Next(3), random.Next(3));
                ref Report report = ref reports.Add();
                report = new Report { Kind = QueueEventKind.TurnOver, Function = function, Queue = queue, Frames = step };
                model.Enqueue((function, queue, step));
            }
            else if (model.TryDequeue(out (int Function, int Queue, int Frames) oldest))
            {
                ref readonly Report report = ref reports.Oldest;
                Assert.That((report.Function, report.Queue, report.Frames), Is.EqualTo(oldest));
                reports.RemoveOldest();
            }

            longest = Math.Max(longest, model.Count);
            Assert.That(reports.IsEmpty, Is.EqualTo(model.Count == 0));
        }

        Assert.That(longest, Is.GreaterThan(300), "it has grown");
    }
}
