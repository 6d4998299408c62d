// Strict priority between classes, with a bound that keeps the lowest alive. Knows no tree and no queue.
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Firmware.Arbitration
{
    /// <summary>
    /// A higher class is served before a lower one, but a class that waits is passed over at most <see cref="PassesInARow"/> turns in a row:
    /// then one turn is its, after those of lower classes that have waited as long: <see cref="LongestWait"/>. Which class a function is of follows from the priority of its port VLAN.
    /// Priority code points: IEEE 802.1Q-2018, 6.9.3; the map to four classes is ours, and can be changed.
    /// </summary>
    public sealed class PriorityClasses
    {
        /// <summary>Classes: 0 is the lowest, in which everybody is who has no priority.</summary>
        public const int Count = 4;

        /// <summary>Priorities of 802.1p.</summary>
        public const int Priorities = 8;

        /// <summary>Turns of others that a waiting class lets pass at the most.</summary>
        public const int PassesInARow = 31;

        /// <summary>
        /// Turns of other classes between two of one that always waits, at the most: the lower ones that came due with it go first, and the
        /// highest, which others pass only then, waits for no more.
        /// </summary>
        public const int LongestWait = PassesInARow + Count - 2;

        private readonly byte[] _classOf = { 0, 0, 0, 0, 1, 1, 2, 3 };
        private readonly byte[] _passed = new byte[Count];

        /// <summary>The class of a priority.</summary>
        /// <param name="priority">0 to 7.</param>
        public int ClassOf(int priority)
        {
            return _classOf[priority];
        }

        /// <summary>Maps a priority to a class, for those that get the priority afterwards.</summary>
        /// <returns>BadArgument when one of them is out of range.</returns>
        public HalStatus Map(int priority, int priorityClass)
        {
            if (priority < 0 || priority >= Priorities || priorityClass < 0 || priorityClass >= Count)
            {
                return HalStatus.BadArgument;
            }

            _classOf[priority] = (byte)priorityClass;
            return HalStatus.Ok;
        }

        /// <summary>The class whose turn it is.</summary>
        /// <param name="waiting">Bit n: class n has something to pick.</param>
        /// <returns>-1 when none has.</returns>
        public int Choose(int waiting)
        {
            int highest = -1;
            for (int number = 0; number < Count; number++)
            {
                if ((waiting & (1 << number)) == 0)
                {
                    continue;
                }

                if (_passed[number] >= PassesInARow)
                {
                    return number;
                }

                highest = number;
            }

            return highest;
        }

        /// <summary>A turn was granted to a class; those for guarantees pass nobody over.</summary>
        /// <param name="served">The class that got it.</param>
        /// <param name="waiting">The classes that had something to pick.</param>
        public void Served(int served, int waiting)
        {
            for (int number = 0; number < Count; number++)
            {
                if (number == served || (waiting & (1 << number)) == 0)
                {
                    _passed[number] = 0;
                }
                else if (_passed[number] < PassesInARow)
                {
                    _passed[number]++;
                }
            }
        }
    }
}
