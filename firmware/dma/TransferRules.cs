// What PCI Express lets a function put into one packet, and how long it waits for an answer: read from its registers. Knows no turn.
using SmartNicFw.Firmware.Config;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Firmware.Dma
{
    /// <summary>
    /// Max_Payload_Size, Max_Read_Request_Size and the Completion Timeout of a VF are those of its PF.
    /// Source: PCI Express Base Specification 5.0, 2.2.7 (no request crosses a 4 KB boundary), 2.8, 7.5.3.4, 7.5.3.16 and 9.3.5.4.
    /// </summary>
    public sealed class TransferRules
    {
        /// <summary>No request crosses a multiple of this, bytes.</summary>
        public const int BoundaryBytes = 4096;

        /// <summary>The time that stands for a Completion Timeout that is switched off.</summary>
        public const long Never = long.MaxValue;

        // By Completion Timeout Value: the end of its range, microseconds; 0 for reserved values, which are as the default.
        private const int DefaultTimeoutUs = 50000;
        private const int SmallestBytes = 128;

        private readonly FunctionNumbering _numbering;
        private readonly FunctionConfigSpace _space;
        private readonly int[] _timeoutUs =
        {
            DefaultTimeoutUs, 100, 10000, 0, 0, 55000, 210000, 0, 0, 900000, 3500000, 0, 0, 13000000, 64000000, 0,
        };

        /// <summary>Connects the room.</summary>
        public TransferRules(FunctionNumbering numbering, FunctionConfigSpace space)
        {
            _numbering = numbering;
            _space = space;
        }

        /// <summary>Bytes of a write request at the most.</summary>
        public int MaxPayloadBytes(int function)
        {
            int control = Control(function, PciExpressCapability.DeviceControlOffset);
            return SmallestBytes
                << ((control & PciExpressCapability.DeviceControlMaxPayloadSizeMask) >> PciExpressCapability.MaxPayloadSizeShift);
        }

        /// <summary>Bytes of a read request at the most.</summary>
        public int MaxReadRequestBytes(int function)
        {
            int control = Control(function, PciExpressCapability.DeviceControlOffset);
            return SmallestBytes
                << ((control & PciExpressCapability.DeviceControlMaxReadRequestSizeMask) >> PciExpressCapability.MaxReadRequestSizeShift);
        }

        /// <summary>
        /// Requests that bytes in one run take at the worst: one for each piece of the size, and one more for each 4 KB boundary that cuts
        /// a piece in two because the run does not begin at a multiple of the size.
        /// </summary>
        /// <param name="bytes">1 upwards.</param>
        /// <param name="most">Bytes of a request at the most: a power of two from 128 to 4096.</param>
        public static int WorstRequests(int bytes, int most)
        {
            return ((bytes + most - 1) / most) + ((bytes + BoundaryBytes - 2) / BoundaryBytes);
        }

        /// <summary>How long a requester waits for a completion, microseconds; <see cref="Never"/> when time-outs are switched off.</summary>
        public long CompletionTimeoutUs(int function)
        {
            int control = Control(function, PciExpressCapability.DeviceControl2Offset);
            if ((control & PciExpressCapability.DeviceControl2CompletionTimeoutDisableMask) != 0)
            {
                return Never;
            }

            int timeout = _timeoutUs[control & PciExpressCapability.DeviceControl2CompletionTimeoutValueMask];
            return timeout == 0 ? DefaultTimeoutUs : timeout;
        }

        private int Control(int function, int offset)
        {
            int owner = _numbering.PhysicalFunctionOf(function);
            return _space.Read16(owner, _space.TemplateOf(owner).Offsets.PciExpress + offset);
        }
    }
}
