// Payloads that report: counters, events, health. Each class is one layout; knows no opcode and counts nothing.
namespace SmartNicFw.Hal.Regs
{
    /// <summary>
    /// Counters of a function since start, 64 bits each; they only grow. Receive is to the function, transmit from it. Those of the
    /// firmware (from turns on) wrap at 2^32, the others at 2^64.
    /// </summary>
    public static class ManagementFunctionStatistics
    {
        /// <summary>Size in bytes.</summary>
        public const int Bytes = 0xB0;

        /// <summary>16 bits: index of the function.</summary>
        public const int FunctionOffset = 0x00;

        /// <summary>48 bits, zero.</summary>
        public const int ReservedOffset = 0x02;

        /// <summary>Frames received.</summary>
        public const int ReceivedFramesOffset = 0x08;

        /// <summary>Bytes received.</summary>
        public const int ReceivedBytesOffset = 0x10;

        /// <summary>Frames sent.</summary>
        public const int TransmittedFramesOffset = 0x18;

        /// <summary>Bytes sent.</summary>
        public const int TransmittedBytesOffset = 0x20;

        /// <summary>Frames dropped for want of a receive buffer, after the backlog was full.</summary>
        public const int DroppedNoBufferOffset = 0x28;

        /// <summary>Frames dropped for a source address that is not the function's.</summary>
        public const int DroppedSpoofedOffset = 0x30;

        /// <summary>Frames dropped for a VLAN tag that the function may not send.</summary>
        public const int DroppedVlanOffset = 0x38;

        /// <summary>Frames dropped for a header or a length that cannot be.</summary>
        public const int DroppedMalformedOffset = 0x40;

        /// <summary>Frames dropped because they are control frames of the link.</summary>
        public const int DroppedControlFrameOffset = 0x48;

        /// <summary>Frames sent to nobody.</summary>
        public const int DroppedNoDestinationOffset = 0x50;

        /// <summary>Frames too large for the receiver's buffers or MTU.</summary>
        public const int DroppedTooLargeOffset = 0x58;

        /// <summary>Frames dropped because the function's own link is down: sent by it, or for it.</summary>
        public const int DroppedLinkDownOffset = 0x60;

        /// <summary>Turns granted.</summary>
        public const int TurnsOffset = 0x68;

        /// <summary>MSI-X messages sent.</summary>
        public const int InterruptsOffset = 0x70;

        /// <summary>Notifications of queues that waited for count or time.</summary>
        public const int DeferredInterruptsOffset = 0x78;

        /// <summary>Notifications of queues that waited because the function was over its ceiling.</summary>
        public const int LimitedInterruptsOffset = 0x80;

        /// <summary>Those that waited for either and that the driver no longer wanted then.</summary>
        public const int UnwantedInterruptsOffset = 0x88;

        /// <summary>Doorbells that led to a queue.</summary>
        public const int NotificationsOffset = 0x90;

        /// <summary>Times that its driver broke it.</summary>
        public const int BrokenOffset = 0x98;

        /// <summary>Turns that a fault or a time-out ended.</summary>
        public const int DmaFaultsOffset = 0xA0;

        /// <summary>Commands of its driver that policy forbids.</summary>
        public const int DeniedCommandsOffset = 0xA8;
    }

    /// <summary>Which queue of which function is meant.</summary>
    public static class ManagementQueueNumber
    {
        /// <summary>Size in bytes.</summary>
        public const int Bytes = 0x04;

        /// <summary>16 bits: index of the function.</summary>
        public const int FunctionOffset = 0x00;

        /// <summary>16 bits: vq_index, 0 upwards (VIRTIO 1.4, 5.1.2).</summary>
        public const int QueueOffset = 0x02;
    }

    /// <summary>Counters of a queue since it was started, 64 bits each, as the driver may ask for them itself (VIRTIO 1.4, 5.1.6.5.10).</summary>
    public static class ManagementQueueStatistics
    {
        /// <summary>Size in bytes.</summary>
        public const int Bytes = 0x40;

        /// <summary>16 bits: index of the function.</summary>
        public const int FunctionOffset = 0x00;

        /// <summary>16 bits: vq_index.</summary>
        public const int QueueOffset = 0x02;

        /// <summary>16 bits: what the queue is and how.</summary>
        public const int FlagsOffset = 0x04;

        /// <summary>It is enabled and runs.</summary>
        public const int FlagsEnabledMask = 0x0001;

        /// <summary>It is a transmit queue.</summary>
        public const int FlagsTransmitMask = 0x0002;

        /// <summary>It is the control queue.</summary>
        public const int FlagsControlMask = 0x0004;

        /// <summary>16 bits: where adaptive moderation stands with it; <see cref="NoLevel"/> when that does not decide.</summary>
        public const int AdaptiveLevelOffset = 0x06;

        /// <summary>Doorbells.</summary>
        public const int NotificationsOffset = 0x08;

        /// <summary>Frames.</summary>
        public const int FramesOffset = 0x10;

        /// <summary>Bytes of them without VIRTIO headers.</summary>
        public const int FrameBytesOffset = 0x18;

        /// <summary>Interrupts.</summary>
        public const int InterruptsOffset = 0x20;

        /// <summary>Frames dropped, whatever the reason.</summary>
        public const int DroppedOffset = 0x28;

        /// <summary>Those of them that were dropped for want of buffers.</summary>
        public const int DroppedNoBufferOffset = 0x30;

        /// <summary>Those of them whose buffers, header or length cannot be.</summary>
        public const int DroppedMalformedOffset = 0x38;

        /// <summary>Instead of a level: adaptive moderation does not decide.</summary>
        public const int NoLevel = 0xFFFF;
    }

    /// <summary>Which events are asked for. They count from 0 since start and wrap at 2^32.</summary>
    public static class ManagementEventsRequest
    {
        /// <summary>Size in bytes.</summary>
        public const int Bytes = 0x08;

        /// <summary>
        /// 32 bits: number of the first event. One that is no longer there, or will not be the next to happen, stands for the oldest that
        /// is there.
        /// </summary>
        public const int FirstOffset = 0x00;

        /// <summary>16 bits: events at the most, or 0 for as many as a frame holds.</summary>
        public const int CountOffset = 0x04;

        /// <summary>16 bits, zero.</summary>
        public const int ReservedOffset = 0x06;
    }

    /// <summary>What stands before events, whose numbers follow each other.</summary>
    public static class ManagementEvents
    {
        /// <summary>Size in bytes without events.</summary>
        public const int Bytes = 0x10;

        /// <summary>
        /// 32 bits: number of the first event that follows. More than was asked for: those between are lost. Less: the device was started
        /// anew since the number was heard.
        /// </summary>
        public const int FirstOffset = 0x00;

        /// <summary>32 bits: number that the next event to happen will have: none is missing once it is reached.</summary>
        public const int NextOffset = 0x04;

        /// <summary>
        /// 32 bits: events since start whose place newer ones have taken, wraps at 2^32; and so the number of the oldest that is there.
        /// </summary>
        public const int LostOffset = 0x08;

        /// <summary>16 bits: events that follow.</summary>
        public const int CountOffset = 0x0C;

        /// <summary>16 bits: bytes from one event to the next. A greater minor version may have more than this one.</summary>
        public const int EntryBytesOffset = 0x0E;

        /// <summary>The events, in the order in which they happened first.</summary>
        public const int EntriesOffset = 0x10;
    }

    /// <summary>
    /// One event. What happens again before anybody who may change the endpoint has read of it is the same event, which counts up: no
    /// function takes more places than there are kinds.
    /// </summary>
    public static class ManagementEvent
    {
        /// <summary>Size in bytes: 30 events in a frame.</summary>
        public const int Bytes = 0x20;

        /// <summary>64 bits: when it happened first, microseconds of the device's clock.</summary>
        public const int TimeUsOffset = 0x00;

        /// <summary>16 bits: index of the function; <see cref="ManagementFunctionNumber.Endpoint"/> when it is of none.</summary>
        public const int FunctionOffset = 0x08;

        /// <summary>16 bits: one of <see cref="ManagementEventKind"/>.</summary>
        public const int KindOffset = 0x0A;

        /// <summary>32 bits: what the kind says of it, the last time; else zero.</summary>
        public const int DetailOffset = 0x0C;

        /// <summary>64 bits: when it happened last, microseconds of the device's clock.</summary>
        public const int LastUsOffset = 0x10;

        /// <summary>32 bits: how often it happened, 1 upwards; stays at its largest value.</summary>
        public const int TimesOffset = 0x18;

        /// <summary>32 bits, zero.</summary>
        public const int ReservedOffset = 0x1C;
    }

    /// <summary>Whether a function, or the endpoint, is well.</summary>
    public static class ManagementHealth
    {
        /// <summary>Size in bytes.</summary>
        public const int Bytes = 0x10;

        /// <summary>16 bits: index of the function, or <see cref="ManagementFunctionNumber.Endpoint"/>.</summary>
        public const int FunctionOffset = 0x00;

        /// <summary>16 bits: <see cref="Well"/>, <see cref="Degraded"/> or <see cref="Failed"/>.</summary>
        public const int StateOffset = 0x02;

        /// <summary>32 bits: why; 0 when it is well.</summary>
        public const int ReasonsOffset = 0x04;

        /// <summary>Its driver broke it: DEVICE_NEEDS_RESET.</summary>
        public const uint ReasonsNeedsResetMask = 0x00000001;

        /// <summary>Faults or time-outs ended turns since its last reset.</summary>
        public const uint ReasonsDmaFaultMask = 0x00000002;

        /// <summary>Turns of its last reset had to be cut short.</summary>
        public const uint ReasonsDrainCutShortMask = 0x00000004;

        /// <summary>The link of the Ethernet port is down.</summary>
        public const uint ReasonsLinkDownMask = 0x00000008;

        /// <summary>The store of the policy was damaged at start, and defaults are used.</summary>
        public const uint ReasonsStoreDamagedMask = 0x00000010;

        /// <summary>The policy could not be written into its store.</summary>
        public const uint ReasonsStoreFaultMask = 0x00000020;

        /// <summary>Of the endpoint: one of its functions is not well.</summary>
        public const uint ReasonsFunctionMask = 0x00000040;

        /// <summary>64 bits: since when it is in this state, microseconds of the device's clock.</summary>
        public const int SinceUsOffset = 0x08;

        /// <summary>All is as it should be.</summary>
        public const int Well = 0;

        /// <summary>It works, and something is not as it should be.</summary>
        public const int Degraded = 1;

        /// <summary>It does not work.</summary>
        public const int Failed = 2;
    }
}
