// Requests about one function as PCI has it: its configuration space, its reset. Changes nothing else.
using SmartNicFw.Firmware.Config;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Firmware.Management
{
    /// <summary>Each call answers one request, whose payload has the length of its layout and any content.</summary>
    public sealed class FunctionRequests
    {
        private readonly FunctionNumbering _numbering;
        private readonly FunctionConfigSpace _space;
        private readonly ResetControl _resets;
        private readonly EndpointRequests _endpoint;
        private readonly ManagementRights _rights;

        /// <summary>Connects the room.</summary>
        public FunctionRequests(
            FunctionNumbering numbering, FunctionConfigSpace space, ResetControl resets, EndpointRequests endpoint,
            ManagementRights rights)
        {
            _numbering = numbering;
            _space = space;
            _resets = resets;
            _endpoint = endpoint;
            _rights = rights;
        }

        /// <summary>Resets a VF.</summary>
        public void ResetVf(ManagementAnswer answer)
        {
            int function = FunctionOf(answer);
            if (function == FunctionNumbering.None || !answer.IsZero(ManagementFunctionNumber.ReservedOffset))
            {
                return;
            }

            if (!_numbering.IsVirtual(function))
            {
                answer.Refuse(
                    ManagementStatus.BadArgument, ManagementReason.WrongKindOfFunction, "a PF is reset by its host alone");
            }
            else if (!_rights.MayChange(function))
            {
                _rights.Deny(answer, ForeignFunction);
            }
            else if (IsThere(answer, function))
            {
                _resets.BeginFunctionReset(function);
                answer.Done(0);
            }
        }

        /// <summary>Reads configuration space, by the registers' values alone: no read has an effect, and pci_cfg_data reaches no BAR.</summary>
        public void ReadConfig(ManagementAnswer answer)
        {
            int function = FunctionOf(answer);
            int register = answer.Read16(ManagementConfigRead.RegisterOffset);
            int length = answer.Read16(ManagementConfigRead.LengthOffset);
            if (function == FunctionNumbering.None || !answer.IsZero(ManagementConfigRead.ReservedOffset))
            {
                return;
            }

            if (((register | length) & 3) != 0 || length == 0 || length > ManagementConfigData.MaxDataBytes
                || register + length > PciExtendedCapability.RegionEnd)
            {
                answer.Refuse(
                    ManagementStatus.BadArgument, ManagementReason.OutOfRange,
                    "a piece has 4 to 512 bytes and lies below 1000h, both in whole doublewords");
                return;
            }

            if (!IsThere(answer, function))
            {
                return;
            }

            answer.Write16(ManagementConfigData.FunctionOffset, function);
            answer.Write16(ManagementConfigData.RegisterOffset, register);
            answer.Write16(ManagementConfigData.LengthOffset, length);
            answer.Write16(ManagementConfigData.ReservedOffset, 0);
            for (int at = 0; at < length; at += 4)
            {
                answer.Write32(ManagementConfigData.DataOffset + at, _space.Read(function, register + at));
            }

            answer.Done(ManagementConfigData.DataOffset + length);
        }

        /// <summary>Why a window is denied what another PF's is.</summary>
        public const string ForeignFunction = "the window of a PF changes that PF and its VFs only";

        /// <summary>The function that a request begins with.</summary>
        /// <returns><see cref="FunctionNumbering.None"/> when it is not there; the request is refused then.</returns>
        public int FunctionOf(ManagementAnswer answer)
        {
            int function = answer.Read16(ManagementFunctionNumber.FunctionOffset);
            if (function < _numbering.Count)
            {
                return function;
            }

            answer.Refuse(ManagementStatus.BadArgument, ManagementReason.NoSuchFunction, "there is no such function");
            return FunctionNumbering.None;
        }

        private bool IsThere(ManagementAnswer answer, int function)
        {
            if (!_endpoint.IsEnabled(function))
            {
                answer.Refuse(ManagementStatus.WrongState, ManagementReason.NotEnabled, "the VF is not enabled");
                return false;
            }

            if (!_resets.IsReady(function))
            {
                answer.Refuse(ManagementStatus.Busy, ManagementReason.None, "a reset is under way");
                return false;
            }

            return true;
        }
    }
}
