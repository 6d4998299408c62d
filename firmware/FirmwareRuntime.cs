// The hallway of the firmware: builds the rooms and calls them in flow order. Does nothing itself.
using System;
using SmartNicFw.Firmware.Config;
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
        /// <exception cref="ArgumentException">The configuration does not pass
        /// <see cref="EndpointConfiguration.Validate"/>; the message is its line.</exception>
        public FirmwareRuntime(
            EndpointConfiguration configuration, IConfigPort configPort, ILinkPort linkPort, IAddressDecodePort decodePort,
            IMonotonicClock clock)
        {
            string fault = configuration.Validate();
            if (fault != null)
            {
                throw new ArgumentException(fault);
            }

            _configPort = configPort;
            _linkPort = linkPort;
            Numbering = new FunctionNumbering(configuration.PhysicalFunctions, configuration.TotalVFs);
            Space = new FunctionConfigSpace(configuration, Numbering);
            Resets = new ResetControl(Numbering, Space, clock);
            Sriov = new SriovControl(Numbering, Space, Resets);
            Router = new FunctionRouter(Numbering, Sriov);
            Decode = new AddressDecode(configuration, Space, Sriov, Resets, decodePort);
            ConfigTlps = new ConfigTlpHandler(
                configuration, configPort, Numbering, Router, Space, Sriov, Resets, Decode, new ErrorReporting(Numbering, Space));
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

        private AddressDecode Decode { get; }

        /// <summary>Does a bounded amount of work: link events, then configuration requests, then resets under way.</summary>
        public void Step()
        {
            TakeLinkEvent();
            for (int handled = 0; handled < ConfigRequestsPerStep && _configPort.TryTake(_request); handled++)
            {
                ConfigTlps.Handle(_request);
            }

            int physicalFunction = Resets.Advance();
            if (physicalFunction != FunctionNumbering.None)
            {
                Sriov.Refresh(physicalFunction);
                Decode.Update(physicalFunction);
            }
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
