// The queues that have work, in the order in which it came up. Knows nothing of what the work is.
namespace SmartNicFw.Firmware.Arbitration
{
    /// <summary>
    /// A list through an array: each queue has one place, so that ringing again changes nothing and the list never grows.
    /// Every operation costs the same, whatever the number of queues.
    /// </summary>
    public sealed class PendingQueues
    {
        // Place _nil is the list's head: after it comes the first, before it the last. A queue that is not in the list
        // points at itself.
        private readonly int[] _next;
        private readonly int[] _previous;
        private readonly int _nil;

        /// <summary>Starts empty.</summary>
        /// <param name="queues">Number of queues.</param>
        public PendingQueues(int queues)
        {
            _next = new int[queues + 1];
            _previous = new int[queues + 1];
            _nil = queues;
            for (int index = 0; index <= queues; index++)
            {
                _next[index] = index;
                _previous[index] = index;
            }
        }

        /// <summary>True when no queue has work.</summary>
        public bool IsEmpty => _next[_nil] == _nil;

        /// <summary>True when the queue is in the list.</summary>
        public bool Contains(int index)
        {
            return _next[index] != index;
        }

        /// <summary>Appends a queue, unless it is there already.</summary>
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

        /// <summary>Takes a queue out, if it is there.</summary>
        public void Remove(int index)
        {
            int next = _next[index];
            int previous = _previous[index];
            _next[previous] = next;
            _previous[next] = previous;
            _next[index] = index;
            _previous[index] = index;
        }

        /// <summary>The turn that the queue was taken for is over.</summary>
        /// <param name="bytes">Bytes of the frames that were sent.</param>
        /// <param name="copiedBytes">Bytes that the turn cost.</param>
        /// <param name="hasMore">True: the queue is to get another turn.</param>
        /// <param name="isBlocked">True: it may have more, and a doorbell says when.</param>
        public void EndTurn(int index, int frames, int bytes, int copiedBytes, bool hasMore, bool isBlocked)
        {
            if (hasMore)
            {
                Add(index);
            }
        }

        /// <summary>The turn that the queue was taken for could not be: it waits for another.</summary>
        public void Refuse(int index)
        {
            Add(index);
        }

        /// <summary>Takes the queue that has waited longest.</summary>
        /// <returns>Its index, or -1 when no queue has work.</returns>
        public int TryTake()
        {
            int index = _next[_nil];
            if (index == _nil)
            {
                return -1;
            }

            Remove(index);
            return index;
        }
    }
}
