// A control queue as commands and replies. Knows no command.
using System;

namespace SmartNicFw.Emulator.Virtio;

/// <summary>One command at a time of a control queue. Source: VIRTIO 1.4, 5.1.6.5.</summary>
public sealed class ControlCommands
{
    private readonly Virtqueue _queue;
    private readonly DescriptorChain _chain = new();
    private bool _isOut;

    public ControlCommands(Virtqueue queue) => _queue = queue;

    /// <summary>Copies the driver's part of the next command.</summary>
    /// <param name="buffer">Receives it; of a longer command it receives the first bytes.</param>
    /// <returns>
    /// Length of the command in bytes, which may exceed the buffer; -1 when there is none, when the last one is not
    /// answered yet, or when the queue is broken (<see cref="Virtqueue.IsBroken"/>).
    /// </returns>
    public int ReadCommand(Span<byte> buffer)
    {
        if (_isOut || _queue.TryTake(_chain) != TakeResult.Taken)
        {
            return -1;
        }

        _isOut = true;
        ChainBytes.Read(_chain, 0, buffer);
        return (int)Math.Min(_chain.ReadableBytes, int.MaxValue);
    }

    /// <summary>
    /// Answers the command that was read last, and publishes the answer; what does not fit into the driver's buffers is
    /// left out. Does nothing when no command is out.
    /// </summary>
    /// <returns>True when the driver wants an interrupt for it.</returns>
    public bool WriteReply(ReadOnlySpan<byte> reply)
    {
        if (!_isOut)
        {
            return false;
        }

        _isOut = false;
        _queue.Complete(_chain, (uint)ChainBytes.Write(_chain, 0, reply));
        return _queue.Publish();
    }
}
