// A guest's memory for tests of rings: native memory with canaries around it, mapped at a bus address, and the queues'
// areas in it. Knows nothing of the device's half.
using System;
using System.Runtime.InteropServices;
using SmartNicFw.Emulator.Memory;
using SmartNicFw.Emulator.Virtio;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Tests.Unit;

/// <summary>Memory of one guest, and one queue's areas at its start; buffers go to <see cref="BufferArea"/> on.</summary>
internal sealed unsafe class VirtqueueGuest : IDisposable
{
    public const ulong Base = 0x4000_0000;
    public const ulong BufferArea = Base + 0x10000;
    public const ulong TableArea = Base + 0x8000;
    public const uint Bytes = 0x20000;
    private const uint Guard = 4096;
    private const byte Canary = 0xC5;

    private readonly byte* _allocation;

    public VirtqueueGuest(int size, bool isPacked, params int[] features)
    {
        _allocation = (byte*)NativeMemory.AlignedAlloc(Bytes + (2 * Guard), 4096);
        new Span<byte>(_allocation, (int)(Bytes + (2 * Guard))).Fill(Canary);
        Memory = _allocation + Guard;
        new Span<byte>(Memory, (int)Bytes).Clear();
        Size = size;
        Features = 1UL << VirtioFeature.Version1;
        foreach (int feature in features)
        {
            Features |= 1UL << feature;
        }

        if (isPacked)
        {
            Features |= 1UL << VirtioFeature.RingPacked;
        }

        Map.Map(Base, Memory, Bytes);
        Start();
    }

    public byte* Memory { get; }

    public int Size { get; }

    public ulong Features { get; }

    public GuestMemory Map { get; } = new();

    public Virtqueue Queue { get; private set; } = null!;

    public byte* Descriptors => Memory;

    public byte* DriverArea => Memory + 0x4000;

    public byte* DeviceArea => Memory + 0x5000;

    public QueueSetup Setup => new()
    {
        Size = Size, DescriptorArea = Base, DriverArea = Base + 0x4000, DeviceArea = Base + 0x5000, Features = Features,
    };

    /// <summary>True while nothing was written outside of the guest's memory.</summary>
    public bool IsGuardIntact =>
        !new ReadOnlySpan<byte>(_allocation, (int)Guard).ContainsAnyExcept(Canary)
        && !new ReadOnlySpan<byte>(Memory + Bytes, (int)Guard).ContainsAnyExcept(Canary);

    public bool Has(int feature) => (Features & (1UL << feature)) != 0;

    /// <summary>Starts the queue anew, as after a reset.</summary>
    public void Start()
    {
        if (!Virtqueue.TryCreate(Setup, Map, out Virtqueue? queue))
        {
            throw new InvalidOperationException("the areas of the test's queue cannot be");
        }

        Queue = queue!;
    }

    public byte* At(ulong iova) => Memory + (iova - Base);

    public ref ushort U16(byte* at) => ref *(ushort*)at;

    /// <summary>Writes a split descriptor, or an entry of a table, at <paramref name="table"/>.</summary>
    public static void Describe(byte* table, int index, ulong iova, uint length, int flags, int next)
    {
        byte* at = table + (index * 16);
        *(ulong*)at = iova;
        *(uint*)(at + 8) = length;
        *(ushort*)(at + 12) = (ushort)flags;
        *(ushort*)(at + 14) = (ushort)next;
    }

    /// <summary>Writes a packed descriptor.</summary>
    public static void DescribePacked(byte* table, int index, ulong iova, uint length, int id, int flags)
    {
        Describe(table, index, iova, length, id, flags);
    }

    /// <summary>Split queue: makes a head available at the next index.</summary>
    public void Offer(int head)
    {
        ref ushort idx = ref U16(DriverArea + 2);
        U16(DriverArea + 4 + (idx % Size * 2)) = (ushort)head;
        idx++;
    }

    public void Dispose() => NativeMemory.AlignedFree(_allocation);
}
