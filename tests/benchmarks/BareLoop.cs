// The limit of one copy: from ring to ring, with no firmware and no switch between them.
using System;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Emulator.Memory;
using SmartNicFw.Emulator.Virtio;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Benchmarks;

/// <summary>
/// Takes over the rings of a pair whose board is not stepped any more: the drivers are the same as on the other side, and
/// do not notice. Header and frame are copied as one piece, unseen, 64 at a time by the ring code of the whole path.
/// </summary>
internal sealed unsafe class BareLoop
{
    private const int FramesPerPublish = 64;

    private readonly Virtqueue _transmit;
    private readonly Virtqueue _receive;
    private readonly BufferBatch _from = new(FramesPerPublish);
    private readonly BufferBatch _to = new(FramesPerPublish);

    /// <summary>Begins at index 0 of both rings: nothing has moved on the pair.</summary>
    public BareLoop(VfPair pair)
    {
        _transmit = TakeOver(pair.Sender.Transmitters[0].Queue.Ring, pair.Sender.Features, pair.Board.Memory);
        _receive = TakeOver(pair.Receiver.Receivers[0].Queue.Ring, pair.Receiver.Features, pair.Board.Memory);
    }

    /// <summary>Moves all that is there.</summary>
    public void Move()
    {
        int taken;
        do
        {
            taken = _transmit.TakeMany(_from, 0, FramesPerPublish);
            if (_receive.TakeMany(_to, 0, taken) != taken)
            {
                throw new InvalidOperationException("the receiver has too few buffers");
            }

            for (int index = 0; index < taken; index++)
            {
                TakenBuffer* from = _from.Buffers + index;
                TakenBuffer* to = _to.Buffers + index;
                ChainBytes.Move(from->Address, to->Address, from->Length);
                to->Written = from->Length;
            }

            _transmit.CompleteRead(_from, 0, taken);
            _receive.CompleteMany(_to, 0, taken);
            _transmit.Publish();
            _receive.Publish();
        }
        while (taken == FramesPerPublish);
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
