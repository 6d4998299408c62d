// The host's interrupt controller: gives out message addresses and counts what arrives. Knows nothing of who sends.
using System;
using System.Collections.Generic;
using SmartNicFw.Emulator.Board;

namespace SmartNicFw.Emulator.Host;

/// <summary>One message that a function may send to this host.</summary>
public sealed class MessageInterrupt
{
    private readonly Action? _handler;

    internal MessageInterrupt(ulong address, uint data, Action? handler)
    {
        Address = address;
        Data = data;
        _handler = handler;
    }

    /// <summary>Message address.</summary>
    public ulong Address { get; }

    /// <summary>Message data.</summary>
    public uint Data { get; }

    /// <summary>Messages that arrived.</summary>
    public long Count { get; private set; }

    internal void Raise()
    {
        Count++;
        _handler?.Invoke();
    }
}

/// <summary>
/// Takes message signaled interrupts in the range that hosts use for them: bits 19:12 of the address and 7:0 of the data
/// say which of 65,536 messages it is.
/// </summary>
public sealed class InterruptController : IInterruptSink
{
    /// <summary>First address of the range.</summary>
    public const ulong FirstAddress = 0xFEE0_0000;

    /// <summary>Address behind the range.</summary>
    public const ulong EndAddress = 0xFEF0_0000;

    private const int DestinationShift = 12;
    private const int VectorsPerDestination = 256;
    private const int Capacity = (int)((EndAddress - FirstAddress) >> DestinationShift) * VectorsPerDestination;

    private readonly List<MessageInterrupt?> _messages = [];
    private readonly Stack<int> _free = new();

    /// <summary>Messages that belong to no interrupt.</summary>
    public long Strays { get; private set; }

    /// <summary>Messages that arrived for an interrupt.</summary>
    public long Delivered { get; private set; }

    /// <summary>Gives out a message.</summary>
    /// <param name="handler">Called in the middle of the function's write: it may note the interrupt and must not do more.</param>
    /// <exception cref="HostException">All are given out.</exception>
    public MessageInterrupt Allocate(Action? handler = null)
    {
        if (!_free.TryPop(out int number))
        {
            number = _messages.Count;
            if (number == Capacity)
            {
                throw new HostException($"all {Capacity} interrupt messages are in use");
            }

            _messages.Add(null);
        }

        var interrupt = new MessageInterrupt(
            FirstAddress | ((ulong)(number / VectorsPerDestination) << DestinationShift), (uint)(number % VectorsPerDestination), handler);
        _messages[number] = interrupt;
        return interrupt;
    }

    /// <summary>Takes a message back; what still arrives for it is a stray.</summary>
    public void Release(MessageInterrupt interrupt)
    {
        ArgumentNullException.ThrowIfNull(interrupt);
        int number = NumberOf(interrupt.Address, interrupt.Data);
        if (number >= 0 && _messages[number] == interrupt)
        {
            _messages[number] = null;
            _free.Push(number);
        }
    }

    /// <inheritdoc/>
    public void Deliver(ulong address, uint data)
    {
        int number = NumberOf(address, data);
        if (number >= 0 && _messages[number] is { } interrupt)
        {
            Delivered++;
            interrupt.Raise();
            return;
        }

        Strays++;
    }

    private int NumberOf(ulong address, uint data)
    {
        ulong destination = (address - FirstAddress) >> DestinationShift;
        bool isOurs = address >= FirstAddress && address < EndAddress && data < VectorsPerDestination
            && (address & ((1UL << DestinationShift) - 1)) == 0;
        int number = isOurs ? ((int)destination * VectorsPerDestination) + (int)data : -1;
        return number < _messages.Count ? number : -1;
    }
}
