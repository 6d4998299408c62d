// Grants turns: takes the queue whose turn it is, and hands it on. Decides nothing itself.
using SmartNicFw.Firmware.Dma;

namespace SmartNicFw.Firmware.Arbitration
{
    /// <summary>From the queues that have work to the engine.</summary>
    public sealed class QueueArbiter
    {
        private readonly PendingQueues _pending;
        private readonly DmaScheduler _scheduler;

        /// <summary>Connects the room.</summary>
        public QueueArbiter(PendingQueues pending, DmaScheduler scheduler)
        {
            _pending = pending;
            _scheduler = scheduler;
        }

        /// <summary>Grants the next turn.</summary>
        /// <returns>False when no queue can have one now, or the engine has no room.</returns>
        public bool TryGrant()
        {
            int index = _pending.TryTake(out int bytes, out int expected);
            return index >= 0 && _scheduler.TrySubmit(index, TransmitScheduler.FramesPerTurn, bytes, expected);
        }
    }
}
