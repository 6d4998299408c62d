// Requests for what was counted and what happened: statistics, events, health. Changes nothing but what counts as read.
using SmartNicFw.Firmware.Config;
using SmartNicFw.Firmware.Interrupt;
using SmartNicFw.Firmware.Virtio;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.Firmware.Management
{
    /// <summary>Each call answers one request, whose payload has the length of its layout and any content.</summary>
    public sealed class ReportRequests
    {
        private const int CounterBytes = 8;
        private const int EventsAtMost =
            (ManagementFrame.MaxPayloadBytes - ManagementEvents.EntriesOffset) / ManagementEvent.Bytes;

        private readonly FunctionRequests _functions;
        private readonly ManagementRights _rights;
        private readonly VirtioState _state;
        private readonly InterruptPolicy _interrupts;
        private readonly Counters _counters;
        private readonly EventRing _events;
        private readonly Health _health;
        private readonly IQueueEngine _engine;
        private readonly ICounterPort _port;

        /// <summary>Connects the room.</summary>
        public ReportRequests(FunctionRequests functions, ManagementRights rights, DataPath path, BoardContracts board)
        {
            _functions = functions;
            _rights = rights;
            _state = path.State;
            _interrupts = path.Interrupts;
            _counters = path.Counters;
            _events = path.Events;
            _health = path.Health;
            _engine = board.QueueEngine;
            _port = board.CounterPort;
        }

        /// <summary>Counters of a function.</summary>
        public void FunctionStatistics(ManagementAnswer answer)
        {
            int function = _functions.FunctionOf(answer);
            if (function == FunctionNumbering.None || !answer.IsZero(ManagementFunctionNumber.ReservedOffset))
            {
                return;
            }

            WriteNumber(answer, function);
            for (int counter = 0; counter < Counter.Count; counter++)
            {
                answer.Write64(
                    ManagementFunctionStatistics.ReceivedFramesOffset + (counter * CounterBytes), _port.Read(function, counter));
            }

            answer.Write64(ManagementFunctionStatistics.TurnsOffset, _counters.Turns[function]);
            answer.Write64(ManagementFunctionStatistics.InterruptsOffset, _counters.Interrupts[function]);
            answer.Write64(ManagementFunctionStatistics.DeferredInterruptsOffset, _counters.DeferredInterrupts[function]);
            answer.Write64(ManagementFunctionStatistics.LimitedInterruptsOffset, _counters.LimitedInterrupts[function]);
            answer.Write64(ManagementFunctionStatistics.UnwantedInterruptsOffset, _counters.UnwantedInterrupts[function]);
            answer.Write64(ManagementFunctionStatistics.NotificationsOffset, _counters.Notifications[function]);
            answer.Write64(ManagementFunctionStatistics.BrokenOffset, _counters.Broken[function]);
            answer.Write64(ManagementFunctionStatistics.DmaFaultsOffset, _counters.DmaFaults[function]);
            answer.Write64(ManagementFunctionStatistics.DeniedCommandsOffset, _counters.DeniedCommands[function]);
            answer.Done(ManagementFunctionStatistics.Bytes);
        }

        /// <summary>Counters of a queue.</summary>
        public void QueueStatistics(ManagementAnswer answer)
        {
            int function = _functions.FunctionOf(answer);
            int queue = answer.Read16(ManagementQueueNumber.QueueOffset);
            if (function == FunctionNumbering.None)
            {
                return;
            }

            int index = _state.IndexOf(function, queue);
            if (index < 0)
            {
                answer.Refuse(ManagementStatus.BadArgument, ManagementReason.NoSuchQueue, "the function has no such queue");
                return;
            }

            int level = _interrupts.Level(function, queue);
            answer.Write16(ManagementQueueStatistics.FunctionOffset, function);
            answer.Write16(ManagementQueueStatistics.QueueOffset, queue);
            answer.Write16(ManagementQueueStatistics.FlagsOffset, FlagsOf(function, queue, index));
            answer.Write16(ManagementQueueStatistics.AdaptiveLevelOffset, level < 0 ? ManagementQueueStatistics.NoLevel : level);
            answer.Write64(ManagementQueueStatistics.NotificationsOffset, _state.Notifications[index]);
            answer.Write64(ManagementQueueStatistics.FramesOffset, _engine.ReadQueue(function, queue, QueueCounter.Frames));
            answer.Write64(ManagementQueueStatistics.FrameBytesOffset, _engine.ReadQueue(function, queue, QueueCounter.Bytes));
            answer.Write64(ManagementQueueStatistics.InterruptsOffset, _state.Interrupts[index]);
            answer.Write64(ManagementQueueStatistics.DroppedOffset, _engine.ReadQueue(function, queue, QueueCounter.Dropped));
            answer.Write64(
                ManagementQueueStatistics.DroppedNoBufferOffset, _engine.ReadQueue(function, queue, QueueCounter.DroppedNoBuffer));
            answer.Write64(
                ManagementQueueStatistics.DroppedMalformedOffset, _engine.ReadQueue(function, queue, QueueCounter.DroppedMalformed));
            answer.Done(ManagementQueueStatistics.Bytes);
        }

        /// <summary>Events, from a number on. What one has read who may change the endpoint happens as another event when it happens again.</summary>
        public void Events(ManagementAnswer answer)
        {
            uint asked = answer.Read32(ManagementEventsRequest.FirstOffset);
            if (!answer.IsZero(ManagementEventsRequest.ReservedOffset))
            {
                return;
            }

            int first = _events.Position(asked);
            int count = answer.CountOf(ManagementEventsRequest.CountOffset, EventsAtMost, _events.Count - first);
            answer.Write32(ManagementEvents.FirstOffset, _events.Lost + (uint)first);
            answer.Write32(ManagementEvents.NextOffset, _events.Next);
            answer.Write32(ManagementEvents.LostOffset, _events.Lost);
            answer.Write16(ManagementEvents.CountOffset, count);
            answer.Write16(ManagementEvents.EntryBytesOffset, ManagementEvent.Bytes);
            int at = ManagementEvents.EntriesOffset;
            for (int position = first; position < first + count; position++)
            {
                answer.Write64(at + ManagementEvent.TimeUsOffset, (ulong)_events.TimeUs(position));
                answer.Write16(at + ManagementEvent.FunctionOffset, _events.Function(position));
                answer.Write16(at + ManagementEvent.KindOffset, _events.Kind(position));
                answer.Write32(at + ManagementEvent.DetailOffset, _events.Detail(position));
                answer.Write64(at + ManagementEvent.LastUsOffset, (ulong)_events.LastUs(position));
                answer.Write32(at + ManagementEvent.TimesOffset, _events.Times(position));
                answer.Write32(at + ManagementEvent.ReservedOffset, 0);
                at += ManagementEvent.Bytes;
            }

            if (_rights.MayChangeEndpoint)
            {
                _events.MarkRead(_events.Lost + (uint)(first + count));
            }

            answer.Done(at);
        }

        /// <summary>Whether a function, or the endpoint, is well.</summary>
        public void Health(ManagementAnswer answer)
        {
            int number = answer.Read16(ManagementFunctionNumber.FunctionOffset);
            int function = number == ManagementFunctionNumber.Endpoint ? _health.Endpoint : _functions.FunctionOf(answer);
            if (function == FunctionNumbering.None || !answer.IsZero(ManagementFunctionNumber.ReservedOffset))
            {
                return;
            }

            answer.Write16(ManagementHealth.FunctionOffset, number);
            answer.Write16(ManagementHealth.StateOffset, _health.State(function));
            answer.Write32(ManagementHealth.ReasonsOffset, _health.Reasons(function));
            answer.Write64(ManagementHealth.SinceUsOffset, (ulong)_health.SinceUs(function));
            answer.Done(ManagementHealth.Bytes);
        }

        private int FlagsOf(int function, int queue, int index)
        {
            int flags = _state.Has(index, QueueFlag.Running) ? ManagementQueueStatistics.FlagsEnabledMask : 0;
            switch (_state.RoleOf(function, queue))
            {
                case QueueRole.Control:
                    return flags | ManagementQueueStatistics.FlagsControlMask;
                case QueueRole.Transmit:
                    return flags | ManagementQueueStatistics.FlagsTransmitMask;
                default:
                    return flags;
            }
        }

        private static void WriteNumber(ManagementAnswer answer, int function)
        {
            answer.Write32(ManagementFunctionStatistics.FunctionOffset, (uint)function);
            answer.Write32(ManagementFunctionStatistics.FunctionOffset + 4, 0);
        }
    }
}
