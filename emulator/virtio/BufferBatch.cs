// The buffers of one turn as a ring hands them over: nearly all are one piece of memory and need no chain. Knows no ring.
using System;

namespace SmartNicFw.Emulator.Virtio;

/// <summary>What a taken buffer is.</summary>
public enum BufferKind
{
    /// <summary>One piece that the device reads.</summary>
    Read = 0,

    /// <summary>One piece that the device writes.</summary>
    Write = 1,

    /// <summary>Anything else, an empty buffer included: its <see cref="DescriptorChain"/> tells.</summary>
    Chain = 2,
}

/// <summary>A snapshot of one buffer, already checked. Address and length are those of Read and Write only.</summary>
public unsafe struct TakenBuffer
{
    /// <summary>First byte.</summary>
    public byte* Address { readonly get; set; }

    /// <summary>Bytes, 1 upwards.</summary>
    public uint Length { readonly get; set; }

    /// <summary>What the buffer is.</summary>
    public BufferKind Kind { readonly get; set; }

    /// <summary>Bytes that the device wrote: 0 when it is taken.</summary>
    public uint Written { readonly get; set; }

    /// <summary>Split queue: index of the head. Packed queue: the buffer ID.</summary>
    public ushort Id { readonly get; set; }

    /// <summary>Slots of a packed ring that the buffer takes; 1 in a split queue.</summary>
    public ushort Slots { readonly get; set; }
}

/// <summary>Room for the buffers of a turn; made once, filled by every take.</summary>
public sealed unsafe class BufferBatch
{
    private readonly TakenBuffer[] _room;

    /// <param name="capacity">Buffers at the most, 1 upwards.</param>
    public BufferBatch(int capacity)
    {
        Capacity = capacity;
        _room = GC.AllocateArray<TakenBuffer>(capacity, pinned: true);
        fixed (TakenBuffer* first = _room)
        {
            // Pinned for as long as _room lives, which is as long as this object.
            Buffers = first;
        }

        Chains = new DescriptorChain[capacity];
        for (int index = 0; index < capacity; index++)
        {
            Chains[index] = new DescriptorChain();
        }
    }

    /// <summary>Buffers at the most.</summary>
    public int Capacity { get; }

    /// <summary>The buffers, <see cref="Capacity"/> of them.</summary>
    public TakenBuffer* Buffers { get; }

    /// <summary>A chain for each buffer, filled by a take where the kind is <see cref="BufferKind.Chain"/>.</summary>
    internal DescriptorChain[] Chains { get; }

    /// <summary>A buffer as a chain, whatever its kind.</summary>
    /// <param name="index">A buffer that was taken, 0 upwards.</param>
    public DescriptorChain ChainOf(int index)
    {
        DescriptorChain chain = Chains[index];
        if (Buffers[index].Kind != BufferKind.Chain)
        {
            chain.SetOnly(Buffers[index]);
        }

        return chain;
    }
}
