// A hint to the processor, where it takes one. Knows no ring.
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace SmartNicFw.Emulator.Memory;

/// <summary>Hints that change nothing but the time that an access takes.</summary>
internal static unsafe class MemoryHint
{
    /// <summary>
    /// The bytes at an address will be accessed soon. While a turn's buffers are taken their first lines are fetched side by
    /// side; later, each would be waited for.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(byte* address)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(address);
        }
    }
}
