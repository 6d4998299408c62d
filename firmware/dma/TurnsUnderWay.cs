// The turns that the engine has been given and has not reported: their credits, and since when. Knows no engine and no order.
using SmartNicFw.Firmware.Config;
using SmartNicFw.Firmware.Virtio;

namespace SmartNicFw.Firmware.Dma
{
    /// <summary>
    /// At most one turn a queue. Each begins once and ends once, whether the engine reports it, a fault or a time-out ends it, or its queue
    /// is stopped; its credits come back with its end. Beginning, ending and finding the oldest cost the same for any number.
    /// </summary>
    public sealed class TurnsUnderWay
    {
        /// <summary>No queue.</summary>
        public const int None = -1;

        private readonly FunctionNumbering _numbering;
        private readonly TransferRules _rules;

        // Lists by age, one for each PF, for its VFs wait as long as it does: place queues + n is the head of the list of PF n.
        private readonly int[] _next;
        private readonly int[] _previous;
        private readonly int _heads;

        // By queue. A queue has a turn under way while it is in a list. One that only writes has no tags.
        private readonly byte[] _channel;
        private readonly ushort[] _tags;
        private readonly int[] _window;
        private readonly long[] _sinceUs;

        // By function.
        private readonly ushort[] _count;

        /// <summary>Starts with none.</summary>
        public TurnsUnderWay(EndpointConfiguration configuration, VirtioState state, FunctionNumbering numbering, TransferRules rules)
        {
            _numbering = numbering;
            _rules = rules;
            int queues = state.Queues.Count;
            _heads = queues;
            Credits = new DmaCredits(configuration, numbering.Count);
            _next = new int[queues + numbering.PhysicalFunctions];
            _previous = new int[queues + numbering.PhysicalFunctions];
            for (int place = 0; place < _next.Length; place++)
            {
                _next[place] = place;
                _previous[place] = place;
            }

            _channel = new byte[queues];
            _tags = new ushort[queues];
            _window = new int[queues];
            _sinceUs = new long[queues];
            _count = new ushort[numbering.Count];
        }

        /// <summary>What the channels may have outstanding.</summary>
        public DmaCredits Credits { get; }

        /// <summary>Turns that were begun since start; wraps.</summary>
        public uint Begun { get; private set; }

        /// <summary>Turns under way.</summary>
        public int Total { get; private set; }

        /// <summary>Turns of a function under way.</summary>
        public int Count(int function)
        {
            return _count[function];
        }

        /// <summary>True while a turn of the queue is under way.</summary>
        public bool IsUnderWay(int index)
        {
            return _next[index] != index;
        }

        /// <summary>Begins a turn.</summary>
        /// <param name="index">A queue that has none under way.</param>
        /// <param name="reads">True when it reads frames and writes them elsewhere; false when it only writes.</param>
        /// <param name="bytes">Its budget, bytes.</param>
        /// <param name="nowUs">The time.</param>
        /// <returns>A channel's number; or <see cref="DmaCredits.Full"/> or <see cref="DmaCredits.OverShare"/>, and then nothing has begun.</returns>
        public int TryBegin(int index, int function, bool reads, int bytes, long nowUs)
        {
            int window = bytes < Credits.WindowBytes ? bytes : Credits.WindowBytes;
            int tags = 0;
            if (reads)
            {
                // With the largest requests there are it takes all it may: then their size need not be looked up.
                tags = Credits.WindowTags;
                if (window < tags * TransferRules.BoundaryBytes)
                {
                    int requests = TransferRules.WorstRequests(window, _rules.MaxReadRequestBytes(function));
                    tags = requests < tags ? requests : tags;
                }
            }

            int channel = Credits.TryTake(function, reads ? window : 0, tags, window);
            if (channel < 0)
            {
                return channel;
            }

            _channel[index] = (byte)channel;
            _tags[index] = (ushort)tags;
            _window[index] = window;
            _sinceUs[index] = nowUs;
            _count[function]++;
            Total++;
            Begun++;
            int head = _heads + _numbering.PhysicalFunctionOf(function);
            int last = _previous[head];
            _next[last] = index;
            _previous[index] = last;
            _next[index] = head;
            _previous[head] = index;
            return channel;
        }

        /// <summary>Ends the turn of a queue, if one is under way: its credits come back.</summary>
        /// <param name="function">The queue's.</param>
        /// <returns>False when none was.</returns>
        public bool End(int index, int function)
        {
            int next = _next[index];
            if (next == index)
            {
                return false;
            }

            int previous = _previous[index];
            _next[previous] = next;
            _previous[next] = previous;
            _next[index] = index;
            _previous[index] = index;
            _count[function]--;
            Total--;
            int tags = _tags[index];
            int window = _window[index];
            Credits.Return(_channel[index], function, tags == 0 ? 0 : window, tags, window);
            return true;
        }

        /// <summary>A queue whose turn has lasted too long, or <see cref="None"/>. It stays under way.</summary>
        public int Expired(long nowUs)
        {
            for (int physicalFunction = 0; physicalFunction < _numbering.PhysicalFunctions; physicalFunction++)
            {
                if (DeadlineUs(physicalFunction) <= nowUs)
                {
                    return _next[_heads + physicalFunction];
                }
            }

            return None;
        }

        /// <summary>When the next turn will have lasted too long; long.MaxValue when none ever will.</summary>
        public long NextDeadlineUs
        {
            get
            {
                long next = long.MaxValue;
                for (int physicalFunction = 0; Total != 0 && physicalFunction < _numbering.PhysicalFunctions; physicalFunction++)
                {
                    long deadline = DeadlineUs(physicalFunction);
                    next = deadline < next ? deadline : next;
                }

                return next;
            }
        }

        // The oldest turn of the PF and its VFs ends by then.
        private long DeadlineUs(int physicalFunction)
        {
            int oldest = _next[_heads + physicalFunction];
            if (oldest >= _heads)
            {
                return long.MaxValue;
            }

            long timeout = _rules.CompletionTimeoutUs(physicalFunction);
            return timeout == TransferRules.Never ? long.MaxValue : _sinceUs[oldest] + timeout + DmaScheduler.TransferUs;
        }
    }
}
