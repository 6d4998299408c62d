// Counters that the queue engine keeps for each started queue.
namespace SmartNicFw.Hal.Contracts
{
    /// <summary>
    /// Numbers of the counters: what the engine has to say of the basic statistics of a queue. Source: VIRTIO 1.4, 5.1.6.5.10.
    /// Notifications and interrupts of a queue are firmware's to count.
    /// </summary>
    public static class QueueCounter
    {
        /// <summary>
        /// Receive: frames passed to the driver (rx_packets). Transmit: frames sent to the switch, as the driver handed them in,
        /// whatever replication and segmentation make of them there (tx_packets).
        /// </summary>
        public const int Frames = 0;

        /// <summary>Bytes of these frames without VIRTIO headers (rx_bytes, tx_bytes).</summary>
        public const int Bytes = 1;

        /// <summary>Frames of the queue that were dropped, whatever the reason (rx_drops, tx_drops).</summary>
        public const int Dropped = 2;

        /// <summary>Receive: those of them that were dropped for want of buffers, after the backlog was full (rx_drop_overruns).</summary>
        public const int DroppedNoBuffer = 3;

        /// <summary>Transmit: those of them whose buffers, header or length cannot be (tx_drop_malformed).</summary>
        public const int DroppedMalformed = 4;

        /// <summary>Number of counters.</summary>
        public const int Count = 5;
    }
}
