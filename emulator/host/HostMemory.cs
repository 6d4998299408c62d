// The host's RAM: one native block with bus addresses, and an allocator for rings and buffers. Knows nothing of their contents.
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace SmartNicFw.Emulator.Host;

/// <summary>A piece of the host's RAM that is in use.</summary>
public readonly unsafe record struct HostBuffer
{
    private readonly nint _pointer;

    internal HostBuffer(byte* pointer, ulong address, int bytes)
    {
        _pointer = (nint)pointer;
        Address = address;
        Bytes = bytes;
    }

    /// <summary>Bus address of the first byte.</summary>
    public ulong Address { get; }

    /// <summary>Size in bytes.</summary>
    public int Bytes { get; }

    /// <summary>The first byte, as software of the host reaches it.</summary>
    public byte* Start => (byte*)_pointer;

    /// <summary>All of it.</summary>
    public Span<byte> Span => new((void*)_pointer, Bytes);
}

/// <summary>
/// RAM of a host from bus address <see cref="BaseAddress"/> upwards, zero at the start. One owner frees it after every
/// device has let go of it.
/// </summary>
public sealed unsafe class HostMemory : IDisposable
{
    /// <summary>Bus address of the first byte: below it lies what no driver uses.</summary>
    public const ulong BaseAddress = 0x1_0000;

    private const nuint PageBytes = 4096;

    // Free ranges in order of their place, never two that touch.
    private readonly List<(long Offset, long Bytes)> _free = [];
    private byte* _block;

    /// <summary>Takes a block of memory from the system.</summary>
    /// <param name="bytes">Size, 1 byte up to where the interrupt messages begin.</param>
    public HostMemory(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, (long)(InterruptController.FirstAddress - BaseAddress));
        Bytes = bytes;
        _block = (byte*)NativeMemory.AlignedAlloc((nuint)bytes, PageBytes);
        NativeMemory.Clear(_block, (nuint)bytes);
        _free.Add((0, bytes));
    }

    /// <summary>The first byte, page aligned.</summary>
    public byte* Start => _block;

    /// <summary>Size in bytes.</summary>
    public long Bytes { get; }

    /// <summary>Bytes that are in use.</summary>
    public long InUse { get; private set; }

    /// <summary>Takes a piece, cleared; the first place that is large enough.</summary>
    /// <param name="bytes">Size, 1 upwards; no more is taken than asked.</param>
    /// <param name="alignment">A power of two, up to 4096.</param>
    /// <exception cref="HostException">No free range is large enough.</exception>
    public HostBuffer Allocate(int bytes, int alignment = 64)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes, 1);
        if (alignment < 1 || alignment > (int)PageBytes || (alignment & (alignment - 1)) != 0)
        {
            throw new ArgumentException($"an alignment is a power of two up to {PageBytes}, not {alignment}");
        }

        for (int index = 0; index < _free.Count; index++)
        {
            (long offset, long free) = _free[index];
            long start = (offset + alignment - 1) & -(long)alignment;
            long left = offset + free - start - bytes;
            if (left < 0)
            {
                continue;
            }

            _free.RemoveAt(index);
            if (left > 0)
            {
                _free.Insert(index, (start + bytes, left));
            }

            if (start > offset)
            {
                _free.Insert(index, (offset, start - offset));
            }

            InUse += bytes;
            NativeMemory.Clear(_block + start, (nuint)bytes);
            return new HostBuffer(_block + start, BaseAddress + (ulong)start, bytes);
        }

        throw new HostException($"no {bytes} bytes of host memory are free in one piece; {Bytes - InUse} of {Bytes} are free");
    }

    /// <summary>Gives a piece back.</summary>
    /// <exception cref="ArgumentException">It is not in use.</exception>
    public void Free(HostBuffer buffer)
    {
        long start = (long)(buffer.Address - BaseAddress);
        long end = start + buffer.Bytes;
        int index = 0;
        while (index < _free.Count && _free[index].Offset < start)
        {
            index++;
        }

        bool isFree = buffer.Bytes < 1 || end > Bytes
            || (index > 0 && _free[index - 1].Offset + _free[index - 1].Bytes > start)
            || (index < _free.Count && _free[index].Offset < end);
        if (isFree)
        {
            throw new ArgumentException($"{buffer.Bytes} bytes at {buffer.Address:x} are not in use");
        }

        InUse -= buffer.Bytes;
        if (index < _free.Count && _free[index].Offset == end)
        {
            end += _free[index].Bytes;
            _free.RemoveAt(index);
        }

        if (index > 0 && _free[index - 1].Offset + _free[index - 1].Bytes == start)
        {
            index--;
            start = _free[index].Offset;
            _free.RemoveAt(index);
        }

        _free.Insert(index, (start, end - start));
    }

    /// <summary>Finds the bytes at a bus address, as a device does.</summary>
    /// <returns>Empty when not all of them are in this memory.</returns>
    public Span<byte> At(ulong address, int bytes)
    {
        ulong offset = address - BaseAddress;
        bool isInside = bytes >= 0 && offset < (ulong)Bytes && (ulong)bytes <= (ulong)Bytes - offset;
        return isInside ? new Span<byte>(_block + offset, bytes) : [];
    }

    /// <summary>Gives the block back to the system.</summary>
    public void Dispose()
    {
        NativeMemory.AlignedFree(_block);
        _block = null;
        _free.Clear();
    }
}
