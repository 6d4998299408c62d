// The configuration flow from request to completion: route, read or write, and hand what a write sets off to its room.
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Firmware.Config
{
    /// <summary>
    /// Handles configuration requests one at a time and completes every one of them.
    /// Source: PCI Express Base Specification 5.0, 2.2.7, 2.3.1 and 7.3.
    /// </summary>
    public sealed class ConfigTlpHandler
    {
        private readonly IConfigPort _port;
        private readonly FunctionRouter _router;
        private readonly FunctionConfigSpace _space;
        private readonly SriovControl _sriov;
        private readonly ResetControl _resets;
        private readonly AddressDecode _decode;
        private readonly ErrorReporting _errors;
        private readonly FunctionNumbering _numbering;
        private readonly PowerState _power;
        private readonly IConfigParticipant _participant;

        /// <summary>Connects the rooms of the flow.</summary>
        public ConfigTlpHandler(
            EndpointConfiguration configuration, IConfigPort port, FunctionNumbering numbering, FunctionRouter router,
            FunctionConfigSpace space, SriovControl sriov, ResetControl resets, AddressDecode decode, ErrorReporting errors,
            IConfigParticipant participant)
        {
            _port = port;
            _router = router;
            _space = space;
            _sriov = sriov;
            _resets = resets;
            _decode = decode;
            _errors = errors;
            _numbering = numbering;
            _power = new PowerState(configuration);
            _participant = participant;
        }

        /// <summary>Requests for functions that do not exist, since start.</summary>
        public long UnsupportedRequests { get; private set; }

        /// <summary>Requests that were answered with Configuration Request Retry Status, since start.</summary>
        public long RetriedRequests { get; private set; }

        /// <summary>Writes whose data was poisoned, since start.</summary>
        public long PoisonedRequests { get; private set; }

        /// <summary>Completes one request that was taken from the port.</summary>
        public void Handle(ConfigRequest request)
        {
            int function = _router.FunctionOf(request);
            if (function == FunctionNumbering.None)
            {
                UnsupportedRequests++;
                _port.Complete(CompletionStatus.UnsupportedRequest, 0);
                return;
            }

            if (!_resets.IsReady(function))
            {
                RetriedRequests++;
                _port.Complete(CompletionStatus.ConfigurationRequestRetry, 0);
                return;
            }

            if (!request.IsWrite)
            {
                _port.Complete(CompletionStatus.Successful, Read(function, request.RegisterOffset));
                return;
            }

            if (request.IsPoisoned)
            {
                PoisonedRequests++;
                _errors.PoisonedWrite(function, request);
                _port.Complete(CompletionStatus.UnsupportedRequest, 0);
                return;
            }

            _router.Capture(request);

            // Completed before it takes effect: the requester of a reset hears of the write, not of the reset.
            _port.Complete(CompletionStatus.Successful, 0);
            Write(function, request);
        }

        private uint Read(int function, int offset)
        {
            return _space.TemplateOf(function).EffectAt(offset) == WriteEffect.PciCfgData
                ? _participant.ReadPciCfgData(function)
                : _space.Read(function, offset);
        }

        private void Write(int function, ConfigRequest request)
        {
            int offset = request.RegisterOffset;
            WriteEffect effect = _space.TemplateOf(function).EffectAt(offset);
            uint lanes = RegisterTemplate.LanesOf(request.ByteEnables);
            uint before = _space.Read(function, offset);
            uint now = _space.ValueAfterWrite(function, offset, request.Data, lanes);
            if (effect == WriteEffect.None)
            {
                _space.Store(function, offset, now);
                return;
            }

            if (effect == WriteEffect.PciCfgData)
            {
                _participant.WritePciCfgData(function, request.Data, lanes);
                return;
            }

            now = effect == WriteEffect.PowerState
                ? PowerState.Admit(before, now)
                : _sriov.Admit(function, effect, offset, before, now);
            _space.Store(function, offset, now);
            Apply(function, effect, before, now, request.Data & lanes);
        }

        private void Apply(int function, WriteEffect effect, uint before, uint now, uint written)
        {
            switch (effect)
            {
                case WriteEffect.DeviceControl:
                    if ((written & PciExpressCapability.DeviceControlInitiateFlrMask) != 0)
                    {
                        ResetFunction(function);
                    }

                    return;
                case WriteEffect.PowerState:
                    if (_power.IsSoftReset(before, now))
                    {
                        ResetFunction(function);
                        return;
                    }

                    _participant.PowerStateWritten(function);
                    break;
                case WriteEffect.Command:
                    _participant.CommandWritten(function);
                    break;
                case WriteEffect.MessageControl:
                    _participant.MessageControlWritten(function);
                    return;
                case WriteEffect.Bar:
                    break;
                default:
                    _sriov.Apply(function, effect, before, now);
                    break;
            }

            // Addresses of a VF are its PF's: nothing that a VF writes moves them.
            if (before != now && !_numbering.IsVirtual(function))
            {
                _decode.Update(function);
            }
        }

        private void ResetFunction(int function)
        {
            bool isPhysical = !_numbering.IsVirtual(function);
            if (isPhysical)
            {
                // The VFs of a PF do not outlive its reset (9.2.2.3).
                _sriov.Withdraw(function);
            }

            _resets.BeginFunctionReset(function);
            if (isPhysical)
            {
                _decode.Update(function);
            }
        }
    }
}
