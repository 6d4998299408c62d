// Whether functions and the endpoint are well, why not, and since when. Knows no cause: the rooms that see one say so.
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.Firmware.Management
{
    /// <summary>Reasons are those of <see cref="ManagementHealth"/>; a state follows from them.</summary>
    public sealed class Health
    {
        private readonly IMonotonicClock _clock;

        // By function, the endpoint being the last.
        private readonly byte[] _reasons;
        private readonly long[] _sinceUs;
        private int _unwell;

        /// <summary>Starts with everything well.</summary>
        public Health(int functions, IMonotonicClock clock)
        {
            _clock = clock;
            Endpoint = functions;
            _reasons = new byte[functions + 1];
            _sinceUs = new long[functions + 1];
            long nowUs = clock.NowUs;
            for (int function = 0; function <= functions; function++)
            {
                _sinceUs[function] = nowUs;
            }
        }

        /// <summary>The endpoint, where a function is asked for.</summary>
        public int Endpoint { get; }

        /// <summary>Why it is not well; 0 when it is.</summary>
        public uint Reasons(int function)
        {
            return _reasons[function];
        }

        /// <summary><see cref="ManagementHealth.Well"/>, <see cref="ManagementHealth.Degraded"/> or <see cref="ManagementHealth.Failed"/>.</summary>
        public int State(int function)
        {
            return StateFor(_reasons[function]);
        }

        /// <summary>Since when it is in this state, microseconds of the board's clock.</summary>
        public long SinceUs(int function)
        {
            return _sinceUs[function];
        }

        /// <summary>Adds a reason.</summary>
        public void Add(int function, uint reason)
        {
            Become(function, _reasons[function] | reason);
        }

        /// <summary>Takes reasons away.</summary>
        public void Remove(int function, uint reasons)
        {
            Become(function, _reasons[function] & ~reasons);
        }

        private void Become(int function, uint reasons)
        {
            int before = StateFor(_reasons[function]);
            int now = StateFor(reasons);
            _reasons[function] = (byte)reasons;
            if (before == now)
            {
                return;
            }

            _sinceUs[function] = _clock.NowUs;
            if (function == Endpoint || (before != ManagementHealth.Well && now != ManagementHealth.Well))
            {
                return;
            }

            _unwell += now == ManagementHealth.Well ? -1 : 1;
            uint others = _reasons[Endpoint] & ~ManagementHealth.ReasonsFunctionMask;
            Become(Endpoint, _unwell == 0 ? others : others | ManagementHealth.ReasonsFunctionMask);
        }

        private static int StateFor(uint reasons)
        {
            if ((reasons & ManagementHealth.ReasonsNeedsResetMask) != 0)
            {
                return ManagementHealth.Failed;
            }

            return reasons == 0 ? ManagementHealth.Well : ManagementHealth.Degraded;
        }
    }
}
