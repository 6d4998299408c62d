// An eventfd that another process gave us: checked to be one, and signalled without waiting. Knows no interrupt.
using System;
using System.Globalization;
using System.Text;

namespace SmartNicFw.Emulator.Loop;

/// <summary>What can be done with an eventfd. Source: eventfd(2).</summary>
internal static unsafe class EventSignal
{
    private static ReadOnlySpan<byte> Kind => "anon_inode:[eventfd]"u8;

    /// <summary>Whether a descriptor is an eventfd; if so it does not block from then on.</summary>
    public static bool TryPrepare(int descriptor)
    {
        Span<byte> path = stackalloc byte[32];
        Span<byte> target = stackalloc byte[64];
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{descriptor}\0"), path);
        fixed (byte* from = path, to = target)
        {
            nint length = LibC.ReadLink(from, to, (nuint)target.Length);
            if (length != Kind.Length || !target[..(int)length].SequenceEqual(Kind))
            {
                return false;
            }
        }

        int flags = LibC.Control(descriptor, LibC.GetStatusFlags, 0);
        return flags >= 0 && LibC.Control(descriptor, LibC.SetStatusFlags, flags | LibC.NonBlocking) == 0;
    }

    /// <summary>
    /// Adds one to the counter, unless it is full: then its owner has been told often enough. The owner shares the flags of
    /// the descriptor and can take back that it does not block; looking first leaves it the instant between look and write.
    /// </summary>
    public static void Signal(int descriptor)
    {
        LibC.PollEntry entry = new() { Descriptor = descriptor, Wanted = (short)LibC.EventOut };
        if (LibC.Poll(&entry, 1, 0) > 0 && (entry.Seen & (short)LibC.EventOut) != 0)
        {
            ulong one = 1;
            _ = LibC.Write(descriptor, &one, sizeof(ulong));
        }
    }
}
