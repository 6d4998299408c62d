// The coalescing parameters of every queue: the driver's, those that its queues start with, or those of adaptive moderation. Knows no timer
// and no interrupt.
using SmartNicFw.Firmware.Virtio;

namespace SmartNicFw.Firmware.Interrupt
{
    /// <summary>
    /// The last command for a queue decides, whether it named the queue or all of its direction; a queue that is enabled again has
    /// those of its direction, and a device that is reset has none. Source: VIRTIO 1.4, 5.1.6.5.9.
    /// <para>Where the operator has switched a function's adaptive mode on, <see cref="AdaptiveModeration"/> decides for each of its receive and
    /// transmit queues until the driver does: any of the set commands, zeroes too, takes it from the queues that the command names. It comes
    /// back to a queue that is reset alone, unless a command had set all of its direction; to all at a reset of the device; and to none
    /// by the operator's switching it off and on again. What the driver reads (VQ_GET) is what it has set, 0 where it has not: the
    /// section allows a device more or fewer notifications than set.</para>
    /// </summary>
    public sealed class Coalescing
    {
        private const int Directions = 2;

        // Who decides for a queue.
        private const byte Nobody = 0;
        private const byte Driver = 1;
        private const byte Levels = 2;

        private readonly VirtioState _state;

        // By function: those of receive queues, then those of transmit queues.
        private readonly uint[] _packetsOfAll;
        private readonly uint[] _usecsOfAll;
        private readonly byte[] _isSetOfAll;

        // By function: 1 while it is adaptive. By queue: who decides.
        private readonly byte[] _isAdaptive;
        private readonly byte[] _decides;

        /// <summary>Starts with no queue that waits, and no function that is adaptive.</summary>
        public Coalescing(VirtioState state, AdaptiveModeration adaptive)
        {
            _state = state;
            Adaptive = adaptive;
            _isSetOfAll = new byte[Directions * state.Functions];
            _isAdaptive = new byte[state.Functions];
            _decides = new byte[state.Queues.Count];
            MaxPackets = new uint[state.Queues.Count];
            MaxUsecs = new uint[state.Queues.Count];
            _packetsOfAll = new uint[Directions * state.Functions];
            _usecsOfAll = new uint[Directions * state.Functions];
        }

        /// <summary>max_packets by queue, frames, as the driver has set it.</summary>
        public uint[] MaxPackets { get; }

        /// <summary>max_usecs by queue, microseconds, as the driver has set it.</summary>
        public uint[] MaxUsecs { get; }

        /// <summary>What decides for queues that are adaptive.</summary>
        public AdaptiveModeration Adaptive { get; }

        /// <summary>True while adaptive moderation decides for a queue.</summary>
        public bool IsAdaptive(int index)
        {
            return _decides[index] == Levels;
        }

        /// <summary>Whether the operator has switched a function's adaptive mode on.</summary>
        public bool IsFunctionAdaptive(int function)
        {
            return _isAdaptive[function] != 0;
        }

        /// <summary>Level at which adaptive moderation stands with a queue; -1 when it does not decide.</summary>
        /// <param name="queue">Any number.</param>
        public int Level(int function, int queue)
        {
            int index = _state.IndexOf(function, queue);
            return index >= 0 && IsAdaptive(index) ? Adaptive.Level(index) : -1;
        }

        /// <summary>Frames for which a notification of a queue waits at the most; 0 when it does not wait.</summary>
        public uint Packets(int index)
        {
            return IsAdaptive(index) ? Adaptive.Packets(index) : MaxPackets[index];
        }

        /// <summary>Microseconds that a notification of a queue waits at the most; 0 when it does not wait.</summary>
        public uint Usecs(int index)
        {
            return IsAdaptive(index) ? Adaptive.Usecs(index) : MaxUsecs[index];
        }

        /// <summary>Whether a notification of a queue waits no longer.</summary>
        /// <param name="packets">Frames since the first that waits, that one included.</param>
        /// <param name="elapsedUs">Microseconds since then.</param>
        public bool IsMet(int index, uint packets, uint elapsedUs)
        {
            // Either of them 0 is met by any number.
            return packets >= Packets(index) || elapsedUs >= Usecs(index);
        }

        /// <summary>
        /// Switches the adaptive mode of a function. Its queues begin at level 0; without it they have what the driver has set. Survives
        /// every reset.
        /// </summary>
        public void SetAdaptive(int function, bool isAdaptive)
        {
            if (IsFunctionAdaptive(function) == isAdaptive)
            {
                return;
            }

            _isAdaptive[function] = isAdaptive ? (byte)1 : (byte)0;
            int first = _state.Queues.First(function);
            int end = first + _state.Queues.MaxQueues(function);
            for (int index = first; index < end; index++)
            {
                if (_decides[index] != Driver)
                {
                    Decide(function, index, false);
                }
            }
        }

        /// <summary>Sets the parameters of all receive or all transmit queues of a function.</summary>
        /// <param name="direction">0 for receive, 1 for transmit.</param>
        public void SetAll(int function, int direction, uint packets, uint usecs)
        {
            _packetsOfAll[(function * Directions) + direction] = packets;
            _usecsOfAll[(function * Directions) + direction] = usecs;
            _isSetOfAll[(function * Directions) + direction] = 1;
            int first = _state.Queues.First(function);
            int end = first + (2 * _state.Pairs(function));
            for (int index = first + direction; index < end; index += Directions)
            {
                Set(index, packets, usecs);
            }
        }

        /// <summary>Sets the parameters of one queue.</summary>
        public void Set(int index, uint packets, uint usecs)
        {
            MaxPackets[index] = packets;
            MaxUsecs[index] = usecs;
            _decides[index] = Driver;
        }

        /// <summary>A queue starts: it has the parameters of its direction, a control queue none.</summary>
        public void Start(int function, int queue)
        {
            int index = _state.Queues.First(function) + queue;
            bool isControl = queue == _state.ControlQueue(function);
            int all = (function * Directions) + (queue & 1);
            Set(index, isControl ? 0 : _packetsOfAll[all], isControl ? 0 : _usecsOfAll[all]);
            Decide(function, index, _isSetOfAll[all] != 0);
        }

        /// <summary>The device of a function is reset: all parameters are 0.</summary>
        public void Clear(int function)
        {
            int first = _state.Queues.First(function);
            int end = first + _state.Queues.MaxQueues(function);
            for (int index = first; index < end; index++)
            {
                Set(index, 0, 0);
                Decide(function, index, false);
            }

            for (int all = function * Directions; all < (function + 1) * Directions; all++)
            {
                _packetsOfAll[all] = 0;
                _usecsOfAll[all] = 0;
                _isSetOfAll[all] = 0;
            }
        }

        private void Decide(int function, int index, bool isSet)
        {
            bool isControl = _state.Queues.QueueOf(index) == _state.ControlQueue(function);
            _decides[index] = isSet ? Driver : IsFunctionAdaptive(function) && !isControl ? Levels : Nobody;
            if (_decides[index] == Levels)
            {
                Adaptive.Begin(index);
            }
        }
    }
}
