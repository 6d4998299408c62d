// All queues that have work: transmit queues share the port, receive and control queues are looked at in turn. Knows no engine.
using SmartNicFw.Firmware.Virtio;

namespace SmartNicFw.Firmware.Arbitration
{
    /// <summary>
    /// What other rooms know of arbitration. Control queues (one command a turn) and receive queues (frames that waited for buffers) send
    /// nothing that the port's shares count: they have a list of their own, of which at most one turn in <see cref="ServiceInterval"/> is while
    /// transmit queues wait, so that no flood of commands holds up frames.
    /// </summary>
    public sealed class PendingQueues
    {
        /// <summary>
        /// Of so many turns one is for a control or receive queue, when both kinds wait. The others are of a quantum at the least while queues
        /// compete, 13 us each at 10 Gbit/s: a command that takes a microsecond takes a hundredth of the time from them.
        /// </summary>
        public const int ServiceInterval = 8;

        private readonly QueueNumbering _queues;
        private readonly QueueList _service;
        private int _sinceService;
        private bool _isTransmitTaken;

        /// <summary>Starts empty.</summary>
        public PendingQueues(QueueNumbering queues, TransmitScheduler transmit)
        {
            _queues = queues;
            Transmit = transmit;
            _service = new QueueList(queues.Count);
        }

        /// <summary>The transmit queues among them.</summary>
        public TransmitScheduler Transmit { get; }

        /// <summary>True when no queue can be given a turn before a timer is due, or a turn is over.</summary>
        public bool IsEmpty => _service.IsEmpty && Transmit.IsEmpty;

        /// <summary>A running queue has work. Again, or in its turn: nothing changes.</summary>
        public void Add(int index)
        {
            if (IsTransmit(index))
            {
                Transmit.Wake(index);
            }
            else
            {
                _service.Add(index);
            }
        }

        /// <summary>No further turn of a queue is granted; those under way end, and none follows.</summary>
        public void Withdraw(int index)
        {
            Transmit.Withdraw(index);
            _service.Remove(index);
        }

        /// <summary>A queue is stopped: its turns that are under way end here.</summary>
        public void Remove(int index)
        {
            Transmit.Remove(index);
            _service.Remove(index);
        }

        /// <summary>
        /// Takes the queue whose turn it is; <see cref="Begin"/>, <see cref="Refuse"/> or <see cref="GiveUp"/> follows.
        /// </summary>
        /// <param name="bytes">Receives the bytes after which it may begin no further frame.</param>
        /// <param name="expected">Receives the line bytes that it is expected to cost; 0 when that may be next to nothing.</param>
        /// <returns>Its index, or -1 when there is none now.</returns>
        public int TryTake(out int bytes, out int expected)
        {
            if (_sinceService < ServiceInterval - 1 || _service.IsEmpty)
            {
                int index = Transmit.TryTake(out bytes, out expected);
                if (index >= 0)
                {
                    _sinceService++;
                    _isTransmitTaken = true;
                    return index;
                }
            }

            bytes = TransmitScheduler.BytesPerTurn;
            expected = 0;
            _sinceService = 0;
            _isTransmitTaken = false;
            return _service.TryTake();
        }

        /// <summary>The turn that the queue was taken for is under way.</summary>
        public void Begin(int index)
        {
            if (_isTransmitTaken)
            {
                Transmit.Begin(index);
            }
        }

        /// <summary>The turn that the queue was taken for could not be: it waits for another, and is first of its kind.</summary>
        public void Refuse(int index)
        {
            if (!_isTransmitTaken)
            {
                _service.Add(index);
            }
        }

        /// <summary>The queue that was taken gets no turn, and waits until it is added again, or for the report of one that is under way.</summary>
        /// <param name="isBlocked">True: it keeps what is left of its quantum.</param>
        public void GiveUp(int index, bool isBlocked)
        {
            if (_isTransmitTaken)
            {
                Transmit.GiveUp(index, isBlocked);
            }
        }

        /// <summary>The oldest turn of the queue is over.</summary>
        /// <param name="frames">Frames that were taken.</param>
        /// <param name="bytes">Bytes of the frames that were sent.</param>
        /// <param name="copiedBytes">Bytes that the turn cost.</param>
        /// <param name="after">What the queue may have now.</param>
        public void EndTurn(int index, int frames, int bytes, int copiedBytes, AfterTurn after)
        {
            bool goesOn = after == AfterTurn.Unknown || after == AfterTurn.More;
            if (Transmit.IsInTurn(index))
            {
                // A turn that moved nothing is not free for one that goes on.
                int cost = EthernetLine.Bytes(frames == 0 && goesOn ? 1 : frames, copiedBytes);
                Transmit.EndTurn(index, frames, EthernetLine.Bytes(frames, bytes), cost, after);
            }
            else if (goesOn && !IsTransmit(index))
            {
                _service.Add(index);
            }
        }

        private bool IsTransmit(int index)
        {
            // Whatever was negotiated: receive and control queues have even numbers (VIRTIO 1.4, 5.1.2).
            return (_queues.QueueOf(index) & 1) != 0;
        }
    }
}
