// What a turn of a queue asks of the link: the transactions of its rings and frames. Knows no time.
using System;

namespace SmartNicFw.Emulator.Link;

/// <summary>
/// Assumptions, stated because a card may do otherwise. Rings are read and written in whole lines of <see cref="LineBytes"/>, as many
/// entries together as fit; a frame is one read with its VIRTIO header, and each copy of it one write; a turn reads the event suppression
/// of each side once, writes the indices (split rings) once, and sends one message. Sizes of entries: VIRTIO 1.4, 2.7.5 to 2.7.8 and
/// 2.8.13; 5.1.6 for the header.
/// </summary>
/// <param name="Rules">How transactions are cut.</param>
/// <param name="IsPacked">Packed rings: descriptors are read and used in one place.</param>
public sealed record LinkTraffic(TransactionRules Rules, bool IsPacked)
{
    /// <summary>Bytes of a read or write of a ring.</summary>
    public const int LineBytes = 64;

    private const int HeaderBytes = 12;
    private const int DescriptorBytes = 16;
    private const int AvailBytes = 2;
    private const int UsedBytes = 8;
    private const int EventBytes = 4;
    private const int MessageBytes = 4;

    /// <summary>The load of a turn.</summary>
    /// <param name="frames">Frames read from the queue, 0 upwards; 0 also for a turn that only delivers what had waited.</param>
    /// <param name="bytes">Their bytes together.</param>
    /// <param name="copies">Frames that were written to receivers.</param>
    /// <param name="copiedBytes">Their bytes together.</param>
    public LinkLoad Turn(int frames, int bytes, int copies, int copiedBytes)
    {
        LinkLoad load = Doorbell;
        if (frames > 0)
        {
            load += Ring(frames) + Times(frames, LinkLoad.Read(Rules, 0, HeaderBytes + ((bytes + frames - 1) / frames)));
        }

        if (copies > 0)
        {
            load += Ring(copies) + Times(copies, LinkLoad.Write(Rules, 0, HeaderBytes + ((copiedBytes + copies - 1) / copies)))
                + LinkLoad.Write(Rules, 0, MessageBytes);
        }

        return load;
    }

    /// <summary>Copies that a turn made, as far as bytes tell: no copy is counted apart.</summary>
    /// <param name="frames">Frames moved, 0 upwards.</param>
    /// <param name="bytes">Their bytes together.</param>
    /// <param name="copiedBytes">Bytes of all copies.</param>
    public static int CopiesOf(int frames, int bytes, int copiedBytes) =>
        frames == 0 || bytes == 0 ? 0 : Math.Max(1, (int)((long)frames * copiedBytes / bytes));

    // A write of the host: it goes downstream, and takes nothing of ours.
    private LinkLoad Doorbell => new(0, Rules.WriteBytes(0, MessageBytes), 0, 0, 0);

    private LinkLoad Ring(int entries)
    {
        LinkLoad load = Lines(entries * DescriptorBytes, LinkLoad.Read) + LinkLoad.Read(Rules, 0, EventBytes);
        return IsPacked
            ? load + Lines(entries * DescriptorBytes, LinkLoad.Write)
            : load + Lines(entries * AvailBytes, LinkLoad.Read) + Lines(entries * UsedBytes, LinkLoad.Write)
                + LinkLoad.Write(Rules, 0, AvailBytes);
    }

    private LinkLoad Lines(int bytes, Func<TransactionRules, ulong, int, LinkLoad> transaction) =>
        Times((bytes + LineBytes - 1) / LineBytes, transaction(Rules, 0, LineBytes));

    private static LinkLoad Times(int count, LinkLoad load) => new(
        count * load.UpstreamBytes, count * load.DownstreamBytes, count * load.ReadRequests, count * load.Writes, count * load.WriteDataCredits);
}
