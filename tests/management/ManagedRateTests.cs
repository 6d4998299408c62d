// Limits that an operator sets through the management protocol, on real rings and in virtual time: what arrives on the wire.
using System;
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Tests.Properties.Arbitration;

namespace SmartNicFw.Tests.Management;

public sealed class ManagedRateTests
{
    private const long SettlingNs = 100_000_000;
    private const long CountedNs = 400_000_000;

    // A step of which nothing comes takes a microsecond, and one run of the board has a bound of its own.
    private const long SliceNs = 50_000_000;
    private const double Tolerance = 0.01;

    [TestCase(false)]
    [TestCase(true)]
    public void Limits_of_50_100_and_500_Mbps_are_each_reached_within_a_percent_and_changed_under_traffic(bool isPacked)
    {
        using var board = new NeighbourBoard(isPacked, isBacklogged: true);
        var operators = new Client(board.Board);
        int[][] rates = [[50, 100, 500, 1000], [500, 50, 100, 200]];
        foreach (int[] limits in rates)
        {
            for (int vf = 0; vf < limits.Length; vf++)
            {
                operators.SetRate(board.Index(vf), limits[vf]);
            }

            Run(board, SettlingNs);
            board.Forget();
            long start = board.Clock.Ns;
            Run(board, CountedNs);
            for (int vf = 0; vf < limits.Length; vf++)
            {
                double mbps = board.Flows[vf].LineBytes * 8000.0 / (board.Clock.Ns - start);
                TestContext.Out.WriteLine($"VF {vf}, {limits[vf]} Mbit/s set: {mbps:0.00}");
                Assert.That(mbps, Is.EqualTo(limits[vf]).Within(limits[vf] * Tolerance));
            }
        }

        Assert.That(board.Wrong, Is.Zero);
    }

    private static void Run(NeighbourBoard board, long ns)
    {
        long end = board.Clock.Ns + ns;
        while (board.Clock.Ns < end)
        {
            board.Run(Math.Min(SliceNs, end - board.Clock.Ns));
        }
    }

    // One who asks at the board's management port.
    private sealed class Client
    {
        private const int Patience = 1000;
        private readonly EmulatedBoard _board;
        private readonly int _client;
        private byte[]? _answer;
        private uint _sequence;

        public Client(EmulatedBoard board)
        {
            _board = board;
            _client = board.Management.Open();
            board.Management.Answered = (client, bytes) => _answer = board.Management.Buffer(client)[..bytes];
        }

        public void SetRate(int function, int mbps)
        {
            _answer = null;
            byte[] payload = ManagementLab.Fields(function, ManagementAttributeKind.MaxTxRate, 0U, (ulong)mbps);
            byte[] frame = ManagementLab.Frame(ManagementOpcode.SetAttribute, payload, ++_sequence);
            frame.CopyTo(_board.Management.Buffer(_client), 0);
            _board.Management.Send(_client, frame.Length);
            for (int step = 0; step < Patience && _answer is null; step++)
            {
                _board.Step();
            }

            Assert.That(_answer, Is.Not.Null);
            Assert.That(ManagementLab.Parse(_answer!).Status, Is.EqualTo(ManagementStatus.Ok));
        }
    }
}
