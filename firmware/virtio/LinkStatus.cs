// Tells every running function when the wire's link goes up or down. A few functions a step.
using SmartNicFw.Firmware.Management;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.Firmware.Virtio
{
    /// <summary>Watches the port; the status bit itself is <see cref="NetConfig"/>'s. Source: VIRTIO 1.4, 5.1.4 and 4.1.5.4.</summary>
    public sealed class LinkStatus
    {
        /// <summary>Functions that one step tells at the most.</summary>
        public const int FunctionsPerStep = 64;

        private readonly VirtioState _state;
        private readonly VfPolicy _policy;
        private readonly IEthernetPort _port;
        private readonly EventRing _events;
        private readonly Health _health;
        private bool _wasUp;
        private int _next;

        /// <summary>Connects the room.</summary>
        public LinkStatus(VirtioState state, VfPolicy policy, IEthernetPort port, EventRing events, Health health)
        {
            _events = events;
            _health = health;
            _state = state;
            _policy = policy;
            _port = port;
            _wasUp = port.IsLinkUp;
            _next = state.Functions;
            if (!_wasUp)
            {
                health.Add(health.Endpoint, ManagementHealth.ReasonsLinkDownMask);
            }
        }

        /// <summary>True while functions have not been told, or the port has changed since.</summary>
        public bool HasWork => _next < _state.Functions || _port.IsLinkUp != _wasUp;

        /// <summary>Looks at the port, and tells the next functions of a change. A change on the way begins it anew.</summary>
        public void Run()
        {
            bool isUp = _port.IsLinkUp;
            if (isUp != _wasUp)
            {
                _wasUp = isUp;
                _next = 0;
                Report();
            }

            for (int told = 0; told < FunctionsPerStep && _next < _state.Functions; told++)
            {
                _policy.PortLinkChanged(_next);
                _next++;
            }
        }

        private void Report()
        {
            if (_wasUp)
            {
                _health.Remove(_health.Endpoint, ManagementHealth.ReasonsLinkDownMask);
            }
            else
            {
                _health.Add(_health.Endpoint, ManagementHealth.ReasonsLinkDownMask);
            }

            _events.Add(
                ManagementFunctionNumber.Endpoint, _wasUp ? ManagementEventKind.LinkUp : ManagementEventKind.LinkDown, 0);
        }
    }
}
