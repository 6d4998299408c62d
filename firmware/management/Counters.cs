// What firmware itself counts for each function. Frames and bytes are the switch's to count.
namespace SmartNicFw.Firmware.Management
{
    /// <summary>Counters since start; each wraps at 2^32.</summary>
    public sealed class Counters
    {
        /// <summary>Turns granted, by function.</summary>
        public readonly uint[] Turns;

        /// <summary>MSI-X messages sent, by function.</summary>
        public readonly uint[] Interrupts;

        /// <summary>Notifications of queues that waited for count or time, by function.</summary>
        public readonly uint[] DeferredInterrupts;

        /// <summary>Notifications of queues that waited because their function was over its ceiling, by function.</summary>
        public readonly uint[] LimitedInterrupts;

        /// <summary>Those that waited for either and that the driver no longer wanted then, by function.</summary>
        public readonly uint[] UnwantedInterrupts;

        /// <summary>Doorbells that led to a queue, by function.</summary>
        public readonly uint[] Notifications;

        /// <summary>Times a function was broken by its driver, by function.</summary>
        public readonly uint[] Broken;

        /// <summary>Turns that a fault or a time-out ended, by function.</summary>
        public readonly uint[] DmaFaults;

        /// <summary>Commands of its control queue that policy forbids, by function.</summary>
        public readonly uint[] DeniedCommands;

        /// <summary>Makes room for every function.</summary>
        public Counters(int functions)
        {
            Turns = new uint[functions];
            Interrupts = new uint[functions];
            DeferredInterrupts = new uint[functions];
            LimitedInterrupts = new uint[functions];
            UnwantedInterrupts = new uint[functions];
            Notifications = new uint[functions];
            Broken = new uint[functions];
            DmaFaults = new uint[functions];
            DeniedCommands = new uint[functions];
        }

        /// <summary>Doorbells of queues that are not there or do not run.</summary>
        public long StrayNotifications { get; internal set; }

        /// <summary>Reports of turns that were not under way.</summary>
        public long UnexpectedReports { get; internal set; }

        /// <summary>BAR accesses that no register answers: wrong place, size or alignment.</summary>
        public long UnsuitableAccesses { get; internal set; }
    }
}
