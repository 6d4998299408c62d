// How firmware numbers queues: one flat index, so that state of all queues sits in plain arrays.
using SmartNicFw.Firmware.Config;

namespace SmartNicFw.Firmware.Virtio
{
    /// <summary>
    /// Queue indices: those of the physical functions first, then those of the virtual ones, in the order of
    /// <see cref="FunctionNumbering"/>. Every function of a kind has room for as many: two a pair, and the control queue.
    /// </summary>
    public sealed class QueueNumbering
    {
        private readonly int _physicalFunctions;
        private readonly int _ofPhysical;
        private readonly int _ofVirtual;
        private readonly int _firstVirtual;

        /// <summary>Numbers the queues of an endpoint.</summary>
        public QueueNumbering(EndpointConfiguration configuration, FunctionNumbering numbering)
        {
            _physicalFunctions = numbering.PhysicalFunctions;
            _ofPhysical = (2 * configuration.PfQueuePairs) + 1;
            _ofVirtual = (2 * configuration.MaxPairs(true)) + 1;
            _firstVirtual = _physicalFunctions * _ofPhysical;
            Count = _firstVirtual + ((numbering.Count - _physicalFunctions) * _ofVirtual);
        }

        /// <summary>Number of queues of all functions.</summary>
        public int Count { get; }

        /// <summary>Queues that a function has room for, its control queue included.</summary>
        public int MaxQueues(int function)
        {
            return function < _physicalFunctions ? _ofPhysical : _ofVirtual;
        }

        /// <summary>Index of the first queue of a function; the others follow.</summary>
        public int First(int function)
        {
            return function < _physicalFunctions
                ? function * _ofPhysical
                : _firstVirtual + ((function - _physicalFunctions) * _ofVirtual);
        }

        /// <summary>The function that a queue belongs to.</summary>
        public int FunctionOf(int index)
        {
            return index < _firstVirtual
                ? index / _ofPhysical
                : _physicalFunctions + ((index - _firstVirtual) / _ofVirtual);
        }

        /// <summary>Number of a queue within its function.</summary>
        public int QueueOf(int index)
        {
            return index < _firstVirtual ? index % _ofPhysical : (index - _firstVirtual) % _ofVirtual;
        }
    }
}
