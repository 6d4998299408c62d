// The levels between which adaptive moderation chooses: how long and for how many frames a notification waits. Values only.
namespace SmartNicFw.Firmware.Interrupt
{
    /// <summary>
    /// Level 0 lets nothing wait; each level above lets a notification wait longer, up to 128 us for received frames and 256 us for sent
    /// ones, which nobody waits for but the driver's memory.
    /// </summary>
    public static class AdaptiveLevels
    {
        /// <summary>Number of the highest level; the lowest is 0.</summary>
        public const int Highest = 4;

        private const int Directions = 2;

        // By level: of a receive queue, then of a transmit queue. Microseconds, then frames.
        private static readonly ushort[] UsecsOf = { 0, 0, 8, 16, 32, 64, 64, 128, 128, 256 };
        private static readonly ushort[] PacketsOf = { 0, 0, 32, 32, 64, 64, 128, 128, 256, 256 };

        /// <summary>Microseconds that a notification waits at the most.</summary>
        /// <param name="direction">0 for receive, 1 for transmit.</param>
        public static ushort Usecs(int direction, int level)
        {
            return UsecsOf[(level * Directions) + direction];
        }

        /// <summary>
        /// Frames for which it waits at the most, in a ring of so many entries: half of it, so that the driver hears in time to fill it
        /// again.
        /// </summary>
        /// <param name="direction">0 for receive, 1 for transmit.</param>
        /// <param name="size">Queue size, 1 upwards.</param>
        public static ushort Packets(int direction, int level, int size)
        {
            ushort packets = PacketsOf[(level * Directions) + direction];
            return packets <= size / 2 ? packets : (ushort)(size / 2);
        }

        /// <summary>
        /// The next level above at whose pace two more reports would join the one that waits; <paramref name="level"/> itself when there is
        /// none. Levels that would join nothing are passed over.
        /// </summary>
        /// <param name="reports">Reports of used buffers that came in <paramref name="elapsedUs"/>.</param>
        /// <param name="elapsedUs">Microseconds, 1 upwards.</param>
        public static int Above(int direction, int level, uint reports, uint elapsedUs)
        {
            for (int above = level + 1; above <= Highest; above++)
            {
                if (Brings(direction, above, reports, elapsedUs, 2))
                {
                    return above;
                }
            }

            return level;
        }

        /// <summary>The next level below at whose pace another report would join the one that waits; else level 0.</summary>
        /// <param name="reports">Reports of used buffers that came in <paramref name="elapsedUs"/>.</param>
        /// <param name="elapsedUs">Microseconds, 1 upwards.</param>
        public static int Below(int direction, int level, uint reports, uint elapsedUs)
        {
            int below = level - 1;
            while (below > 0 && !Brings(direction, below, reports, elapsedUs, 1))
            {
                below--;
            }

            return below < 0 ? 0 : below;
        }

        /// <summary>Whether so many reports come within the time of a level, on average.</summary>
        /// <param name="reports">Reports of used buffers that came in <paramref name="elapsedUs"/>.</param>
        /// <param name="elapsedUs">Microseconds.</param>
        /// <param name="wanted">Reports beside the one that waits.</param>
        public static bool Brings(int direction, int level, uint reports, uint elapsedUs, uint wanted)
        {
            return (ulong)reports * Usecs(direction, level) >= (ulong)elapsedUs * wanted;
        }
    }
}
