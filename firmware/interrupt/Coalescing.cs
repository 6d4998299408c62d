// The coalescing parameters of every queue, and those that a function's queues start with. Knows no timer and no interrupt.
using SmartNicFw.Firmware.Virtio;

namespace SmartNicFw.Firmware.Interrupt
{
    /// <summary>
    /// The last command for a queue decides, whether it named the queue or all of its direction; a queue that is enabled again has
    /// those of its direction, and a device that is reset has none. Source: VIRTIO 1.4, 5.1.6.5.9.
    /// </summary>
    public sealed class Coalescing
    {
        private const int Directions = 2;

        private readonly VirtioState _state;

        // By function: those of receive queues, then those of transmit queues.
        private readonly uint[] _packetsOfAll;
        private readonly uint[] _usecsOfAll;

        /// <summary>Starts with no queue that waits.</summary>
        public Coalescing(VirtioState state)
        {
            _state = state;
            MaxPackets = new uint[state.Queues.Count];
            MaxUsecs = new uint[state.Queues.Count];
            _packetsOfAll = new uint[Directions * state.Functions];
            _usecsOfAll = new uint[Directions * state.Functions];
        }

        /// <summary>max_packets by queue, frames.</summary>
        public uint[] MaxPackets { get; }

        /// <summary>max_usecs by queue, microseconds.</summary>
        public uint[] MaxUsecs { get; }

        /// <summary>Whether a notification of a queue waits no longer.</summary>
        /// <param name="packets">Frames since the first that waits, that one included.</param>
        /// <param name="elapsedUs">Microseconds since then.</param>
        public bool IsMet(int index, uint packets, uint elapsedUs)
        {
            return MaxUsecs[index] == 0 || MaxPackets[index] == 0 || packets >= MaxPackets[index] || elapsedUs >= MaxUsecs[index];
        }

        /// <summary>Sets the parameters of all receive or all transmit queues of a function.</summary>
        /// <param name="direction">0 for receive, 1 for transmit.</param>
        public void SetAll(int function, int direction, uint packets, uint usecs)
        {
            _packetsOfAll[(function * Directions) + direction] = packets;
            _usecsOfAll[(function * Directions) + direction] = usecs;
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
        }

        /// <summary>A queue starts: it has the parameters of its direction, a control queue none.</summary>
        public void Start(int function, int queue)
        {
            int index = _state.Queues.First(function) + queue;
            bool isControl = queue == _state.ControlQueue(function);
            int all = (function * Directions) + (queue & 1);
            Set(index, isControl ? 0 : _packetsOfAll[all], isControl ? 0 : _usecsOfAll[all]);
        }

        /// <summary>The device of a function is reset: all parameters are 0.</summary>
        public void Clear(int function)
        {
            int first = _state.Queues.First(function);
            int end = first + _state.Queues.MaxQueues(function);
            for (int index = first; index < end; index++)
            {
                Set(index, 0, 0);
            }

            for (int all = function * Directions; all < (function + 1) * Directions; all++)
            {
                _packetsOfAll[all] = 0;
                _usecsOfAll[all] = 0;
            }
        }
    }
}
