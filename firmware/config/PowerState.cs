// Power states of physical functions: what software may ask for, and what a change means. Resets nothing itself.
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Firmware.Config
{
    /// <summary>
    /// D0 and D3hot. A VF has no power management of its own: it is never in a higher state than its PF.
    /// Source: PCI Express Base Specification 5.0, 5.3, 7.5.2.2 and 9.6.
    /// </summary>
    internal sealed class PowerState
    {
        private readonly bool _resetsOnWakeUp;

        public PowerState(EndpointConfiguration configuration)
        {
            _resetsOnWakeUp = !configuration.NoSoftReset;
        }

        /// <summary>The value to store: a write of D1 or D2, which are not supported, is discarded (7.5.2.2).</summary>
        public static uint Admit(uint before, uint proposed)
        {
            uint state = StateOf(proposed);
            bool isSupported = state == PowerManagementCapability.PowerStateD0 || state == PowerManagementCapability.PowerStateD3Hot;
            return isSupported
                ? proposed
                : (proposed & ~(uint)PowerManagementCapability.ControlStatusPowerStateMask) | StateOf(before);
        }

        /// <summary>Whether this change is the way from D3hot to D0, and is a soft reset here.</summary>
        public bool IsSoftReset(uint before, uint now)
        {
            return _resetsOnWakeUp && StateOf(before) != StateOf(now) && StateOf(now) == PowerManagementCapability.PowerStateD0;
        }

        private static uint StateOf(uint controlStatus)
        {
            return controlStatus & PowerManagementCapability.ControlStatusPowerStateMask;
        }
    }
}
