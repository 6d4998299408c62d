// Bytes between chains, and between a chain and a local: each copied once, whatever the driver's cut of its buffers.
// Knows no ring and no frame.
using System;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SmartNicFw.Emulator.Virtio;

/// <summary>
/// Offsets count from the start of the readable, or of the writable, segments of a chain. Nothing throws: what does not
/// fit is not copied, and the result says how much was.
/// </summary>
public static unsafe class ChainBytes
{
    // Below, the vector that aligns costs as much as it saves, bytes.
    private const uint AlignedFrom = 256;

    /// <summary>Reads bytes of the readable segments.</summary>
    /// <returns>Bytes read: fewer than the buffer holds when the chain ends before.</returns>
    public static int Read(DescriptorChain chain, ulong offset, Span<byte> buffer)
    {
        Segment* first = chain.Readable;
        fixed (byte* destination = buffer)
        {
            // Nearly always: all of it lies in the first segment.
            if (chain.ReadableCount > 0 && IsWithin(first, offset, (uint)buffer.Length))
            {
                Move(first->Address + offset, destination, (uint)buffer.Length);
                return buffer.Length;
            }

            var local = new Segment(destination, (uint)buffer.Length);
            return (int)Copy(first, chain.ReadableCount, offset, &local, 1, 0, (uint)buffer.Length);
        }
    }

    /// <summary>Writes bytes into the writable segments.</summary>
    /// <returns>Bytes written: fewer than given when the chain ends before.</returns>
    public static int Write(DescriptorChain chain, ulong offset, ReadOnlySpan<byte> bytes)
    {
        Segment* first = chain.Writable;
        fixed (byte* source = bytes)
        {
            if (chain.WritableCount > 0 && IsWithin(first, offset, (uint)bytes.Length))
            {
                Move(source, first->Address + offset, (uint)bytes.Length);
                return bytes.Length;
            }

            var local = new Segment(source, (uint)bytes.Length);
            return (int)Copy(&local, 1, 0, first, chain.WritableCount, offset, (uint)bytes.Length);
        }
    }

    /// <summary>Copies from the readable segments of one chain to the writable ones of another.</summary>
    /// <param name="from">Source.</param>
    /// <param name="skip">Bytes of the source to pass over.</param>
    /// <param name="to">Destination.</param>
    /// <param name="toSkip">Bytes of the destination to pass over.</param>
    /// <param name="length">Bytes to copy.</param>
    /// <returns>Bytes copied: fewer when one of the chains ends before.</returns>
    public static uint Copy(DescriptorChain from, ulong skip, DescriptorChain to, ulong toSkip, uint length)
    {
        Segment* source = from.Readable;
        Segment* destination = to.Writable;
        if (from.ReadableCount > 0 && to.WritableCount > 0
            && IsWithin(source, skip, length) && IsWithin(destination, toSkip, length))
        {
            Move(source->Address + skip, destination->Address + toSkip, length);
            return length;
        }

        return Copy(source, from.ReadableCount, skip, destination, to.WritableCount, toSkip, length);
    }

    /// <summary>
    /// Copies memory. Where source and destination overlap, as only a hostile guest's do, the content is any.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Move(byte* source, byte* destination, uint length)
    {
        uint vector = (uint)Vector256<byte>.Count;
        if (length > 2 * vector)
        {
            MoveLong(source, destination, length);
        }
        else if (length >= vector)
        {
            // Two vectors, from either end.
            Vector256<byte> head = Vector256.Load(source);
            Vector256<byte> tail = Vector256.Load(source + length - vector);
            head.Store(destination);
            tail.Store(destination + length - vector);
        }
        else
        {
            MoveShort(source, destination, length);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsWithin(Segment* segment, ulong offset, uint length) =>
        offset <= segment->Length && length <= segment->Length - offset;

    // Whole vectors, then the last one again from the end: no loop over single bytes.
    private static void MoveLong(byte* source, byte* destination, nuint length)
    {
        nuint vector = (nuint)Vector256<byte>.Count;
        nuint at = 0;
        if (length >= AlignedFrom)
        {
            // Stores that cross a cache line cost twice: after the first vector they are aligned.
            Vector256.Load(source).Store(destination);
            at = vector - ((nuint)destination & (vector - 1));
        }

        for (; at + (4 * vector) <= length; at += 4 * vector)
        {
            Vector256<byte> a = Vector256.Load(source + at);
            Vector256<byte> b = Vector256.Load(source + at + vector);
            Vector256<byte> c = Vector256.Load(source + at + (2 * vector));
            Vector256<byte> d = Vector256.Load(source + at + (3 * vector));
            a.Store(destination + at);
            b.Store(destination + at + vector);
            c.Store(destination + at + (2 * vector));
            d.Store(destination + at + (3 * vector));
        }

        for (; at + vector <= length; at += vector)
        {
            Vector256.Load(source + at).Store(destination + at);
        }

        Vector256.Load(source + length - vector).Store(destination + length - vector);
    }

    // Below 32 bytes: two moves of the largest power of 2 that fits, from either end.
    private static void MoveShort(byte* source, byte* destination, nuint length)
    {
        if (length >= 16)
        {
            Vector128<byte> head = Vector128.Load(source);
            Vector128<byte> tail = Vector128.Load(source + length - 16);
            head.Store(destination);
            tail.Store(destination + length - 16);
        }
        else if (length >= 8)
        {
            ulong head = *(ulong*)source;
            ulong tail = *(ulong*)(source + length - 8);
            *(ulong*)destination = head;
            *(ulong*)(destination + length - 8) = tail;
        }
        else if (length >= 4)
        {
            uint head = *(uint*)source;
            uint tail = *(uint*)(source + length - 4);
            *(uint*)destination = head;
            *(uint*)(destination + length - 4) = tail;
        }
        else
        {
            for (nuint at = 0; at < length; at++)
            {
                destination[at] = source[at];
            }
        }
    }

    // Ends: every turn of a loop leaves a segment behind, or has copied all.
    private static uint Copy(
        Segment* from, int fromCount, ulong skip, Segment* to, int toCount, ulong toSkip, uint length)
    {
        Segment* fromEnd = from + fromCount;
        Segment* toEnd = to + toCount;
        for (; from < fromEnd && skip >= from->Length; from++)
        {
            skip -= from->Length;
        }

        for (; to < toEnd && toSkip >= to->Length; to++)
        {
            toSkip -= to->Length;
        }

        uint left = length;
        while (left > 0 && from < fromEnd && to < toEnd)
        {
            uint fromLeft = from->Length - (uint)skip;
            uint toLeft = to->Length - (uint)toSkip;
            uint part = Math.Min(left, Math.Min(fromLeft, toLeft));
            Move(from->Address + skip, to->Address + toSkip, part);
            left -= part;
            skip += part;
            toSkip += part;
            if (part == fromLeft)
            {
                from++;
                skip = 0;
            }

            if (part == toLeft)
            {
                to++;
                toSkip = 0;
            }
        }

        return length - left;
    }
}
