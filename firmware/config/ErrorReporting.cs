// What a function records when a packet for it is wrong: Device Status and AER. Sends no error message: the link does.
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Firmware.Config
{
    /// <summary>
    /// Records errors as role-based error reporting has it: an error that is not fatal and that the requester learns of
    /// by its completion is an advisory one. Source: PCI Express Base Specification 5.0, 6.2.3.2.4 and 6.2.5; for VFs,
    /// whose masks and severities are their PF's, 9.4.2.
    /// </summary>
    public sealed class ErrorReporting
    {
        private readonly FunctionNumbering _numbering;
        private readonly FunctionConfigSpace _space;

        /// <summary>Connects the room.</summary>
        public ErrorReporting(FunctionNumbering numbering, FunctionConfigSpace space)
        {
            _numbering = numbering;
            _space = space;
        }

        /// <summary>Records a configuration write whose data was poisoned.</summary>
        public void PoisonedWrite(int function, ConfigRequest request)
        {
            // Whatever Parity Error Response says (7.5.1.1.4).
            SetBits(function, PciConfigHeader.StatusOffset, PciConfigHeader.StatusDetectedParityErrorMask);
            Record(function, AerCapability.UncorrectablePoisonedTlpMask, request);
        }

        /// <summary>Records that a read request of the function found no completion in time. There is no header to log.</summary>
        public void CompletionTimeout(int function)
        {
            RecordOwnRequest(function, AerCapability.UncorrectableCompletionTimeoutMask);
        }

        /// <summary>Records that a completion for the function was poisoned. Its header is not known here.</summary>
        public void PoisonedCompletion(int function)
        {
            int bits = PciConfigHeader.StatusDetectedParityErrorMask;
            int command = _space.Read16(function, PciConfigHeader.CommandOffset);
            if ((command & PciConfigHeader.CommandParityErrorResponseMask) != 0)
            {
                bits |= PciConfigHeader.StatusMasterDataParityErrorMask;
            }

            SetStatus(function, bits);
            RecordOwnRequest(function, AerCapability.UncorrectablePoisonedTlpMask);
        }

        /// <summary>Records that a request of the function was answered Unsupported Request (7.5.1.1.4): its completer reports the error.</summary>
        public void ReceivedMasterAbort(int function)
        {
            SetStatus(function, PciConfigHeader.StatusReceivedMasterAbortMask);
        }

        /// <summary>Records that a request of the function was answered Completer Abort (7.5.1.1.4): its completer reports the error.</summary>
        public void ReceivedTargetAbort(int function)
        {
            SetStatus(function, PciConfigHeader.StatusReceivedTargetAbortMask);
        }

        // An error of a request that the function gives up: not advisory, for nobody tries again (6.2.3.2.4.4).
        private void RecordOwnRequest(int function, uint error)
        {
            int aer = _space.TemplateOf(function).Offsets.Aer;
            int owner = _numbering.PhysicalFunctionOf(function);
            int ownerAer = _space.TemplateOf(owner).Offsets.Aer;
            bool isFatal = (_space.Read(owner, ownerAer + AerCapability.UncorrectableSeverityOffset) & error) != 0;
            SetBits(
                function, _space.TemplateOf(function).Offsets.PciExpress + PciExpressCapability.DeviceStatusOffset,
                (uint)(isFatal
                    ? PciExpressCapability.DeviceStatusFatalDetectedMask
                    : PciExpressCapability.DeviceStatusNonFatalDetectedMask));
            uint masked = _space.Read(owner, ownerAer + AerCapability.UncorrectableMaskOffset);
            uint earlier = _space.Read(function, aer + AerCapability.UncorrectableStatusOffset) & ~masked;
            SetBits(function, aer + AerCapability.UncorrectableStatusOffset, error);
            if ((masked & error) == 0 && earlier == 0)
            {
                PointAt(function, aer, error);
            }
        }

        private void Record(int function, uint error, ConfigRequest request)
        {
            int aer = _space.TemplateOf(function).Offsets.Aer;
            int deviceStatus = _space.TemplateOf(function).Offsets.PciExpress + PciExpressCapability.DeviceStatusOffset;
            int owner = _numbering.PhysicalFunctionOf(function);
            int ownerAer = _space.TemplateOf(owner).Offsets.Aer;
            if ((_space.Read(owner, ownerAer + AerCapability.UncorrectableSeverityOffset) & error) != 0)
            {
                SetBits(function, deviceStatus, PciExpressCapability.DeviceStatusFatalDetectedMask);
            }
            else
            {
                SetBits(function, deviceStatus, PciExpressCapability.DeviceStatusCorrectableDetectedMask);
                SetBits(
                    function, aer + AerCapability.CorrectableStatusOffset, AerCapability.CorrectableAdvisoryNonFatalMask);
                if ((_space.Read(owner, ownerAer + AerCapability.CorrectableMaskOffset)
                    & AerCapability.CorrectableAdvisoryNonFatalMask) != 0)
                {
                    return;
                }
            }

            uint masked = _space.Read(owner, ownerAer + AerCapability.UncorrectableMaskOffset);
            uint earlier = _space.Read(function, aer + AerCapability.UncorrectableStatusOffset) & ~masked;
            SetBits(function, aer + AerCapability.UncorrectableStatusOffset, error);
            if ((masked & error) == 0 && earlier == 0)
            {
                Log(function, aer, error, request);
            }
        }

        // The first unmasked error keeps the header log until software has cleared its status bit (7.8.4.8).
        private void Log(int function, int aer, uint error, ConfigRequest request)
        {
            PointAt(function, aer, error);
            int log = aer + AerCapability.HeaderLogOffset;
            uint first = ConfigurationRequestHeader.FmtTypeRead0 | ConfigurationRequestHeader.LengthOneWord;
            first |= request.IsWrite ? ConfigurationRequestHeader.FmtWithData : 0;
            first |= request.IsType1 ? ConfigurationRequestHeader.TypeType1 : 0;
            first |= request.IsPoisoned ? ConfigurationRequestHeader.PoisonedMask : 0;
            first |= (request.Tag & 0x200) != 0 ? ConfigurationRequestHeader.Tag9Mask : 0;
            first |= (request.Tag & 0x100) != 0 ? ConfigurationRequestHeader.Tag8Mask : 0;
            _space.Store(function, log, first);
            _space.Store(
                function, log + 4,
                ((uint)request.RequesterId << ConfigurationRequestHeader.RequesterIdShift)
                | ((uint)(request.Tag & 0xFF) << ConfigurationRequestHeader.TagShift) | (uint)request.ByteEnables);
            _space.Store(
                function, log + 8,
                ((uint)request.RoutingId << ConfigurationRequestHeader.RoutingIdShift) | (uint)request.RegisterOffset);
            _space.Store(function, log + 12, 0);
        }

        private void PointAt(int function, int aer, uint error)
        {
            uint position = 0;
            while (error >> (int)position != 1)
            {
                position++;
            }

            _space.StoreBits(function, aer + AerCapability.ControlOffset, AerCapability.ControlFirstErrorPointerMask, position);
        }

        private void SetStatus(int function, int bits)
        {
            SetBits(function, PciConfigHeader.StatusOffset, (uint)bits);
        }

        private void SetBits(int function, int offset, uint bits)
        {
            _space.StoreBits(function, offset, bits, bits);
        }
    }
}
