// The limit of one copy: from ring to ring, with no firmware and no switch between them.
using System;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Emulator.Memory;
using SmartNicFw.Emulator.Virtio;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Benchmarks;

/// <summary>
/// Takes over the rings of a pair whose board is not stepped any more: the drivers are the same as on the other side, and
/// do not notice. Header and frame are copied as one piece, unseen.
/// </summary>
internal sealed class BareLoop
{
    private const int FramesPerPublish = 64;

    private readonly Virtqueue _transmit;
    private readonly Virtqueue _receive;
    private readonly DescriptorChain _from = new();
    private readonly DescriptorChain _to = new();

    /// <summary>Begins at index 0 of both rings: nothing has moved on the pair.</summary>
    public BareLoop(VfPair pair)
    {
        _transmit = TakeOver(pair.Sender.Transmitters[0].Queue.Ring, pair.Sender.Features, pair.Board.Memory);
        _receive = TakeOver(pair.Receiver.Receivers[0].Queue.Ring, pair.Receiver.Features, pair.Board.Memory);
    }

    /// <summary>Moves all that is there.</summary>
    public void Move()
    {
        int moved;
        do
        {
            moved = 0;
            while (moved < FramesPerPublish
                && _transmit.TryTake(_from) == TakeResult.Taken && _receive.TryTake(_to) == TakeResult.Taken)
            {
                uint length = ChainBytes.Copy(_from, 0, _to, 0, (uint)_from.ReadableBytes);
                _transmit.Complete(_from, 0);
                _receive.Complete(_to, length);
                moved++;
            }

            _transmit.Publish();
            _receive.Publish();
        }
        while (moved == FramesPerPublish);
    }

    private static Virtqueue TakeOver(DriverRing ring, ulong features, GuestMemory memory)
    {
        var setup = new QueueSetup
        {
            Size = ring.Size,
            Features = features,
            DescriptorArea = ring.DescriptorArea,
            DriverArea = ring.DriverArea,
            DeviceArea = ring.DeviceArea,
        };
        return Virtqueue.TryCreate(setup, memory, out Virtqueue? queue) && queue is not null
            ? queue
            : throw new InvalidOperationException("the rings of the pair cannot be taken over");
    }
}
