// The hallway of the firmware: builds the rooms and calls them in flow order. Does nothing itself.
using System;
using SmartNicFw.Firmware.Config;
using SmartNicFw.Firmware.Management;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Firmware
{
    /// <summary>
    /// The firmware of one endpoint. One thread calls <see cref="Step"/> over and over; nothing in here waits, blocks
    /// or allocates after construction.
    /// </summary>
    public sealed class FirmwareRuntime
    {
        /// <summary>Configuration requests that one step handles at the most.</summary>
        public const int ConfigRequestsPerStep = 16;

        private readonly IConfigPort _configPort;
        private readonly ILinkPort _linkPort;
        private readonly ConfigRequest _request = new ConfigRequest();

        /// <summary>Builds the rooms of an endpoint, as after a fundamental reset.</summary>
        /// <param name="board">Every contract of the board.</param>
        /// <exception cref="ArgumentException">The configuration does not pass
        /// <see cref="EndpointConfiguration.Validate"/>, and the message is its line; or a contract is missing.</exception>
        public FirmwareRuntime(EndpointConfiguration configuration, BoardContracts board)
        {
            string fault = configuration.Validate() ?? board.FirstMissing();
            if (fault != null)
            {
                throw new ArgumentException(fault);
            }

            _configPort = board.ConfigPort;
            _linkPort = board.LinkPort;
            Numbering = new FunctionNumbering(configuration.PhysicalFunctions, configuration.TotalVFs);
            Space = new FunctionConfigSpace(configuration, Numbering);
            Resets = new ResetControl(Numbering, Space, board.Clock);
            EventRing events = new EventRing(board.Clock);
            Sriov = new SriovControl(Numbering, Space, Resets, events);
            Router = new FunctionRouter(Numbering, Sriov);
            Decode = new AddressDecode(configuration, Space, Sriov, Resets, board.AddressDecode);
            ErrorReporting errors = new ErrorReporting(Numbering, Space);
            DataPath = new DataPath(configuration, board, Numbering, Space, Resets, errors, events);
            Management = new ManagementDispatcher(configuration, board, Numbering, Space, Resets, Sriov, DataPath);
            ConfigTlps = new ConfigTlpHandler(
                configuration, board.ConfigPort, Numbering, Router, Space, Sriov, Resets, Decode, errors,
                DataPath);
            ResetEndpoint(ResetKind.Fundamental);
        }

        /// <summary>How functions are numbered.</summary>
        public FunctionNumbering Numbering { get; }

        /// <summary>The configuration registers.</summary>
        public FunctionConfigSpace Space { get; }

        /// <summary>The reset door.</summary>
        public ResetControl Resets { get; }

        /// <summary>The SR-IOV door.</summary>
        public SriovControl Sriov { get; }

        /// <summary>Routing IDs to functions.</summary>
        public FunctionRouter Router { get; }

        /// <summary>The handler of configuration requests, with its counters.</summary>
        public ConfigTlpHandler ConfigTlps { get; }

        /// <summary>Everything behind the BARs.</summary>
        public DataPath DataPath { get; }

        /// <summary>Who answers the operator.</summary>
        public ManagementDispatcher Management { get; }

        private AddressDecode Decode { get; }

        /// <summary>
        /// True when another <see cref="Step"/> has something to do beside what the ports hold. A board may let its controller sleep
        /// while this is false and nothing waits in a port.
        /// </summary>
        public bool HasWork => DataPath.HasWork || !Resets.IsIdle || Management.HasWork;

        /// <summary>
        /// The microsecond of the board's clock at which a controller that sleeps is to step again, at the latest;
        /// <see cref="long.MaxValue"/> when no timer is armed. A timer that is due is work.
        /// </summary>
        public long NextTimerUs
        {
            get
            {
                long nextUs = DataPath.NextTimerUs;
                return nextUs < Management.NextUs ? nextUs : Management.NextUs;
            }
        }

        /// <summary>
        /// Does a bounded amount of work: link events, configuration requests, the control and the data flow, a request of the
        /// operator, then resets under way.
        /// </summary>
        public void Step()
        {
            TakeLinkEvent();
            for (int handled = 0; handled < ConfigRequestsPerStep && _configPort.TryTake(_request); handled++)
            {
                ConfigTlps.Handle(_request);
            }

            DataPath.Step();
            Management.Step();
            int physicalFunction = Resets.Advance();
            if (physicalFunction != FunctionNumbering.None)
            {
                Sriov.Refresh(physicalFunction);
                Decode.Update(physicalFunction);
            }
        }

        /// <summary>
        /// Changes how many VFs of a PF there are, as <see cref="SriovControl.TryResize"/> does: between two steps, by whoever plays the
        /// root complex.
        /// </summary>
        public bool TryResizeVFs(int physicalFunction, int count)
        {
            if (!Sriov.TryResize(physicalFunction, count))
            {
                return false;
            }

            Decode.Update(physicalFunction);
            return true;
        }

        private void TakeLinkEvent()
        {
            switch (_linkPort.Take())
            {
                case LinkEvent.FundamentalReset:
                    ResetEndpoint(ResetKind.Fundamental);
                    break;
                case LinkEvent.HotReset:
                    ResetEndpoint(ResetKind.Hot);
                    break;
                default:
                    break;
            }
        }

        private void ResetEndpoint(ResetKind kind)
        {
            Resets.ResetEndpoint(kind);
            Router.Forget();
            Sriov.RefreshAll();
            Decode.UpdateAll();
        }
    }
}
