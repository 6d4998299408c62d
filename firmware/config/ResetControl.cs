// One of the two doors by which configuration writes take effect: every reset of a function passes here.
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Firmware.Config
{
    /// <summary>
    /// What a room with state of functions (queues, DMA, interrupts) hangs into the reset door. The registers of the
    /// function have their reset values when <see cref="Clear"/> is called.
    /// </summary>
    public interface IResetParticipant
    {
        /// <summary>
        /// Stops a run of functions at once: after the return they start no DMA and no interrupt, and what is under way
        /// completes without effect.
        /// </summary>
        /// <param name="firstFunction">Index of the first function.</param>
        /// <param name="count">Number of functions, 1 upwards.</param>
        void Stop(int firstFunction, int count);

        /// <summary>
        /// Begins to stop a function: it starts nothing more, but what is under way may end by itself, in bounded time
        /// (<see cref="IsQuiet"/>).
        /// </summary>
        void Quiesce(int function);

        /// <summary>
        /// True when nothing of a function that is quiesced is under way any more; what has not ended within the participant's bound is
        /// stopped by this call.
        /// </summary>
        bool IsQuiet(int function);

        /// <summary>Gives the state of one stopped function its reset values.</summary>
        void Clear(int function);
    }

    /// <summary>
    /// Resets: conventional, function level, VF Enable, D3hot to D0. A function level reset, and the soft one on the way to D0, let what is
    /// under way end within a bound; every other reset stops it at once. Clearing is work that <see cref="Advance"/> does in bounded portions, and a function answers Configuration Request Retry Status until
    /// its turn is over (PCI Express Base Specification 5.0, 2.3.1, 6.6.1, 6.6.2, 9.2.2).
    /// </summary>
    public sealed class ResetControl
    {
        /// <summary>Functions that one call of <see cref="Advance"/> clears at the most.</summary>
        public const int FunctionsPerStep = 64;

        private readonly FunctionNumbering _numbering;
        private readonly FunctionConfigSpace _space;
        private readonly IMonotonicClock _clock;

        // States of a function. A VF that does not exist is in NotReady, or in Waiting until its ring entry is taken.
        private const byte NotReady = 0;
        private const byte Ready = 1;
        private const byte Waiting = 2;

        private readonly byte[] _states;

        // Function level resets that wait: a ring of function indices. A function is in it just while it is in Waiting.
        private readonly ushort[] _waiting;
        private int _waitingHead;
        private int _waitingCount;
        private long _waitingSinceUs;

        // VFs of each PF that VF Enable started, and how many of them are ready: those with a lower number.
        private readonly int[] _startedVFs;
        private readonly int[] _readyVFs;
        private readonly long[] _enabledAtUs;

        private IResetParticipant _participant;

        /// <summary>Starts with no function ready, until <see cref="ResetEndpoint"/>.</summary>
        public ResetControl(FunctionNumbering numbering, FunctionConfigSpace space, IMonotonicClock clock)
        {
            _numbering = numbering;
            _space = space;
            _clock = clock;
            _states = new byte[numbering.Count];
            _waiting = new ushort[numbering.Count];
            _startedVFs = new int[numbering.PhysicalFunctions];
            _readyVFs = new int[numbering.PhysicalFunctions];
            _enabledAtUs = new long[numbering.PhysicalFunctions];
        }

        /// <summary>Longest time from a reset or VF Enable to the last function being ready, microseconds.</summary>
        public long WorstReadyUs { get; private set; }

        /// <summary>Resets of any kind that were completed, one a function.</summary>
        public long Completed { get; private set; }

        /// <summary>Hangs the data path into the door. At start only.</summary>
        public void Attach(IResetParticipant participant)
        {
            _participant = participant;
        }

        /// <summary>True when the function answers requests; false while a reset of it is under way.</summary>
        public bool IsReady(int function)
        {
            return _states[function] == Ready;
        }

        /// <summary>True when no reset is under way.</summary>
        public bool IsIdle
        {
            get
            {
                for (int physicalFunction = 0; physicalFunction < _numbering.PhysicalFunctions; physicalFunction++)
                {
                    if (_readyVFs[physicalFunction] < _startedVFs[physicalFunction])
                    {
                        return false;
                    }
                }

                return _waitingCount == 0;
            }
        }

        /// <summary>
        /// Begins a function level reset, or the soft reset on the way to D0: stops the function and queues its
        /// clearing. A function whose reset is under way already is left to it.
        /// </summary>
        public void BeginFunctionReset(int function)
        {
            if (_states[function] != Ready)
            {
                return;
            }

            if (_participant != null)
            {
                _participant.Quiesce(function);
            }

            if (_waitingCount == 0)
            {
                _waitingSinceUs = _clock.NowUs;
            }

            _states[function] = Waiting;
            PutWaiting(function);
        }

        /// <summary>VF Enable was set: no VF of the PF is ready until <see cref="Advance"/> has given it its reset values.</summary>
        /// <param name="count">Number of VFs, 0 upwards.</param>
        public void StartVirtualFunctions(int physicalFunction, int count)
        {
            _startedVFs[physicalFunction] = count;
            _readyVFs[physicalFunction] = 0;
            _enabledAtUs[physicalFunction] = _clock.NowUs;
        }

        /// <summary>VFs come or go while the others stay as they are.</summary>
        /// <param name="before">Number of VFs until now, 1 upwards.</param>
        /// <param name="count">Number of VFs from now on, 1 upwards.</param>
        public void ResizeVirtualFunctions(int physicalFunction, int before, int count)
        {
            if (count < before)
            {
                _startedVFs[physicalFunction] = count;
                if (_readyVFs[physicalFunction] > count)
                {
                    _readyVFs[physicalFunction] = count;
                }

                WithdrawFunctions(_numbering.VirtualFunction(physicalFunction, count), before - count);
                return;
            }

            if (_readyVFs[physicalFunction] == _startedVFs[physicalFunction])
            {
                _enabledAtUs[physicalFunction] = _clock.NowUs;
            }

            _startedVFs[physicalFunction] = count;
        }

        /// <summary>VF Enable was cleared, or the PF is being reset: its VFs stop at once.</summary>
        public void StopVirtualFunctions(int physicalFunction, int count)
        {
            _startedVFs[physicalFunction] = 0;
            _readyVFs[physicalFunction] = 0;
            WithdrawFunctions(_numbering.VirtualFunction(physicalFunction, 0), count);
        }

        private void WithdrawFunctions(int first, int count)
        {
            for (int function = first; function < first + count; function++)
            {
                // One that waits keeps its place in the ring: it must not come to stand there twice.
                if (_states[function] == Ready)
                {
                    _states[function] = NotReady;
                }
            }

            Stop(first, count);
        }

        /// <summary>
        /// A reset of the whole endpoint: it ends what is under way and clears every PF at once. VFs are cleared when
        /// they are enabled again.
        /// </summary>
        public void ResetEndpoint(ResetKind kind)
        {
            Stop(0, _numbering.Count);
            _waitingCount = 0;
            for (int function = 0; function < _states.Length; function++)
            {
                _states[function] = NotReady;
            }

            for (int physicalFunction = 0; physicalFunction < _numbering.PhysicalFunctions; physicalFunction++)
            {
                _startedVFs[physicalFunction] = 0;
                _readyVFs[physicalFunction] = 0;
                Clear(physicalFunction, kind);
                _states[physicalFunction] = Ready;
            }
        }

        /// <summary>Clears the next functions, at most <see cref="FunctionsPerStep"/> of them.</summary>
        /// <returns>Index of a physical function whose reset this call has completed, or
        /// <see cref="FunctionNumbering.None"/>: the caller derives anew what hangs on its registers.</returns>
        public int Advance()
        {
            int budget = FunctionsPerStep;
            while (_waitingCount > 0 && budget > 0)
            {
                int function = TakeWaiting();
                budget--;
                if (_participant != null && !_participant.IsQuiet(function))
                {
                    PutWaiting(function);
                    continue;
                }

                if (IsStarted(function))
                {
                    Clear(function, ResetKind.FunctionLevel);
                    _states[function] = Ready;
                }
                else
                {
                    _states[function] = NotReady;
                }

                if (_waitingCount == 0)
                {
                    NoteReadyAfter(_waitingSinceUs);
                }

                if (!_numbering.IsVirtual(function))
                {
                    return function;
                }
            }

            for (int physicalFunction = 0; physicalFunction < _numbering.PhysicalFunctions && budget > 0; physicalFunction++)
            {
                budget -= ClearVirtualFunctions(physicalFunction, budget);
            }

            return FunctionNumbering.None;
        }

        private int ClearVirtualFunctions(int physicalFunction, int budget)
        {
            int first = _readyVFs[physicalFunction];
            int started = _startedVFs[physicalFunction];
            int last = first + budget < started ? first + budget : started;
            for (int vf = first; vf < last; vf++)
            {
                // Nothing of an earlier life survives VF Enable, sticky bits included (9.2.3).
                int function = _numbering.VirtualFunction(physicalFunction, vf);
                Clear(function, ResetKind.Fundamental);
                if (_states[function] == NotReady)
                {
                    _states[function] = Ready;
                }
            }

            _readyVFs[physicalFunction] = last;
            if (first < last && last == started)
            {
                NoteReadyAfter(_enabledAtUs[physicalFunction]);
            }

            return last - first;
        }

        // A VF whose reset waited while it was disabled, and perhaps enabled again, is not ready before VF Enable's own
        // clearing has reached it.
        private bool IsStarted(int function)
        {
            return !_numbering.IsVirtual(function)
                || _numbering.VfNumberOf(function) < _readyVFs[_numbering.PhysicalFunctionOf(function)];
        }

        private void PutWaiting(int function)
        {
            _waiting[(_waitingHead + _waitingCount) % _waiting.Length] = (ushort)function;
            _waitingCount++;
        }

        private int TakeWaiting()
        {
            int function = _waiting[_waitingHead];
            _waitingHead = (_waitingHead + 1) % _waiting.Length;
            _waitingCount--;
            return function;
        }

        private void Stop(int firstFunction, int count)
        {
            if (_participant != null)
            {
                _participant.Stop(firstFunction, count);
            }
        }

        private void Clear(int function, ResetKind kind)
        {
            _space.Reset(function, kind);
            if (!_numbering.IsVirtual(function))
            {
                WriteHwInit(function);
            }

            if (_participant != null)
            {
                _participant.Clear(function);
            }

            Completed++;
        }

        // Values that tell the PFs apart, and that firmware owns: after any reset they are there again.
        private void WriteHwInit(int physicalFunction)
        {
            CapabilityOffsets offsets = _space.TemplateOf(physicalFunction).Offsets;
            int next = physicalFunction + 1 < _numbering.PhysicalFunctions ? physicalFunction + 1 : 0;
            _space.StoreBits(
                physicalFunction, offsets.Ari + AriCapability.CapabilityOffset, AriCapability.CapabilityNextFunctionMask,
                (uint)(next << AriCapability.NextFunctionShift));
            if (_numbering.TotalVFs > 0)
            {
                _space.StoreBits(
                    physicalFunction, offsets.Sriov + SriovCapability.FunctionDependencyLinkOffset, 0xFF, (uint)physicalFunction);
            }
        }

        private void NoteReadyAfter(long sinceUs)
        {
            long tookUs = _clock.NowUs - sinceUs;
            if (tookUs > WorstReadyUs)
            {
                WorstReadyUs = tookUs;
            }
        }
    }
}
