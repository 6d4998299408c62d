// Commands of control queues: takes one, finds the room that understands it, answers. Believes no length and no count.
using SmartNicFw.Firmware.Management;
using SmartNicFw.Hal;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Firmware.Virtio
{
    /// <summary>
    /// A command whose feature was not negotiated, whose length is not what its counts say, or that asks for what cannot
    /// be, is answered VIRTIO_NET_ERR and changes nothing. Source: VIRTIO 1.4, 5.1.6.5.
    /// </summary>
#pragma warning disable CA1711 // The specification's own word: it is a queue of a device, not a collection.
    public sealed class ControlQueue
#pragma warning restore CA1711
    {
        /// <summary>
        /// Bytes of a command that are looked at, at the least: more than any valid one has, but for filters that do not fit anyway,
        /// and for statistics of all queues of a function with many, which get the room they need.
        /// </summary>
        public const int CommandBytes = 1024;

        private readonly ICommandPort _port;
        private readonly VirtioState _state;
        private readonly ReceiveCommands _receive;
        private readonly MultiqueueCommands _multiqueue;
        private readonly StatisticsCommands _statistics;
        private readonly CoalescingCommands _coalescing;
        private readonly Counters _counters;
        private readonly EventRing _events;
        private readonly byte[] _command;
        private readonly byte[] _reply;

        /// <summary>Connects the room.</summary>
        internal ControlQueue(
            ICommandPort port, VirtioState state, ReceiveCommands receive, MultiqueueCommands multiqueue,
            StatisticsCommands statistics, CoalescingCommands coalescing, Counters counters,
            EventRing events)
        {
            _events = events;
            _counters = counters;
            _port = port;
            _state = state;
            _receive = receive;
            _multiqueue = multiqueue;
            _statistics = statistics;
            _coalescing = coalescing;
            int longest = StatisticsCommands.MaxCommandBytes(state);
            _command = new byte[longest > CommandBytes ? longest : CommandBytes];
            _reply = new byte[StatisticsCommands.MaxReply(_command.Length)];
        }

        /// <summary>Handles the next command of a running control queue.</summary>
        /// <returns>False when there is none.</returns>
        public bool TryHandle(int function, int queue)
        {
            int length = _port.TryTake(function, queue, _command);
            if (length < 0)
            {
                return false;
            }

            _state.Commands[function]++;
            _statistics.ResultBytes = 0;
            _coalescing.ResultBytes = 0;
            bool isDone = length >= VirtioNetControl.DataOffset && TryRun(function, length);
            if (isDone)
            {
                _state.CommandsOk[function]++;
            }
            else if (_receive.IsDenied)
            {
                _receive.IsDenied = false;
                _counters.DeniedCommands[function]++;
                _events.Add(
                    function, ManagementEventKind.RequestDenied,
                    ManagementEventKind.DeniedCommand + ((uint)_command[VirtioNetControl.ClassOffset] << 8)
                        + _command[VirtioNetControl.CommandOffset]);
            }

            _reply[0] = (byte)(isDone ? VirtioNetControl.Ok : VirtioNetControl.Error);
            _port.Complete(function, queue, _reply, isDone ? 1 + _statistics.ResultBytes + _coalescing.ResultBytes : 1);
            return true;
        }

        private bool TryRun(int function, int length)
        {
            int command = _command[VirtioNetControl.CommandOffset];
            switch (_command[VirtioNetControl.ClassOffset])
            {
                case VirtioNetControl.ClassRx:
                    return _state.IsNegotiated(function, FeatureOffer.CtrlRx)
                        && _receive.TrySetMode(function, command, _command, length);
                case VirtioNetControl.ClassMac:
                    return _receive.TrySetMac(function, command, _command, length);
                case VirtioNetControl.ClassVlan:
                    return _state.IsNegotiated(function, FeatureOffer.CtrlVlan)
                        && _receive.TrySetVlan(function, command, _command, length);
                case VirtioNetControl.ClassMq:
                    return _multiqueue.TryRun(function, command, _command, length);
                case VirtioNetControl.ClassNotfCoal:
                    return _coalescing.TryRun(function, command, _command, length, _reply);
                case VirtioNetControl.ClassStats:
                    return _state.IsNegotiated(function, FeatureOffer.DeviceStats)
                        && _statistics.TryRun(function, command, _command, length, _reply);
                default:
                    return false;
            }
        }
    }
}
