// Counters that the hardware keeps for each function.
namespace SmartNicFw.Hal.Contracts
{
    /// <summary>Numbers of the counters: receive is to the function, transmit from it.</summary>
    public static class Counter
    {
        public const int ReceivedFrames = 0;
        public const int ReceivedBytes = 1;
        public const int TransmittedFrames = 2;
        public const int TransmittedBytes = 3;

        /// <summary>Dropped for want of a receive buffer, after the backlog was full.</summary>
        public const int DroppedNoBuffer = 4;

        /// <summary>Dropped for a source address that is not the function's.</summary>
        public const int DroppedSpoofed = 5;

        /// <summary>Dropped for a VLAN tag that the function may not send.</summary>
        public const int DroppedVlan = 6;

        /// <summary>Dropped for a header or a length that cannot be.</summary>
        public const int DroppedMalformed = 7;

        /// <summary>Dropped because it is a control frame of the link (pause, LLDP, spanning tree) from a function.</summary>
        public const int DroppedControlFrame = 8;

        /// <summary>Sent to nobody: no function and no port takes it.</summary>
        public const int DroppedNoDestination = 9;

        /// <summary>Too large for the receiver's buffers or MTU.</summary>
        public const int DroppedTooLarge = 10;

        /// <summary>Dropped because the function's own link is down: sent by it, or for it.</summary>
        public const int DroppedLinkDown = 11;

        /// <summary>Number of counters.</summary>
        public const int Count = 12;
    }

    /// <summary>Reads counters; each only grows, and wraps at 2^64.</summary>
    public interface ICounterPort
    {
        /// <summary>Value of a counter of a function.</summary>
        ulong Read(int function, int counter);
    }
}
