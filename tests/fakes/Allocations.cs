// How much a piece of work allocates on its thread, once the runtime has compiled it. Knows nothing of the work.
using System;

namespace SmartNicFw.Tests.Fakes;

/// <summary>
/// The runtime allocates by itself now and then: while it compiles anew, or replaces a method that runs. Work that allocates does so
/// each time; so the least of several times is the work's own.
/// </summary>
internal static class Allocations
{
    private const int Times = 10;

    /// <summary>Bytes that the work allocates on this thread: the least of ten times.</summary>
    public static long Of(Action work)
    {
        long least = long.MaxValue;
        for (int time = 0; time < Times; time++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            work();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
