// Decides when a queue's or a configuration's interrupt is raised: here at once, one a turn. Counts and timers come here.
using SmartNicFw.Firmware.Virtio;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Firmware.Interrupt
{
    /// <summary>From an event of a function to a vector of it. Source: VIRTIO 1.4, 4.1.4.5.1, 4.1.5.3 and 4.1.5.4.</summary>
    public sealed class InterruptModerator
    {
        private readonly VirtioState _state;
        private readonly MsixTable _msix;

        /// <summary>Connects the room.</summary>
        public InterruptModerator(VirtioState state, MsixTable msix)
        {
            _state = state;
            _msix = msix;
        }

        /// <summary>A running queue has used buffers and its driver wants to hear of it.</summary>
        /// <param name="index">Index of the queue.</param>
        public void QueueUsed(int function, int index)
        {
            if (!_msix.IsEnabled(function))
            {
                _state.Isr[function] |= VirtioIsr.Queue;
                return;
            }

            if (_msix.Raise(function, _state.Vector[index]))
            {
                _state.Interrupts[index]++;
            }
        }

        /// <summary>The device configuration or the device status has changed by itself.</summary>
        public void ConfigurationChanged(int function)
        {
            _state.Isr[function] |= VirtioIsr.Configuration;
            _msix.Raise(function, _state.ConfigVector[function]);
        }
    }
}
