// Which function a memory access is for, and whether that function answers now. Holds no state.
using SmartNicFw.Firmware.Config;

namespace SmartNicFw.Firmware.Virtio
{
    /// <summary>
    /// The comparators open for all VFs at once and close after a reset has begun: an access can reach a function that is
    /// not there, is being reset or sleeps, and ends without effect (see IAddressDecodePort).
    /// </summary>
    public sealed class FunctionAccess
    {
        private readonly FunctionNumbering _numbering;
        private readonly FunctionConfigSpace _space;
        private readonly ResetControl _resets;

        /// <summary>Connects the room.</summary>
        public FunctionAccess(FunctionNumbering numbering, FunctionConfigSpace space, ResetControl resets)
        {
            _numbering = numbering;
            _space = space;
            _resets = resets;
        }

        /// <summary>Finds the function of an access.</summary>
        /// <param name="physicalFunction">Any number.</param>
        /// <param name="vf">Any number; -1 for the PF itself.</param>
        /// <returns>Its index, or <see cref="FunctionNumbering.None"/> when it does not answer.</returns>
        public int FunctionOf(int physicalFunction, int vf)
        {
            if (physicalFunction < 0 || physicalFunction >= _numbering.PhysicalFunctions || vf < -1 || vf >= _numbering.TotalVFs)
            {
                return FunctionNumbering.None;
            }

            int function = vf < 0 ? physicalFunction : _numbering.VirtualFunction(physicalFunction, vf);
            return IsAnswering(function) ? function : FunctionNumbering.None;
        }

        /// <summary>True while the function is ready and in D0.</summary>
        public bool IsAnswering(int function)
        {
            return _resets.IsReady(function) && _space.IsInD0(function);
        }
    }
}
