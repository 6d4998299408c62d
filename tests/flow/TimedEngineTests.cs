// The engine behind a modelled link: reports come when the link has carried a turn, and the rate is what the link permits.
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Engine;
using SmartNicFw.Emulator.Link;
using SmartNicFw.Emulator.Memory;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Emulator.Predict;
using SmartNicFw.Emulator.Timing;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Flow;

public sealed class TimedEngineTests
{
    private const double RoundTripNs = 800;

    [TestCase("gen3x8", 64, false)]
    [TestCase("gen3x8", 1514, true)]
    [TestCase("gen4x8", 512, true)]
    [TestCase("gen1x1", 9014, false)]
    public void Many_VFs_reach_what_the_fullest_resource_permits(string link, int frame, bool isPacked)
    {
        LinkBounds bounds = Bounds(link);
        using var run = new PredictRun(bounds, 8, frame, isPacked, NullLogger.Instance);
        run.Run(8 * 2048);
        double measured = run.Frames / run.ElapsedNs * 1e9;
        LinkLoad turn = new LinkTraffic(bounds.Rules, isPacked).Turn(128, 128 * frame, 128, 128 * frame);
        double permitted = bounds.UnitsPerSecond(bounds.Binding(turn), turn) * 128;
        Assert.That(measured, Is.EqualTo(permitted).Within(4).Percent, "turns are shorter than 128 frames, and rings are read in lines");
        Assert.That(run.Busy(bounds.Binding(turn)), Is.InRange(0.96, 1.01));
    }

    [Test]
    public void Two_VFs_with_a_long_round_trip_are_bound_by_it()
    {
        LinkBounds bounds = Bounds("gen5x16") with { RoundTripNs = 20_000, Tags = 1024 };
        using var run = new PredictRun(bounds, 2, 64, false, NullLogger.Instance);
        run.Run(20_000);
        Assert.That(run.TurnNs(0.5), Is.InRange(20_000, 40_000));
        Assert.That(run.Busy(LinkResource.Upstream), Is.LessThan(0.3));
    }

    [Test]
    public void Predictions_stay_within_every_bound_whatever_the_link()
    {
        var property = (int seed) =>
        {
            var random = new System.Random(seed);
            string link = $"gen{random.Next(1, 6)}x{1 << random.Next(0, 5)}";
            bool isPacked = random.Next(2) == 0;
            int frame = random.Next(60, 1515);
            LinkBounds bounds = Bounds(link, 128 << random.Next(0, 3), 128 << random.Next(0, 4)) with
            {
                Tags = 16 << random.Next(0, 6),
                PostedHeaders = random.Next(3) == 0 ? random.Next(16, 256) : 0,
                RoundTripNs = random.Next(100, 2000),
            };
            using var run = new PredictRun(bounds, random.Next(2, 5), frame, isPacked, NullLogger.Instance);
            run.Run(2_000);
            return System.Enum.GetValues<LinkResource>().All(resource => run.Busy(resource) <= 1.05);
        };
        Prop.ForAll(Arb.From(Gen.Choose(0, int.MaxValue - 1)), property).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));
    }

    // 7 GB/s each way or 1; a round trip that is much longer than a turn, or shorter.
    [TestCase("gen3x8", 800, new[] { 3, 1 }, false)]
    [TestCase("gen3x8", 800, new[] { 3, 1, 1 }, true)]
    [TestCase("gen4x8", 800, new[] { 100, 1, 10 }, false)]
    [TestCase("gen1x4", 300, new[] { 1000, 1, 500, 250 }, true)]
    [TestCase("gen5x16", 1500, new[] { 5, 2, 2, 1 }, false)]
    [TestCase("gen4x8", 800, new[] { 1000, 1 }, true)]
    public void Weights_are_kept_and_the_link_is_busy_with_turns_under_way_on_it(string link, int roundTripNs, int[] weights, bool isPacked)
    {
        const int FrameBytes = 1514;
        LinkBounds bounds = Bounds(link) with { RoundTripNs = roundTripNs, Tags = 1024 };
        using var run = new PredictRun(bounds, weights.Length, FrameBytes, isPacked, NullLogger.Instance);
        for (int vf = 0; vf < weights.Length; vf++)
        {
            Assert.That(run.Board.Firmware.DataPath.Arbitration.SetWeight(1 + vf, weights[vf]), Is.Null);
        }

        run.Run(1000);
        ulong[] before = Sent(run, weights.Length);
        run.Run(100_000);
        double[] sent = [.. Sent(run, weights.Length).Zip(before, (now, then) => (double)(now - then))];
        for (int vf = 0; vf < weights.Length; vf++)
        {
            double share = sent[vf] / sent.Sum();
            TestContext.Out.WriteLine($"VF {vf} of weight {weights[vf]}: {share:F4}");
            Assert.That(share, Is.EqualTo((double)weights[vf] / weights.Sum()).Within(0.01));
        }

        LinkLoad turn = new LinkTraffic(bounds.Rules, isPacked).Turn(11, 11 * FrameBytes, 11, 11 * FrameBytes);
        double busy = run.Busy(bounds.Binding(turn));
        TestContext.Out.WriteLine($"busy {busy:F3}");
        Assert.That(busy, Is.GreaterThan(0.9));
    }

    [Test]
    public void A_report_waits_for_its_time_and_never_comes_after_a_stop()
    {
        var clock = new VirtualClock();
        using VirtqueueLab lab = new();
        var engine = new TimedEngine(lab.Engine, clock, Bounds("gen3x8"), isPacked: false);
        VirtqueueLab.Start(engine, 0, 1);
        Assert.That(engine.SubmitTurn(0, 1, 64, 65536), Is.EqualTo(HalStatus.Ok));
        var report = new QueueEvent();
        Assert.That(engine.TryTake(report), Is.False);
        Assert.That(engine.UnderWay, Is.EqualTo(1));
        Assert.That(engine.PassToNext(), Is.True);
        Assert.That(engine.NowNs, Is.GreaterThanOrEqualTo(RoundTripNs));
        Assert.That(engine.TryTake(report), Is.True);
        Assert.That((report.Kind, report.Queue, engine.UnderWay), Is.EqualTo((QueueEventKind.TurnOver, 1, 0)));

        engine.SubmitTurn(0, 1, 64, 65536);
        engine.Stop(0, 1);
        engine.PassToNext();
        Assert.That(engine.TryTake(report), Is.False);
        Assert.That(engine.UnderWay, Is.Zero);
    }

    [TestCase(TurnFate.Lost)]
    [TestCase(TurnFate.Poisoned)]
    public void Hostile_39_a_completion_that_is_lost_or_poisoned_breaks_its_function_and_takes_nothing_from_the_others(TurnFate fate)
    {
        LinkBounds bounds = Bounds("gen3x8");
        using var calm = new PredictRun(bounds, 4, 512, false, NullLogger.Instance);
        calm.Run(20_000);
        using var run = new PredictRun(bounds, 4, 512, false, NullLogger.Instance);
        run.Board.Timed!.Fate = (function, queue) => function == 1 && queue == 1 ? fate : TurnFate.Reported;
        run.Run(20_000);
        run.Board.Clock.Pass(100_000);
        run.Board.Step();
        Assert.That(run.Board.Firmware.DataPath.Counters.DmaFaults[1], Is.EqualTo(1));
        Assert.That(run.Board.Firmware.DataPath.Counters.DmaFaults.Sum(faults => (long)faults), Is.EqualTo(1), "of nobody else");

        // VF 0 sends no more, and once it is broken it takes nothing either: what is left to the others is not less than before.
        int senders = fate == TurnFate.Lost ? 3 : 2;
        Assert.That(run.Frames / run.ElapsedNs / senders, Is.GreaterThan(0.99 * calm.Frames / calm.ElapsedNs / 4));
    }

    private static ulong[] Sent(PredictRun run, int vfs) =>
        [.. Enumerable.Range(1, vfs).Select(function => run.Board.Timed!.ReadQueue(function, 1, QueueCounter.Bytes))];

    private static LinkBounds Bounds(string link, int payload = 256, int request = 512)
    {
        Assert.That(PcieLink.TryParse(link, out PcieLink? parsed), Is.True);
        return new LinkBounds(parsed!, new TransactionRules(payload, request, 64), RoundTripNs, 256);
    }

    /// <summary>An engine with one empty ring.</summary>
    private sealed unsafe class VirtqueueLab : System.IDisposable
    {
        private readonly GuestMemory _memory = new();
        private readonly void* _block = System.Runtime.InteropServices.NativeMemory.AlignedAlloc(0x10000, 4096);

        public VirtqueueLab()
        {
            System.Runtime.InteropServices.NativeMemory.Clear(_block, 0x10000);
            _memory.Map(0x10000, (byte*)_block, 0x10000);
            Engine = new QueueEngine(new PacketSwitch(1), 3, 1500, _memory, NullLogger.Instance);
        }

        public QueueEngine Engine { get; }

        public static void Start(TimedEngine engine, int function, int queue)
        {
            engine.SetBusMaster(function, true);
            Assert.That(
                engine.Start(new QueueSetup
                {
                    Function = function,
                    Queue = queue,
                    Role = QueueRole.Transmit,
                    Size = 256,
                    DescriptorArea = 0x10000,
                    DriverArea = 0x12000,
                    DeviceArea = 0x14000,
                    Features = 1UL << 32,
                }),
                Is.EqualTo(HalStatus.Ok));
        }

        public void Dispose() => System.Runtime.InteropServices.NativeMemory.AlignedFree(_block);
    }
}
