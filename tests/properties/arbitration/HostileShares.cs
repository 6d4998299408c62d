// One VF is hostile; its neighbours' shares and delivery are what they are when a well-behaved one is in its place. The whole board, on
// real rings of both kinds, in virtual time.
using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Tests.Properties.Arbitration;

public sealed class HostileShares
{
    private const long SettlingNs = 5_000_000;
    private const long CountedNs = 60_000_000;
    private const double MostLost = 0.02;
    private const double MostDelay = 1.5;
    private const int LongFrameBytes = 65_536;
    private const int LimitMbps = 1000;
    private const int GuaranteeMbps = 2000;

    private static readonly NetDriverOptions LongFrames = new() { QueueSize = 64, TransmitFrameBytes = LongFrameBytes };
    private readonly Dictionary<(bool, bool), Outcome> _calm = [];

    // What is done, how, by what kind of driver, and whether rates are set: a limit for the offender, a guarantee for VF 1.
    private static IEnumerable<TestCaseData> Offences()
    {
        foreach (bool isPacked in new[] { false, true })
        {
            yield return Case("frames of one byte", isPacked, board => Fill(board, [0xAA]));
            yield return Case("frames of 14 bytes", isPacked, board => Fill(board, Header(board, 14)));
            yield return Case("frames of 14 bytes between long ones", isPacked, board => Fill(board, Header(board, 14), Header(board, 1514)));
            yield return Case("frames of 64 KB", isPacked, board => Fill(board, Header(board, LongFrameBytes)), LongFrames);
            yield return Case(
                "frames of 64 KB to be cut into segments of one byte", isPacked, board => Fill(board, new FrameOffload
                {
                    Flags = VirtioNetHeader.NeedsCsum, GsoType = VirtioNetHeader.GsoTcpV4, HdrLen = 54, GsoSize = 1, CsumStart = 34, CsumOffset = 16,
                }, Tcp(board, 60_000)), LongFrames);
            yield return Case("rings without work", isPacked, RingAll);
            yield return Case("a receiver that never refills", isPacked, board =>
            {
                board.Fill(NeighbourBoard.Offender);
                ulong dropped = board.Board.Switch.Read(board.Index(NeighbourBoard.Offender), Counter.DroppedNoBuffer);
                Assert.That(board.Offences < 100 || dropped > 0, "what it has no room for is dropped");
            });
            yield return Case("a flood of doorbells", isPacked, board =>
            {
                for (int offset = 0; offset < BarMap.NotifyBytes; offset += 4)
                {
                    board.Board.Write(new DecodedAddress(0, NeighbourBoard.Offender, BarMap.NotifyBar, (ulong)offset), 4, 0);
                }

                board.Fill(NeighbourBoard.Offender);
            });
            yield return Case("a flood of commands", isPacked, FloodCommands);
            yield return Case("a flood of commands that take a microsecond", isPacked, board =>
            {
                board.CommandNs = 1000;
                FloodCommands(board);
            });
            yield return Case("FLR in a loop", isPacked, ResetInALoop);
        }
    }

    private static IEnumerable<TestCaseData> Clocks()
    {
        foreach (bool isPacked in new[] { false, true })
        {
            yield return Clock("a rate toggled 10,000 times a second", isPacked, (board, tick) =>
                Assert.That(board.Policy.SetRates(board.Index(NeighbourBoard.Offender), 0, LimitMbps - (tick & 1)), Is.Null));
            yield return Clock("a clock that jumps a second ahead", isPacked, (board, tick) => board.Clock.OffUs += tick == 200 ? 1_000_000 : 0);
            yield return Clock("a clock that stands still for 100 us at a time", isPacked, (board, tick) => board.Clock.IsStill = (tick & 1) == 0);
        }
    }

    [TestCaseSource(nameof(Offences))]
    public void An_offender_costs_a_neighbour_at_most_2_percent_of_its_share_and_half_again_its_delivery(
        object offence, bool isPacked, NetDriverOptions? driver)
    {
        using var board = new NeighbourBoard(isPacked, driver) { Offence = (Action<NeighbourBoard>)offence };
        Judge(board, Calm(isPacked, hasRates: false));
        Assert.That(board.Offences, Is.GreaterThan(40));
    }

    [TestCaseSource(nameof(Clocks))]
    public void Neither_rates_that_change_nor_a_wrong_clock_cost_a_neighbour_more(object disturbance, bool isPacked)
    {
        using var board = new NeighbourBoard(isPacked);
        SetRates(board);
        int next = 0;
        board.Meanwhile = running =>
        {
            if (running.Clock.Ns / 100_000 > next)
            {
                next = (int)(running.Clock.Ns / 100_000);
                ((Action<NeighbourBoard, int>)disturbance)(running, next);
            }
        };
        Judge(board, Calm(isPacked, hasRates: true));
    }

    private static void Judge(NeighbourBoard board, Outcome calm)
    {
        Outcome hostile = Measure(board);
        TestContext.Out.WriteLine(
            $"shares {hostile.Share1 / calm.Share1:F4} {hostile.Share2 / calm.Share2:F4} {hostile.Bursty / calm.Bursty:F4} of those without, p99 "
            + $"{hostile.P99Ns / 1000.0:F1} us against {calm.P99Ns / 1000.0:F1} us; {board.Commands} commands");
        Assert.Multiple(() =>
        {
            Assert.That(board.Wrong, Is.Zero, "neighbours' frames arrive in order");
            Assert.That(hostile.Share1, Is.GreaterThanOrEqualTo((1 - MostLost) * calm.Share1));
            Assert.That(hostile.Share2, Is.GreaterThanOrEqualTo((1 - MostLost) * calm.Share2));
            Assert.That(hostile.Bursty, Is.GreaterThanOrEqualTo((1 - MostLost) * calm.Bursty));
            Assert.That(hostile.P99Ns, Is.LessThanOrEqualTo(MostDelay * calm.P99Ns));
        });
    }

    private Outcome Calm(bool isPacked, bool hasRates)
    {
        if (!_calm.TryGetValue((isPacked, hasRates), out Outcome? calm))
        {
            using var board = new NeighbourBoard(isPacked);
            if (hasRates)
            {
                SetRates(board);
            }

            calm = Measure(board);
            Assert.That(board.Wrong, Is.Zero);
            _calm[(isPacked, hasRates)] = calm;
        }

        return calm;
    }

    private static void SetRates(NeighbourBoard board)
    {
        Assert.That(board.Policy.SetRates(board.Index(NeighbourBoard.Offender), 0, LimitMbps), Is.Null);
        Assert.That(board.Policy.SetRates(board.Index(1), GuaranteeMbps, 0), Is.Null);
    }

    private static Outcome Measure(NeighbourBoard board)
    {
        board.Run(SettlingNs);
        board.Forget();
        long start = board.Clock.Ns;
        board.Run(CountedNs);
        double ns = board.Clock.Ns - start;
        Assert.That(ns, Is.GreaterThanOrEqualTo(CountedNs), "time passed");
        return new Outcome(
            board.Flows[1].LineBytes / ns, board.Flows[2].LineBytes / ns, board.Flows[NeighbourBoard.Bursty].LineBytes / ns,
            board.Flows[NeighbourBoard.Bursty].Percentile(0.99));
    }

    private static void Fill(NeighbourBoard board, params byte[][] frames) => Fill(board, default, frames);

    private static void Fill(NeighbourBoard board, FrameOffload offload, params byte[][] frames)
    {
        NetDriver driver = board.Drivers[NeighbourBoard.Offender];
        for (int next = 0; driver.TrySend(frames[next % frames.Length], offload); next++)
        {
        }

        driver.Flush();
    }

    private static byte[] Header(NeighbourBoard board, int bytes)
    {
        var frame = new byte[bytes];
        frame[0] = 2;
        board.Drivers[NeighbourBoard.Offender].MacAddress.CopyTo(frame.AsSpan(6));
        frame[12] = 0x88;
        frame[13] = 0xB6;
        return frame;
    }

    private static byte[] Tcp(NeighbourBoard board, int bytes)
    {
        byte[] frame = Header(board, bytes);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), 0x0800);
        frame[14] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(16), (ushort)(bytes - 14));
        frame[22] = 64;
        frame[23] = 6;
        frame[46] = 0x50;
        return frame;
    }

    // Doorbells of the queues that are there, with nothing in them.
    private static void RingAll(NeighbourBoard board)
    {
        for (int queue = 0; queue < 5; queue++)
        {
            board.Board.Write(
                new DecodedAddress(0, NeighbourBoard.Offender, BarMap.NotifyBar, (ulong)(queue * BarMap.NotifyOffMultiplier)), 4, (ulong)queue);
        }
    }

    private static void FloodCommands(NeighbourBoard board)
    {
        DriverVirtqueue queue = board.Drivers[NeighbourBoard.Offender].Control!.Queue;
        int answered = 0;
        while (queue.Ring.TryTake(out _, out _))
        {
            answered++;
        }

        board.CountCommands(answered);
        ReadOnlySpan<RingElement> elements = [new(board.Command.Address, 3), new(board.Command.Address + 8, 1)];
        while (queue.Ring.TryAdd(elements, 1, 0, isIndirect: true))
        {
        }

        queue.Flush();
        board.Fill(NeighbourBoard.Offender);
    }

    private static void ResetInALoop(NeighbourBoard board)
    {
        board.Fill(NeighbourBoard.Offender);
        int control = board.Function(NeighbourBoard.Offender).Find(PciCapability.IdPciExpress, false) + PciExpressCapability.DeviceControlOffset;
        board.Host.Write(board.Function(NeighbourBoard.Offender).Address, control, 2, PciExpressCapability.DeviceControlInitiateFlrMask);
        board.Drivers[NeighbourBoard.Offender].Remove();
        board.Start(NeighbourBoard.Offender);
    }

    private static TestCaseData Case(string name, bool isPacked, Action<NeighbourBoard> offence, NetDriverOptions? driver = null) =>
        new TestCaseData(offence, isPacked, driver).SetArgDisplayNames(name, isPacked ? "packed" : "split");

    private static TestCaseData Clock(string name, bool isPacked, Action<NeighbourBoard, int> disturbance) =>
        new TestCaseData(disturbance, isPacked).SetArgDisplayNames(name, isPacked ? "packed" : "split");

    private sealed record Outcome(double Share1, double Share2, double Bursty, double P99Ns);
}
