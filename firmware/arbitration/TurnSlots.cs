// Numbers for turns that were granted and are not over: those of a queue in the order in which they were granted. Knows not what a turn is.
namespace SmartNicFw.Firmware.Arbitration
{
    /// <summary>
    /// Deals out numbers from 0 on, so that what is known of a turn can be kept in arrays of a fixed size. Every operation costs the same for
    /// any number of turns and queues.
    /// </summary>
    public sealed class TurnSlots
    {
        /// <summary>No turn, or no queue.</summary>
        public const int None = -1;

        // By queue, in pairs: one more than the number of its first and of its last turn; 0 for none.
        private readonly ushort[] _ends;

        // By turn, in pairs: its queue, and the next one of the queue, or of those that are free.
        private readonly int[] _turns;
        private int _free;

        /// <summary>Starts with no turn.</summary>
        /// <param name="turns">Turns at a time, 1 to 65,535.</param>
        public TurnSlots(int queues, int turns)
        {
            _ends = new ushort[2 * queues];
            _turns = new int[2 * turns];
            Count = turns;
            for (int turn = 0; turn < turns; turn++)
            {
                _turns[2 * turn] = None;
                _turns[(2 * turn) + 1] = turn + 1 < turns ? turn + 1 : None;
            }
        }

        /// <summary>Turns that there can be at a time.</summary>
        public int Count { get; }

        /// <summary>True when there is a number left.</summary>
        public bool HasFree => _free != None;

        /// <summary>True while the queue has a turn.</summary>
        public bool Has(int queue)
        {
            return _ends[2 * queue] != 0;
        }

        /// <summary>The queue's oldest turn, or <see cref="None"/>.</summary>
        public int First(int queue)
        {
            return _ends[2 * queue] - 1;
        }

        /// <summary>Whose turn it is, or <see cref="None"/>.</summary>
        public int QueueOf(int turn)
        {
            return _turns[2 * turn];
        }

        /// <summary>Gives a queue a turn after those that it has. There must be a number left.</summary>
        public int Add(int queue)
        {
            int turn = _free;
            _free = _turns[(2 * turn) + 1];
            _turns[2 * turn] = queue;
            _turns[(2 * turn) + 1] = None;
            if (_ends[2 * queue] == 0)
            {
                _ends[2 * queue] = (ushort)(turn + 1);
            }
            else
            {
                _turns[(2 * _ends[(2 * queue) + 1]) - 1] = turn;
            }

            _ends[(2 * queue) + 1] = (ushort)(turn + 1);
            return turn;
        }

        /// <summary>Ends the oldest turn of a queue that has one.</summary>
        public void RemoveFirst(int queue)
        {
            int turn = _ends[2 * queue] - 1;
            _ends[2 * queue] = (ushort)(_turns[(2 * turn) + 1] + 1);
            _turns[2 * turn] = None;
            _turns[(2 * turn) + 1] = _free;
            _free = turn;
        }
    }
}
