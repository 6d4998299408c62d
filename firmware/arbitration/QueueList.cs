// A list of numbers in the order in which they came, through an array. Knows not what they stand for.
namespace SmartNicFw.Firmware.Arbitration
{
    /// <summary>
    /// Each number has one place, so that adding it again changes nothing and the list never grows.
    /// Every operation costs the same, whatever the number of places.
    /// </summary>
    public sealed class QueueList
    {
        /// <summary>No number.</summary>
        public const int None = -1;

        // Place _nil is the list's head: after it comes the first, before it the last. A number that is not in the list
        // points at itself.
        private readonly int[] _next;
        private readonly int[] _previous;
        private readonly int _nil;

        /// <summary>Starts empty.</summary>
        /// <param name="places">Numbers from 0 to one less.</param>
        public QueueList(int places)
        {
            _next = new int[places + 1];
            _previous = new int[places + 1];
            _nil = places;
            for (int index = 0; index <= places; index++)
            {
                _next[index] = index;
                _previous[index] = index;
            }
        }

        /// <summary>True when nothing is in the list.</summary>
        public bool IsEmpty => _next[_nil] == _nil;

        /// <summary>The number that has waited longest, or <see cref="None"/>.</summary>
        public int First => IsEmpty ? None : _next[_nil];

        /// <summary>True when the number is in the list.</summary>
        public bool Contains(int index)
        {
            return _next[index] != index;
        }

        /// <summary>Appends a number, unless it is there already.</summary>
        public void Add(int index)
        {
            if (Contains(index))
            {
                return;
            }

            int last = _previous[_nil];
            _next[last] = index;
            _previous[index] = last;
            _next[index] = _nil;
            _previous[_nil] = index;
        }

        /// <summary>Takes a number out, if it is there.</summary>
        public void Remove(int index)
        {
            int next = _next[index];
            int previous = _previous[index];
            _next[previous] = next;
            _previous[next] = previous;
            _next[index] = index;
            _previous[index] = index;
        }

        /// <summary>Takes out the number that has waited longest.</summary>
        /// <returns>The number, or <see cref="None"/>.</returns>
        public int TryTake()
        {
            int index = First;
            if (index != None)
            {
                Remove(index);
            }

            return index;
        }
    }
}
