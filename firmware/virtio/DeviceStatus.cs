// The device status field: the order in which a driver may bring a function up, and every refusal on the way.
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Firmware.Virtio
{
    /// <summary>
    /// Steps that come too early are not taken: their bit stays 0, which is how a driver sees the refusal. A driver cannot
    /// clear bits but by a reset. Source: VIRTIO 1.4, 2.1 and 3.1.1.
    /// </summary>
    public sealed class DeviceStatus
    {
        private readonly VirtioState _state;
        private readonly DeviceLifecycle _lifecycle;

        /// <summary>Connects the room.</summary>
        public DeviceStatus(VirtioState state, DeviceLifecycle lifecycle)
        {
            _state = state;
            _lifecycle = lifecycle;
        }

        /// <summary>The driver wrote device_status.</summary>
        /// <param name="value">What it wrote, 0 to FFh.</param>
        public void Write(int function, int value)
        {
            if (value == 0)
            {
                _lifecycle.ResetDevice(function);
                return;
            }

            int before = _state.Status[function];
            int now = before | (value & (VirtioDeviceStatus.Acknowledge | VirtioDeviceStatus.Failed));
            if ((value & VirtioDeviceStatus.Driver) != 0 && (now & VirtioDeviceStatus.Acknowledge) != 0)
            {
                now |= VirtioDeviceStatus.Driver;
            }

            if ((value & VirtioDeviceStatus.FeaturesOk) != 0 && (now & VirtioDeviceStatus.Driver) != 0
                && _state.FeatureFaults[function] == 0 && FeatureOffer.IsConsistent(_state.Features[function]))
            {
                now |= VirtioDeviceStatus.FeaturesOk;
            }

            // FEATURES_OK must have been there before: the driver has to read it back in between (3.1.1, steps 5 to 8).
            bool isBegun = (value & ~before & VirtioDeviceStatus.DriverOk) != 0
                && (before & VirtioDeviceStatus.FeaturesOk) != 0 && (now & VirtioDeviceStatus.Failed) == 0;
            _state.Status[function] = (byte)(isBegun ? now | VirtioDeviceStatus.DriverOk : now);
            if (isBegun)
            {
                _lifecycle.Begin(function);
            }
        }
    }
}
