// The hallway of control and data flow: builds their rooms and calls them in flow order. Does nothing itself.
using SmartNicFw.Firmware.Arbitration;
using SmartNicFw.Firmware.Config;
using SmartNicFw.Firmware.Dma;
using SmartNicFw.Firmware.Interrupt;
using SmartNicFw.Firmware.Management;
using SmartNicFw.Firmware.Timing;
using SmartNicFw.Firmware.Virtio;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Firmware
{
    /// <summary>Everything behind the BARs. Hangs into the reset door, and into the configuration flow for what reaches it from there.</summary>
    public sealed class DataPath : IConfigParticipant
    {
        /// <summary>Frames that the wire hands in at the most in one step.</summary>
        public const int PortFramesPerStep = 64;

        /// <summary>Turns that one step grants at the most.</summary>
        public const int TurnsPerStep = 16;

        /// <summary>Timers that one step fires at the most.</summary>
        public const int TimersPerStep = 64;

        private readonly FunctionNumbering _numbering;
        private readonly IMonotonicClock _clock;

        // Timers are numbered by room: arbitration's first, then those of interrupts, one for each queue and for each function.
        private readonly TimingWheel _wheel;
        private readonly int _firstInterruptTimer;
        private readonly InterruptModerator _moderator;
        private readonly IEthernetPort _ethernet;
        private readonly ConfigWindow _window;
        private readonly LinkStatus _link;
        private readonly BarAccessHandler _bars;
        private readonly DoorbellHandler _doorbells;
        private readonly QueueArbiter _arbiter;
        private readonly DmaScheduler _scheduler;
        private readonly DeviceLifecycle _lifecycle;
        private readonly BusMastering _mastering;
        private bool _isCutShort;

        /// <summary>Builds the rooms and hangs them into the reset door.</summary>
        public DataPath(
            EndpointConfiguration configuration, BoardContracts board, FunctionNumbering numbering, FunctionConfigSpace space,
            ResetControl resets, ErrorReporting errors, EventRing events)
        {
            Events = events;
            Health = new Health(numbering.Count, board.Clock);
            _numbering = numbering;
            _clock = board.Clock;
            _ethernet = board.EthernetPort;
            PolicyTable table = new PolicyTable(configuration, numbering);
            State = new VirtioState(configuration, numbering, table);
            Counters = new Counters(numbering.Count);
            _mastering = new BusMastering(numbering, space, resets, board.QueueEngine);
            Msix = new MsixTable(configuration, numbering, space, _mastering, board.MsixPort, Counters);
            Mailbox = new ManagementMailbox(configuration, numbering, Msix);
            int groups = configuration.RateGroups + 1;
            _firstInterruptTimer = TransmitScheduler.Timers(numbering.Count, groups);
            _wheel = new TimingWheel(_firstInterruptTimer + State.Queues.Count + numbering.Count);
            TransmitScheduler transmit = new TransmitScheduler(
                State.Queues, numbering.Count, groups, DmaCredits.TurnsAtMost(configuration), board.Clock, _wheel);
            Pending = new PendingQueues(State.Queues, transmit);
            Control = new PolicyControl(configuration, numbering, table, State);
            Arbitration = new ArbitrationPolicy(Control, transmit);
            Coalescing coalescing = new Coalescing(State, new AdaptiveModeration(State, board.QueueEngine));
            InterruptCeilings ceilings = new InterruptCeilings(State, board.Clock, _wheel, _firstInterruptTimer + State.Queues.Count);
            _moderator = new InterruptModerator(
                State, Msix, board.QueueEngine, board.Clock, _wheel, _firstInterruptTimer, coalescing, ceilings, Counters);
            Interrupts = new InterruptPolicy(Control, _moderator, ceilings, coalescing);
            Policy = new VfPolicy(Control, State, space, board.SwitchTable, _moderator, board.EthernetPort);
            Steering steering = new Steering(State, board.SwitchTable);
            FunctionAccess access = new FunctionAccess(numbering, space, resets);
            Turns = new TurnsUnderWay(configuration, State, numbering, new TransferRules(numbering, space));
            _lifecycle = new DeviceLifecycle(
                State, board.QueueEngine, _mastering, board.SwitchTable, Pending, Policy, _moderator, coalescing, Msix, steering, Counters,
                Turns, Events, Health, Mailbox, board.Clock);
            _doorbells = new DoorbellHandler(board.DoorbellPort, access, State, Pending, Turns, Counters);
            CommonConfig common = new CommonConfig(configuration, State, new FeatureOffer(configuration, numbering), _lifecycle, Msix);
            _bars = new BarAccessHandler(
                configuration, board.BarPort, numbering, access, State, common,
                new NetConfig(configuration, State, Policy), Msix, Mailbox, _doorbells, Counters);
            _window = new ConfigWindow(space, access, _bars);
            _link = new LinkStatus(State, Policy, board.EthernetPort, Events, Health);
            ControlQueue control = new ControlQueue(
                board.CommandPort, State, new ReceiveCommands(State, board.SwitchTable, Policy),
                new MultiqueueCommands(State, steering), new StatisticsCommands(State, board.QueueEngine),
                new CoalescingCommands(State, coalescing, _moderator), Counters, Events);
            _scheduler = new DmaScheduler(
                board.QueueEngine, _mastering, State, Pending, Turns, _lifecycle, _moderator, control, errors, Events, Health, Counters);
            _arbiter = new QueueArbiter(Pending, _scheduler);
            resets.Attach(_lifecycle);
            if (board.Store != null)
            {
                Store = new PolicyStore(numbering, Control, board.Store, Events, Health);
                Store.Load();
            }
        }

        /// <summary>VIRTIO's state of functions and queues.</summary>
        public VirtioState State { get; }

        /// <summary>What firmware counts.</summary>
        public Counters Counters { get; }

        /// <summary>The MSI-X tables.</summary>
        public MsixTable Msix { get; }

        /// <summary>Addresses, port VLANs and spoof checks: the operator's.</summary>
        public VfPolicy Policy { get; }

        /// <summary>Shares, rates and groups: the operator's.</summary>
        public ArbitrationPolicy Arbitration { get; }

        /// <summary>Ceilings of interrupts and adaptive moderation: the operator's.</summary>
        public InterruptPolicy Interrupts { get; }

        /// <summary>Where the operator's decisions are kept; null when the board has no store.</summary>
        public PolicyStore Store { get; }

        /// <summary>Where the operator's decisions arrive.</summary>
        public PolicyControl Control { get; }

        /// <summary>The turns that the engine works on.</summary>
        public TurnsUnderWay Turns { get; }

        /// <summary>What happened to functions.</summary>
        public EventRing Events { get; }

        /// <summary>Whether they are well.</summary>
        public Health Health { get; }

        /// <summary>The windows through which hosts send management frames.</summary>
        public ManagementMailbox Mailbox { get; }

        /// <summary>The queues that have work.</summary>
        public PendingQueues Pending { get; }

        /// <summary>
        /// True when the last step left something over that no port announces anew: queues that wait for a turn, reports of the
        /// engine, frames of the wire, functions that have not heard of a change of the link, a timer that is due.
        /// </summary>
        public bool HasWork => _isCutShort || (!Pending.IsEmpty && !_scheduler.IsFull) || _link.HasWork || HasDueTimer;

        /// <summary>
        /// The microsecond of the clock before which no timer is due and no turn has lasted too long; <see cref="long.MaxValue"/> when there
        /// is nothing to wait for. Time that has yet to pass is not work.
        /// </summary>
        public long NextTimerUs
        {
            get
            {
                long timer = _wheel.NextUs;
                long deadline = Turns.NextDeadlineUs;
                return timer < deadline ? timer : deadline;
            }
        }

        private bool HasDueTimer
        {
            get
            {
                long nextUs = NextTimerUs;
                return nextUs != long.MaxValue && nextUs <= _clock.NowUs;
            }
        }

        /// <summary>Does a bounded amount of work, in the order in which one thing leads to the next.</summary>
        public void Step()
        {
            long nowUs = _clock.NowUs;
            _scheduler.NowUs = nowUs;
            _link.Run();
            _bars.Run();
            _doorbells.Run();
            FireTimers(nowUs);
            _isCutShort = _ethernet.HasReceived && _ethernet.SubmitTurn(PortFramesPerStep) == PortFramesPerStep;

            // What a turn reports is known before the next is granted: on a board that does turns at once, a step is as many
            // turns as it may be.
            for (int turn = 0; turn < TurnsPerStep && _arbiter.TryGrant(); turn++)
            {
                _scheduler.TakeEvents();
            }

            if (_scheduler.TakeEvents())
            {
                _isCutShort = true;
            }
            else
            {
                // What has been reported has not lasted too long, however late it is that somebody looks.
                _scheduler.ExpireTurns();
            }
        }

        /// <inheritdoc/>
        public void MessageControlWritten(int function)
        {
            Msix.Replay(function);
        }

        /// <inheritdoc/>
        public void CommandWritten(int function)
        {
            if (_mastering.Update(function))
            {
                _lifecycle.Resume(function);
            }
        }

        /// <inheritdoc/>
        public void PowerStateWritten(int physicalFunction)
        {
            CommandWritten(physicalFunction);
            int first = _numbering.VirtualFunction(physicalFunction, 0);
            for (int function = first; function < first + _numbering.TotalVFs; function++)
            {
                CommandWritten(function);
            }
        }

        /// <inheritdoc/>
        public uint ReadPciCfgData(int function)
        {
            return _window.Read(function);
        }

        /// <inheritdoc/>
        public void WritePciCfgData(int function, uint data, uint lanes)
        {
            _window.Write(function, data, lanes);
        }

        // Those that are left over are due still: HasDueTimer.
        private void FireTimers(long nowUs)
        {
            for (int fired = 0; fired < TimersPerStep && _wheel.NextUs <= nowUs; fired++)
            {
                int timer = _wheel.TryTake(nowUs);
                if (timer < 0)
                {
                    return;
                }

                if (timer < _firstInterruptTimer)
                {
                    Pending.Transmit.TimerDue(timer);
                }
                else
                {
                    _moderator.Fire(timer - _firstInterruptTimer);
                }
            }
        }
    }
}
