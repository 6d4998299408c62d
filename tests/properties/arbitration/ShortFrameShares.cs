// Shares on real rings while one VF mixes frames that are padded on the line with long ones: by the line time that they really take.
using System;
using System.Collections.Generic;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Firmware.Arbitration;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Tests.Properties.Arbitration;

public sealed class ShortFrameShares
{
    private const int Cases = 100;
    private const int AddressBytes = 6;
    private const int ShortestBytes = 14;
    private const int PaddedBytes = 60;
    private const int LongBytes = 1514;
    private const int MostShortForALong = 64;
    private const long SettlingNs = 1_000_000;
    private const long CountedNs = 20_000_000;

    /// <param name="isLocal">The frames go to another VF, most of them many at a time; else to the wire, one by one.</param>
    [TestCase(false, false)]
    [TestCase(false, true)]
    [TestCase(true, false)]
    [TestCase(true, true)]
    public void Frames_of_14_to_59_bytes_among_long_ones_cost_a_neighbour_nothing_of_its_share(bool isPacked, bool isLocal)
    {
        using var board = new NeighbourBoard(isPacked, isBacklogged: true);
        NetDriver sender = board.Drivers[NeighbourBoard.Offender];
        NetDriver receiver = board.Drivers[1];
        byte[] frame = new byte[LongBytes];
        (isLocal ? receiver.MacAddress : [2, 0, 0, 0, 0, 0]).CopyTo(frame);
        sender.MacAddress.CopyTo(frame.AsSpan(AddressBytes));
        (frame[2 * AddressBytes], frame[(2 * AddressBytes) + 1]) = (0x88, 0xB6);
        var random = new Random(1);
        int most = 1;
        int length = LongBytes;
        var posted = new Queue<int>();
        board.Offence = _ =>
        {
            receiver.Poll();
            sender.Poll();
            while (sender.TrySend(frame.AsSpan(0, length)))
            {
                posted.Enqueue(EthernetLine.Bytes(1, length));
                length = random.Next(most) == 0 ? LongBytes : random.Next(ShortestBytes, PaddedBytes);
            }

            sender.Flush();
        };
        ulong sent = 0;
        long LineBytesSent()
        {
            long lineBytes = 0;
            for (ulong now = board.Board.Switch.Read(board.Index(NeighbourBoard.Offender), Counter.TransmittedFrames); sent < now; sent++)
            {
                lineBytes += posted.Dequeue();
            }

            return lineBytes;
        }

        double worst = 0;
        Prop.ForAll(Arb.From(Gen.Choose(1, MostShortForALong)), shortForALong =>
        {
            most = shortForALong;
            board.Run(SettlingNs);
            board.Forget();
            LineBytesSent();
            board.Run(CountedNs);
            double all = LineBytesSent() + board.Flows.Sum(flow => flow.LineBytes);
            double share = all / NeighbourBoard.VFs;
            for (int vf = 1; vf < NeighbourBoard.VFs; vf++)
            {
                double missing = Math.Abs(board.Flows[vf].LineBytes - share);
                worst = Math.Max(worst, missing / share);
                if (missing > 0.01 * share)
                {
                    return false;
                }
            }

            return board.Wrong == 0 && board.Board.Switch.Read(board.Index(NeighbourBoard.Offender), Counter.DroppedMalformed) == 0;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Cases));
        TestContext.Out.WriteLine($"worst share {worst:F4} of it off, edges of windows included");
    }
}
